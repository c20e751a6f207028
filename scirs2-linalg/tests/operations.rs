//! Operations on tensors of any dtype: what the functions for arrays give, and what is refused.

use ndarray::{Array2, ArrayD, Axis, array};
use num_traits::NumCast;
use scirs2_core::{Complex32, Complex64, DType};
use scirs2_interop::{Tensor, TensorRef};
use scirs2_linalg::operation::{
    self, Eig, Eigvals, Eigvalsh, Inv, Kind, Lstsq, Matmul, MatrixRank, OnFailure, Operation,
    Outputs, Qr, QrMode, Solve, Svd, Svdvals, Threshold,
};
use scirs2_linalg::{Error, LinalgScalar, Structure, SvdVectors};

fn matrix<T: LinalgScalar>() -> Array2<T> {
    let elements = [[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [0.0, -1.0, 5.0]];
    Array2::from_shape_fn((3, 3), |(row, column)| {
        let real = |x: f64| <T::Real as NumCast>::from(x).unwrap();
        T::from_parts([real(elements[row][column]), real(0.25 * row as f64)])
    })
}

fn agrees_with_the_functions<T: LinalgScalar>() {
    let a = matrix::<T>();
    let tensor = Tensor::from(a.clone());
    let svd = Svd {
        full_matrices: false,
        hermitian: false,
    };
    let results = operation::compute(&svd, &[&tensor]).unwrap();
    let factors = scirs2_linalg::svd(&a, SvdVectors::Thin, Structure::General).unwrap();
    assert_eq!(results[0].view::<T>().unwrap(), factors.u);
    assert_eq!(results[1].view::<T::Real>().unwrap(), factors.s);
    assert_eq!(results[2].view::<T>().unwrap(), factors.vh);

    let results = operation::compute(&Solve, &[&tensor, &tensor]).unwrap();
    let x = scirs2_linalg::solve(&a, &a).unwrap();
    assert_eq!(results[0].view::<T>().unwrap(), x);

    let results = operation::compute(&Eig, &[&tensor]).unwrap();
    let (values, vectors) = scirs2_linalg::eig(&a).unwrap();
    assert_eq!(results[0].view::<T::Complex>().unwrap(), values);
    assert_eq!(results[1].view::<T::Complex>().unwrap(), vectors);

    let results = operation::compute(&Lstsq { rcond: None }, &[&tensor, &tensor]).unwrap();
    let found = scirs2_linalg::lstsq(&a, &a, None).unwrap();
    assert_eq!(results[0].view::<T>().unwrap(), found.x);
    assert_eq!(results[2].view::<i32>().unwrap(), found.rank);
    assert_eq!(results[3].view::<T::Real>().unwrap(), found.singular_values);
}

#[test]
fn operations_give_what_the_functions_give() {
    agrees_with_the_functions::<f32>();
    agrees_with_the_functions::<f64>();
    agrees_with_the_functions::<Complex32>();
    agrees_with_the_functions::<Complex64>();
}

#[test]
fn results_are_known_before_any_element() {
    let qr = |mode| Qr { mode };
    let shapes = |mode| {
        let results = qr(mode).results(DType::Float32, &[&[7, 5, 3]]).unwrap();
        assert_eq!(results.batch, [7]);
        let each = results.each.into_iter();
        each.map(|result| result.shape).collect::<Vec<_>>()
    };
    assert_eq!(shapes(QrMode::Reduced), [vec![7, 5, 3], vec![7, 3, 3]]);
    assert_eq!(shapes(QrMode::Complete), [vec![7, 5, 5], vec![7, 5, 3]]);
    assert_eq!(shapes(QrMode::R), [vec![7, 3, 3]]);
    assert_eq!(shapes(QrMode::Raw), [vec![7, 3, 5], vec![7, 3]]);

    let rank = MatrixRank {
        threshold: Threshold::Relative(ArrayD::zeros(vec![9, 1])),
        hermitian: false,
    };
    let results = rank.results(DType::Float64, &[&[7, 5, 3]]).unwrap();
    assert_eq!(results.each[0].shape, [9, 7]);
    assert_eq!(results.each[0].kind, Kind::Count);
    // An error counts matrices, not thresholds.
    assert_eq!(results.batch, [7]);
}

#[test]
fn integers_are_multiplied_and_not_solved() {
    let a = Tensor::from(array![[1_i64, 2], [3, 4]]);
    let product = operation::compute(&Matmul, &[&a, &a]).unwrap();
    assert_eq!(
        product[0].view::<i64>().unwrap(),
        array![[7, 10], [15, 22]].into_dyn()
    );
    let refused = operation::compute(&Solve, &[&a, &a]).unwrap_err();
    assert_eq!(refused, Error::Dtype(DType::Int64));
}

#[test]
fn operands_of_two_types_and_outputs_of_another_are_refused() {
    let (a, b) = (matrix::<f64>(), matrix::<f32>());
    let operands = [
        TensorRef::from(a.view().into_dyn()),
        TensorRef::from(b.view().into_dyn()),
    ];
    let mut out = a.clone();
    let outputs = std::iter::once(out.view_mut().into_dyn().into()).collect();
    let workers = scirs2_core::pool::Workers::serial();
    let refused = Solve.run(&operands, outputs, &workers).unwrap_err();
    assert!(matches!(refused, Error::Tensor(_)), "{refused:?}");

    let operands = [
        TensorRef::from(a.view().into_dyn()),
        TensorRef::from(a.view().into_dyn()),
    ];
    let mut out = b.clone();
    let outputs = std::iter::once(out.view_mut().into_dyn().into()).collect();
    let refused = Solve.run(&operands, outputs, &workers).unwrap_err();
    assert!(matches!(refused, Error::Tensor(_)), "{refused:?}");
}

/// The results of a batch in which some matrices fail, and those of each matrix by itself.
fn agrees_with_each_matrix(operation: &dyn Operation, a: &ArrayD<f64>, failing: &[usize]) {
    let count = a.shape()[0];
    let results = operation.results(DType::Float64, &[a.shape()]).unwrap();
    let mut arrays: Vec<ArrayD<f64>> = results
        .each
        .iter()
        .map(|result| ArrayD::from_elem(result.shape.clone(), 7.0))
        .collect();
    let outputs: Outputs<'_> = arrays.iter_mut().map(|x| x.view_mut().into()).collect();
    let operands = [TensorRef::from(a.view())];
    let workers = scirs2_core::pool::Workers::current();
    operation::run(operation, &operands, outputs, OnFailure::FillNan, &workers).unwrap();
    for number in 0..count {
        let one = Tensor::from(a.index_axis(Axis(0), number).to_owned());
        match operation::compute(operation, &[&one]) {
            Ok(expected) => {
                assert!(!failing.contains(&number), "{}: {number}", operation.name());
                for (array, expected) in arrays.iter().zip(&expected) {
                    let got = array.index_axis(Axis(0), number);
                    let close = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-12 * (1.0 + y.abs());
                    assert!(got.iter().zip(expected.view::<f64>().unwrap()).all(close));
                }
            }
            Err(_) => {
                assert!(failing.contains(&number), "{}: {number}", operation.name());
                for array in &arrays {
                    assert!(array.index_axis(Axis(0), number).iter().all(|x| x.is_nan()));
                }
            }
        }
    }
}

#[test]
fn matrices_that_fail_are_filled_and_the_others_computed() {
    // Alone and in batches of every kind: few, many, and of orders beyond every kernel.
    for (count, n) in [(1, 3), (3, 3), (200, 3), (40, 20), (3, 130)] {
        let element = |at: &[usize]| {
            let noise = (at[0] * 7 + at[1] * 31 + at[2] * 17) % 23;
            noise as f64 / 23.0 + if at[1] == at[2] { n as f64 } else { 0.0 }
        };
        let regular =
            ArrayD::from_shape_fn(vec![count, n, n], |at| element(&[at[0], at[1], at[2]]));
        let failing: Vec<_> = (0..count).filter(|number| number % 3 == 0).collect();
        let spoiled = |x: f64| {
            let mut a = regular.clone();
            for &number in &failing {
                a.index_axis_mut(Axis(0), number).fill(x);
            }
            a
        };
        agrees_with_each_matrix(&Inv, &spoiled(0.0), &failing);
        // Values alone: vectors of near values are others by another route.
        let svdvals = Svdvals { hermitian: false };
        agrees_with_each_matrix(&svdvals, &spoiled(f64::NAN), &failing);
        let eigvalsh = Eigvalsh { upper: false };
        agrees_with_each_matrix(&eigvalsh, &spoiled(1.0), &[]);
        eigenvalues_are_filled(&spoiled(f64::INFINITY), &failing);
    }
}

/// The values of matrices that fail are NaN; whether all values are real is one result of all.
fn eigenvalues_are_filled(a: &ArrayD<f64>, failing: &[usize]) {
    let results = Eigvals.results(DType::Float64, &[a.shape()]).unwrap();
    let one = Complex64::new(1.0, 0.0);
    let mut values = ArrayD::from_elem(results.each[0].shape.clone(), one);
    let mut is_real = ArrayD::from_elem(results.each[1].shape.clone(), 7_i32);
    let outputs = Outputs::from_iter([values.view_mut().into(), is_real.view_mut().into()]);
    let operands = [TensorRef::from(a.view())];
    let workers = scirs2_core::pool::Workers::current();
    operation::run(&Eigvals, &operands, outputs, OnFailure::FillNan, &workers).unwrap();
    for (number, values) in values.axis_iter(Axis(0)).enumerate() {
        let is_nan = values.iter().all(|value| value.re.is_nan());
        assert_eq!(is_nan, failing.contains(&number));
    }
    assert_ne!(is_real[[]], -1);
}

#[test]
fn products_of_integers_fail_for_no_matrix() {
    let a = array![[1_i8, 2], [3, 4]].into_dyn();
    let mut product = ArrayD::from_elem(vec![2, 2], 0_i8);
    let outputs = Outputs::from_iter([product.view_mut().into()]);
    let operands = [TensorRef::from(a.view()), TensorRef::from(a.view())];
    let workers = scirs2_core::pool::Workers::serial();
    operation::run(&Matmul, &operands, outputs, OnFailure::FillNan, &workers).unwrap();
    assert_eq!(product, array![[7_i8, 10], [15, 22]].into_dyn());
}

#[test]
fn a_rank_that_fails_is_no_rank_whatever_the_tolerance() {
    let mut a = ArrayD::from_elem(vec![4, 3, 3], 1.0);
    a.index_axis_mut(Axis(0), 2).fill(f64::NAN);
    let rank = MatrixRank {
        threshold: Threshold::Relative(ArrayD::from_elem(vec![5, 1], 1e-10)),
        hermitian: false,
    };
    let mut ranks = ArrayD::from_elem(vec![5, 4], 7_i64);
    let outputs = std::iter::once(ranks.view_mut().into()).collect();
    let operands = [TensorRef::from(a.view())];
    let workers = scirs2_core::pool::Workers::serial();
    let done = operation::run(&rank, &operands, outputs, OnFailure::FillNan, &workers);
    assert_eq!(done, Ok(()));
    for (place, &rank) in ranks.indexed_iter() {
        assert_eq!(rank, if place[1] == 2 { -1 } else { 1 }, "{place:?}");
    }
}
