//! The element types of products.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};
use scirs2_core::pool::Workers;
use scirs2_core::{Bool, Complex32, Complex64};

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{from_c, to_c};
use crate::base::memory::{reserve, resize};
use crate::elements::exact_f64::{Floats, by_floats};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::arithmetic::Arithmetic;
use crate::kernels::integers::Pieces;
use crate::lapack::{blas, single_threaded};

/// An element that matrices are multiplied in.
pub trait Numeric: Arithmetic {
    /// Whether BLAS multiplies such matrices, on threads of its own where they
    /// are large.
    #[doc(hidden)]
    const LIBRARY: bool;

    /// Memory that one thread reuses for many products.
    #[doc(hidden)]
    type Space: Send;

    /// An empty [`Space`](Self::Space).
    #[doc(hidden)]
    fn space() -> Self::Space;

    /// `out = a b`, or `out += a b` with `add`; the shapes fit, and BLAS can count them.
    #[doc(hidden)]
    fn product(
        space: &mut Self::Space,
        a: ArrayView2<'_, Self>,
        b: ArrayView2<'_, Self>,
        add: bool,
        out: ArrayViewMut2<'_, Self>,
    ) -> Result<(), Reason>;

    /// `sum x_i y_i`, or of the conjugates of `x_i`; the lengths are equal, and BLAS can
    /// count them.
    #[doc(hidden)]
    fn dot(
        x: ArrayView1<'_, Self>,
        y: ArrayView1<'_, Self>,
        conjugate: bool,
    ) -> Result<Self, Reason>;
}

/// Multiplications from which on BLAS pays off, although numbers are converted twice.
const FLOATS: f64 = 64.0 * 64.0 * 64.0;

macro_rules! integers {
    ($($type:ty => $lane:ty, $floats:path;)+) => {$(
        impl Numeric for $type {
            const LIBRARY: bool = false;
            type Space = Spaces<$lane>;

            fn space() -> Self::Space {
                single_threaded();
                Spaces { pieces: Pieces::new(), floats: Floats::new() }
            }

            fn product(
                space: &mut Self::Space,
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                add: bool,
                mut out: ArrayViewMut2<'_, Self>,
            ) -> Result<(), Reason> {
                if !add {
                    out.fill(Self::ZERO);
                }
                let large = a.len() as f64 * b.ncols() as f64 >= FLOATS;
                if !(large && $floats(&mut space.floats, a, b, out.view_mut())?) {
                    space.pieces.add_product(a, b, out)?;
                }
                Ok(())
            }

            fn dot(
                x: ArrayView1<'_, Self>,
                y: ArrayView1<'_, Self>,
                _: bool,
            ) -> Result<Self, Reason> {
                let sum = |sum: Self, (&x, &y): (&Self, &Self)| sum.plus(x.times(y));
                Ok(match (x.as_slice(), y.as_slice()) {
                    (Some(x), Some(y)) => x.iter().zip(y).fold(Self::ZERO, sum),
                    _ => x.iter().zip(&y).fold(Self::ZERO, sum),
                })
            }
        }
    )+};
}

integers! {
    i8 => u16, never;
    u8 => u16, never;
    i16 => u16, never;
    u16 => u16, never;
    i32 => u32, by_floats;
    u32 => u32, by_floats;
    i64 => u64, by_floats;
    u64 => u64, by_floats;
    Bool => u8, never;
}

/// Memory of both ways to multiply integers.
pub struct Spaces<L> {
    pieces: Pieces<L>,
    floats: Floats,
}

/// For types for which our own loops are as fast as BLAS.
fn never<T>(
    _: &mut Floats,
    _: ArrayView2<'_, T>,
    _: ArrayView2<'_, T>,
    _: ArrayViewMut2<'_, T>,
) -> Result<bool, Reason> {
    Ok(false)
}

/// Copies of matrices that BLAS cannot read or write in place.
pub struct Copies<T> {
    a: Vec<T>,
    b: Vec<T>,
    out: Vec<T>,
}

macro_rules! scalars {
    ($($type:ty)+) => {$(
        impl Numeric for $type {
            const LIBRARY: bool = true;
            type Space = Copies<Self>;

            fn space() -> Self::Space {
                single_threaded();
                Copies { a: Vec::new(), b: Vec::new(), out: Vec::new() }
            }

            fn product(
                space: &mut Self::Space,
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                add: bool,
                out: ArrayViewMut2<'_, Self>,
            ) -> Result<(), Reason> {
                space.product(a, b, add, out)
            }

            fn dot(
                x: ArrayView1<'_, Self>,
                y: ArrayView1<'_, Self>,
                conjugate: bool,
            ) -> Result<Self, Reason> {
                single_threaded();
                dot(x, y, conjugate)
            }
        }
    )+};
}

scalars! { f32 f64 Complex32 Complex64 }

