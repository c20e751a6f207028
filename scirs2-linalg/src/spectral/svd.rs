//! Singular values and vectors.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use num_traits::{Float as _, One as _, Zero as _};
use scirs2_core::DType;
use scirs2_core::Scalar;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{check_finite, copy_into, fill_identity, to_c, with_c_order};
use crate::base::memory::{check_square_memory, zeros, zeros_array};
use crate::base::scale::rounded;
use crate::base::structure::{Structure, Triangle};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::chunks::new_filled;
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_matrix_shape, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::jacobi::batched_svd;
use crate::kernels::orthonormal::{are_orthonormal_columns, are_orthonormal_rows};
use crate::kernels::signs::{ColumnSigns, normalize_signs};
use crate::lapack::{Gesdd, SMLSIZ, Vectors};
use crate::least_squares::r_factor::{is_left, qr_r_shape, reduce_rows};
use crate::spectral::bidiagonal::SmallSingularValues;
use crate::spectral::double::to_double;
use crate::spectral::eigh::EighSolver;

/// How many singular vectors [`svd`] computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SvdVectors {
    /// One on each side for each singular value.
    Thin,
    /// A complete basis on each side: `U` and `V^H` are square.
    Full,
}

/// The results of [`svd`].
#[derive(Clone, PartialEq, Debug)]
pub struct SvdFactors<T: Scalar> {
    /// `U`: the left singular vectors, in columns.
    pub u: ArrayD<T>,
    /// The singular values, in descending order.
    pub s: ArrayD<T::Real>,
    /// `V^H`: the right singular vectors, conjugated, in rows.
    pub vh: ArrayD<T>,
}

/// Singular values and vectors.
///
/// `A = U diag(s) V^H`, with `U` and `V` unitary and `s` in descending order, for
/// each matrix of the last two axes. With `k = min(m, n)` the shapes are
/// `(..., m, k)`, `(..., k)` and `(..., k, n)`; with [`SvdVectors::Full`] `U` is
/// `(..., m, m)` and `V^H` `(..., n, n)`. With [`Structure::Hermitian`] only the lower
/// triangle of each matrix is read, and the results are computed by
/// [`eigh`](crate::eigh()), with NaN where that gives NaN. If a matrix has an infinity,
/// all its results are NaN.
///
/// In each column of `U`, and in each row of `V^H` that belongs to no singular value, the
/// first element whose modulus is at least 0.999 of the largest is real and positive: signs
/// do not depend on the algorithm.
///
/// # Errors
/// [`Error::TooFewAxes`], [`Error::NotSquare`] with [`Structure::Hermitian`],
/// [`Reason::NotANumber`] with [`Structure::General`], [`Reason::NoConvergence`], and
/// [`Error::SquareMemory`] where [`SvdVectors::Full`] needs more memory than there is.
///
/// # Accuracy
/// Backward stable: `|A - U s V^H| <= (c max(m, n) + 50) eps |A|`, and each singular
/// value is right to as much; the 50 is where LAPACK's iteration stops. LAPACK `gesdd`, on
/// the transpose: in C order its `U` is the `V^H` of `A`; `gesvd` where that does not
/// converge, or leaves vectors that are not orthogonal. Single precision is decomposed in
/// double where LAPACK divides and conquers, beyond 25 rows and columns. For real square matrices of order 2
/// to 4, and up to 40 where there are many, Jacobi's rotations of the rows.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Structure, SvdVectors, svd};
///
/// let a = array![[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]];
/// let f = svd(&a, SvdVectors::Thin, Structure::General)?;
/// assert_eq!(f.s, array![2.0, 1.0].into_dyn());
/// assert_eq!((f.u.shape(), f.vh.shape()), (&[3, 2][..], &[2, 2][..]));
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn svd<S, D>(
    a: &ArrayBase<S, D>,
    vectors: SvdVectors,
    structure: Structure,
) -> Result<SvdFactors<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let itemsize = size_of::<S::Elem>();
    let [u, s, vh] = svd_shape(a.shape(), vectors, itemsize)?;
    let (mut u, mut s, mut vh) = (zeros_array(&u)?, zeros_array(&s)?, zeros_array(&vh)?);
    let outputs = (u.view_mut(), s.view_mut(), vh.view_mut());
    svd_into(a, structure, outputs, &Workers::current())?;
    Ok(SvdFactors { u, s, vh })
}

