//! Linear algebra beside faer, nalgebra and ndarray-linalg, one thread and all
//! of them.
//!
//! ndarray-linalg calls the same OpenBLAS: what lies between it and scirs2 is
//! the driver and the copies. `cargo bench -p benches --bench linalg -- "solve n = 64"`
//! runs some of them.

use std::ffi::c_int;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use faer::linalg::solvers::{DenseSolveCore, Solve, SolveLstsq};
use faer::{Mat, Par, Side};
use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2};
use ndarray_linalg::{
    Cholesky, Determinant, Eig, EigValsh, Eigh, Inverse, JobSvd, LeastSquaresSvd, QR, SVDDC,
    Solve as _, UPLO,
};
use scirs2_core::threads;
use scirs2_linalg::{QrShape, Structure, SvdVectors, Triangle};

const SIZES: [usize; 5] = [4, 16, 64, 256, 1024];
// Below, no library takes more than one thread for one matrix.
const THREADED: usize = 256;
// Above, one call of some lasts a minute.
const LARGEST_EIG: usize = 256;
const LARGEST_NALGEBRA: usize = 256;
const AGREEMENT: f64 = 1e-7;

/// A call, which answers with one number of its result: all must agree on it.
type Call<'a> = Box<dyn Fn() -> f64 + 'a>;

/// The same operands in the types of every library: a general matrix, a
/// positive definite one, and a right-hand side.
struct Operands {
    n: usize,
    a: Array2<f64>,
    h: Array2<f64>,
    b: Array1<f64>,
    faer: [Mat<f64>; 3],
    nalgebra: (DMatrix<f64>, DMatrix<f64>, DVector<f64>),
}

impl Operands {
    fn new(n: usize) -> Self {
        let mut state = 1u64;
        let mut number = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / 2f64.powi(52) - 1.0
        };
        let a = Array2::from_shape_simple_fn((n, n), &mut number);
        let h = a.dot(&a.t()) + Array2::<f64>::eye(n) * n as f64;
        let b = Array1::from_shape_simple_fn(n, number);
        Operands {
            n,
            faer: [
                Mat::from_fn(n, n, |i, j| a[[i, j]]),
                Mat::from_fn(n, n, |i, j| h[[i, j]]),
                Mat::from_fn(n, 1, |i, _| b[i]),
            ],
            nalgebra: (
                DMatrix::from_fn(n, n, |i, j| a[[i, j]]),
                DMatrix::from_fn(n, n, |i, j| h[[i, j]]),
                DVector::from_fn(n, |i, _| b[i]),
            ),
            a,
            h,
            b,
        }
    }
}

/// Gives a library that many threads.
fn set_threads(library: &str, threads: usize) {
    unsafe extern "C" {
        fn openblas_set_num_threads(threads: c_int);
    }
    threads::set_threads(threads).expect("a count that there can be");
    faer::set_global_parallelism(match threads {
        1 => Par::Seq,
        _ => Par::rayon(threads),
    });
    // scirs2 keeps OpenBLAS at one thread and takes more itself where it wants them; the
    // count of the library that was timed before must not stay.
    let threads = if library == "scirs2" { 1 } else { threads };
    let threads = c_int::try_from(threads).expect("fewer than an int can say");
    // SAFETY: takes a plain integer, and no other thread calls the library now.
    unsafe { openblas_set_num_threads(threads) };
}

/// Times every call, after all of them agreed.
fn compare<const N: usize>(c: &mut Criterion, op: &str, n: usize, calls: [(&str, Call<'_>); N]) {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    for threads in [1, cores] {
        if threads > 1 && n < THREADED {
            break;
        }
        let mut group = c.benchmark_group(format!("{op} n = {n}, {threads} threads"));
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(100));
        group.measurement_time(Duration::from_millis(500));
        let expected = calls[0].1();
        for (library, call) in &calls {
            if *library == "nalgebra" && (n > LARGEST_NALGEBRA || threads > 1) {
                continue;
            }
            let found = call();
            let apart = (found - expected).abs() / expected.abs().max(1.0);
            assert!(apart < AGREEMENT, "{op} {n} {library}: {found} {expected}");
            group.bench_function(*library, |b| {
                b.iter_custom(|count| {
                    set_threads(library, threads);
                    let start = Instant::now();
                    for _ in 0..count {
                        black_box(call());
                    }
                    start.elapsed()
                });
            });
        }
        group.finish();
    }
}

