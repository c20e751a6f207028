//! The fuzzer's bytes, read from the front; zero once they end, so that every
//! input means something and a short one stays simple.

pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl Input<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub(crate) fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// Two thirds small, the rest near a power of two or any number at all.
    pub(crate) fn number(&mut self) -> i64 {
        match self.below(6) {
            0 => 1,
            1 | 2 => i64::from(self.byte() % 8),
            3 => i64::from(self.byte() as i8),
            4 => {
                let shift = self.byte() % 65;
                let near = self.byte() as i8;
                1_i64
                    .checked_shl(shift.into())
                    .unwrap_or(0)
                    .wrapping_add(near.into())
            }
            _ => i64::from_le_bytes([(); 8].map(|()| self.byte())),
        }
    }
}