/// The shapes of what [`svd_into`] writes, `U`, `S` and `V^H`, for elements of
/// that size.
///
/// # Errors
/// The errors of [`svd`] that depend on the shape.
pub fn svd_shape(
    a: &[usize],
    vectors: SvdVectors,
    itemsize: usize,
) -> Result<[Vec<usize>; 3], Error> {
    let (batch, m, n) = split_matrix_shape(1, a)?;
    let k = m.min(n);
    let (rows, columns) = match vectors {
        SvdVectors::Thin => (k, k),
        SvdVectors::Full => (m, n),
    };
    if vectors == SvdVectors::Full && m != n {
        check_square_memory(batch, m.max(n), itemsize)?;
    }
    let shape = |core: &[usize]| [batch, core].concat();
    Ok([shape(&[m, rows]), shape(&[k]), shape(&[columns, n])])
}

/// [`svd`] into the caller's memory, of any strides; the matrices are full
/// where `U` and `V^H` are.
///
/// # Errors
/// The same as [`svd`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn svd_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    structure: Structure,
    (u, s, vh): (
        ArrayViewMutD<'_, T>,
        ArrayViewMutD<'_, T::Real>,
        ArrayViewMutD<'_, T>,
    ),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let k = m.min(n);
    let full = u.shape().last() == Some(&m) && vh.shape().iter().rev().nth(1) == Some(&n);
    let (rows, columns) = if full { (m, n) } else { (k, k) };
    shape::check_output(&[batch, &[m, rows]].concat(), &u)?;
    shape::check_output(&[batch, &[k]].concat(), &s)?;
    shape::check_output(&[batch, &[columns, n]].concat(), &vh)?;
    if structure == Structure::Hermitian {
        split_square_shape(1, a.shape())?;
    }
    let batch = Batch {
        shape: batch,
        flops: 20.0 * m as f64 * n as f64 * k as f64,
        workers,
    };
    let plan = Plan::of::<T>(Problem::Svd, Sizes::new(m, n, batch.count()));
    let vectors = if full { Vectors::Full } else { Vectors::Thin };
    let matrices = MatrixBatch::new(&a, batch.shape);
    let outputs = (
        MatrixBatchMut::new(u),
        MatrixBatchMut::vectors(s),
        MatrixBatchMut::new(vh),
    );
    let batched =
        |([pack_a, pack_u, pack_vh], pack_s): &mut SvdScratch<T>, indices, out: &mut (_, _, _)| {
            let (u, s, vh): &mut (
                MatrixBatchMut<'_, _>,
                MatrixBatchMut<'_, _>,
                MatrixBatchMut<'_, _>,
            ) = out;
            let a = matrices.contiguous(indices, pack_a);
            let unhandled = s.with_contiguous(T::Real::zero(), pack_s, |s| {
                u.with_contiguous(T::zero(), pack_u, |u| {
                    vh.with_contiguous(T::zero(), pack_vh, |vh| {
                        let (u, vh) = (T::as_real_mut(u)?, T::as_real_mut(vh)?);
                        Some(batched_svd(n, T::as_real(a)?, s, u, vh))
                    })
                })
            });
            unhandled.expect(REAL_ONLY)
        };
    batch.for_each_with_batched_kernel(
        outputs,
        || SvdSolver::new(m, n, vectors, structure),
        (structure == Structure::General && plan.batched).then_some(batched),
        |factors, index, (u, s, vh)| factors.run(matrices.get(index), u, s, vh),
    )
}

/// [`svd`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Svd {
    /// Whether `U` and `V^H` are square.
    pub full_matrices: bool,
    /// Whether the matrices are Hermitian, and only their lower triangles are read.
    pub hermitian: bool,
}

