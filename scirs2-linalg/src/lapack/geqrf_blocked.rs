//! Orthogonal factors of large matrices, in wide blocks.
//!
//! LAPACK's `gelqf` and `orglq` take 32 reflectors at a time, and their products
//! are too thin for the speed of large ones. A block is wider here, its columns
//! are factored recursively (`geqrt3`) in memory where they are contiguous, and
//! `Q` uses the triangles `T` with which the factors were computed:
//! the reflectors of a block are `I - V T V^H` together.
//!
//! Matrices are in C order, which LAPACK reads as their transposes. The result is stored as by
//! `gelqf`: `R`, and below it the columns of `V`.

use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder as _, s};

use crate::Error;
use crate::base::memory::zeros;
use crate::lapack::{self, Lapack, blas, with_one_blas_thread};

/// The fraction of all reflectors that makes a block, and its bounds: in a square matrix
/// the columns of a block, and all `T`, are that fraction of its memory.
const WIDTH_FRACTION: usize = 16;
const MIN_WIDTH: usize = 32;
const MAX_WIDTH: usize = 128;

const SHAPE_FITS: &str = "as many as the shape has";

/// Scratch memory for matrices of one shape, and what their factors leave for `Q`.
pub(crate) struct BlockedQr<T> {
    reflectors: usize,
    width: usize,
    /// The columns of a block and a square of its width, or what `larfb` needs.
    work: Vec<T>,
    /// `T` of each block, column after column, zeros below its diagonal.
    triangles: Vec<T>,
}

impl<T: Lapack> BlockedQr<T> {
    /// For `m` x `n` matrices that are not empty.
    pub(crate) fn new(m: usize, n: usize) -> Result<Self, Error> {
        let reflectors = m.min(n);
        let width = (reflectors / WIDTH_FRACTION)
            .clamp(MIN_WIDTH, MAX_WIDTH)
            .min(reflectors);
        Ok(BlockedQr {
            reflectors,
            width,
            work: zeros((m.max(n) + width) * width)?,
            triangles: zeros(reflectors * width)?,
        })
    }

    /// Where each block begins, and how many reflectors it has.
    fn blocks(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + use<T> {
        let (reflectors, width) = (self.reflectors, self.width);
        let starts = (0..reflectors).step_by(width);
        starts.map(move |start| (start, width.min(reflectors - start)))
    }

    /// The triangle and the reflectors in place of a matrix with rows of `n`.
    pub(crate) fn factor(&mut self, n: usize, a: &mut [T]) {
        for (start, count) in self.blocks() {
            let triangle = &mut self.triangles[start * self.width..][..count * count];
            let height = a.len() / n - start;
            let columns = &mut self.work[..height * count];
            for (row, from) in a.chunks_exact(n).skip(start).enumerate() {
                for (column, x) in from[start..][..count].iter().enumerate() {
                    columns[column * height + row] = *x;
                }
            }
            with_one_blas_thread(|| lapack::geqrt3(height, columns, triangle));
            // LAPACK reads the transpose of V, and treats it as V^H.
            triangle.iter_mut().for_each(|x| *x = x.conj());
            for (row, to) in a.chunks_exact_mut(n).skip(start).enumerate() {
                for (column, x) in to[start..][..count].iter_mut().enumerate() {
                    *x = columns[column * height + row];
                }
            }
            lapack::larfb(n, a, (start, count), triangle, false, &mut self.work);
        }
    }

    /// The first `k` columns of `Q` in place of the reflectors in rows of `k`.
    pub(crate) fn orthogonal(&mut self, k: usize, a: &mut [T]) {
        for (row, elements) in a.chunks_exact_mut(k).enumerate() {
            elements[self.reflectors..].fill(T::zero());
            if (self.reflectors..k).contains(&row) {
                elements[row] = T::one();
            }
        }
        for (start, count) in self.blocks().rev() {
            let end = start + count;
            for (row, elements) in a[..end * k].chunks_exact_mut(k).enumerate() {
                let zero = if row < start { start..end } else { end..k };
                elements[zero].fill(T::zero());
            }
            let triangle = &self.triangles[start * self.width..][..count * count];
            lapack::larfb(k, a, (start, count), triangle, true, &mut self.work);
            self.first_columns(k, a, (start, count));
        }
    }

    /// The columns of `I - V T V^H` at a block's own reflectors.
    fn first_columns(&mut self, k: usize, a: &mut [T], (start, count): (usize, usize)) {
        let height = a.len() / k - start;
        let (v, square) = self.work.split_at_mut(height * count);
        for (row, to) in v.chunks_exact_mut(count).enumerate() {
            to.copy_from_slice(&a[(start + row) * k + start..][..count]);
            if row < count {
                to[row] = T::one();
                to[row + 1..].fill(T::zero());
            }
        }
        let shape = (count, count);
        let v = ArrayView2::from_shape((height, count), v).expect(SHAPE_FITS);
        let triangle = &self.triangles[start * self.width..][..count * count];
        let triangle = ArrayView2::from_shape(shape.f(), triangle).expect(SHAPE_FITS);
        let square = &mut square[..count * count];
        let mut product = ArrayViewMut2::from_shape(shape, square).expect(SHAPE_FITS);
        blas::gemm(
            triangle,
            v.slice(s![..count, ..]).reversed_axes(),
            false,
            product.view_mut(),
        );
        product.map_inplace(|x| *x = -x.conj());
        let rows = a.len() / k;
        let mut a = ArrayViewMut2::from_shape((rows, k), a).expect(SHAPE_FITS);
        let mut columns = a.slice_mut(s![start.., start..start + count]);
        blas::gemm(v, product.view(), false, columns.view_mut());
        columns.diag_mut().map_inplace(|x| *x += T::one());
    }
}
