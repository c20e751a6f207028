//! Ranks.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Axis, Data, Dimension, IxDyn, arr0};
use num_traits::{Float as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::memory::zeros_array;
use crate::base::structure::Structure;
use crate::driver::batch::broadcast;
use crate::driver::chunks::{CHUNK_LEN, new_filled};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_matrix_shape};
use crate::elements::scalar::LinalgScalar;
use crate::spectral::svd::svdvals_into;

/// The threshold above which a singular value counts.
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
/// tolerance's shape broadcast. A vector has the rank 1 unless all of it is zero,
/// whatever the tolerance. With [`Structure::Hermitian`] only the lower triangle of each
/// matrix is read, and the values come from [`eigvalsh`](crate::eigvalsh()).
///
/// # Errors
/// The errors of [`svdvals`](crate::svdvals()), and [`Error::Broadcast`]. Where that
/// returns NaN the rank is 0, as in NumPy.
///
/// # Accuracy
/// That of the singular values: `c max(m, n) eps |A|`. The default tolerance is of
/// that size.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Structure, Tolerance, matrix_rank};
///
/// let a = array![[1.0, 2.0], [2.0, 4.0]];
/// let rank = matrix_rank(&a, Tolerance::Default, Structure::General)?;
/// assert_eq!(rank[[]], 1);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn matrix_rank<S, D>(
    a: &ArrayBase<S, D>,
    tolerance: Tolerance<'_>,
    structure: Structure,
) -> Result<ArrayD<i64>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut ranks = zeros_array(&matrix_rank_shape(a.shape(), tolerance.shape())?)?;
    matrix_rank_into(
        a,
        tolerance,
        structure,
        ranks.view_mut(),
        &Workers::current(),
    )?;
    Ok(ranks)
}

/// The shape of what [`matrix_rank_into`] writes, for a tolerance of that shape.
///
/// # Errors
/// The errors of [`matrix_rank`] that depend on the shapes.
pub fn matrix_rank_shape(a: &[usize], tolerance: &[usize]) -> Result<Vec<usize>, Error> {
    if a.len() < 2 {
        return Ok(Vec::new());
    }
    let (batch, ..) = split_matrix_shape(1, a)?;
    broadcast(&[batch, tolerance])
}

/// [`matrix_rank`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`matrix_rank`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn matrix_rank_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    tolerance: Tolerance<'_>,
    structure: Structure,
    mut out: ArrayViewMutD<'_, i64>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let expected = matrix_rank_shape(a.shape(), tolerance.shape())?;
    shape::check_output(&expected, &out)?;
    if a.ndim() < 2 {
        out.fill(i64::from(is_nonzero(a, workers)?));
        return Ok(());
    }
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let mut values = new_filled(&[batch, &[m.min(n)]].concat(), T::Real::zero(), workers)?;
    svdvals_into(a.view(), structure, values.view_mut(), workers)?;
    let epsilon: f64 = T::Real::epsilon().into();
    let default = arr0(epsilon * m.max(n) as f64).into_dyn();
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
    let matrices_per_check = (CHUNK_LEN / m.min(n).max(1)).max(1);
    let ranks = out.iter_mut().zip(each.lanes(last)).zip(factors);
    for (index, ((rank, values), &factor)) in ranks.enumerate() {
        if index.is_multiple_of(matrices_per_check) {
            workers.check_interrupted()?;
        }
        let largest = values.first().map_or(0.0, |&value| value.into());
        let tolerance = if absolute { factor } else { factor * largest };
        let above = values
            .iter()
            .filter(|value| Into::<f64>::into(**value) > tolerance);
        *rank = i64::try_from(above.count()).unwrap_or(i64::MAX);
    }
    Ok(())
}

/// Whether a vector or a number is not all zero: then its rank is one.
fn is_nonzero<T: LinalgScalar>(x: ArrayViewD<'_, T>, workers: &Workers<'_>) -> Result<bool, Error> {
    let found = AtomicBool::new(false);
    let x = if x.ndim() == 0 {
        x.insert_axis(Axis(0))
    } else {
        x
    };
    workers.for_each(x.axis_chunks_iter(Axis(0), CHUNK_LEN), |chunk| {
        if !found.load(Ordering::Relaxed) && chunk.iter().any(|x| !x.is_zero()) {
            found.store(true, Ordering::Relaxed);
        }
        Ok::<_, Error>(())
    })?;
    Ok(found.into_inner())
}

/// [`Tolerance`], owned.
#[derive(Clone, PartialEq, Debug)]
pub enum Threshold {
    /// [`Tolerance::Default`].
    Default,
    /// [`Tolerance::Absolute`].
    Absolute(ArrayD<f64>),
    /// [`Tolerance::Relative`].
    Relative(ArrayD<f64>),
}

impl Threshold {
    fn tolerance(&self) -> Tolerance<'_> {
        match self {
            Threshold::Default => Tolerance::Default,
            Threshold::Absolute(values) => Tolerance::Absolute(values.view()),
            Threshold::Relative(values) => Tolerance::Relative(values.view()),
        }
    }
}

/// [`matrix_rank`] as an operation on tensors of any dtype.
#[derive(Clone, PartialEq, Debug)]
pub struct MatrixRank {
    /// Singular values of at most this count as zero.
    pub threshold: Threshold,
    /// Whether the matrices are Hermitian, and only their lower triangles are read.
    pub hermitian: bool,
}

impl ScalarOperation for MatrixRank {
    const NAME: &'static str = "matrix_rank";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let a = shapes[0];
        let shape = matrix_rank_shape(a, self.threshold.tolerance().shape())?;
        let mut results = Results::new(0, [(Kind::Count, shape)]);
        results.batch = a[..a.len().saturating_sub(2)].to_vec();
        Ok(results)
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let tolerance = self.threshold.tolerance();
        let a = work.operand::<T>(0)?;
        let structure = Structure::from_hermitian(self.hermitian);
        matrix_rank_into(a, tolerance, structure, out.into_view()?, work.workers)
    }
}
