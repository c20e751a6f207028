//! The driver of all batched operations: splits a batch into chunks and distributes them over
//! threads.
//!
//! Every operation sees matrices, whatever the shapes of its arguments: a vector is a matrix
//! of one column, a scalar is a 1 x 1 matrix. The leading axes are the batch.

use std::collections::VecDeque;
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::{
    ArrayView2, ArrayView3, ArrayViewD, ArrayViewMut2, ArrayViewMut3, ArrayViewMutD, Axis, Ix2,
    Ix3, IxDyn,
};
use scirs2_core::pool::Workers;

use super::plan::uses_library_threads;
use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{extend_transposed, from_c};
use crate::kernels::batched::MAX_LANES;
use crate::lapack::{BlasThreads, init_single_threaded};

/// Floating-point operations of one chunk: about 100 microseconds of small matrices.
const CHUNK_FLOPS: f64 = 2e5;

/// The overhead of one LAPACK call, in floating-point operations.
const LAPACK_CALL_FLOPS: f64 = 1e3;

/// The overhead per matrix in a batched kernel, in floating-point operations.
const LANE_OVERHEAD_FLOPS: f64 = 50.0;

/// The common batch of several arrays, by NumPy's broadcasting rules.
pub(crate) fn broadcast(batches: &[&[usize]]) -> Result<Vec<usize>, Error> {
    let ndim = batches.iter().map(|batch| batch.len()).max().unwrap_or(0);
    if ndim == 0 {
        return Ok(Vec::new());
    }
    let mut common = vec![1; ndim];
    for batch in batches {
        for (common, &len) in common.iter_mut().rev().zip(batch.iter().rev()) {
            if *common == 1 {
                *common = len;
            } else if len != 1 && len != *common {
                return Err(Error::Broadcast {
                    batches: batches.iter().map(|batch| batch.to_vec()).collect(),
                });
            }
        }
    }
    Ok(common)
}

/// The matrices of an array, broadcast to a batch.
pub(crate) enum MatrixBatch<'a, T> {
    /// Consecutive matrices are a constant stride apart.
    Strided(ArrayView3<'a, T>),
    /// The axes of the batch do not merge into one.
    Irregular(ArrayViewD<'a, T>),
}

impl<'a, T> MatrixBatch<'a, T> {
    /// The last two axes of `array`, which has at least two and broadcasts to `batch`.
    pub(crate) fn new(array: &'a ArrayViewD<'_, T>, batch: &[usize]) -> Self {
        let core = array.ndim() - 2;
        if core == 0 && batch.is_empty() {
            let view = array.view().into_dimensionality::<Ix2>();
            return MatrixBatch::Strided(view.expect("two axes").insert_axis(Axis(0)));
        }
        let shape = [batch, &array.shape()[core..]].concat();
        let mut view = array
            .broadcast(IxDyn(&shape))
            .expect("the batch is what the arrays broadcast to");
        if batch.contains(&0) {
            return MatrixBatch::Irregular(view);
        }
        let last = Axis(batch.len().saturating_sub(1));
        let merged = (0..last.0)
            .rev()
            .all(|axis| view.merge_axes(Axis(axis), last));
        if !merged {
            let view = array.broadcast(IxDyn(&shape));
            return MatrixBatch::Irregular(view.expect("as above"));
        }
        while view.ndim() > 3 {
            view = view.index_axis_move(Axis(0), 0);
        }
        if view.ndim() == 2 {
            view = view.insert_axis(Axis(0));
        }
        let view = view.into_dimensionality::<Ix3>();
        MatrixBatch::Strided(view.expect("three axes are left"))
    }

    /// The matrix at that index, in C order of the batch.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> ArrayView2<'_, T> {
        match self {
            MatrixBatch::Strided(view) => view.index_axis(Axis(0), index),
            MatrixBatch::Irregular(view) => {
                let mut view = view.view();
                let mut rest = index;
                while view.ndim() > 2 {
                    let axis = view.ndim() - 3;
                    let len = view.shape()[axis];
                    view = view.index_axis_move(Axis(axis), rest % len);
                    rest /= len;
                }
                let view = view.into_dimensionality::<Ix2>();
                view.expect("two axes are left")
            }
        }
    }
}

