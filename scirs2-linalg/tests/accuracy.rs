//! What every decomposition and solver answers, held against its formula by plain loops in
//! double precision: all four types, odd orders on both sides of those at which the kernels
//! end, one matrix and several.

use ndarray::{Array2, Array3, ArrayD, ArrayViewD, Axis, Ix1, Ix2};
use num_traits::{Zero, cast};
use scirs2_core::{Complex32, Complex64};
use scirs2_linalg::{
    LinalgScalar, Op, Order, QrShape, Structure, SvdFactors, SvdVectors, Tolerance, Triangle,
    Triangular, cho_factor, cho_solve, cholesky, cond, det, eig, eigh, eigvals, eigvalsh, inv,
    lstsq, lu, lu_factor, lu_solve, matmul, matrix_power, matrix_rank, pinv, qr, qr_r, slogdet,
    solve, solve_triangular, svd, svdvals,
};

const ORDERS: [usize; 12] = [1, 2, 3, 4, 5, 7, 16, 17, 31, 33, 49, 70];
/// One matrix alone, and groups for the kernels for many, with a rest.
const BATCHES: [usize; 2] = [1, 5];
/// Errors are bounded by so many `n eps`; those seen are about one, but
/// five of singular vectors, where LAPACK neglects some units whatever the order.
const UNITS: f64 = 8.0;

type Matrix = Array2<Complex64>;

/// Runs a test for each type.
macro_rules! for_each_type {
    ($($name:ident;)+) => {$(
        #[test]
        fn $name() {
            of_each::$name::<f32>();
            of_each::$name::<f64>();
            of_each::$name::<Complex32>();
            of_each::$name::<Complex64>();
        }
    )+};
}

for_each_type! {
    products_are_sums_of_products;
    solutions_solve;
    inverses_invert;
    determinants_are_products_of_pivots;
    lu_factors_give_the_matrix;
    cholesky_factors_give_the_matrix;
    triangular_systems_are_solved;
    orthogonal_factors_give_the_matrix;
    singular_values_and_vectors_give_the_matrix;
    hermitian_eigenvectors_are_only_stretched;
    eigenvectors_are_only_stretched;
    pseudo_inverses_fulfil_penroses_equations;
    least_squares_leave_what_is_orthogonal;
    ranks_and_conditions_are_those_of_the_singular_values;
}

fn eps<T: LinalgScalar>() -> f64 {
    if size_of::<T::Real>() == 4 {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    }
}

/// A number in double precision.
fn wide<T: LinalgScalar>(x: T) -> Complex64 {
    let [re, im] = x.parts();
    Complex64::new(re.into(), im.into())
}

fn narrow<T: LinalgScalar>(x: Complex64) -> T {
    let real = |x: f64| cast::<_, T::Real>(x).expect("a number in range");
    // A real type drops the other part.
    T::from_parts([real(x.re), real(x.im)])
}

/// Numbers between -1 and 1 without a pattern, in each part, over the root of the columns.
fn numbers<T: LinalgScalar>(batch: usize, m: usize, n: usize) -> Array3<T> {
    let mut state = (7 + 31 * batch + 101 * m + 1009 * n) as u64;
    let mut number = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let size = (n as f64).sqrt();
    Array3::from_shape_simple_fn((batch, m, n), || {
        narrow(Complex64::new(number() / size, number() / size))
    })
}

/// Numbers with a large diagonal from one corner to the other, down to which pivots go.
fn regular<T: LinalgScalar>(batch: usize, n: usize) -> Array3<T> {
    let mut a = numbers::<T>(batch, n, n);
    for row in 0..n {
        for mut matrix in a.outer_iter_mut() {
            matrix[[row, n - 1 - row]] += narrow::<T>(2.0.into());
        }
    }
    a
}

fn hermitian<T: LinalgScalar>(batch: usize, n: usize) -> Array3<T> {
    let a = numbers::<T>(batch, n, n);
    Array3::from_shape_fn((batch, n, n), |(k, i, j)| {
        let (x, y) = (wide(a[[k, i, j]]), wide(a[[k, j, i]]).conj());
        narrow((x + y) / 2.0)
    })
}

