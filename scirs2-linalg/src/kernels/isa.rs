//! One loop, compiled once for each instruction set, the best chosen at run
//! time.

/// Makes a function whose body the compiler vectorises twice: for the target's
/// baseline, and on x86-64 for AVX2 with FMA. The standard library keeps what it
/// found out about the CPU, so the choice costs a load and a branch.
///
/// The arithmetic is the same in both, operation for operation, and so are the
/// bits of the result.
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
                if $crate::kernels::isa::has_avx2() {
                    // SAFETY: the CPU has both, as was just asked.
                    return unsafe { avx2 $(::<$($G),+>)? ($($arg),*) };
                }
            }
            portable $(::<$($G),+>)? ($($arg),*)
        }
    )+};
}
pub(crate) use multiversion;

/// Whether a fused multiplication and addition is one instruction, not a call.
pub(crate) fn has_fma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return has_avx2();
    #[cfg(not(target_arch = "x86_64"))]
    cfg!(target_arch = "aarch64")
}

/// The instruction set that is chosen on this machine.
pub(crate) fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        return "AVX2";
    }
    if cfg!(target_arch = "aarch64") {
        "NEON"
    } else {
        "baseline"
    }
}

/// Whether there is AVX2, and FMA, which comes with it.
#[cfg(all(target_arch = "x86_64", not(test)))]
pub(crate) fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

/// In tests a thread can force the baseline.
#[cfg(all(target_arch = "x86_64", test))]
pub(crate) fn has_avx2() -> bool {
    !forced::BASELINE.get()
        && std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
}

#[cfg(test)]
pub(crate) mod forced {
    use std::cell::Cell;

    thread_local! {
        pub(super) static BASELINE: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs on the target's baseline alone.
    pub(crate) fn baseline<R>(run: impl FnOnce() -> R) -> R {
        BASELINE.set(true);
        let result = run();
        BASELINE.set(false);
        result
    }
}
