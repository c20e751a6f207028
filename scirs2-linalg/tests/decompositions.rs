//! Eigenvalues, singular values, QR and what is built on them: outputs with gaps
//! in them, and errors with their data.

use ndarray::{Array, ArrayD, ArrayViewMutD, Axis, IxDyn, Slice, array};
use scirs2_core::Complex64;
use scirs2_core::pool::Workers;
use scirs2_linalg::{
    Error, LeastSquares, Order, QrShape, Reason, Structure, SvdFactors, SvdVectors, Tolerance,
    Triangle, cond, cond_into, eig, eig_into, eigh, eigh_into, eigvals, eigvals_into, eigvalsh,
    eigvalsh_into, lstsq, lstsq_into, matrix_rank, matrix_rank_into, pinv, pinv_into, qr, qr_into,
    qr_r, qr_r_into, qr_raw, qr_raw_into, svd, svd_into, svdvals, svdvals_into,
};

/// Numbers that have no pattern.
fn numbers(shape: &[usize]) -> ArrayD<f64> {
    let mut state = 1_u32;
    ArrayD::from_shape_simple_fn(shape, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX) - 0.5
    })
}

/// Memory of twice the length along every axis.
struct StridedOutput<T>(ArrayD<T>);

impl<T: Clone + PartialEq + num_traits::Zero + std::fmt::Debug> StridedOutput<T> {
    fn new(shape: &[usize]) -> Self {
        let wide: Vec<usize> = shape.iter().map(|len| 2 * len).collect();
        StridedOutput(ArrayD::zeros(wide))
    }

    /// Every other element along every axis, from the last one on.
    fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let mut view = self.0.view_mut();
        view.slice_each_axis_inplace(|_| Slice::new(0, None, -2));
        view
    }

    /// The result is the expected one, and what lies between is as it was.
    fn holds(mut self, expected: &ArrayD<T>) {
        assert_eq!(self.view_mut(), expected.view());
        self.view_mut().fill(T::zero());
        assert!(self.0.iter().all(T::is_zero));
    }
}

fn workers() -> Workers<'static> {
    Workers::current()
}

#[test]
fn hermitian_eigenvalues_go_to_any_memory() -> Result<(), Error> {
    let a = numbers(&[2, 3, 4, 4]);
    for triangle in [Triangle::Lower, Triangle::Upper] {
        let (values, vectors) = eigh(&a, triangle)?;
        let (mut w, mut v) = (
            StridedOutput::new(values.shape()),
            StridedOutput::new(vectors.shape()),
        );
        eigh_into(a.view(), triangle, w.view_mut(), v.view_mut(), &workers())?;
        w.holds(&values);
        v.holds(&vectors);
        let alone = eigvalsh(&a, triangle)?;
        let mut w = StridedOutput::new(alone.shape());
        eigvalsh_into(a.view(), triangle, w.view_mut(), &workers())?;
        w.holds(&alone);
    }
    Ok(())
}

#[test]
fn singular_values_go_to_any_memory() -> Result<(), Error> {
    for shape in [[2, 3, 4, 2], [2, 3, 2, 4], [2, 3, 3, 3]] {
        let a = numbers(&shape);
        let mut options = vec![
            (SvdVectors::Thin, Structure::General),
            (SvdVectors::Full, Structure::General),
        ];
        if shape[2] == shape[3] {
            options.push((SvdVectors::Thin, Structure::Hermitian));
        }
        for (vectors, structure) in options {
            let SvdFactors { u, s, vh } = svd(&a, vectors, structure)?;
            let mut outputs = (
                StridedOutput::new(u.shape()),
                StridedOutput::new(s.shape()),
                StridedOutput::new(vh.shape()),
            );
            let views = (
                outputs.0.view_mut(),
                outputs.1.view_mut(),
                outputs.2.view_mut(),
            );
            svd_into(a.view(), structure, views, &workers())?;
            outputs.0.holds(&u);
            outputs.1.holds(&s);
            outputs.2.holds(&vh);
        }
        let values = svdvals(&a, Structure::General)?;
        let mut s = StridedOutput::new(values.shape());
        svdvals_into(a.view(), Structure::General, s.view_mut(), &workers())?;
        s.holds(&values);
    }
    Ok(())
}

#[test]
fn orthogonal_factors_go_to_any_memory() -> Result<(), Error> {
    for shape in [[2, 3, 4, 2], [2, 3, 2, 4], [2, 3, 3, 3]] {
        let a = numbers(&shape);
        for factors in [QrShape::Reduced, QrShape::Complete] {
            let (q, r) = qr(&a, factors)?;
            let (mut to_q, mut to_r) =
                (StridedOutput::new(q.shape()), StridedOutput::new(r.shape()));
            qr_into(a.view(), to_q.view_mut(), to_r.view_mut(), &workers())?;
            to_q.holds(&q);
            to_r.holds(&r);
        }
        let r = qr_r(&a)?;
        let mut to_r = StridedOutput::new(r.shape());
        qr_r_into(a.view(), to_r.view_mut(), &workers())?;
        to_r.holds(&r);
        let (h, tau) = qr_raw(&a)?;
        let (mut to_h, mut to_tau) = (
            StridedOutput::new(h.shape()),
            StridedOutput::new(tau.shape()),
        );
        qr_raw_into(a.view(), to_h.view_mut(), to_tau.view_mut(), &workers())?;
        to_h.holds(&h);
        to_tau.holds(&tau);
    }
    Ok(())
}

