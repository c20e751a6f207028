//! Outer products of two vectors.

use ndarray::{Array2, ArrayBase, ArrayView1, ArrayViewMut2, Axis, Data, Ix1, Ix2, IxDyn, aview1};
use scirs2_core::DType;
use scirs2_core::pool::Workers;

use crate::base::memory::filled_array;
use crate::driver::chunks::for_each_chunk;
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::kernels::arithmetic::Arithmetic as _;
use crate::{Error, Numeric};

/// Elements of one chunk.
const CHUNK_LEN: usize = 1 << 15;

/// The outer product of two vectors.
///
/// `c[i, j] = x[i] y[j]`, without a complex conjugate.
///
/// # Errors
/// [`Error::Memory`].
///
/// # Accuracy
/// Each element is rounded once; complex elements are rounded as one complex product.
///
/// ```
/// use ndarray::array;
///
/// let c = scirs2_linalg::outer(&array![1, 2], &array![3, 4, 5])?;
/// assert_eq!(c, array![[3, 4, 5], [6, 8, 10]]);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn outer<S, S2>(x: &ArrayBase<S, Ix1>, y: &ArrayBase<S2, Ix1>) -> Result<Array2<S::Elem>, Error>
where
    S: Data<Elem: Numeric>,
    S2: Data<Elem = S::Elem>,
{
    let out = filled_array(&[x.len(), y.len()], S::Elem::ZERO)?;
    let mut out = out.into_dimensionality::<Ix2>().expect("two axes");
    outer_into(x.view(), y.view(), out.view_mut(), &Workers::current())?;
    Ok(out)
}

/// [`outer`] into the caller's memory, of any strides.
///
/// # Errors
/// [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn outer_into<T: Numeric>(
    x: ArrayView1<'_, T>,
    y: ArrayView1<'_, T>,
    mut out: ArrayViewMut2<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    if out.dim() != (x.len(), y.len()) {
        return Err(Error::OutputShape {
            expected: vec![x.len(), y.len()],
            got: out.shape().to_vec(),
        });
    }
    if y.len() > CHUNK_LEN {
        let shape = IxDyn(out.shape());
        let (x, y) = (x.insert_axis(Axis(1)), y.insert_axis(Axis(0)));
        let factors = [x.broadcast(shape.clone()), y.broadcast(shape)];
        let factors = factors.map(|factor| factor.expect("the shape of the result"));
        return for_each_chunk(
            ([out.into_dyn()], factors),
            CHUNK_LEN,
            workers,
            |([out], [x, y])| {
                ndarray::Zip::from(out)
                    .and(x)
                    .and(y)
                    .for_each(|out, &x, &y| *out = x.wrapping_mul(y));
            },
        );
    }
    // At most one chunk of elements.
    let packed: Vec<T> = y.to_vec();
    let y = aview1(&packed);
    let rows = (CHUNK_LEN / y.len().max(1)).max(1);
    let chunks = std::iter::zip(
        x.axis_chunks_iter(Axis(0), rows),
        out.axis_chunks_iter_mut(Axis(0), rows),
    );
    workers.for_each(chunks, |(x, mut out)| {
        for (&x, out) in x.iter().zip(out.rows_mut()) {
            ndarray::Zip::from(out)
                .and(y)
                .for_each(|out, &y| *out = x.wrapping_mul(y));
        }
        Ok(())
    })
}

/// The message if an operand has another number of axes: `results` has checked them.
const AXES: &str = "as many axes as `results` asks for";

/// [`outer`] as an operation on tensors of any dtype.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Outer;

impl NumericOperation for Outer {
    const NAME: &'static str = "outer";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let (&[m], &[n]) = (shapes[0], shapes[1]) else {
            return Err(Error::Mismatch {
                first: shapes[0].to_vec(),
                second: shapes[1].to_vec(),
                must: "both must have one dimension, for example x.ravel()",
            });
        };
        Ok(Results::same(vec![m, n]))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let out = out.into_view()?.into_dimensionality().expect(AXES);
        let (x, y) = (work.operand::<T>(0)?, work.operand::<T>(1)?);
        let x = x.into_dimensionality().expect(AXES);
        let y = y.into_dimensionality().expect(AXES);
        outer_into(x, y, out, work.workers)
    }
}
