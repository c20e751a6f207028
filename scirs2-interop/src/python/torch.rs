//! The checks on PyTorch's tensors before their memory is exported.
//!
//! The memory of a PyTorch tensor is not always its value: a bit may say that the elements
//! are conjugated or negated, a gradient or a tangent may be attached, and a class may wrap
//! another tensor. PyTorch's exchange API reports none of that, and its `__dlpack__` only
//! some of it.

use core::ffi::CStr;
use core::ptr;

use pyo3::exceptions::{PyBufferError, PyException};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

/// How the tensors of one type are checked.
pub(super) struct TorchType {
    /// The C functions behind `is_neg` and `requires_grad`, which take half the time;
    /// `None` if the type has others, such as a subclass's own in Python.
    functions: Option<(NoArgMethod, Getter)>,
    /// Whether operations on the type run Python code of its own, so that its memory is
    /// another tensor's or none.
    is_wrapper: bool,
    /// The function that returns whether operations are recorded for gradients.
    is_grad_enabled: Py<PyAny>,
    /// The namespace of `torch.autograd.forward_ad`.
    forward_ad: Py<PyDict>,
}

/// A tensor whose memory is its value.
pub(super) enum Resolved<'py> {
    /// The tensor itself.
    Unchanged,
    /// A copy with the conjugate or negative bit resolved, or the detached tensor.
    Replaced(Bound<'py, PyAny>),
}

/// The C function of a method without arguments.
struct NoArgMethod {
    /// INVARIANT: takes an object of the type and NULL.
    function: ffi::PyCFunction,
    /// The method's definition lives as long as its descriptor, as CPython requires of both.
    _descriptor: Py<PyAny>,
}

/// The C function behind an attribute.
struct Getter {
    /// INVARIANT: takes an object of the type and NULL.
    function: ffi::getter,
    /// The attribute's definition lives as long as its descriptor, as CPython requires of both.
    _descriptor: Py<PyAny>,
}

