//! One tensor among crates, threads and libraries: nothing is copied, nothing
//! is freed too early or twice.

mod foreign;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foreign::Foreign;
use ndarray::{Array, Array1, ArrayD, Axis, IxDyn, ShapeBuilder, Slice, arr0, arr2};
use proptest::prelude::*;
use scirs2_core::{Bool, Complex64, Element, dispatch, f16};
use scirs2_interop::sys::{DLManagedTensor, DLManagedTensorVersioned};
use scirs2_interop::{Axes, Description, Error, ManagedStruct, Tensor, export};

fn there_and_back<M: ManagedStruct>(tensor: Tensor) -> Tensor {
    let managed = tensor.export::<M>().unwrap().into_raw();
    // SAFETY: just exported, and nobody writes.
    unsafe { Tensor::from_raw(managed) }.unwrap()
}

#[test]
fn a_rust_array_leaves_and_comes_back_in_both_forms() {
    let array = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let place = array.as_ptr().cast();
    let tensor = there_and_back::<DLManagedTensor>(Tensor::from(array.clone()));
    assert_eq!(tensor.view::<f64>().unwrap(), array.clone().into_dyn());

    let tensor = there_and_back::<DLManagedTensorVersioned>(Tensor::from(array));
    assert!(!tensor.description().is_read_only());
    assert_eq!(tensor.data(), place);
}

#[test]
fn every_dtype_keeps_its_type() {
    fn check<T: Element>(value: T) {
        let array = Array1::from_elem(3, value);
        let place = array.as_ptr().cast();
        let tensor = there_and_back::<DLManagedTensorVersioned>(Tensor::from(array));
        assert_eq!(tensor.dtype(), T::DTYPE);
        assert_eq!(tensor.data(), place);
        assert_eq!(tensor.view::<T>().unwrap()[2], value);
    }
    check(Bool::from(true));
    check(-1i8);
    check(-2i16);
    check(-3i32);
    check(i64::MIN);
    check(1u8);
    check(2u16);
    check(3u32);
    check(u64::MAX);
    check(f16::from_f32(0.5));
    check(0.25f32);
    check(-0.0f64);
    check(scirs2_core::Complex32::new(1.0, -1.0));
    check(Complex64::new(1.0, f64::INFINITY));
}

#[test]
fn a_shared_tensor_is_exported_read_only() {
    let tensor = Tensor::from(arr0(1.5));
    let other = tensor.clone();
    assert_eq!(
        other.clone().export::<DLManagedTensor>().unwrap_err(),
        Error::ReadOnlyLegacy
    );
    let exported = other.export::<DLManagedTensorVersioned>().unwrap();
    assert!(exported.describe().unwrap().is_read_only());
    drop(exported);
    // The last handle may be written through.
    assert!(tensor.export::<DLManagedTensor>().is_ok());
}

#[test]
fn a_read_only_foreign_tensor_stays_read_only() {
    let (managed, deletions) = Foreign {
        flags: 1,
        ..Foreign::sound()
    }
    .versioned();
    // SAFETY: a sound tensor that nobody writes to.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    let back = there_and_back::<DLManagedTensorVersioned>(tensor);
    assert!(back.description().is_read_only());
    assert_eq!(deletions.count(), 0);
    assert_eq!(
        back.export::<DLManagedTensor>().unwrap_err(),
        Error::ReadOnlyLegacy
    );
    assert_eq!(deletions.count(), 1);
}

#[test]
fn negative_strides_come_but_do_not_leave() {
    let mut array = Array::from_iter(0..6);
    array.invert_axis(Axis(0));
    let tensor = Tensor::from(array);
    assert_eq!(tensor.strides(), [-1]);
    assert_eq!(tensor.view::<i32>().unwrap()[0], 5);
    assert_eq!(
        tensor.export::<DLManagedTensorVersioned>().unwrap_err(),
        Error::NegativeStrides(vec![-1])
    );
}