fn definite<T: LinalgScalar>(batch: usize, n: usize) -> Array3<T> {
    let mut a = hermitian::<T>(batch, n);
    for i in 0..n {
        for mut matrix in a.outer_iter_mut() {
            // Beyond the largest eigenvalue that the rest may have.
            matrix[[i, i]] += narrow::<T>(3.0.into());
        }
    }
    a
}

/// One matrix of a batch, in double precision.
fn at<T: LinalgScalar>(a: &ArrayD<T>, number: usize) -> Matrix {
    let matrix = a.index_axis(Axis(0), number).into_dimensionality::<Ix2>();
    matrix.expect("two axes").mapv(wide)
}

/// One row of values of a batch.
fn values_at<T: LinalgScalar>(a: &ArrayD<T>, number: usize) -> Vec<Complex64> {
    let row = a.index_axis(Axis(0), number).into_dimensionality::<Ix1>();
    row.expect("one axis").iter().map(|&x| wide(x)).collect()
}

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    assert_eq!(a.ncols(), b.nrows());
    let mut product = Matrix::zeros((a.nrows(), b.ncols()));
    for (from, mut to) in a.rows().into_iter().zip(product.rows_mut()) {
        for (&x, row) in from.iter().zip(b.rows()) {
            for (sum, &y) in to.iter_mut().zip(row) {
                *sum += x * y;
            }
        }
    }
    product
}

fn adjoint(a: &Matrix) -> Matrix {
    a.t().mapv(|x| x.conj())
}

fn diagonal(values: &[Complex64]) -> Matrix {
    let n = values.len();
    Matrix::from_shape_fn(
        (n, n),
        |(i, j)| if i == j { values[i] } else { Complex64::ZERO },
    )
}

fn norm(a: &Matrix) -> f64 {
    a.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt()
}

/// Two matrices are the same to some `n eps` of `size`.
#[track_caller]
fn close<T: LinalgScalar>(got: &Matrix, expected: &Matrix, size: f64) {
    assert_eq!(got.shape(), expected.shape());
    let n = got.nrows().max(got.ncols()) as f64;
    let error = norm(&(got - expected));
    let bound = UNITS * (n + 1.0) * eps::<T>() * size;
    let name = std::any::type_name::<T>();
    assert!(
        error <= bound,
        "{name}, {:?}: {error:e} > {bound:e}",
        got.shape()
    );
}

#[track_caller]
fn orthonormal<T: LinalgScalar>(q: &Matrix) {
    let one = Matrix::eye(q.ncols());
    close::<T>(
        &times(&adjoint(q), q),
        &one,
        (q.nrows().max(1) as f64).sqrt(),
    );
}

/// Nothing stands on that side of the diagonal.
#[track_caller]
fn triangular(a: &Matrix, is_lower: bool) {
    for ((i, j), x) in a.indexed_iter() {
        assert!(if is_lower { i >= j } else { i <= j } || x.is_zero());
    }
}

fn op(a: &Matrix, op: Op) -> Matrix {
    match op {
        Op::NoTranspose => a.clone(),
        Op::Transpose => a.t().to_owned(),
        Op::Adjoint => adjoint(a),
    }
}

/// Calls with each batch and order.
fn each(mut work: impl FnMut(usize, usize)) {
    for batch in BATCHES {
        for n in ORDERS {
            work(batch, n);
        }
    }
}

/// Calls with each batch and shape: square ones, tall ones and wide ones.
fn each_shape(mut work: impl FnMut(usize, usize, usize)) {
    each(|batch, n| {
        let more = n + n / 2 + 1;
        work(batch, n, n);
        work(batch, more, n);
        work(batch, n, more);
    });
}

mod of_each {
    use super::*;