impl TorchType {
    /// For the tensors of a class that is exported as `torch.Tensor` is; `base` is the class that
    /// defines how. `None` otherwise: a class with its own `__dlpack__` is responsible for itself,
    /// and may allow no other call, as PyTorch's `ReadOnlyTensorWrapper`.
    pub(super) fn of(
        object: &Bound<'_, PyAny>,
        class: &Bound<'_, PyType>,
        base: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Self>> {
        let py = class.py();
        let modules = py
            .import(intern!(py, "sys"))?
            .getattr(intern!(py, "modules"))?;
        let Ok(torch) = modules.get_item(intern!(py, "torch")) else {
            return Ok(None);
        };
        if !torch.getattr(intern!(py, "Tensor"))?.is(base) {
            return Ok(None);
        }
        let dispatch = intern!(py, "__torch_dispatch__");
        let is_wrapper = !class.getattr(dispatch)?.is(&base.getattr(dispatch)?);
        let method = NoArgMethod::of(object, class, intern!(py, "is_neg"));
        let getter = Getter::of(class, intern!(py, "requires_grad"));
        let forward_ad = py.import(intern!(py, "torch.autograd.forward_ad"))?;
        Ok(Some(TorchType {
            functions: method.zip(getter),
            is_wrapper,
            is_grad_enabled: torch.getattr(intern!(py, "is_grad_enabled"))?.unbind(),
            forward_ad: forward_ad.dict().unbind(),
        }))
    }

    /// Checks a tensor of the type, and replaces it if its memory is not its value.
    ///
    /// # Errors
    /// `BufferError` if its memory is not its value; otherwise what the tensor's own code raises.
    #[inline(always)]
    pub(super) fn resolve<'py>(
        &self,
        tensor: &Bound<'py, PyAny>,
        may_copy: bool,
    ) -> PyResult<Resolved<'py>> {
        if let Some((is_neg, requires_grad)) = &self.functions
            && is_neg.is_false(tensor)
            && requires_grad.is_false(tensor)
            && !self.is_wrapper
            && self.no_dual_level_is_open(tensor.py())
        {
            return Ok(Resolved::Unchanged);
        }
        self.resolve_slow(tensor, may_copy)
    }

    #[cold]
    fn resolve_slow<'py>(
        &self,
        tensor: &Bound<'py, PyAny>,
        may_copy: bool,
    ) -> PyResult<Resolved<'py>> {
        let py = tensor.py();
        if let Some(error) = PyErr::take(py) {
            return Err(error);
        }
        if self.is_wrapper {
            return Err(PyBufferError::new_err(format!(
                "{} runs its own code for each operation (__torch_dispatch__), so its memory need \
                 not be its value; pass the plain tensor that it stands for, such as \
                 x.full_tensor() for a DTensor",
                tensor.get_type()
            )));
        }
        if self.has_tangent(tensor)? {
            return Err(PyBufferError::new_err(
                "the tensor has a tangent of forward-mode differentiation, which would be lost; \
                 pass torch.autograd.forward_ad.unpack_dual(x).primal",
            ));
        }
        let needs_grad = tensor.getattr(intern!(py, "requires_grad"))?.is_truthy()?;
        if needs_grad && self.is_grad_enabled.bind(py).call0()?.is_truthy()? {
            return Err(PyBufferError::new_err(
                "the tensor requires grad, and the gradient would be lost; pass x.detach(), or \
                 call under torch.no_grad()",
            ));
        }
        if call_predicate(tensor, intern!(py, "is_neg"))? {
            if !may_copy {
                return Err(PyBufferError::new_err(
                    "the tensor's negative bit is set, so its memory holds the negated \
                     elements; pass x.resolve_neg(), which copies",
                ));
            }
            let resolved = tensor.call_method0(intern!(py, "resolve_neg"))?;
            return Ok(Resolved::Replaced(resolved));
        }
        if needs_grad {
            // `__dlpack__` would refuse it, whatever the mode.
            return Ok(Resolved::Replaced(
                tensor.call_method0(intern!(py, "detach"))?,
            ));
        }
        Ok(Resolved::Unchanged)
    }

    /// Checks a tensor whose elements are complex, and replaces it if its conjugate bit is set.
    ///
    /// # Errors
    /// The same as [`resolve`](Self::resolve).
    pub(super) fn resolve_conj<'py>(
        &self,
        tensor: &Bound<'py, PyAny>,
        may_copy: bool,
    ) -> PyResult<Resolved<'py>> {
        let py = tensor.py();
        if !call_predicate(tensor, intern!(py, "is_conj"))? {
            return Ok(Resolved::Unchanged);
        }
        if !may_copy {
            return Err(PyBufferError::new_err(
                "the tensor's conjugate bit is set, so its memory holds the conjugated \
                 elements; pass x.resolve_conj(), which copies",
            ));
        }
        let resolved = tensor.call_method0(intern!(py, "resolve_conj"))?;
        Ok(Resolved::Replaced(resolved))
    }

    /// Whether no level of forward-mode differentiation is open, so that no tensor can have a
    /// tangent.
    #[inline(always)]
    fn no_dual_level_is_open(&self, py: Python<'_>) -> bool {
        let names = self.forward_ad.bind(py);
        // The name is not public; without it each tensor is checked.
        let level = names.get_item(intern!(py, "_current_level"));
        level.is_ok_and(|level| {
            level.is_some_and(|level| level.extract::<i64>().is_ok_and(|level| level < 0))
        })
    }

    fn has_tangent(&self, tensor: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = tensor.py();
        if self.no_dual_level_is_open(py) {
            return Ok(false);
        }
        let names = self.forward_ad.bind(py);
        let unpack = names.as_any().get_item(intern!(py, "unpack_dual"))?;
        Ok(!unpack.call1((tensor,))?.get_item(1)?.is_none())
    }
}

impl NoArgMethod {
    /// `None` if the method is not a C function without arguments.
    fn of(
        object: &Bound<'_, PyAny>,
        class: &Bound<'_, PyType>,
        name: &Bound<'_, PyString>,
    ) -> Option<Self> {
        let py = object.py();
        let descriptor = class.getattr(name).ok()?;
        if descriptor.get_type_ptr() != &raw mut ffi::PyMethodDescr_Type {
            return None;
        }
        let bound = descriptor
            .call_method1(intern!(py, "__get__"), (object, class))
            .ok()?;
        // SAFETY: any object may be asked.
        if unsafe { ffi::PyCFunction_CheckExact(bound.as_ptr()) } == 0 {
            return None;
        }
        // SAFETY: a builtin function, as just seen.
        let flags = unsafe { ffi::PyCFunction_GetFlags(bound.as_ptr()) };
        if flags != ffi::METH_NOARGS {
            return None;
        }
        // SAFETY: as above.
        let function = unsafe { ffi::PyCFunction_GetFunction(bound.as_ptr()) }?;
        Some(NoArgMethod {
            function,
            _descriptor: descriptor.unbind(),
        })
    }

