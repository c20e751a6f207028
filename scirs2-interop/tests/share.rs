//! A tensor shared among crates, threads and libraries: nothing is copied, nothing is freed too
//! early or twice.

mod foreign;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foreign::Foreign;
use ndarray::{Array, Array1, Array2, ArrayD, Axis, IxDyn, ShapeBuilder, Slice, arr0, arr2};
use proptest::prelude::*;
use scirs2_core::element::{Complex, Float6E2M3FN, Float8E4M3FN, Float8E8M0FNU, Int4};
use scirs2_core::{Bool, Complex64, DType, Element, bf16, dispatch, f16};
use scirs2_interop::sys::{DLDataType, DLManagedTensor, DLManagedTensorVersioned};
use scirs2_interop::{Description, Error, Layout, ManagedStruct, Tensor, export};

fn round_trip<M: ManagedStruct>(tensor: Tensor) -> Tensor {
    let managed = tensor.export::<M>().unwrap().into_raw();
    // SAFETY: just exported, and nobody writes.
    unsafe { Tensor::from_raw(managed) }.unwrap()
}

#[test]
fn rust_arrays_round_trip_in_both_forms() {
    let array = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let address = array.as_ptr().cast();
    let tensor = round_trip::<DLManagedTensor>(Tensor::from(array.clone()));
    assert_eq!(tensor.view::<f64>().unwrap(), array.clone().into_dyn());

    let tensor = round_trip::<DLManagedTensorVersioned>(Tensor::from(array));
    assert!(!tensor.description().is_read_only());
    assert_eq!(tensor.data(), address);
}

#[test]
fn every_dtype_round_trips() {
    fn check<T: Element>(value: T) {
        let array = Array1::from_elem(3, value);
        let address = array.as_ptr().cast();
        let tensor = round_trip::<DLManagedTensorVersioned>(Tensor::from(array));
        assert_eq!(tensor.dtype(), T::DTYPE);
        assert_eq!(tensor.data(), address);
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
    check(Float8E4M3FN::from_bits(0x7f));
    check(Float8E8M0FNU::from_bits(1));
    check(Complex::new(bf16::ONE, bf16::ZERO));
    check(Complex::new(f16::ONE, f16::ZERO));
    check(Int4::from_bits(15));
    check(bf16::from_f32(0.5));
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
        ..Foreign::valid()
    }
    .versioned();
    // SAFETY: a valid tensor that nobody writes to.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    let back = round_trip::<DLManagedTensorVersioned>(tensor);
    assert!(back.description().is_read_only());
    assert_eq!(deletions.count(), 0);
    assert_eq!(
        back.export::<DLManagedTensor>().unwrap_err(),
        Error::ReadOnlyLegacy
    );
    assert_eq!(deletions.count(), 1);
}

#[test]
fn an_array_may_have_more_axes_than_numpy() {
    let tensor = Tensor::from(ArrayD::from_elem(IxDyn(&[1; 70]), 3u8));
    assert_eq!(tensor.view::<u8>().unwrap().sum(), 3);
    let managed = tensor.export::<DLManagedTensor>().unwrap().into_raw();
    // SAFETY: just exported, and nobody writes.
    let refused = unsafe { Tensor::from_raw(managed) };
    assert_eq!(refused.unwrap_err(), Error::Ndim(70));
}

#[test]
fn strides_and_shape_must_have_equal_length() {
    let mut memory = [0u8];
    let refused = Description::new(memory.as_mut_ptr(), DType::UInt8, [1, 1], [1], true);
    assert_eq!(
        refused.unwrap_err(),
        Error::StrideCount {
            lengths: 2,
            strides: 1
        }
    );
}

#[test]
fn an_arc_array_is_shared_read_only() {
    let array = arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_shared();
    let address = array.as_ptr().cast();
    let mut tensor = Tensor::from(array.clone());
    assert_eq!(tensor.data(), address);
    assert_eq!(tensor.view_mut::<f64>().unwrap_err(), Error::ReadOnly);
    drop(array);
    assert_eq!(tensor.view::<f64>().unwrap().sum(), 10.0);
}

#[test]
fn only_the_last_handle_writes() {
    let mut tensor = Tensor::from(vec![1i64, 2, 3]);
    let other = tensor.clone();
    assert_eq!(tensor.view_mut::<i64>().unwrap_err(), Error::Shared);
    drop(other);
    tensor.view_mut::<i64>().unwrap().fill(7);
    assert_eq!(tensor.view::<i64>().unwrap().sum(), 21);
}

