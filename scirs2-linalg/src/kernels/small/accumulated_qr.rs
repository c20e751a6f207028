//! The triangular factor of a tall matrix, whose rows are reduced block after block.
//!
//! Reflections eliminate the next block of rows, stacked below `R`, and both stay in the cache. One
//! pass over the block applies a reflection and computes the inner products for the next one, so
//! that each element is loaded and stored once for four operations.
//! Reference: Demmel, Grigori, Hoemmen and Langou, "Communication-optimal parallel and
//! sequential QR and LU factorizations", SIAM J. Sci. Comput. 34, 2012.

use std::mem;

use ndarray::{ArrayView2, Axis};
use scirs2_core::{Real, Scalar};

use crate::Error;
use crate::base::memory::zeros;
use crate::simd::isa::multiversion;

/// Elements that are computed together; rows are padded to a multiple.
const LANES: usize = 8;
/// Elements of a block that stay in the fastest cache, and the fewest rows of one.
const BLOCK_LEN: usize = 4096;
const MIN_ROWS: usize = 32;

/// `R` of the rows so far, and memory for a block of rows.
pub(crate) struct AccumulatedQr<R> {
    columns: usize,
    /// The length of a row of `r` and `block`.
    width: usize,
    /// The rows of a block.
    block_rows: usize,
    r: Vec<R>,
    block: Vec<R>,
    /// The column of the block that the reflection eliminates, and the one after it.
    column: Vec<R>,
    next: Vec<R>,
    /// What the reflection subtracts from each row, for an element of one in its column.
    update: Vec<R>,
    /// The products of the next column with each column.
    sums: Vec<R>,
    is_empty: bool,
}

impl<R: Real> AccumulatedQr<R> {
    /// For matrices of at most `most_rows` rows, and of `columns` columns, at least one.
    pub(crate) fn new(most_rows: usize, columns: usize) -> Result<Self, Error> {
        let width = columns.next_multiple_of(LANES);
        let block_rows = (BLOCK_LEN / width).max(MIN_ROWS);
        let rows = block_rows.max(columns).min(most_rows);
        Ok(AccumulatedQr {
            columns,
            width,
            block_rows,
            r: zeros(columns * width)?,
            block: zeros(rows * width)?,
            column: zeros(rows)?,
            next: zeros(rows)?,
            update: zeros(width)?,
            sums: zeros(width)?,
            is_empty: true,
        })
    }

    /// Sets `R` to zero, as of no rows.
    pub(crate) fn clear(&mut self) {
        self.r.fill(R::zero());
        self.is_empty = true;
    }

    /// Reduces more rows to `R`, by their real parts. The first rows are at least as many as the
    /// columns. Returns false if numbers are so large or small, or not finite, that LAPACK must
    /// handle the matrix.
    pub(crate) fn absorb<T: Scalar<Real = R>>(&mut self, rows: ArrayView2<'_, T>) -> bool {
        let mut rest = rows;
        while rest.nrows() > 0 {
            // Fewer first rows than columns would leave rounding errors of ever smaller size, which
            // underflow.
            let least = if self.is_empty { self.columns } else { 0 };
            let count = self.block_rows.max(least);
            let (block, others) = rest.split_at(Axis(0), count.min(rest.nrows()));
            self.load(block);
            if !reduce(self, block.nrows()) {
                return false;
            }
            self.is_empty = false;
            rest = others;
        }
        true
    }

    /// Copies rows to the block, along their memory. The padding is zero and stays so.
    fn load<T: Scalar<Real = R>>(&mut self, rows: ArrayView2<'_, T>) {
        let [along_rows, along_columns] = [0, 1].map(|axis| rows.strides()[axis].unsigned_abs());
        if along_rows < along_columns {
            for (at, column) in rows.columns().into_iter().enumerate() {
                let to = self.block[at..].iter_mut().step_by(self.width);
                to.zip(column).for_each(|(to, x)| *to = x.parts()[0]);
            }
        } else {
            for (to, row) in self.block.chunks_exact_mut(self.width).zip(rows.rows()) {
                to.iter_mut()
                    .zip(row)
                    .for_each(|(to, x)| *to = x.parts()[0]);
            }
        }
    }

