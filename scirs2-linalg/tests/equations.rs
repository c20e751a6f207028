//! Equations and factors in memory of any strides, and the data of errors.

use ndarray::{Array2, Array3, ArrayD, ArrayViewD, Axis, IxDyn, Slice, array, s};
use scirs2_core::Complex64;
use scirs2_core::pool::Workers;
use scirs2_linalg::{
    Error, LinalgScalar, Op, Permutation, Reason, Triangle, Triangular, cho_factor,
    cho_factor_into, cho_solve, cho_solve_into, cholesky, det, det_into, inv, inv_into, lu,
    lu_factor, lu_factor_into, lu_into, lu_solve, lu_solve_into, slogdet, slogdet_into, solve,
    solve_into, solve_triangular, solve_triangular_into, tensorinv, tensorinv_into, tensorsolve,
    tensorsolve_into,
};

/// Symmetric, positive definite and different from place to place.
fn matrices(batch: usize, n: usize) -> ArrayD<f64> {
    let at = |(k, i, j): (usize, usize, usize)| {
        let diagonal = if i == j { (n + k) as f64 } else { 0.0 };
        diagonal + 1.0 / (1.0 + i as f64 + j as f64)
    };
    Array3::from_shape_fn((batch, n, n), at).into_dyn()
}

fn sides(batch: usize, n: usize, k: usize) -> ArrayD<f64> {
    Array3::from_shape_fn((batch, n, k), |(b, i, j)| (b + 2 * i + 3 * j) as f64 - 4.0).into_dyn()
}

/// Runs `work` on an output whose elements lie apart and backwards.
fn strided<T: LinalgScalar>(
    shape: &[usize],
    work: impl FnOnce(ndarray::ArrayViewMutD<'_, T>) -> Result<(), Error>,
) -> ArrayD<T> {
    let doubled = shape.iter().map(|len| 2 * len).collect::<Vec<_>>();
    let mut buffer = ArrayD::<T>::zeros(doubled);
    let mut view = buffer.view_mut();
    for axis in 0..shape.len() {
        view.slice_axis_inplace(Axis(axis), Slice::new(0, None, -2));
    }
    work(view.view_mut()).unwrap();
    view.to_owned()
}

fn close(a: ArrayViewD<'_, f64>, b: ArrayViewD<'_, f64>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-13)
}

#[test]
fn outputs_of_any_strides_hold_what_the_functions_answer() {
    let (a, b) = (matrices(3, 4), sides(3, 4, 2));
    let w = Workers::current();
    let got = strided(b.shape(), |out| solve_into(a.view(), b.view(), out, &w));
    assert_eq!(got, solve(&a, &b).unwrap());
    let got = strided(a.shape(), |out| inv_into(a.view(), out, &w));
    assert_eq!(got, inv(&a).unwrap());
    let got = strided(&[3], |out| det_into(a.view(), out, &w));
    assert_eq!(got, det(&a).unwrap());
    let expected = slogdet(&a).unwrap();
    let got = strided(&[3], |sign| {
        let log = strided(&[3], |log| slogdet_into(a.view(), sign, log, &w));
        assert_eq!(log, expected.logabsdet);
        Ok(())
    });
    assert_eq!(got, expected.sign);
    let how = Triangular {
        triangle: Triangle::Lower,
        op: Op::Adjoint,
        unit_diagonal: false,
    };
    let got = strided(b.shape(), |out| {
        solve_triangular_into(a.view(), b.view(), how, out, &w)
    });
    assert_eq!(got, solve_triangular(&a, &b, how).unwrap());
    let got = strided(a.shape(), |out| {
        cho_factor_into(a.view(), Triangle::Lower, out, &w)
    });
    let c = cho_factor(&a, Triangle::Lower).unwrap();
    assert_eq!(got, c);
    let got = strided(b.shape(), |out| {
        cho_solve_into(c.view(), Triangle::Lower, b.view(), out, &w)
    });
    assert_eq!(got, cho_solve(&c, Triangle::Lower, &b).unwrap());
}