#[test]
fn overlapping_elements_are_not_written() {
    let (managed, _) = Foreign {
        strides: Some(vec![0, 1]),
        ..Foreign::valid()
    }
    .versioned();
    // SAFETY: a valid tensor that nobody else touches.
    let mut tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert!(matches!(
        tensor.view_mut::<f64>(),
        Err(Error::Overlap { .. })
    ));
}

#[test]
fn booleans_are_checked() {
    let bytes = |bytes: [u8; 3]| Tensor::from(bytes.map(Bool::from_byte).to_vec());
    let tensor = bytes([0, 1, 1]);
    assert_eq!(
        tensor.view_bool().unwrap().as_slice(),
        Some(&[false, true, true][..])
    );
    assert_eq!(bytes([0, 2, 1]).view_bool().unwrap_err(), Error::NotBool(2));
    assert!(Tensor::from(vec![0u8]).view_bool().is_err());
}

/// Elements of any width, bit by bit, in a straightforward way.
fn unpacked(bytes: &[u8], bits: usize, count: usize) -> Vec<u8> {
    let bit = |at: usize| bytes[at / 8] >> (at % 8) & 1;
    let element = |i: usize| (0..bits).map(|b| bit(i * bits + b) << b).sum();
    (0..count).map(element).collect()
}

#[test]
fn packed_elements_are_unpacked() {
    let bytes: Vec<u8> = (0..30u8).map(|i| i.wrapping_mul(37)).collect();
    for &dtype in DType::ALL.iter().filter(|dtype| dtype.bits() < 8) {
        let tensor = Tensor::from_packed(dtype, bytes.clone(), &[4, 5]).unwrap();
        let packed = round_trip::<DLManagedTensorVersioned>(tensor);
        assert!(packed.description().is_packed());
        let tensor = round_trip::<DLManagedTensorVersioned>(packed.unpack().unwrap());
        assert!(!tensor.description().is_packed());
        assert_eq!(tensor.shape(), [4, 5]);
        // SAFETY: twenty elements of a byte each.
        let seen = unsafe { std::slice::from_raw_parts(tensor.data(), 20) };
        assert_eq!(seen, unpacked(&bytes, dtype.bits(), 20), "{dtype}");
        assert_eq!(
            tensor.export::<DLManagedTensor>().unwrap_err(),
            Error::PaddedLegacy(dtype)
        );
    }
    assert_eq!(
        Tensor::from_packed(DType::Float6E2M3FN, vec![0; 2], &[3]).unwrap_err(),
        Error::TooFewBytes {
            expected: 3,
            actual: 2
        }
    );
}

/// Exports, checks the struct's fields, and returns what the consumer imports.
fn checked_round_trip<M: ManagedStruct>(tensor: Tensor, padded: bool) -> Tensor {
    let (dtype, data) = (tensor.dtype(), tensor.data());
    let managed = tensor.export::<M>().unwrap().into_raw();
    // SAFETY: just exported.
    let (said, flags) = unsafe { M::read(managed) }.unwrap();
    assert_eq!(said.dtype, scirs2_interop::dl_type(dtype), "{dtype}");
    assert_eq!(
        (usize::from(said.dtype.bits), said.dtype.lanes),
        (dtype.bits(), 1)
    );
    assert_eq!(flags, if padded { 4 } else { 0 }, "{dtype}");
    // SAFETY: just exported, and nobody writes.
    let back = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert_eq!((back.dtype(), back.data()), (dtype, data));
    back
}

/// The first `count` bytes of the tensor's memory.
fn bytes_of(tensor: &Tensor, count: usize) -> &[u8] {
    // SAFETY: each caller's tensor has them.
    unsafe { std::slice::from_raw_parts(tensor.data(), count) }
}

