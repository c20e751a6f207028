//! Schur forms.

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
    ShapeBuilder as _,
};
use num_traits::Zero as _;
use scirs2_core::pool::Workers;
use scirs2_core::{Complex64, DType, Scalar};

use super::schur_form::{SchurForm, eigenvalues, narrow, triangular, wide};
use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::{zeros, zeros_array};
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::lapack::Trsen;

/// The eigenvalues that come first in a Schur form.
#[derive(Clone, PartialEq, Debug)]
pub enum Select {
    /// No particular ones.
    None,
    /// Those with a negative real part.
    LeftHalf,
    /// Those with a real part that is not negative.
    RightHalf,
    /// Those of a modulus of at most one.
    InsideCircle,
    /// Those of a larger modulus.
    OutsideCircle,
    /// Those that are true here: one element for each eigenvalue of each matrix.
    Listed(Vec<bool>),
}

impl Select {
    /// Whether eigenvalue `at` of matrix `index` comes first.
    fn holds(&self, value: Complex64, (index, n, at): (usize, usize, usize)) -> bool {
        match self {
            Select::None => false,
            Select::LeftHalf => value.re < 0.0,
            Select::RightHalf => value.re >= 0.0,
            Select::InsideCircle => value.norm() <= 1.0,
            Select::OutsideCircle => value.norm() > 1.0,
            Select::Listed(all) => all.get(index * n + at).copied().unwrap_or(false),
        }
    }
}

/// Schur forms of square matrices.
///
/// `A = Z T Z^H` for each matrix of the last two axes, with a unitary `Z`. `T` is upper
/// triangular if it is complex; that of a real matrix has blocks of order two on its diagonal, one
/// for each pair of complex eigenvalues, with equal elements on the diagonal and two of opposite
/// sign off it.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Reason::NotFinite`], and
/// [`Reason::NoConvergence`].
///
/// # Accuracy
/// Backward stable: `|A - Z T Z^H| <= c n eps |A|`. LAPACK `gees`; for real matrices up to order
/// 75 its algorithm in a kernel, without balancing. Single precision is decomposed in double.
///
/// ```
/// use ndarray::array;
///
/// let (t, z) = scirs2_linalg::schur(&array![[1.0_f64, 0.0], [2.0, 3.0]])?;
/// assert_eq!(t[[1, 0]], 0.0);
/// assert!((t[[0, 0]] + t[[1, 1]] - 4.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn schur<S, D>(a: &ArrayBase<S, D>) -> Result<(ArrayD<S::Elem>, ArrayD<S::Elem>), Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
{
    let a = a.view().into_dyn();
    let [shape, _, batch] = schur_shape(a.shape())?;
    let (mut t, mut z) = (zeros_array(&shape)?, zeros_array(&shape)?);
    let mut count = zeros_array(&batch)?;
    let outputs = (t.view_mut(), z.view_mut(), count.view_mut());
    schur_into(a, &Select::None, outputs, &Workers::current())?;
    Ok((t, z))
}

/// The shapes of what [`schur_into`] writes: the forms, the factors, and the numbers of selected
/// eigenvalues.
///
/// # Errors
/// The errors of [`schur`] that depend on the shape.
pub fn schur_shape(a: &[usize]) -> Result<[Vec<usize>; 3], Error> {
    let (batch, _) = split_square_shape(1, a)?;
    Ok([a.to_vec(), a.to_vec(), batch.to_vec()])
}

/// [`schur`] into the caller's memory, of any strides: real, or complex of a real matrix, with
/// the selected eigenvalues first, and their number.
///
/// # Errors
/// The same as [`schur`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn schur_into<T, O>(
    a: ArrayViewD<'_, T>,
    select: &Select,
    (t, z, count): (
        ArrayViewMutD<'_, O>,
        ArrayViewMutD<'_, O>,
        ArrayViewMutD<'_, i32>,
    ),
    workers: &Workers<'_>,
) -> Result<(), Error>
where
    T: LinalgScalar,
    O: LinalgScalar<Real = T::Real>,
{
    let [form_shape, factor_shape, count_shape] = schur_shape(a.shape())?;
    shape::check_output(&form_shape, &t)?;
    shape::check_output(&factor_shape, &z)?;
    shape::check_output(&count_shape, &count)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 25.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(&a, batch.shape);
    batch.for_each(
        (
            MatrixBatchMut::new(t),
            MatrixBatchMut::new(z),
            MatrixBatchMut::scalars(count),
        ),
        || SchurSolver::<T>::new(n, O::IS_COMPLEX && !T::IS_COMPLEX, select),
        |solver, index, (t, z, mut count)| {
            count[[0, 0]] = 0;
            let Some(solver) = solver else { return Ok(()) };
            solver.form.decompose(matrices.get(index))?;
            count[[0, 0]] = solver.write(select, index, t, z)?;
            Ok(())
        },
    )
}

