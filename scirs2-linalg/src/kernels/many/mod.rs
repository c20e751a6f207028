//! Small real matrices, many at once: one vector holds the elements at one position of
//! several matrices. All matrices take the same steps, and the steps of one are not
//! slowed by the dependence on its previous step.
//!
//! | file | one concept |
//! |---|---|
//! | `cholesky` | Cholesky factors |
//! | `elimination` | solutions, inverses and determinants; the smallest in registers |
//! | `lu` | the same for larger matrices, rows in memory |
//! | `reflections` | QR |
//! | `jacobi` | eigenvalues and singular values |
//! | `least_squares` | least squares, by reflections and rotations |

pub(crate) mod cholesky;
pub(crate) mod elimination;
pub(crate) mod jacobi;
pub(crate) mod least_squares;
mod lu;
pub(crate) mod reflections;

use num_traits::Float as _;

pub(crate) use crate::base::scale::rounded as constant;
use crate::simd::vector::{Isa, Plain, Vector};

/// The message if the operands of such kernels are not real.
pub(crate) const REAL: &str = "there are kernels for real numbers only";

/// The lanes of the widest vectors.
pub(crate) const MOST_LANES: usize = 16;

/// The lanes on a CPU without a supported vector extension.
const PLAIN_LANES: usize = 4;

