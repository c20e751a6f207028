//! Generalized eigenvalues and eigenvectors of Hermitian matrices.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::Error;
use crate::base::error::Reason;
use crate::base::memory::zeros_array;
use crate::base::structure::Triangle;
use crate::driver::batch::{BatchOutputs as _, MatrixBatchMut, broadcast};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::shape::{split_matrix_shape, split_square_shape};
use crate::elements::numeric::Numeric;
use crate::elements::scalar::LinalgScalar;
use crate::products::matmul::matmul_into;
use crate::solve::cholesky::cholesky_into;
use crate::solve::triangular::{Op, Triangular, solve_triangular_into};
use crate::spectral::eigh::{eigh_into, eigvalsh_into};
use crate::spectral::polar::{conjugated, swapped};

/// Which generalized eigenvalue problem is solved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pencil {
    /// `A v = w B v`.
    Quotient,
    /// `A B v = w v`.
    ProductAB,
    /// `B A v = w v`.
    ProductBA,
}

/// Generalized eigenvalues of Hermitian matrices `A` and positive definite ones `B`, the
/// smallest first, and with `vectors` their eigenvectors, for which `V^H B V = I`, or for
/// [`Pencil::ProductBA`] `V^H B^-1 V = I`.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{DefinitePencil, Pencil, compute};
///
/// let a = Tensor::from(array![[6.0, 0.0], [0.0, 4.0]]);
/// let b = Tensor::from(array![[2.0, 0.0], [0.0, 1.0]]);
/// let operation = DefinitePencil { pencil: Pencil::Quotient, upper: false, vectors: false };
/// let values = compute(&operation, &[&a, &b])?;
/// let values = values[0].view::<f64>()?;
/// assert!((values[[0]] - 3.0).abs() < 1e-14 && (values[[1]] - 4.0).abs() < 1e-14);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DefinitePencil {
    /// The problem.
    pub pencil: Pencil,
    /// Whether the upper triangles are read.
    pub upper: bool,
    /// Whether the eigenvectors are the second result.
    pub vectors: bool,
}

impl ScalarOperation for DefinitePencil {
    const NAME: &'static str = "eigh";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (first, n) = split_square_shape(1, shapes[0])?;
        let (second, rows, columns) = split_matrix_shape(2, shapes[1])?;
        if (rows, columns) != (n, n) {
            return Err(Error::Mismatch {
                first: shapes[0].to_vec(),
                second: shapes[1].to_vec(),
                must: "both matrices need the same order",
            });
        }
        let batch = broadcast(&[first, second])?;
        let values = (Kind::Real, [&batch[..], &[n]].concat());
        let vectors = (Kind::Same, [&batch[..], &[n, n]].concat());
        Ok(if self.vectors {
            Results::new(1, [values, vectors])
        } else {
            Results::new(1, [values])
        })
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let (a, b) = (work.operand::<T>(0)?, work.operand::<T>(1)?);
        if self.vectors {
            let [values, vectors] = work.outputs();
            let (values, vectors) = (values.into_view()?, vectors.into_view()?);
            return self.solve(a, b, (values, Some(vectors)), work.workers);
        }
        let [values] = work.outputs();
        self.solve(a, b, (values.into_view()?, None), work.workers)
    }
}

impl DefinitePencil {
    fn solve<T: LinalgScalar + Numeric>(
        &self,
        a: ArrayViewD<'_, T>,
        b: ArrayViewD<'_, T>,
        (values, vectors): (ArrayViewMutD<'_, T::Real>, Option<ArrayViewMutD<'_, T>>),
        workers: &Workers<'_>,
    ) -> Result<(), Error> {
        let (factors, standard) = self.reduced(a, b, workers)?;
        let (standard, lower) = (standard.view(), Triangle::Lower);
        let Some(vectors) = vectors else {
            return eigvalsh_into(standard, lower, values, workers);
        };
        let mut found = zeros_array(standard.shape())?;
        eigh_into(standard, lower, values, found.view_mut(), workers)?;
        self.restore(&factors, found.view(), vectors, workers)
    }

