//! The norm of vectors as an operation.

use scirs2_core::DType;

use super::{norm_into, norm_shape};
use crate::Error;
use crate::base::order::{Axes, Order};
use crate::driver::operation::{Kind, OperationScalar, Results, ScalarOperation, Work};

/// The norms of the vectors along the last axis, as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct VectorNorm {
    /// The order, as in [`Order::P`].
    pub p: f64,
}

impl ScalarOperation for VectorNorm {
    const NAME: &'static str = "vector_norm";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let shape = norm_shape(shapes[0], Order::P(self.p), Axes::Vector(-1), false)?;
        Ok(Results::new(0, [(Kind::Real, shape)]))
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let x = work.operand::<T>(0)?;
        norm_into(
            x,
            Order::P(self.p),
            Axes::Vector(-1),
            out.into_view()?,
            work.workers,
        )
    }
}
