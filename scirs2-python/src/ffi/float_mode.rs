//! The processor's mode of floating-point arithmetic.
//!
//! XLA computes on threads that flush subnormal numbers to zero. Kernels are tested without
//! that, the threads of the pool take over the mode of the thread that starts them, and a result
//! must not depend on which thread computed it.

/// Computes as IEEE 754 says, and as Rust assumes; dropping it restores the thread's mode.
pub(crate) struct DefaultFloatMode {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    before: Register,
}

#[cfg(target_arch = "x86_64")]
type Register = u32;
#[cfg(target_arch = "aarch64")]
type Register = u64;

/// MXCSR without its flags of past exceptions: all exceptions masked, rounds to nearest.
#[cfg(target_arch = "x86_64")]
const DEFAULT: Register = 0x1f80;
#[cfg(target_arch = "aarch64")]
const DEFAULT: Register = 0;

impl DefaultFloatMode {
    /// Sets the mode of the calling thread.
    pub(crate) fn set() -> Self {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        {
            let before = read();
            if before != DEFAULT {
                write(DEFAULT);
            }
            DefaultFloatMode { before }
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        DefaultFloatMode {}
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl Drop for DefaultFloatMode {
    fn drop(&mut self) {
        if self.before != DEFAULT {
            write(self.before);
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn read() -> Register {
    let mut value = 0;
    // SAFETY: stores the register to a variable of its size; every x86-64 has it.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack)) };
    value
}

#[cfg(target_arch = "x86_64")]
fn write(value: Register) {
    // SAFETY: `value` is the default, which masks all exceptions, or was in the register before.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack)) };
}

#[cfg(target_arch = "aarch64")]
fn read() -> Register {
    let value;
    // SAFETY: reads a register that user code may read.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack)) };
    value
}

#[cfg(target_arch = "aarch64")]
fn write(value: Register) {
    // SAFETY: `value` is the default, or was in the register before.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack)) };
}
