//! Exponentials.
//!
//! Scaling and squaring with the Taylor polynomial of degree 18, which takes five products
//! (P. Bader, S. Blanes and F. Casas, Mathematics 7, 2019, article 1174). All matrices take the
//! same steps but for the squarings, which leave those that are done unchanged. So the bits of a
//! result do not depend on its neighbours.

use num_traits::Float as _;

use super::{deinterleave, interleave, push_unhandled, rounded, simd_dispatch, single_lane};
use crate::simd::vector::{Isa, Vector};

simd_dispatch! {
    /// Exponentials of matrices of order `n`. Returns the indices of the matrices that were not
    /// handled: those that are not finite, have a large norm, are triangular, or so far from normal
    /// that their norm would scale them too far.
    pub(crate) fn batched_expm<R>(n: usize, a: &[R], to: &mut [R]) -> Vec<usize>
        = batched_expm_with_isa;

    /// The same for complex matrices, whose elements are pairs of a real and an imaginary part.
    pub(crate) fn batched_complex_expm<R>(n: usize, a: &[R], to: &mut [R]) -> Vec<usize>
        = batched_complex_expm_with_isa;
}

/// The norm up to which the polynomial is exact to working precision, in double and in single
/// precision.
const MOST: [f64; 2] = [1.090_863_719_290_036, 3.010_066_362_817_634];

/// The largest norm, beyond which elements may overflow on the way.
const LARGEST: f64 = 64.0;

/// The coefficients of the identity and of the powers 1, 2, 3 and 6.
const FIRST: [f64; 5] = [
    0.0,
    -1.003_655_810_301_446_2e-1,
    -8.029_246_482_411_57e-3,
    -8.921_384_980_457_299e-4,
    0.0,
];
const SECOND: [f64; 5] = [
    0.0,
    3.978_497_494_996_451e-1,
    1.367_837_784_604_117_2,
    4.982_896_225_253_826_7e-1,
    -6.378_981_945_947_233e-4,
];
const THIRD: [f64; 5] = [
    -1.096_763_960_529_620_6e1,
    1.680_158_138_789_062,
    5.717_798_464_788_655e-2,
    -6.982_101_224_880_520_6e-3,
    3.349_750_170_860_705e-5,
];
const FOURTH: [f64; 5] = [
    -9.043_168_323_908_106e-2,
    -6.764_045_190_713_819e-2,
    6.759_613_017_704_597e-2,
    2.955_525_704_293_155e-2,
    -1.391_802_575_160_607e-5,
];
const FIFTH: [f64; 5] = [
    0.0,
    0.0,
    -9.233_646_193_671_186e-2,
    -1.693_649_390_020_817e-2,
    -1.400_867_981_820_361e-5,
];

/// Calls the kernel with the order known at compile time, and memory for seven matrices.
macro_rules! with_order {
    ($complex:literal, $isa:expr, $n:literal, $a:ident, $to:ident) => {{
        let isa = $isa;
        let buffer = &mut [isa.splat_f64(0.0); 7 * $n * $n];
        kernel::<_, $complex>(isa, $n, $a, $to, buffer)
    }};
}

#[inline(always)]
fn batched_expm_with_isa<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    to: &mut [I::Real],
) -> Vec<usize> {
    match (n, a.len()) {
        (2, 4) => with_order!(false, single_lane(isa), 2, a, to),
        (3, 9) => with_order!(false, single_lane(isa), 3, a, to),
        (4, 16) => with_order!(false, single_lane(isa), 4, a, to),
        (2, _) => with_order!(false, isa, 2, a, to),
        (3, _) => with_order!(false, isa, 3, a, to),
        (4, _) => with_order!(false, isa, 4, a, to),
        _ => kernel::<_, false>(isa, n, a, to, &mut vec![isa.splat_f64(0.0); 7 * n * n]),
    }
}

#[inline(always)]
fn batched_complex_expm_with_isa<I: Isa>(
    isa: I,
    n: usize,
    a: &[I::Real],
    to: &mut [I::Real],
) -> Vec<usize> {
    // In single precision the code would be as long again, for less.
    let is_double = size_of::<I::Real>() == size_of::<f64>();
    match n {
        2 if is_double => with_order!(true, isa, 4, a, to),
        4 if is_double => with_order!(true, isa, 8, a, to),
        _ => kernel::<_, true>(isa, 2 * n, a, to, &mut vec![isa.splat_f64(0.0); 28 * n * n]),
    }
}

