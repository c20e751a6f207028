//! Orthogonal factors.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{fill_identity, to_c, to_f, with_c_order};
use crate::base::memory::{check_square_memory, zeros, zeros_array};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_matrix_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::householder::batched_qr;
use crate::kernels::small::householder;
use crate::lapack::geqrf_blocked::BlockedQr;
use crate::lapack::{self, Factorization, Workspace, factor_workspace, orthogonal_workspace};
use crate::least_squares::r_factor::{qr_r_into, qr_r_shape};

/// The shapes of the factors of [`qr`], with `k = min(m, n)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QrShape {
    /// `Q` has `k` columns, and `R` `k` rows.
    Reduced,
    /// `Q` is square, of order `m`, and `R` has the shape of `A`.
    Complete,
}

/// Orthogonal and triangular factors.
///
/// `A = Q R`, with the columns of `Q` orthonormal and `R` upper triangular, for
/// each matrix of the last two axes. With `k = min(m, n)` the shapes are
/// `(..., m, k)` and `(..., k, n)`; with [`QrShape::Complete`] `Q` is `(..., m, m)` and
/// `R` `(..., m, n)`.
///
/// # Errors
/// [`Error::TooFewAxes`], and [`Error::SquareMemory`] if [`QrShape::Complete`] needs
/// more memory than there is. A NaN or an infinity propagates to the factors.
///
/// # Accuracy
/// Backward stable: `|A - Q R| <= c m eps |A|` and `|Q^H Q - I| <= c m eps`. LAPACK
/// `gelqf` and `orglq` on the transpose: nothing is transposed, and nothing copied
/// but to the results. A large matrix goes in blocks of 32 to 128 columns (`geqrt3`,
/// `larfb`), of which one is copied at a time.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{QrShape, qr};
///
/// let (q, r) = qr(&array![[3.0_f64, 1.0], [4.0, 2.0]], QrShape::Reduced)?;
/// assert!((r[[0, 0]].abs() - 5.0).abs() < 1e-14);
/// assert_eq!(r[[1, 0]], 0.0);
/// assert!((q[[0, 0]] * r[[0, 0]] - 3.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn qr<S, D>(
    a: &ArrayBase<S, D>,
    shape: QrShape,
) -> Result<(ArrayD<S::Elem>, ArrayD<S::Elem>), Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let [q, r] = qr_shape(a.shape(), shape, size_of::<S::Elem>())?;
    let (mut q, mut r) = (zeros_array(&q)?, zeros_array(&r)?);
    qr_into(a, q.view_mut(), r.view_mut(), &Workers::current())?;
    Ok((q, r))
}

/// The shapes of what [`qr_into`] writes, `Q` and `R`, for elements of that size.
///
/// # Errors
/// The errors of [`qr`] that depend on the shape.
pub fn qr_shape(a: &[usize], shape: QrShape, itemsize: usize) -> Result<[Vec<usize>; 2], Error> {
    let (batch, m, n) = split_matrix_shape(1, a)?;
    let k = match shape {
        QrShape::Reduced => m.min(n),
        QrShape::Complete => m,
    };
    if k > n {
        check_square_memory(batch, m, itemsize)?;
    }
    Ok([[batch, &[m, k]].concat(), [batch, &[k, n]].concat()])
}

/// [`qr`] into the caller's memory, of any strides; the factors are complete
/// if `Q` is square.
///
/// # Errors
/// The same as [`qr`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn qr_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    q: ArrayViewMutD<'_, T>,
    r: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let complete = q.shape().last() == Some(&m);
    let k = if complete { m } else { m.min(n) };
    shape::check_output(&[batch, &[m, k]].concat(), &q)?;
    shape::check_output(&[batch, &[k, n]].concat(), &r)?;
    let batch = Batch {
        shape: batch,
        flops: 4.0 * m as f64 * k as f64 * n as f64,
        workers,
    };
    let plan = Plan::of::<T>(Problem::Qr, Sizes::new(m, n, batch.count()));
    let matrices = MatrixBatch::new(&a, batch.shape);
    let batched = |[pack_a, pack_q, pack_r]: &mut [Vec<T>; 3],
                   indices,
                   out: &mut (MatrixBatchMut<'_, T>, MatrixBatchMut<'_, T>)| {
        let a = matrices.contiguous(indices, pack_a);
        let unhandled = out.0.with_contiguous(T::zero(), pack_q, |q| {
            out.1.with_contiguous(T::zero(), pack_r, |r| {
                let (q, r) = (T::as_real_mut(q)?, T::as_real_mut(r)?);
                Some(batched_qr([m, n, k], T::as_real(a)?, q, r))
            })
        });
        unhandled.expect(REAL_ONLY)
    };
    batch.for_each_with_batched_kernel(
        (MatrixBatchMut::new(q), MatrixBatchMut::new(r)),
        || {
            Ok(QrWorkspace {
                driver: QrDriver::new(m, n, k, plan)?,
                q: Vec::new(),
                r: Vec::new(),
            })
        },
        plan.batched.then_some(batched),
        |workspace, index, (q, r)| workspace.factors(matrices.get(index), q, r),
    )
}

