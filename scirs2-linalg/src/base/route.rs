//! Which route a decomposition takes, if a test forces one.
//!
//! Which kernel is the fastest depends on the order of a matrix, on how many there are,
//! and on the CPU. A test forces one of them for the whole process, because workers run
//! the kernels; matrices that this kernel cannot handle take their usual route.

use std::sync::atomic::{AtomicU8, Ordering};

/// The routes to a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Route {
    /// The fastest.
    Automatic,
    /// LAPACK's own routines: no kernel, and no blocks.
    Lapack,
    /// The kernels for one small matrix.
    Small,
    /// The kernels for many matrices, even for one.
    Batched,
    /// The factorizations in blocks, even of small matrices.
    Blocked,
}

static ROUTE: AtomicU8 = AtomicU8::new(Route::Automatic as u8);

/// Forces a route for the whole process.
pub(crate) fn force_route(route: Route) {
    ROUTE.store(route as u8, Ordering::Relaxed);
}

/// Whether a test forces that route.
#[inline]
pub(crate) fn is_forced(route: Route) -> bool {
    ROUTE.load(Ordering::Relaxed) == route as u8
}

/// Whether a test forces kernels even if there may be faster routes.
#[inline]
pub(crate) fn has_kernels_forced() -> bool {
    is_forced(Route::Small) || is_forced(Route::Batched)
}

/// Whether kernels for one small matrix may be used.
#[inline]
pub(crate) fn has_small() -> bool {
    !is_forced(Route::Lapack) && !is_forced(Route::Blocked)
}

/// The order up to which kernels for many matrices are used: for few matrices, or for many.
#[inline]
pub(crate) fn most_of_many(are_many: bool, of_few: usize, of_many: usize) -> usize {
    let route = ROUTE.load(Ordering::Relaxed);
    if route == Route::Batched as u8 || route == Route::Automatic as u8 && are_many {
        of_many
    } else if route == Route::Automatic as u8 {
        of_few
    } else {
        0
    }
}

/// Whether factors are made in blocks, given whether that is faster.
#[inline]
pub(crate) fn has_blocks(is_faster: bool) -> bool {
    is_forced(Route::Blocked) || is_faster && !is_forced(Route::Lapack)
}
