//! The frame of a call, every field checked as foreign memory is.
//!
//! What cannot be checked is that a pointer which is neither NULL nor misaligned leads to memory:
//! XLA promises that for the time of the call.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::slice;

use scirs2_core::DType;
use scirs2_interop::Description;
use smallvec::SmallVec;

use super::sys::{
    ATTR_SCALAR, Args, Attrs, Buffer, ByteSpan, CallFrame, Rets, STAGE_EXECUTE, SaysSize, Scalar,
    TYPE_BUFFER, data_type, error_code,
};

/// No call has more operands, results, attributes, axes, or letters of a name.
const MAX_COUNT: i64 = 64;

/// Why a call is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// XLA's code.
    pub(crate) code: c_int,
    pub(crate) text: String,
}

/// A refusal of a frame that breaks the contract.
pub(crate) fn invalid(text: String) -> Refusal {
    Refusal {
        code: error_code::INVALID_ARGUMENT,
        text,
    }
}

/// The operands, results and attributes of a call.
pub(crate) struct Frame<'a> {
    pub(crate) operands: SmallVec<[Description; 3]>,
    pub(crate) results: SmallVec<[Description; 4]>,
    attributes: SmallVec<[Attribute<'a>; 4]>,
    /// How many attributes were asked for.
    asked: Cell<usize>,
}

struct Attribute<'a> {
    name: &'a [u8],
    dtype: c_int,
    value: *const c_void,
}

impl<'a> Frame<'a> {
    /// Nothing yet. It is filled where it lies: it has a kilobyte.
    #[inline]
    pub(crate) fn empty() -> Self {
        Frame {
            operands: SmallVec::new(),
            results: SmallVec::new(),
            attributes: SmallVec::new(),
            asked: Cell::new(0),
        }
    }

    /// Checks a frame, and takes what is in it.
    ///
    /// # Safety
    /// For `'a` every pointer in the frame that is neither NULL nor misaligned leads to the memory
    /// that its field says. Nothing else writes to that of the operands, or accesses that of the
    /// results.
    pub(crate) unsafe fn fill(&mut self, frame: &'a CallFrame) -> Result<(), Refusal> {
        if frame.stage != STAGE_EXECUTE {
            return Err(Refusal {
                code: error_code::UNIMPLEMENTED,
                text: format!("there is no stage {} of a handler", frame.stage),
            });
        }
        let (args, rets) = (&frame.args, &frame.rets);
        check_size("args", args.struct_size, size_of::<Args>())?;
        check_size("rets", rets.struct_size, size_of::<Rets>())?;
        check_size("attrs", frame.attrs.struct_size, size_of::<Attrs>())?;
        // SAFETY: by this function's contract.
        let buffers = unsafe { buffers("operand", args.size, args.types, args.args) }?;
        for (number, buffer) in buffers.into_iter().enumerate() {
            self.operands.push(describe("operand", number, buffer)?);
        }
        // SAFETY: by this function's contract.
        let buffers = unsafe { self::buffers("result", rets.size, rets.types, rets.rets) }?;
        for (number, buffer) in buffers.into_iter().enumerate() {
            self.results.push(describe("result", number, buffer)?);
        }
        check_apart(&self.operands, &self.results)?;
        // SAFETY: by this function's contract.
        unsafe { attributes(&frame.attrs, &mut self.attributes) }
    }

