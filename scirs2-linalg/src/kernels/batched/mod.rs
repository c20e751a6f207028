//! Batches of small real matrices, interleaved: one vector holds the elements at one position
//! of several matrices. All matrices take the same steps, and the steps of one are not slowed
//! by the dependence on its previous step.
//!
//! | file | one concept |
//! |---|---|
//! | `cholesky` | Cholesky factors |
//! | `elimination` | LU factors, solutions, inverses and determinants; the smallest in registers |
//! | `exponential` | exponentials |
//! | `lu` | the same for larger matrices, rows in memory |
//! | `householder` | QR |
//! | `jacobi` | eigenvalues and singular values |
//! | `least_squares` | least squares, by reflections and rotations |
//! | `square_root` | square roots |
//! | `triangular` | systems with triangular matrices |

pub(crate) mod cholesky;
pub(crate) mod elimination;
pub(crate) mod exponential;
pub(crate) mod householder;
pub(crate) mod jacobi;
pub(crate) mod least_squares;
mod lu;
pub(crate) mod square_root;
pub(crate) mod triangular;

use num_traits::{Float as _, ToPrimitive as _};

pub(crate) use crate::base::scale::rounded;
use crate::simd::vector::{Isa, Portable, Vector};

/// The message if the operands of these kernels are not real.
pub(crate) const REAL_ONLY: &str = "there are kernels for real numbers only";

/// The lanes of the widest vectors.
pub(crate) const MAX_LANES: usize = 16;

/// The lanes on a CPU without a supported vector extension. On x86-64 without FMA a fused
/// multiply-add is a call for each lane, so more lanes would only be more code.
const PORTABLE_LANES: usize = if cfg!(target_arch = "x86_64") { 1 } else { 4 };

