//! Some eigenvalues and eigenvectors of Hermitian matrices.

use std::mem;
use std::ops::Range;

use ndarray::{
    ArrayD, ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD, Axis, ShapeBuilder as _, Slice,
};
use num_traits::Float as _;
use scirs2_core::DType;
use scirs2_core::pool::Workers;
use smallvec::smallvec;

use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::to_f;
use crate::base::memory::{try_resize, zeros, zeros_array};
use crate::base::scale::rounded;
use crate::base::structure::Triangle;
use crate::driver::batch::{Batch, MatrixBatch, MatrixBatchMut};
use crate::driver::operation::{
    Kind, OperationScalar, ResultShape, Results, ScalarOperation, Work,
};
use crate::driver::plan::finds_part;
use crate::driver::shape::split_square_shape;
use crate::elements::scalar::LinalgScalar;
use crate::kernels::orthonormal::are_orthonormal_rows;
use crate::kernels::signs::normalize_signs;
use crate::lapack::{Hetrd, Interval, TridiagonalPart};
use crate::spectral::definite_pencil::{DefinitePencil, Pencil};
use crate::spectral::eigh::{Eigh, EighSolver, eigh_into, eigvalsh_into, prepare};

/// Which eigenvalues of a matrix are wanted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Subset {
    /// Those with these places.
    Places {
        /// The first place, counted from the smallest eigenvalue.
        first: usize,
        /// The last place; places that the matrix does not have are left out.
        last: usize,
    },
    /// Those in an interval.
    Values {
        /// All are larger than this.
        low: f64,
        /// None is larger than this.
        high: f64,
    },
}

/// Some eigenvalues of Hermitian matrices, the smallest first, and with `vectors` their
/// eigenvectors: those that [`Eigh`] and [`DefinitePencil`] would give.
///
/// Results have as many columns as there may be eigenvalues. With [`Subset::Values`] one more result
/// says how many there are; they are in the first columns.
///
/// ```
/// use ndarray::array;
/// use scirs2_interop::Tensor;
/// use scirs2_linalg::operation::{EighSubset, Subset, compute};
///
/// let a = Tensor::from(array![[2.0, 1.0], [1.0, 2.0]]);
/// let subset = Subset::Values { low: 2.0, high: 3.5 };
/// let operation = EighSubset { subset, pencil: None, upper: false, vectors: false };
/// let results = compute(&operation, &[&a])?;
/// assert!((results[0].view::<f64>()?[[0]] - 3.0).abs() < 1e-15);
/// assert_eq!(results[1].view::<i64>()?[[]], 1);
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EighSubset {
    /// Which eigenvalues.
    pub subset: Subset,
    /// The problem, if there is a second matrix.
    pub pencil: Option<Pencil>,
    /// Whether the upper triangles are read.
    pub upper: bool,
    /// Whether the eigenvectors are the second result.
    pub vectors: bool,
}

impl ScalarOperation for EighSubset {
    const NAME: &'static str = "eigh";

    fn results(&self, dtype: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        let Results { batch, each } = match self.definite_pencil() {
            Some(pencil) => pencil.results(dtype, shapes)?,
            None => Eigh { upper: self.upper }.results(dtype, shapes)?,
        };
        let n = each[0].shape[batch.len()];
        let columns = match self.subset {
            Subset::Places { .. } => self.subset.chosen(n, &[] as &[f64]).len(),
            Subset::Values { .. } => n,
        };
        let result = |kind, axes: &[usize]| ResultShape {
            shape: [&batch[..], axes].concat(),
            kind,
        };
        let mut each = smallvec![result(Kind::Real, &[columns])];
        if self.vectors {
            each.push(result(Kind::Same, &[n, columns]));
        }
        if self.counts() {
            each.push(result(Kind::Count, &[]));
        }
        Ok(Results { batch, each })
    }