    /// Returns the attribute of that name, which is a bool.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let value = self.attribute(name, data_type::PRED)?.cast::<u8>();
        // SAFETY: of that dtype, and a byte has no alignment.
        match unsafe { *value } {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(invalid(format!("attribute {name}: {other} is no bool"))),
        }
    }

    /// Returns the attribute of that name, which is an integer of 64 bits.
    pub(crate) fn integer(&self, name: &str) -> Result<i64, Refusal> {
        let value = self.attribute(name, data_type::S64)?.cast::<i64>();
        check_aligned("attribute", value)?;
        // SAFETY: of that dtype, and aligned.
        Ok(unsafe { *value })
    }

    /// Returns the attribute of that name, which is a float of 64 bits.
    pub(crate) fn float(&self, name: &str) -> Result<f64, Refusal> {
        let value = self.attribute(name, data_type::F64)?.cast::<f64>();
        check_aligned("attribute", value)?;
        // SAFETY: of that dtype, and aligned.
        Ok(unsafe { *value })
    }

    fn attribute(&self, name: &str, dtype: c_int) -> Result<*const c_void, Refusal> {
        let mut all = self.attributes.iter();
        let found = all.find(|attribute| attribute.name == name.as_bytes());
        let found = found.ok_or_else(|| invalid(format!("there is no attribute {name}")))?;
        if found.dtype != dtype {
            let got = found.dtype;
            let text = format!("attribute {name} is of dtype {got}, and not {dtype}");
            return Err(invalid(text));
        }
        self.asked.set(self.asked.get() + 1);
        Ok(found.value)
    }

    /// Refuses attributes that nobody asked for: they would change the call if they were known.
    pub(crate) fn check_attributes(&self) -> Result<(), Refusal> {
        // XLA's own, for programs on several devices.
        let of_xla = |attribute: &&Attribute<'_>| attribute.name == b"num_batch_dims";
        let known = self.asked.get() + self.attributes.iter().filter(of_xla).count();
        if known == self.attributes.len() {
            return Ok(());
        }
        let names = self.attributes.iter();
        let names: Vec<_> = names
            .map(|attribute| String::from_utf8_lossy(attribute.name))
            .collect();
        Err(invalid(format!(
            "not all attributes are known: {}",
            names.join(", ")
        )))
    }
}

fn check_size(what: &str, size: usize, needed: usize) -> Result<(), Refusal> {
    if size < needed {
        let text = format!("{what}: the struct has {size} bytes, and not {needed}");
        return Err(invalid(text));
    }
    Ok(())
}

fn check_aligned<T>(what: &str, pointer: *const T) -> Result<(), Refusal> {
    if pointer.is_null() {
        return Err(invalid(format!("{what} is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(invalid(format!("{what} is misaligned: {pointer:?}")));
    }
    Ok(())
}

/// Returns what a pointer leads to.
///
/// # Safety
/// For `'a` it leads to a struct, unless it is NULL or misaligned.
unsafe fn dereference<'a, T>(what: &str, pointer: *const T) -> Result<&'a T, Refusal> {
    check_aligned(what, pointer)?;
    // SAFETY: by this function's contract; neither NULL nor misaligned.
    Ok(unsafe { &*pointer })
}

/// As [`dereference`], for a struct that says how long it is.
///
/// # Safety
/// As for [`dereference`]; the struct may be shorter, if it says so.
pub(crate) unsafe fn dereference_sized<'a, T: SaysSize>(
    what: &str,
    pointer: *const T,
) -> Result<&'a T, Refusal> {
    check_aligned(what, pointer)?;
    // SAFETY: by this function's contract, and the size is the first field.
    check_size(what, unsafe { *pointer.cast::<usize>() }, T::SIZE)?;
    // SAFETY: by this function's contract, and the struct says that it has all fields.
    Ok(unsafe { &*pointer })
}

/// Returns an array that C describes by a pointer and a length.
///
/// # Safety
/// For `'a` the pointer leads to so many elements, unless it is NULL or misaligned.
unsafe fn array<'a, T>(what: &str, start: *const T, len: i64) -> Result<&'a [T], Refusal> {
    let Some(len) = usize::try_from(len).ok().filter(|_| len <= MAX_COUNT) else {
        return Err(invalid(format!("{what}: there are {len}")));
    };
    if len == 0 {
        return Ok(&[]);
    }
    check_aligned(what, start)?;
    // SAFETY: by this function's contract; neither NULL nor misaligned.
    Ok(unsafe { slice::from_raw_parts(start, len) })
}

/// Returns the operands or the results.
///
/// # Safety
/// As for [`Frame::fill`].
unsafe fn buffers<'a>(
    what: &str,
    count: i64,
    types: *const c_int,
    each: *const *mut c_void,
) -> Result<SmallVec<[&'a Buffer; 4]>, Refusal> {
    // SAFETY: by this function's contract.
    let types = unsafe { array(what, types, count) }?;
    // SAFETY: by this function's contract.
    let each = unsafe { array(what, each, count) }?;
    let mut all = SmallVec::new();
    for (&kind, pointer) in types.iter().zip(each) {
        if kind != TYPE_BUFFER {
            return Err(invalid(format!("{what}: there is no type {kind}")));
        }
        // SAFETY: by this function's contract, and the type is that of a buffer.
        all.push(unsafe { dereference_sized(what, pointer.cast::<Buffer>()) }?);
    }
    Ok(all)
}