impl ScalarOperation for Svd {
    const NAME: &'static str = "svd";

    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let vectors = if self.full_matrices {
            SvdVectors::Full
        } else {
            SvdVectors::Thin
        };
        let [u, s, vh] = svd_shape(shapes[0], vectors, dtype.itemsize())?;
        Ok(Results::new(
            2,
            [(Kind::Same, u), (Kind::Real, s), (Kind::Same, vh)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [u, s, vh] = work.outputs();
        let outputs = (u.into_view()?, s.into_view()?, vh.into_view()?);
        let structure = Structure::from_hermitian(self.hermitian);
        svd_into(work.operand::<T>(0)?, structure, outputs, work.workers)
    }
}

/// [`svdvals`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Svdvals {
    /// Whether the matrices are Hermitian, and only their lower triangles are read.
    pub hermitian: bool,
}

impl ScalarOperation for Svdvals {
    const NAME: &'static str = "svdvals";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::new(1, [(Kind::Real, svdvals_shape(shapes[0])?)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [values] = work.outputs();
        svdvals_into(
            work.operand::<T>(0)?,
            Structure::from_hermitian(self.hermitian),
            values.into_view()?,
            work.workers,
        )
    }
}

/// Buffers to pack matrices, `U`, `V^H` and values that are not contiguous.
type SvdScratch<T> = ([Vec<T>; 3], Vec<<T as Scalar>::Real>);

/// Singular values, in descending order.
///
/// As [`svd`] without the vectors, of shape `(..., k)`, in about a fifth of the
/// time.
///
/// # Errors
/// The same as [`svd`].
///
/// # Accuracy
/// As [`svd`], by the same means; real matrices up to 96 rows and columns by a kernel of
/// the reflections of `gebd2`, and `bdsqr`.
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Structure, svdvals};
///
/// let a = array![[0.0, -2.0], [1.0, 0.0]];
/// assert_eq!(svdvals(&a, Structure::General)?, array![2.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn svdvals<S, D>(
    a: &ArrayBase<S, D>,
    structure: Structure,
) -> Result<ArrayD<<S::Elem as Scalar>::Real>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let mut values = zeros_array(&svdvals_shape(a.shape())?)?;
    svdvals_into(a, structure, values.view_mut(), &Workers::current())?;
    Ok(values)
}

/// The shape of what [`svdvals_into`] writes.
///
/// # Errors
/// The errors of [`svdvals`] that depend on the shape.
pub fn svdvals_shape(a: &[usize]) -> Result<Vec<usize>, Error> {
    let (batch, m, n) = split_matrix_shape(1, a)?;
    Ok([batch, &[m.min(n)]].concat())
}

/// [`svdvals`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`svdvals`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn svdvals_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    structure: Structure,
    mut values: ArrayViewMutD<'_, T::Real>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    shape::check_output(&svdvals_shape(a.shape())?, &values)?;
    if structure == Structure::Hermitian {
        split_square_shape(1, a.shape())?;
    }
    let (batch, m, n) = split_matrix_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 4.0 * m as f64 * n as f64 * m.min(n) as f64,
        workers,
    };
    let plan = Plan::of::<T>(Problem::Svdvals, Sizes::new(m, n, batch.count()));
    let mut left = None;
    if plan.blocked && structure == Structure::General {
        let mut tall = a.view();
        if m < n {
            tall.swap_axes(a.ndim() - 2, a.ndim() - 1);
        }
        let mut r = new_filled(&qr_r_shape(tall.shape())?, T::zero(), workers)?;
        let found = reduce_rows(tall, r.view_mut(), workers)?;
        svdvals_into(r.view(), structure, values.view_mut(), workers)?;
        if found.is_empty() {
            return Ok(());
        }
        left = Some(found);
    }
    let matrices = MatrixBatch::new(&a, batch.shape);
    let batched = |(pack_a, pack_s, kernel): &mut SvdvalsScratch<T>,
                   indices,
                   values: &mut MatrixBatchMut<'_, _>| {
        let a = matrices.contiguous(indices, pack_a);
        let unhandled = values.with_contiguous(T::Real::zero(), pack_s, |values| {
            Some(small_values::<T>(
                (m, n, plan),
                T::as_real(a)?,
                values,
                kernel,
            ))
        });
        unhandled.expect(REAL_ONLY)
    };
    batch.for_each_with_batched_kernel(
        MatrixBatchMut::vectors(values),
        || SvdvalsSolver::new(m, n, structure),
        (structure == Structure::General && (plan.batched || plan.small) && left.is_none())
            .then_some(batched),
        |solver, index, values| {
            if is_left(left.as_deref(), index) {
                solver.run(matrices.get(index), values)?;
            }
            Ok(())
        },
    )
}

