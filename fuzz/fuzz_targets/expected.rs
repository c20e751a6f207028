//! What must become of a struct, worked out a second time: in 128 bits, index
//! by index, without a line of the crate under test.

use std::mem::discriminant;

use scirs2_interop::Error;
use scirs2_interop::sys::DLDataType;

use crate::foreign::{Data, Fields, Made, NAMED};

/// As many elements are walked one by one.
pub(crate) const WALKED: u128 = 512;

const READ_ONLY: u64 = 1;
const IS_COPIED: u64 = 2;
const IS_PADDED: u64 = 4;

/// Why a struct must be refused.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    Version,
    Device,
    Dtype,
    Ndim,
    NullShape,
    Misaligned,
    NegativeLength,
    NullData,
    ByteOffset,
    Range,
}

/// The layout of a struct without a fault in the fields it is made of.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) shape: Vec<i128>,
    /// Unknown where C order does not fit.
    pub(crate) strides: Option<Vec<i128>>,
    pub(crate) count: u128,
    /// Address of the first element.
    pub(crate) first: i128,
    /// Bits from one element to the next, and bits of one.
    pub(crate) step: i128,
    pub(crate) bits: i128,
    pub(crate) packed: bool,
    /// Every element lies in the buffer.
    pub(crate) readable: bool,
}

pub(crate) struct Expected {
    faults: Vec<Fault>,
    /// No reason not to take it.
    sound: bool,
    pub(crate) read_only: bool,
    pub(crate) copied: bool,
    pub(crate) layout: Option<Layout>,
}

fn bits_of(dtype: DLDataType) -> Option<i128> {
    let known = dtype.lanes == 1 && NAMED.contains(&(dtype.code, dtype.bits));
    known.then_some(dtype.bits.into())
}

impl Expected {
    pub(crate) fn of(fields: &Fields, made: &Made) -> Self {
        let mut faults = Vec::new();
        let mut fault = |is: bool, name| {
            if is {
                faults.push(name);
            }
        };
        let ndim = usize::try_from(fields.ndim).ok().filter(|&n| n <= 64);
        let bits = bits_of(fields.dtype);
        let has_axes = fields.ndim > 0;
        let skewed = |numbers: &Option<Vec<i64>>, skew| numbers.is_some() && skew > 0;
        let shape = fields.shape.clone().unwrap_or_default();
        fault(
            fields.versioned && fields.version.major != 1,
            Fault::Version,
        );
        fault(
            ![1, 3, 11, 13].contains(&fields.device.kind.0),
            Fault::Device,
        );
        fault(bits.is_none(), Fault::Dtype);
        fault(ndim.is_none(), Fault::Ndim);
        fault(has_axes && fields.shape.is_none(), Fault::NullShape);
        fault(
            has_axes
                && (skewed(&fields.shape, fields.skew[0])
                    || skewed(&fields.strides, fields.skew[1])),
            Fault::Misaligned,
        );
        fault(shape.iter().any(|&len| len < 0), Fault::NegativeLength);

        let flag = |bit| fields.versioned && fields.flags & bit != 0;
        let mut expected = Expected {
            faults,
            sound: false,
            read_only: flag(READ_ONLY),
            copied: flag(IS_COPIED),
            layout: None,
        };
        let (true, Some(bits)) = (expected.faults.is_empty(), bits) else {
            return expected;
        };

        let shape: Vec<i128> = shape.into_iter().map(i128::from).collect();
        let strides = match &fields.strides {
            Some(strides) => Some(strides.iter().map(|&stride| stride.into()).collect()),
            None => c_order(&shape),
        };
        let packed = bits < 8 && !flag(IS_PADDED);
        let step = if packed { bits } else { (bits + 7) / 8 * 8 };
        let count = if shape.contains(&0) {
            0
        } else {
            let product = |n: u128, &len: &i128| n.saturating_mul(len.unsigned_abs());
            shape.iter().fold(1, product)
        };
        let first = made.data as i128 + i128::from(fields.byte_offset);
        let null = matches!(fields.data, Data::Null | Data::Anywhere(0));
        let mut layout = Layout {
            shape,
            strides,
            count,
            first,
            step,
            bits,
            packed,
            readable: count == 0,
        };
        if count > 0 {
            let end = 1 << 64;
            let span = layout.span();
            let out = span.is_none_or(|(low, high)| low < 8 || high > (end - 1) * 8);
            expected.faults.extend(null.then_some(Fault::NullData));
            // No allocation reaches further.
            let far = first >= end || i64::try_from(fields.byte_offset).is_err();
            expected
                .faults
                .extend((!null && far).then_some(Fault::ByteOffset));
            expected.faults.extend(out.then_some(Fault::Range));
            let start = made.buffer as i128 * 8;
            let end = start + fields.buffer.len() as i128 * 8;
            layout.readable = !null && span.is_some_and(|(low, high)| start <= low && high <= end);
        }
        // Lengths that do not fit beside a zero, or beside zero strides, may be
        // refused or taken.
        let fits = |bytes: i128| {
            let mut lengths = layout.shape.iter().map(|&len| len.max(1));
            lengths
                .try_fold(bytes, i128::checked_mul)
                .is_some_and(|bytes| bytes <= i64::MAX.into())
        };
        expected.sound = expected.faults.is_empty() && layout.readable && fits(step.max(8) / 8);
        expected.layout = Some(layout);
        expected
    }

