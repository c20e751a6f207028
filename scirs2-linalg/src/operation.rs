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

pub use crate::driver::operation::{
    Kind, OnFailure, Operation, Outputs, ResultShape, Results, run,
};
pub use crate::least_squares::pivoted_qr::PivotedQrMode;
pub use crate::least_squares::qr::QrMode;
pub use crate::solve::assumed::Assumption;
pub use crate::solve::lu::PermutationKind;
pub use crate::spectral::definite_pencil::Pencil;
pub use crate::spectral::eigh_subset::Subset;
pub use crate::spectral::rank::Threshold;

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
    (
        scalar { $($scalar_family:ident::$scalar_file:ident::$scalar:ident,)+ }
        numeric { $($numeric_family:ident::$numeric_file:ident::$numeric:ident,)+ }
    ) => {
        $(pub use crate::$scalar_family::$scalar_file::$scalar;)+
        $(pub use crate::$numeric_family::$numeric_file::$numeric;)+

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
        functions::cdf2rdf::Cdf2rdf,
        functions::expm::Expm,
        functions::expm_cond::ExpmCond,
        functions::expm_frechet::ExpmFrechet,
        functions::fractional_matrix_power::FractionalMatrixPower,
        functions::hessenberg::Hessenberg,
        functions::logm::Logm,
        functions::matrix_power::InversePower,
        functions::schur::Rsf2csf,
        functions::schur::Schur,
        functions::signm::Signm,
        functions::sqrtm::Sqrtm,
        functions::trigonometric::Trigm,
        least_squares::lstsq::Lstsq,
        least_squares::pivoted_qr::PivotedQr,
        least_squares::pivoted_qr::Rq,
        least_squares::qr::Qr,
        norm::operation::VectorNorm,
        products::structured::IsNearlySymmetric,
        solve::assumed::InvAssuming,
        solve::assumed::SolveAssuming,
        solve::cho::ChoFactor,
        solve::cho::ChoSolve,
        solve::cholesky::Cholesky,
        solve::det::Det,
        solve::det::SignLogDet,
        solve::general::Solve,
        solve::inv::Inv,
        solve::lu::LuFactor,
        solve::lu::LuSolve,
        solve::lu::Plu,
        solve::tensor_equations::Tensorinv,
        solve::tensor_equations::Tensorsolve,
        solve::triangular::SolveTriangular,
        spectral::balance::MatrixBalance,
        spectral::cond::Cond,
        spectral::eig::Eig,
        spectral::eig::Eigvals,
        spectral::definite_pencil::DefinitePencil,
        spectral::eigh::Eigh,
        spectral::eigh::Eigvalsh,
        spectral::eigh_subset::EighSubset,
        spectral::pencil::EigPencil,
        spectral::pinv::Pinv,
        spectral::polar::OrthogonalProcrustes,
        spectral::polar::Polar,
        spectral::rank::MatrixRank,
        spectral::subspaces::NullSpace,
        spectral::subspaces::Orth,
        spectral::subspaces::SubspaceAngles,
        spectral::svd::Svd,
        spectral::svd::Svdvals,
    }
    numeric {
        functions::matrix_power::MatrixPower,
        products::cross::Cross,
        products::einsum::Einsum,
        products::matmul::Matmul,
        products::matvec::Matvec,
        products::matvec::Vecmat,
        products::multi_dot::MultiDot,
        products::outer::Outer,
        products::structured::Bandwidth,
        products::structured::BlockDiag,
        products::structured::Diagsvd,
        products::structured::IsSymmetric,
        products::structured::KhatriRao,
        products::structured::Toeplitz,
        products::tensordot::Tensordot,
        products::trace::Trace,
        products::vecdot::Vecdot,
    }
}

/// The type of the operands, in which the operation computes without conversion.
fn scalar_of(operands: &[TensorRef<'_>]) -> Result<ScalarType, Error> {
    let dtype = operands[0].dtype();
    ScalarType::of(dtype)
        .filter(|scalar| scalar.dtype() == dtype)
        .ok_or(Error::Dtype(dtype))
}
