//! The snippets of the Rust guide, `docs/rust.rst`, which shows them from here.

use ndarray::{Array2, ArrayD, Axis, array};
use scirs2_core::pool::Workers;
use scirs2_interop::Tensor;
use scirs2_linalg::{Axes, Error, Order, Reason, norm, solve, solve_into};

#[test]
fn arrays() -> Result<(), Error> {
    // arrays: begin
    let a = array![[4.0, 2.0], [2.0, 5.0]];
    let b = array![8.0, 12.0];

    let x = solve(&a, &b)?;
    assert_eq!(x, array![1.0, 2.0].into_dyn());

    let lengths = norm(&a, Order::Default, Axes::Vector(0))?;
    assert_eq!(lengths, array![20f64.sqrt(), 29f64.sqrt()].into_dyn());
    // arrays: end
    Ok(())
}

#[test]
fn errors() {
    // errors: begin
    let mut matrices = ArrayD::zeros(vec![3, 2, 2]);
    for mut matrix in matrices.outer_iter_mut() {
        matrix.assign(&Array2::<f64>::eye(2));
    }
    matrices.index_axis_mut(Axis(0), 1).fill(0.0);

    match solve(&matrices, &array![1.0, 1.0]) {
        Err(Error::Matrix {
            index: Some(1),
            reason: Reason::Singular { pivot },
        }) => assert_eq!(pivot, 0),
        other => panic!("matrix 1 is zero, and the answer was {other:?}"),
    }
    // errors: end
}

#[test]
fn memory() -> Result<(), Error> {
    // memory: begin
    let a = array![[4.0, 2.0], [2.0, 5.0]].into_dyn();
    let b = array![8.0, 12.0].into_dyn();
    let mut x = ArrayD::zeros(vec![2]);

    let workers = Workers::current(); // as many threads as the environment says
    solve_into(a.view(), b.view(), x.view_mut(), &workers)?;
    assert_eq!(x, array![1.0, 2.0].into_dyn());
    // memory: end
    Ok(())
}

#[test]
fn tensors() -> Result<(), Error> {
    // tensors: begin
    let tensor = Tensor::from(array![[3.0_f32, 4.0], [6.0, 8.0]]);
    let shared = tensor.clone(); // a handle: the elements are not copied
    assert_eq!(shared.data(), tensor.data());

    let lengths = norm(&shared, Order::P(2.0), Axes::Vector(-1))?; // a tensor again
    assert_eq!(lengths.view::<f32>()?, array![5.0, 10.0].into_dyn());
    // tensors: end
    Ok(())
}