impl<'a, T: Copy> MatrixBatch<'a, T> {
    /// The elements of several matrices in C order: in place if they are stored in
    /// that order, else a copy.
    #[expect(
        clippy::disallowed_methods,
        reason = "a piece of small matrices is short"
    )]
    pub(crate) fn contiguous<'b>(
        &'b self,
        indices: Range<usize>,
        workspace: &'b mut Vec<T>,
    ) -> &'b [T] {
        workspace.clear();
        if let MatrixBatch::Strided(view) = self {
            let (_, rows, columns) = view.dim();
            let range = indices.start * rows * columns..indices.end * rows * columns;
            if let Some(elements) = view.to_slice() {
                return &elements[range];
            }
            if let Some(elements) = view.view().permuted_axes([0, 2, 1]).to_slice() {
                extend_transposed(columns, rows, &elements[range], workspace);
                return workspace;
            }
        }
        for index in indices {
            let matrix = self.get(index);
            match matrix.as_slice() {
                Some(elements) => workspace.extend_from_slice(elements),
                None => workspace.extend(matrix.iter()),
            }
        }
        workspace
    }
}

/// The matrices of an array that an operation writes.
pub(crate) enum MatrixBatchMut<'a, T> {
    /// Consecutive matrices are a constant stride apart.
    Strided(ArrayViewMut3<'a, T>),
    /// Arrays with leading axes, a few for each axis of the batch: a list of all matrices
    /// would take memory in proportion to the batch.
    Irregular(VecDeque<ArrayViewMutD<'a, T>>),
}

impl<'a, T> MatrixBatchMut<'a, T> {
    /// Each element as a 1 x 1 matrix.
    pub(crate) fn scalars(array: ArrayViewMutD<'a, T>) -> Self {
        let [row, column] = [Axis(array.ndim()), Axis(array.ndim() + 1)];
        let dim = (array.len(), 1, 1);
        MatrixBatchMut::from_c_order(dim, array)
            .unwrap_or_else(|array| MatrixBatchMut::new(array.insert_axis(row).insert_axis(column)))
    }

    /// Each vector along the last axis, which `array` has, as a matrix of one column.
    pub(crate) fn vectors(array: ArrayViewMutD<'a, T>) -> Self {
        let (last, column) = (array.ndim() - 1, Axis(array.ndim()));
        let (batch, len) = array.shape().split_at(last);
        let dim = (batch.iter().product(), len[0], 1);
        MatrixBatchMut::from_c_order(dim, array)
            .unwrap_or_else(|array| MatrixBatchMut::new(array.insert_axis(column)))
    }

    /// Matrices of those dimensions, or the array itself if it is not in C order.
    fn from_c_order(
        dim: (usize, usize, usize),
        array: ArrayViewMutD<'a, T>,
    ) -> Result<Self, ArrayViewMutD<'a, T>> {
        if !array.is_standard_layout() {
            return Err(array);
        }
        let elements = array.into_slice().expect("in C order");
        let view = ArrayViewMut3::from_shape(dim, elements);
        Ok(MatrixBatchMut::Strided(view.expect("as many elements")))
    }

    /// The last two axes of `array`, which has at least two.
    pub(crate) fn new(array: ArrayViewMutD<'a, T>) -> Self {
        let core = array.ndim() - 2;
        let is_c_order = core > 0 && array.is_standard_layout();
        if core == 0 {
            let view = array.into_dimensionality::<Ix2>();
            return MatrixBatchMut::Strided(view.expect("two axes").insert_axis(Axis(0)));
        }
        if core == 1 {
            let view = array.into_dimensionality::<Ix3>();
            return MatrixBatchMut::Strided(view.expect("three axes"));
        }
        if is_c_order {
            let shape = array.shape();
            let merged = (shape[..core].iter().product(), shape[core], shape[core + 1]);
            let view = array.into_shape_with_order(merged);
            return MatrixBatchMut::Strided(view.expect("C order merges"));
        }
        MatrixBatchMut::Irregular(VecDeque::from([array]))
    }
}

impl<T: Copy + Send> MatrixBatchMut<'_, T> {
    /// Lets `work` write the elements of all matrices in C order: in place if they
    /// are stored in that order, else to a workspace that is filled with `element`
    /// first and copied to them afterwards.
    #[expect(
        clippy::disallowed_methods,
        reason = "a piece of small matrices is short"
    )]
    pub(crate) fn with_contiguous<R>(
        &mut self,
        element: T,
        workspace: &mut Vec<T>,
        work: impl FnOnce(&mut [T]) -> R,
    ) -> R {
        let mut rest = match self {
            MatrixBatchMut::Strided(view) => {
                if let Some(elements) = view.as_slice_mut() {
                    return work(elements);
                }
                MatrixBatchMut::Strided(view.view_mut())
            }
            MatrixBatchMut::Irregular(arrays) => {
                MatrixBatchMut::Irregular(arrays.iter_mut().map(|array| array.view_mut()).collect())
            }
        };
        let (count, matrix_len) = rest.sizes();
        workspace.clear();
        workspace.resize(count * matrix_len, element);
        let result = work(workspace);
        if matrix_len > 0 {
            for elements in workspace.chunks_exact(matrix_len) {
                from_c(elements, rest.next());
            }
        }
        result
    }
}