/// Schur forms of one order, made complex or sorted where that is asked for.
struct SchurSolver<T: LinalgScalar> {
    n: usize,
    form: SchurForm<T::Double>,
    sort: Option<(Trsen<T::Double>, Vec<i32>)>,
    /// The complex form and factor of a real matrix.
    complex: Option<([Vec<Complex64>; 2], Trsen<Complex64>)>,
}

impl<T: LinalgScalar> SchurSolver<T> {
    /// `None` for matrices without elements.
    fn new(n: usize, complex: bool, select: &Select) -> Result<Option<Self>, Error> {
        if n == 0 {
            return Ok(None);
        }
        let sorts = *select != Select::None;
        Ok(Some(SchurSolver {
            n,
            form: SchurForm::new(n)?,
            sort: sorts
                .then(|| Ok::<_, Error>((Trsen::new(n)?, zeros(n)?)))
                .transpose()?,
            complex: complex
                .then(|| Ok::<_, Error>(([zeros(n * n)?, zeros(n * n)?], Trsen::new(n)?)))
                .transpose()?,
        }))
    }

    /// Writes the form that was computed, and returns how many eigenvalues come first.
    fn write<O: LinalgScalar>(
        &mut self,
        select: &Select,
        index: usize,
        t: ArrayViewMut2<'_, O>,
        z: ArrayViewMut2<'_, O>,
    ) -> Result<i32, Reason> {
        let n = self.n;
        let form = &mut self.form;
        let Some(([ct, cz], complex_sort)) = &mut self.complex else {
            let mut count = 0;
            if let Some((sort, selected)) = &mut self.sort {
                mark(select, index, n, &form.t, selected);
                count = sort.sort(selected, &mut form.t, &mut form.z)?;
            }
            write(n, &form.t, t);
            write(n, &form.z, z);
            return Ok(lapack_count(count));
        };
        for (to, from) in [(&mut *ct, &form.t), (&mut *cz, &form.z)] {
            to.iter_mut().zip(from).for_each(|(to, &x)| *to = wide(x));
        }
        triangular(n, ct, cz);
        let mut count = 0;
        if let Some((_, selected)) = &mut self.sort {
            mark(select, index, n, ct, selected);
            count = complex_sort.sort(selected, ct, cz)?;
        }
        write(n, ct, t);
        write(n, cz, z);
        Ok(lapack_count(count))
    }
}

/// Marks the selected eigenvalues of a Schur form.
fn mark<T: Scalar<Real: Into<f64>>>(
    select: &Select,
    index: usize,
    n: usize,
    t: &[T],
    selected: &mut [i32],
) {
    for (at, (value, selected)) in eigenvalues(n, t).zip(selected).enumerate() {
        *selected = i32::from(select.holds(value, (index, n, at)));
    }
}

/// A count as LAPACK has it.
fn lapack_count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Writes a matrix in Fortran order to an output, in its precision.
pub(super) fn write<T: LinalgScalar, O: LinalgScalar>(
    n: usize,
    from: &[T],
    mut to: ArrayViewMut2<'_, O>,
) {
    let from = ArrayView2::from_shape((n, n).f(), from).expect("as many elements");
    to.zip_mut_with(&from, |to, &x| *to = narrow(wide(x)));
}

/// The eigenvalues of Schur forms, in the order in which they stand there: of a pair of a real
/// one that with the positive imaginary part first.
///
/// # Errors
/// [`Error::NotSquare`] and [`Error::TooFewAxes`].
pub fn schur_eigenvalues<T: LinalgScalar>(t: &ArrayViewD<'_, T>) -> Result<Vec<Complex64>, Error> {
    let (batch, n) = split_square_shape(1, t.shape())?;
    let matrices = MatrixBatch::new(t, batch);
    let mut form = zeros(n * n)?;
    let mut all = Vec::new();
    for index in 0..batch.iter().product() {
        crate::base::layout::to_f(matrices.get(index), &mut form);
        all.extend(eigenvalues(n, &form));
    }
    Ok(all)
}

/// [`schur`] as an operation on tensors of any dtype; the last result is the number of
/// eigenvalues that come first.
#[derive(Clone, PartialEq, Debug)]
pub struct Schur {
    /// Whether the form of a real matrix is complex, and triangular.
    pub complex: bool,
    /// Which eigenvalues come first.
    pub select: Select,
}

impl ScalarOperation for Schur {
    const NAME: &'static str = "schur";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let [t, z, count] = schur_shape(shapes[0])?;
        let kind = if self.complex {
            Kind::Complex
        } else {
            Kind::Same
        };
        Ok(Results::new(
            2,
            [(kind, t), (kind, z), (Kind::Index, count)],
        ))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [t, z, count] = work.outputs();
        let (a, count) = (work.operand::<T>(0)?, count.into_view()?);
        if self.complex {
            let outputs = (t.into_view::<T::Complex>()?, z.into_view()?, count);
            schur_into(a, &self.select, outputs, work.workers)
        } else {
            let outputs = (t.into_view::<T>()?, z.into_view()?, count);
            schur_into(a, &self.select, outputs, work.workers)
        }
    }
}