#[test]
fn eigenvalues_go_to_any_memory_and_tell_whether_they_are_real() -> Result<(), Error> {
    let a = numbers(&[2, 3, 4, 4]);
    let (values, vectors) = eig(&a)?;
    let (mut w, mut v) = (
        StridedOutput::new(values.shape()),
        StridedOutput::new(vectors.shape()),
    );
    let real = eig_into(a.view(), w.view_mut(), v.view_mut(), &workers())?;
    assert_eq!(real, values.iter().all(|value| value.im == 0.0));
    w.holds(&values);
    v.holds(&vectors);
    let values = eigvals(&a)?;
    let mut w = StridedOutput::new(values.shape());
    eigvals_into(a.view(), w.view_mut(), &workers())?;
    w.holds(&values);
    let mut w = ArrayD::<Complex64>::zeros(IxDyn(&[2]));
    let triangle = array![[1.0, 5.0], [0.0, 2.0]].into_dyn();
    assert!(eigvals_into(triangle.view(), w.view_mut(), &workers())?);
    let rotation = array![[0.0, 1.0], [-1.0, 0.0]].into_dyn();
    assert!(!eigvals_into(rotation.view(), w.view_mut(), &workers())?);
    Ok(())
}

#[test]
fn least_squares_go_to_any_memory() -> Result<(), Error> {
    let (a, b) = (numbers(&[2, 1, 5, 3]), numbers(&[3, 5, 2]));
    let found = lstsq(&a, &b, None)?;
    let mut x = StridedOutput::new(found.x.shape());
    let mut residuals = StridedOutput::new(found.residuals.shape());
    let mut rank = StridedOutput::new(found.rank.shape());
    let mut singular_values = StridedOutput::new(found.singular_values.shape());
    let out = LeastSquares {
        x: x.view_mut(),
        residuals: residuals.view_mut(),
        rank: rank.view_mut(),
        singular_values: singular_values.view_mut(),
    };
    lstsq_into(a.view(), b.view(), None, out, &workers())?;
    x.holds(&found.x);
    residuals.holds(&found.residuals);
    rank.holds(&found.rank);
    singular_values.holds(&found.singular_values);
    assert_eq!(found.x.shape(), [2, 3, 3, 2]);
    Ok(())
}

#[test]
fn what_is_built_on_singular_values_goes_to_any_memory() -> Result<(), Error> {
    let a = numbers(&[2, 3, 4, 4]);
    let inverse = pinv(&a, None, Structure::General)?;
    let mut out = StridedOutput::new(inverse.shape());
    pinv_into(
        a.view(),
        None,
        Structure::General,
        out.view_mut(),
        &workers(),
    )?;
    out.holds(&inverse);
    let rank = matrix_rank(&a, Tolerance::Default, Structure::General)?;
    let mut out = StridedOutput::new(rank.shape());
    matrix_rank_into(
        a.view(),
        Tolerance::Default,
        Structure::General,
        out.view_mut(),
        &workers(),
    )?;
    out.holds(&rank);
    assert_eq!(rank, ArrayD::from_elem(IxDyn(&[2, 3]), 4));
    for order in [Order::Default, Order::P(-2.0), Order::P(1.0), Order::Nuc] {
        let condition = cond(&a, order)?;
        let mut out = StridedOutput::new(condition.shape());
        cond_into(a.view(), order, out.view_mut(), &workers())?;
        out.holds(&condition);
    }
    Ok(())
}

#[test]
fn a_tolerance_may_have_more_axes_than_the_matrices() -> Result<(), Error> {
    let a = Array::from_diag(&array![4.0, 2.0, 1.0]);
    let tolerance = array![[1.5], [3.0]].into_dyn();
    let rank = matrix_rank(
        &a,
        Tolerance::Absolute(tolerance.view()),
        Structure::General,
    )?;
    assert_eq!(rank, array![[2], [1]].into_dyn());
    let refused = pinv(&a, Some(tolerance.view()), Structure::General);
    assert!(matches!(refused, Err(Error::Broadcast { .. })));
    Ok(())
}

#[test]
fn the_matrix_with_a_nan_is_named() {
    let mut a = numbers(&[2, 3, 4, 4]);
    a[[1, 1, 2, 0]] = f64::NAN;
    let number = |reason| Error::Matrix {
        index: Some(4),
        reason,
    };
    let nan = number(Reason::NotANumber);
    let full = svd(&a, SvdVectors::Full, Structure::General);
    assert_eq!(full.unwrap_err(), nan);
    assert_eq!(svdvals(&a, Structure::General).unwrap_err(), nan);
    assert_eq!(pinv(&a, None, Structure::General).unwrap_err(), nan);
    assert_eq!(lstsq(&a, &numbers(&[4]), None).unwrap_err(), nan);
    assert_eq!(cond(&a, Order::Nuc).unwrap_err(), nan);
    assert_eq!(eig(&a).unwrap_err(), number(Reason::NotFinite));
    a[[1, 1, 2, 0]] = f64::INFINITY;
    assert_eq!(eigvals(&a).unwrap_err(), number(Reason::NotFinite));
}