/// Complex matrices `x + i y` are computed as blocks `[[x, -y], [y, x]]` of order `n`.
#[inline(always)]
fn kernel<I: Isa, const COMPLEX: bool>(
    isa: I,
    n: usize,
    a: &[I::Real],
    to: &mut [I::Real],
    buffer: &mut [I::Vector],
) -> Vec<usize> {
    let elements = if COMPLEX { n * n / 2 } else { n * n };
    let len = I::Vector::LANES * elements;
    let mut unhandled = Vec::new();
    for (group, (a, to)) in a.chunks(len).zip(to.chunks_mut(len)).enumerate() {
        let at = if COMPLEX { n * n } else { 0 };
        interleave(elements, a, &mut buffer[at..][..elements]);
        if COMPLEX {
            let (blocks, pairs) = buffer.split_at_mut(n * n);
            for (at, pair) in pairs[..elements].chunks_exact(2).enumerate() {
                let (upper, lower) = block_positions(n, at);
                (blocks[upper], blocks[upper + n / 2]) = (pair[0], -pair[1]);
                (blocks[lower], blocks[lower + n / 2]) = (pair[1], pair[0]);
            }
        }
        let done = exponentials::<_, COMPLEX>(isa, n, buffer);
        if COMPLEX {
            let (blocks, pairs) = buffer.split_at_mut(n * n);
            for (at, pair) in pairs[..elements].chunks_exact_mut(2).enumerate() {
                let (upper, lower) = block_positions(n, at);
                (pair[0], pair[1]) = (blocks[upper], blocks[lower]);
            }
        }
        deinterleave(elements, &buffer[at..][..elements], to);
        let (first, count) = (group * I::Vector::LANES, to.len() / elements);
        push_unhandled(I::Vector::LANES, done, first, count, &mut unhandled);
    }
    unhandled
}

/// Where the real and the imaginary part of a complex element are in the left blocks.
#[inline(always)]
const fn block_positions(n: usize, at: usize) -> (usize, usize) {
    let half = n / 2;
    let upper = at / half * n + at % half;
    (upper, upper + half * n)
}

/// Replaces the first matrices of the buffer by their exponentials. Returns a bit for each lane
/// that is right.
#[inline(always)]
fn exponentials<I: Isa, const COMPLEX: bool>(isa: I, n: usize, buffer: &mut [I::Vector]) -> u32 {
    let mut matrices = buffer.chunks_exact_mut(n * n);
    let mut next = || matrices.next().expect("seven matrices");
    let [x, second, third, sixth] = [next(), next(), next(), next()];
    let [left, right, ninth] = [next(), next(), next()];
    let norm = norm1(isa, n, x);
    let done = isa.splat_f64(LARGEST).gt(norm) & !is_triangular::<_, COMPLEX>(isa, n, x);
    // The power of two that scales each lane, and how often it must be squared.
    let most = MOST[usize::from(I::Real::epsilon() > rounded(1e-10))];
    let mut factor = [isa.splat_f64(1.0)];
    let mut squarings = [isa.splat_f64(0.0)];
    let mut rounds = 0;
    let lanes = I::Vector::as_scalars_mut(&mut factor)
        .iter_mut()
        .zip(I::Vector::as_scalars_mut(&mut squarings));
    for ((factor, squarings), &norm) in lanes.zip(I::Vector::as_scalars(&[norm])) {
        let (mut size, mut count) = (norm, 0);
        let half = rounded::<I::Real>(0.5);
        while size > rounded(most) && count < 7 {
            size *= half;
            *factor *= half;
            count += 1;
        }
        *squarings = rounded(f64::from(count));
        rounds = rounds.max(count);
    }
    let ([factor], [squarings]) = (factor, squarings);
    for x in x.iter_mut() {
        *x = *x * factor;
    }
    multiply::<I, false, COMPLEX>(isa, n, x, x, second);
    multiply::<I, false, COMPLEX>(isa, n, x, second, third);
    // Far from normal, the powers are much smaller than those of the norm.
    let norm = norm * factor;
    let [n2, n3] = [norm1(isa, n, second), norm1(isa, n, third)];
    let tame = (isa.splat_f64(16.0) * n2).gt(norm * norm)
        | (isa.splat_f64(64.0) * n3).gt(norm * norm * norm)
        | isa.splat_f64(0.5).gt(squarings);
    let done = I::Vector::to_bitmask(done & tame);
    multiply::<I, false, COMPLEX>(isa, n, third, third, sixth);
    {
        let powers = [&*x, &*second, &*third, &*sixth];
        combine(isa, n, FIRST, powers, left);
        combine(isa, n, FIFTH, powers, right);
        combine(isa, n, FOURTH, powers, ninth);
        multiply::<I, true, COMPLEX>(isa, n, left, right, ninth);
        combine(isa, n, THIRD, powers, left);
        for (left, &x) in left.iter_mut().zip(&*ninth) {
            *left = *left + x;
        }
        combine(isa, n, SECOND, powers, right);
    }
    x.copy_from_slice(right);
    multiply::<I, true, COMPLEX>(isa, n, left, ninth, x);
    for round in 0..rounds {
        multiply::<I, false, COMPLEX>(isa, n, x, x, second);
        let goes_on = squarings.gt(isa.splat_f64(f64::from(round) + 0.5));
        for (x, &square) in x.iter_mut().zip(&*second) {
            *x = I::Vector::select(goes_on, square, *x);
        }
    }
    done
}