/// Complex Schur forms of real ones.
///
/// `Z T Z^H` with a triangular, complex `T` for each real Schur form and its factor, as [`schur`]
/// returns them; a form that is triangular already stays as it is.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Error::Mismatch`], [`Error::Broadcast`], and
/// [`Reason::NotFinite`].
///
/// # Accuracy
/// One rotation for each block: backward stable.
///
/// ```
/// use ndarray::array;
///
/// let (t, z) = scirs2_linalg::schur(&array![[0.0_f64, -2.0], [2.0, 0.0]])?;
/// let (t, _) = scirs2_linalg::rsf2csf(&t, &z)?;
/// assert!((t[[0, 0]].im.abs() - 2.0).abs() < 1e-15 && t[[1, 0]].norm() == 0.0);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[expect(clippy::type_complexity, reason = "two arrays")]
pub fn rsf2csf<S, Q, D, E>(
    t: &ArrayBase<S, D>,
    z: &ArrayBase<Q, E>,
) -> Result<
    (
        ArrayD<<S::Elem as LinalgScalar>::Complex>,
        ArrayD<<S::Elem as LinalgScalar>::Complex>,
    ),
    Error,
>
where
    S: Data<Elem: LinalgScalar>,
    Q: Data<Elem = S::Elem>,
    D: Dimension,
    E: Dimension,
{
    let (t, z) = (t.view().into_dyn(), z.view().into_dyn());
    let [form, factor] = rsf2csf_shape(t.shape(), z.shape())?;
    let (mut form, mut factor) = (zeros_array(&form)?, zeros_array(&factor)?);
    let outputs = (form.view_mut(), factor.view_mut());
    rsf2csf_into((t, z), outputs, &Workers::current())?;
    Ok((form, factor))
}

/// The shapes of what [`rsf2csf_into`] writes.
///
/// # Errors
/// The errors of [`rsf2csf`] that depend on the shape.
pub fn rsf2csf_shape(t: &[usize], z: &[usize]) -> Result<[Vec<usize>; 2], Error> {
    let (t_batch, n) = split_square_shape(1, t)?;
    let (z_batch, order) = split_square_shape(2, z)?;
    if n != order {
        return Err(Error::Mismatch {
            first: t.to_vec(),
            second: z.to_vec(),
            must: "a Schur form and its factor are of one order",
        });
    }
    let shape = [broadcast(&[t_batch, z_batch])?, vec![n, n]].concat();
    Ok([shape.clone(), shape])
}

/// [`rsf2csf`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`rsf2csf`]; [`Error::OutputShape`] for an output of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn rsf2csf_into<T: LinalgScalar>(
    (t, z): (ArrayViewD<'_, T>, ArrayViewD<'_, T>),
    (form, factor): (ArrayViewMutD<'_, T::Complex>, ArrayViewMutD<'_, T::Complex>),
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let [form_shape, factor_shape] = rsf2csf_shape(t.shape(), z.shape())?;
    shape::check_output(&form_shape, &form)?;
    shape::check_output(&factor_shape, &factor)?;
    let (batch, n) = split_square_shape(1, &form_shape)?;
    let batch = Batch {
        shape: batch,
        flops: 6.0 * (n as f64).powi(3),
        workers,
    };
    let (forms, factors) = (
        MatrixBatch::new(&t, batch.shape),
        MatrixBatch::new(&z, batch.shape),
    );
    batch.for_each(
        (MatrixBatchMut::new(form), MatrixBatchMut::new(factor)),
        || Ok([zeros(n * n)?, zeros(n * n)?]),
        |[ct, cz], index, (form, factor)| {
            for (to, from) in [(&mut *ct, forms.get(index)), (&mut *cz, factors.get(index))] {
                let from = from.reversed_axes();
                to.iter_mut().zip(&from).for_each(|(to, &x)| *to = wide(x));
                if !to.iter().all(|x| x.is_finite()) {
                    return Err(Reason::NotFinite);
                }
            }
            // What stands below the blocks is not part of the form.
            for (column, elements) in ct.chunks_exact_mut(n).enumerate() {
                for x in elements.iter_mut().skip(column + 2) {
                    *x = Complex64::zero();
                }
            }
            triangular(n, ct, cz);
            write(n, ct, form);
            write(n, cz, factor);
            Ok(())
        },
    )
}

/// [`rsf2csf`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rsf2csf;

impl ScalarOperation for Rsf2csf {
    const NAME: &'static str = "rsf2csf";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let [t, z] = rsf2csf_shape(shapes[0], shapes[1])?;
        Ok(Results::new(2, [(Kind::Complex, t), (Kind::Complex, z)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [form, factor] = work.outputs();
        rsf2csf_into(
            (work.operand::<T>(0)?, work.operand::<T>(1)?),
            (form.into_view()?, factor.into_view()?),
            work.workers,
        )
    }
}