#[test]
fn every_dtype_round_trips_bit_for_bit() {
    // Every value of a byte, and memory aligned for any element.
    let values: Vec<u8> = (0..=255).collect();
    for &dtype in DType::ALL {
        let mut memory: Vec<u128> = values
            .as_chunks::<16>()
            .0
            .iter()
            .map(|&bytes| u128::from_ne_bytes(bytes))
            .collect();
        let shape = [2, 256 / dtype.itemsize() / 2];
        let strides = [shape[1] as isize, 1];
        let first = memory.as_mut_ptr().cast();
        let description = Description::new(first, dtype, shape, strides, false).unwrap();
        // SAFETY: 256 bytes that the vector keeps.
        let tensor = unsafe { Tensor::new(description, memory) };
        let padded = dtype.bits() < 8;
        let mut back = checked_round_trip::<DLManagedTensorVersioned>(tensor, padded);
        if !padded {
            back = checked_round_trip::<DLManagedTensor>(back, false);
        }
        assert_eq!(back.shape(), shape);
        assert_eq!(bytes_of(&back, 256), values, "{dtype}");
        let seen = dispatch!(dtype, T => back.view::<T>().map(|view| view.len()));
        assert_eq!(seen, Ok(shape[0] * shape[1]), "{dtype}");
    }
}

#[test]
fn every_packed_dtype_round_trips_bit_for_bit() {
    let values: Vec<u8> = (0..=255).collect();
    for &dtype in DType::ALL.iter().filter(|dtype| dtype.bits() < 8) {
        // Of three or six bits and more, some straddle two bytes; the last byte
        // is filled in part.
        let count = (256 * 8 - 1) / dtype.bits();
        for shape in [vec![count], vec![1, count, 1], vec![0, 3], vec![]] {
            let tensor = Tensor::from_packed(dtype, values.clone(), &shape).unwrap();
            let back = checked_round_trip::<DLManagedTensorVersioned>(tensor, false);
            let back = checked_round_trip::<DLManagedTensor>(back, false);
            assert!(back.description().is_packed());
            assert_eq!(back.shape(), shape);
            let count = shape.iter().product();
            if count > 0 {
                assert_eq!(bytes_of(&back, 256), values, "{dtype}");
            }
            let expected = unpacked(&values, dtype.bits(), count);
            let padded = back.unpack().unwrap();
            assert_eq!(bytes_of(&padded, count), expected, "{dtype}");
            let managed = padded.export::<DLManagedTensorVersioned>().unwrap();
            assert_eq!(managed.describe().unwrap().shape(), shape);
        }
    }
}