impl<T> MatrixBatchMut<'_, T> {
    /// The number of matrices, and the number of elements of one.
    fn sizes(&self) -> (usize, usize) {
        match self {
            MatrixBatchMut::Strided(view) => (view.dim().0, view.dim().1 * view.dim().2),
            MatrixBatchMut::Irregular(arrays) => {
                let count = arrays.iter().map(matrix_count).sum();
                let first = arrays.front().map_or(&[][..], |array| array.shape());
                (
                    count,
                    first[first.len().saturating_sub(2)..].iter().product(),
                )
            }
        }
    }
}

/// The number of matrices of an array.
fn matrix_count<T>(array: &ArrayViewMutD<'_, T>) -> usize {
    array.shape()[..array.ndim() - 2].iter().product()
}

/// What an operation writes: one [`MatrixBatchMut`], which may be left out, or a tuple of them.
pub(crate) trait BatchOutputs: Send + Sized {
    /// The outputs at one index of the batch.
    type Matrices: Send;

    /// The outputs of the first `count` matrices, and of the others.
    fn split_at(self, count: usize) -> (Self, Self);

    /// The outputs of the next matrix.
    fn next(&mut self) -> Self::Matrices;

    /// Whether there is no element to write, whatever the number of matrices.
    fn is_empty(&self) -> bool;
}

impl<'a, T: Send> BatchOutputs for MatrixBatchMut<'a, T> {
    type Matrices = ArrayViewMut2<'a, T>;

    fn split_at(self, count: usize) -> (Self, Self) {
        match self {
            MatrixBatchMut::Strided(view) => {
                let (left, right) = view.split_at(Axis(0), count);
                (
                    MatrixBatchMut::Strided(left),
                    MatrixBatchMut::Strided(right),
                )
            }
            MatrixBatchMut::Irregular(mut arrays) => {
                let (mut left, mut missing) = (VecDeque::new(), count);
                while missing > 0 {
                    let array = arrays.pop_front().expect("as many places as asked for");
                    let there = matrix_count(&array);
                    if there <= missing {
                        missing -= there;
                        left.push_back(array);
                        continue;
                    }
                    let whole = missing / (there / array.shape()[0]);
                    let (before, behind) = array.split_at(Axis(0), whole);
                    let (within, behind) = behind.split_at(Axis(0), 1);
                    if whole > 0 {
                        missing -= matrix_count(&before);
                        left.push_back(before);
                    }
                    if behind.shape()[0] > 0 {
                        arrays.push_front(behind);
                    }
                    arrays.push_front(within.index_axis_move(Axis(0), 0));
                }
                (
                    MatrixBatchMut::Irregular(left),
                    MatrixBatchMut::Irregular(arrays),
                )
            }
        }
    }

    #[inline]
    fn next(&mut self) -> ArrayViewMut2<'a, T> {
        match self {
            MatrixBatchMut::Strided(view) => {
                let nothing = ArrayViewMut3::from_shape((0, 0, 0), &mut []);
                let nothing = nothing.expect("no elements for none");
                let (next, rest) = mem::replace(view, nothing).split_at(Axis(0), 1);
                *view = rest;
                next.index_axis_move(Axis(0), 0)
            }
            MatrixBatchMut::Irregular(arrays) => {
                let mut array = arrays.pop_front().expect("one for each place");
                while array.ndim() > 2 {
                    if array.shape()[0] > 1 {
                        let (first, rest) = array.split_at(Axis(0), 1);
                        arrays.push_front(rest);
                        array = first;
                    }
                    array = array.index_axis_move(Axis(0), 0);
                }
                let matrix = array.into_dimensionality::<Ix2>();
                matrix.expect("two axes are left")
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            MatrixBatchMut::Strided(view) => view.is_empty(),
            MatrixBatchMut::Irregular(arrays) => arrays.iter().all(|array| array.is_empty()),
        }
    }
}

/// Outputs that a caller may leave out.
impl<O: BatchOutputs> BatchOutputs for Option<O> {
    type Matrices = Option<O::Matrices>;

    fn split_at(self, count: usize) -> (Self, Self) {
        self.map(|outputs| outputs.split_at(count)).unzip()
    }

