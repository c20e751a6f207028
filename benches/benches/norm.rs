//! Norms beside a plain `ndarray` expression, one thread and all of them.
//!
//! `cargo bench -p benches --bench norm -- "n = 1000"` runs some of them.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array, Array1, ArrayD, Axis, IxDyn};
use scirs2_core::pool::Workers;
use scirs2_linalg::{Axes, Normed, Order, Rounded, norm_into, norm_shape};

const ORDERS: [f64; 5] = [2.0, 1.0, f64::INFINITY, 0.0, 3.0];

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn random<T>(shape: &[usize], element: impl Fn(f64) -> T) -> ArrayD<T> {
    let mut state = 1u64;
    Array::from_shape_simple_fn(IxDyn(shape), || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        element((state >> 11) as f64 / 2f64.powi(52) - 1.0)
    })
}

fn group<'a, T>(c: &'a mut Criterion, name: &str, x: &ArrayD<T>) -> Group<'a> {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Bytes((x.len() * size_of::<T>()) as u64));
    group.sample_size(20);
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    group
}

/// As the Python binding calls it: into memory that is there.
fn ours<T: Normed>(group: &mut Group<'_>, name: &str, x: &ArrayD<T>, order: Order, axes: Axes) {
    let shape = norm_shape(x.shape(), order, axes, false).expect("a norm that there is");
    let mut out = ArrayD::from_elem(IxDyn(&shape), T::Norm::rounded(0.0));
    let all = Workers::current();
    for (threads, workers) in [("1 thread", Workers::serial()), ("all threads", all)] {
        group.bench_function(format!("{name}, {threads}"), |b| {
            b.iter(|| norm_into(black_box(x.view()), order, axes, out.view_mut(), &workers));
        });
    }
}

fn whole(c: &mut Criterion) {
    for n in [1000, 10_000, 100_000, 10_000_000] {
        let x = random(&[n], |x| x);
        let singles = random(&[n], |x| x as f32);
        let mut doubles = group(c, &format!("n = {n} f64"), &x);
        for p in ORDERS {
            ours(
                &mut doubles,
                &format!("ord {p}"),
                &x,
                Order::P(p),
                Axes::All,
            );
        }
        doubles.bench_function("ndarray sum of squares", |b| {
            b.iter(|| black_box(&x).fold(0.0, |sum, x| sum + x * x).sqrt());
        });
        doubles.finish();
        let mut group = group(c, &format!("n = {n} f32"), &singles);
        ours(&mut group, "ord 2", &singles, Order::P(2.0), Axes::All);
        group.finish();
    }
}

fn axes(c: &mut Criterion) {
    let x = random(&[3000, 2000], |x| x);
    let mut group = group(c, "3000 x 2000 f64", &x);
    for axis in [0, 1] {
        for p in ORDERS {
            let name = format!("axis {axis} ord {p}");
            ours(&mut group, &name, &x, Order::P(p), Axes::Vector(axis));
        }
        group.bench_function(format!("axis {axis} ndarray map_axis"), |b| {
            b.iter(|| -> Array1<f64> {
                let x = black_box(x.view()).into_dimensionality::<ndarray::Ix2>();
                let x = x.expect("two dimensions");
                x.map_axis(Axis(axis as usize), |lane| lane.dot(&lane).sqrt())
            });
        });
    }
    for order in [Order::Fro, Order::P(1.0), Order::P(f64::INFINITY)] {
        ours(&mut group, &format!("matrix {order}"), &x, order, Axes::All);
    }
    group.finish();
}

criterion_group!(benches, whole, axes);
criterion_main!(benches);
