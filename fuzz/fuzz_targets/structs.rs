//! Any DLPack struct that a C library can make, through all of the crate.
//!
//! Pointers in it point to what they claim, or to nothing for `data`: no code
//! can tell. Then the struct is refused or taken but its elements not touched.

#![no_main]

mod expected;
mod foreign;
mod input;

use std::ffi::c_char;
use std::slice;

use libfuzzer_sys::fuzz_target;
use scirs2_core::{DType, Element, dispatch};
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};
use scirs2_interop::{Description, Error, ManagedStruct, Owner, Tensor, dl_type};

use expected::{Expected, Layout, WALKED, element};
use foreign::{Fields, Made};
use input::Input;

/// No machine has as many bytes.
const UNHEARD_OF: u128 = 1 << 48;

/// Without memory an allocation fails, as it does without a sanitizer.
#[unsafe(no_mangle)]
extern "C" fn __asan_default_options() -> *const c_char {
    c"allocator_may_return_null=1".as_ptr()
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let fields = Fields::read(&mut input);
    let made = Made::new(&fields);
    let expected = Expected::of(&fields, &made);
    if fields.versioned {
        run::<DLManagedTensorVersioned>(&fields, &made, &expected, &mut input);
    } else {
        run::<DLManagedTensor>(&fields, &made, &expected, &mut input);
    }
    assert_eq!(made.deletions(), usize::from(fields.has_deleter));
    pack(&fields, &mut input);
});

fn run<M: ManagedStruct>(fields: &Fields, made: &Made, expected: &Expected, input: &mut Input<'_>) {
    // SAFETY: a struct as C makes it, and nobody else frees it. Its elements
    // may not be there: what then touches them is the bug looked for.
    let owner = unsafe { Owner::from_raw(made.pointer::<M>()) };
    let described = owner.describe();
    match &described {
        Err(error) => expected.must_allow(error),
        Ok(description) => check(description, fields, expected),
    }
    if input.byte() % 4 == 3 {
        return;
    }
    assert_eq!(made.deletions(), 0);
    // SAFETY: as above; the duty to free was just handed back.
    let tensor = unsafe { Tensor::from_raw(owner.into_raw()) };
    assert_eq!(tensor.as_ref().map(Tensor::description), described.as_ref());
    let Ok(tensor) = tensor else {
        return;
    };
    let mut memory = Memory {
        layout: expected.taken().clone(),
        start: made.buffer,
        bytes: fields.buffer.clone(),
    };
    for &dtype in DType::ALL {
        if dtype != tensor.dtype() {
            let wrong = dispatch!(dtype, T => tensor.view::<T>().map(|_| ()));
            assert!(matches!(wrong, Err(Error::DtypeMismatch { .. })));
        }
    }
    // The sanitizer warns of each: one axis is enough.
    if memory.layout.packed && memory.layout.count > UNHEARD_OF && tensor.shape().len() == 1 {
        let unpacked = tensor.clone().unpack();
        assert!(matches!(unpacked, Err(Error::TooLarge { .. })));
    }
    memory.read(&tensor);
    travel(tensor, &mut memory, input);
}

/// Compares what was understood with what was said.
fn check(description: &Description, fields: &Fields, expected: &Expected) {
    let layout = expected.taken();
    assert_eq!(description.device(), fields.device);
    assert_eq!(dl_type(description.dtype()), fields.dtype);
    assert_eq!(description.is_read_only(), expected.read_only);
    assert_eq!(description.is_copied(), expected.copied);
    assert_eq!(description.is_packed(), layout.packed);
    let shape: Vec<i128> = description.shape().iter().map(|&n| n as i128).collect();
    assert_eq!(shape, layout.shape);
    assert_eq!(description.strides().len(), shape.len());
    let strides = layout.strides.as_ref().expect("taken, so they fit");
    if layout.count > 0 {
        assert_eq!(description.data() as i128, layout.first);
        for (axis, &len) in shape.iter().enumerate() {
            if len > 1 {
                assert_eq!(description.strides()[axis] as i128, strides[axis]);
            }
        }
    } else {
        assert_eq!(description.data() as usize % 64, 0);
    }
    // The same from parts.
    if !layout.packed && fields.device == scirs2_core::Device::CPU {
        let again = Description::new(
            description.data(),
            description.dtype(),
            description.shape(),
            description.strides(),
            expected.read_only,
        );
        same(&again.expect("the same fields"), description);
    }
}

fn same(one: &Description, other: &Description) {
    assert_eq!(one.data(), other.data());
    assert_eq!(one.dtype(), other.dtype());
    assert_eq!(one.shape(), other.shape());
    assert_eq!(one.strides(), other.strides());
}

/// What the elements must be.
struct Memory {
    layout: Layout,
    start: usize,
    bytes: Vec<u8>,
}