    /// Whether the method returns `False`; an exception that it raises stays set.
    #[inline(always)]
    fn is_false(&self, tensor: &Bound<'_, PyAny>) -> bool {
        // SAFETY: by the invariant; the caller's cache is of the tensor's type.
        let result = unsafe { (self.function)(tensor.as_ptr(), ptr::null_mut()) };
        // SAFETY: the result of a call.
        unsafe { is_false(result) }
    }
}

impl Getter {
    /// `None` if the attribute is not a C function that needs nothing but the object.
    fn of(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> Option<Self> {
        let descriptor = class.getattr(name).ok()?;
        if descriptor.get_type_ptr() != &raw mut ffi::PyGetSetDescr_Type {
            return None;
        }
        let owner = descriptor
            .getattr(intern!(class.py(), "__objclass__"))
            .ok()?;
        let owner = owner.cast::<PyType>().ok()?;
        // SAFETY: two types, as just seen.
        if unsafe { ffi::PyType_IsSubtype(class.as_type_ptr(), owner.as_type_ptr()) } == 0 {
            return None;
        }
        // SAFETY: a type, as above.
        let slot = unsafe { ffi::PyType_GetSlot(owner.as_type_ptr(), ffi::Py_tp_getset) };
        let name = name.to_str().ok()?;
        let mut definition = slot.cast::<ffi::PyGetSetDef>();
        if definition.is_null() {
            return None;
        }
        loop {
            // SAFETY: CPython ends each table of a type's attributes with an entry without a
            // name, which has not been reached yet.
            let found = unsafe { definition.read() };
            if found.name.is_null() {
                return None;
            }
            // SAFETY: a C string, as CPython requires of the tables.
            if unsafe { CStr::from_ptr(found.name) }.to_str() == Ok(name) {
                let function = found.get.filter(|_| found.closure.is_null())?;
                return Some(Getter {
                    function,
                    _descriptor: descriptor.unbind(),
                });
            }
            // SAFETY: not the last one, so another follows.
            definition = unsafe { definition.add(1) };
        }
    }

    /// Whether the attribute is `False`; an exception that it raises stays set.
    #[inline(always)]
    fn is_false(&self, tensor: &Bound<'_, PyAny>) -> bool {
        // SAFETY: by the invariant; the caller's cache is of the tensor's type.
        let result = unsafe { (self.function)(tensor.as_ptr(), ptr::null_mut()) };
        // SAFETY: the result of a call.
        unsafe { is_false(result) }
    }
}

/// Whether a method without arguments returns true, without making a bound method first.
fn call_predicate(tensor: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    // SAFETY: an object, a name, and the NULL that ends the arguments.
    let result = unsafe {
        ffi::PyObject_CallMethodObjArgs(
            tensor.as_ptr(),
            name.as_ptr(),
            ptr::null_mut::<ffi::PyObject>(),
        )
    };
    // SAFETY: a new reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(tensor.py(), result) }?.is_truthy()
}

/// Whether a call returned `False`; an exception that it raised stays set.
///
/// # Safety
/// `result` is a new reference, or NULL with an exception set. The thread is attached.
#[inline(always)]
unsafe fn is_false(result: *mut ffi::PyObject) -> bool {
    // SAFETY: attached, by this function's contract.
    let is_false = result == unsafe { ffi::Py_False() };
    // SAFETY: a new reference or NULL, by this function's contract.
    unsafe { ffi::Py_XDECREF(result) };
    is_false
}

/// Ignores an `Exception`; returns any other error, such as `KeyboardInterrupt`.
pub(super) fn ignore_exception(py: Python<'_>, error: Option<PyErr>) -> PyResult<()> {
    match error {
        Some(error) if !error.is_instance_of::<PyException>(py) => Err(error),
        _ => Ok(()),
    }
}