/// The factors as LAPACK leaves them.
///
/// `h`, of shape `(..., n, m)`, is the transpose of the matrix that holds `R` on
/// and above its diagonal and the reflectors of `Q` below it: `Q = H_1 ... H_k`
/// with `H_i = I - tau_i v_i v_i^H`, where `v_i` is zero before its element `i`, one
/// there, and row `i` of `h` after it. `tau` has shape `(..., min(m, n))`.
///
/// # Errors
/// [`Error::TooFewAxes`].
///
/// # Accuracy
/// As [`qr`]. LAPACK `geqrf`, in the memory of `h`.
///
/// ```
/// use ndarray::array;
///
/// let (h, tau) = scirs2_linalg::qr_raw(&array![[3.0], [4.0]])?;
/// assert!((h[[0, 0]] - -5.0_f64).abs() < 1e-14 && (h[[0, 1]] - 0.5).abs() < 1e-15);
/// assert!((tau[[0]] - 1.6).abs() < 1e-15);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn qr_raw<S, D>(a: &ArrayBase<S, D>) -> Result<(ArrayD<S::Elem>, ArrayD<S::Elem>), Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let [h, tau] = qr_raw_shape(a.shape())?;
    let (mut h, mut tau) = (zeros_array(&h)?, zeros_array(&tau)?);
    qr_raw_into(a, h.view_mut(), tau.view_mut(), &Workers::current())?;
    Ok((h, tau))
}

/// The shapes of what [`qr_raw_into`] writes, `h` and `tau`.
///
/// # Errors
/// The errors of [`qr_raw`] that depend on the shape.
pub fn qr_raw_shape(a: &[usize]) -> Result<[Vec<usize>; 2], Error> {
    let (batch, m, n) = split_matrix_shape(1, a)?;
    Ok([[batch, &[n, m]].concat(), [batch, &[m.min(n)]].concat()])
}

/// [`qr_raw`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`qr_raw`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn qr_raw_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    h: ArrayViewMutD<'_, T>,
    tau: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let [h_shape, tau_shape] = qr_raw_shape(a.shape())?;
    shape::check_output(&h_shape, &h)?;
    shape::check_output(&tau_shape, &tau)?;
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let batch = batch_of(batch, m, n, workers);
    let matrices = MatrixBatch::new(&a, batch.shape);
    batch.for_each(
        (MatrixBatchMut::new(h), MatrixBatchMut::vectors(tau)),
        || Ok((LapackQr::new(Factorization::Qr, m, n)?, Vec::new())),
        |(lapack_qr, workspace), index, (h, mut tau)| {
            with_c_order(h, workspace, |h| {
                lapack_qr.run(to_f(matrices.get(index), h));
                Ok(())
            })?;
            for (to, &factor) in tau.iter_mut().zip(&lapack_qr.tau) {
                *to = factor;
            }
            Ok(())
        },
    )
}

/// The results of [`Qr`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QrMode {
    /// `Q` with one column for each row of `R`: [`qr`].
    Reduced,
    /// A square `Q`: [`qr`].
    Complete,
    /// `R` alone: [`qr_r`](crate::qr_r()).
    R,
    /// The factors as LAPACK leaves them: [`qr_raw`].
    Raw,
}

/// [`qr`], [`qr_r`](crate::qr_r()) and [`qr_raw`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Qr {
    /// The results.
    pub mode: QrMode,
}

impl ScalarOperation for Qr {
    const NAME: &'static str = "qr";

    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let a = shapes[0];
        let both = |axes, [first, second]: [Vec<usize>; 2]| {
            Results::new(axes, [(Kind::Same, first), (Kind::Same, second)])
        };
        Ok(match self.mode {
            QrMode::Reduced => both(2, qr_shape(a, QrShape::Reduced, dtype.itemsize())?),
            QrMode::Complete => both(2, qr_shape(a, QrShape::Complete, dtype.itemsize())?),
            QrMode::R => Results::new(2, [(Kind::Same, qr_r_shape(a)?)]),
            QrMode::Raw => both(2, qr_raw_shape(a)?),
        })
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let a = work.operand::<T>(0)?;
        match self.mode {
            QrMode::Reduced | QrMode::Complete => {
                let [q, r] = work.outputs();
                qr_into(a, q.into_view()?, r.into_view()?, work.workers)
            }
            QrMode::R => {
                let [r] = work.outputs();
                qr_r_into(a, r.into_view()?, work.workers)
            }
            QrMode::Raw => {
                let [h, tau] = work.outputs();
                qr_raw_into(a, h.into_view()?, tau.into_view()?, work.workers)
            }
        }
    }
}

/// Matrices of which only the reflectors are computed.
fn batch_of<'a>(shape: &'a [usize], m: usize, n: usize, workers: &'a Workers<'a>) -> Batch<'a> {
    Batch {
        shape,
        flops: 2.0 * m as f64 * n as f64 * m.min(n) as f64,
        workers,
    }
}