#[test]
fn lu_into_memory_of_any_strides() {
    let a = matrices(3, 4).slice_move(s![.., ..;-1, ..3]).into_dyn();
    let w = Workers::current();
    let expected = lu(&a).unwrap();
    let mut indices = ArrayD::<i32>::zeros(IxDyn(&[3, 4]));
    let u = strided(&[3, 3, 3], |u| {
        let l = strided(&[3, 4, 3], |l| {
            lu_into(a.view(), Permutation::Indices(indices.view_mut()), l, u, &w)
        });
        assert_eq!(l, expected.l);
        Ok(())
    });
    assert_eq!(u, expected.u);
    assert_eq!(indices, expected.permutation);
    let p = strided(&[3, 4, 4], |p| {
        let (mut l, mut u) = (expected.l.clone(), expected.u.clone());
        let p = Permutation::Matrix(p);
        lu_into(a.view(), p, l.view_mut(), u.view_mut(), &w)
    });
    let mut u = expected.u.clone();
    let permuted = strided(&[3, 4, 3], |l| {
        lu_into(a.view(), Permutation::InL, l, u.view_mut(), &w)
    });
    for (place, &row) in indices.indexed_iter() {
        let row = usize::try_from(row).unwrap();
        assert_eq!(p[[place[0], place[1], row]], 1.0);
        assert_eq!(
            permuted.slice(s![place[0], place[1], ..]),
            expected.l.slice(s![place[0], row, ..])
        );
    }
    assert_eq!(p.sum(), 12.0);
}

#[test]
fn lu_factors_are_solved_with() {
    let (a, b) = (matrices(3, 4), sides(3, 4, 2));
    let w = Workers::current();
    let factors = lu_factor(&a).unwrap();
    let mut pivots = ArrayD::<i32>::zeros(IxDyn(&[3, 4]));
    let got = strided(a.shape(), |out| {
        lu_factor_into(a.view(), out, pivots.view_mut(), &w)
    });
    assert_eq!((got, pivots), (factors.lu.clone(), factors.pivots.clone()));
    let got = strided(b.shape(), |out| {
        let (lu, pivots) = (factors.lu.view(), factors.pivots.view());
        lu_solve_into(lu, pivots, b.view(), Op::NoTranspose, out, &w)
    });
    assert_eq!(got, lu_solve(&factors, &b, Op::NoTranspose).unwrap());
    assert!(close(got.view(), solve(&a, &b).unwrap().view()));
}

#[test]
fn tensors_of_any_strides() {
    let a = matrices(1, 6).into_shape_with_order(vec![2, 3, 6]).unwrap();
    let b = sides(1, 2, 3).into_shape_with_order(vec![2, 3]).unwrap();
    let w = Workers::current();
    let got = strided(&[6], |out| {
        tensorsolve_into(a.view(), b.view(), &[], out, &w)
    });
    assert_eq!(got, tensorsolve(&a, &b, &[]).unwrap());
    let got = strided(&[6, 2, 3], |out| tensorinv_into(a.view(), 2, out, &w));
    assert_eq!(got, tensorinv(&a, 2).unwrap());
    assert_eq!(tensorinv(&a, 0), Err(Error::Split { ind: 0 }));
    let error = tensorinv(&a, 1).unwrap_err();
    let shape = vec![2, 3, 6];
    let (rows, columns) = (2, 18);
    assert_eq!(
        error,
        Error::NotSquareTensor {
            shape,
            rows,
            columns
        }
    );
    let error = tensorsolve(&a, &b, &[3]).unwrap_err();
    assert_eq!(error, Error::AxisOutOfRange { axis: 3, ndim: 3 });
}

#[test]
fn the_adjoint_is_conjugated() {
    let i = Complex64::I;
    let a = array![[2.0 + i, 1.0 - i], [0.0 * i, 1.0 + 3.0 * i]];
    let x = array![[1.0 + i, 2.0 * i], [3.0 + 0.0 * i, 1.0 - i]];
    let b = a.t().mapv(|x| x.conj()).dot(&x);
    let how = Triangular {
        op: Op::Adjoint,
        ..Triangular::default()
    };
    let got = solve_triangular(&a, &b, how).unwrap();
    let error = (&got - &x).iter().map(|e| e.norm()).fold(0.0, f64::max);
    assert!(error <= 1e-15, "{error}");
    let got = lu_solve(&lu_factor(&a).unwrap(), &b, Op::Adjoint).unwrap();
    let error = (&got - &x).iter().map(|e| e.norm()).fold(0.0, f64::max);
    assert!(error <= 1e-15, "{error}");
}