/// `out = c_0 I + c_1 A + c_2 A^2 + c_3 A^3 + c_4 A^6`.
#[inline(always)]
fn combine<I: Isa>(
    isa: I,
    n: usize,
    c: [f64; 5],
    powers: [&[I::Vector]; 4],
    out: &mut [I::Vector],
) {
    // A closure in `map` or `fold` would not be compiled for this instruction set.
    let mut coefficients = [isa.splat_f64(0.0); 5];
    for (to, c) in coefficients.iter_mut().zip(c) {
        *to = isa.splat_f64(c);
    }
    let [constant, first, second, third, sixth] = coefficients;
    let [a, a2, a3, a6] = powers;
    let (a, a2, a3, a6) = (&a[..n * n], &a2[..n * n], &a3[..n * n], &a6[..n * n]);
    for (at, out) in out[..n * n].iter_mut().enumerate() {
        let sum = a2[at].mul_add(second, a[at] * first);
        *out = a6[at].mul_add(sixth, a3[at].mul_add(third, sum));
    }
    for at in 0..n {
        out[at * n + at] = out[at * n + at] + constant;
    }
}

/// Rows and columns of a tile of the product, which stays in registers.
const ROWS: usize = 3;
const COLUMNS: usize = 4;

/// `out = a b`, or `out += a b`. Of the blocks of complex matrices the left ones are computed, and
/// the others copied.
#[inline(always)]
fn multiply<I: Isa, const ACCUMULATE: bool, const COMPLEX: bool>(
    isa: I,
    n: usize,
    a: &[I::Vector],
    b: &[I::Vector],
    out: &mut [I::Vector],
) {
    let (a, b, out) = (&a[..n * n], &b[..n * n], &mut out[..n * n]);
    let width = if COMPLEX { n / 2 } else { n };
    let mut i = 0;
    while i < n {
        // The order of blocks is even: two rows are left, or four, of which none is alone, whose
        // sums would wait for each other.
        let is_pair = COMPLEX && matches!(n - i, 2 | 4);
        let rows = if is_pair {
            2
        } else if i + ROWS <= n {
            ROWS
        } else {
            1
        };
        let mut j = 0;
        while j < width {
            let columns = if j + COLUMNS <= width { COLUMNS } else { 1 };
            match (rows, columns) {
                (ROWS, COLUMNS) => tile::<I, ROWS, COLUMNS, ACCUMULATE>(isa, n, (i, j), a, b, out),
                (ROWS, _) => tile::<I, ROWS, 1, ACCUMULATE>(isa, n, (i, j), a, b, out),
                (2, COLUMNS) if COMPLEX => {
                    tile::<I, 2, COLUMNS, ACCUMULATE>(isa, n, (i, j), a, b, out)
                }
                (2, _) if COMPLEX => tile::<I, 2, 1, ACCUMULATE>(isa, n, (i, j), a, b, out),
                (_, COLUMNS) => tile::<I, 1, COLUMNS, ACCUMULATE>(isa, n, (i, j), a, b, out),
                _ => tile::<I, 1, 1, ACCUMULATE>(isa, n, (i, j), a, b, out),
            }
            j += columns;
        }
        i += rows;
    }
    if COMPLEX {
        for i in 0..width {
            for j in 0..width {
                let (upper, lower) = (i * n + j, (i + width) * n + j);
                out[lower + width] = out[upper];
                out[upper + width] = -out[lower];
            }
        }
    }
}