    pub(super) fn products_are_sums_of_products<T: LinalgScalar + scirs2_linalg::Numeric>() {
        each_shape(|batch, m, n| {
            let (a, b) = (numbers::<T>(batch, m, n), numbers::<T>(batch, n, m));
            let product = matmul(&a, &b).unwrap();
            let power = matrix_power(&product, 3).unwrap();
            let (a, b) = (a.into_dyn(), b.into_dyn());
            for k in 0..batch {
                let (x, y) = (at(&a, k), at(&b, k));
                close::<T>(&at(&product, k), &times(&x, &y), norm(&x) * norm(&y));
                let one = at(&product, k);
                let cube = times(&times(&one, &one), &one);
                close::<T>(&at(&power, k), &cube, norm(&one).powi(3));
            }
        });
    }

    pub(super) fn solutions_solve<T: LinalgScalar>() {
        each(|batch, n| {
            let (a, b) = (regular::<T>(batch, n), numbers::<T>(batch, n, 3));
            let x = solve(&a, &b).unwrap();
            let (a, b) = (a.into_dyn(), b.into_dyn());
            for k in 0..batch {
                let (a, x) = (at(&a, k), at(&x, k));
                close::<T>(&times(&a, &x), &at(&b, k), norm(&a) * norm(&x));
            }
        });
    }

    pub(super) fn inverses_invert<T: LinalgScalar>() {
        each(|batch, n| {
            let a = regular::<T>(batch, n);
            let x = inv(&a).unwrap();
            let a = a.into_dyn();
            for k in 0..batch {
                let (a, x) = (at(&a, k), at(&x, k));
                close::<T>(&times(&a, &x), &Matrix::eye(n), norm(&a) * norm(&x));
            }
        });
    }

    /// By elimination in double precision, with the largest pivot of a column.
    fn determinant(mut a: Matrix) -> Complex64 {
        let n = a.nrows();
        let mut product = Complex64::ONE;
        for k in 0..n {
            let largest = |i: &usize, j: &usize| a[[*i, k]].norm().total_cmp(&a[[*j, k]].norm());
            let pivot = (k..n).max_by(largest).expect("a row is left");
            if pivot != k {
                product = -product;
                for j in 0..n {
                    a.swap([k, j], [pivot, j]);
                }
            }
            product *= a[[k, k]];
            for i in k + 1..n {
                let factor = a[[i, k]] / a[[k, k]];
                for j in k..n {
                    let x = a[[k, j]];
                    a[[i, j]] -= factor * x;
                }
            }
        }
        product
    }

    pub(super) fn determinants_are_products_of_pivots<T: LinalgScalar>() {
        each(|batch, n| {
            let a = regular::<T>(batch, n);
            let (found, parts) = (det(&a).unwrap(), slogdet(&a).unwrap());
            let a = a.into_dyn();
            for k in 0..batch {
                let expected = determinant(at(&a, k));
                // The matrix is within two of its diagonal: its condition is a small number.
                let bound = UNITS * (n + 1) as f64 * eps::<T>() * 4.0;
                let error = (wide(found[[k]]) - expected).norm() / expected.norm();
                assert!(error <= bound, "{n}: {error:e} > {bound:e}");
                let (sign, log) = (wide(parts.sign[[k]]), parts.logabsdet[[k]].into());
                assert!((sign - expected / expected.norm()).norm() <= bound);
                let rounded = eps::<T>() * f64::abs(log);
                assert!((log - expected.norm().ln()).abs() <= bound + rounded);
            }
        });
    }

    pub(super) fn lu_factors_give_the_matrix<T: LinalgScalar>() {
        each_shape(|batch, m, n| {
            let a = numbers::<T>(batch, m, n);
            let found = lu(&a).unwrap();
            let a = a.into_dyn();
            for k in 0..batch {
                let (l, u) = (at(&found.l, k), at(&found.u, k));
                triangular(&l, true);
                triangular(&u, false);
                assert!(l.diag().iter().all(|x| *x == Complex64::ONE));
                let product = times(&l, &u);
                let rows: Vec<usize> = (0..m)
                    .map(|row| usize::try_from(found.permutation[[k, row]]).unwrap())
                    .collect();
                let permuted = product.select(Axis(0), &rows);
                close::<T>(&permuted, &at(&a, k), norm(&l) * norm(&u));
            }
        });
        each(|batch, n| {
            let (a, b) = (regular::<T>(batch, n), numbers::<T>(batch, n, 2));
            let factors = lu_factor(&a).unwrap();
            let (a, b) = (a.into_dyn(), b.into_dyn());
            for how in [Op::NoTranspose, Op::Transpose, Op::Adjoint] {
                let x = lu_solve(&factors, &b, how).unwrap();
                for k in 0..batch {
                    let (a, x) = (op(&at(&a, k), how), at(&x, k));
                    close::<T>(&times(&a, &x), &at(&b, k), norm(&a) * norm(&x));
                }
            }
        });
    }

