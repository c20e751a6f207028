//! Pseudo-inverses.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, Data, Dimension,
    arr0,
};
use num_traits::{Float as _, One as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::with_c_order;
use crate::base::memory::{zeros, zeros_array};
use crate::base::structure::Structure;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_matrix_shape, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::{Vectors, blas};
use crate::spectral::svd::SvdSolver;

/// Moore-Penrose pseudo-inverses.
///
/// `V diag(1 / s) U^H` for the singular values `s` above `rtol` times the largest,
/// zero for the others, where `A = U diag(s) V^H`: for each `(m, n)` matrix of the
/// last two axes one of shape `(n, m)`. `rtol` is one number for each matrix, or
/// broadcasts to that; without one it is `max(m, n)` times the machine epsilon.
/// With [`Structure::Hermitian`] only the lower triangle of each matrix is read.
///
/// # Errors
/// As [`svd`](crate::svd()), and [`Error::Broadcast`] for an `rtol` of more
/// matrices than there are. Where `svd` returns NaN the pseudo-inverse is NaN.
///
/// # Accuracy
/// `c max(m, n) eps` times the ratio of the largest singular value to the smallest
/// that counts, relative to the pseudo-inverse. LAPACK `gesdd`.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Structure, pinv};
///
/// let a = array![[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]];
/// let inverse = pinv(&a, None, Structure::General)?;
/// assert_eq!(inverse, array![[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn pinv<S, D>(
    a: &ArrayBase<S, D>,
    rtol: Option<ArrayViewD<'_, f64>>,
    structure: Structure,
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut out = zeros_array(&pinv_shape(a.shape())?)?;
    pinv_into(a, rtol, structure, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`pinv_into`] writes.
///
/// # Errors
/// The errors of [`pinv`] that depend on the shape.
pub fn pinv_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch, m, n) = split_matrix_shape(1, a)?;
    Ok([batch, &[n, m]].concat())
}

/// [`pinv`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`pinv`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn pinv_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    rtol: Option<ArrayViewD<'_, f64>>,
    structure: Structure,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&pinv_shape(a.shape())?, &out)?;
    if structure == Structure::Hermitian {
        split_square_shape(1, a.shape())?;
    }
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let epsilon: f64 = T::Real::epsilon().into();
    let default = arr0(epsilon * m.max(n) as f64).into_dyn();
    let rtol = rtol.unwrap_or(default.view());
    if broadcast(&[batch, rtol.shape()])? != batch {
        return Err(Error::Broadcast {
            batches: vec![batch.to_vec(), rtol.shape().to_vec()],
        });
    }
    let batch = Batch {
        shape: batch,
        flops: 22.0 * m as f64 * n as f64 * m.min(n) as f64,
        workers,
    };
    let first = Axis(rtol.ndim());
    let rtol = rtol.insert_axis(first).insert_axis(first);
    let (matrices, rtol) = (
        MatrixBatch::new(&a, batch.shape),
        MatrixBatch::new(&rtol, batch.shape),
    );
    batch.for_each(
        MatrixBatchMut::new(out),
        || PinvWorkspace::new(m, n, structure),
        |workspace, index, out| workspace.run(matrices.get(index), rtol.get(index)[[0, 0]], out),
    )
}

struct PinvWorkspace<T: LinalgScalar> {
    k: usize,
    factors: SvdSolver<T>,
    u: Vec<T>,
    s: Vec<T::Real>,
    vh: Vec<T>,
    product: Vec<T>,
}

impl<T: LinalgScalar> PinvWorkspace<T> {
    fn new(m: usize, n: usize, structure: Structure) -> Result<Self, Error> {
        let k = m.min(n);
        Ok(PinvWorkspace {
            k,
            factors: SvdSolver::new(m, n, Vectors::Thin, structure)?,
            u: zeros(m * k)?,
            s: zeros(k)?,
            vh: zeros(k * n)?,
            product: Vec::new(),
        })
    }

    /// One matrix.
    fn run(
        &mut self,
        a: ArrayView2<'_, T>,
        rtol: f64,
        out: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        let ((m, n), k) = (a.dim(), self.k);
        if k == 0 {
            return Ok(());
        }
        let fits = "as long as the shape asks";
        let u = ArrayViewMut2::from_shape((m, k), &mut self.u).expect(fits);
        let s = ArrayViewMut2::from_shape((k, 1), &mut self.s).expect(fits);
        let vh = ArrayViewMut2::from_shape((k, n), &mut self.vh).expect(fits);
        self.factors.run(a, u, s, vh)?;
        let cutoff = rtol * self.s[0].into();
        // V s^-1, conjugated in V^H, times U^H.
        for (row, &value) in self.vh.chunks_exact_mut(n).zip(&self.s) {
            let counts = value.into() > cutoff;
            let factor = if counts {
                T::Real::one() / value
            } else {
                T::Real::zero()
            };
            conjugate(row, factor);
        }
        conjugate(&mut self.u, T::Real::one());
        let u = ArrayView2::from_shape((m, k), &self.u).expect(fits);
        let vh = ArrayView2::from_shape((k, n), &self.vh).expect(fits);
        with_c_order(out, &mut self.product, |product| {
            let product = ArrayViewMut2::from_shape((n, m), product).expect(fits);
            blas::gemm(vh.t(), u.t(), false, product);
            Ok(())
        })
    }
}

/// Conjugates elements, and multiplies them.
fn conjugate<T: LinalgScalar>(elements: &mut [T], factor: T::Real) {
    for x in elements {
        let [re, im] = x.parts();
        *x = T::from_parts([factor * re, -(factor * im)]);
    }
}

/// [`pinv`] as an operation on tensors of any dtype.
#[derive(Clone, PartialEq, Debug)]
pub struct Pinv {
    /// Singular values of at most this times the largest count as zero; broadcast to the batch.
    pub rtol: Option<ArrayD<f64>>,
    /// Whether the matrices are Hermitian, and only their lower triangles are read.
    pub hermitian: bool,
}

impl ScalarOperation for Pinv {
    const NAME: &'static str = "pinv";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(2, [(Kind::Same, pinv_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let rtol = self.rtol.as_ref().map(|rtol| rtol.view());
        let a = work.operand::<T>(0)?;
        let structure = Structure::from_hermitian(self.hermitian);
        pinv_into(a, rtol, structure, out.into_view()?, work.workers)
    }
}
