//! Systems with triangular matrices.

use std::ops::Range;

use ndarray::{
    ArrayBase, ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Data, Dimension,
};
use scirs2_core::pool::Workers;
use scirs2_core::{DType, Scalar};

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{InPlaceBuffer, is_finite, to_c};
use crate::base::memory::{try_resize, zeros_array};
use crate::base::structure::Triangle;
use crate::driver::batch::MatrixBatchMut;
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::driver::shape::{LinearSystem, SystemOperands};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::batched::triangular::{Substitution, batched_substitute};
use crate::lapack::subnormal::{is_subnormal, substitute};
use crate::lapack::{self, TriangularSpec};

/// The operation on a matrix (LAPACK's `trans`).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Op {
    /// `A`.
    #[default]
    NoTranspose,
    /// `A^T`.
    Transpose,
    /// `A^H`, the conjugate of the transpose.
    Adjoint,
}

/// How [`solve_triangular`] reads a matrix.
///
/// The default is the upper triangle with its diagonal, not transposed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Triangular {
    /// The triangle that is read.
    pub triangle: Triangle,
    /// The operation on that triangle.
    pub op: Op,
    /// The diagonal is assumed to be ones and is not read.
    pub unit_diagonal: bool,
}

impl Default for Triangular {
    fn default() -> Self {
        Triangular {
            triangle: Triangle::Upper,
            op: Op::NoTranspose,
            unit_diagonal: false,
        }
    }
}

impl Triangular {
    /// The same for the kernel, whose matrices are real and in C order.
    pub(crate) fn as_substitution(&self) -> Substitution {
        let transposed = self.op != Op::NoTranspose;
        Substitution {
            lower: (self.triangle == Triangle::Lower) != transposed,
            transposed,
            unit: self.unit_diagonal,
        }
    }
}

/// Solutions of `op(A) X = B` with triangular matrices.
///
/// Only one triangle of each matrix, which is stored in the last two axes of `a`, is read. `b`
/// is one vector if it has one axis; otherwise its last two axes are matrices of right-hand
/// sides. The batches broadcast.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::TooFewAxes`], [`Error::Mismatch`] for a `b` with another
/// number of rows, [`Error::Broadcast`], [`Reason::Singular`] with the first zero on a
/// diagonal, [`Reason::NotFinite`] and [`Reason::NotFiniteRightSide`].
///
/// # Accuracy
/// Backward stable for each right-hand side: `|(A + E) x - b| = 0` with
/// `|E| <= c n eps |A|`, element by element (BLAS `trsm`, `trsv`).
///
/// ```
/// use ndarray::array;
/// use scirs2_linalg::{Triangular, solve_triangular};
///
/// let a = array![[2.0, 1.0], [0.0, 4.0]];
/// let x = solve_triangular(&a, &array![4.0, 8.0], Triangular::default())?;
/// assert_eq!(x, array![1.0, 2.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn solve_triangular<S, D, R, E>(
    a: &ArrayBase<S, D>,
    b: &ArrayBase<R, E>,
    spec: Triangular,
) -> Result<ArrayD<S::Elem>, Error>
where
    S: Data<Elem: LinalgScalar>,
    D: Dimension,
    R: Data<Elem = S::Elem>,
    E: Dimension,
{
    let (a, b) = (a.view().into_dyn(), b.view().into_dyn());
    let mut out = zeros_array(&solve_triangular_shape(a.shape(), b.shape())?)?;
    solve_triangular_into(a, b, spec, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`solve_triangular_into`] writes: the batch, then the last
/// axis or axes of `b`.
///
/// # Errors
/// The errors of [`solve_triangular`] that depend on the shapes.
pub fn solve_triangular_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
    Ok(LinearSystem::new(a, b)?.solution_shape())
}

/// [`solve_triangular`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`solve_triangular`]; [`Error::OutputShape`] for an `out` of another shape,
/// and [`Error::Interrupted`] if the workers were stopped.
pub fn solve_triangular_into<T: LinalgScalar>(
    a: ArrayViewD<'_, T>,
    b: ArrayViewD<'_, T>,
    spec: Triangular,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let system = LinearSystem::new(a.shape(), b.shape())?;
    for_each_system(
        &system,
        &[spec],
        (a, b, out),
        workers,
        |workspace, a, b, out| solve_matrix(workspace, a, b, spec, out),
    )
}