fn products_and_systems(c: &mut Criterion) {
    for n in SIZES {
        let o = Operands::new(n);
        let (a, h, b) = (&o.a, &o.h, &o.b);
        let [fa, fh, fb] = &o.faer;
        let (na, nh, nb) = &o.nalgebra;
        let last = o.n - 1;
        compare(
            c,
            "matmul",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::matmul(a, h).unwrap()[[0, last]]),
                ),
                ("ndarray-linalg", Box::new(|| a.dot(h)[[0, last]])),
                ("faer", Box::new(|| (fa * fh)[(0, last)])),
                ("nalgebra", Box::new(|| (na * nh)[(0, last)])),
            ],
        );
        compare(
            c,
            "cholesky",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::cholesky(h, Triangle::Lower).unwrap()[[last, last]]),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| h.cholesky(UPLO::Lower).unwrap()[[last, last]]),
                ),
                (
                    "faer",
                    Box::new(|| fh.llt(Side::Lower).unwrap().L()[(last, last)]),
                ),
                (
                    "nalgebra",
                    Box::new(|| nh.clone().cholesky().unwrap().l()[(last, last)]),
                ),
            ],
        );
        compare(
            c,
            "solve",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::solve(a, b).unwrap()[[last]]),
                ),
                ("ndarray-linalg", Box::new(|| a.solve(b).unwrap()[last])),
                (
                    "faer",
                    Box::new(|| fa.partial_piv_lu().solve(fb)[(last, 0)]),
                ),
                (
                    "nalgebra",
                    Box::new(|| na.clone().lu().solve(nb).unwrap()[last]),
                ),
            ],
        );
        compare(
            c,
            "inv",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::inv(a).unwrap()[[0, last]]),
                ),
                ("ndarray-linalg", Box::new(|| a.inv().unwrap()[[0, last]])),
                (
                    "faer",
                    Box::new(|| fa.partial_piv_lu().inverse()[(0, last)]),
                ),
                (
                    "nalgebra",
                    Box::new(|| na.clone().try_inverse().unwrap()[(0, last)]),
                ),
            ],
        );
        // Scaled, for the product of a thousand pivots is beyond any double.
        let scale = 1.0 / (n as f64 / 8.0).sqrt();
        let (a, fa, na) = (&(a * scale), &(faer::Scale(scale) * fa), &(na * scale));
        compare(
            c,
            "det",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::det(a).unwrap()[[]].abs().ln()),
                ),
                ("ndarray-linalg", Box::new(|| a.det().unwrap().abs().ln())),
                ("faer", Box::new(|| fa.determinant().abs().ln())),
                ("nalgebra", Box::new(|| na.determinant().abs().ln())),
            ],
        );
    }
}

fn orthogonal(c: &mut Criterion) {
    for n in SIZES {
        let o = Operands::new(n);
        let (a, b) = (&o.a, &o.b);
        let [fa, _, fb] = &o.faer;
        let (na, _, nb) = &o.nalgebra;
        let last = o.n - 1;
        compare(
            c,
            "qr",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::qr(a, QrShape::Reduced).unwrap().1[[0, 0]].abs()),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| a.qr().unwrap().1[[0, 0]].abs()),
                ),
                (
                    "faer",
                    Box::new(|| {
                        let qr = fa.qr();
                        black_box(qr.compute_thin_Q());
                        qr.thin_R()[(0, 0)].abs()
                    }),
                ),
                (
                    "nalgebra",
                    Box::new(|| {
                        let (q, r) = na.clone().qr().unpack();
                        black_box(q);
                        r[(0, 0)].abs()
                    }),
                ),
            ],
        );
        compare(
            c,
            "svd",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| {
                        let factors = scirs2_linalg::svd(a, SvdVectors::Full, Structure::General);
                        factors.unwrap().s[[0]]
                    }),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| a.svddc(JobSvd::All).unwrap().1[0]),
                ),
                ("faer", Box::new(|| fa.svd().unwrap().S()[0])),
                (
                    "nalgebra",
                    Box::new(|| na.clone().svd(true, true).singular_values[0]),
                ),
            ],
        );
        compare(
            c,
            "svdvals",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::svdvals(a, Structure::General).unwrap()[[0]]),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| a.svddc(JobSvd::None).unwrap().1[0]),
                ),
                ("faer", Box::new(|| fa.singular_values().unwrap()[0])),
                ("nalgebra", Box::new(|| na.singular_values()[0])),
            ],
        );
        compare(
            c,
            "lstsq",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::lstsq(a, b, None).unwrap().x[[last]]),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| a.least_squares(b).unwrap().solution[last]),
                ),
                ("faer", Box::new(|| fa.qr().solve_lstsq(fb)[(last, 0)])),
                (
                    "nalgebra",
                    Box::new(|| na.clone().svd(true, true).solve(nb, 0.0).unwrap()[last]),
                ),
            ],
        );
    }
}

fn eigenvalues(c: &mut Criterion) {
    for n in SIZES {
        let o = Operands::new(n);
        let (a, h) = (&o.a, &o.h);
        let [fa, fh, _] = &o.faer;
        let (_, nh, _) = &o.nalgebra;
        let last = o.n - 1;
        compare(
            c,
            "eigh",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::eigh(h, Triangle::Lower).unwrap().0[[last]]),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| h.eigh(UPLO::Lower).unwrap().0[last]),
                ),
                (
                    "faer",
                    Box::new(|| fh.self_adjoint_eigen(Side::Lower).unwrap().S()[last]),
                ),
                (
                    "nalgebra",
                    Box::new(|| nh.clone().symmetric_eigen().eigenvalues.max()),
                ),
            ],
        );
        compare(
            c,
            "eigvalsh",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| scirs2_linalg::eigvalsh(h, Triangle::Lower).unwrap()[[last]]),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| h.eigvalsh(UPLO::Lower).unwrap()[last]),
                ),
                (
                    "faer",
                    Box::new(|| fh.self_adjoint_eigenvalues(Side::Lower).unwrap()[last]),
                ),
                ("nalgebra", Box::new(|| nh.symmetric_eigenvalues().max())),
            ],
        );
        if n > LARGEST_EIG {
            continue;
        }
        // nalgebra has the eigenvalues alone.
        let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        compare(
            c,
            "eig",
            n,
            [
                (
                    "scirs2",
                    Box::new(|| {
                        let values = scirs2_linalg::eig(a).unwrap().0;
                        largest(&mut values.iter().map(|value| value.norm()))
                    }),
                ),
                (
                    "ndarray-linalg",
                    Box::new(|| {
                        let values = a.eig().unwrap().0;
                        largest(&mut values.iter().map(|value| value.norm()))
                    }),
                ),
                (
                    "faer",
                    Box::new(|| {
                        let found = fa.eigen().unwrap();
                        largest(&mut found.S().column_vector().iter().map(|value| value.norm()))
                    }),
                ),
            ],
        );
    }
}

criterion_group!(benches, products_and_systems, orthogonal, eigenvalues);
criterion_main!(benches);
