//! Products of matrices of integers, exact modulo the power of two at which their
//! type wraps.
//!
//! The classic blocked product: blocks of both matrices that stay in cache are packed in the
//! order in which the innermost loop reads them, and that loop keeps a tile of the result in
//! registers. Signed and unsigned numbers are the same modulo a power of two, so there is one
//! loop for each width.

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::base::error::Reason;
use crate::base::memory::try_resize;
use crate::simd::isa::multiversion;
use scirs2_core::Bool;

/// A number as the innermost loop uses it.
pub(crate) trait IntLane: Copy {
    const ZERO: Self;

    /// The dimensions of a tile.
    const ROWS: usize;
    const COLUMNS: usize;

    /// Adds the products of some packed rows and columns to a tile, row after
    /// row.
    fn tile(rows: &[Self], columns: &[Self], sums: &mut [Self]);
}

/// An element that has a lane.
pub(crate) trait PackInt: Copy {
    type IntLane: IntLane;

    fn to_lane(self) -> Self::IntLane;

    fn from_lane(lane: Self::IntLane) -> Self;
}

macro_rules! packed {
    ($($type:ty => $lane:ty, |$x:ident| $to:expr, |$z:ident| $from:expr;)+) => {$(
        impl PackInt for $type {
            type IntLane = $lane;

            #[inline(always)]
            fn to_lane(self) -> $lane {
                let $x = self;
                $to
            }

            #[inline(always)]
            fn from_lane($z: $lane) -> Self {
                $from
            }
        }
    )+};
}

packed! {
    i8 => u16, |x| x as u16, |to_lane| to_lane as i8;
    u8 => u16, |x| x.into(), |to_lane| to_lane as u8;
    i16 => u16, |x| x as u16, |to_lane| to_lane as i16;
    u16 => u16, |x| x, |to_lane| to_lane;
    i32 => u32, |x| x as u32, |to_lane| to_lane as i32;
    u32 => u32, |x| x, |to_lane| to_lane;
    i64 => u64, |x| x as u64, |to_lane| to_lane as i64;
    u64 => u64, |x| x, |to_lane| to_lane;
    Bool => u8, |x| u8::from(x.get()), |to_lane| Bool::from_byte(to_lane);
}

/// The sides of the packed blocks, in elements.
const INNER: usize = 256;
const ROWS: usize = 64;
const COLUMNS: usize = 512;

macro_rules! int_lanes {
    ($($lane:ty: $tile:ident, $rows:literal x $columns:literal,
       |$sum:ident, $x:ident, $y:ident| $step:expr;)+) => {$(
        multiversion! {
            fn $tile(rows: &[$lane], columns: &[$lane], sums: &mut [$lane]) {
                let (rows, _) = rows.as_chunks::<$rows>();
                let (columns, _) = columns.as_chunks::<$columns>();
                let (sums, _) = sums.as_chunks_mut::<$columns>();
                let sums: &mut [[$lane; $columns]; $rows] =
                    sums.try_into().expect("a tile");
                let mut tile = *sums;
                for (xs, ys) in rows.iter().zip(columns) {
                    for (tile, &$x) in tile.iter_mut().zip(xs) {
                        for (sum, &$y) in tile.iter_mut().zip(ys) {
                            let $sum = *sum;
                            *sum = $step;
                        }
                    }
                }
                *sums = tile;
            }
        }

        impl IntLane for $lane {
            const ZERO: Self = 0;
            const ROWS: usize = $rows;
            const COLUMNS: usize = $columns;

            #[inline]
            fn tile(rows: &[Self], columns: &[Self], sums: &mut [Self]) {
                $tile(rows, columns, sums);
            }
        }
    )+};
}

int_lanes! {
    // Booleans: the sum is OR, the product is AND.
    u8: bytes, 4 x 64, |sum, x, y| sum | (x & y);
    u16: words, 4 x 32, |sum, x, y| sum.wrapping_add(x.wrapping_mul(y));
    u32: doubles, 4 x 16, |sum, x, y| sum.wrapping_add(x.wrapping_mul(y));
    u64: quads, 4 x 8, |sum, x, y| sum.wrapping_add(x.wrapping_mul(y));
}

/// Packed panels, in memory that is reused.
pub(crate) struct PackedPanels<L> {
    rows: Vec<L>,
    columns: Vec<L>,
    tile: Vec<L>,
}

impl<L: IntLane> PackedPanels<L> {
    pub(crate) const fn new() -> Self {
        PackedPanels {
            rows: Vec::new(),
            columns: Vec::new(),
            tile: Vec::new(),
        }
    }

