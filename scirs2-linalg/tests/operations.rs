//! Operations on tensors of any dtype: what the functions for arrays give, and what is refused.

use ndarray::{Array2, ArrayD, array};
use num_traits::NumCast;
use scirs2_core::{Complex32, Complex64, DType};
use scirs2_interop::{Tensor, TensorRef};
use scirs2_linalg::operation::{
    self, Eig, Kind, Lstsq, Matmul, MatrixRank, Operation, Qr, QrMode, Solve, Svd, Threshold,
};
use scirs2_linalg::{Error, LinalgScalar};

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
    let (u, s, vh) = scirs2_linalg::svd(&a, false, false).unwrap();
    assert_eq!(results[0].view::<T>().unwrap(), u);
    assert_eq!(results[1].view::<T::Real>().unwrap(), s);
    assert_eq!(results[2].view::<T>().unwrap(), vh);

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