    fn compute<T: OperationScalar>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let (a, workers) = (work.operand::<T>(0)?, work.workers);
        let b = self.pencil.map(|_| work.operand::<T>(1)).transpose()?;
        let mut outputs = mem::take(&mut work.outputs).into_iter();
        let mut next = || outputs.next().expect("memory for each result");
        let values = next().into_view::<T::Real>()?;
        let vectors = self.vectors.then(&mut next);
        let vectors = vectors.map(|memory| memory.into_view::<T>()).transpose()?;
        let batch = values.shape()[..values.ndim() - 1].to_vec();
        let mut own_counts = zeros_array::<i64>(&batch)?;
        let mut counts = if self.counts() {
            next().into_view::<i64>()?
        } else {
            own_counts.view_mut()
        };
        let Some((pencil, b)) = self.definite_pencil().zip(b) else {
            let triangle = Triangle::from_upper(self.upper);
            return self.find(a, triangle, (values, vectors, counts), workers);
        };
        let (factors, standard) = pencil.reduced(a, b, workers)?;
        let (standard, lower) = (standard.view(), Triangle::Lower);
        let Some(mut vectors) = vectors else {
            return self.find(standard, lower, (values, None, counts), workers);
        };
        let mut found = zeros_array(vectors.shape())?;
        let out = (values, Some(found.view_mut()), counts.view_mut());
        self.find(standard, lower, out, workers)?;
        // Columns that no matrix of the batch has are left alone.
        let most = counts.iter().max().map_or(0, |&most| most as usize);
        let (last, used) = (Axis(vectors.ndim() - 1), Slice::from(..most));
        pencil.restore(
            &factors,
            found.slice_axis(last, used),
            vectors.slice_axis_mut(last, used),
            workers,
        )
    }
}

/// Memory for the values, the vectors if there are any, and the number of both.
type Part<'a, T> = (
    ArrayViewMutD<'a, <T as scirs2_core::Scalar>::Real>,
    Option<ArrayViewMutD<'a, T>>,
    ArrayViewMutD<'a, i64>,
);

impl EighSubset {
    fn definite_pencil(&self) -> Option<DefinitePencil> {
        self.pencil.map(|pencil| DefinitePencil {
            pencil,
            upper: self.upper,
            vectors: self.vectors,
        })
    }

    /// Whether a result says how many values there are.
    const fn counts(&self) -> bool {
        matches!(self.subset, Subset::Values { .. })
    }

    /// Solves the standard problem: by parts where that is faster, else by the choice among all.
    fn find<T: LinalgScalar>(
        &self,
        a: ArrayViewD<'_, T>,
        triangle: Triangle,
        (values, vectors, counts): Part<'_, T>,
        workers: &Workers<'_>,
    ) -> Result<(), Error> {
        let (shape, n) = split_square_shape(1, a.shape())?;
        let mut none = zeros_array(&[shape, &[0, 0]].concat())?;
        let has_vectors = vectors.is_some();
        let (columns, least) = match self.subset {
            Subset::Places { .. } => (values.shape()[shape.len()], values.shape()[shape.len()]),
            // How many there are is not known yet. Without vectors all values are computed at
            // once.
            Subset::Values { .. } => (n, if has_vectors { 1 } else { n }),
        };
        let out = (
            MatrixBatchMut::vectors(values),
            MatrixBatchMut::new(vectors.unwrap_or_else(|| none.view_mut())),
            MatrixBatchMut::scalars(counts),
        );
        if columns > 0 && finds_part(n, least, has_vectors) {
            let batch = Batch {
                shape,
                flops: 4.0 / 3.0 * (n as f64).powi(3),
                workers,
            };
            let matrices = MatrixBatch::new(&a, shape);
            return batch.for_each(
                out,
                || PartSolver::new(n, triangle, self.subset, has_vectors),
                |solver, index, (values, vectors, mut count)| {
                    let found = solver.run(matrices.get(index), values, vectors)?;
                    count[[0, 0]] = found as i64;
                    Ok(())
                },
            );
        }
        let mut all_values = zeros_array(&[shape, &[n]].concat())?;
        let all_vectors = if has_vectors {
            let mut all: ArrayD<T> = zeros_array(a.shape())?;
            eigh_into(
                a.view(),
                triangle,
                all_values.view_mut(),
                all.view_mut(),
                workers,
            )?;
            all
        } else {
            eigvalsh_into(a.view(), triangle, all_values.view_mut(), workers)?;
            zeros_array(&[shape, &[0, 0]].concat())?
        };
        let batch = Batch {
            shape,
            flops: (n * columns) as f64,
            workers,
        };
        let all_values = all_values.insert_axis(Axis(shape.len()));
        let (all_values, all_vectors) = (all_values.view(), all_vectors.view());
        let (rows, matrices) = (
            MatrixBatch::new(&all_values, shape),
            MatrixBatch::new(&all_vectors, shape),
        );
        batch.for_each(
            out,
            || Ok(()),
            |(), index, (values, vectors, mut count)| {
                let row = rows.get(index);
                let all: &[T::Real] = row.as_slice().expect("in C order, and one row");
                let found = choose(self.subset, all, matrices.get(index), values, vectors);
                count[[0, 0]] = found as i64;
                Ok(())
            },
        )
    }
}

