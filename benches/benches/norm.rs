//! Norms beside a plain `ndarray` expression.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array, Array2, ArrayD, ArrayView2, Axis, IxDyn};
use scirs2_core::pool::Workers;
use scirs2_linalg::{Axes, Normed, Order, norm_into, norm_shape};

const MAX: Order = Order::P(f64::INFINITY);

fn random<T>(shape: &[usize], element: impl Fn(f64) -> T) -> ArrayD<T> {
    let mut state = 1u64;
    Array::from_shape_simple_fn(IxDyn(shape), || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        element((state >> 11) as f64 / 2f64.powi(52) - 1.0)
    })
}

/// One call, as the Python binding makes it.
fn call<T: Normed>(
    c: &mut Criterion,
    group: &str,
    name: &str,
    x: &ArrayD<T>,
    order: Order,
    axes: Axes,
) {
    let shape = norm_shape(x.shape(), order, axes, false).unwrap();
    let mut out = ArrayD::from_elem(IxDyn(&shape), T::Norm::default());
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Bytes((x.len() * size_of::<T>()) as u64));
    for threads in ["1 thread", "all threads"] {
        let workers = match threads {
            "1 thread" => Workers::serial(),
            _ => Workers::current(),
        };
        group.bench_function(BenchmarkId::new(name, threads), |b| {
            b.iter(|| norm_into(black_box(x.view()), order, axes, out.view_mut(), &workers));
        });
    }
    group.finish();
}
