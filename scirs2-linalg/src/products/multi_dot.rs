//! Products of many matrices, in the cheapest order.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, CowArray, IxDyn};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::memory::filled_array;
use crate::driver::chunks::new_filled;
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::shape;
use crate::products::matmul::{matmul_into, matmul_shape};
use crate::{Error, Numeric};

/// The product of two or more matrices, in the order that takes the fewest
/// multiplications.
///
/// The first may be a vector, which is a row, and the last one, which is a
/// column; that axis is missing from the result.
///
/// # Errors
/// [`Error::TooFewArguments`] for fewer than two, [`Error::Axes`] for one that
/// is neither a matrix nor such a vector, and [`Error::Mismatch`] for
/// neighbours that do not fit.
///
/// # Accuracy
/// As [`matmul`](fn@crate::matmul), product by product.
///
/// ```
/// use ndarray::{Array1, Array2};
///
/// let a = Array2::<f64>::eye(3) * 2.0;
/// let x = Array1::ones(3);
/// let y = scirs2_linalg::multi_dot(&[a.view().into_dyn(), a.view().into_dyn(), x.view().into_dyn()])?;
/// assert_eq!(y, (x * 4.0).into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
///
/// # References
/// Cormen, Leiserson, Rivest, Stein: Introduction to Algorithms, "Matrix-chain
/// multiplication".
pub fn multi_dot<T: Numeric>(arrays: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
    let shapes: Vec<_> = arrays.iter().map(|array| array.shape()).collect();
    let mut out = filled_array(&multi_dot_shape(&shapes)?, T::ZERO)?;
    multi_dot_into(arrays, out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// The shape of what [`multi_dot_into`] writes.
///
/// # Errors
/// The errors of [`multi_dot`] that depend on the shapes.
pub fn multi_dot_shape(shapes: &[&[usize]]) -> Result<Vec<usize>, Error> {
    let last = shapes.len().saturating_sub(1);
    if last == 0 {
        return Err(Error::TooFewArguments {
            count: shapes.len(),
            least: 2,
        });
    }
    let mut product = shapes[0].to_vec();
    for (index, shape) in shapes.iter().enumerate() {
        let vector = shape.len() == 1 && (index == 0 || index == last);
        if shape.len() != 2 && !vector {
            return Err(Error::Axes {
                argument: index + 1,
                shape: shape.to_vec(),
                must: "a matrix, or a vector that is the first or the last",
            });
        }
        if index > 0 {
            product = matmul_shape(&product, shape)?;
        }
    }
    Ok(product)
}

/// [`multi_dot`] into the caller's memory, of any strides.
///
/// # Errors
/// The same as [`multi_dot`]; [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn multi_dot_into<T: Numeric>(
    arrays: &[ArrayViewD<'_, T>],
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let shapes: Vec<_> = arrays.iter().map(|array| array.shape()).collect();
    shape::check_output(&multi_dot_shape(&shapes)?, &out)?;
    let plan = Plan::new(&shapes, workers)?;
    let mut products: Vec<CowArray<'_, T, IxDyn>> = Vec::new();
    // A stack of the remaining steps: the two factors of a product are above it. Recursion
    // could be as deep as the number of arrays.
    let mut steps = vec![Step::Chain(0, arrays.len() - 1)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Chain(first, last) if first == last => products.push(arrays[first].view().into()),
            Step::Chain(first, last) => {
                let cut = plan.cut(first, last);
                steps.extend([
                    Step::Multiply,
                    Step::Chain(cut + 1, last),
                    Step::Chain(first, cut),
                ]);
            }
            Step::Multiply => {
                workers.check_interrupted()?;
                let [left, right] = last_two(&mut products);
                if steps.is_empty() {
                    return matmul_into(left.view(), right.view(), out, workers);
                }
                let shape = matmul_shape(left.shape(), right.shape())?;
                let mut product = new_filled(&shape, T::ZERO, workers)?;
                matmul_into(left.view(), right.view(), product.view_mut(), workers)?;
                products.push(product.into());
            }
        }
    }
    Ok(())
}

/// A remaining step.
enum Step {
    /// To find the product of the arrays from one to another.
    Chain(usize, usize),
    /// To multiply the last two products.
    Multiply,
}

fn last_two<T>(products: &mut Vec<T>) -> [T; 2] {
    let second = products.pop().expect("two products");
    [products.pop().expect("two products"), second]
}

/// The order that takes the fewest multiplications.
struct Plan {
    count: usize,
    /// The rows of each matrix, and the columns of the last.
    dims: Vec<f64>,
    /// The cost of the product from one matrix to another, stored at both index orders: the
    /// costs of products that begin or end at one matrix are then contiguous.
    costs: ArrayD<f64>,
}

impl Plan {
    fn new(shapes: &[&[usize]], workers: &Workers<'_>) -> Result<Self, Error> {
        let count = shapes.len();
        let row = |index: usize| {
            let is_vector = index == 0 && shapes[0].len() == 1;
            if is_vector { 1 } else { shapes[index][0] }
        };
        let mut dims: Vec<f64> = (0..count).map(|index| row(index) as f64).collect();
        dims.push(shapes[count - 1].get(1).copied().unwrap_or(1) as f64);
        let costs = new_filled(&[count, count], 0.0, workers)?;
        let mut plan = Plan { count, dims, costs };
        for distance in 1..count {
            for first in 0..count - distance {
                workers.check_interrupted()?;
                let last = first + distance;
                let least = plan.candidates(first, last).fold(f64::INFINITY, f64::min);
                plan.costs[[first, last]] = least;
                plan.costs[[last, first]] = least;
            }
        }
        Ok(plan)
    }

    /// The cost of the product of these, for each matrix after which it may be cut.
    fn candidates(&self, first: usize, last: usize) -> impl Iterator<Item = f64> {
        let costs = self.costs.as_slice().expect("in C order");
        let begun = &costs[first * self.count..][first..last];
        let ended = &costs[last * self.count..][first + 1..=last];
        let outer = self.dims[first] * self.dims[last + 1];
        let inner = &self.dims[first + 1..=last];
        let parts = begun.iter().zip(ended).zip(inner);
        parts.map(move |((left, right), side)| left + right + outer * side)
    }

    /// The matrix after which the product of these is cut.
    fn cut(&self, first: usize, last: usize) -> usize {
        let costs = self.candidates(first, last).enumerate();
        let cheapest = costs.min_by(|(_, cost), (_, other)| cost.total_cmp(other));
        first + cheapest.map_or(0, |(cut, _)| cut)
    }
}

/// [`multi_dot`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MultiDot;

impl NumericOperation for MultiDot {
    const NAME: &'static str = "multi_dot";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(multi_dot_shape(shapes)?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        multi_dot_into(&work.operands::<T>()?, out.into_view()?, work.workers)
    }
}
