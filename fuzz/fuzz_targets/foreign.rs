//! The structs as a C library makes them: each block of memory its own
//! allocation of the exact size, so that the sanitizer sees a byte too far.

use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scirs2_core::DeviceKind;
use scirs2_interop::sys::{
    DLDataType, DLDevice, DLManagedTensor, DLManagedTensorVersioned, DLPackVersion, DLTensor,
};

use crate::input::Input;

/// Bytes that stay in place in every version of the struct: up to its flags.
const HEAD: usize = 32;

/// Where the struct says its memory is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Data {
    Null,
    /// So many bytes into the buffer.
    Inside(usize),
    /// Nobody's memory.
    Anywhere(u64),
}

/// All that a struct says.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) versioned: bool,
    pub(crate) version: DLPackVersion,
    pub(crate) flags: u64,
    pub(crate) device: DLDevice,
    pub(crate) dtype: DLDataType,
    pub(crate) ndim: i32,
    pub(crate) shape: Option<Vec<i64>>,
    pub(crate) strides: Option<Vec<i64>>,
    /// Bytes by which the two arrays miss their alignment.
    pub(crate) skew: [usize; 2],
    pub(crate) data: Data,
    pub(crate) byte_offset: u64,
    pub(crate) has_deleter: bool,
    pub(crate) buffer: Vec<u8>,
}

/// (code, bits): what DLPack 1.3 names, written down once more.
pub(crate) const NAMED: [(u8, u8); 34] = [
    (0, 1),
    (0, 2),
    (0, 4),
    (0, 8),
    (0, 16),
    (0, 32),
    (0, 64),
    (1, 1),
    (1, 2),
    (1, 4),
    (1, 8),
    (1, 16),
    (1, 32),
    (1, 64),
    (2, 16),
    (2, 32),
    (2, 64),
    (4, 16),
    (5, 32),
    (5, 64),
    (5, 128),
    (6, 8),
    (7, 8),
    (8, 8),
    (9, 8),
    (10, 8),
    (11, 8),
    (12, 8),
    (13, 8),
    (14, 8),
    (15, 6),
    (16, 6),
    (17, 4),
    (18, 32),
];

impl Fields {
    pub(crate) fn read(input: &mut Input<'_>) -> Self {
        let form = input.byte();
        let odd = |bit: u8| form >> bit & 1 == 1;
        // Most structs are sound in most fields, else nothing gets far.
        let unusual = input.byte();
        let wild = |bit: u8| unusual >> bit & 1 == 1;
        let version = DLPackVersion {
            major: if wild(0) { input.number() as u32 } else { 1 },
            minor: input.byte().into(),
        };
        let flags = if wild(1) {
            input.number() as u64
        } else {
            (input.byte() % 8).into()
        };
        let device = DLDevice {
            kind: DeviceKind(if wild(2) {
                input.number() as i32
            } else {
                input.one_of(&[1, 3, 11, 13])
            }),
            id: input.byte().into(),
        };
        let dtype = if wild(3) {
            let [code, bits, low, high] = [(); 4].map(|()| input.byte());
            let lanes = u16::from_le_bytes([low, high]);
            DLDataType { code, bits, lanes }
        } else {
            let (code, bits) = input.one_of(&NAMED);
            let lanes = 1;
            DLDataType { code, bits, lanes }
        };
        let ndim = if wild(4) {
            input.number() as i32
        } else {
            input.below(5) as i32
        };
        // An array is as long as ndim says, while ndim may be believed.
        let axes = usize::try_from(ndim).ok().filter(|&n| n <= 64).unwrap_or(0);
        let mut numbers = |there: bool| there.then(|| (0..axes).map(|_| input.number()).collect());
        let shape = numbers(!odd(1));
        let strides = numbers(odd(2));
        let skew = if wild(5) {
            [input.below(8), input.below(8)]
        } else {
            [0, 0]
        };
        let size = usize::from(input.byte()) * if odd(3) { 8 } else { 1 };
        let data = match input.below(8) {
            0 => Data::Null,
            1 => Data::Anywhere(input.number() as u64),
            2 => Data::Inside(0),
            3 => Data::Inside(size),
            4 => Data::Inside(size / 2),
            5 => Data::Inside(size / 32 * 16),
            _ => Data::Inside(usize::from(input.byte()).min(size)),
        };
        let byte_offset = if odd(4) { input.number() as u64 } else { 0 };
        let seed = input.byte();
        let only_bools = odd(5);
        let buffer = (0..size)
            .map(|at| {
                let byte = (at as u8).wrapping_mul(167).wrapping_add(seed);
                if only_bools { byte & 1 } else { byte }
            })
            .collect();
        Fields {
            versioned: odd(0),
            version,
            flags,
            device,
            dtype,
            ndim,
            shape,
            strides,
            skew,
            data,
            byte_offset,
            has_deleter: !odd(6),
            buffer,
        }
    }
}

/// Numbers in memory of their own, at any alignment.
struct Numbers {
    bytes: Box<[u8]>,
    skew: usize,
}