#[test]
fn what_has_no_values_is_answered_with_nan() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut a = numbers(&[2, 3, 4, 4]);
        a[[1, 1, 2, 0]] = value;
        // The other triangle is not read.
        let (values, _) = eigh(&a, Triangle::Upper).unwrap();
        assert!(values.iter().all(|x| x.is_finite()));
        let (values, vectors) = eigh(&a, Triangle::Lower).unwrap();
        // Those of the matrix itself, and of no other.
        let check = |x: &ArrayD<f64>| {
            let its = x.index_axis(Axis(0), 1).index_axis_move(Axis(0), 1);
            assert!(its.iter().all(|x| x.is_nan()));
            let all = x.iter().filter(|x| x.is_nan());
            assert_eq!(all.count(), its.len());
        };
        check(&values);
        check(&vectors);
        check(&eigvalsh(&a, Triangle::Lower).unwrap());
        check(&svdvals(&a, Structure::Hermitian).unwrap());
        check(&pinv(&a, None, Structure::Hermitian).unwrap());
        let rank = matrix_rank(&a, Tolerance::Default, Structure::Hermitian).unwrap();
        assert_eq!(rank[[1, 1]], 0);
        if value.is_infinite() {
            let full = svd(&a, SvdVectors::Full, Structure::General).unwrap();
            for x in [
                full.u,
                full.s,
                full.vh,
                svdvals(&a, Structure::General).unwrap(),
            ] {
                check(&x);
            }
            assert!(cond(&a, Order::Fro).is_ok_and(|c| c[[1, 1]].is_infinite()));
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_told() {
    let wide = numbers(&[2, 3]);
    let not_square = Error::NotSquare {
        rows: 2,
        columns: 3,
    };
    assert_eq!(eigh(&wide, Triangle::Lower).unwrap_err(), not_square);
    assert_eq!(eig(&wide).unwrap_err(), not_square);
    let hermitian = svd(&wide, SvdVectors::Thin, Structure::Hermitian);
    assert_eq!(hermitian.unwrap_err(), not_square);
    assert_eq!(cond(&wide, Order::P(1.0)).unwrap_err(), not_square);
    assert_eq!(
        lstsq(&wide, &numbers(&[3]), None).unwrap_err(),
        Error::RightSide {
            matrix: vec![2, 3],
            right: vec![3],
        }
    );
    // One element, seen as more rows than LAPACK counts.
    let one = numbers(&[1, 1]);
    let tall = one.broadcast(ndarray::IxDyn(&[1 << 31, 1])).unwrap();
    assert!(lstsq(&tall, &tall, None).is_err());
    assert_eq!(
        cond(&numbers(&[0, 3]), Order::Default).unwrap_err(),
        Error::NoElements { shape: vec![0, 3] }
    );
    let mut small = ArrayD::zeros(IxDyn(&[1]));
    assert_eq!(
        svdvals_into(
            wide.view(),
            Structure::General,
            small.view_mut(),
            &workers()
        )
        .unwrap_err(),
        Error::OutputShape {
            expected: vec![2],
            got: vec![1],
        }
    );
}

#[test]
fn what_lapack_cannot_count_is_refused_before_any_work() {
    // Views of one element, as large as they say.
    let one = ndarray::arr0(1.0_f64);
    let side = usize::try_from(i32::MAX).expect("32 bits") + 1;
    let beyond = one.broadcast((side, 1)).expect("one element broadcasts");
    let too_large = Error::TooLarge {
        rows: side,
        columns: 1,
    };
    assert_eq!(svdvals(&beyond, Structure::General).unwrap_err(), too_large);
    assert_eq!(qr_r(&beyond).unwrap_err(), too_large);
    // The sides fit, the scratch memory that LAPACK counts does not.
    const SIDE: usize = 40_000_000;
    let square = one.broadcast((SIDE, SIDE)).expect("as above");
    let mut values = ArrayD::zeros(IxDyn(&[SIDE]));
    let refused = eigvalsh_into(
        square.into_dyn(),
        Triangle::Lower,
        values.view_mut(),
        &workers(),
    );
    assert!(matches!(refused, Err(Error::TooLarge { .. })));
}

#[test]
fn full_matrices_beyond_memory_are_refused() {
    let tall = ndarray::Array2::<f32>::zeros((4_000_000, 1));
    for refused in [
        svd(&tall, SvdVectors::Full, Structure::General).map(|_| ()),
        qr(&tall, QrShape::Complete).map(|_| ()),
    ] {
        assert!(
            matches!(
                refused,
                Err(Error::SquareMemory {
                    order: 4_000_000,
                    ..
                })
            ),
            "{refused:?}"
        );
    }
}