#[test]
fn the_keeper_is_dropped_once_even_if_it_panics() {
    struct Keeper(Arc<AtomicUsize>);
    impl Drop for Keeper {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("a keeper that panics");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let mut memory = [1u8, 2, 3];
    let (shape, strides) = (Axes::from_slice(&[3]), Axes::from_slice(&[1]));
    let description = Description::new(
        memory.as_mut_ptr(),
        scirs2_core::DType::UInt8,
        shape,
        strides,
        true,
    )
    .unwrap();
    // SAFETY: `memory` outlives the export, and is read-only.
    let exported =
        unsafe { export::<DLManagedTensorVersioned, _>(&description, Keeper(Arc::clone(&drops))) };
    drop(exported.unwrap());
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn the_last_handle_may_drop_on_any_thread() {
    let (managed, deletions) = Foreign::sound().versioned();
    // SAFETY: a sound tensor that nobody writes to.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let tensor = tensor.clone();
            std::thread::spawn(move || tensor.view::<f64>().unwrap().sum())
        })
        .collect();
    drop(tensor);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 15.0);
    }
    assert_eq!(deletions.count(), 1);
}

/// A layout over a real buffer: lengths, steps that may be negative or zero,
/// and where the first element lies.
fn layouts() -> impl Strategy<Value = (Vec<usize>, Vec<isize>, usize)> {
    prop::collection::vec((0usize..5, -7isize..8), 0..5).prop_flat_map(|axes| {
        let (shape, strides): (Vec<usize>, Vec<isize>) = axes.into_iter().unzip();
        let (low, _) = scirs2_core::shape::reach(&shape, &strides).unwrap_or((0, 0));
        let lowest = low.unsigned_abs();
        (Just(shape), Just(strides), lowest..lowest + 5)
    })
}

proptest! {
    #[test]
    fn any_layout_reads_what_lies_there((shape, strides, first) in layouts()) {
        let memory: Vec<f64> = (0..200).map(f64::from).collect();
        let (managed, deletions) = Foreign {
            memory,
            byte_offset: 8 * first as u64,
            shape: Some(shape.iter().map(|&n| n as i64).collect()),
            strides: Some(strides.iter().map(|&n| n as i64).collect()),
            ..Foreign::sound()
        }
        .versioned();
        // SAFETY: the layout reaches at most 5 + 2 * 4 * 4 * 7 < 200 numbers.
        let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
        let expected = ArrayD::from_shape_fn(IxDyn(&shape), |index| {
            let steps = (0..shape.len()).map(|axis| index[axis] as isize * strides[axis]);
            (first as isize + steps.sum::<isize>()) as f64
        });
        prop_assert_eq!(tensor.view::<f64>().unwrap(), expected.view());
        match tensor.export::<DLManagedTensorVersioned>() {
            Ok(exported) => {
                // SAFETY: just exported, and nobody writes.
                let back = unsafe { Tensor::from_raw(exported.into_raw()) }.unwrap();
                prop_assert_eq!(back.view::<f64>().unwrap(), expected);
            }
            Err(error) => prop_assert!(matches!(error, Error::NegativeStrides(_)), "{error}"),
        }
        prop_assert_eq!(deletions.count(), 1);
    }

    #[test]
    fn any_array_is_taken_as_it_lies(
        shape in prop::collection::vec(0usize..4, 0..4),
        fortran: bool,
        turned in 0usize..4,
        step in 1isize..3,
    ) {
        let count = shape.iter().product::<usize>();
        let layout = IxDyn(&shape).set_f(fortran);
        let mut array = Array::from_shape_vec(layout, (0..count as i32).collect()).unwrap();
        if turned < shape.len() {
            array.slice_axis_inplace(Axis(turned), Slice::new(0, None, -step));
        }
        let expected = array.clone();
        let tensor = Tensor::from(array);
        prop_assert_eq!(tensor.view::<i32>().unwrap(), expected);
    }

    #[test]
    fn any_code_is_refused_or_of_its_own_type(code: u8, bits: u8, lanes in 0u16..3) {
        let dtype = scirs2_interop::sys::DLDataType { code, bits, lanes };
        let (managed, _) = Foreign { dtype, shape: Some(vec![1]), ..Foreign::sound() }.legacy();
        // SAFETY: eight bytes suffice for one element of at most that, and the
        // view of a larger one is not read.
        if let Ok(tensor) = unsafe { Tensor::from_raw(managed) } {
            let size = dispatch!(tensor.dtype(), T => size_of::<T>());
            prop_assert_eq!(8 * size, usize::from(bits));
            prop_assert_eq!(lanes, 1);
        }
    }
}