    /// `out += a b`.
    pub(crate) fn gemm<T: PackInt<IntLane = L>>(
        &mut self,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        mut out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        for (b, mut out) in std::iter::zip(
            b.axis_chunks_iter(Axis(1), COLUMNS),
            out.axis_chunks_iter_mut(Axis(1), COLUMNS),
        ) {
            for (a, b) in std::iter::zip(
                a.axis_chunks_iter(Axis(1), INNER),
                b.axis_chunks_iter(Axis(0), INNER),
            ) {
                pack(b.t(), L::COLUMNS, &mut self.columns)?;
                for (a, out) in std::iter::zip(
                    a.axis_chunks_iter(Axis(0), ROWS),
                    out.axis_chunks_iter_mut(Axis(0), ROWS),
                ) {
                    pack(a, L::ROWS, &mut self.rows)?;
                    self.add_panels(a.ncols(), out)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the product of the packed panels, `inner` elements long.
    fn add_panels<T: PackInt<IntLane = L>>(
        &mut self,
        inner: usize,
        mut out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        try_resize(&mut self.tile, L::ROWS * L::COLUMNS, L::ZERO)?;
        let columns = self.columns.chunks_exact(L::COLUMNS * inner);
        for (columns, mut out) in columns.zip(out.axis_chunks_iter_mut(Axis(1), L::COLUMNS)) {
            let rows = self.rows.chunks_exact(L::ROWS * inner);
            for (rows, mut out) in rows.zip(out.axis_chunks_iter_mut(Axis(0), L::ROWS)) {
                // Where the tile extends beyond the matrix, zeros are added to
                // elements that are not read.
                let tile = self.tile.chunks_exact_mut(L::COLUMNS);
                for (sums, out) in tile.zip(out.rows()) {
                    sums.iter_mut()
                        .zip(out)
                        .for_each(|(sum, &x)| *sum = x.to_lane());
                }
                L::tile(rows, columns, &mut self.tile);
                let tile = self.tile.chunks_exact(L::COLUMNS);
                for (sums, out) in tile.zip(out.rows_mut()) {
                    sums.iter()
                        .zip(out)
                        .for_each(|(&sum, x)| *x = T::from_lane(sum));
                }
            }
        }
        Ok(())
    }
}

/// Packs the rows of a matrix, `width` side by side, element after
/// element; rows of zeros follow the last row.
fn pack<T: PackInt>(
    from: ArrayView2<'_, T>,
    width: usize,
    to: &mut Vec<T::IntLane>,
) -> Result<(), Reason> {
    let (rows, inner) = from.dim();
    to.clear();
    try_resize(to, rows.div_ceil(width) * width * inner, T::IntLane::ZERO)?;
    let panels = to.chunks_exact_mut(width * inner);
    for (panel, rows) in panels.zip(from.axis_chunks_iter(Axis(0), width)) {
        if rows.strides()[0].unsigned_abs() > rows.strides()[1].unsigned_abs() {
            for (at, row) in rows.rows().into_iter().enumerate() {
                let panel = panel[at..].iter_mut().step_by(width);
                panel.zip(row).for_each(|(lane, &x)| *lane = x.to_lane());
            }
        } else {
            for (lanes, column) in panel.chunks_exact_mut(width).zip(rows.columns()) {
                lanes
                    .iter_mut()
                    .zip(column)
                    .for_each(|(lane, &x)| *lane = x.to_lane());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use scirs2_core::Bool;

    use super::*;
    use crate::kernels::arithmetic::Arithmetic;
    use crate::simd::isa::forced::at_each;

    /// Checks the result on every instruction set against the definition.
    fn agrees<T: Arithmetic + PackInt>(of: impl Fn(usize) -> T) {
        for (rows, inner, columns) in [(1, 1, 1), (5, 3, 70), (65, 257, 33), (4, 600, 513)] {
            let a = Array2::from_shape_fn((rows, inner), |(i, j)| of(7 * i + 13 * j + i * j));
            let b = Array2::from_shape_fn((columns, inner), |(i, j)| of(11 * i + 5 * j + i * j));
            let expected = Array2::from_shape_fn((rows, columns), |(i, j)| {
                let pairs = std::iter::zip(a.row(i), b.row(j));
                pairs.fold(T::ZERO, |sum, (&x, &y)| sum.wrapping_add(x.wrapping_mul(y)))
            });
            let product = || {
                let mut out = Array2::from_elem((rows, columns), T::ZERO);
                let done = PackedPanels::new().gemm(a.view(), b.t(), out.view_mut());
                assert_eq!(done, Ok(()));
                out
            };
            for got in at_each(product) {
                assert_eq!(got, expected);
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_exact_product() {
        let spread = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        agrees(|i| spread(i) as i8);
        agrees(|i| spread(i) as u16);
        agrees(|i| spread(i) as i32);
        agrees(|i| spread(i).cast_signed());
        agrees(|i| Bool::from(spread(i) >> 60 == 3));
    }
}
