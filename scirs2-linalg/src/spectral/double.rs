//! Matrices of single precision that LAPACK decomposes in double.

use ndarray::ArrayView2;
use scirs2_core::Scalar as _;

use crate::elements::scalar::LinalgScalar;

/// Copies a matrix to double precision, row by row.
pub(crate) fn to_double<T: LinalgScalar>(a: ArrayView2<'_, T>, to: &mut [T::Double]) {
    for (to, x) in to.iter_mut().zip(a) {
        *to = T::Double::from_parts(x.parts().map(Into::into));
    }
}
