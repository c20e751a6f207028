//! Every field of a foreign tensor, set to what no producer may write: the error names the field,
//! the tensor is freed once, and its memory is never read.

mod foreign;

use std::mem::discriminant;

use foreign::Foreign;
use scirs2_core::{Device, DeviceKind};
use scirs2_interop::sys::{DLDataType, DLPackVersion};
use scirs2_interop::{Error, Tensor};

/// Imports the tensor in both forms, and returns the error of both.
fn import_error(foreign: &Foreign) -> Error {
    let (managed, deletions) = foreign.clone().versioned();
    // SAFETY: a struct as DLPack describes it, but for the field under test,
    // which is rejected before memory behind it is read.
    let versioned = unsafe { Tensor::from_raw(managed) }.expect_err("must be rejected");
    assert_eq!(deletions.count(), 1, "{versioned}");

    let (managed, deletions) = foreign.clone().legacy();
    // SAFETY: as above.
    let legacy = unsafe { Tensor::from_raw(managed) }.expect_err("must be rejected");
    assert_eq!(deletions.count(), 1, "{legacy}");
    // Not the whole: each form has memory of its own, at another address.
    assert_eq!(discriminant(&versioned), discriminant(&legacy));
    versioned
}

fn error_after(change: impl FnOnce(&mut Foreign)) -> Error {
    let mut foreign = Foreign::valid();
    change(&mut foreign);
    import_error(&foreign)
}

#[test]
fn a_valid_tensor_is_imported() {
    let (managed, deletions) = Foreign::valid().versioned();
    // SAFETY: a valid tensor that nobody writes to.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert_eq!(tensor.view::<f64>().unwrap()[[1, 2]], 5.0);
    let clone = tensor.clone();
    drop(tensor);
    assert_eq!(deletions.count(), 0);
    drop(clone);
    assert_eq!(deletions.count(), 1);
}

#[test]
fn another_major_version_is_rejected() {
    for major in [0, 2, u32::MAX] {
        let version = DLPackVersion { major, minor: 9 };
        let (managed, deletions) = Foreign {
            version,
            ..Foreign::valid()
        }
        .versioned();
        // SAFETY: a valid tensor but for its version.
        let error = unsafe { Tensor::from_raw(managed) }.unwrap_err();
        assert_eq!(error, Error::Version(version));
        assert_eq!(deletions.count(), 1);
    }
}

#[test]
fn a_newer_minor_version_is_accepted() {
    let (managed, _) = Foreign {
        version: DLPackVersion {
            major: 1,
            minor: 99,
        },
        ..Foreign::valid()
    }
    .versioned();
    // SAFETY: a valid tensor that nobody writes to.
    assert!(unsafe { Tensor::from_raw(managed) }.is_ok());
}

#[test]
fn a_null_deleter_is_not_called() {
    let (managed, deletions) = Foreign {
        has_deleter: false,
        ..Foreign::valid()
    }
    .legacy();
    // SAFETY: a valid tensor that nobody writes to.
    drop(unsafe { Tensor::from_raw(managed) }.unwrap());
    assert_eq!(deletions.count(), 0);
    // Its producer frees it.
    // SAFETY: made by `legacy`, and deleted by nobody yet.
    unsafe { foreign::delete_legacy(managed.as_ptr()) };
}

#[test]
fn invalid_ndim() {
    for ndim in [-1, i32::MIN, 65, i32::MAX] {
        assert_eq!(
            error_after(|f| f.ndim = Some(ndim)),
            Error::Ndim(ndim.into())
        );
    }
}

#[test]
fn invalid_shape() {
    let error = error_after(|f| {
        f.shape = None;
        f.ndim = Some(2);
    });
    assert_eq!(error, Error::NullShape(2));

    let error = error_after(|f| f.shape = Some(vec![2, -3]));
    assert_eq!(
        error,
        Error::NegativeLength {
            axis: 1,
            length: -3
        }
    );
    let error = error_after(|f| f.shape = Some(vec![i64::MIN, 0]));
    assert!(matches!(error, Error::NegativeLength { axis: 0, .. }));

    for shape in [
        vec![i64::MAX, 2],
        vec![1 << 62, 1],
        vec![1 << 32, 1 << 32],
        vec![i64::MAX / 8 + 1, 1],
    ] {
        for strides in [Some(vec![0, 0]), Some(vec![1, 1]), None] {
            let error = error_after(|f| {
                f.shape = Some(shape.clone());
                f.strides = strides;
            });
            assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        }
    }
}

#[test]
fn invalid_strides() {
    for strides in [
        [i64::MAX, 1],
        [i64::MIN, 1],
        [1, i64::MAX / 2],
        [i64::MAX / 8, i64::MAX / 8],
        [1 << 60, -(1 << 60)],
    ] {
        let error = error_after(|f| f.strides = Some(strides.to_vec()));
        assert!(
            matches!(error, Error::StridesOutOfRange { .. }),
            "{strides:?}: {error}"
        );
    }
}

#[test]
fn strides_of_axes_of_length_one_are_ignored() {
    let mut foreign = Foreign::valid();
    foreign.shape = Some(vec![1, 3, 1]);
    foreign.strides = Some(vec![i64::MIN, 1, i64::MAX]);
    let (managed, _) = foreign.versioned();
    // SAFETY: a valid tensor that nobody writes to.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert_eq!(tensor.view::<f64>().unwrap()[[0, 2, 0]], 2.0);
    assert_eq!(tensor.strides(), [3, 1, 1]);
}

