//! A function of one matrix by its Schur form, or by the eigenvalues of a Hermitian one.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD};
use num_traits::Zero as _;
use scirs2_core::pool::Workers;
use scirs2_core::{Complex64, Scalar};

use super::logarithm::Values;
use super::schur::write;
use super::schur_form::{SchurForm, triangular, wide};
use super::square::{is_hermitian, multiply, multiply_adjoint};
use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::is_finite;
use crate::base::memory::{try_resize, zeros};
use crate::base::scale::rounded;
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
    /// The function of a Schur form of order `n`, in its place: of a complex one, or of a real one
    /// without a negative real eigenvalue, whose function is real.
    fn of_form<T: LinalgScalar<Real = f64>>(
        &self,
        workspace: &mut Workspace<T>,
        n: usize,
        t: &mut [T],
    ) -> Result<(), Reason>;

    /// A kernel for small real matrices, whose results are real.
    fn batched(&self) -> Option<BatchedFunction> {
        None
    }

    /// The function of a real eigenvalue of a Hermitian matrix, whose largest has modulus `most`.
    fn of_value(&self, value: f64, n: usize, most: f64) -> Result<Complex64, Reason>;
}

/// What the plan knows a kernel by, and the kernel, which takes the order, matrices and memory for
/// the results, and returns the indices of those that it did not handle.
pub(crate) type BatchedFunction = (Problem, fn(usize, &[f64], &mut [f64]) -> Vec<usize>);

/// What functions of Schur forms of one order work with.
pub(crate) struct Workspace<T> {
    pub(crate) matrices: [Vec<T>; 6],
    pub(crate) pivots: Vec<i32>,
    pub(crate) values: Values,
}

impl<T: LinalgScalar> Workspace<T> {
    fn new() -> Self {
        Workspace {
            matrices: Default::default(),
            pivots: Vec::new(),
            values: Values::default(),
        }
    }

    /// Makes memory for that many matrices, if there is none yet.
    pub(crate) fn reserve(&mut self, n: usize, count: usize) -> Result<(), Reason> {
        for matrix in &mut self.matrices[..count] {
            try_resize(matrix, n * n, T::zero())?;
        }
        Ok(try_resize(&mut self.pivots, n, 0)?)
    }
}

/// Calls the function for every matrix of the batch. Returns whether all results are real.
#[expect(
    clippy::disallowed_methods,
    reason = "a piece of small matrices is short"
)]
pub(crate) fn apply<T: LinalgScalar>(
    function: &impl SpectralFunction,
    a: &ArrayViewD<'_, T>,
    out: ArrayViewMutD<'_, T::Complex>,
    workers: &Workers<'_>,
) -> Result<bool, Error> {
    shape::check_output(a.shape(), &out)?;
    let (batch, n) = split_square_shape(1, a.shape())?;
    let sizes = Sizes::new(n, n, batch.iter().product());
    let kernel = function
        .batched()
        .filter(|&(problem, _)| Plan::of::<T>(problem, sizes).batched)
        .map(|(_, kernel)| kernel);
    let flops = 50.0 * (n as f64).powi(3);
    let batch = Batch {
        shape: batch,
        flops: flops + if kernel.is_none() { SCALAR_FLOPS } else { 0.0 },
        workers,
    };
    let matrices = MatrixBatch::new(a, batch.shape);
    let real = AtomicBool::new(true);
    let batched = kernel.map(|kernel| {
        let matrices = &matrices;
        move |scratch: &mut Scratch<T>, indices: Range<usize>, out: &mut MatrixBatchMut<'_, _>| {
            let a = matrices.contiguous(indices, &mut scratch.pack);
            scratch.matrices.clear();
            scratch.matrices.extend(a.iter().map(|x| x.real().into()));
            scratch.results.resize(a.len(), 0.0);
            let results = &mut scratch.results[..a.len()];
            let unhandled = kernel(n, &scratch.matrices, results);
            out.with_contiguous(T::Complex::zero(), &mut scratch.pack_out, |out| {
                for (out, &mut x) in out.iter_mut().zip(results) {
                    *out = T::Complex::from_real(rounded(x));
                }
            });
            unhandled
        }
    });
    batch.for_each_with_batched_kernel(
        MatrixBatchMut::new(out),
        || (n > 0).then(|| Solver::<T>::new(n)).transpose(),
        batched,
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

/// The cost of what is computed for a matrix of any order, such as logarithms of numbers.
const SCALAR_FLOPS: f64 = 5e3;

/// Buffers for the matrices of a chunk, as they are, and in double precision, and for results.
struct Scratch<T: LinalgScalar> {
    pack: Vec<T>,
    matrices: Vec<f64>,
    results: Vec<f64>,
    pack_out: Vec<T::Complex>,
}

impl<T: LinalgScalar> Default for Scratch<T> {
    fn default() -> Self {
        Scratch {
            pack: Vec::new(),
            matrices: Vec::new(),
            results: Vec::new(),
            pack_out: Vec::new(),
        }
    }
}

/// Matrices of one order, and memory for what is computed of one.
struct Solver<T: LinalgScalar> {
    n: usize,
    form: SchurForm<T::Double>,
    product: [Vec<T::Double>; 2],
    workspace: Workspace<T::Double>,
    hermitian: Option<Hermitian<T::Double>>,
    complex: Option<Complex>,
}

/// Memory for complex forms.
struct Complex {
    t: Vec<Complex64>,
    z: Vec<Complex64>,
    product: Vec<Complex64>,
    workspace: Workspace<Complex64>,
}

impl Complex {
    fn new(n: usize) -> Result<Self, Error> {
        let new = || zeros(n * n);
        Ok(Complex {
            t: new()?,
            z: new()?,
            product: new()?,
            workspace: Workspace::new(),
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
            workspace: Workspace::new(),
            hermitian: None,
            complex: None,
        })
    }

    /// The function of one matrix. Returns whether it is real.
    fn run(
        &mut self,
        function: &impl SpectralFunction,
        a: ArrayView2<'_, T>,
        out: ArrayViewMut2<'_, T::Complex>,
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
        if T::IS_COMPLEX || !self.form.has_negative() {
            function.of_form(&mut self.workspace, n, &mut self.form.t)?;
            multiply(n, &self.form.z, &self.form.t, false, product);
            multiply_adjoint(n, product, &mut self.form.z, matrix);
            write(n, matrix, out);
            return Ok(!T::IS_COMPLEX);
        }
        let complex = complex_memory(&mut self.complex, n)?;
        for (to, from) in [
            (&mut complex.t, &self.form.t),
            (&mut complex.z, &self.form.z),
        ] {
            to.iter_mut().zip(from).for_each(|(to, &x)| *to = wide(x));
        }
        triangular(n, &mut complex.t, &mut complex.z);
        function.of_form(&mut complex.workspace, n, &mut complex.t)?;
        complex.multiply(n);
        write(n, &complex.t, out);
        Ok(false)
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