/// Makes functions that call a kernel, compiled for the best instruction set that the
/// CPU has. The bits of the results are the same with all of them.
macro_rules! simd_dispatch {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<$R:ident>($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)?
            = $kernel:ident;
    )+) => {$(
        $(#[$meta])*
        $vis fn $name<$R: $crate::simd::real::SimdReal>($($arg: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::simd::x86::Detect;

                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512<$R: $crate::simd::real::SimdReal>(
                    isa: $R::Avx512, $($arg: $type),*
                ) $(-> $result)? {
                    $kernel(isa, $($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$R: $crate::simd::real::SimdReal>(
                    isa: $R::Avx2, $($arg: $type),*
                ) $(-> $result)? {
                    $kernel(isa, $($arg),*)
                }
                if let Some(isa) = $R::Avx512::detect() {
                    // SAFETY: the token proves that the CPU has all of them.
                    return unsafe { avx512::<$R>(isa, $($arg),*) };
                }
                if let Some(isa) = $R::Avx2::detect() {
                    // SAFETY: as above.
                    return unsafe { avx2::<$R>(isa, $($arg),*) };
                }
            }
            type Isa<R> = $crate::simd::vector::Portable<R, { $crate::kernels::batched::PORTABLE_LANES }>;
            $kernel(Isa::<$R>::new(), $($arg),*)
        }
    )+};
}
use simd_dispatch;

/// Calls a kernel, with the order known at compile time if it is small; a single
/// matrix has a single lane.
macro_rules! dispatch_order {
    ($isa:ident, $n:ident, $matrices:ident: $kernel:ident($($arg:expr),*), else $any:expr) => {
        match ($n, $matrices.len()) {
            (2, 4) => $kernel::<_, 2>($crate::kernels::batched::single_lane($isa), $($arg),*),
            (3, 9) => $kernel::<_, 3>($crate::kernels::batched::single_lane($isa), $($arg),*),
            (4, 16) => $kernel::<_, 4>($crate::kernels::batched::single_lane($isa), $($arg),*),
            (2, _) => $kernel::<_, 2>($isa, $($arg),*),
            (3, _) => $kernel::<_, 3>($isa, $($arg),*),
            (4, _) => $kernel::<_, 4>($isa, $($arg),*),
            _ => $any,
        }
    };
}
use dispatch_order;

/// A vector of a single lane, for one matrix.
const fn single_lane<I: Isa>(_: I) -> Portable<I::Real, 1> {
    Portable::new()
}

/// The side of a block that is transposed in registers.
const BLOCK: usize = 4;

/// Interleaves matrices of `len` elements each, one per lane. The last matrix is repeated in
/// the remaining lanes.
#[inline(always)]
fn interleave<V: Vector>(len: usize, from: &[V::Real], to: &mut [V]) {
    interleave_range(len, 0, len, from, to);
}

/// [`interleave`] for `count` elements of each matrix, from the `first` on.
#[inline(always)]
fn interleave_range<V: Vector>(
    len: usize,
    first: usize,
    count: usize,
    from: &[V::Real],
    to: &mut [V],
) {
    let to = V::as_scalars_mut(&mut to[..count]);
    if from.len() < len * V::LANES {
        let last = from.len() / len - 1;
        for (at, to) in to.chunks_exact_mut(V::LANES).enumerate() {
            for (lane, x) in to.iter_mut().enumerate() {
                *x = from[lane.min(last) * len + first + at];
            }
        }
        return;
    }
    let mut at = 0;
    while at + BLOCK <= count && V::LANES >= BLOCK {
        let to = &mut to[at * V::LANES..][..BLOCK * V::LANES];
        for lane in (0..V::LANES).step_by(BLOCK) {
            for i in 0..BLOCK {
                let from = &from[(lane + i) * len + first + at..][..BLOCK];
                for (j, &x) in from.iter().enumerate() {
                    to[j * V::LANES + lane + i] = x;
                }
            }
        }
        at += BLOCK;
    }
    for at in at..count {
        for lane in 0..V::LANES {
            to[at * V::LANES + lane] = from[lane * len + first + at];
        }
    }
}

/// The row stride of a matrix of `n` columns that is traversed along its columns: with an even
/// stride the elements of a column would map to few cache sets.
const fn padded_stride(n: usize) -> usize {
    if n <= BLOCK { n } else { n | 1 }
}

/// [`interleave`] to rows that are [`padded_stride`] apart.
#[inline(always)]
fn interleave_rows<V: Vector>(n: usize, rows: usize, from: &[V::Real], to: &mut [V]) {
    if padded_stride(n) == n {
        return interleave(rows * n, from, to);
    }
    for (row, to) in to.chunks_exact_mut(padded_stride(n)).enumerate() {
        interleave_range(rows * n, row * n, n, from, to);
    }
}

/// [`deinterleave`] from rows that are [`padded_stride`] apart.
#[inline(always)]
fn deinterleave_rows<V: Vector>(n: usize, rows: usize, from: &[V], to: &mut [V::Real]) {
    if padded_stride(n) == n {
        return deinterleave(rows * n, from, to);
    }
    for (row, from) in from.chunks_exact(padded_stride(n)).enumerate() {
        deinterleave_range(rows * n, row * n, n, from, to);
    }
}

/// Separates interleaved matrices of `len` elements each, up to the length of `to`.
#[inline(always)]
fn deinterleave<V: Vector>(len: usize, from: &[V], to: &mut [V::Real]) {
    deinterleave_range(len, 0, len, from, to);
}

/// [`deinterleave`] for `count` elements of each matrix, from the `first` on.
#[inline(always)]
fn deinterleave_range<V: Vector>(
    len: usize,
    first: usize,
    count: usize,
    from: &[V],
    to: &mut [V::Real],
) {
    let from = V::as_scalars(&from[..count]);
    if to.len() < len * V::LANES {
        for (lane, to) in to.chunks_exact_mut(len).enumerate() {
            for (at, x) in to[first..][..count].iter_mut().enumerate() {
                *x = from[at * V::LANES + lane];
            }
        }
        return;
    }
    let mut at = 0;
    while at + BLOCK <= count && V::LANES >= BLOCK {
        let from = &from[at * V::LANES..][..BLOCK * V::LANES];
        for lane in (0..V::LANES).step_by(BLOCK) {
            for i in 0..BLOCK {
                let to = &mut to[(lane + i) * len + first + at..][..BLOCK];
                for (j, x) in to.iter_mut().enumerate() {
                    *x = from[j * V::LANES + lane + i];
                }
            }
        }
        at += BLOCK;
    }
    for at in at..count {
        for lane in 0..V::LANES {
            to[lane * len + first + at] = from[at * V::LANES + lane];
        }
    }
}

/// Separates interleaved vectors of small whole numbers.
#[inline(always)]
fn deinterleave_indices<V: Vector>(from: &[V], to: &mut [i32]) {
    let from = V::as_scalars(from);
    for (lane, to) in to.chunks_exact_mut(from.len() / V::LANES).enumerate() {
        for (index, &x) in to.iter_mut().zip(from[lane..].iter().step_by(V::LANES)) {
            *index = x.to_i32().unwrap_or(0);
        }
    }
}

/// Whether a magnitude is that of a normal number.
#[inline(always)]
fn is_normal<I: Isa>(isa: I, size: I::Vector) -> <I::Vector as Vector>::Mask {
    let least = isa.splat(I::Real::min_positive_value());
    !least.gt(size) & isa.splat(I::Real::infinity()).gt(size)
}

/// Appends the indices of the matrices that are not done, of `count` matrices from `first` on.
#[inline(always)]
fn push_unhandled(lanes: usize, done: u32, first: usize, count: usize, unhandled: &mut Vec<usize>) {
    if done.trailing_ones() as usize >= count.min(lanes) {
        return;
    }
    unhandled.extend(
        (0..count.min(lanes))
            .filter(|lane| done >> lane & 1 == 0)
            .map(|lane| first + lane),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::simd::real::SimdReal;

    /// Checks that any number of matrices is interleaved and separated, for any number of
    /// lanes.
    fn round_trips<I: Isa>(isa: I) {
        for len in [1, 3, 4, 9, 16, 25] {
            for count in 1..=I::Vector::LANES {
                let from: Vec<I::Real> = (0..len * count).map(|at| rounded(noise(at))).collect();
                let mut lanes = vec![isa.splat_f64(0.0); len];
                interleave(len, &from, &mut lanes);
                let last = &I::Vector::as_scalars(&lanes)[I::Vector::LANES - 1..];
                assert!(
                    last.iter()
                        .step_by(I::Vector::LANES)
                        .eq(&from[(count - 1) * len..])
                );
                let mut to = vec![rounded(0.0); from.len()];
                deinterleave(len, &lanes, &mut to);
                assert_eq!(to, from);
                for rows in (1..=len).filter(|rows| len.is_multiple_of(*rows)) {
                    let n = len / rows;
                    let mut lanes = vec![isa.splat_f64(0.0); rows * padded_stride(n)];
                    interleave_rows(n, rows, &from, &mut lanes);
                    to.fill(rounded(0.0));
                    deinterleave_rows(n, rows, &lanes, &mut to);
                    assert_eq!(to, from);
                }
            }
        }
    }

    /// Checks every operation, lane by lane, against the scalar operation.
    fn lanes_match_scalars<I: Isa>(isa: I) {
        let special = [
            0.0,
            -0.0,
            1.0,
            -2.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let number = |at: usize| rounded::<I::Real>(special.get(at).copied().unwrap_or(noise(at)));
        let count = 64;
        let lanes = |first: usize| {
            let from: Vec<_> = (first..first + I::Vector::LANES)
                .map(|at| number(at % count))
                .collect();
            let mut lanes = [isa.splat_f64(0.0)];
            interleave(1, &from, &mut lanes);
            lanes[0]
        };
        let same = |x: I::Real, y: I::Real| {
            x == y && x.is_sign_negative() == y.is_sign_negative() || x.is_nan() && y.is_nan()
        };
        for first in 0..count {
            for second in 0..count {
                let (x, y, z) = (lanes(first), lanes(second), lanes(first + 31));
                let yes = x.gt(y);
                let found = [
                    x + y,
                    x - y,
                    x * y,
                    x / y,
                    -x,
                    x.abs(),
                    x.sqrt(),
                    x.copysign(y),
                    x.mul_add(y, z),
                    I::Vector::select(yes, x, y),
                    I::Vector::select(!yes, x, y),
                ];
                let (equal, both, either) = (x.eq(y), yes & x.eq(x), yes | x.eq(y));
                for lane in 0..I::Vector::LANES {
                    let [x, y, z] =
                        [first, second, first + 31].map(|at| number((at + lane) % count));
                    let expected = [
                        x + y,
                        x - y,
                        x * y,
                        x / y,
                        -x,
                        x.abs(),
                        x.sqrt(),
                        x.copysign(y),
                        x.mul_add(y, z),
                        if x > y { x } else { y },
                        if x > y { y } else { x },
                    ];
                    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                        let found = I::Vector::as_scalars(std::slice::from_ref(found))[lane];
                        assert!(same(found, expected), "{at}: {x:?} {y:?} {z:?}");
                    }
                    let bit = |mask| I::Vector::to_bitmask(mask) >> lane & 1 == 1;
                    assert_eq!(bit(equal), x == y);
                    assert_eq!(bit(both), x > y);
                    assert_eq!(bit(either), x >= y);
                }
                assert_eq!(
                    I::Vector::to_bitmask(either) >> (I::Vector::LANES - 1) >> 1,
                    0
                );
            }
        }
    }

    fn on_every_isa<R: SimdReal>() {
        round_trips(Portable::<R, 1>::new());
        round_trips(Portable::<R, PORTABLE_LANES>::new());
        lanes_match_scalars(Portable::<R, PORTABLE_LANES>::new());
        #[cfg(target_arch = "x86_64")]
        {
            use crate::simd::x86::Detect;
            if let Some(isa) = R::Avx2::detect() {
                round_trips(isa);
                lanes_match_scalars(isa);
            }
            if let Some(isa) = R::Avx512::detect() {
                round_trips(isa);
                lanes_match_scalars(isa);
            }
        }
    }

    #[test]
    fn vectors_compute_as_scalars_do() {
        on_every_isa::<f32>();
        on_every_isa::<f64>();
    }
}