impl Numbers {
    fn new(numbers: &[i64], skew: usize) -> Self {
        let zeros = std::iter::repeat_n(0, skew);
        let bytes = numbers.iter().flat_map(|number| number.to_ne_bytes());
        let bytes = zeros.chain(bytes).collect();
        Numbers { bytes, skew }
    }

    fn pointer(&mut self) -> *mut i64 {
        self.bytes.as_mut_ptr().wrapping_add(self.skew).cast()
    }
}

/// All memory of one struct; its address is the producer's own pointer.
struct Context {
    /// The struct; words, because those are aligned.
    words: Box<[u64]>,
    shape: Option<Numbers>,
    strides: Option<Numbers>,
    buffer: Box<[u8]>,
    deletions: Arc<AtomicUsize>,
}

/// A struct that a consumer may take over once.
pub(crate) struct Made {
    /// Where the memory that `Data::Inside` means starts.
    pub(crate) buffer: usize,
    /// What the struct's data says.
    pub(crate) data: usize,
    place: *mut u64,
    /// What has no deleter is freed when this goes.
    _undeleted: Option<Box<Context>>,
    deletions: Arc<AtomicUsize>,
}

impl Made {
    pub(crate) fn new(fields: &Fields) -> Self {
        let known = !fields.versioned || fields.version.major == 1;
        let bytes = match (fields.versioned, known) {
            (false, _) => size_of::<DLManagedTensor>(),
            (true, true) => size_of::<DLManagedTensorVersioned>(),
            // Whatever follows is not for us to read.
            (true, false) => HEAD,
        };
        let deletions = Arc::new(AtomicUsize::new(0));
        let numbers = |numbers: &Option<Vec<i64>>, skew| {
            numbers.as_ref().map(|numbers| Numbers::new(numbers, skew))
        };
        let mut context = Box::new(Context {
            words: vec![0; bytes / 8].into(),
            shape: numbers(&fields.shape, fields.skew[0]),
            strides: numbers(&fields.strides, fields.skew[1]),
            buffer: fields.buffer.clone().into(),
            deletions: Arc::clone(&deletions),
        });
        let buffer = context.buffer.as_mut_ptr();
        let data: *mut u8 = match fields.data {
            Data::Null => null_mut(),
            Data::Inside(at) => buffer.wrapping_add(at),
            Data::Anywhere(address) => address as *mut u8,
        };
        let pointer =
            |numbers: &mut Option<Numbers>| numbers.as_mut().map_or(null_mut(), Numbers::pointer);
        let dl_tensor = DLTensor {
            data: data.cast(),
            device: fields.device,
            ndim: fields.ndim,
            dtype: fields.dtype,
            shape: pointer(&mut context.shape),
            strides: pointer(&mut context.strides),
            byte_offset: fields.byte_offset,
        };
        let place = context.words.as_mut_ptr();
        let leaked = Box::into_raw(context);
        let manager_ctx: *mut c_void = leaked.cast();
        if fields.versioned {
            let whole = DLManagedTensorVersioned {
                version: fields.version,
                manager_ctx,
                deleter: fields.has_deleter.then_some(delete_versioned as _),
                flags: fields.flags,
                dl_tensor,
            };
            // SAFETY: `bytes` of the struct are copied, which the words are.
            unsafe { std::ptr::copy((&raw const whole).cast(), place, bytes / 8) };
        } else {
            let whole = DLManagedTensor {
                dl_tensor,
                manager_ctx,
                deleter: fields.has_deleter.then_some(delete_legacy as _),
            };
            // SAFETY: as above.
            unsafe { std::ptr::copy((&raw const whole).cast(), place, bytes / 8) };
        }
        let undeleted = if fields.has_deleter {
            None
        } else {
            // SAFETY: leaked above, and no deleter will take it back.
            Some(unsafe { Box::from_raw(leaked) })
        };
        Made {
            buffer: buffer as usize,
            data: data as usize,
            place,
            _undeleted: undeleted,
            deletions,
        }
    }

    pub(crate) fn pointer<M>(&self) -> NonNull<M> {
        NonNull::new(self.place.cast()).expect("a box is not NULL")
    }

    pub(crate) fn deletions(&self) -> usize {
        self.deletions.load(Ordering::SeqCst)
    }
}

/// # Safety
/// `context` is a struct's own pointer, `managed` that struct; called once.
unsafe fn delete(context: *mut c_void, managed: *mut u64) {
    // SAFETY: leaked by `Made::new`, and deleted once.
    let mut context = unsafe { Box::from_raw(context.cast::<Context>()) };
    assert_eq!(context.words.as_mut_ptr(), managed);
    context.deletions.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn delete_versioned(managed: *mut DLManagedTensorVersioned) {
    // SAFETY: alive until this deletion; the field is in every version.
    let context = unsafe { (*managed).manager_ctx };
    // SAFETY: made by `Made::new`, deleted once.
    unsafe { delete(context, managed.cast()) };
}

unsafe extern "C" fn delete_legacy(managed: *mut DLManagedTensor) {
    // SAFETY: as above.
    let context = unsafe { (*managed).manager_ctx };
    // SAFETY: as above.
    unsafe { delete(context, managed.cast()) };
}