#[test]
fn errors_tell_the_matrix_and_the_pivot() {
    let mut a = matrices(70, 3);
    a.slice_mut(s![65.., .., 2]).fill(0.0);
    let failed = |reason| Error::Matrix {
        index: Some(65),
        reason,
    };
    let singular = failed(Reason::Singular { pivot: 2 });
    let b = Array2::<f64>::ones((3, 2));
    assert_eq!(inv(&a), Err(singular.clone()));
    assert_eq!(solve(&a, &b), Err(singular.clone()));
    assert_eq!(
        solve_triangular(&a, &b, Triangular::default()),
        Err(singular.clone())
    );
    let mut factors = lu_factor(&a).unwrap();
    assert_eq!(lu_solve(&factors, &b, Op::NoTranspose), Err(singular));
    assert_eq!(det(&a).unwrap()[[65]], 0.0);
    factors.pivots[[4, 1]] = 3;
    let error = lu_solve(&factors, &b, Op::NoTranspose).unwrap_err();
    let reason = Reason::NoSuchRow { pivot: 1, row: 3 };
    assert_eq!(
        error,
        Error::Matrix {
            index: Some(4),
            reason
        }
    );
    a.fill(f64::NAN);
    let index = Some(0);
    let reason = Reason::NotFinite;
    assert_eq!(lu(&a).unwrap_err(), Error::Matrix { index, reason });
    assert!(solve(&a, &b).unwrap().iter().all(|x| x.is_nan()));
}

#[test]
fn shapes_that_do_not_fit_are_told() {
    let square = ArrayD::<f64>::zeros(vec![2, 3, 3]);
    let b = ArrayD::<f64>::zeros(vec![3, 3, 1]);
    let batches = vec![vec![2], vec![3]];
    assert_eq!(solve(&square, &b), Err(Error::Broadcast { batches }));
    let b = ArrayD::<f64>::zeros(vec![4]);
    assert!(matches!(solve(&square, &b), Err(Error::Mismatch { .. })));
    let number = ArrayD::<f64>::zeros(vec![]);
    let argument = 2;
    let error = solve(&square, &number).unwrap_err();
    let (shape, least) = (vec![], 1);
    assert_eq!(
        error,
        Error::TooFewAxes {
            argument,
            shape,
            least
        }
    );
    let mut out = ArrayD::<f64>::zeros(vec![3, 2]);
    let error = inv_into(square.view(), out.view_mut(), &Workers::serial()).unwrap_err();
    let (expected, got) = (vec![2, 3, 3], vec![3, 2]);
    assert_eq!(error, Error::OutputShape { expected, got });
}

#[test]
fn counts_beyond_32_bits_are_errors() {
    // Nothing is allocated for an axis of length zero, or for one element in all.
    let columns = 1 << 31;
    let b = ArrayD::<f64>::zeros(vec![0, columns]);
    let a = ArrayD::<f64>::zeros(vec![0, 0]);
    let too_large = Error::TooLarge { rows: 0, columns };
    assert_eq!(solve(&a, &b), Err(too_large.clone()));
    assert_eq!(lu(&b).unwrap_err(), too_large);
    let one = array![[1.0]];
    let wide = one.broadcast((columns, columns)).unwrap();
    let rows = columns;
    let too_large = Error::TooLarge { rows, columns };
    assert_eq!(inv(&wide), Err(too_large.clone()));
    assert_eq!(det(&wide), Err(too_large));
}

#[test]
fn factors_in_the_other_triangle_are_refused() {
    let a = ndarray::array![[4.0, 2.0], [2.0, 5.0]];
    let b = ndarray::array![6.0, 7.0];
    let lower = cholesky(&a, Triangle::Lower).unwrap();
    let upper = lower.t();
    for (factor, right, wrong) in [
        (lower.view(), Triangle::Lower, Triangle::Upper),
        (upper, Triangle::Upper, Triangle::Lower),
    ] {
        let x = cho_solve(&factor, right, &b).unwrap();
        assert_eq!(x, ndarray::array![1.0, 1.0].into_dyn());
        let error = cho_solve(&factor, wrong, &b).unwrap_err();
        assert_eq!(error, Error::OtherTriangle { read: wrong });
    }
}
