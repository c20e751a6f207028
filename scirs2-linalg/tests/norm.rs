//! What `numpy.linalg.norm` (2.4.6) answers, and where this answers better.

use ndarray::{
    Array, Array1, Array2, Array3, ArrayD, ArrayViewD, Axis, Dimension, IxDyn, Slice, arr0, array,
    s,
};
use scirs2_core::pool::Workers;
use scirs2_core::{Bool, Complex64, f16};
use scirs2_interop::Tensor;
use scirs2_linalg::{Axes, Error, Normed, Order, Reason, norm, norm_into, norm_shape};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn p_norm<T: Normed>(elements: &[T], p: f64) -> T::Norm {
    norm(&Array1::from(elements.to_vec()), Order::P(p), Axes::All).unwrap()[[]]
}

fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

#[test]
fn non_finite_vectors_answer_as_numpy_does() {
    let orders = [2.0, INF, -INF, 0.0, 1.0, -1.0, 3.0, 0.5, -3.0, 70.5, NAN];
    let table: [(&[f64], [f64; 11]); 6] = [
        (&[], [0.0, 0.0, NAN, 0.0, 0.0, INF, 0.0, 0.0, INF, 0.0, NAN]),
        (
            &[1.0, NAN, 2.0],
            [NAN, NAN, NAN, 3.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        ),
        (
            &[1.0, INF, NAN],
            [NAN, NAN, NAN, 3.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        ),
        (
            &[-INF, 1.0],
            [INF, INF, 1.0, 2.0, INF, 1.0, INF, INF, 1.0, INF, NAN],
        ),
        (
            &[0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, NAN],
        ),
        (
            &[0.0, 1.0],
            [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, NAN],
        ),
    ];
    for (x, expected) in table {
        for (p, expected) in orders.into_iter().zip(expected) {
            if x.is_empty() && p == -INF {
                continue;
            }
            let got = p_norm(x, p);
            assert!(
                same(got, expected),
                "norm({x:?}, {p}) = {got}, not {expected}"
            );
        }
    }
}

#[test]
fn an_infinite_part_makes_an_infinite_modulus() {
    let of = |re, im, p| p_norm(&[Complex64::new(re, im)], p);
    for p in [INF, -INF, 1.0, 3.0, -1.0] {
        assert_eq!(of(NAN, INF, p), INF);
        assert!(of(NAN, 1.0, p).is_nan());
    }
    // As NumPy, which squares the parts.
    assert!(of(NAN, INF, 2.0).is_nan());
    assert_eq!(of(NAN, INF, 0.0), 1.0);
}

#[test]
fn nothing_overflows_or_underflows_that_can_be_represented() {
    for scale in [1e200, 1e-200, 1e300, 1e-300, 1e-310] {
        for count in [2, 100, 5000] {
            for p in [1.0, 2.0, 3.0, 0.75, 7.5, -1.0, -2.5, 100.0, -300.0] {
                let got = p_norm(&vec![-scale; count], p);
                let expected = scale * (count as f64).powf(1.0 / p);
                if expected.is_infinite() {
                    assert_eq!(got, INF);
                    continue;
                }
                // Eight roundings of the sum, and the reference's own, of 1 / p.
                let roundings = (8.0 + (count as f64).ln()) * p.abs().recip().max(1.0);
                let bound = (roundings * f64::EPSILON * expected).max(f64::from_bits(1));
                assert!(
                    (got - expected).abs() <= bound,
                    "{scale:e} {count} {p}: {got:e}"
                );
            }
        }
    }
    let z = Complex64::new(3e200, 4e200);
    for p in [1.0, 2.0, INF, -INF, 3.0] {
        assert!((p_norm(&[z], p) / 5e200 - 1.0).abs() < 4.0 * f64::EPSILON);
        assert!((p_norm(&[z * 1e-300 * 1e-100], p) / 5e-200 - 1.0).abs() < 4.0 * f64::EPSILON);
    }
    assert_eq!(p_norm(&[1e200, 1e-200], -INF), 1e-200);
    let tiny = f64::from_bits(1);
    assert_eq!(p_norm(&[tiny; 4], 2.0), 2.0 * tiny);
    assert_eq!(p_norm(&[f64::MAX], 2.0), f64::MAX);
    assert_eq!(
        p_norm(&vec![f16::from_f32(8.0); 4000], 2.0),
        f16::from_f32(506.0)
    );
}

#[test]
fn mixed_magnitudes_in_every_block_and_column() {
    let mut x = Array2::from_elem((5000, 7), 1.0);
    x[[4000, 3]] = 1e300;
    x[[17, 5]] = 1e300;
    x[[3000, 5]] = 1e300;
    x.column_mut(6).fill(1e-250);
    x.column_mut(1).fill(0.0);
    let columns: ArrayD<f64> = norm(&x, Order::P(2.0), Axes::Vector(0)).unwrap();
    let root = 5000f64.sqrt();
    let expected: [f64; 7] = [
        root,
        0.0,
        root,
        1e300,
        root,
        2f64.sqrt() * 1e300,
        root * 1e-250,
    ];
    for (&got, expected) in columns.iter().zip(expected) {
        let error: f64 = got - expected;
        assert!(
            error.abs() <= 4.0 * f64::EPSILON * expected,
            "{got:e} {expected:e}"
        );
    }
    let whole = norm(&x, Order::Fro, Axes::All).unwrap()[[]];
    assert!((whole / (3f64.sqrt() * 1e300) - 1.0).abs() < 4.0 * f64::EPSILON);
}

#[test]
fn integers_and_booleans_become_f64() {
    assert_eq!(p_norm(&[i8::MIN], 1.0), 128.0);
    assert_eq!(p_norm(&[i64::MIN], INF), 2f64.powi(63));
    assert_eq!(p_norm(&[u64::MAX], 2.0), 2f64.powi(64));
    let bytes = [0, 1, 2, 255].map(Bool::from_byte);
    assert_eq!(p_norm(&bytes, 1.0), 3.0);
    assert_eq!(p_norm(&bytes, INF), 1.0);
}

#[test]
fn empty_shapes_answer_or_are_refused_as_numpy_does() {
    let matrix = |shape: [usize; 2], order| {
        let x = Array2::<f64>::zeros(shape);
        norm(&x, order, Axes::All).map(|norm| norm[[]])
    };
    let zero = [
        (Order::Default, [0, 0]),
        (Order::Fro, [0, 3]),
        (Order::Nuc, [3, 0]),
        (Order::P(INF), [0, 3]),
        (Order::P(INF), [3, 0]),
        (Order::P(-INF), [3, 0]),
        (Order::P(1.0), [3, 0]),
        (Order::P(-1.0), [0, 3]),
        (Order::P(2.0), [0, 3]),
    ];
    for (order, shape) in zero {
        assert_eq!(matrix(shape, order), Ok(0.0), "{order} {shape:?}");
    }
    let refused = [
        (Order::P(-INF), [0, 3]),
        (Order::P(-1.0), [3, 0]),
        (Order::P(-2.0), [0, 3]),
        (Order::P(-2.0), [0, 0]),
    ];
    for (order, shape) in refused {
        let shape = shape.to_vec();
        let expected = Err(Error::Empty {
            order,
            shape: shape.clone(),
        });
        assert_eq!(matrix([shape[0], shape[1]], order), expected);
    }
    let x = Array3::<f64>::zeros((0, 3, 0));
    assert!(
        norm(&x, Order::P(-INF), Axes::Matrix(1, 2))
            .unwrap()
            .is_empty()
    );
    assert!(norm(&x, Order::P(-1.0), Axes::Matrix(1, 2)).is_err());
    assert_eq!(
        norm(&x, Order::P(3.0), Axes::Vector(0)).unwrap().shape(),
        [3, 0]
    );
    let rows = Array2::<f64>::zeros((3, 0));
    assert_eq!(
        norm(&rows, Order::P(-1.0), Axes::Vector(1)).unwrap(),
        array![INF, INF, INF].into_dyn()
    );
    assert_eq!(
        norm(&arr0(-3.0), Order::Default, Axes::All).unwrap()[[]],
        3.0
    );
}

#[test]
fn a_caller_s_mistake_is_an_error_that_says_what_to_do() {
    let x = Array3::<f32>::zeros((2, 3, 4));
    let message = |order, axes| norm(&x, order, axes).unwrap_err().to_string();
    assert_eq!(
        message(Order::P(2.0), Axes::Vector(3)),
        "axis 3 is out of range for an array of 3 dimension(s)"
    );
    assert_eq!(
        norm(&x, Order::P(2.0), Axes::Vector(isize::MIN)),
        Err(Error::AxisOutOfRange {
            axis: isize::MIN,
            ndim: 3
        })
    );
    assert_eq!(
        message(Order::Fro, Axes::Matrix(0, -3)),
        "axes 0 and -3 are the same axis; name each once"
    );
    assert!(message(Order::Nuc, Axes::Vector(0)).contains("nuc is not defined for vectors"));
    assert!(message(Order::P(3.0), Axes::Matrix(0, 1)).contains("3 is not defined for matrices"));
    assert!(message(Order::P(NAN), Axes::Matrix(0, 1)).contains("NaN is not defined"));
    assert!(message(Order::P(2.0), Axes::All).contains("needs 1 or 2 dimensions, not 3"));
    let mut out = ArrayD::zeros(IxDyn(&[3, 2]));
    let (x, out) = (x.view().into_dyn(), out.view_mut());
    assert_eq!(
        norm_into(x, Order::P(1.0), Axes::Vector(-1), out, &Workers::serial()),
        Err(Error::OutputShape {
            expected: vec![2, 3],
            got: vec![3, 2]
        })
    );
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    let shapes: [&[usize]; 6] = [
        &[1_500_000],
        &[1100, 1300],
        &[3, 400_000],
        &[400_000, 3],
        &[70, 90, 110],
        &[30_000, 20, 2],
    ];
    let orders = [2.0, 1.0, INF, -INF, 0.0, 3.0, 0.5, -1.5].map(Order::P);
    for shape in shapes {
        let x = Array::from_shape_fn(IxDyn(shape), |index| {
            let i = index
                .slice()
                .iter()
                .fold(7usize, |i, &j| i.wrapping_mul(31) ^ (j * j));
            (i % 10_007) as f64 * if i % 3 == 0 { 1e-200 } else { 0.1 }
        });
        let views = [x.view(), x.view().reversed_axes(), every_other(&x)];
        for x in views {
            for axis in 0..x.ndim() {
                for order in orders {
                    let axes = Axes::Vector(axis as isize);
                    assert!(
                        bits(&x, order, axes)
                            .windows(2)
                            .all(|pair| pair[0] == pair[1])
                    );
                }
            }
            assert!(
                bits(&x, Order::Default, Axes::All)
                    .windows(2)
                    .all(|pair| pair[0] == pair[1])
            );
            if x.ndim() > 1 {
                let sets = bits(&x, Order::P(1.0), Axes::Matrix(0, 1));
                assert!(sets.windows(2).all(|pair| pair[0] == pair[1]));
            }
        }
    }
}

fn bits(x: &ArrayViewD<'_, f64>, order: Order, axes: Axes) -> Vec<Vec<u64>> {
    let shape = norm_shape(x.shape(), order, axes, false).unwrap();
    let with = |threads| {
        let before = scirs2_core::threads::set_local_threads(Some(threads)).unwrap();
        let workers = Workers::current();
        scirs2_core::threads::set_local_threads(before).unwrap();
        let mut out = ArrayD::zeros(IxDyn(&shape));
        norm_into(x.view(), order, axes, out.view_mut(), &workers).unwrap();
        out.iter().map(|norm: &f64| norm.to_bits()).collect()
    };
    [1, 2, 5].map(with).to_vec()
}

/// Every other element along every axis, the first left out.
fn every_other(x: &ArrayD<f64>) -> ArrayViewD<'_, f64> {
    let mut view = x.view();
    for axis in 0..view.ndim() {
        view.slice_axis_inplace(Axis(axis), Slice::new(1, None, 2));
    }
    view
}

#[test]
fn a_stop_ends_a_long_call() {
    let x = Array1::<f64>::ones(3_000_000).into_dyn();
    let mut out = ArrayD::zeros(IxDyn(&[]));
    let stop = || true;
    let workers = Workers::current();
    let workers = workers.stopped_by(&stop);
    let result = norm_into(x.view(), Order::P(2.0), Axes::All, out.view_mut(), &workers);
    assert!(matches!(result, Err(Error::Interrupted(_))));
}

#[test]
fn singular_values_by_their_definition() {
    // An orthogonal matrix scales a diagonal one: its singular values are known.
    let n = 40;
    let reflector = Array2::from_shape_fn((n, n), |(i, j)| {
        f64::from(u8::from(i == j)) - 2.0 / n as f64
    });
    let sigma = Array1::from_shape_fn(n, |i| 2f64.powi(-(i as i32) / 4));
    for scale in [1.0, 1e200, 1e-200, 1e-305] {
        let a = reflector.dot(&Array2::from_diag(&sigma)).dot(&reflector) * scale;
        for (order, expected) in [
            (Order::P(2.0), sigma[0]),
            (Order::P(-2.0), sigma[n - 1]),
            (Order::Nuc, sigma.sum()),
        ] {
            let bound = 4.0 * n as f64 * f64::EPSILON * sigma[0];
            for view in [a.view(), a.t()] {
                let got = norm(&view, order, Axes::All).unwrap()[[]] / scale;
                assert!(
                    (got - expected).abs() <= bound,
                    "{order} {scale:e}: {got} {expected}"
                );
            }
        }
    }
}

#[test]
fn singular_values_of_every_type_and_layout() {
    let x = Array3::from_shape_fn((5, 4, 3), |(b, i, j)| {
        ((b * 7 + i * 5 + j * 3) % 11) as f64 - 4.0
    });
    let expected = norm(&x, Order::P(2.0), Axes::Matrix(1, 2)).unwrap();
    let close = |got: f64, expected: f64, eps: f64| (got - expected).abs() <= eps * expected;
    let moved = x.view().permuted_axes([2, 0, 1]);
    let moved = norm(&moved, Order::P(2.0), Axes::Matrix(-1, 0)).unwrap();
    for (i, &norm) in expected.iter().enumerate() {
        let gram = x.slice(s![i, .., ..]);
        let gram = gram.t().dot(&gram);
        // The largest eigenvalue of the Gram matrix, by its powers.
        let mut v = Array1::<f64>::ones(3);
        for _ in 0..2000 {
            v = gram.dot(&v);
            v /= v.dot(&v).sqrt();
        }
        assert!(close(norm, v.dot(&gram.dot(&v)).sqrt(), 1e-12));
        assert!(close(moved[i], norm, 16.0 * f64::EPSILON));
        let of = |got: ArrayD<f64>| got[i];
        let ints = scirs2_linalg::norm(&x.mapv(|x| x as i32), Order::P(2.0), Axes::Matrix(1, 2));
        assert!(close(of(ints.unwrap()), norm, 16.0 * f64::EPSILON));
        let complex = x.mapv(|x| Complex64::new(0.0, x));
        let complex = scirs2_linalg::norm(&complex, Order::P(2.0), Axes::Matrix(1, 2));
        assert!(close(of(complex.unwrap()), norm, 16.0 * f64::EPSILON));
        let halves = x.mapv(f16::from_f64);
        let halves = scirs2_linalg::norm(&halves, Order::P(2.0), Axes::Matrix(1, 2)).unwrap();
        assert!(close(halves[i].to_f64(), norm, 2f64.powi(-11)));
    }
}

#[test]
fn singular_values_of_non_finite_matrices() {
    let mut x = Array3::<f64>::ones((6, 3, 3));
    x[[2, 0, 0]] = INF;
    let norms = norm(&x, Order::P(2.0), Axes::Matrix(1, 2)).unwrap();
    // As NumPy, where LAPACK scales by infinity.
    assert!(norms[2].is_nan());
    assert!((norms[3] - 3.0).abs() < 1e-14);
    x[[4, 1, 1]] = NAN;
    x[[5, 1, 1]] = NAN;
    let error = norm(&x, Order::Nuc, Axes::Matrix(1, 2)).unwrap_err();
    assert_eq!(
        error,
        Error::Matrix {
            index: Some(4),
            reason: Reason::NotANumber
        }
    );
    assert!(error.to_string().contains("matrix 4 of the batch"));
}

#[test]
fn a_matrix_beyond_32_bits_is_an_error() {
    let one = arr0(1.0f32);
    let wide = one.broadcast((2, 1 << 31)).unwrap();
    let error = norm(&wide, Order::P(2.0), Axes::All).unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { .. } | Error::Memory { .. }),
        "{error}"
    );
}

#[test]
fn a_tensor_answers_as_a_tensor() {
    let x = array![[3.0f32, -4.0], [0.0, 5.0]];
    let tensor = Tensor::from(x.clone());
    let got = norm(&tensor, Order::P(INF), Axes::Vector(0)).unwrap();
    let expected = norm(&x, Order::P(INF), Axes::Vector(0)).unwrap();
    assert_eq!(got.view::<f32>().unwrap(), expected);
    let ints = Tensor::from(array![3i16, 4]);
    let got = norm(&ints, Order::Default, Axes::All).unwrap();
    assert_eq!(got.view::<f64>().unwrap(), arr0(5.0).into_dyn());
}