impl Memory {
    fn walked(&self) -> bool {
        self.layout.readable && self.layout.count <= WALKED
    }

    fn bits(&self) -> usize {
        self.layout.bits as usize
    }

    /// Bytes of each element in C order; the unused bits of a byte as they lie.
    fn elements(&self) -> Vec<Vec<u8>> {
        let bits = if self.layout.packed {
            self.bits()
        } else {
            self.layout.step as usize
        };
        let places = self.layout.places(self.start).into_iter();
        places.map(|at| element(&self.bytes, at, bits)).collect()
    }

    /// Reads every element in every way.
    fn read(&self, tensor: &Tensor) {
        dispatch!(tensor.dtype(), T => self.read_as::<T>(tensor));
        if self.walked() {
            self.read_bools(tensor);
            self.unpack(tensor);
        }
    }

    fn viewable<T>(&self) -> bool {
        let aligned = self.layout.first % align_of::<T>() as i128 == 0;
        !self.layout.packed && (aligned || self.layout.count == 0)
    }

    fn read_as<T: Element>(&self, tensor: &Tensor) {
        let view = match tensor.view::<T>() {
            Ok(view) => view,
            Err(error) => {
                assert!(!self.viewable::<T>(), "{error}");
                return;
            }
        };
        assert!(self.viewable::<T>());
        assert_eq!(view.shape(), tensor.shape());
        if self.walked() {
            let elements = self.elements();
            assert_eq!(view.len(), elements.len());
            for (seen, expected) in view.iter().zip(&elements) {
                assert_eq!(bytes_of(seen), expected);
            }
            // As one block, where it is one.
            if let Some(block) = view.as_slice_memory_order() {
                let mut block: Vec<_> = block.iter().map(|seen| bytes_of(seen).to_vec()).collect();
                block.sort_unstable();
                let mut elements = elements;
                elements.sort_unstable();
                assert_eq!(block, elements);
            }
        } else if self.layout.readable {
            // Too many to walk, so zero strides: the corners.
            let last: Vec<usize> = view.shape().iter().map(|&len| len - 1).collect();
            assert!(view.get(&vec![0; last.len()][..]).is_some());
            assert!(
                view.get(&last[..])
                    .is_some_and(|seen| bytes_of(seen).len() == size_of::<T>())
            );
        }
    }

    fn read_bools(&self, tensor: &Tensor) {
        if tensor.dtype() != DType::Bool {
            assert!(tensor.view_bool().is_err());
            return;
        }
        let elements = self.elements();
        match tensor.view_bool() {
            Ok(view) => {
                let seen = view.iter().map(|&seen| vec![u8::from(seen)]);
                assert_eq!(seen.collect::<Vec<_>>(), elements);
            }
            Err(Error::NotBool(byte)) => assert!(byte > 1 && elements.contains(&vec![byte])),
            Err(error) => panic!("{error}"),
        }
    }

    fn unpack(&self, tensor: &Tensor) {
        let unpacked = tensor.clone().unpack().expect("few enough");
        assert!(!unpacked.description().is_packed());
        if self.layout.packed {
            assert!(unpacked.description().is_copied());
            dispatch!(tensor.dtype(), T => {
                let view = unpacked.view::<T>().expect("a byte each");
                let seen: Vec<_> = view.iter().map(|seen| bytes_of(seen).to_vec()).collect();
                assert_eq!(seen, self.elements());
            });
        } else {
            assert_eq!(unpacked.description(), tensor.description());
        }
    }

    /// Writes every element, where the crate lets one.
    fn write(&mut self, tensor: &mut Tensor, value: u8) {
        dispatch!(tensor.dtype(), T => self.write_as::<T>(tensor, value));
        self.read(tensor);
    }

    fn write_as<T: Element>(&mut self, tensor: &mut Tensor, value: u8) {
        let read_only = tensor.description().is_read_only();
        let c_order = scirs2_core::shape::is_c_contiguous(tensor.shape(), tensor.strides());
        let shared = tensor.clone();
        assert_eq!(tensor.view_mut::<T>().err(), Some(Error::Shared));
        drop(shared);
        let mut view = match tensor.view_mut::<T>() {
            Ok(view) => view,
            Err(error) => {
                assert!(read_only || !self.viewable::<T>() || !c_order, "{error}");
                return;
            }
        };
        assert!(!read_only && self.viewable::<T>());
        let size = size_of::<T>();
        let mut places = self.layout.places(self.start);
        for (index, (seen, &place)) in view.iter_mut().zip(&places).enumerate() {
            let bytes = vec![value.wrapping_add(index as u8); size];
            self.bytes[place / 8..][..size].copy_from_slice(&bytes);
            // SAFETY: as many bytes as a `T` has, and any bytes are one.
            *seen = unsafe { bytes.as_ptr().cast::<T>().read_unaligned() };
        }
        places.sort_unstable();
        let apart = |pair: &[usize]| pair[1] - pair[0] >= 8 * size;
        assert!(places.windows(2).all(apart), "two names for one element");
    }
}

