//! Import, view and drop of a foreign tensor, and export of an array, beside
//! dlpark.

use std::hint::black_box;
use std::ptr::NonNull;

use criterion::{Criterion, criterion_group, criterion_main};
use dlpark::TryFromDlpack;
use ndarray::{Array2, ArrayViewD};
use scirs2_interop::sys::{
    DLDataType, DLDevice, DLManagedTensorVersioned, DLTensor, FLAG_READ_ONLY, VERSION,
};
use scirs2_interop::{Owner, Tensor};

type Theirs = dlpark::ffi::DLManagedTensorVersioned;

/// A tensor of six numbers whose deleter does nothing, so that only the
/// consumer is timed.
struct Producer {
    memory: [f64; 6],
    shape: [i64; 2],
    strides: [i64; 2],
}

impl Producer {
    fn new() -> Self {
        Producer {
            memory: [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            shape: [2, 3],
            strides: [3, 1],
        }
    }

    fn managed(&mut self) -> DLManagedTensorVersioned {
        unsafe extern "C" fn nothing(_: *mut DLManagedTensorVersioned) {}
        DLManagedTensorVersioned {
            version: VERSION,
            manager_ctx: std::ptr::null_mut(),
            deleter: Some(nothing),
            flags: FLAG_READ_ONLY,
            dl_tensor: DLTensor {
                data: self.memory.as_mut_ptr().cast(),
                device: DLDevice::CPU,
                ndim: 2,
                dtype: DLDataType {
                    code: 2,
                    bits: 64,
                    lanes: 1,
                },
                shape: self.shape.as_mut_ptr(),
                strides: self.strides.as_mut_ptr(),
                byte_offset: 0,
            },
        }
    }
}

fn import(c: &mut Criterion) {
    let mut producer = Producer::new();
    let mut managed = producer.managed();
    let managed = NonNull::from(&mut managed);
    let mut group = c.benchmark_group("import, view, drop");

    group.bench_function("scirs2 Tensor (shared)", |b| {
        b.iter(|| {
            // SAFETY: a sound tensor whose deleter may be called at will.
            let tensor = unsafe { Tensor::from_raw(black_box(managed)) }.unwrap();
            tensor.view::<f64>().unwrap()[[1, 2]]
        });
    });
    group.bench_function("scirs2 Owner (alone)", |b| {
        b.iter(|| {
            // SAFETY: a sound tensor whose deleter may be called at will.
            let owner = unsafe { Owner::from_raw(black_box(managed)) };
            let description = owner.describe().unwrap();
            // SAFETY: six numbers that nobody writes.
            let view = unsafe { description.view::<f64>() }.unwrap();
            view[[1, 2]]
        });
    });
    group.bench_function("dlpark Managed (alone)", |b| {
        b.iter(|| {
            let managed = black_box(managed).as_ptr().cast::<Theirs>();
            // SAFETY: the same C struct, whose deleter may be called at will.
            let owner = unsafe { dlpark::versioned::Dlpack::from_raw(managed) }.unwrap();
            // SAFETY: six numbers that nobody writes.
            let view: ArrayViewD<'_, f64> =
                unsafe { TryFromDlpack::try_from_dlpack(&owner, ()) }.unwrap();
            view[[1, 2]]
        });
    });
    group.finish();
}

fn export(c: &mut Criterion) {
    let mut group = c.benchmark_group("array, export, drop");
    group.bench_function("scirs2 Tensor (shared)", |b| {
        b.iter(|| {
            let array = Array2::<f64>::zeros((2, 3));
            Tensor::from(array)
                .export::<DLManagedTensorVersioned>()
                .unwrap()
        });
    });
    group.bench_function("scirs2 Owner (alone)", |b| {
        b.iter(|| {
            let array = Array2::<f64>::zeros((2, 3));
            Owner::<DLManagedTensorVersioned>::try_from(array).unwrap()
        });
    });
    group.bench_function("dlpark Managed (alone)", |b| {
        b.iter(|| {
            let array = Box::new(Array2::<f64>::zeros((2, 3)));
            let initialized: dlpark::allocation::dynamic::Initialized<Theirs> =
                array.try_into().unwrap();
            // SAFETY: the adapter filled every field from the array.
            let managed: dlpark::versioned::Dlpack = unsafe { initialized.finish() };
            managed
        });
    });
    group.finish();
}

criterion_group!(benches, import, export);
criterion_main!(benches);