    #[inline]
    fn next(&mut self) -> Self::Matrices {
        self.as_mut().map(O::next)
    }

    fn is_empty(&self) -> bool {
        self.as_ref().is_none_or(O::is_empty)
    }
}

macro_rules! tuples {
    ($(($($name:ident),+))+) => {$(
        #[expect(non_snake_case, reason = "a variable is named as its type")]
        impl<$($name: BatchOutputs),+> BatchOutputs for ($($name,)+) {
            type Matrices = ($($name::Matrices,)+);

            fn split_at(self, count: usize) -> (Self, Self) {
                let ($($name,)+) = self;
                $(let $name = $name.split_at(count);)+
                (($($name.0,)+), ($($name.1,)+))
            }

            #[inline]
            fn next(&mut self) -> Self::Matrices {
                let ($($name,)+) = self;
                ($($name.next(),)+)
            }

            fn is_empty(&self) -> bool {
                let ($($name,)+) = self;
                $($name.is_empty())&&+
            }
        }
    )+};
}

tuples! { (A, B) (A, B, C) (A, B, C, D) }

/// The matrices of one call, and the cost of one.
pub(crate) struct Batch<'a> {
    /// The axes before the matrix.
    pub(crate) shape: &'a [usize],
    /// The approximate number of floating-point operations for one matrix.
    pub(crate) flops: f64,
    pub(crate) workers: &'a Workers<'a>,
}

impl Batch<'_> {
    /// The number of matrices.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Calls `work` for every matrix of the batch, with a workspace that its thread reuses,
    /// its index and its outputs.
    ///
    /// Several matrices are distributed over the pool, with one BLAS thread each; a few large
    /// ones are processed in sequence, on several BLAS threads.
    pub(crate) fn for_each<O: BatchOutputs, W: Send>(
        &self,
        outputs: O,
        make_workspace: impl Fn() -> Result<W, Error> + Sync,
        work: impl Fn(&mut W, usize, O::Matrices) -> Result<(), Reason> + Sync,
    ) -> Result<(), Error> {
        let batched = None::<fn(&mut (), Range<usize>, &mut O) -> Vec<usize>>;
        self.for_each_with_batched_kernel(outputs, make_workspace, batched, work)
    }

    /// Calls `batched` for each chunk, and `work`, as [`for_each`](Self::for_each) does, for
    /// the matrices that `batched` did not handle: it returns their indices within the chunk.
    /// A workspace is made only if there are any.
    pub(crate) fn for_each_with_batched_kernel<O: BatchOutputs, G: Default + Send, W: Send>(
        &self,
        outputs: O,
        make_workspace: impl Fn() -> Result<W, Error> + Sync,
        batched: Option<impl Fn(&mut G, Range<usize>, &mut O) -> Vec<usize> + Sync>,
        work: impl Fn(&mut W, usize, O::Matrices) -> Result<(), Reason> + Sync,
    ) -> Result<(), Error> {
        let batched = batched
            .as_ref()
            .map(|batched| batched as &BatchedKernel<'_, G, O>);
        self.run(outputs, &make_workspace, batched, &work)
    }

    /// [`for_each_with_batched_kernel`](Self::for_each_with_batched_kernel), compiled once for
    /// all operations with outputs and workspaces of the same types.
    fn run<O: BatchOutputs, G: Default + Send, W: Send>(
        &self,
        mut outputs: O,
        make_workspace: &(dyn Fn() -> Result<W, Error> + Sync),
        batched: Option<&BatchedKernel<'_, G, O>>,
        work: &Kernel<'_, W, O>,
    ) -> Result<(), Error> {
        init_single_threaded();
        let count = self.count();
        if count == 0 || (self.flops == 0.0 && outputs.is_empty()) {
            return Ok(());
        }
        let batch_index = |index| (!self.shape.is_empty()).then_some(index);
        let record = self.workers.failed();
        let failed = |index, reason: Reason| match (record, reason) {
            // No other matrix will find more memory.
            (Some(record), reason) if !matches!(reason, Reason::Memory { .. }) => {
                record(index);
                Ok(())
            }
            _ => Err(reason.of(batch_index(index))),
        };
        let threads = self.workers.threads();
        if uses_library_threads(self.flops, count, threads) {
            let mut workspace = make_workspace()?;
            for index in 0..count {
                let matrices = outputs.next();
                let done = self.workers.run_on_caller(|| {
                    let _threads = BlasThreads::acquire(threads);
                    work(&mut workspace, index, matrices)
                })?;
                done.or_else(|reason| failed(index, reason))?;
            }
            return Ok(());
        }
        let call = if batched.is_some() {
            LANE_OVERHEAD_FLOPS
        } else {
            LAPACK_CALL_FLOPS
        };
        let mut chunk_len = ((CHUNK_FLOPS / (self.flops + call)) as usize).max(1);
        if batched.is_some() {
            chunk_len = chunk_len.next_multiple_of(MAX_LANES);
        }
        let run_chunk = |memory: &mut (G, Option<W>), first, last, mut outputs: O| {
            let (scratch, workspace) = memory;
            let unhandled = batched.map(|batched| batched(scratch, first..last, &mut outputs));
            if unhandled.as_ref().is_some_and(Vec::is_empty) {
                return Ok(());
            }
            let workspace = match workspace {
                Some(workspace) => workspace,
                None => workspace.insert(make_workspace()?),
            };
            let mut next = first;
            let mut run_matrix = |index| {
                while next < index {
                    outputs.next();
                    next += 1;
                }
                next += 1;
                let done = work(workspace, index, outputs.next());
                done.or_else(|reason| failed(index, reason))
            };
            match unhandled {
                None => (first..last).try_for_each(&mut run_matrix),
                Some(unhandled) => unhandled
                    .into_iter()
                    .try_for_each(|place| run_matrix(first + place)),
            }
        };
        if count <= chunk_len {
            let mut memory = (G::default(), None);
            return self
                .workers
                .run_one(|| run_chunk(&mut memory, 0, count, outputs));
        }
        let memories = Mutex::new(Vec::new());
        let chunks = Chunks {
            rest: Some(outputs),
            first: 0,
            count,
            chunk_len,
        };
        self.workers.for_each(chunks, |(first, last, outputs)| {
            let kept = lock(&memories).pop();
            let mut memory = kept.unwrap_or_else(|| (G::default(), None));
            run_chunk(&mut memory, first, last, outputs)?;
            lock(&memories).push(memory);
            Ok(())
        })
    }
}

