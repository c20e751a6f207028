//! Orthogonal factors with exchanged columns, or with the triangle on the left.

use std::ffi::c_int;

use ndarray::{ArrayD, ArrayView2, ArrayViewMut2, ArrayViewMutD, Axis};
use scirs2_core::{DType, Scalar};

use crate::Error;
use crate::base::layout::{fill_identity, from_f, to_f};
use crate::base::memory::{check_square_memory, zeros, zeros_array};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::split_matrix_shape;
use crate::elements::scalar::LinalgScalar;
use crate::lapack::{self, Factorization, Workspace};
use crate::least_squares::qr::qr_into;
use crate::spectral::polar::{conjugated, swapped};

/// Which factors [`PivotedQr`] returns before `R` and the columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PivotedQrMode {
    /// `Q` with as many columns as `R` has rows, the smaller side.
    Economic,
    /// A square `Q`.
    Full,
    /// None; `R` has the shape of `A`.
    R,
    /// The reflectors and their factors, as LAPACK leaves them.
    Raw,
}

/// `A P = Q R` with orthonormal columns of `Q` and an upper triangular `R`, whose diagonal falls in
/// modulus; the last result is the column of `A` for each column of `A P`. Without `pivoting` the
/// columns keep their places, and there is no such result.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{PivotedQr, PivotedQrMode, compute};
///
/// let a = Tensor::from(array![[1.0, 3.0], [0.0, 4.0]]);
/// let mode = PivotedQrMode::Economic;
/// let results = compute(&PivotedQr { mode, pivoting: true, conjugate: false }, &[&a])?;
/// assert!((results[1].view::<f64>()?[[0, 0]].abs() - 5.0).abs() < 1e-14);
/// assert_eq!(results[2].view::<i32>()?, array![1, 0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PivotedQr {
    /// The factors that are returned.
    pub mode: PivotedQrMode,
    /// Whether columns are exchanged.
    pub pivoting: bool,
    /// Whether the conjugate of `Q` is returned.
    pub conjugate: bool,
}

impl PivotedQr {
    /// The columns of `Q` and the rows of `R`.
    fn sides(self, m: usize, n: usize) -> (usize, usize) {
        match self.mode {
            PivotedQrMode::Economic => (m.min(n), m.min(n)),
            PivotedQrMode::Full => (m, m),
            PivotedQrMode::R => (0, m),
            PivotedQrMode::Raw => (0, m.min(n)),
        }
    }
}

impl ScalarOperation for PivotedQr {
    const NAME: &'static str = "qr";

    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, m, n) = split_matrix_shape(1, shapes[0])?;
        let (columns, rows) = self.sides(m, n);
        if self.mode == PivotedQrMode::Full {
            check_square_memory(batch, m, dtype.itemsize())?;
        }
        let shape = |core: &[usize]| [batch, core].concat();
        let q = (Kind::Same, shape(&[m, columns]));
        let r = (Kind::Same, shape(&[rows, n]));
        let reflectors = (Kind::Same, shapes[0].to_vec());
        let tau = (Kind::Same, shape(&[m.min(n)]));
        let mut results = match self.mode {
            PivotedQrMode::Economic | PivotedQrMode::Full => Results::new(2, [q, r]),
            PivotedQrMode::R => Results::new(2, [r]),
            PivotedQrMode::Raw => Results::new(2, [reflectors, tau, r]),
        };
        if self.pivoting {
            let columns = Results::new(1, [(Kind::Index, shape(&[n]))]);
            results.each.extend(columns.each);
        }
        Ok(results)
    }

    fn compute<T: OperationScalar>(&self, work: Work<'_, '_>) -> Result<(), Error> {
        let a = work.operand::<T>(0)?;
        let (batch, m, n) = split_matrix_shape(1, a.shape())?;
        let mut outputs = work.outputs.into_iter();
        let mut next = || outputs.next().expect("memory for each result");
        let mut missing: [ArrayD<T>; 3] = [
            zeros_array(&[batch, &[m, 0]].concat())?,
            zeros_array(&[batch, &[0, 0]].concat())?,
            zeros_array(&[batch, &[0, 0]].concat())?,
        ];
        let [no_q, no_reflectors, no_tau] = &mut missing;
        let mut no_columns = zeros_array::<i32>(&[batch, &[0]].concat())?;
        let has_q = matches!(self.mode, PivotedQrMode::Economic | PivotedQrMode::Full);
        let is_raw = self.mode == PivotedQrMode::Raw;
        let q: ArrayViewMutD<'_, T> = if has_q {
            next().into_view()?
        } else {
            no_q.view_mut()
        };
        let (reflectors, tau) = if is_raw {
            (
                MatrixBatchMut::new(next().into_view()?),
                next().into_view()?,
            )
        } else {
            (
                MatrixBatchMut::new(no_reflectors.view_mut()),
                no_tau.view_mut(),
            )
        };
        let r: ArrayViewMutD<'_, T> = next().into_view()?;
        let columns: ArrayViewMutD<'_, i32> = if self.pivoting {
            next().into_view()?
        } else {
            no_columns.view_mut()
        };
        let tau = if is_raw {
            MatrixBatchMut::vectors(tau)
        } else {
            MatrixBatchMut::new(tau)
        };
        let batch = Batch {
            shape: batch,
            flops: 1.0 + 4.0 * m as f64 * n as f64 * m.min(n) as f64,
            workers: work.workers,
        };
        let matrices = MatrixBatch::new(&a, batch.shape);
        batch.for_each(
            (
                (MatrixBatchMut::new(q), MatrixBatchMut::new(r)),
                (reflectors, tau),
                MatrixBatchMut::vectors(columns),
            ),
            || PivotedWorkspace::new(*self, m, n),
            |workspace, index, ((mut q, r), (reflectors, mut tau), mut columns)| {
                workspace.factor(matrices.get(index));
                workspace.write_r(r);
                if is_raw {
                    from_f(&workspace.matrix, reflectors);
                    for (to, &from) in tau.iter_mut().zip(&workspace.tau) {
                        *to = from;
                    }
                }
                for (to, &from) in columns.iter_mut().zip(&workspace.pivots) {
                    *to = from - 1;
                }
                if has_q {
                    workspace.write_q(q.view_mut());
                    if self.conjugate && T::IS_COMPLEX {
                        q.mapv_inplace(Scalar::conj);
                    }
                }
                Ok(())
            },
        )
    }
}

