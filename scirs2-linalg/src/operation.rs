//! All operations of linear algebra, each declared once: its name, its results and its work.
//!
//! An operation is a type whose fields are its keywords. It says which results it has for
//! operands of some shapes, without looking at an element, and computes them for each type of
//! elements. From that follow the function for tensors of any dtype and what a binding for
//! another language needs.

use scirs2_core::pool::Workers;
use scirs2_core::{DType, ScalarType, dispatch};
use scirs2_interop::{Tensor, TensorRef};

use crate::Error;
use crate::base::memory::filled_array;
use crate::driver::operation::{NumericOperation, ScalarOperation, Work};
use crate::kernels::arithmetic::Arithmetic as _;

pub use crate::functions::matrix_power::{InversePower, MatrixPower};
pub use crate::least_squares::lstsq::Lstsq;
pub use crate::least_squares::qr::{Qr, QrMode};
pub use crate::products::cross::Cross;
pub use crate::products::einsum::Einsum;
pub use crate::products::matmul::Matmul;
pub use crate::products::multi_dot::MultiDot;
pub use crate::products::outer::Outer;
pub use crate::products::tensordot::Tensordot;
pub use crate::products::trace::Trace;
pub use crate::products::vecdot::Vecdot;
pub use crate::solve::cho::{ChoFactor, ChoSolve};
pub use crate::solve::cholesky::Cholesky;
pub use crate::solve::det::{Det, SignLogDet};
pub use crate::solve::general::Solve;
pub use crate::solve::inv::Inv;
pub use crate::solve::lu::{LuFactor, LuSolve, PermutationKind, Plu};
pub use crate::solve::tensor_equations::{Tensorinv, Tensorsolve};
pub use crate::solve::triangular::SolveTriangular;
pub use crate::spectral::cond::Cond;
pub use crate::spectral::eig::{Eig, Eigvals};
pub use crate::spectral::eigh::{Eigh, Eigvalsh};
pub use crate::spectral::pinv::Pinv;
pub use crate::spectral::rank::{MatrixRank, Threshold};
pub use crate::spectral::svd::{Svd, Svdvals};

pub use crate::driver::operation::{
    Kind, OnFailure, Operation, Outputs, ResultShape, Results, run,
};

/// The results of an operation on tensors, which share one dtype that it computes in.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{Solve, compute};
///
/// let a = Tensor::from(array![[1.0, 2.0], [2.0, 8.0]]);
/// let b = Tensor::from(array![3.0, 10.0]);
/// let results = compute(&Solve, &[&a, &b])?;
/// assert_eq!(results[0].view::<f64>()?, array![1.0, 1.0].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
///
/// # Errors
/// What is wrong with the dtypes and the shapes, and what the elements lead to.
///
/// # Panics
/// If there are fewer operands than the operation has.
pub fn compute(operation: &dyn Operation, operands: &[&Tensor]) -> Result<Vec<Tensor>, Error> {
    let dtype = operands[0].dtype();
    let shapes: Vec<_> = operands.iter().map(|operand| operand.shape()).collect();
    let results = operation.results(dtype, &shapes)?;
    let mut outputs = Vec::new();
    for ResultShape { shape, kind } in &results.each {
        let dtype = kind.dtype(dtype);
        outputs.push(dispatch!(number dtype, T => {
            Tensor::from(filled_array::<T>(shape, T::ZERO)?)
        }, else => return Err(Error::Dtype(dtype))));
    }
    let operands: Vec<_> = operands.iter().map(|&operand| operand.into()).collect();
    let memory = outputs.iter_mut().map(Tensor::borrow_mut);
    let memory = memory.collect::<Result<Outputs<'_>, _>>()?;
    operation.run(&operands, memory, &Workers::current())?;
    Ok(outputs)
}

/// The list of all operations: the code of each is compiled here for every type.
macro_rules! operations {
    (@results $trait:ident $type:ty) => {
        fn name(&self) -> &'static str {
            <$type as $trait>::NAME
        }

        fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
            $trait::results(self, dtype, shapes)
        }
    };
    (scalar { $($scalar:ty,)+ } numeric { $($numeric:ty,)+ }) => {
        $(impl Operation for $scalar {
            operations! { @results ScalarOperation $scalar }

            fn run(
                &self,
                operands: &[TensorRef<'_>],
                outputs: Outputs<'_>,
                workers: &Workers<'_>,
            ) -> Result<(), Error> {
                let scalar = scalar_of(operands)?;
                let work = Work { operands, outputs, workers };
                dispatch!(scalar scalar, T => self.compute::<T>(work))
            }
        })+
        $(impl Operation for $numeric {
            operations! { @results NumericOperation $numeric }

            fn run(
                &self,
                operands: &[TensorRef<'_>],
                outputs: Outputs<'_>,
                workers: &Workers<'_>,
            ) -> Result<(), Error> {
                let dtype = operands[0].dtype();
                let work = Work { operands, outputs, workers };
                dispatch!(number dtype, T => self.compute::<T>(work), else => {
                    Err(Error::Dtype(dtype))
                })
            }
        })+
    };
}

operations! {
    scalar {
        ChoFactor,
        ChoSolve,
        Cholesky,
        Cond,
        Det,
        Eig,
        Eigh,
        Eigvals,
        Eigvalsh,
        Inv,
        InversePower,
        Lstsq,
        LuFactor,
        LuSolve,
        MatrixRank,
        Pinv,
        Plu,
        Qr,
        SignLogDet,
        Solve,
        SolveTriangular,
        Svd,
        Svdvals,
        Tensorinv,
        Tensorsolve,
    }
    numeric {
        Cross,
        Einsum,
        Matmul,
        MatrixPower,
        MultiDot,
        Outer,
        Tensordot,
        Trace,
        Vecdot,
    }
}

/// The type of the operands, in which the operation computes without conversion.
fn scalar_of(operands: &[TensorRef<'_>]) -> Result<ScalarType, Error> {
    let dtype = operands[0].dtype();
    ScalarType::of(dtype)
        .filter(|scalar| scalar.dtype() == dtype)
        .ok_or(Error::Dtype(dtype))
}