/// Triangles and reflectors of `m` x `n` matrices in place by LAPACK: by LQ of
/// matrices in C order, which it reads as their transposes, or by QR in Fortran
/// order.
pub(super) struct LapackQr<T: LinalgScalar> {
    factorization: Factorization,
    shape: (usize, usize),
    tau: Vec<T>,
    workspace: Workspace<T>,
}

impl<T: LinalgScalar> LapackQr<T> {
    fn new(factorization: Factorization, m: usize, n: usize) -> Result<Self, Error> {
        let shape = match factorization {
            Factorization::Lq => (n, m),
            Factorization::Qr => (m, n),
        };
        Ok(LapackQr {
            factorization,
            shape,
            tau: zeros(m.min(n))?,
            workspace: factor_workspace(factorization, shape.0, shape.1)?,
        })
    }

    fn run(&mut self, matrix: &mut [T]) {
        let (rows, columns) = self.shape;
        lapack::factor(
            self.factorization,
            rows,
            columns,
            matrix,
            &mut self.tau,
            &mut self.workspace,
        );
    }
}

/// The factors of matrices in C order, in blocks if that is faster.
pub(super) enum QrDriver<T: LinalgScalar> {
    Blocked(BlockedQr<T>),
    Lapack {
        /// Where a kernel comes before LAPACK: the matrix, for the case that it
        /// leaves it.
        kernel: Option<Vec<T>>,
        lapack_qr: LapackQr<T>,
        orthogonal: Workspace<T>,
    },
}

impl<T: LinalgScalar> QrDriver<T> {
    /// For `m` x `n` matrices, and `k` columns of `Q`.
    pub(super) fn new(m: usize, n: usize, k: usize, plan: Plan) -> Result<Self, Error> {
        if plan.blocked {
            return Ok(QrDriver::Blocked(BlockedQr::new(m, n)?));
        }
        let kernel = plan.small.then(|| zeros(m * n));
        Ok(QrDriver::Lapack {
            kernel: kernel.transpose()?,
            lapack_qr: LapackQr::new(Factorization::Lq, m, n)?,
            orthogonal: orthogonal_workspace(Factorization::Lq, k, m)?,
        })
    }

    /// `R` and the reflectors in place of a matrix with rows of `n`.
    pub(super) fn factor(&mut self, n: usize, a: &mut [T]) {
        match self {
            QrDriver::Blocked(blocks) => blocks.factor(n, a),
            QrDriver::Lapack {
                kernel, lapack_qr, ..
            } => {
                if let Some(copy) = kernel {
                    copy.copy_from_slice(a);
                    if householder::factor(a.len() / n, n, a, &mut lapack_qr.tau) {
                        return;
                    }
                    a.copy_from_slice(copy);
                }
                lapack_qr.run(a);
            }
        }
    }

    /// `Q` in place of the reflectors, in rows of `k`.
    fn orthogonal(&mut self, k: usize, a: &mut [T]) {
        match self {
            QrDriver::Blocked(blocks) => blocks.orthogonal(k, a),
            QrDriver::Lapack {
                kernel,
                lapack_qr,
                orthogonal,
            } => {
                let rows = a.len() / k;
                match kernel {
                    Some(_) => householder::orthogonal(rows, k, a, &lapack_qr.tau),
                    None => lapack::orthogonal(
                        Factorization::Lq,
                        k,
                        rows,
                        a,
                        &lapack_qr.tau,
                        orthogonal,
                    ),
                }
            }
        }
    }
}

struct QrWorkspace<T: LinalgScalar> {
    driver: QrDriver<T>,
    q: Vec<T>,
    r: Vec<T>,
}

impl<T: LinalgScalar> QrWorkspace<T> {
    /// One matrix. It is worked on in the memory of that factor that has its
    /// shape.
    fn factors(
        &mut self,
        a: ArrayView2<'_, T>,
        q: ArrayViewMut2<'_, T>,
        r: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        let ((m, n), k) = (a.dim(), q.ncols());
        if a.is_empty() {
            fill_identity(q);
            return Ok(());
        }
        let driver = &mut self.driver;
        with_c_order(q, &mut self.q, |q| {
            with_c_order(r, &mut self.r, |r| {
                if k == m {
                    driver.factor(n, to_c(a, r));
                    let columns = m.min(n);
                    for (to, from) in q.chunks_exact_mut(m).zip(r.chunks_exact(n)) {
                        to[..columns].copy_from_slice(&from[..columns]);
                    }
                } else {
                    driver.factor(n, to_c(a, q));
                    r.copy_from_slice(&q[..k * n]);
                }
                for (row, elements) in r.chunks_exact_mut(n).enumerate() {
                    elements[..row.min(n)].fill(T::zero());
                }
                driver.orthogonal(k, q);
                Ok(())
            })
        })
    }
}