/// The factors of matrices of one shape, in memory that is used again.
struct PivotedWorkspace<T: LinalgScalar> {
    m: usize,
    n: usize,
    pivoting: bool,
    matrix: Vec<T>,
    tau: Vec<T>,
    pivots: Vec<c_int>,
    q: Vec<T>,
    factor: Workspace<T>,
    orthogonal: Option<Workspace<T>>,
}

impl<T: LinalgScalar> PivotedWorkspace<T> {
    fn new(operation: PivotedQr, m: usize, n: usize) -> Result<Self, Error> {
        let (columns, _) = operation.sides(m, n);
        let needs_q = columns > 0 && m > 0;
        Ok(PivotedWorkspace {
            m,
            n,
            pivoting: operation.pivoting,
            matrix: zeros(m.saturating_mul(n))?,
            tau: zeros(m.min(n))?,
            pivots: zeros(n)?,
            q: zeros(m.saturating_mul(columns))?,
            factor: lapack::pivoted_workspace(m, n)?,
            orthogonal: needs_q
                .then(|| lapack::orthogonal_workspace(Factorization::Qr, m, columns))
                .transpose()?,
        })
    }

    fn factor(&mut self, a: ArrayView2<'_, T>) {
        let (m, n) = (self.m, self.n);
        to_f(a, &mut self.matrix);
        for (pivot, number) in self.pivots.iter_mut().zip(1..) {
            // Zero lets a column be exchanged.
            *pivot = if self.pivoting && m > 0 { 0 } else { number };
        }
        if m > 0 && n > 0 {
            lapack::factor_pivoted(
                m,
                n,
                &mut self.matrix,
                &mut self.pivots,
                &mut self.tau,
                &mut self.factor,
            );
        }
    }

    fn write_r(&self, mut r: ArrayViewMut2<'_, T>) {
        for ((row, column), x) in r.indexed_iter_mut() {
            *x = if row <= column {
                self.matrix[column * self.m + row]
            } else {
                T::zero()
            };
        }
    }

    fn write_q(&mut self, q: ArrayViewMut2<'_, T>) {
        let (m, columns) = q.dim();
        let Some(workspace) = self.orthogonal.as_mut().filter(|_| !self.tau.is_empty()) else {
            return fill_identity(q);
        };
        let kept = m * self.tau.len();
        self.q[..kept].copy_from_slice(&self.matrix[..kept]);
        self.q[kept..].fill(T::zero());
        lapack::orthogonal(
            Factorization::Qr,
            m,
            columns,
            &mut self.q,
            &self.tau,
            workspace,
        );
        from_f(&self.q, q);
    }
}

/// `A = R Q` with an upper triangular `R`, whose last column ends at the diagonal's, and orthonormal
/// rows of `Q`, which is square but for `economic`.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{Rq, compute};
///
/// let a = Tensor::from(array![[3.0, 4.0], [0.0, 5.0]]);
/// let results = compute(&Rq { economic: false }, &[&a])?;
/// let r = results[0].view::<f64>()?;
/// assert!(r[[1, 0]] == 0.0 && (r[[1, 1]].abs() - 5.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rq {
    /// Whether `R` has as many columns, and `Q` as many rows, as the smaller side.
    pub economic: bool,
}

impl ScalarOperation for Rq {
    const NAME: &'static str = "rq";

    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (batch, m, n) = split_matrix_shape(1, shapes[0])?;
        let k = if self.economic { m.min(n) } else { n };
        if !self.economic {
            check_square_memory(batch, n, dtype.itemsize())?;
        }
        let each = [
            (Kind::Same, [batch, &[m, k]].concat()),
            (Kind::Same, [batch, &[k, n]].concat()),
        ];
        Ok(Results::new(2, each))
    }

    /// By the factors of the adjoint with its columns in reverse order.
    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [r, q] = work.outputs();
        let a = work.operand::<T>(0)?;
        let [mut r, mut q] = [r.into_view::<T>()?, q.into_view::<T>()?];
        let last = a.ndim() - 1;
        let mut reversed = a.view();
        reversed.invert_axis(Axis(last - 1));
        let adjoint = swapped(conjugated(reversed)?);
        r.invert_axis(Axis(last - 1));
        for factor in [&mut r, &mut q] {
            factor.swap_axes(last - 1, last);
        }
        r.invert_axis(Axis(last - 1));
        q.invert_axis(Axis(last));
        qr_into(adjoint.view(), q.view_mut(), r.view_mut(), work.workers)?;
        if T::IS_COMPLEX {
            q.mapv_inplace(Scalar::conj);
            r.mapv_inplace(Scalar::conj);
        }
        Ok(())
    }
}