impl Subset {
    /// The places of the wanted ones among all `n` values, which are in ascending order, or NaN.
    fn chosen<R: Copy + Into<f64>>(self, n: usize, values: &[R]) -> Range<usize> {
        match self {
            Subset::Places { first, last } => first.min(n)..last.saturating_add(1).clamp(first, n),
            Subset::Values { low, high } => {
                let up_to = |bound: f64| values.iter().filter(|&&x| x.into() <= bound).count();
                up_to(low)..up_to(high).max(up_to(low))
            }
        }
    }
}

/// Copies the wanted ones of all values and vectors; returns how many there are.
fn choose<T: LinalgScalar>(
    subset: Subset,
    all_values: &[T::Real],
    all_vectors: ArrayView2<'_, T>,
    mut values: ArrayViewMut2<'_, T::Real>,
    mut vectors: ArrayViewMut2<'_, T>,
) -> usize {
    let chosen = subset.chosen(all_values.len(), all_values);
    for (to, &value) in values.iter_mut().zip(&all_values[chosen.clone()]) {
        *to = value;
    }
    if !vectors.is_empty() {
        let columns = Slice::from(..chosen.len());
        let wanted = all_vectors.slice_axis(Axis(1), Slice::from(chosen.clone()));
        vectors.slice_axis_mut(Axis(1), columns).assign(&wanted);
    }
    chosen.len()
}

/// Finds some eigenvalues of matrices of one order by bisection of the tridiagonal form, and their
/// vectors by inverse iteration, as LAPACK's `syevx` does, in memory that is used again.
///
/// The tridiagonal form is solved in double precision, whatever the elements are. `syevr` does the
/// same for a part of the values, and the representations that it has for all of them lose more of
/// the orthogonality. Where vectors are not orthogonal to rounding all the same, and where there
/// turn out to be too many of them, all are computed and some chosen.
struct PartSolver<T: LinalgScalar> {
    n: usize,
    triangle: Triangle,
    subset: Subset,
    has_vectors: bool,
    matrix: Vec<T>,
    form: Hetrd<T>,
    part: TridiagonalPart,
    diagonal: Vec<f64>,
    off_diagonal: Vec<f64>,
    /// Each value and the number of its vector.
    found: Vec<(f64, usize)>,
    of_form: Vec<f64>,
    vectors: Vec<T>,
    sums: Vec<T>,
    all: Option<EighSolver<T>>,
}

impl<T: LinalgScalar> PartSolver<T> {
    fn new(n: usize, triangle: Triangle, subset: Subset, has_vectors: bool) -> Result<Self, Error> {
        Ok(PartSolver {
            n,
            triangle,
            subset,
            has_vectors,
            matrix: zeros(n.saturating_mul(n))?,
            form: Hetrd::new(n, triangle)?,
            part: TridiagonalPart::new(n)?,
            diagonal: zeros(n)?,
            off_diagonal: zeros(n)?,
            found: Vec::new(),
            of_form: Vec::new(),
            vectors: Vec::new(),
            sums: zeros(n)?,
            all: None,
        })
    }

    /// Writes the values, and the vectors if there is memory for them, to the first columns; returns
    /// how many there are. All are NaN if an element that is used is not finite.
    fn run(
        &mut self,
        a: ArrayView2<'_, T>,
        mut values: ArrayViewMut2<'_, T::Real>,
        mut vectors: ArrayViewMut2<'_, T>,
    ) -> Result<usize, Reason> {
        to_f(a, &mut self.matrix);
        let Some(power) = prepare(self.n, self.triangle, &mut self.matrix) else {
            let nan = T::Real::nan();
            values.fill(nan);
            vectors.fill(T::from_parts([nan, nan]));
            // No NaN is in an interval.
            return Ok(match self.subset {
                Subset::Places { .. } => values.len(),
                Subset::Values { .. } => 0,
            });
        };
        if !self.find(power)? {
            return self.choose_among_all(a, values, vectors);
        }
        for (to, &(value, _)) in values.iter_mut().zip(&self.found) {
            *to = rounded(value * power);
        }
        if self.has_vectors {
            for (mut to, &(_, number)) in vectors.columns_mut().into_iter().zip(&self.found) {
                let vector = &self.vectors[number * self.n..][..self.n];
                to.iter_mut().zip(vector).for_each(|(to, &x)| *to = x);
            }
        }
        Ok(self.found.len())
    }

