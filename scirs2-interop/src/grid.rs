//! The lengths and steps of a tensor, without an allocation for the usual few
//! axes.

/// As many axes need no allocation.
pub(crate) const FEW: usize = 5;

/// For each axis its length and the step along it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Grid {
    ndim: usize,
    /// Zero beyond `ndim`, and all of them where `many` has the axes.
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
    /// Of so many axes, still to be filled.
    #[inline(always)]
    pub(crate) fn new(ndim: usize) -> Self {
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

    /// Asks for the length and the step of each axis.
    #[inline(always)]
    pub(crate) fn fill<E>(
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
    pub(crate) fn lengths(&self) -> &[usize] {
        match &self.many {
            None => &self.lengths[..self.ndim],
            Some(many) => &many.lengths,
        }
    }

    /// The step along each axis.
    #[inline(always)]
    pub(crate) fn steps(&self) -> &[isize] {
        match &self.many {
            None => &self.steps[..self.ndim],
            Some(many) => &many.steps,
        }
    }

    /// How many axes there are, their lengths and their steps, zero beyond, where
    /// they are few and no step leads down.
    #[inline]
    pub(crate) fn few_upward(&self) -> Option<(usize, &[usize; FEW], &[isize; FEW])> {
        let upward = self.steps.iter().fold(0, |signs, step| signs | step) >= 0;
        (upward && self.many.is_none()).then_some((self.ndim, &self.lengths, &self.steps))
    }

    /// Each axis, its step to be changed.
    #[inline(always)]
    pub(crate) fn axes_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = (usize, &mut isize)> + ExactSizeIterator {
        let (lengths, steps) = match &mut self.many {
            None => (&self.lengths[..self.ndim], &mut self.steps[..self.ndim]),
            Some(many) => (&many.lengths[..], &mut many.steps[..]),
        };
        lengths.iter().copied().zip(steps)
    }
}