/// Buffers to pack matrices and values that are not contiguous, and memory for one matrix.
type SvdvalsScratch<T> = (
    Vec<T>,
    Vec<<T as Scalar>::Real>,
    Option<SmallSingularValues>,
);

/// The singular values of `count` small matrices, by the fastest kernel. Returns the indices
/// of the matrices that were not handled.
fn small_values<T: LinalgScalar>(
    (m, n, plan): (usize, usize, Plan),
    a: &[T::Real],
    values: &mut [T::Real],
    kernel: &mut Option<SmallSingularValues>,
) -> Vec<usize> {
    if plan.batched {
        return batched_svd(n, a, values, &mut [], &mut []);
    }
    let kernel = kernel.get_or_insert_with(|| SmallSingularValues::new(m, n));
    let mut unhandled = Vec::new();
    let results = values.chunks_exact_mut(m.min(n));
    for (at, (matrix, values)) in a.chunks_exact(m * n).zip(results).enumerate() {
        match kernel.solve(matrix, n) {
            Some(found) => {
                for (to, &value) in values.iter_mut().zip(found) {
                    *to = rounded(value);
                }
            }
            None => unhandled.push(at),
        }
    }
    unhandled
}

/// How matrices of one shape are decomposed: by LAPACK's routine for their transposes, or,
/// if they are Hermitian, by that for eigenvalues, with memory for the vectors.
enum SvdDriver<T: LinalgScalar> {
    Empty,
    General(GeneralSvd<T>),
    Hermitian(EighSolver<T>, Vec<T>),
}

impl<T: LinalgScalar> SvdDriver<T> {
    fn new(m: usize, n: usize, vectors: Vectors, structure: Structure) -> Result<Self, Error> {
        if m == 0 || n == 0 {
            return Ok(SvdDriver::Empty);
        }
        Ok(match structure {
            Structure::General => SvdDriver::General(GeneralSvd::new(m, n, vectors)?),
            Structure::Hermitian => {
                let solver = EighSolver::new(n, Triangle::Lower, vectors != Vectors::None)?;
                SvdDriver::Hermitian(solver, zeros(n * n)?)
            }
        })
    }
}

/// Singular values of matrices of one shape.
struct SvdvalsSolver<T: LinalgScalar>(SvdDriver<T>);

impl<T: LinalgScalar> SvdvalsSolver<T> {
    fn new(m: usize, n: usize, structure: Structure) -> Result<Self, Error> {
        SvdDriver::new(m, n, Vectors::None, structure).map(SvdvalsSolver)
    }

    fn run(
        &mut self,
        a: ArrayView2<'_, T>,
        mut values: ArrayViewMut2<'_, T::Real>,
    ) -> Result<(), Reason> {
        match &mut self.0 {
            SvdDriver::Empty => {}
            SvdDriver::General(lapack) => {
                // The transpose has the same values.
                if lapack.load(a)? {
                    copy_into(lapack.decompose(a, &mut [], &mut [], &mut [])?, values);
                } else {
                    values.fill(T::Real::nan());
                }
            }
            SvdDriver::Hermitian(solver, matrix) => {
                solver.run(a, matrix, values.view_mut())?;
                let mut moduli: Vec<T::Real> = values.iter().map(|value| value.abs()).collect();
                moduli.sort_by(|x, y| descending(*x, *y));
                copy_into(&moduli, values);
            }
        }
        Ok(())
    }
}

/// General matrices of one shape, of which LAPACK decomposes the transposes.
enum GeneralSvd<T: LinalgScalar> {
    Native(Gesdd<T>),
    /// In double precision: `sbdsdc`, the divide and conquer of `gesdd` in single precision,
    /// leaves residuals of up to seven times the order's units of rounding (OpenBLAS 0.3.34).
    InF64(Box<F64Svd<T>>),
}