fn describe(what: &str, number: usize, buffer: &Buffer) -> Result<Description, Refusal> {
    let refuse = |text: String| invalid(format!("{what} {number}: {text}"));
    let dtype = dtype_of(buffer.dtype)
        .ok_or_else(|| refuse(format!("the dtype {} is not supported", buffer.dtype)))?;
    // SAFETY: so many, as `Frame::fill` demands.
    let dims = unsafe { array("axes", buffer.dims.cast_const(), buffer.rank) };
    let dims = dims.map_err(|refusal| refuse(refusal.text))?;
    let mut shape: SmallVec<[usize; 5]> = SmallVec::new();
    for &len in dims {
        let len = usize::try_from(len).map_err(|_| refuse(format!("an axis has length {len}")))?;
        shape.push(len);
    }
    Description::in_c_order(buffer.data.cast(), dtype, &shape, 0)
        .map_err(|error| refuse(error.to_string()))
}

const fn dtype_of(code: c_int) -> Option<DType> {
    Some(match code {
        data_type::F32 => DType::Float32,
        data_type::F64 => DType::Float64,
        data_type::C64 => DType::Complex64,
        data_type::C128 => DType::Complex128,
        data_type::S32 => DType::Int32,
        data_type::S64 => DType::Int64,
        _ => return None,
    })
}

/// Refuses results that share memory with an operand or with each other.
fn check_apart(operands: &[Description], results: &[Description]) -> Result<(), Refusal> {
    let range = |described: &Description| {
        let elements: usize = described.shape().iter().product();
        let start = described.data() as usize;
        start..start + elements * described.dtype().itemsize()
    };
    for (number, result) in results.iter().enumerate() {
        let own = range(result);
        let others = operands.iter().chain(&results[..number]).map(range);
        if others
            .into_iter()
            .any(|other| own.start < other.end && other.start < own.end)
        {
            return Err(invalid(format!("result {number} overlaps another buffer")));
        }
    }
    Ok(())
}

/// Takes the attributes.
///
/// # Safety
/// As for [`Frame::fill`].
unsafe fn attributes<'a>(
    attrs: &'a Attrs,
    all: &mut SmallVec<[Attribute<'a>; 4]>,
) -> Result<(), Refusal> {
    let what = "attributes";
    // SAFETY: by this function's contract.
    let types = unsafe { array(what, attrs.types.cast_const(), attrs.size) }?;
    // SAFETY: by this function's contract.
    let names = unsafe { array(what, attrs.names.cast_const(), attrs.size) }?;
    // SAFETY: by this function's contract.
    let each = unsafe { array(what, attrs.attrs.cast_const(), attrs.size) }?;
    for ((&kind, &name), &value) in types.iter().zip(names).zip(each) {
        // SAFETY: by this function's contract.
        let span: &ByteSpan = unsafe { dereference("name of an attribute", name) }?;
        let len = i64::try_from(span.len).unwrap_or(i64::MAX);
        // SAFETY: by this function's contract.
        let name = unsafe { array("name of an attribute", span.ptr.cast::<u8>(), len) }?;
        if kind != ATTR_SCALAR {
            let name = String::from_utf8_lossy(name);
            return Err(invalid(format!("attribute {name} is no scalar")));
        }
        // SAFETY: by this function's contract, and the type is that of a scalar.
        let scalar = unsafe { dereference("attribute", value.cast_const().cast::<Scalar>()) }?;
        check_aligned("value of an attribute", scalar.value.cast::<u8>())?;
        all.push(Attribute {
            name,
            dtype: scalar.dtype,
            value: scalar.value,
        });
    }
    Ok(())
}
