//! The lengths and steps of a tensor, without an allocation if there are few
//! axes.

/// Up to this many axes need no allocation.
pub(crate) const FEW: usize = 5;

/// The length of each axis and the step along it.
///
/// ```
/// use scirs2_interop::Grid;
///
/// let mut grid = Grid::new(2);
/// grid.fill(|axis| Ok::<_, ()>([(2, 3), (3, 1)][axis])).unwrap();
/// assert_eq!(grid.lengths(), [2, 3]);
/// assert_eq!(grid.steps(), [3, 1]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    ndim: usize,
    /// Zero beyond `ndim`; all zero if the axes are in `many`.
    lengths: [usize; FEW],
    steps: [isize; FEW],
    many: Option<Box<Many>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Many {
    lengths: Vec<usize>,
    steps: Vec<isize>,
}

impl Grid {
    /// A grid of `ndim` axes, still to be filled.
    #[inline(always)]
    #[must_use]
    pub fn new(ndim: usize) -> Self {
        let many = (ndim > FEW).then(|| {
            Box::new(Many {
                lengths: vec![0; ndim],
                steps: vec![0; ndim],
            })
        });
        Grid {
            ndim,
            lengths: [0; FEW],
            steps: [0; FEW],
            many,
        }
    }

    /// Calls the closure for the length and the step of each axis.
    ///
    /// # Errors
    /// The first error that it returns.
    #[inline(always)]
    pub fn fill<E>(
        &mut self,
        mut axis: impl FnMut(usize) -> Result<(usize, isize), E>,
    ) -> Result<(), E> {
        if let Some(many) = &mut self.many {
            for index in 0..self.ndim {
                (many.lengths[index], many.steps[index]) = axis(index)?;
            }
        } else {
            for index in 0..self.ndim {
                (self.lengths[index], self.steps[index]) = axis(index)?;
            }
        }
        Ok(())
    }

    /// The length of each axis.
    #[inline(always)]
    #[must_use]
    pub fn lengths(&self) -> &[usize] {
        match &self.many {
            None => &self.lengths[..self.ndim],
            Some(many) => &many.lengths,
        }
    }

    /// The step along each axis.
    #[inline(always)]
    #[must_use]
    pub fn steps(&self) -> &[isize] {
        match &self.many {
            None => &self.steps[..self.ndim],
            Some(many) => &many.steps,
        }
    }

    /// The number of axes, their lengths and their steps, zero beyond; `None` if
    /// there are many axes or a step is negative.
    #[inline]
    pub(crate) fn few_upward(&self) -> Option<(usize, &[usize; FEW], &[isize; FEW])> {
        let upward = self.steps.iter().fold(0, |signs, step| signs | step) >= 0;
        (upward && self.many.is_none()).then_some((self.ndim, &self.lengths, &self.steps))
    }

    /// Sets the steps of C order for the axes of length 1, which are never stepped
    /// along, or for `all` axes.
    ///
    /// The product of the nonzero lengths must fit.
    #[inline(always)]
    pub fn settle(&mut self, all: bool) {
        let (lengths, steps) = match &mut self.many {
            None => (&self.lengths[..self.ndim], &mut self.steps[..self.ndim]),
            Some(many) => (&many.lengths[..], &mut many.steps[..]),
        };
        let mut c_step = 1;
        for (&len, step) in lengths.iter().zip(steps).rev() {
            if all || len == 1 {
                *step = c_step;
            }
            c_step *= len.max(1).cast_signed();
        }
    }
}