/// A decomposition in double precision, and its results.
struct F64Svd<T: LinalgScalar> {
    lapack: Gesdd<T::Double>,
    sums: Vec<T::Double>,
    u: Vec<T::Double>,
    vh: Vec<T::Double>,
    values: Vec<T::Real>,
}

impl<T: LinalgScalar> GeneralSvd<T> {
    fn new(m: usize, n: usize, vectors: Vectors) -> Result<Self, Error> {
        let is_single = size_of::<T>() < size_of::<T::Double>();
        if !is_single || vectors == Vectors::None || m.min(n) <= SMLSIZ {
            return Ok(GeneralSvd::Native(Gesdd::new(n, m, vectors)?));
        }
        let (rows, columns) = match vectors {
            Vectors::Full => (m, n),
            _ => (m.min(n), m.min(n)),
        };
        Ok(GeneralSvd::InF64(Box::new(F64Svd {
            lapack: Gesdd::new(n, m, vectors)?,
            sums: zeros(m.max(n))?,
            u: zeros(m * rows)?,
            vh: zeros(columns * n)?,
            values: zeros(m.min(n))?,
        })))
    }

    /// Loads a matrix. Returns whether its elements are finite; otherwise one is an infinity.
    fn load(&mut self, a: ArrayView2<'_, T>) -> Result<bool, Reason> {
        match self {
            GeneralSvd::Native(lapack) => check_finite(to_c(a, lapack.matrix())),
            GeneralSvd::InF64(double) => {
                to_double(a, double.lapack.matrix());
                check_finite(double.lapack.matrix())
            }
        }
    }

    /// The singular values of the loaded matrix, and the requested vectors.
    fn decompose(
        &mut self,
        a: ArrayView2<'_, T>,
        sums: &mut [T],
        u: &mut [T],
        vh: &mut [T],
    ) -> Result<&[T::Real], Reason> {
        let (m, n) = a.dim();
        let double = match self {
            GeneralSvd::Native(lapack) => {
                let load = |to: &mut [T]| {
                    to_c(a, to);
                };
                return decompose_transpose(lapack, [m, n], load, sums, u, vh);
            }
            GeneralSvd::InF64(double) => &mut **double,
        };
        let values = decompose_transpose(
            &mut double.lapack,
            [m, n],
            |to| to_double(a, to),
            &mut double.sums,
            &mut double.u,
            &mut double.vh,
        )?;
        for (to, &value) in double.values.iter_mut().zip(values) {
            *to = rounded(value);
        }
        for (to, from) in [(u, &double.u), (vh, &double.vh)] {
            for (to, x) in to.iter_mut().zip(from) {
                *to = T::from_parts(x.parts().map(rounded));
            }
        }
        Ok(&double.values)
    }
}

/// Decomposes the transpose of an `m` x `n` matrix, which is in LAPACK's memory, and which
/// `load` can put there again; returns its singular values.
///
/// Uses `gesdd`, and the slower `gesvd` if that does not converge, or returns vectors that
/// are not orthogonal: it uses divide and conquer from order 26 on, and clustered values can
/// leave vectors with an error of 1e-11.
///
/// In LAPACK's order `U` is the `V^H` of the transpose, and vice versa.
fn decompose_transpose<'a, T: LinalgScalar>(
    lapack: &'a mut Gesdd<T>,
    [m, n]: [usize; 2],
    load: impl Fn(&mut [T]),
    sums: &mut [T],
    u: &mut [T],
    vh: &mut [T],
) -> Result<&'a [T::Real], Reason> {
    // Without vectors the matrices are empty.
    let is_right = lapack.solve(vh, u).is_ok()
        && (m.min(n) <= SMLSIZ
            || are_orthonormal_columns(u.len() / m, u, sums) && are_orthonormal_rows(n, vh, sums));
    if !is_right {
        load(lapack.matrix());
        lapack.solve_by_qr(vh, u)?;
    }
    Ok(lapack.values())
}

