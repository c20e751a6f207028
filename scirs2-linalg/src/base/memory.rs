//! How much memory there is, and an error if there is not enough.

use std::fs;

use ndarray::ArrayD;
use num_traits::Zero;

use crate::Error;
use crate::base::error::Reason;

/// Bytes below which memory is not checked: the query takes longer than such a matrix.
const MIN_CHECKED_BYTES: usize = 1 << 27;

/// An error if a batch of square matrices of that order does not fit into memory: the call
/// fails, instead of the system.
pub(crate) fn check_square_memory(
    batch: &[usize],
    order: usize,
    itemsize: usize,
) -> Result<(), Error> {
    let count = scirs2_core::shape::element_count(&[batch, &[order, order]].concat());
    let bytes = count.and_then(|count| count.checked_mul(itemsize));
    if bytes.is_some_and(|bytes| bytes < MIN_CHECKED_BYTES) {
        return Ok(());
    }
    let available = available_memory().unwrap_or(usize::MAX);
    if bytes.is_some_and(|bytes| bytes <= available) {
        return Ok(());
    }
    Err(Error::SquareMemory {
        order,
        gigabytes: bytes.map_or(f64::INFINITY, gigabytes),
        available: gigabytes(available),
    })
}

fn gigabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e9
}

/// The free memory of the system and of this process's control group; `None` if
/// it is unknown.
fn available_memory() -> Option<usize> {
    let system = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    });
    let cgroup = |name: &str| -> Option<usize> {
        let text = fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?;
        text.trim().parse().ok()
    };
    let cgroup =
        cgroup("memory.max").map(|most| most.saturating_sub(cgroup("memory.current").unwrap_or(0)));
    system.into_iter().chain(cgroup).min()
}

/// There is no memory for `count` elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OutOfMemory {
    count: usize,
    itemsize: usize,
}

impl From<OutOfMemory> for Error {
    fn from(OutOfMemory { count, itemsize }: OutOfMemory) -> Self {
        Error::Memory { count, itemsize }
    }
}

impl From<OutOfMemory> for Reason {
    fn from(OutOfMemory { count, itemsize }: OutOfMemory) -> Self {
        Reason::Memory { count, itemsize }
    }
}

/// Makes room for `additional` elements.
pub(crate) fn try_reserve<T>(memory: &mut Vec<T>, additional: usize) -> Result<(), OutOfMemory> {
    memory
        .try_reserve_exact(additional)
        .map_err(|_| OutOfMemory {
            count: memory.len().saturating_add(additional),
            itemsize: size_of::<T>(),
        })?;
    ask_for_huge_pages(memory);
    Ok(())
}

/// Bytes from which huge pages are asked for.
const HUGE_PAGE: usize = 1 << 21;

/// Asks the system for huge pages, as NumPy does for its arrays: a workspace lives for one call,
/// and to get its memory page by page takes as long as an operation or two of level 3.
fn ask_for_huge_pages<T>(memory: &mut Vec<T>) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let bytes = memory.capacity() * size_of::<T>();
        let first: *mut u8 = memory.as_mut_ptr().cast();
        if bytes >= HUGE_PAGE {
            // The pages at both ends, too: one without the advice between two workspaces would
            // keep a huge page from both.
            let before = first.addr() % PAGE;
            let (start, whole) = (first.wrapping_sub(before), bytes + before);
            // SAFETY: each of these pages holds memory of the vector, and the advice changes no
            // byte of them. Where it is refused nothing changes.
            unsafe { libc::madvise(start.cast(), whole, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// Resizes a workspace to that length, with `element` in every new position.
#[expect(clippy::disallowed_methods, reason = "the memory is there")]
pub(crate) fn try_resize<T: Clone>(
    memory: &mut Vec<T>,
    len: usize,
    element: T,
) -> Result<(), OutOfMemory> {
    try_reserve(memory, len.saturating_sub(memory.len()))?;
    memory.resize(len, element);
    Ok(())
}

/// Memory without elements, with room for that many.
pub(crate) fn reserved<T>(count: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut memory = Vec::new();
    try_reserve(&mut memory, count)?;
    Ok(memory)
}

/// A copy of elements.
#[expect(clippy::disallowed_methods, reason = "the memory is there")]
pub(crate) fn try_to_vec<T: Copy>(elements: &[T]) -> Result<Vec<T>, OutOfMemory> {
    let mut memory = reserved(elements.len())?;
    memory.extend_from_slice(elements);
    Ok(memory)
}

/// Memory filled with zeros, or an error if there is not enough.
pub(crate) fn zeros<T: Zero + Clone>(count: usize) -> Result<Vec<T>, Error> {
    filled(count, T::zero())
}

/// [`zeros`] for any element.
pub(crate) fn filled<T: Clone>(count: usize, element: T) -> Result<Vec<T>, Error> {
    let mut memory = Vec::new();
    try_resize(&mut memory, count, element)?;
    Ok(memory)
}

/// An array of zeros in C order, or an error if there is not enough memory.
pub(crate) fn zeros_array<T: Zero + Clone>(shape: &[usize]) -> Result<ArrayD<T>, Error> {
    filled_array(shape, T::zero())
}

/// [`zeros_array`] for any element.
pub(crate) fn filled_array<T: Clone>(shape: &[usize], element: T) -> Result<ArrayD<T>, Error> {
    let count = scirs2_core::shape::element_count(shape).unwrap_or(usize::MAX);
    let array = ArrayD::from_shape_vec(shape, filled(count, element)?);
    array.map_err(|_| Error::Memory {
        count,
        itemsize: size_of::<T>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_that_do_not_fit_are_rejected() {
        assert_eq!(check_square_memory(&[], 1000, 8), Ok(()));
        let refused = check_square_memory(&[2], 100_000_000, 8);
        let message = refused.expect_err("no machine has that").to_string();
        assert!(message.contains("160000000"), "{message}");
        assert!(check_square_memory(&[], usize::MAX, 8).is_err());
    }

    #[test]
    fn linux_reports_the_available_memory() {
        assert_eq!(available_memory().is_some(), cfg!(target_os = "linux"));
    }
}
