//! Which structure a matrix has.
//!
//! A matrix without one is known as such after the first row and column: each look ends at the
//! first element that is not as it should be.

use ndarray::ArrayView2;
use num_traits::Zero as _;

use crate::base::structure::Triangle;
use crate::driver::operation::OperationScalar;
use crate::driver::plan::is_narrow;
use crate::products::structured::{bandwidths, holds_across_diagonal};
use crate::solve::assumed::Assumption;

/// The structure that a matrix has exactly, the one that saves most. A Hermitian matrix with
/// a positive diagonal may turn out not to be positive definite.
pub(crate) fn find_structure<T: OperationScalar>(a: ArrayView2<'_, T>) -> Assumption {
    let band = bandwidths_along_memory(a);
    match band {
        [0, 0] => Assumption::Diagonal,
        [below, above] if below <= 1 && above <= 1 => Assumption::Tridiagonal,
        band if is_narrow(a.nrows(), band) => Assumption::Banded,
        [0, _] => Assumption::Triangular(Triangle::Upper),
        [_, 0] => Assumption::Triangular(Triangle::Lower),
        [below, above] if below != above => Assumption::General,
        _ if holds_across_diagonal(a, true, |x, y| x == y.conj()) => {
            if a.diag().iter().all(|x| x.real() > T::Real::zero()) {
                Assumption::PositiveDefinite(Triangle::Lower)
            } else {
                Assumption::Hermitian(Triangle::Lower)
            }
        }
        _ if T::IS_COMPLEX && holds_across_diagonal(a, true, |x, y| x == y) => {
            Assumption::Symmetric(Triangle::Lower)
        }
        _ => Assumption::General,
    }
}

/// [`bandwidths`] of a matrix whose rows or columns are contiguous.
pub(crate) fn bandwidths_along_memory<T: OperationScalar>(a: ArrayView2<'_, T>) -> [usize; 2] {
    let [down, right] = [a.strides()[0], a.strides()[1]].map(isize::unsigned_abs);
    if down < right {
        let [above, below] = bandwidths(a.reversed_axes());
        [below, above]
    } else {
        bandwidths(a)
    }
}