#[inline(always)]
fn tile<I: Isa, const R: usize, const C: usize, const ACCUMULATE: bool>(
    isa: I,
    n: usize,
    (i, j): (usize, usize),
    a: &[I::Vector],
    b: &[I::Vector],
    out: &mut [I::Vector],
) {
    let mut sums = [[isa.splat_f64(0.0); C]; R];
    if ACCUMULATE {
        for (row, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(&out[(i + row) * n + j..][..C]);
        }
    }
    for k in 0..n {
        let b = &b[k * n + j..][..C];
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = a[(i + row) * n + k];
            for (sum, &y) in sums.iter_mut().zip(b) {
                *sum = x.mul_add(y, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        out[(i + row) * n + j..][..C].copy_from_slice(sums);
    }
}

/// The largest sum of the moduli of a row, and NaN where an element is.
#[inline(always)]
fn norm1<I: Isa>(isa: I, n: usize, a: &[I::Vector]) -> I::Vector {
    let zero = isa.splat_f64(0.0);
    let mut largest = zero;
    for row in a.chunks_exact(n) {
        let mut sum = zero;
        for x in row {
            sum = sum + x.abs();
        }
        // A NaN is larger than nothing, and nothing is larger than it.
        largest = I::Vector::select(largest.gt(sum), largest, sum + largest * zero);
    }
    largest
}

/// Whether all elements on one side of the diagonal are zero.
#[inline(always)]
fn is_triangular<I: Isa, const COMPLEX: bool>(
    isa: I,
    n: usize,
    a: &[I::Vector],
) -> <I::Vector as Vector>::Mask {
    let zero = isa.splat_f64(0.0);
    let (mut below, mut above) = (zero, zero);
    let order = if COMPLEX { n / 2 } else { n };
    for i in 0..order {
        for j in 0..i {
            below = below + a[i * n + j].abs();
            above = above + a[j * n + i].abs();
            if COMPLEX {
                below = below + a[(i + order) * n + j].abs();
                above = above + a[(j + order) * n + i].abs();
            }
        }
    }
    below.eq(zero) | above.eq(zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::batched::MAX_LANES;
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    /// By the series of a thousandth, squared.
    fn exponential(n: usize, a: &[f64]) -> Vec<f64> {
        let product = |x: &[f64], y: &[f64]| -> Vec<f64> {
            let element = |at: usize| (0..n).map(|k| x[at / n * n + k] * y[k * n + at % n]).sum();
            (0..n * n).map(element).collect()
        };
        let identity = |at: usize| f64::from(u8::from(at / n == at % n));
        let scaled: Vec<f64> = a.iter().map(|x| x / 1024.0).collect();
        let mut sum: Vec<f64> = vec![0.0; n * n];
        for k in (1..=12).rev() {
            sum = (0..n * n).map(|at| sum[at] + identity(at)).collect();
            sum = product(&sum, &scaled)
                .iter()
                .map(|x| x / f64::from(k))
                .collect();
        }
        // `e^x - 1` is squared, so that its digits stay.
        for _ in 0..10 {
            let square = product(&sum, &sum);
            sum = sum
                .iter()
                .zip(square)
                .map(|(x, square)| 2.0 * x + square)
                .collect();
        }
        (0..n * n).map(|at| sum[at] + identity(at)).collect()
    }

    fn is_right<R: SimdReal + Into<f64>>() {
        let eps: f64 = R::epsilon().into();
        for n in [2, 3, 4, 5, 9, 16] {
            let mut a = Vec::new();
            for index in 0..2 * MAX_LANES + 5 {
                let size = [0.01, 0.3, 1.0, 2.0, 5.0][index % 5] / n as f64;
                a.extend((0..n * n).map(|at| rounded::<R>(size * noise(index * 4096 + at))));
            }
            let spoiled = [3, 11];
            a[3 * n * n] = R::nan();
            a[11 * n * n + 1] = R::infinity();
            let [(unhandled, found), others @ ..] = at_each(|| {
                let mut to = vec![R::zero(); a.len()];
                (batched_expm(n, &a, &mut to), to)
            });
            assert_eq!(unhandled, spoiled);
            for (index, e) in found.chunks(n * n).enumerate() {
                if spoiled.contains(&index) {
                    continue;
                }
                for (_, other) in &others {
                    assert_eq!(other[index * n * n..][..n * n], *e);
                }
                let a: Vec<f64> = a[index * n * n..][..n * n]
                    .iter()
                    .map(|&x| x.into())
                    .collect();
                let expected = exponential(n, &a);
                let size = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
                for (&found, expected) in e.iter().zip(expected) {
                    let off = (found.into() - expected).abs();
                    assert!(off <= 20.0 * n as f64 * eps * size, "{n} {index}: {off:e}");
                }
            }
        }
    }

    #[test]
    fn exponentials_are_right_for_every_instruction_set() {
        is_right::<f64>();
        is_right::<f32>();
    }

    #[test]
    fn difficult_matrices_are_not_handled() {
        for a in [
            [1.0, 1e3, 0.0, 1.0],
            [1.0, 0.0, 1e3, 1.0],
            [0.001, 50.0, 1e-9, -0.001],
            [1e3, 1.0, 1.0, 1.0],
        ] {
            assert_eq!(batched_expm(2, &a, &mut [0.0; 4]), [0]);
        }
    }
}
