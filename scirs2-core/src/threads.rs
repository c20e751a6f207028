//! How many threads a call may use, and what set the number.

use std::cell::Cell;
use std::env;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The largest number of threads that can be requested.
pub const MAX_THREADS: usize = 1024;

/// The variables that set the thread count; the first that holds one wins.
const ENV_VARS: [&str; 3] = ["SCIRS2_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"];

/// A thread count outside 1 to [`MAX_THREADS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the number of threads must lie between 1 and {MAX_THREADS}, got {0}")]
pub struct ThreadCountError(pub i64);

/// Zero until it is set; until then the environment decides.
static PROCESS_THREADS: AtomicUsize = AtomicUsize::new(0);

/// The count from the environment, read at the first call.
static ENVIRONMENT: OnceLock<(usize, ThreadSource)> = OnceLock::new();

thread_local! {
    static LOCAL_THREADS: Cell<Option<usize>> = const { Cell::new(None) };
}

/// What set the number of threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThreadSource {
    /// [`set_local_threads`], for the calling thread.
    Local,
    /// [`set_threads`], for the process.
    Process,
    /// The environment variable of that name.
    EnvVar(&'static str),
    /// The cores available to this process, by its CPU affinity and cgroup.
    Cores,
}

/// The number of threads that a call from this thread may use.
#[must_use]
pub fn threads() -> usize {
    threads_and_source().0
}

/// The number of threads that a call from this thread may use, and what set it.
#[must_use]
pub fn threads_and_source() -> (usize, ThreadSource) {
    if let Some(count) = LOCAL_THREADS.get() {
        return (count, ThreadSource::Local);
    }
    match PROCESS_THREADS.load(Ordering::Relaxed) {
        0 => *ENVIRONMENT.get_or_init(|| {
            let variable = from_environment(|name| env::var(name).ok());
            variable.unwrap_or_else(|| (cores(), ThreadSource::Cores))
        }),
        count => (count, ThreadSource::Process),
    }
}

/// Sets the number of threads for the whole process.
///
/// # Errors
/// [`ThreadCountError`] for a count outside 1 to [`MAX_THREADS`].
pub fn set_threads(count: usize) -> Result<(), ThreadCountError> {
    PROCESS_THREADS.store(check_threads(count)?, Ordering::Relaxed);
    Ok(())
}

/// Sets the number of threads for calls from this thread alone, or resets it
/// with `None`, and returns what was set before.
///
/// # Errors
/// [`ThreadCountError`] for a count outside 1 to [`MAX_THREADS`].
pub fn set_local_threads(count: Option<usize>) -> Result<Option<usize>, ThreadCountError> {
    let count = count.map(check_threads).transpose()?;
    Ok(LOCAL_THREADS.replace(count))
}

/// Returns the count if it is valid.
///
/// # Errors
/// [`ThreadCountError`] for a count outside 1 to [`MAX_THREADS`].
pub fn check_threads(count: usize) -> Result<usize, ThreadCountError> {
    if (1..=MAX_THREADS).contains(&count) {
        Ok(count)
    } else {
        Err(ThreadCountError(i64::try_from(count).unwrap_or(i64::MAX)))
    }
}

fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Option<(usize, ThreadSource)> {
    ENV_VARS.iter().find_map(|name| {
        // OpenMP allows a list, one count for each level of nesting.
        let value = variable(name)?;
        let count = value.split(',').next()?.trim().parse().ok()?;
        let count = check_threads(count).ok()?;
        Some((count, ThreadSource::EnvVar(name)))
    })
}

/// The cores available to this process, by its CPU affinity and cgroup at the first call; cached,
/// because a query takes as long as an operation on a small matrix.
#[must_use]
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_variables_are_read_in_order() {
        let of = |pairs: &'static [(&str, &str)]| {
            from_environment(|name| {
                let (_, value) = pairs.iter().find(|(key, _)| *key == name)?;
                Some((*value).to_owned())
            })
        };
        let found = |count, name| Some((count, ThreadSource::EnvVar(name)));
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[("OMP_NUM_THREADS", "4,2")]),
            found(4, "OMP_NUM_THREADS")
        );
        assert_eq!(
            of(&[("RAYON_NUM_THREADS", "0"), ("OMP_NUM_THREADS", " 3 ")]),
            found(3, "OMP_NUM_THREADS")
        );
        assert_eq!(
            of(&[("SCIRS2_NUM_THREADS", "many"), ("RAYON_NUM_THREADS", "2")]),
            found(2, "RAYON_NUM_THREADS")
        );
        assert_eq!(
            of(&[("SCIRS2_NUM_THREADS", "1"), ("RAYON_NUM_THREADS", "2")]),
            found(1, "SCIRS2_NUM_THREADS")
        );
    }

    #[test]
    fn a_local_count_applies_to_its_thread_only() {
        assert_eq!(set_local_threads(Some(3)), Ok(None));
        assert_eq!(threads(), 3);
        let elsewhere = thread::spawn(|| LOCAL_THREADS.get()).join().unwrap();
        assert_eq!(elsewhere, None);
        assert_eq!(set_local_threads(Some(0)), Err(ThreadCountError(0)));
        assert_eq!(set_local_threads(None), Ok(Some(3)));
    }

    #[test]
    fn a_count_out_of_range_is_rejected() {
        assert_eq!(set_threads(0), Err(ThreadCountError(0)));
        assert_eq!(
            set_threads(MAX_THREADS + 1).unwrap_err().to_string(),
            "the number of threads must lie between 1 and 1024, got 1025"
        );
    }
}
