//! Loops compiled once for each instruction set, the best of which is chosen at
//! run time.

use std::sync::atomic::{AtomicU8, Ordering};

/// Makes a function whose body the compiler vectorises for the target's baseline, and
/// on x86-64 also for AVX2 with FMA and for AVX-512. The standard library caches the
/// CPU's features, so the choice costs a few loads and branches.
///
/// The arithmetic is the same in all versions, operation for operation, and so are
/// the bits of the result.
macro_rules! multiversion {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident $(<$($G:ident: $bound:path),+>)? ($($arg:ident: $type:ty),* $(,)?)
        $(-> $result:ty)? $body:block
    )+) => {$(
        $(#[$meta])*
        $vis fn $name $(<$($G: $bound),+>)? ($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            fn portable $(<$($G: $bound),+>)? ($($arg: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2 $(<$($G: $bound),+>)? ($($arg: $type),*) $(-> $result)? {
                    portable $(::<$($G),+>)? ($($arg),*)
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512 $(<$($G: $bound),+>)? ($($arg: $type),*) $(-> $result)? {
                    portable $(::<$($G),+>)? ($($arg),*)
                }
                if $crate::simd::isa::has_avx512() {
                    // SAFETY: the CPU has all of them, as was just checked.
                    return unsafe { avx512 $(::<$($G),+>)? ($($arg),*) };
                }
                if $crate::simd::isa::has_avx2() {
                    // SAFETY: the CPU has both, as was just checked.
                    return unsafe { avx2 $(::<$($G),+>)? ($($arg),*) };
                }
            }
            portable $(::<$($G),+>)? ($($arg),*)
        }
    )+};
}
pub(crate) use multiversion;

/// Whether a fused multiply-add is one instruction, not a call.
pub(crate) fn has_fma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return has_avx2();
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

/// The instruction set chosen on this machine.
pub(crate) fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        return "AVX-512";
    } else if has_avx2() {
        return "AVX2";
    }
    if cfg!(target_arch = "aarch64") {
        "NEON"
    } else {
        "baseline"
    }
}

/// Whether there is AVX2, and FMA, which comes with it.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx2() -> bool {
    forced::allows(Level::Avx2)
        && std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
}

/// Whether there is AVX-512 with the extensions of the first server CPUs, and AVX2.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx512() -> bool {
    forced::allows(Level::Avx512)
        && has_avx2()
        && std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512vl")
}

/// What a kernel is compiled for, in ascending order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Level {
    /// The target's baseline.
    Baseline,
    /// AVX2 with FMA.
    Avx2,
    /// AVX-512, and everything else available.
    Avx512,
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Avx512 as u8);

/// Forces the newest instructions that may be used, for the whole process.
pub(crate) fn force_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

#[cfg(all(target_arch = "x86_64", not(test)))]
mod forced {
    use super::{LEVEL, Level, Ordering};

    /// Whether instructions of that level may be used.
    #[inline]
    pub(super) fn allows(level: Level) -> bool {
        level as u8 <= LEVEL.load(Ordering::Relaxed)
    }
}

/// In the tests of this crate, which run in parallel, a thread can disable the newest
/// instructions.
#[cfg(test)]
pub(crate) mod forced {
    use std::cell::Cell;

    use super::Level;

    thread_local! {
        static MOST: Cell<Level> = const { Cell::new(Level::Avx512) };
    }

    pub(super) fn allows(level: Level) -> bool {
        level <= MOST.get()
    }

    /// Runs with at most that level, as far as the CPU supports it.
    pub(crate) fn at_most<R>(level: Level, run: impl FnOnce() -> R) -> R {
        MOST.set(level);
        let result = run();
        MOST.set(Level::Avx512);
        result
    }

    /// The result with each level, the best first.
    pub(crate) fn at_each<R>(run: impl Fn() -> R) -> [R; 3] {
        [Level::Avx512, Level::Avx2, Level::Baseline].map(|level| at_most(level, &run))
    }
}
