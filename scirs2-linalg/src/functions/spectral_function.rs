//! A function of one matrix by its Schur form, or by the eigenvalues of a Hermitian one.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD};
use num_traits::Zero as _;
use scirs2_core::pool::Workers;
use scirs2_core::{Complex64, Scalar};

use super::schur::write;
use super::schur_form::{SchurForm, triangular, wide};
use super::square::{is_hermitian, multiply, multiply_adjoint};
use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::is_finite;
use crate::base::memory::zeros;
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{self, split_square_shape};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::small::symmetric::Symmetric;
use crate::lapack::Heevd;
use crate::spectral::double::to_double;

/// A function of a square matrix that depends on its eigenvalues' principal values.
pub(crate) trait SpectralFunction: Sync {
    /// The function of an upper triangular matrix of order `n`, in its place.
    fn of_triangular(
        &self,
        workspace: &mut Triangular,
        n: usize,
        t: &mut [Complex64],
    ) -> Result<(), Reason>;

    /// The same for a real Schur form without a negative real eigenvalue, whose function is
    /// real; false if there is no way but that of the triangular matrix.
    fn of_real_form<T: LinalgScalar<Real = f64>>(
        &self,
        _n: usize,
        _t: &mut [T],
        _scratch: &mut [T],
    ) -> Result<bool, Reason> {
        Ok(false)
    }

    /// The function of a real eigenvalue of a Hermitian matrix, whose largest has modulus `most`.
    fn of_value(&self, value: f64, n: usize, most: f64) -> Result<Complex64, Reason>;
}

/// Matrices of one order that functions of triangular matrices work with.
pub(crate) struct Triangular {
    pub(crate) matrices: [Vec<Complex64>; 6],
}