impl<T: LinalgScalar> Copies<T> {
    /// `out = a b`, or `out += a b` with `add`.
    fn product(
        &mut self,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        add: bool,
        mut out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        if out.is_empty() {
            return Ok(());
        }
        if a.ncols() == 0 {
            if !add {
                out.fill(T::zero());
            }
            return Ok(());
        }
        let a = readable(a, &mut self.a)?;
        let b = readable(b, &mut self.b)?;
        if out.ncols() == 1 {
            return column(a, b.column(0), add, out.column_mut(0), &mut self.out);
        }
        if out.nrows() == 1 {
            let (b, a) = (b.reversed_axes(), a.row(0));
            return column(b, a, add, out.row_mut(0), &mut self.out);
        }
        // Columns of the product are rows of its transpose.
        let (a, b, mut out) = if out.strides()[0] == 1 && out.strides()[1] != 1 {
            (b.reversed_axes(), a.reversed_axes(), out.reversed_axes())
        } else {
            (a, b, out)
        };
        if blas::lies_in_rows(&out.view()) {
            blas::gemm(a, b, add, out);
            return Ok(());
        }
        resize(&mut self.out, out.len(), T::zero())?;
        if add {
            to_c(out.view(), &mut self.out);
        }
        let copy = ArrayViewMut2::from_shape(out.dim(), &mut self.out[..out.len()]);
        blas::gemm(a, b, add, copy.expect("as many as the shape has"));
        from_c(&self.out, out.view_mut());
        Ok(())
    }
}

/// The product of a matrix and a vector, both readable by BLAS except for the
/// vector's steps.
fn column<T: LinalgScalar>(
    a: ArrayView2<'_, T>,
    x: ArrayView1<'_, T>,
    add: bool,
    mut out: ArrayViewMut1<'_, T>,
    space: &mut Vec<T>,
) -> Result<(), Reason> {
    if a.nrows() == 1 {
        let product = dot(a.row(0), x, false)?;
        out[0] = if add { out[0] + product } else { product };
        return Ok(());
    }
    if !add && blas::steps(&out.view()).is_some() {
        blas::gemv(a, x, out);
        return Ok(());
    }
    resize(space, out.len(), T::zero())?;
    let product = &mut space[..out.len()];
    blas::gemv(a, x, ArrayViewMut1::from(&mut *product));
    for (out, &product) in out.iter_mut().zip(&*product) {
        *out = if add { *out + product } else { product };
    }
    Ok(())
}

/// The matrix if BLAS can read it, else a copy.
fn readable<'a, T: LinalgScalar>(
    a: ArrayView2<'a, T>,
    space: &'a mut Vec<T>,
) -> Result<ArrayView2<'a, T>, Reason> {
    if blas::lies(&a).is_some() {
        return Ok(a);
    }
    resize(space, a.len(), T::zero())?;
    let shape = a.dim();
    let copy = ArrayView2::from_shape(shape, to_c(a, space));
    Ok(copy.expect("as many as the shape has"))
}

fn dot<T: LinalgScalar>(
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    conjugate: bool,
) -> Result<T, Reason> {
    let (mut own_x, mut own_y) = (Vec::new(), Vec::new());
    let (x, y) = (stepped(x, &mut own_x)?, stepped(y, &mut own_y)?);
    Ok(blas::dot(x, y, conjugate))
}

/// The vector if BLAS can read it, else a copy.
fn stepped<'a, T: LinalgScalar>(
    x: ArrayView1<'a, T>,
    space: &'a mut Vec<T>,
) -> Result<ArrayView1<'a, T>, Reason> {
    if blas::steps(&x).is_some() {
        return Ok(x);
    }
    reserve(space, x.len())?;
    space.extend(x.iter());
    Ok(ArrayView1::from(&space[..]))
}

/// The sum of a vector, pairwise except for runs of 128.
pub(crate) fn sum<T: Numeric>(x: ArrayView1<'_, T>) -> T {
    const RUN: usize = 128;
    if x.len() <= RUN {
        return x.iter().fold(T::ZERO, |sum, &x| sum.plus(x));
    }
    let (left, right) = x.split_at(Axis(0), x.len() / 2);
    sum(left).plus(sum(right))
}

/// [`sum`], bit for bit, of a vector whose parts the workers share.
pub(crate) fn shared_sum<T: Numeric>(
    x: ArrayView1<'_, T>,
    workers: &Workers<'_>,
) -> Result<T, Error> {
    /// Elements of one part, and parts at a time.
    const PART: usize = 1 << 16;
    const ROUND: usize = 1 << 12;
    if x.len() > ROUND * PART {
        let (left, right) = x.split_at(Axis(0), x.len() / 2);
        return Ok(shared_sum(left, workers)?.plus(shared_sum(right, workers)?));
    }
    let mut parts = Vec::new();
    halves(x, PART, &mut parts);
    let mut sums = vec![T::ZERO; parts.len()];
    workers.each(parts.into_iter().zip(&mut sums), |(part, sum_of)| {
        *sum_of = sum(part);
        Ok::<_, Error>(())
    })?;
    Ok(joined(x.len(), PART, &mut sums.into_iter()))
}

/// The vector halved recursively, into parts of up to `most` elements.
fn halves<'a, T>(x: ArrayView1<'a, T>, most: usize, parts: &mut Vec<ArrayView1<'a, T>>) {
    if x.len() <= most {
        parts.push(x);
        return;
    }
    let middle = x.len() / 2;
    let (left, right) = x.split_at(Axis(0), middle);
    halves(left, most, parts);
    halves(right, most, parts);
}

/// The sum of the sums of [`halves`].
fn joined<T: Numeric>(len: usize, most: usize, sums: &mut impl Iterator<Item = T>) -> T {
    if len <= most {
        return sums.next().expect("one for each half");
    }
    let left = joined(len / 2, most, sums);
    left.plus(joined(len - len / 2, most, sums))
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    #[test]
    fn a_shared_sum_has_the_same_bits() {
        for len in [0, 1, 1000, 1 << 16, 200_001] {
            let x = Array1::from_shape_fn(len, |i| (i as f32).sin());
            let shared = shared_sum(x.view(), &Workers::current()).unwrap();
            assert_eq!(shared.to_bits(), sum(x.view()).to_bits());
        }
    }
}
