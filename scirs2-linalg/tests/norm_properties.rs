//! Every order over every layout, beside a plain loop in double-double
//! arithmetic over a copy.

mod reference;

use ndarray::{Array, ArrayD, ArrayViewD, Axis, IxDyn, Slice};
use proptest::prelude::*;
use scirs2_core::pool::Workers;
use scirs2_core::{Bool, Complex32, Complex64, f16};
use scirs2_linalg::{Axes, Normed, Order, norm, norm_into, norm_shape};

use reference::{Magnitude, matrix_norm, vector_norm};

/// An element made of a seed and a power of two.
trait Made: Normed + Magnitude {
    /// Powers of two that the type can hold.
    const EXPONENTS: std::ops::Range<i32>;
    fn made(seed: u32, exponent: i32) -> Self;
}

fn fraction(seed: u32) -> f64 {
    f64::from(seed % 20_001) / 10_000.0 - 1.0
}

macro_rules! made {
    ($($type:ty, $exponents:expr, |$seed:ident, $x:ident| $value:expr;)+) => {$(
        impl Made for $type {
            const EXPONENTS: std::ops::Range<i32> = $exponents;
            fn made($seed: u32, exponent: i32) -> Self {
                let $x = fraction($seed) * 2f64.powi(exponent);
                $value
            }
        }
    )+};
}

made! {
    f64, -1060..1020, |_seed, x| x;
    f32, -140..120, |_seed, x| x as f32;
    f16, -20..8, |_seed, x| f16::from_f64(x);
    i8, 0..8, |_seed, x| x as i8;
    i64, 0..64, |_seed, x| x as i64;
    u64, 0..64, |_seed, x| x as u64;
    Bool, 0..1, |seed, _x| Bool::from_byte((seed % 3) as u8);
    Complex32, -140..120, |seed, x| Complex32::new(x as f32, (x * fraction(seed / 7)) as f32);
    Complex64, -1060..1020, |seed, x| Complex64::new(x * fraction(seed / 3), x);
}

#[derive(Clone, Debug)]
struct Case {
    shape: Vec<usize>,
    order: Vec<usize>,
    steps: Vec<isize>,
    repeat: Option<usize>,
    seed: u32,
    spread: (u32, u32),
}

fn cases() -> impl Strategy<Value = Case> {
    let lengths = prop_oneof![
        1 => Just(0usize), 3 => Just(1), 3 => Just(2), 3 => Just(3), 2 => Just(7),
        2 => Just(16), 2 => Just(33), 1 => Just(130), 1 => Just(1100)
    ];
    prop::collection::vec(lengths, 0..5)
        .prop_filter("small", |shape| {
            shape.iter().map(|&len| len.max(1)).product::<usize>() < 60_000
        })
        .prop_flat_map(|shape| {
            let ndim = shape.len();
            (
                Just(shape),
                Just((0..ndim).collect::<Vec<_>>()).prop_shuffle(),
                prop::collection::vec(
                    prop_oneof![4 => Just(1isize), 1 => Just(-1), 1 => Just(2), 1 => Just(-3)],
                    ndim,
                ),
                prop::option::weighted(0.2, 0..=ndim),
                any::<u32>(),
                (
                    0u32..1000,
                    prop_oneof![2 => Just(1u32), 1 => Just(40), 1 => Just(1000)],
                ),
            )
        })
        .prop_map(|(shape, order, steps, repeat, seed, spread)| Case {
            shape,
            order,
            steps,
            repeat,
            seed,
            spread,
        })
}

impl Case {
    fn array<T: Made>(&self) -> ArrayD<T> {
        let mut state = u64::from(self.seed) | 1;
        let span = (T::EXPONENTS.end - T::EXPONENTS.start) as u32;
        let (low, width) = (
            self.spread.0 * span / 1000,
            (self.spread.1 * span / 1000).max(1),
        );
        Array::from_shape_simple_fn(IxDyn(&self.shape), || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let seed = (state >> 33) as u32;
            let exponent = T::EXPONENTS.start + ((low + (seed / 64) % width) % span) as i32;
            // Zeros are common in data and special in sums.
            T::made(
                if seed.is_multiple_of(11) {
                    10_000
                } else {
                    seed
                },
                exponent,
            )
        })
    }

    /// Transposed, sliced, and repeated along a new axis without a copy.
    fn view<'a, T>(&self, array: &'a ArrayD<T>) -> ArrayViewD<'a, T> {
        let mut shape = vec![3];
        shape.extend(&self.shape);
        let mut view = array.broadcast(IxDyn(&shape)).unwrap();
        if self.repeat.is_none() {
            view.index_axis_inplace(Axis(0), 0);
        }
        let new = usize::from(self.repeat.is_some());
        for (axis, &step) in self.steps.iter().enumerate() {
            view.slice_axis_inplace(Axis(axis + new), Slice::new(0, None, step));
        }
        let mut order: Vec<usize> = self.order.iter().map(|axis| axis + new).collect();
        if let Some(axis) = self.repeat {
            order.insert(axis, 0);
        }
        view.permuted_axes(order)
    }
}

const ORDERS: [f64; 12] = [
    2.0,
    1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    3.0,
    -1.0,
    5.0,
    0.5,
    -2.5,
    60.0,
    900.0,
];