/// Calls the function for every matrix of the batch. Returns whether all results are real.
pub(crate) fn apply<T: LinalgScalar>(
    function: &impl SpectralFunction,
    a: &ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T::Complex>,
    workers: &Workers<'_>,
) -> Result<bool, Error> {
    shape::check_output(a.shape(), &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let batch = Batch {
        shape: batch,
        flops: 50.0 * (n as f64).powi(3),
        workers,
    };
    let matrices = MatrixBatch::new(a, batch.shape);
    let real = AtomicBool::new(true);
    batch.for_each(
        MatrixBatchMut::new(out),
        || (n > 0).then(|| Solver::<T>::new(n)).transpose(),
        |solver, index, out| {
            let Some(solver) = solver else { return Ok(()) };
            if !solver.run(function, matrices.get(index), out)? {
                real.store(false, Ordering::Relaxed);
            }
            Ok(())
        },
    )?;
    Ok(real.into_inner())
}

/// Matrices of one order, and memory for what is computed of one.
struct Solver<T: LinalgScalar> {
    n: usize,
    form: SchurForm<T::Double>,
    product: [Vec<T::Double>; 2],
    hermitian: Option<Hermitian<T::Double>>,
    complex: Option<Complex>,
}

/// Memory for complex forms.
struct Complex {
    t: Vec<Complex64>,
    z: Vec<Complex64>,
    product: Vec<Complex64>,
    workspace: Triangular,
}

impl Complex {
    fn new(n: usize) -> Result<Self, Error> {
        let new = || zeros(n * n);
        Ok(Complex {
            t: new()?,
            z: new()?,
            product: new()?,
            workspace: Triangular {
                matrices: [new()?, new()?, new()?, new()?, new()?, new()?],
            },
        })
    }

    /// `Z T Z^H` in place of `T`.
    fn multiply(&mut self, n: usize) {
        multiply(n, &self.z, &self.t, false, &mut self.product);
        multiply_adjoint(n, &self.product, &mut self.z, &mut self.t);
    }
}

impl<T: LinalgScalar> Solver<T> {
    fn new(n: usize) -> Result<Self, Error> {
        Ok(Solver {
            n,
            form: SchurForm::new(n)?,
            product: [zeros(n * n)?, zeros(n * n)?],
            hermitian: None,
            complex: None,
        })
    }

    /// The function of one matrix. Returns whether it is real.
    fn run(
        &mut self,
        function: &impl SpectralFunction,
        a: ArrayView2<'_, T>,
        mut out: ArrayViewMut2<'_, T::Complex>,
    ) -> Result<bool, Reason> {
        let n = self.n;
        let [matrix, product] = &mut self.product;
        to_double(a.t(), matrix);
        if !is_finite(matrix) {
            return Err(Reason::NotFinite);
        }
        if is_hermitian(n, matrix) {
            return self.run_hermitian(function, out);
        }
        self.form.decompose(a)?;
        let is_real = !T::IS_COMPLEX && !self.form.has_negative();
        if is_real && function.of_real_form(n, &mut self.form.t, product)? {
            multiply(n, &self.form.z, &self.form.t, false, product);
            multiply_adjoint(n, product, &mut self.form.z, matrix);
            write(n, matrix, out);
            return Ok(true);
        }
        let complex = complex_memory(&mut self.complex, n)?;
        for (to, from) in [
            (&mut complex.t, &self.form.t),
            (&mut complex.z, &self.form.z),
        ] {
            to.iter_mut().zip(from).for_each(|(to, &x)| *to = wide(x));
        }
        if !T::IS_COMPLEX {
            triangular(n, &mut complex.t, &mut complex.z);
        }
        function.of_triangular(&mut complex.workspace, n, &mut complex.t)?;
        complex.multiply(n);
        write(n, &complex.t, out.view_mut());
        if is_real {
            drop_imaginary(&mut out);
        }
        Ok(is_real)
    }

    /// The same for the Hermitian matrix in `self.product`.
    fn run_hermitian(
        &mut self,
        function: &impl SpectralFunction,
        mut out: ArrayViewMut2<'_, T::Complex>,
    ) -> Result<bool, Reason> {
        let n = self.n;
        let [vectors, scaled] = &mut self.product;
        let hermitian = match &mut self.hermitian {
            Some(hermitian) => hermitian,
            None => self.hermitian.insert(Hermitian::new(n).map_err(no_memory)?),
        };
        hermitian.decompose(vectors)?;
        let values = &hermitian.values;
        let most = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let mut functions = Vec::new();
        for &value in values {
            functions.push(function.of_value(value, n, most)?);
        }
        let is_real = functions.iter().all(|value| value.im == 0.0);
        if is_real {
            for (at, value) in functions.iter().enumerate() {
                let columns = at * n..(at + 1) * n;
                for (to, &x) in scaled[columns.clone()].iter_mut().zip(&vectors[columns]) {
                    *to = x * T::Double::from_real(value.re);
                }
            }
            let result = &mut self.form.t;
            multiply_adjoint(n, scaled, vectors, result);
            make_hermitian(n, result);
            write(n, result, out.view_mut());
            return Ok(!T::IS_COMPLEX);
        }
        let complex = complex_memory(&mut self.complex, n)?;
        for (to, &x) in complex.z.iter_mut().zip(&*vectors) {
            *to = wide(x);
        }
        complex.t.fill(Complex64::zero());
        for (to, value) in complex.t.iter_mut().step_by(n + 1).zip(functions) {
            *to = value;
        }
        complex.multiply(n);
        write(n, &complex.t, out);
        Ok(false)
    }
}

/// The memory, made the first time.
fn complex_memory(memory: &mut Option<Complex>, n: usize) -> Result<&mut Complex, Reason> {
    Ok(match memory {
        Some(memory) => memory,
        None => memory.insert(Complex::new(n).map_err(no_memory)?),
    })
}

/// Why a matrix has no result if there is no memory for it.
fn no_memory(error: Error) -> Reason {
    match error {
        Error::Memory { count, itemsize } => Reason::Memory { count, itemsize },
        _ => Reason::Memory {
            count: 0,
            itemsize: 0,
        },
    }
}

/// Sets imaginary parts to zero, which are rounding errors.
fn drop_imaginary<T: LinalgScalar>(out: &mut ArrayViewMut2<'_, T>) {
    out.map_inplace(|x| *x = T::from_real(x.real()));
}

/// Copies one triangle to the other, so that rounding errors leave the matrix Hermitian.
fn make_hermitian<T: Scalar>(n: usize, a: &mut [T]) {
    for i in 0..n {
        a[i * n + i] = T::from_real(a[i * n + i].real());
        for j in 0..i {
            a[j * n + i] = a[i * n + j].conj();
        }
    }
}

/// Eigenvalues and eigenvectors of Hermitian matrices of one order.
struct Hermitian<T: LinalgScalar> {
    n: usize,
    small: Option<Symmetric>,
    heevd: Option<Heevd<T>>,
    values: Vec<f64>,
}

impl<T: LinalgScalar<Real = f64>> Hermitian<T> {
    fn new(n: usize) -> Result<Self, Error> {
        let plan = Plan::of::<T>(Problem::Eigh, Sizes::new(n, n, 1));
        Ok(Hermitian {
            n,
            small: plan.small.then(|| Symmetric::new(n, false, true)),
            heevd: None,
            values: zeros(n)?,
        })
    }

    /// Replaces a matrix by its eigenvectors.
    fn decompose(&mut self, a: &mut [T]) -> Result<(), Reason> {
        let n = self.n;
        if let Some(small) = &mut self.small
            && small.solve(T::as_real(a).expect(REAL_ONLY))
        {
            self.values.copy_from_slice(small.values());
            for (column, elements) in a.chunks_exact_mut(n).enumerate() {
                for (row, x) in elements.iter_mut().enumerate() {
                    *x = T::from_real(small.vector(row, column));
                }
            }
            return Ok(());
        }
        let heevd = match &mut self.heevd {
            Some(heevd) => heevd,
            None => {
                let new = Heevd::new(n, Triangle::Lower).map_err(no_memory)?;
                self.heevd.insert(new)
            }
        };
        self.values.copy_from_slice(heevd.solve(a)?);
        Ok(())
    }
}