/// Memory for one system: a copy of a matrix that is not contiguous, and the solution.
pub(crate) type SystemWorkspace<T> = (Vec<T>, InPlaceBuffer<T>);

/// Solves systems with triangles of each matrix, one after the other, by the batched kernel
/// where the plan has one, else with `work`.
pub(crate) fn for_each_system<T: LinalgScalar>(
    system: &LinearSystem,
    steps: &[Triangular],
    operands: (ArrayViewD<'_, T>, ArrayViewD<'_, T>, ArrayViewMutD<'_, T>),
    workers: &Workers<'_>,
    work: impl Fn(
        &mut SystemWorkspace<T>,
        ArrayView2<'_, T>,
        ArrayView2<'_, T>,
        ArrayViewMut2<'_, T>,
    ) -> Result<(), Reason>
    + Sync,
) -> Result<(), Error> {
    let (n, columns) = (system.n, system.nrhs.unwrap_or(1));
    let kernel_steps: Vec<_> = steps.iter().map(Triangular::as_substitution).collect();
    let batched = |[pack_a, pack_b, pack_out]: &mut [Vec<T>; 3],
                   indices: Range<usize>,
                   (a, b): SystemOperands<'_, T>,
                   out: &mut MatrixBatchMut<'_, T>| {
        let (a, b) = (
            a.contiguous(indices.clone(), pack_a),
            b.contiguous(indices, pack_b),
        );
        let unhandled = out.with_contiguous(T::zero(), pack_out, |x| {
            let (a, b, x) = (T::as_real(a)?, T::as_real(b)?, T::as_real_mut(x)?);
            Some(batched_substitute(n, columns, &kernel_steps, a, b, x))
        });
        unhandled.expect(REAL_ONLY)
    };
    system.for_each(
        operands,
        steps.len() as f64 * system.substitution_flops(),
        workers,
        || Ok((Vec::new(), InPlaceBuffer::new())),
        has_batched_kernel::<T>(system).then_some(batched),
        |workspace, _, (a, b, out)| work(workspace, a, b, out),
    )
}

/// Whether the plan has a kernel for several such systems.
pub(crate) fn has_batched_kernel<T: Scalar>(system: &LinearSystem) -> bool {
    let sizes = Sizes {
        rhs: system.nrhs.unwrap_or(1),
        ..Sizes::new(system.n, system.n, system.batch.iter().product())
    };
    Plan::of::<T>(Problem::SolveTriangular, sizes).batched
}

/// Processes one matrix.
fn solve_matrix<T: LinalgScalar>(
    (copy, in_place): &mut SystemWorkspace<T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    spec: Triangular,
    out: ArrayViewMut2<'_, T>,
) -> Result<(), Reason> {
    let a = TriangularRef::new(a, copy)?;
    let Triangular {
        triangle,
        op,
        unit_diagonal,
    } = spec;
    a.check_triangle(triangle, unit_diagonal)?;
    if !unit_diagonal {
        a.check_diagonal()?;
    }
    in_place.run(b, out, |b| {
        if !is_finite(b) {
            return Err(Reason::NotFiniteRightSide);
        }
        a.solve(triangle, op, unit_diagonal, b);
        Ok(())
    })
}

/// A view of a square matrix, for solving with one of its triangles.
#[derive(Clone, Copy)]
pub(crate) struct TriangularRef<'a, T> {
    elements: &'a [T],
    n: usize,
    c_order: bool,
}