    /// Checks that a refusal has a reason, and names the right one.
    pub(crate) fn must_allow(&self, error: &Error) {
        assert!(!error.to_string().is_empty());
        assert!(!self.sound, "refused a sound tensor: {error}");
        let named = match error {
            Error::Version(_) => Fault::Version,
            Error::Device(_) => Fault::Device,
            Error::UnsupportedDtype(_) => Fault::Dtype,
            Error::Ndim(_) => Fault::Ndim,
            Error::NullShape(_) => Fault::NullShape,
            Error::MisalignedPointer { .. } => Fault::Misaligned,
            Error::NegativeLength { .. } => Fault::NegativeLength,
            Error::NullData(_) => Fault::NullData,
            Error::ByteOffsetOutOfRange { offset, .. } if isize::try_from(*offset).is_err() => {
                return;
            }
            Error::ByteOffsetOutOfRange { .. } => Fault::ByteOffset,
            // What fits in 128 bits may still not fit in Rust's or NumPy's sizes.
            Error::TooLarge { .. } | Error::StridesOutOfRange { .. } => return,
            other => panic!("not an error of import: {:?}", discriminant(other)),
        };
        assert!(self.faults.contains(&named), "{error}: {:?}", self.faults);
    }

    /// The layout of what was taken.
    pub(crate) fn taken(&self) -> &Layout {
        assert_eq!(self.faults, [], "taken although");
        self.layout.as_ref().expect("no fault, so there is one")
    }
}

fn c_order(shape: &[i128]) -> Option<Vec<i128>> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1_i128;
    for (stride, &len) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.checked_mul(len.max(1))?;
    }
    Some(strides)
}

impl Layout {
    /// First bit, and the one past the last, of all elements; `None` where no
    /// 128 bits hold them.
    fn span(&self) -> Option<(i128, i128)> {
        let (mut low, mut high) = (0_i128, 0_i128);
        for (&len, &stride) in self.shape.iter().zip(self.strides.as_ref()?) {
            let extent = (len - 1).checked_mul(stride)?;
            low = low.checked_add(extent.min(0))?;
            high = high.checked_add(extent.max(0))?;
        }
        let first = self.first * 8;
        let low = first.checked_add(low.checked_mul(self.step)?)?;
        let high = first.checked_add(high.checked_mul(self.step)?)?;
        Some((low, high.checked_add(self.bits)?))
    }

    /// Where each element starts, in bits from `start`, in C order.
    pub(crate) fn places(&self, start: usize) -> Vec<usize> {
        assert!(self.readable && self.count <= WALKED);
        if self.count == 0 {
            return Vec::new();
        }
        let mut places = vec![(self.first - start as i128) * 8];
        let strides = self.strides.as_ref().expect("few elements, so they fit");
        for (&len, &stride) in self.shape.iter().zip(strides) {
            let along = |place: i128| (0..len).map(move |at| place + at * stride * self.step);
            places = places.into_iter().flat_map(along).collect();
        }
        let place = |place| usize::try_from(place).expect("readable");
        places.into_iter().map(place).collect()
    }
}

/// An element of the memory, in whole bytes, the first bit the lowest.
pub(crate) fn element(memory: &[u8], place: usize, bits: usize) -> Vec<u8> {
    let mut bytes = vec![0; bits.div_ceil(8)];
    for bit in 0..bits {
        let from = place + bit;
        bytes[bit / 8] |= (memory[from / 8] >> (from % 8) & 1) << (bit % 8);
    }
    bytes
}
