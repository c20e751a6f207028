//! The CPU that a thread runs on.
//!
//! Linux wakes a thread on the CPU where it ran last. In a virtual machine it may do so
//! although another thread runs there, because an idle CPU that the host has taken away
//! does not count as idle; and it does not move the thread for milliseconds.

#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) use linux::{current, migrate_off};
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) use other::{current, migrate_off};

#[cfg(all(target_os = "linux", not(miri)))]
mod linux {
    use rustix::thread::{sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// The CPU that this thread runs on, or ran on a moment ago.
    pub(crate) fn current() -> Option<usize> {
        Some(sched_getcpu())
    }

    /// Moves this thread to another CPU if it runs on `cpu` and may run on others.
    pub(crate) fn migrate_off(cpu: Option<usize>) {
        let Some(cpu) = cpu.filter(|&cpu| cpu == sched_getcpu()) else {
            return;
        };
        let Ok(allowed) = sched_getaffinity(None) else {
            return;
        };
        let mut others = allowed;
        others.unset(cpu);
        // The system refuses an empty set.
        if sched_setaffinity(None, &others).is_ok() {
            let _ = sched_setaffinity(None, &allowed);
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod other {
    /// Unknown on this platform.
    pub(crate) fn current() -> Option<usize> {
        None
    }

    pub(crate) fn migrate_off(_: Option<usize>) {}
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn migration_restores_the_affinity_mask() {
        let allowed = || rustix::thread::sched_getaffinity(None).unwrap();
        let before = allowed();
        migrate_off(current());
        assert!(allowed() == before);
        migrate_off(None);
        assert!(allowed() == before);
    }
}