    pub(super) fn cholesky_factors_give_the_matrix<T: LinalgScalar>() {
        each(|batch, n| {
            let (a, b) = (definite::<T>(batch, n), numbers::<T>(batch, n, 2));
            for triangle in [Triangle::Lower, Triangle::Upper] {
                let factor = cholesky(&a, triangle).unwrap();
                let to_solve = cho_factor(&a, triangle).unwrap();
                let x = cho_solve(&to_solve, triangle, &b).unwrap();
                let is_upper = triangle == Triangle::Upper;
                let (a, b) = (a.view().into_dyn(), b.view().into_dyn());
                for k in 0..batch {
                    let (a, factor, x) = (at(&a.to_owned(), k), at(&factor, k), at(&x, k));
                    triangular(&factor, !is_upper);
                    let turned = adjoint(&factor);
                    let product = if is_upper {
                        times(&turned, &factor)
                    } else {
                        times(&factor, &turned)
                    };
                    close::<T>(&product, &a, norm(&a));
                    let right = at(&b.to_owned(), k);
                    close::<T>(&times(&a, &x), &right, norm(&a) * norm(&x));
                }
            }
        });
    }

    pub(super) fn triangular_systems_are_solved<T: LinalgScalar>() {
        each(|batch, n| {
            let (a, b) = (definite::<T>(batch, n), numbers::<T>(batch, n, 2));
            for (read, unit_diagonal) in [
                (Triangle::Upper, false),
                (Triangle::Upper, true),
                (Triangle::Lower, false),
                (Triangle::Lower, true),
            ] {
                for how in [Op::NoTranspose, Op::Transpose, Op::Adjoint] {
                    let system = Triangular {
                        triangle: read,
                        op: how,
                        unit_diagonal,
                    };
                    let x = solve_triangular(&a, &b, system).unwrap();
                    for k in 0..batch {
                        let mut triangle = at(&a.view().into_dyn().to_owned(), k);
                        for ((i, j), element) in triangle.indexed_iter_mut() {
                            if i == j && unit_diagonal {
                                *element = Complex64::ONE;
                            } else if match read {
                                Triangle::Lower => i < j,
                                Triangle::Upper => i > j,
                            } {
                                *element = Complex64::ZERO;
                            }
                        }
                        let (triangle, x) = (op(&triangle, how), at(&x, k));
                        let right = at(&b.view().into_dyn().to_owned(), k);
                        close::<T>(&times(&triangle, &x), &right, norm(&triangle) * norm(&x));
                    }
                }
            }
        });
    }

    pub(super) fn orthogonal_factors_give_the_matrix<T: LinalgScalar>() {
        each_shape(|batch, m, n| {
            let a = numbers::<T>(batch, m, n);
            let alone = qr_r(&a).unwrap();
            for (shape, columns) in [(QrShape::Reduced, m.min(n)), (QrShape::Complete, m)] {
                let (q, r) = qr(&a, shape).unwrap();
                let a = a.view().into_dyn().to_owned();
                for k in 0..batch {
                    let (a, q, r) = (at(&a, k), at(&q, k), at(&r, k));
                    assert_eq!(q.ncols(), columns);
                    orthonormal::<T>(&q);
                    triangular(&r, false);
                    close::<T>(&times(&q, &r), &a, norm(&a));
                    let r = at(&alone, k);
                    triangular(&r, false);
                    let gram = times(&adjoint(&a), &a);
                    close::<T>(&times(&adjoint(&r), &r), &gram, norm(&a).powi(2));
                }
            }
        });
    }