#[test]
fn invalid_data() {
    let error = error_after(|f| f.data = Some(0));
    assert_eq!(error, Error::NullData(6));
    let error = error_after(|f| {
        f.data = Some(0);
        f.byte_offset = 4096;
    });
    assert_eq!(error, Error::NullData(6));
    // The last element would be beyond the last address.
    let error = error_after(|f| f.data = Some(usize::MAX - 15));
    assert!(matches!(error, Error::StridesOutOfRange { .. }));
    // The lowest element would be below the first address.
    let error = error_after(|f| {
        f.data = Some(16);
        f.strides = Some(vec![-3, -1]);
    });
    assert!(matches!(error, Error::StridesOutOfRange { .. }));
}

#[test]
fn invalid_byte_offset() {
    for offset in [u64::MAX, 1 << 63] {
        let error = error_after(|f| f.byte_offset = offset);
        assert!(matches!(error, Error::ByteOffsetOutOfRange { .. }));
    }
    let (managed, _) = Foreign {
        byte_offset: 8,
        shape: Some(vec![5]),
        strides: None,
        ..Foreign::valid()
    }
    .legacy();
    // SAFETY: five of six numbers, from the second on.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert_eq!(tensor.view::<f64>().unwrap()[4], 5.0);
}

#[test]
fn misaligned_elements_are_imported_but_not_viewed() {
    let (managed, deletions) = Foreign {
        byte_offset: 4,
        shape: Some(vec![2]),
        strides: None,
        ..Foreign::valid()
    }
    .versioned();
    // SAFETY: two numbers, four bytes off.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert!(matches!(
        tensor.view::<f64>(),
        Err(Error::MisalignedData { .. })
    ));
    drop(tensor);
    assert_eq!(deletions.count(), 1);
}

#[test]
fn invalid_device() {
    for kind in [2, 7, 8, 10, 14, 0, -1, 21, i32::MAX] {
        let device = Device {
            kind: DeviceKind(kind),
            id: 3,
        };
        assert_eq!(error_after(|f| f.device = device), Error::Device(device));
    }
    for kind in [1, 3, 11, 13] {
        let mut foreign = Foreign::valid();
        foreign.device.kind = DeviceKind(kind);
        let (managed, _) = foreign.versioned();
        // SAFETY: a valid tensor that nobody writes to.
        assert!(unsafe { Tensor::from_raw(managed) }.is_ok());
    }
}

#[test]
fn invalid_dtype() {
    for (code, bits, lanes) in [
        (2, 64, 0),
        (2, 64, 2),
        (2, 128, 1),
        (2, 8, 1),
        (0, 3, 1),
        (0, 0, 1),
        (1, 128, 1),
        (3, 64, 1),
        (4, 32, 1),
        (5, 256, 1),
        (6, 1, 1),
        (10, 16, 1),
        (15, 8, 1),
        (17, 4, 2),
        (18, 64, 1),
        (19, 8, 1),
        (255, 255, 65535),
    ] {
        // 256 does not fit: the field then says 0.
        let dtype = DLDataType {
            code,
            bits: (bits % 256) as u8,
            lanes,
        };
        assert_eq!(
            error_after(|f| f.dtype = dtype),
            Error::UnsupportedDtype(dtype)
        );
    }
    let fp4 = DLDataType {
        code: 17,
        bits: 4,
        lanes: 2,
    };
    assert_eq!(
        error_after(|f| f.dtype = fp4).to_string(),
        "dtype: float4_e2m1fnx2 (code 17, bits 4, lanes 2) has no equivalent here; convert the \
         tensor first, for example to float32, or view its bytes, x.view(torch.uint8) in PyTorch"
    );
}

#[test]
fn empty_tensors_need_no_memory() {
    for (data, strides) in [
        (0, None),
        (0, Some(vec![i64::MAX, i64::MIN])),
        (1, Some(vec![0, 0])),
        (usize::MAX, Some(vec![3, 1])),
    ] {
        let (managed, _) = Foreign {
            data: Some(data),
            byte_offset: u64::MAX,
            shape: Some(vec![0, 3]),
            strides,
            ..Foreign::valid()
        }
        .versioned();
        // SAFETY: a tensor without elements.
        let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
        assert_eq!(tensor.view::<f64>().unwrap().shape(), [0, 3]);
    }
}

#[test]
fn a_scalar_needs_no_shape() {
    let (managed, _) = Foreign {
        shape: None,
        strides: None,
        ..Foreign::valid()
    }
    .legacy();
    // SAFETY: one number.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert_eq!(tensor.view::<f64>().unwrap().sum(), 0.0);
    assert!(tensor.shape().is_empty());
}

#[test]
fn a_view_of_another_dtype_is_rejected() {
    let (managed, _) = Foreign::valid().versioned();
    // SAFETY: a valid tensor that nobody writes to.
    let tensor = unsafe { Tensor::from_raw(managed) }.unwrap();
    assert_eq!(
        tensor.view::<i64>().unwrap_err().to_string(),
        "dtype: the elements are float64, not int64"
    );
}