    /// The rows of `R`; below the diagonal they are zero.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[R]> {
        let rows = self.r.chunks_exact(self.width);
        rows.map(|row| &row[..self.columns])
    }
}

multiversion! {
    fn reduce<R: Real>(state: &mut AccumulatedQr<R>, rows: usize) -> bool {
        reduce_block(state, rows)
    }
}

/// Eliminates a block of that many rows.
#[inline(always)]
fn reduce_block<R: Real>(state: &mut AccumulatedQr<R>, rows: usize) -> bool {
    // Bounds for squared lengths within which no significant term is lost.
    let margin = R::epsilon() * R::epsilon();
    let (min_square, max_square) = (R::min_positive_value() / margin, R::max_value() * margin);
    let (columns, width) = (state.columns, state.width);
    let block = &mut state.block[..rows * width];
    let (mut column, mut next) = (&mut state.column[..rows], &mut state.next[..rows]);
    let (update, sums) = (&mut state.update[..width], &mut state.sums[..width]);
    column.fill(R::zero());
    update.fill(R::zero());
    take_column(block, width, 0, next);
    for (k, r) in state.r.chunks_exact_mut(width).enumerate() {
        reflect_and_sum(width, k / LANES * LANES, block, column, next, update, sums);
        mem::swap(&mut column, &mut next);
        let (alpha, squares) = (r[k], sums[k]);
        let square = alpha.mul_add(alpha, squares);
        if squares.is_zero() && (alpha.is_zero() || square >= min_square) {
            if alpha.is_zero() && column.iter().any(|x| !x.is_zero()) {
                return false;
            }
            // Nothing to eliminate, or nothing that counts beside the diagonal.
            update.fill(R::zero());
        } else {
            if !(square >= min_square && square <= max_square) {
                return false;
            }
            let length = square.sqrt();
            let beta = if alpha < R::zero() { length } else { -length };
            let tau = (beta - alpha) / beta;
            let scale = R::one() / (alpha - beta);
            for at in k + 1..width {
                let change = tau * scale.mul_add(sums[at], r[at]);
                r[at] -= change;
                update[at] = scale * change;
            }
            r[k] = beta;
            update[k] = R::zero();
        }
        if k + 1 < columns {
            take_column(block, width, k + 1, next);
            let factor = update[k + 1];
            for at in 0..rows {
                next[at] = (-column[at]).mul_add(factor, next[at]);
            }
        }
    }
    true
}

#[inline(always)]
fn take_column<R: Real>(block: &[R], width: usize, at: usize, to: &mut [R]) {
    for (row, to) in to.iter_mut().enumerate() {
        *to = block[row * width + at];
    }
}

/// Subtracts from each row the update times its element of the column, and sums the products
/// with the next column, from the `first` column on.
#[inline(always)]
fn reflect_and_sum<R: Real>(
    width: usize,
    first: usize,
    block: &mut [R],
    column: &[R],
    next: &[R],
    update: &[R],
    sums: &mut [R],
) {
    let mut first = first;
    macro_rules! strips {
        ($($len:literal)+) => {$(
            while width - first >= $len {
                strip::<R, $len>(width, first, block, [column, next], update, sums);
                first += $len;
            }
        )+};
    }
    strips! { 32 16 8 }
}