fn bytes_of<T: Element>(element: &T) -> &[u8] {
    // SAFETY: plain data without padding, as `Element` says.
    unsafe { slice::from_raw_parts((&raw const *element).cast(), size_of::<T>()) }
}

/// Out and in again, in either form, a few times.
fn travel(mut tensor: Tensor, memory: &mut Memory, input: &mut Input<'_>) {
    for _ in 0..4 {
        let turn = input.byte();
        let kept = (turn & 2 != 0).then(|| tensor.clone());
        if turn & 4 != 0 && kept.is_none() && memory.walked() {
            memory.write(&mut tensor, turn);
        }
        let back = if turn & 1 == 0 {
            hop::<DLManagedTensorVersioned>(tensor, kept.is_some(), turn)
        } else {
            hop::<DLManagedTensor>(tensor, kept.is_some(), turn)
        };
        let Some(next) = back.or(kept) else {
            return;
        };
        memory.read(&next);
        tensor = next;
    }
}

fn hop<M: ManagedStruct>(tensor: Tensor, shared: bool, turn: u8) -> Option<Tensor> {
    let description = tensor.description().clone();
    let read_only = description.is_read_only() || shared;
    let padded = description.dtype().bits() < 8 && !description.is_packed();
    let negative = description.strides().iter().any(|&stride| stride < 0);
    let owner = match tensor.export::<M>() {
        Ok(owner) => owner,
        Err(error) => {
            assert!(match error {
                Error::ReadOnlyLegacy => !M::HAS_FLAGS && read_only,
                Error::PaddedLegacy(_) => !M::HAS_FLAGS && padded,
                Error::NegativeStrides(_) => negative,
                _ => false,
            });
            return None;
        }
    };
    assert!(!negative && (M::HAS_FLAGS || !read_only && !padded));
    let described = owner.describe().expect("our own struct");
    same(&described, &description);
    assert_eq!(described.device(), description.device());
    assert_eq!(described.is_packed(), description.is_packed());
    assert_eq!(described.is_read_only(), read_only);
    let copied = M::HAS_FLAGS && description.is_copied();
    assert_eq!(described.is_copied(), copied);
    if turn & 0x38 == 0x38 {
        return None;
    }
    let managed = owner.into_raw();
    // SAFETY: exported a few lines above.
    let (said, flags) = unsafe { M::read(managed) }.expect("our own version");
    assert_eq!(said.byte_offset, 0);
    assert_eq!(said.data.cast(), description.data());
    let padded = u64::from(padded) << 2;
    let copied = u64::from(description.is_copied()) << 1;
    let all = u64::from(read_only) | copied | padded;
    assert_eq!(flags, if M::HAS_FLAGS { all } else { 0 });
    // Consumers may read both arrays, and some do without axes.
    assert!(!said.shape.is_null() && !said.strides.is_null());
    // SAFETY: exported above, freed by nobody, and written only through the
    // last handle.
    let back = unsafe { Tensor::from_raw(managed) }.expect("our own struct");
    assert_eq!(back.description(), &described);
    Some(back)
}

/// Packed elements of our own.
fn pack(fields: &Fields, input: &mut Input<'_>) {
    let dtype = input.one_of(DType::ALL);
    let shape: Vec<usize> = (0..input.below(4))
        .map(|_| input.number() as usize)
        .collect();
    let bits = dtype.bits();
    let count = if shape.contains(&0) {
        0
    } else {
        let product = |n: u128, &len: &usize| n.saturating_mul(len as u128);
        shape.iter().fold(1, product)
    };
    let enough = count.saturating_mul(bits as u128) <= fields.buffer.len() as u128 * 8;
    match Tensor::from_packed(dtype, fields.buffer.clone(), &shape) {
        Ok(tensor) => {
            assert!(bits < 8 && enough);
            assert_eq!(tensor.shape(), shape);
            let unpacked = tensor.unpack().expect("few enough");
            dispatch!(dtype, T => {
                let view = unpacked.view::<T>().expect("a byte each");
                for (index, seen) in view.iter().enumerate() {
                    assert_eq!(bytes_of(seen), element(&fields.buffer, index * bits, bits));
                }
            });
        }
        Err(Error::NotPacked(_)) => assert!(bits >= 8),
        Err(Error::TooFewBytes { .. }) => assert!(!enough),
        // Lengths beside a zero may not fit.
        Err(error) => assert!(!enough || count == 0, "{error}"),
    }
}