    /// Real, not below zero, and the largest first.
    fn are_in_order(values: &[Complex64]) -> bool {
        values.iter().all(|x| x.im == 0.0 && x.re >= 0.0)
            && values.windows(2).all(|pair| pair[0].re >= pair[1].re)
    }

    pub(super) fn singular_values_and_vectors_give_the_matrix<T>()
    where
        T: LinalgScalar,
        T::Real: LinalgScalar<Real = T::Real>,
    {
        each_shape(|batch, m, n| {
            let a = numbers::<T>(batch, m, n);
            let alone = svdvals(&a, Structure::General).unwrap();
            for (vectors, columns) in [(SvdVectors::Thin, m.min(n)), (SvdVectors::Full, m)] {
                let SvdFactors { u, s, vh } = svd(&a, vectors, Structure::General).unwrap();
                let a = a.view().into_dyn().to_owned();
                for k in 0..batch {
                    let (a, u, vh) = (at(&a, k), at(&u, k), at(&vh, k));
                    let values = values_at(&s, k);
                    assert!(are_in_order(&values));
                    orthonormal::<T>(&u);
                    orthonormal::<T>(&adjoint(&vh));
                    assert_eq!(u.ncols(), columns);
                    let thin = |x: Matrix| x.select(Axis(1), &Vec::from_iter(0..m.min(n)));
                    let (u, v) = (thin(u), thin(adjoint(&vh)));
                    let product = times(&times(&u, &diagonal(&values)), &adjoint(&v));
                    close::<T>(&product, &a, norm(&a));
                    let others = values_at(&alone, k);
                    assert!(are_in_order(&others));
                    close::<T>(&diagonal(&others), &diagonal(&values), norm(&a));
                }
            }
        });
    }

    pub(super) fn hermitian_eigenvectors_are_only_stretched<T>()
    where
        T: LinalgScalar,
        T::Real: LinalgScalar<Real = T::Real>,
    {
        each(|batch, n| {
            let a = hermitian::<T>(batch, n);
            for triangle in [Triangle::Lower, Triangle::Upper] {
                let (w, v) = eigh(&a, triangle).unwrap();
                let alone = eigvalsh(&a, triangle).unwrap();
                let a = a.view().into_dyn().to_owned();
                for k in 0..batch {
                    let (a, v) = (at(&a, k), at(&v, k));
                    let (w, others) = (values_at(&w, k), values_at(&alone, k));
                    for values in [&w, &others] {
                        assert!(values.windows(2).all(|pair| pair[0].re <= pair[1].re));
                    }
                    orthonormal::<T>(&v);
                    close::<T>(&times(&a, &v), &times(&v, &diagonal(&w)), norm(&a));
                    close::<T>(&diagonal(&others), &diagonal(&w), norm(&a));
                }
            }
        });
    }

    pub(super) fn eigenvectors_are_only_stretched<T: LinalgScalar>() {
        each(|batch, n| {
            let a = numbers::<T>(batch, n, n);
            let (w, v) = eig(&a).unwrap();
            let alone = eigvals(&a).unwrap();
            let a = a.into_dyn();
            for k in 0..batch {
                let (a, v) = (at(&a, k), at(&v, k));
                let (w, others) = (values_at(&w, k), values_at(&alone, k));
                for column in v.columns() {
                    let length = column.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
                    assert!((length - 1.0).abs() <= UNITS * (n + 1) as f64 * eps::<T>());
                }
                let stretched = times(&v, &diagonal(&w));
                close::<T>(&times(&a, &v), &stretched, norm(&a) * (n as f64).sqrt());
                // Their sum is the trace, whatever the condition of each.
                for values in [w, others] {
                    let sum = Matrix::from_elem((1, 1), values.iter().sum());
                    let trace = Matrix::from_elem((1, 1), a.diag().sum());
                    close::<T>(&sum, &trace, norm(&a) * n as f64);
                }
            }
        });
    }