/// [`reflect_and_sum`] for a few columns, whose sums stay in registers.
#[inline(always)]
fn strip<R: Real, const LEN: usize>(
    width: usize,
    first: usize,
    block: &mut [R],
    [column, next]: [&[R]; 2],
    update: &[R],
    sums: &mut [R],
) {
    const WITHIN: &str = "within a row";
    let update: &[R; LEN] = update[first..].first_chunk().expect(WITHIN);
    let mut products = [R::zero(); LEN];
    for (at, row) in block.chunks_exact_mut(width).enumerate() {
        let row: &mut [R; LEN] = row[first..].first_chunk_mut().expect(WITHIN);
        let (v, next) = (-column[at], next[at]);
        // Adapters of iterators are not all compiled into the kernel, with its instructions.
        for lane in 0..LEN {
            row[lane] = v.mul_add(update[lane], row[lane]);
            products[lane] = next.mul_add(row[lane], products[lane]);
        }
    }
    sums[first..first + LEN].copy_from_slice(&products);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;
    use crate::base::noise;
    use crate::simd::isa::forced::at_each;

    fn matrix(m: usize, n: usize) -> Array2<f64> {
        Array2::from_shape_fn((m, n), |(row, column)| noise(row * n + column))
    }

    fn triangle(a: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        let n = a.ncols();
        let mut state = AccumulatedQr::new(a.nrows(), n).unwrap();
        state.absorb(a).then(|| {
            let rows: Vec<f64> = state.rows().flatten().copied().collect();
            Array2::from_shape_vec((n, n), rows).unwrap()
        })
    }

    /// The distance between `R^T R` and `A^T A`, in units of rounding of each pair of columns.
    fn error(a: &Array2<f64>, r: &Array2<f64>) -> f64 {
        let (gram, product) = (a.t().dot(a), r.t().dot(r));
        let mut largest = 0.0_f64;
        for ((i, j), x) in gram.indexed_iter() {
            let size = (gram[[i, i]] * gram[[j, j]]).sqrt();
            if size > 0.0 {
                largest = largest.max((x - product[[i, j]]).abs() / size);
            }
        }
        largest / f64::EPSILON
    }

    #[test]
    fn triangles_have_the_products_of_columns() {
        for n in [1, 2, 7, 8, 9, 16, 25, 50, 67, 130] {
            for m in [n, n + 1, 2 * n, 3 * n + 5, 40 * n] {
                for scale in [1.0, 1e110, 1e-110] {
                    let mut a = matrix(m, n) * scale;
                    // Columns that differ in size, one of zeros, and one twice.
                    a.column_mut(0).mapv_inplace(|x| x * 1e-6);
                    if n > 8 {
                        a.column_mut(1).fill(0.0);
                        let twin = a.column(3).to_owned();
                        a.column_mut(5).assign(&twin);
                    }
                    let r = triangle(a.view()).unwrap();
                    assert!(r.indexed_iter().all(|((i, j), x)| i <= j || *x == 0.0));
                    let error = error(&(a / scale), &(r / scale));
                    assert!(error <= 4.0 * m as f64, "{m} {n} {scale}: {error}");
                }
            }
        }
    }

    #[test]
    fn rows_may_come_in_pieces_and_in_any_order_of_memory() {
        let a = matrix(300, 20);
        let whole = triangle(a.view()).unwrap();
        let turned = a.t().as_standard_layout().into_owned();
        assert_eq!(triangle(turned.t()).unwrap(), whole);
        let mut state = AccumulatedQr::<f64>::new(300, 20).unwrap();
        for _ in 0..2 {
            state.clear();
            for rows in [0..25, 25..25, 25..131, 131..300] {
                assert!(state.absorb(a.slice(s![rows, ..])));
            }
            let rows: Vec<f64> = state.rows().flatten().copied().collect();
            let r = Array2::from_shape_vec((20, 20), rows).unwrap();
            assert!(error(&a, &r) < 1000.0);
        }
    }

    #[test]
    fn low_rank_is_not_an_underflow() {
        let (left, right) = (matrix(5000, 3), matrix(3, 60));
        let a = left.dot(&right);
        let r = triangle(a.view()).unwrap();
        assert!(error(&a, &r) < 20_000.0);
    }

    #[test]
    fn difficult_rows_are_not_handled() {
        for spoiled in [f64::NAN, f64::INFINITY, 1e200, -1e300] {
            for at in [[0, 0], [3, 1], [90, 4], [99, 0]] {
                let mut a = matrix(100, 5);
                a[at] = spoiled;
                assert!(triangle(a.view()).is_none(), "{spoiled} at {at:?}");
            }
        }
        assert!(triangle((matrix(100, 5) * 1e-200).view()).is_none());
        // Beside larger numbers of their column, tiny ones do not count.
        let mut a = matrix(100, 5);
        a.slice_mut(s![40.., ..]).mapv_inplace(|x| x * 1e-200);
        assert!(triangle(a.view()).is_some());
        assert_eq!(
            triangle(Array2::zeros((9, 3)).view()).unwrap(),
            Array2::<f64>::zeros((3, 3))
        );
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for n in [3, 8, 50] {
            let a = matrix(10 * n, n);
            let [best, less, least] = at_each(|| triangle(a.view()).unwrap());
            assert_eq!(best, less);
            assert_eq!(best, least);
        }
    }
}
