//! `scirs2.to_dlpack`, and the export of arrays in general.

use numpy::PyUntypedArray;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use scirs2_interop::python::{ExportRequest, PyOwner, new_capsule};
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};
use scirs2_interop::{Error, ManagedStruct, Owner, export};

use crate::numpy::array::{self, ArrayLayout, LayoutError};

/// Give a NumPy array to any library, without a copy.
///
/// Parameters
/// ----------
/// array : numpy.ndarray
///     Any shape and non-negative strides; any dtype listed below.
/// max_version : (int, int), optional
///     The newest protocol that the consumer reads. From (1, 0) on the capsule
///     is a ``"dltensor_versioned"``; without it a ``"dltensor"``.
/// copy : bool, optional
///     True: the capsule carries a copy, which the consumer owns alone.
///     None and False: the array's own memory.
/// dl_device : (int, int), optional
///     Only the host, (1, 0).
/// stream : None
///     The host has no streams.
///
/// Returns
/// -------
/// capsule
///     It keeps the array alive until the consumer is done. Each capsule can be
///     consumed once.
///
/// Raises
/// ------
/// BufferError
///     The capsule cannot express the array, and the message names the cure: a
///     read-only array in a ``"dltensor"``, negative strides, a dtype without a
///     DLPack name.
/// TypeError
///     ``array`` is not a NumPy array.
///
/// See Also
/// --------
/// from_dlpack
///
/// Notes
/// -----
/// Dtypes: as for ``from_dlpack``, in native byte order.
///
/// Examples
/// --------
/// >>> import numpy as np, torch, scirs2
/// >>> a = np.ones(3)
/// >>> t = torch.from_dlpack(scirs2.to_dlpack(a))
/// >>> t[0] = 5
/// >>> a
/// array([5., 1., 1.])
#[pyfunction]
#[pyo3(signature = (array, /, *, max_version=None, copy=None, dl_device=None, stream=None))]
pub(crate) fn to_dlpack<'py>(
    array: &Bound<'py, PyAny>,
    max_version: Option<(i64, i64)>,
    copy: Option<bool>,
    dl_device: Option<(i32, i32)>,
    stream: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let request = ExportRequest::new(stream, max_version, dl_device, copy)?;
    to_capsule(expect_array(array)?, Policy::Strict, request)
}

/// What happens if the protocol or the consumers cannot take an array as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// An error.
    Strict,
    /// Legacy consumers are trusted not to write to read-only memory; arrays with
    /// unusual strides are copied, unless `copy` forbids it.
    Lenient,
}

/// Exports an array as a capsule.
#[inline]
pub(crate) fn to_capsule<'py>(
    array: &Bound<'py, PyUntypedArray>,
    policy: Policy,
    request: ExportRequest,
) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    let ExportRequest { versioned, copy } = request;
    if versioned {
        new_capsule(
            py,
            export_array::<DLManagedTensorVersioned>(array, policy, copy)?,
        )
    } else {
        new_capsule(py, export_array::<DLManagedTensor>(array, policy, copy)?)
    }
}

/// Exports an array as a DLPack struct that keeps it alive.
#[inline]
pub(crate) fn export_array<M: ManagedStruct>(
    array: &Bound<'_, PyUntypedArray>,
    policy: Policy,
    copy: Option<bool>,
) -> PyResult<Owner<M>> {
    if copy != Some(true) {
        match export_in_place(array, policy, false) {
            Err(LayoutError::Stride { .. } | LayoutError::Layout(Error::NegativeStrides(_)))
                if policy == Policy::Lenient && copy.is_none() => {}
            result => return result.map_err(LayoutError::into_buffer_error),
        }
    }
    export_in_place(&array::copy(array)?, policy, true).map_err(LayoutError::into_buffer_error)
}

#[inline]
fn export_in_place<M: ManagedStruct>(
    array: &Bound<'_, PyUntypedArray>,
    policy: Policy,
    copied: bool,
) -> Result<Owner<M>, LayoutError> {
    let source = ArrayLayout::of(array)?;
    let mut layout = source.layout();
    layout.copied = copied;
    if policy == Policy::Lenient && !M::HAS_FLAGS {
        layout.read_only = false;
    }
    let owner = PyOwner::new(array.clone().into_any());
    // SAFETY: the keeper owns the array, which owns its memory. NumPy allows writing to
    // it unless it is read-only; where that flag was cleared, the caller promised that
    // the consumer does not write.
    unsafe { export(&layout, owner) }.map_err(LayoutError::Layout)
}

/// Returns the object as an array. Fails for any other object, because only arrays are
/// exported here.
pub(crate) fn expect_array<'a, 'py>(
    object: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyUntypedArray>> {
    object.cast().map_err(|_| {
        PyTypeError::new_err(format!(
            "array: expected a numpy.ndarray, got {}; a tensor of another library is its own \
             exporter, pass it on as it is or take it with scirs2.from_dlpack first",
            object.get_type()
        ))
    })
}
