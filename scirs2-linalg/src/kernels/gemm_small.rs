//! Products of matrices so small that calling BLAS costs more than the arithmetic.
//!
//! Nothing is packed: a tile of the result stays in registers while the rows of
//! the right matrix stream past.

use std::hint;

use crate::kernels::arithmetic::Arithmetic;
use crate::simd::isa::multiversion;

/// Rows, inner elements and columns of one product.
pub(crate) type GemmShape = [usize; 3];

multiversion! {
    /// `out = a b` for consecutive matrices, each in C order.
    pub(crate) fn small_gemm<T: Arithmetic>(dims: GemmShape, a: &[T], b: &[T], out: &mut [T]) {
        match dims {
            [2, 2, 2] => small_gemm_kernel([2, 2, 2], a, b, out),
            [3, 3, 3] => small_gemm_kernel([3, 3, 3], a, b, out),
            [4, 4, 4] => small_gemm_kernel([4, 4, 4], a, b, out),
            _ => small_gemm_kernel(dims, a, b, out),
        }
    }
}

#[inline(always)]
fn small_gemm_kernel<T: Arithmetic>(dims: GemmShape, a: &[T], b: &[T], out: &mut [T]) {
    let [rows, inner, columns] = dims;
    let matrices = a
        .chunks_exact(rows * inner)
        .zip(b.chunks_exact(inner * columns));
    for ((a, b), out) in matrices.zip(out.chunks_exact_mut(rows * columns)) {
        let mut first = 0;
        while columns - first >= 8 {
            panel::<T, 8>(dims, first, a, b, out);
            first += 8;
        }
        if columns - first >= 4 {
            panel::<T, 4>(dims, first, a, b, out);
            first += 4;
        }
        match columns - first {
            1 => panel::<T, 1>(dims, first, a, b, out),
            2 => panel::<T, 2>(dims, first, a, b, out),
            3 => panel::<T, 3>(dims, first, a, b, out),
            _ => {}
        }
        // Keeps the compiler to one matrix at a time: it would take working on eight to be
        // faster, and gather their elements from memory one by one.
        hint::black_box(first);
    }
}

/// `COLUMNS` columns of the result from the `first` on.
#[inline(always)]
fn panel<T: Arithmetic, const COLUMNS: usize>(
    [_, inner, columns]: GemmShape,
    first: usize,
    a: &[T],
    b: &[T],
    out: &mut [T],
) {
    let (b, mut a, mut out) = (&b[first..], a, out);
    while a.len() >= 4 * inner {
        tile::<T, 4, COLUMNS>(inner, columns, a, b, &mut out[first..]);
        (a, out) = (&a[4 * inner..], &mut out[4 * columns..]);
    }
    if a.len() >= 2 * inner {
        tile::<T, 2, COLUMNS>(inner, columns, a, b, &mut out[first..]);
        (a, out) = (&a[2 * inner..], &mut out[2 * columns..]);
    }
    if !a.is_empty() {
        tile::<T, 1, COLUMNS>(inner, columns, a, b, &mut out[first..]);
    }
}

/// The first rows and columns of the result.
#[inline(always)]
fn tile<T: Arithmetic, const ROWS: usize, const COLUMNS: usize>(
    inner: usize,
    columns: usize,
    a: &[T],
    b: &[T],
    out: &mut [T],
) {
    let rows: [&[T]; ROWS] = std::array::from_fn(|row| &a[row * inner..][..inner]);
    let mut sums = [[T::ZERO; COLUMNS]; ROWS];
    for (k, ys) in b.chunks(columns).enumerate().take(inner) {
        let ys: &[T; COLUMNS] = ys.first_chunk().expect("within the matrix");
        for (sums, row) in sums.iter_mut().zip(rows) {
            for (sum, &y) in sums.iter_mut().zip(ys) {
                *sum = sum.mul_acc(row[k], y);
            }
        }
    }
    for (sums, out) in sums.iter().zip(out.chunks_mut(columns)) {
        out[..COLUMNS].copy_from_slice(sums);
    }
}

#[cfg(test)]
mod tests {
    use scirs2_core::{Complex32, Complex64};

    use super::*;
    use crate::simd::isa::forced::at_each;

    /// Checks the result on every instruction set against the definition, bit for bit.
    fn agrees<T: Arithmetic>(of: impl Fn(usize) -> T) {
        let dims = 1..=9;
        for rows in dims.clone() {
            for inner in dims.clone() {
                for columns in dims.clone() {
                    let a: Vec<T> = (0..2 * rows * inner).map(&of).collect();
                    let b: Vec<T> = (7..7 + 2 * inner * columns).map(&of).collect();
                    let expected = |at: usize| {
                        let (index, at) = (at / (rows * columns), at % (rows * columns));
                        let (row, column) = (index * rows + at / columns, at % columns);
                        (0..inner).fold(T::ZERO, |sum, k| {
                            let y = b[(index * inner + k) * columns + column];
                            sum.mul_acc(a[row * inner + k], y)
                        })
                    };
                    let expected: Vec<T> = (0..2 * rows * columns).map(expected).collect();
                    let product = || {
                        let mut out = vec![T::ONE; expected.len()];
                        small_gemm([rows, inner, columns], &a, &b, &mut out);
                        out
                    };
                    for got in at_each(product) {
                        assert_eq!(got, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_product() {
        let spread = |i: usize| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let real = |i: usize| spread(i) as f64 / 1e19 - 0.9;
        agrees(|i| spread(i) as i16);
        agrees(|i| real(i) as f32);
        agrees(real);
        agrees(|i| Complex32::new(real(i) as f32, real(i + 5) as f32));
        agrees(|i| Complex64::new(real(i), real(i + 5)));
    }
}