/// Normalises the signs of the columns of `U`, and multiplies each row of `V^H`, of `n`
/// elements, by the same factor; a row without a column is normalised by itself.
fn normalize_paired_signs<T: LinalgScalar>(
    signs: &mut ColumnSigns<T>,
    u: &mut [T],
    n: usize,
    vh: &mut [T],
) {
    let factors = signs.normalize_signs(u);
    let (paired, others) = vh.split_at_mut(n * factors.len().min(vh.len() / n));
    for (row, &factor) in paired.chunks_exact_mut(n).zip(factors) {
        let factor = factor.conj();
        row.iter_mut().for_each(|x| *x *= factor);
    }
    normalize_signs(n, others);
}

fn descending<R: scirs2_core::Real>(x: R, y: R) -> std::cmp::Ordering {
    y.partial_cmp(&x).unwrap_or(std::cmp::Ordering::Equal)
}

/// The decomposition of matrices of one shape, in C order.
pub(crate) struct SvdSolver<T: LinalgScalar> {
    driver: SvdDriver<T>,
    signs: ColumnSigns<T>,
    sums: Vec<T>,
    u: Vec<T>,
    vh: Vec<T>,
}

impl<T: LinalgScalar> SvdSolver<T> {
    pub(crate) fn new(
        m: usize,
        n: usize,
        vectors: Vectors,
        structure: Structure,
    ) -> Result<Self, Error> {
        let columns = if vectors == Vectors::Full {
            m
        } else {
            m.min(n)
        };
        Ok(SvdSolver {
            driver: SvdDriver::new(m, n, vectors, structure)?,
            signs: ColumnSigns::new(columns)?,
            sums: zeros(m.max(n))?,
            u: Vec::new(),
            vh: Vec::new(),
        })
    }

    pub(crate) fn run(
        &mut self,
        a: ArrayView2<'_, T>,
        mut u: ArrayViewMut2<'_, T>,
        mut s: ArrayViewMut2<'_, T::Real>,
        mut vh: ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason> {
        let n = a.ncols();
        match &mut self.driver {
            SvdDriver::Empty => {
                fill_identity(u);
                fill_identity(vh);
                Ok(())
            }
            SvdDriver::General(lapack) => {
                if !lapack.load(a)? {
                    let nan = T::Real::nan();
                    u.fill(T::from_parts([nan, nan]));
                    s.fill(nan);
                    vh.fill(T::from_parts([nan, nan]));
                    return Ok(());
                }
                with_c_order(u, &mut self.u, |u| {
                    with_c_order(vh, &mut self.vh, |vh| {
                        copy_into(lapack.decompose(a, &mut self.sums, u, vh)?, s);
                        normalize_paired_signs(&mut self.signs, u, n, vh);
                        Ok(())
                    })
                })
            }
            SvdDriver::Hermitian(solver, vectors) => {
                solver.run(a, vectors, s.view_mut())?;
                from_eigenpairs(vectors, u, s, vh);
                Ok(())
            }
        }
    }
}

/// Turns eigenvalues into singular values: the largest modulus first, each sign
/// in `V`. `vectors` are stored column by column.
fn from_eigenpairs<T: LinalgScalar>(
    vectors: &[T],
    mut u: ArrayViewMut2<'_, T>,
    s: ArrayViewMut2<'_, T::Real>,
    mut vh: ArrayViewMut2<'_, T>,
) {
    let n = u.nrows();
    let values: Vec<T::Real> = s.iter().copied().collect();
    let mut order: Vec<usize> = (0..n).rev().collect();
    order.sort_by(|&i, &j| descending(values[i].abs(), values[j].abs()));
    for (index, &from) in order.iter().enumerate() {
        let sign = T::Real::one().copysign(values[from]);
        for (row, &element) in vectors[from * n..(from + 1) * n].iter().enumerate() {
            let [re, im] = element.parts();
            u[[row, index]] = element;
            vh[[index, row]] = T::from_parts([sign * re, -sign * im]);
        }
    }
    let moduli: Vec<T::Real> = order.iter().map(|&from| values[from].abs()).collect();
    copy_into(&moduli, s);
}