    pub(super) fn pseudo_inverses_fulfil_penroses_equations<T: LinalgScalar>() {
        each_shape(|batch, m, n| {
            if m == n {
                return;
            }
            let a = numbers::<T>(batch, m, n);
            let x = pinv(&a, None, Structure::General).unwrap();
            let a = a.into_dyn();
            for k in 0..batch {
                let (a, x) = (at(&a, k), at(&x, k));
                let (left, right) = (times(&x, &a), times(&a, &x));
                let size = norm(&a) * norm(&x);
                close::<T>(&times(&a, &left), &a, norm(&a) * size);
                close::<T>(&times(&left, &x), &x, norm(&x) * size);
                close::<T>(&left, &adjoint(&left), size);
                close::<T>(&right, &adjoint(&right), size);
            }
        });
    }

    pub(super) fn least_squares_leave_what_is_orthogonal<T>()
    where
        T: LinalgScalar,
        T::Real: LinalgScalar<Real = T::Real>,
    {
        each(|batch, n| {
            let m = n + n / 2 + 1;
            let (a, b) = (numbers::<T>(batch, m, n), numbers::<T>(batch, m, 2));
            let found = lstsq(&a, &b, None).unwrap();
            let (a, b) = (a.into_dyn(), b.into_dyn());
            for k in 0..batch {
                let (a, b, x) = (at(&a, k), at(&b, k), at(&found.x, k));
                let left = &b - &times(&a, &x);
                let nothing = Matrix::zeros((n, 2));
                let size = norm(&a) * (norm(&a) * norm(&x) + norm(&b));
                close::<T>(&times(&adjoint(&a), &left), &nothing, size);
                for (column, sum) in left
                    .columns()
                    .into_iter()
                    .zip(values_at(&found.residuals, k))
                {
                    let expected: f64 = column.iter().map(Complex64::norm_sqr).sum();
                    let bound = UNITS * (m + 1) as f64 * eps::<T>() * norm(&b).powi(2);
                    assert!((sum.re - expected).abs() <= bound, "{n}: {sum} {expected}");
                }
                assert_eq!(found.rank[[k]], i32::try_from(n).unwrap());
            }
        });
    }

    pub(super) fn ranks_and_conditions_are_those_of_the_singular_values<T>()
    where
        T: LinalgScalar + scirs2_linalg::Numeric + scirs2_linalg::Normed<Norm = T::Real>,
        T::Real: LinalgScalar<Real = T::Real>,
    {
        each(|batch, n| {
            let half = n.div_ceil(2);
            let low = matmul(&numbers::<T>(batch, n, half), &numbers::<T>(batch, half, n));
            let rank = matrix_rank(&low.unwrap(), Tolerance::Default, Structure::General).unwrap();
            assert!(rank.iter().all(|&rank| usize::try_from(rank) == Ok(half)));
            let a = regular::<T>(batch, n);
            let conditions = cond(&a, Order::Default).unwrap();
            let s = svd(&a, SvdVectors::Thin, Structure::General).unwrap().s;
            for k in 0..batch {
                let values = values_at(&s, k);
                let expected = values[0].re / values[n - 1].re;
                let found: f64 = conditions[[k]].into();
                let bound = UNITS * (n + 1) as f64 * eps::<T>() * expected.powi(2);
                assert!((found - expected).abs() <= bound, "{n}: {found} {expected}");
            }
        });
    }
}

/// The sizes of errors that the tests above must notice.
#[test]
#[should_panic(expected = "> ")]
fn a_wrong_element_is_found() {
    let a = regular::<f32>(1, 5);
    let mut x = inv(&a).unwrap();
    x[[0, 2, 2]] += 1e-3;
    let a: ArrayViewD<'_, f32> = a.view().into_dyn();
    let (a, x) = (at(&a.to_owned(), 0), at(&x, 0));
    close::<f32>(&times(&a, &x), &Matrix::eye(5), norm(&a) * norm(&x));
}