/// Computes one matrix, with a workspace, its index and its outputs.
type Kernel<'k, W, O> =
    dyn Fn(&mut W, usize, <O as BatchOutputs>::Matrices) -> Result<(), Reason> + Sync + 'k;

/// Computes a range of the matrices; returns the indices, within it, of those it did not handle.
type BatchedKernel<'k, G, O> = dyn Fn(&mut G, Range<usize>, &mut O) -> Vec<usize> + Sync + 'k;

/// The outputs in chunks, each with the index of its first matrix and of the one after its
/// last.
struct Chunks<O> {
    rest: Option<O>,
    first: usize,
    count: usize,
    chunk_len: usize,
}

impl<O: BatchOutputs> Iterator for Chunks<O> {
    type Item = (usize, usize, O);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take().filter(|_| self.first < self.count)?;
        let first = self.first;
        self.first = self.count.min(first + self.chunk_len);
        let (chunk, rest) = rest.split_at(self.first - first);
        self.rest = Some(rest);
        Some((first, self.first, chunk))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = (self.count - self.first).div_ceil(self.chunk_len);
        (remaining, Some(remaining))
    }
}

impl<O: BatchOutputs> ExactSizeIterator for Chunks<O> {}

/// Locks a mutex, even a poisoned one: it only ever holds a list, which stays valid after a
/// panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ndarray::Array5;

    use super::*;

    #[test]
    fn matrices_that_do_not_merge_are_written_in_order() {
        let count = 3 * 4 * 5;
        for cut in 0..=count {
            let mut out = Array5::from_elem((5, 2, 4, 1, 3), 0);
            let view = out.view_mut().permuted_axes([4, 2, 0, 1, 3]).into_dyn();
            let batch_of_matrices = MatrixBatchMut::new(view);
            assert!(matches!(batch_of_matrices, MatrixBatchMut::Irregular(_)));
            assert_eq!(batch_of_matrices.sizes(), (count, 2));
            let (mut left, mut right) = batch_of_matrices.split_at(cut);
            assert_eq!(left.sizes().0, cut);
            assert_eq!(right.sizes().0, count - cut);
            for index in 0..cut {
                left.next().fill(index);
            }
            let write_indices = |all: &mut [usize]| {
                let places = all.iter_mut().enumerate();
                places.for_each(|(place, index)| *index = cut + place / 2);
            };
            right.with_contiguous(0, &mut Vec::new(), write_indices);
            let written = out.permuted_axes([4, 2, 0, 1, 3]);
            let expected = (0..2 * count).map(|place| place / 2);
            assert!(written.iter().copied().eq(expected), "cut at {cut}");
        }
    }
}
