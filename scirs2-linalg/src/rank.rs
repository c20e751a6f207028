//! Ranks.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension, IxDyn};
use num_traits::Float as _;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::batch::broadcast;
use crate::lapack::Lapack;
use crate::layout::zeros_array;
use crate::shape::{self, matrices};
use crate::svd::svdvals_into;

/// From where on a singular value counts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Tolerance<'a> {
    /// Above `max(m, n)` times the machine epsilon times the largest of them.
    Default,
    /// Above this times the largest of them; one for each matrix, or broadcast.
    Relative(ArrayViewD<'a, f64>),
    /// Above this; one for each matrix, or broadcast.
    Absolute(ArrayViewD<'a, f64>),
}

impl Tolerance<'_> {
    /// Its shape; none for the default.
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Tolerance::Default => &[],
            Tolerance::Relative(values) | Tolerance::Absolute(values) => values.shape(),
        }
    }
}

/// How many singular values are above a tolerance.
///
/// One number for each matrix of the last two axes; their batch and the
/// tolerance's shape broadcast. With `hermitian` the matrices are Hermitian, and
/// their values come from [`eigvalsh`](crate::eigvalsh()).
///
/// # Errors
/// As [`svdvals`](crate::svdvals()), and [`Error::Broadcast`]. Where that answers NaN the
/// rank is 0, as in NumPy.
///
/// # Accuracy
/// That of the singular values: `c max(m, n) eps |A|`. The default tolerance lies
/// there.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Tolerance, matrix_rank};
///
/// let rank = matrix_rank(&array![[1.0, 2.0], [2.0, 4.0]], Tolerance::Default, false)?;
/// assert_eq!(rank[[]], 1);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn matrix_rank<S, D>(
    a: &ArrayBase<S, D>,
    tolerance: Tolerance<'_>,
    hermitian: bool,
) -> Result<ArrayD<i64>, Error>
where
    S: Data<Elem: Lapack>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut ranks = zeros_array(&matrix_rank_shape(a.shape(), tolerance.shape())?)?;
    matrix_rank_into(
        a,
        tolerance,
        hermitian,
        ranks.view_mut(),
        &Workers::current(),
    )?;
    Ok(ranks)
}

/// The shape of what [`matrix_rank_into`] writes, for a tolerance of that shape.
///
/// # Errors
/// As [`matrix_rank`], as far as the shapes tell.
pub fn matrix_rank_shape(a: &[usize], tolerance: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch, ..) = matrices(1, a)?;
    broadcast(&[batch, tolerance])
}

/// [`matrix_rank`] into memory of the caller's, of any strides.
///
/// # Errors
/// As [`matrix_rank`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] where the workers were stopped.
pub fn matrix_rank_into<T: Lapack>(
    a: ArrayViewD<'_, T>,
    tolerance: Tolerance<'_>,
    hermitian: bool,
    mut out: ArrayViewMutD<'_, i64>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = matrix_rank_shape(a.shape(), tolerance.shape())?;
    shape::output(&expected, &out)?;
    let (batch, m, n) = matrices(1, a.shape())?;
    let mut values = zeros_array::<T::Real>(&[batch, &[m.min(n)]].concat())?;
    svdvals_into(a.view(), hermitian, values.view_mut(), workers)?;
    let epsilon: f64 = T::Real::epsilon().into();
    let default = ArrayD::from_elem(IxDyn(&[]), epsilon * m.max(n) as f64);
    let (factors, absolute) = match &tolerance {
        Tolerance::Default => (default.view(), false),
        Tolerance::Relative(values) => (values.view(), false),
        Tolerance::Absolute(values) => (values.view(), true),
    };
    let factors = factors.broadcast(IxDyn(&expected));
    let factors = factors.expect("the result's shape is what both broadcast to");
    let each = values.broadcast(IxDyn(&[&expected[..], &[m.min(n)]].concat()));
    let each = each.expect("the result's shape is what both broadcast to");
    let last = Axis(expected.len());
    for ((rank, values), &factor) in out.iter_mut().zip(each.lanes(last)).zip(factors) {
        let largest = values.first().map_or(0.0, |&value| value.into());
        let tolerance = if absolute { factor } else { factor * largest };
        let above = values
            .iter()
            .filter(|value| Into::<f64>::into(**value) > tolerance);
        *rank = i64::try_from(above.count()).unwrap_or(i64::MAX);
    }
    Ok(())
}
