//! Small real matrices, many at once: one vector holds the elements of one place of
//! several matrices. What is done for one is done for all, and no step of one matrix
//! waits for the step before.
//!
//! | file | one concept |
//! |---|---|
//! | `vector` | vectors of any instruction set |
//! | `x86` | those of x86-64 |
//! | `cholesky` | Cholesky factors |
//! | `elimination` | solutions, inverses and determinants; of the smallest in registers |
//! | `lu` | those of the others, rows in memory |
//! | `jacobi` | eigenvalues and singular values |

pub(crate) mod cholesky;
pub(crate) mod elimination;
pub(crate) mod jacobi;
mod lu;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

use num_traits::{Float as _, NumCast};
use scirs2_core::Real;

pub(crate) use vector::Wide;
use vector::{Isa, Plain, Vector};

/// Why the operands of such kernels are real numbers.
pub(crate) const REAL: &str = "there are kernels for real numbers only";

/// The lanes of the widest vectors.
pub(crate) const MOST_LANES: usize = 16;

/// Fewer matrices than that leave too many lanes empty, unless they are very small.
const MANY: usize = 4;

/// The lanes of a CPU without vectors that are known here.
const PLAIN_LANES: usize = 4;

/// Makes functions that call a kernel, compiled for the best instruction set that the
/// CPU has. The bits of the results are the same in all.
macro_rules! dispatched {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<$R:ident>($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)?
            = $kernel:ident;
    )+) => {$(
        $(#[$meta])*
        $vis fn $name<$R: $crate::kernels::many::Wide>($($arg: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::kernels::many::x86::Detect;

                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512<$R: $crate::kernels::many::Wide>(
                    isa: $R::Avx512, $($arg: $type),*
                ) $(-> $result)? {
                    $kernel(isa, $($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$R: $crate::kernels::many::Wide>(
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
            type Isa<R> = $crate::kernels::many::Plain<R, { $crate::kernels::many::PLAIN_LANES }>;
            $kernel(Isa::<$R>::new(), $($arg),*)
        }
    )+};
}
use dispatched;

/// Calls a kernel with the order known to the compiler where that is small; for one
/// matrix, with a single lane.
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

/// For one matrix instead of many.
const fn alone<I: Isa>(_: I) -> Plain<I::Real, 1> {
    Plain::new()
}

#[inline(always)]
pub(crate) fn constant<R: Real>(x: f64) -> R {
    <R as NumCast>::from(x).expect("a float takes any float")
}

/// Elements of a block that is turned in registers.
const BLOCK: usize = 4;

/// Puts matrices of `len` elements each side by side: as many as there are lanes. The
/// last stands in for those that are missing.
#[inline(always)]
fn load<V: Vector>(len: usize, from: &[V::Real], to: &mut [V]) {
    let to = V::reals_mut(&mut to[..len]);
    if from.len() < len * V::LANES {
        let last = from.len() / len - 1;
        for (at, to) in to.chunks_exact_mut(V::LANES).enumerate() {
            for (lane, x) in to.iter_mut().enumerate() {
                *x = from[lane.min(last) * len + at];
            }
        }
        return;
    }
    let mut at = 0;
    while at + BLOCK <= len && V::LANES >= BLOCK {
        let to = &mut to[at * V::LANES..][..BLOCK * V::LANES];
        for lane in (0..V::LANES).step_by(BLOCK) {
            for i in 0..BLOCK {
                let from = &from[(lane + i) * len + at..][..BLOCK];
                for (j, &x) in from.iter().enumerate() {
                    to[j * V::LANES + lane + i] = x;
                }
            }
        }
        at += BLOCK;
    }
    for at in at..len {
        for lane in 0..V::LANES {
            to[at * V::LANES + lane] = from[lane * len + at];
        }
    }
}

/// Takes matrices of `len` elements each apart again, as many as `to` has room for.
#[inline(always)]
fn store<V: Vector>(len: usize, from: &[V], to: &mut [V::Real]) {
    let from = V::reals(&from[..len]);
    if to.len() < len * V::LANES {
        for (lane, to) in to.chunks_exact_mut(len).enumerate() {
            for (at, x) in to.iter_mut().enumerate() {
                *x = from[at * V::LANES + lane];
            }
        }
        return;
    }
    let mut at = 0;
    while at + BLOCK <= len && V::LANES >= BLOCK {
        let from = &from[at * V::LANES..][..BLOCK * V::LANES];
        for lane in (0..V::LANES).step_by(BLOCK) {
            for i in 0..BLOCK {
                let to = &mut to[(lane + i) * len + at..][..BLOCK];
                for (j, x) in to.iter_mut().enumerate() {
                    *x = from[j * V::LANES + lane + i];
                }
            }
        }
        at += BLOCK;
    }
    for at in at..len {
        for lane in 0..V::LANES {
            to[lane * len + at] = from[at * V::LANES + lane];
        }
    }
}

/// Whether a modulus is that of a normal number.
#[inline(always)]
fn normal<I: Isa>(isa: I, size: I::Vector) -> <I::Vector as Vector>::Mask {
    let least = isa.splat(I::Real::min_positive_value());
    !least.exceeds(size) & isa.splat(I::Real::infinity()).exceeds(size)
}

/// Adds the numbers of the matrices that are left: of `count` from the `first` on, those
/// that are not done.
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