#[test]
fn packed_elements_are_unpacked_along_any_stride() {
    let (managed, _) = Foreign {
        // Six bits each, every other one, from the last to the first.
        dtype: DLDataType {
            code: 15,
            bits: 6,
            lanes: 1,
        },
        byte_offset: 6,
        shape: Some(vec![2, 4]),
        strides: Some(vec![0, -2]),
        memory: vec![f64::from_bits(0x0123_4567_89ab_cdef); 2],
        ..Foreign::valid()
    }
    .versioned();
    // SAFETY: the elements 8, 6, 4 and 2 from the start of the memory.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    let all = unpacked(&0x0123_4567_89ab_cdef_u64.to_le_bytes(), 6, 9);
    let expected: Vec<u8> = [8, 6, 4, 2, 8, 6, 4, 2].map(|i| all[i]).to_vec();
    let tensor = tensor.unpack().unwrap();
    let seen = tensor.view::<Float6E2M3FN>().unwrap();
    assert_eq!(
        seen.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn negative_strides_are_viewed_but_not_exported() {
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
fn the_owner_is_dropped_once_even_if_it_panics() {
    struct PanickingOwner(Arc<AtomicUsize>);
    impl Drop for PanickingOwner {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("an owner that panics");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let mut memory = [1u8, 2, 3];
    let description = Description::new(memory.as_mut_ptr(), DType::UInt8, [3], [1], true).unwrap();
    // SAFETY: `memory` outlives the export, and is read-only.
    let exported = unsafe {
        export::<DLManagedTensorVersioned, _>(
            &description.layout(),
            PanickingOwner(Arc::clone(&drops)),
        )
    };
    drop(exported.unwrap());
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn the_last_handle_may_drop_on_any_thread() {
    let (managed, deletions) = Foreign::valid().versioned();
    // SAFETY: a valid tensor that nobody writes to.
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

/// A layout within a real buffer: shape, strides that may be negative or zero, and the index of the
/// first element.
fn layouts() -> impl Strategy<Value = (Vec<usize>, Vec<isize>, usize)> {
    prop::collection::vec((0usize..5, -7isize..8), 0..5).prop_flat_map(|axes| {
        let (shape, strides): (Vec<usize>, Vec<isize>) = axes.into_iter().unzip();
        let (low, _) = scirs2_core::shape::offset_bounds(&shape, &strides).unwrap_or((0, 0));
        let lowest = low.unsigned_abs();
        (Just(shape), Just(strides), lowest..lowest + 5)
    })
}

proptest! {
    #[test]
    fn any_layout_is_read_correctly((shape, strides, first) in layouts()) {
        let memory: Vec<f64> = (0..200).map(f64::from).collect();
        let (managed, deletions) = Foreign {
            memory,
            byte_offset: 8 * first as u64,
            shape: Some(shape.iter().map(|&n| n as i64).collect()),
            strides: Some(strides.iter().map(|&n| n as i64).collect()),
            ..Foreign::valid()
        }
        .versioned();
        // SAFETY: the layout reaches at most 5 + 2 * 4 * 4 * 7 < 200 numbers.
        let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
        let expected = ArrayD::from_shape_fn(IxDyn(&shape), |index| {
            let offsets = (0..shape.len()).map(|axis| index[axis] as isize * strides[axis]);
            (first as isize + offsets.sum::<isize>()) as f64
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
    fn any_array_is_imported_in_place(
        shape in prop::collection::vec(0usize..4, 0..4),
        fortran: bool,
        inverted in 0usize..4,
        step in 1isize..3,
    ) {
        let count = shape.iter().product::<usize>();
        let layout = IxDyn(&shape).set_f(fortran);
        let mut array = Array::from_shape_vec(layout, (0..count as i32).collect()).unwrap();
        if inverted < shape.len() {
            array.slice_axis_inplace(Axis(inverted), Slice::new(0, None, -step));
        }
        let expected = array.clone();
        let tensor = Tensor::from(array);
        prop_assert_eq!(tensor.view::<i32>().unwrap(), expected);
    }

    #[test]
    fn any_type_code_is_rejected_or_has_its_own_type(code: u8, bits: u8, lanes in 0u16..3) {
        let dtype = scirs2_interop::sys::DLDataType { code, bits, lanes };
        let (managed, _) = Foreign { dtype, shape: Some(vec![1]), ..Foreign::valid() }.legacy();
        // SAFETY: eight bytes suffice for one element of at most that, and the
        // view of a larger one is not read.
        if let Ok(tensor) = unsafe { Tensor::from_raw(managed) } {
            let size = dispatch!(tensor.dtype(), T => size_of::<T>());
            prop_assert_eq!(size, usize::from(bits).div_ceil(8));
            prop_assert_eq!(lanes, 1);
        }
    }
}

#[test]
#[should_panic(expected = "shape")]
fn an_empty_array_with_an_overflowing_shape_panics() {
    let _ = Tensor::from(Array2::<f64>::zeros([1 << 61, 0]));
}

#[test]
#[should_panic(expected = "a length and a step for each axis")]
fn a_layout_needs_a_stride_for_each_axis() {
    let tensor = Tensor::from(arr0(1.5));
    let layout = Layout {
        shape: &[1, 1],
        strides: &[1],
        ..tensor.description().layout()
    };
    // SAFETY: never made.
    let _ = unsafe { export::<DLManagedTensor, _>(&layout, ()) };
}

/// An extension that Python calls with one array twice gets two tensors over the same memory. In
/// safe code neither can be written.
#[test]
fn memory_that_others_can_access_is_read_only() {
    let mut memory = [1.0_f64, 2.0];
    let first = memory.as_mut_ptr();
    let description = || Description::new(first.cast(), DType::Float64, [2], [1], false).unwrap();
    let (one, two) = (description(), description());
    // SAFETY: the memory outlives both tensors, and nobody writes while a view lives.
    let [mut a, b] = [one, two].map(|description| unsafe { Tensor::foreign(description, ()) });
    assert_eq!(a.view_mut::<f64>(), Err(Error::Foreign));
    let mut clone = a.clone();
    drop(a);
    assert_eq!(clone.view_mut::<f64>(), Err(Error::Foreign));
    assert_eq!(clone.view::<f64>().unwrap(), b.view::<f64>().unwrap());
    let mut unpacked = clone.unpack().unwrap();
    assert_eq!(unpacked.view_mut::<f64>(), Err(Error::Foreign));
    drop(b);
    // SAFETY: the other tensor is gone.
    let mut own = unsafe { unpacked.assume_exclusive() };
    own.view_mut::<f64>().unwrap()[0] = 7.0;
    assert_eq!(own.view::<f64>().unwrap()[0], 7.0);
    // The export is flagged as the owner allows, as before.
    let exported = own.export::<DLManagedTensorVersioned>().unwrap();
    assert!(!exported.describe().unwrap().is_read_only());
}