    /// Finds the values and vectors of the matrix, which was divided by that power of two; returns
    /// false if all must be computed.
    fn find(&mut self, power: f64) -> Result<bool, Reason> {
        let n = self.n;
        let (diagonal, off_diagonal) = self.form.reduce(&mut self.matrix);
        for (to, &x) in self.diagonal.iter_mut().zip(diagonal) {
            *to = x.into();
        }
        for (to, &x) in self.off_diagonal.iter_mut().zip(off_diagonal) {
            *to = x.into();
        }
        let (diagonal, off_diagonal) = (&self.diagonal, &self.off_diagonal[..n - 1]);
        let interval = match self.subset {
            Subset::Places { first, last } => Interval::Places(first, last.min(n - 1)),
            Subset::Values { low, high } => {
                // No value of the divided matrix is as large as this.
                let bound = 4.0 * n as f64;
                let [low, high] = [low, high].map(|x| (x / power).clamp(-bound, bound));
                let [below, above] = [low, high].map(|x| count_up_to(diagonal, off_diagonal, x));
                if above <= below {
                    self.found.clear();
                    return Ok(true);
                }
                if !finds_part(n, above - below, self.has_vectors) {
                    return Ok(false);
                }
                Interval::Values(low, high)
            }
        };
        let Some(values) = self.part.bisect(interval, diagonal, off_diagonal) else {
            return Ok(false);
        };
        let count = values.len();
        self.found.clear();
        self.found.extend(values.iter().copied().zip(0..));
        self.found.sort_by(|(x, _), (y, _)| x.total_cmp(y));
        let wanted = match interval {
            Interval::Places(first, last) => last + 1 - first,
            Interval::Values(..) => count,
        };
        if !self.has_vectors || count != wanted {
            return Ok(count == wanted);
        }
        try_resize(&mut self.of_form, count * n, 0.0)?;
        try_resize(&mut self.vectors, count * n, T::zero())?;
        if !self.part.vectors(diagonal, off_diagonal, &mut self.of_form) {
            return Ok(false);
        }
        for (to, &x) in self.vectors.iter_mut().zip(&self.of_form) {
            *to = T::from_real(rounded(x));
        }
        self.form.rotate(&self.matrix, &mut self.vectors)?;
        normalize_signs(n, &mut self.vectors);
        Ok(are_orthonormal_rows(n, &self.vectors, &mut self.sums))
    }

    fn choose_among_all(
        &mut self,
        a: ArrayView2<'_, T>,
        values: ArrayViewMut2<'_, T::Real>,
        vectors: ArrayViewMut2<'_, T>,
    ) -> Result<usize, Reason> {
        let n = self.n;
        let all = match &mut self.all {
            Some(all) => all,
            None => {
                let solver = EighSolver::new(n, self.triangle, self.has_vectors);
                self.all.insert(solver.map_err(|error| match error {
                    Error::Memory { count, itemsize } => Reason::Memory { count, itemsize },
                    // Too large for the routine that computes all.
                    _ => Reason::NoConvergence { routine: "stein" },
                })?)
            }
        };
        let mut memory: Vec<T::Real> = Vec::new();
        try_resize(&mut memory, n, rounded(0.0))?;
        let column = ArrayViewMut2::from_shape((n, 1), &mut memory).expect("n elements");
        all.run(a, &mut self.matrix, column)?;
        let matrix = ArrayView2::from_shape((n, n).f(), &self.matrix).expect("n columns");
        Ok(choose(self.subset, &memory, matrix, values, vectors))
    }
}

/// How many eigenvalues of a tridiagonal matrix are not larger than `x`: as many as pivots of the
/// matrix without `x` are not positive, by Sylvester's law of inertia.
fn count_up_to(diagonal: &[f64], off_diagonal: &[f64], x: f64) -> usize {
    let (mut pivot, mut count) = (1.0, 0);
    for (row, &element) in diagonal.iter().enumerate() {
        let beside = if row == 0 { 0.0 } else { off_diagonal[row - 1] };
        pivot = element - x - beside * beside / pivot;
        if pivot.abs() < f64::MIN_POSITIVE {
            pivot = -f64::MIN_POSITIVE;
        }
        count += usize::from(pivot < 0.0);
    }
    count
}