/// Makes functions that call a kernel, compiled for the best instruction set that the
/// CPU has. The bits of the results are the same with all of them.
macro_rules! dispatched {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<$R:ident>($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)?
            = $kernel:ident;
    )+) => {$(
        $(#[$meta])*
        $vis fn $name<$R: $crate::simd::wide::Wide>($($arg: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::simd::x86::Detect;

                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512<$R: $crate::simd::wide::Wide>(
                    isa: $R::Avx512, $($arg: $type),*
                ) $(-> $result)? {
                    $kernel(isa, $($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$R: $crate::simd::wide::Wide>(
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
            type Isa<R> = $crate::simd::vector::Plain<R, { $crate::kernels::many::PLAIN_LANES }>;
            $kernel(Isa::<$R>::new(), $($arg),*)
        }
    )+};
}
use dispatched;

/// Calls a kernel, with the order known at compile time if it is small; a single
/// matrix has a single lane.
macro_rules! by_order {
    ($isa:ident, $n:ident, $matrices:ident: $kernel:ident($($arg:expr),*), else $any:expr) => {
        match ($n, $matrices.len()) {
            (2, 4) => $kernel::<_, 2>($crate::kernels::many::alone($isa), $($arg),*),
            (3, 9) => $kernel::<_, 3>($crate::kernels::many::alone($isa), $($arg),*),
            (4, 16) => $kernel::<_, 4>($crate::kernels::many::alone($isa), $($arg),*),
            (2, _) => $kernel::<_, 2>($isa, $($arg),*),
            (3, _) => $kernel::<_, 3>($isa, $($arg),*),
            (4, _) => $kernel::<_, 4>($isa, $($arg),*),
            _ => $any,
        }
    };
}
use by_order;

/// A vector of a single lane, for one matrix.
const fn alone<I: Isa>(_: I) -> Plain<I::Real, 1> {
    Plain::new()
}

/// The side of a block that is transposed in registers.
const BLOCK: usize = 4;

/// Interleaves matrices of `len` elements each, one for each lane. The last one fills
/// the lanes that have none.
#[inline(always)]
fn load<V: Vector>(len: usize, from: &[V::Real], to: &mut [V]) {
    gather(len, 0, len, from, to);
}

/// [`load`] for `count` elements of each matrix, from the `first` on.
#[inline(always)]
fn gather<V: Vector>(len: usize, first: usize, count: usize, from: &[V::Real], to: &mut [V]) {
    let to = V::reals_mut(&mut to[..count]);
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

/// The step between rows of a matrix with rows of `n` vectors whose columns are walked
/// along: with an even step the elements of a column would map to few sets of the cache.
const fn stride(n: usize) -> usize {
    if n <= BLOCK { n } else { n | 1 }
}

/// [`load`] to rows that are [`stride`] apart.
#[inline(always)]
fn load_rows<V: Vector>(n: usize, rows: usize, from: &[V::Real], to: &mut [V]) {
    if stride(n) == n {
        return load(rows * n, from, to);
    }
    for (row, to) in to.chunks_exact_mut(stride(n)).enumerate() {
        gather(rows * n, row * n, n, from, to);
    }
}

/// [`store`] from rows that are [`stride`] apart.
#[inline(always)]
fn store_rows<V: Vector>(n: usize, rows: usize, from: &[V], to: &mut [V::Real]) {
    if stride(n) == n {
        return store(rows * n, from, to);
    }
    for (row, from) in from.chunks_exact(stride(n)).enumerate() {
        scatter(rows * n, row * n, n, from, to);
    }
}

/// Separates interleaved matrices of `len` elements each, as many as `to` has room for.
#[inline(always)]
fn store<V: Vector>(len: usize, from: &[V], to: &mut [V::Real]) {
    scatter(len, 0, len, from, to);
}

/// [`store`] for `count` elements of each matrix, from the `first` on.
#[inline(always)]
fn scatter<V: Vector>(len: usize, first: usize, count: usize, from: &[V], to: &mut [V::Real]) {
    let from = V::reals(&from[..count]);
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

/// Whether a magnitude is that of a normal number.
#[inline(always)]
fn normal<I: Isa>(isa: I, size: I::Vector) -> <I::Vector as Vector>::Mask {
    let least = isa.splat(I::Real::min_positive_value());
    !least.exceeds(size) & isa.splat(I::Real::infinity()).exceeds(size)
}

/// Appends the numbers of the matrices that are left: those that are not done, of `count`
/// from the `first` on.
#[inline(always)]
fn leave(lanes: usize, done: u32, first: usize, count: usize, left: &mut Vec<usize>) {
    if done.trailing_ones() as usize >= count.min(lanes) {
        return;
    }
    left.extend(
        (0..count.min(lanes))
            .filter(|lane| done >> lane & 1 == 0)
            .map(|lane| first + lane),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::simd::wide::Wide;

    /// Checks that any number of matrices is loaded and stored, for any number of lanes.
    fn comes_back<I: Isa>(isa: I) {
        for len in [1, 3, 4, 9, 16, 25] {
            for count in 1..=I::Vector::LANES {
                let from: Vec<I::Real> = (0..len * count).map(|at| constant(noise(at))).collect();
                let mut lanes = vec![isa.constant(0.0); len];
                load(len, &from, &mut lanes);
                let last = &I::Vector::reals(&lanes)[I::Vector::LANES - 1..];
                assert!(
                    last.iter()
                        .step_by(I::Vector::LANES)
                        .eq(&from[(count - 1) * len..])
                );
                let mut to = vec![constant(0.0); from.len()];
                store(len, &lanes, &mut to);
                assert_eq!(to, from);
                for rows in (1..=len).filter(|rows| len.is_multiple_of(*rows)) {
                    let n = len / rows;
                    let mut lanes = vec![isa.constant(0.0); rows * stride(n)];
                    load_rows(n, rows, &from, &mut lanes);
                    to.fill(constant(0.0));
                    store_rows(n, rows, &lanes, &mut to);
                    assert_eq!(to, from);
                }
            }
        }
    }

    /// Checks every operation, lane by lane, against that of one number.
    fn is_each_number<I: Isa>(isa: I) {
        let special = [
            0.0,
            -0.0,
            1.0,
            -2.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let number = |at: usize| constant::<I::Real>(special.get(at).copied().unwrap_or(noise(at)));
        let count = 64;
        let lanes = |first: usize| {
            let from: Vec<_> = (first..first + I::Vector::LANES)
                .map(|at| number(at % count))
                .collect();
            let mut lanes = [isa.constant(0.0)];
            load(1, &from, &mut lanes);
            lanes[0]
        };
        let same = |x: I::Real, y: I::Real| {
            x == y && x.is_sign_negative() == y.is_sign_negative() || x.is_nan() && y.is_nan()
        };
        for first in 0..count {
            for second in 0..count {
                let (x, y, z) = (lanes(first), lanes(second), lanes(first + 31));
                let yes = x.exceeds(y);
                let found = [
                    x + y,
                    x - y,
                    x * y,
                    x / y,
                    -x,
                    x.abs(),
                    x.sqrt(),
                    x.copysign(y),
                    x.fused(y, z),
                    I::Vector::pick(yes, x, y),
                    I::Vector::pick(!yes, x, y),
                ];
                let (equal, both, either) = (x.equals(y), yes & x.equals(x), yes | x.equals(y));
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
                        let found = I::Vector::reals(std::slice::from_ref(found))[lane];
                        assert!(same(found, expected), "{at}: {x:?} {y:?} {z:?}");
                    }
                    let bit = |mask| I::Vector::bits(mask) >> lane & 1 == 1;
                    assert_eq!(bit(equal), x == y);
                    assert_eq!(bit(both), x > y);
                    assert_eq!(bit(either), x >= y);
                }
                assert_eq!(I::Vector::bits(either) >> (I::Vector::LANES - 1) >> 1, 0);
            }
        }
    }

    fn everywhere<R: Wide>() {
        comes_back(Plain::<R, 1>::new());
        comes_back(Plain::<R, PLAIN_LANES>::new());
        is_each_number(Plain::<R, PLAIN_LANES>::new());
        #[cfg(target_arch = "x86_64")]
        {
            use crate::simd::x86::Detect;
            if let Some(isa) = R::Avx2::detect() {
                comes_back(isa);
                is_each_number(isa);
            }
            if let Some(isa) = R::Avx512::detect() {
                comes_back(isa);
                is_each_number(isa);
            }
        }
    }

    #[test]
    fn lanes_are_numbers_side_by_side() {
        everywhere::<f32>();
        everywhere::<f64>();
    }
}
