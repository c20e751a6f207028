//! The shape and strides of a tensor, without an allocation for up to five axes.

/// The largest number of axes that are stored inline.
pub(crate) const INLINE_NDIM: usize = 5;

/// The shape and the strides of a tensor, in elements.
///
/// ```
/// use scirs2_interop::ShapeStrides;
///
/// let mut dims = ShapeStrides::new(2);
/// dims.fill(|axis| Ok::<_, ()>([(2, 3), (3, 1)][axis])).unwrap();
/// assert_eq!(dims.shape(), [2, 3]);
/// assert_eq!(dims.strides(), [3, 1]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShapeStrides {
    ndim: usize,
    /// Zero beyond `ndim`; all zero if the axes are in `heap`.
    shape: [usize; INLINE_NDIM],
    strides: [isize; INLINE_NDIM],
    heap: Option<Box<HeapAxes>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct HeapAxes {
    shape: Vec<usize>,
    strides: Vec<isize>,
}

impl ShapeStrides {
    /// `ndim` axes, all zero, to be filled.
    #[inline(always)]
    #[must_use]
    pub fn new(ndim: usize) -> Self {
        let heap = (ndim > INLINE_NDIM).then(|| {
            Box::new(HeapAxes {
                shape: vec![0; ndim],
                strides: vec![0; ndim],
            })
        });
        ShapeStrides {
            ndim,
            shape: [0; INLINE_NDIM],
            strides: [0; INLINE_NDIM],
            heap,
        }
    }

    /// Sets the length and the stride of each axis to what the closure returns.
    ///
    /// # Errors
    /// The first error that it returns.
    #[inline(always)]
    pub fn fill<E>(
        &mut self,
        mut axis: impl FnMut(usize) -> Result<(usize, isize), E>,
    ) -> Result<(), E> {
        if let Some(heap) = &mut self.heap {
            for index in 0..self.ndim {
                (heap.shape[index], heap.strides[index]) = axis(index)?;
            }
        } else {
            for index in 0..self.ndim {
                (self.shape[index], self.strides[index]) = axis(index)?;
            }
        }
        Ok(())
    }

    /// The length of each axis.
    #[inline(always)]
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match &self.heap {
            None => &self.shape[..self.ndim],
            Some(heap) => &heap.shape,
        }
    }

    /// The stride of each axis.
    #[inline(always)]
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        match &self.heap {
            None => &self.strides[..self.ndim],
            Some(heap) => &heap.strides,
        }
    }

    /// The number of axes, the shape and the strides, zero beyond; `None` if they are not stored
    /// inline or a stride is negative.
    #[inline]
    pub(crate) fn inline_nonnegative(
        &self,
    ) -> Option<(usize, &[usize; INLINE_NDIM], &[isize; INLINE_NDIM])> {
        let nonnegative = self.strides.iter().fold(0, |signs, stride| signs | stride) >= 0;
        (nonnegative && self.heap.is_none()).then_some((self.ndim, &self.shape, &self.strides))
    }

    /// Sets the strides of C order for the axes of length 1, whose strides are never used, or for
    /// `all` axes.
    ///
    /// The product of the nonzero axis sizes must fit.
    #[inline(always)]
    pub fn normalize_strides(&mut self, all: bool) {
        let (shape, strides) = match &mut self.heap {
            None => (&self.shape[..self.ndim], &mut self.strides[..self.ndim]),
            Some(heap) => (&heap.shape[..], &mut heap.strides[..]),
        };
        let mut c_stride = 1;
        for (&len, stride) in shape.iter().zip(strides).rev() {
            if all || len == 1 {
                *stride = c_stride;
            }
            c_stride *= len.max(1).cast_signed();
        }
    }
}