    /// The lower Cholesky factors `L` of `B`, and the matrices of the standard problem, `L^-1 A
    /// L^-H` or `L^H A L`.
    pub(super) fn reduced<T: LinalgScalar + Numeric>(
        &self,
        a: ArrayViewD<'_, T>,
        b: ArrayViewD<'_, T>,
        workers: &Workers<'_>,
    ) -> Result<(ArrayD<T>, ArrayD<T>), Error> {
        let core = b.ndim() - 2;
        let batch = broadcast(&[&a.shape()[..a.ndim() - 2], &b.shape()[..core]])?;
        // One matrix serves for all; else an error counts the matrices of the whole batch.
        let repeated = [&batch[..], &b.shape()[core..]].concat();
        let b = match b.broadcast(repeated) {
            Some(repeated) if core > 0 => repeated,
            _ => b.view(),
        };
        let factors = self.lower_factors(b, workers)?;
        let mut whole = zeros_array(a.shape())?;
        whole.assign(&a);
        fill_other_triangle(Triangle::from_upper(self.upper), &mut whole);
        let standard = self.standard(&factors, whole, workers)?;
        Ok((factors, standard))
    }

    /// The eigenvectors that those of the standard problem lead to.
    pub(super) fn restore<T: LinalgScalar + Numeric>(
        &self,
        factors: &ArrayD<T>,
        found: ArrayViewD<'_, T>,
        vectors: ArrayViewMutD<'_, T>,
        workers: &Workers<'_>,
    ) -> Result<(), Error> {
        match self.pencil {
            Pencil::Quotient | Pencil::ProductAB => {
                let spec = lower_with(Op::Adjoint);
                solve_triangular_into(factors.view(), found, spec, vectors, workers)
            }
            Pencil::ProductBA => matmul_into(factors.view(), found, vectors, workers),
        }
    }

    /// The Cholesky factors of `B`, lower ones whichever triangle is read.
    fn lower_factors<T: LinalgScalar>(
        &self,
        b: ArrayViewD<'_, T>,
        workers: &Workers<'_>,
    ) -> Result<ArrayD<T>, Error> {
        let mut factors = zeros_array(b.shape())?;
        let triangle = Triangle::from_upper(self.upper);
        cholesky_into(b, triangle, factors.view_mut(), workers).map_err(about_b)?;
        if self.upper {
            factors = swapped(conjugated(factors.view())?);
        }
        Ok(factors)
    }

    /// The matrices of the standard problem.
    fn standard<T: LinalgScalar + Numeric>(
        &self,
        factors: &ArrayD<T>,
        a: ArrayD<T>,
        workers: &Workers<'_>,
    ) -> Result<ArrayD<T>, Error> {
        let last = a.ndim() - 2;
        let batch = broadcast(&[&a.shape()[..last], &factors.shape()[..factors.ndim() - 2]])?;
        let shape = [&batch[..], &a.shape()[last..]].concat();
        let (mut half, mut standard) = (zeros_array(&shape)?, zeros_array(&shape)?);
        if self.pencil == Pencil::Quotient {
            let spec = lower_with(Op::NoTranspose);
            // (L^-1 A)^H is A L^-H.
            solve_triangular_into(factors.view(), a.view(), spec, half.view_mut(), workers)?;
            let half = swapped(conjugated(half.view())?);
            let out = standard.view_mut();
            solve_triangular_into(factors.view(), half.view(), spec, out, workers)?;
        } else {
            matmul_into(a.view(), factors.view(), half.view_mut(), workers)?;
            let adjoint = swapped(conjugated(factors.view())?);
            matmul_into(adjoint.view(), half.view(), standard.view_mut(), workers)?;
        }
        Ok(standard)
    }
}

/// Says that it is `B` that is not positive definite.
fn about_b(error: Error) -> Error {
    match error {
        Error::Matrix {
            index,
            reason: Reason::NotPositiveDefinite { minor },
        } => Error::Matrix {
            index,
            reason: Reason::RightNotPositiveDefinite { minor },
        },
        other => other,
    }
}

const fn lower_with(op: Op) -> Triangular {
    Triangular {
        triangle: Triangle::Lower,
        op,
        unit_diagonal: false,
    }
}

/// Writes the conjugates of a triangle to the other one of each matrix; the diagonal becomes
/// real.
fn fill_other_triangle<T: LinalgScalar>(read: Triangle, a: &mut ArrayD<T>) {
    let count = a.shape()[..a.ndim() - 2].iter().product();
    let mut matrices = MatrixBatchMut::new(a.view_mut());
    for _ in 0..count {
        let mut matrix = matrices.next();
        for row in 0..matrix.nrows() {
            matrix[[row, row]] = T::from_real(matrix[[row, row]].real());
            for column in 0..row {
                match read {
                    Triangle::Lower => matrix[[column, row]] = matrix[[row, column]].conj(),
                    Triangle::Upper => matrix[[row, column]] = matrix[[column, row]].conj(),
                }
            }
        }
    }
}