fn agrees<T: Made>(case: &Case) -> Result<(), TestCaseError> {
    let array = case.array::<T>();
    let x = case.view(&array);
    for p in ORDERS {
        for axis in 0..x.ndim() {
            vector_agrees(x.view(), Order::P(p), axis)?;
        }
    }
    whole_agrees(x.view())?;
    for (rows, columns) in [(0isize, 1isize), (-1, 0), (-2, -1)] {
        if x.ndim() >= 2
            && rows.rem_euclid(x.ndim() as isize) != columns.rem_euclid(x.ndim() as isize)
        {
            for order in [
                Order::Fro,
                Order::P(1.0),
                Order::P(-1.0),
                Order::P(f64::INFINITY),
                Order::P(f64::NEG_INFINITY),
            ] {
                matrix_agrees(x.view(), order, rows, columns)?;
            }
        }
    }
    Ok(())
}

fn whole_agrees<T: Made>(x: ArrayViewD<'_, T>) -> Result<(), TestCaseError> {
    let elements: Vec<T> = x.iter().copied().collect();
    let got = norm(&x, Order::Default, Axes::All).unwrap();
    prop_assert_eq!(got.shape(), &[] as &[usize]);
    reference::check(got[[]], vector_norm(&elements, 2.0), 2.0)
}

fn vector_agrees<T: Made>(
    x: ArrayViewD<'_, T>,
    order: Order,
    axis: usize,
) -> Result<(), TestCaseError> {
    let Order::P(p) = order else { unreachable!() };
    let result = norm(&x, order, Axes::Vector(axis as isize));
    if p == f64::NEG_INFINITY && x.shape()[axis] == 0 {
        prop_assert!(result.is_err());
        return Ok(());
    }
    let result = result.unwrap();
    let mut shape = x.shape().to_vec();
    shape.remove(axis);
    prop_assert_eq!(result.shape(), &shape[..]);
    // Lanes and results come in the same order.
    for (lane, &got) in x.lanes(Axis(axis)).into_iter().zip(&result) {
        let elements: Vec<T> = lane.iter().copied().collect();
        reference::check(got, vector_norm(&elements, p), p)?;
    }
    Ok(())
}

fn matrix_agrees<T: Made>(
    x: ArrayViewD<'_, T>,
    order: Order,
    rows: isize,
    columns: isize,
) -> Result<(), TestCaseError> {
    let result = norm(&x, order, Axes::Matrix(rows, columns));
    let at = |axis: isize| axis.rem_euclid(x.ndim() as isize) as usize;
    let (rows_at, columns_at) = (at(rows), at(columns));
    let smallest_of = match order {
        Order::P(-1.0) => Some(x.shape()[columns_at]),
        Order::P(f64::NEG_INFINITY) => Some(x.shape()[rows_at]),
        _ => None,
    };
    if smallest_of == Some(0) {
        prop_assert!(result.is_err());
        return Ok(());
    }
    let result = result.unwrap();
    // The matrix axes last, the batch in order.
    let mut order_of_axes: Vec<usize> = (0..x.ndim())
        .filter(|&a| a != rows_at && a != columns_at)
        .collect();
    let batch: Vec<usize> = order_of_axes.iter().map(|&a| x.shape()[a]).collect();
    prop_assert_eq!(result.shape(), &batch[..]);
    order_of_axes.extend([rows_at, columns_at]);
    let moved = x.permuted_axes(order_of_axes);
    for (index, &got) in result.indexed_iter() {
        let mut matrix = moved.view();
        for i in 0..batch.len() {
            matrix = matrix.index_axis_move(Axis(0), index[i]);
        }
        let matrix = matrix.into_dimensionality::<ndarray::Ix2>().unwrap();
        reference::check(got, matrix_norm(matrix, order), 2.0)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn f64_agrees(case in cases()) { agrees::<f64>(&case)?; }
    #[test]
    fn f32_agrees(case in cases()) { agrees::<f32>(&case)?; }
    #[test]
    fn f16_agrees(case in cases()) { agrees::<f16>(&case)?; }
    #[test]
    fn i8_agrees(case in cases()) { agrees::<i8>(&case)?; }
    #[test]
    fn i64_agrees(case in cases()) { agrees::<i64>(&case)?; }
    #[test]
    fn u64_agrees(case in cases()) { agrees::<u64>(&case)?; }
    #[test]
    fn bool_agrees(case in cases()) { agrees::<Bool>(&case)?; }
    #[test]
    fn complex64_agrees(case in cases()) { agrees::<Complex32>(&case)?; }
    #[test]
    fn complex128_agrees(case in cases()) { agrees::<Complex64>(&case)?; }

    #[test]
    fn an_output_of_any_strides_is_written_in_place(case in cases()) {
        let array = case.array::<f64>();
        let x = case.view(&array);
        for axis in 0..x.ndim() {
            let expected = norm(&x, Order::P(3.0), Axes::Vector(axis as isize)).unwrap();
            let shape = norm_shape(x.shape(), Order::P(3.0), Axes::Vector(axis as isize), true).unwrap();
            let doubled: Vec<usize> = shape.iter().rev().map(|&len| 2 * len).collect();
            let mut memory = ArrayD::from_elem(IxDyn(&doubled), f64::NAN);
            let mut out = memory.view_mut();
            for axis in 0..doubled.len() {
                out.slice_axis_inplace(Axis(axis), Slice::new(0, None, -2));
            }
            let mut out = out.reversed_axes();
            norm_into(x.view(), Order::P(3.0), Axes::Vector(axis as isize), out.view_mut(), &Workers::current()).unwrap();
            for (&got, &expected) in out.index_axis(Axis(axis), 0).iter().zip(&expected) {
                reference::check(got, expected, 3.0)?;
            }
            // Nothing else was touched.
            let written = memory.iter().filter(|value| !value.is_nan()).count();
            prop_assert_eq!(written, shape.iter().product::<usize>());
        }
    }
}