impl<'a, T: LinalgScalar> TriangularRef<'a, T> {
    /// A view of the matrix, or of a copy in `workspace` if it is not contiguous.
    pub(crate) fn new(a: ArrayView2<'a, T>, workspace: &'a mut Vec<T>) -> Result<Self, Reason> {
        let (n, len) = (a.nrows(), a.len());
        let (elements, c_order) = if let Some(elements) = a.to_slice() {
            (elements, true)
        } else if let Some(elements) = a.reversed_axes().to_slice() {
            (elements, false)
        } else {
            try_resize(workspace, len, T::zero())?;
            (&*to_c(a, workspace), true)
        };
        Ok(TriangularRef {
            elements,
            n,
            c_order,
        })
    }

    /// A matrix in Fortran order.
    pub(crate) fn in_f_order(n: usize, elements: &'a [T]) -> Self {
        TriangularRef {
            elements,
            n,
            c_order: false,
        }
    }

    fn diagonal(self) -> impl Iterator<Item = T> {
        self.elements.iter().step_by(self.n + 1).copied()
    }

    /// An error for a zero on the diagonal.
    pub(crate) fn check_diagonal(self) -> Result<(), Reason> {
        match self.diagonal().position(|x| x.is_zero()) {
            Some(pivot) => Err(Reason::Singular { pivot }),
            None => Ok(()),
        }
    }

    /// An error for a NaN or an infinity in a triangle.
    pub(crate) fn check_triangle(
        self,
        triangle: Triangle,
        unit_diagonal: bool,
    ) -> Result<(), Reason> {
        let lower = (triangle == Triangle::Lower) == self.c_order;
        let skip = usize::from(unit_diagonal);
        let rows = self.elements.chunks_exact(self.n.max(1)).enumerate();
        let mut read = rows.map(|(i, row)| {
            if lower {
                &row[..i + 1 - skip]
            } else {
                &row[i + skip..]
            }
        });
        if read.all(is_finite) {
            Ok(())
        } else {
            Err(Reason::NotFinite)
        }
    }

    /// Solves `op(A) X = B` with a triangle of this matrix, whose diagonal has no zero; `b` is
    /// `B`, row by row, and is overwritten by `X`.
    pub(crate) fn solve(self, triangle: Triangle, op: Op, unit_diagonal: bool, b: &mut [T]) {
        if b.is_empty() {
            return;
        }
        // A^H X = B is A^T conj(X) = conj(B).
        if op == Op::Adjoint {
            conjugate(b);
        }
        self.substitute(triangle, op != Op::NoTranspose, unit_diagonal, b);
        if op == Op::Adjoint {
            conjugate(b);
        }
    }

    /// In Fortran order `b` is the transpose of `B`, and a matrix in C order is
    /// its own transpose.
    fn substitute(self, triangle: Triangle, transpose: bool, unit_diagonal: bool, b: &mut [T]) {
        let (n, c_order) = (self.n, self.c_order);
        if !unit_diagonal && self.diagonal().any(is_subnormal) {
            let lower = (triangle == Triangle::Lower) != transpose;
            let by_row = transpose != c_order;
            return substitute(
                n,
                lower,
                |row, column| {
                    self.elements[if by_row {
                        row * n + column
                    } else {
                        column * n + row
                    }]
                },
                b,
            );
        }
        let shape = |transpose| TriangularSpec {
            triangle: if c_order {
                triangle.transposed()
            } else {
                triangle
            },
            transpose,
            unit: unit_diagonal,
        };
        if b.len() == n {
            lapack::trsv(shape(transpose != c_order), self.elements, b);
        } else {
            lapack::trsm(shape(transpose == c_order), n, self.elements, b);
        }
    }
}

pub(crate) fn conjugate<T: LinalgScalar>(elements: &mut [T]) {
    for x in elements {
        *x = x.conj();
    }
}

/// [`solve_triangular`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SolveTriangular {
    /// Which part of the matrices is read, and how.
    pub spec: Triangular,
}

impl ScalarOperation for SolveTriangular {
    const NAME: &'static str = "solve_triangular";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let b = shapes[1];
        let shape = solve_triangular_shape(shapes[0], b)?;
        Ok(Results::new(b.len().min(2), [(Kind::Same, shape)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let (a, b) = (work.operand::<T>(0)?, work.operand(1)?);
        solve_triangular_into(a, b, self.spec, out.into_view()?, work.workers)
    }
}
