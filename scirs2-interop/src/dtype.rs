//! DLPack's codes for our dtypes, and back.

use scirs2_core::DType;

use crate::Error;
use crate::sys::{DLDataType, type_code as code};

/// The DLPack type of a dtype.
#[must_use]
#[inline]
pub const fn dl_type(dtype: DType) -> DLDataType {
    use DType as D;
    let code = match dtype {
        D::Bool => code::BOOL,
        D::Int1 | D::Int2 | D::Int4 | D::Int8 | D::Int16 | D::Int32 | D::Int64 => code::INT,
        D::UInt1 | D::UInt2 | D::UInt4 | D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => code::UINT,
        D::Float4E2M1FN => code::FLOAT4_E2M1FN,
        D::Float6E2M3FN => code::FLOAT6_E2M3FN,
        D::Float6E3M2FN => code::FLOAT6_E3M2FN,
        D::Float8E3M4 => code::FLOAT8_E3M4,
        D::Float8E4M3 => code::FLOAT8_E4M3,
        D::Float8E4M3B11FNUZ => code::FLOAT8_E4M3B11FNUZ,
        D::Float8E4M3FN => code::FLOAT8_E4M3FN,
        D::Float8E4M3FNUZ => code::FLOAT8_E4M3FNUZ,
        D::Float8E5M2 => code::FLOAT8_E5M2,
        D::Float8E5M2FNUZ => code::FLOAT8_E5M2FNUZ,
        D::Float8E8M0FNU => code::FLOAT8_E8M0FNU,
        D::BFloat16 => code::BFLOAT,
        D::Float16 | D::Float32 | D::Float64 => code::FLOAT,
        D::BComplex32 => code::BCOMPLEX,
        D::Complex32 | D::Complex64 | D::Complex128 => code::COMPLEX,
    };
    DLDataType {
        code,
        // At most 128.
        bits: dtype.bits() as u8,
        lanes: 1,
    }
}

/// The dtype that a DLPack type names.
#[inline]
pub(crate) fn dtype_of(named: DLDataType) -> Result<DType, Error> {
    // The common ones first: every import comes through here.
    match (named.code, named.bits, named.lanes) {
        (code::FLOAT, 32, 1) => Ok(DType::Float32),
        (code::FLOAT, 64, 1) => Ok(DType::Float64),
        (code::INT, 64, 1) => Ok(DType::Int64),
        _ => find_dtype(named),
    }
}

fn find_dtype(named: DLDataType) -> Result<DType, Error> {
    let known = |&&dtype: &&DType| dl_type(dtype) == named;
    match DType::ALL.iter().find(known) {
        Some(&dtype) => Ok(dtype),
        None => Err(Error::UnsupportedDtype(named)),
    }
}

/// The name of a DLPack type, or the best that can be said of it.
pub(crate) fn dtype_name(dtype: DLDataType) -> String {
    let lanes = match dtype.lanes {
        1 => String::new(),
        lanes => format!("x{lanes}"),
    };
    let scalar = DLDataType { lanes: 1, ..dtype };
    if let Ok(known) = dtype_of(scalar) {
        return format!("{known}{lanes}");
    }
    let base = match dtype.code {
        code::INT => "int",
        code::UINT => "uint",
        code::FLOAT => "float",
        code::OPAQUE => "opaque",
        code::BFLOAT => "bfloat",
        code::COMPLEX => "complex",
        code::BOOL => "bool",
        code::BCOMPLEX => "bcomplex",
        _ => return "an unknown type".to_owned(),
    };
    format!("{base}{}{lanes}", dtype.bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(code: u8, bits: u8, lanes: u16) -> String {
        dtype_name(DLDataType { code, bits, lanes })
    }

    #[test]
    fn every_dtype_has_a_distinct_code() {
        for &dtype in DType::ALL {
            assert_eq!(dtype_of(dl_type(dtype)), Ok(dtype));
        }
    }

    #[test]
    fn dtypes_are_named() {
        assert_eq!(name(4, 16, 1), "bfloat16");
        assert_eq!(name(2, 32, 4), "float32x4");
        assert_eq!(name(10, 8, 1), "float8_e4m3fn");
        assert_eq!(name(17, 4, 2), "float4_e2m1fnx2");
        assert_eq!(name(3, 64, 1), "opaque64");
        assert_eq!(name(2, 128, 1), "float128");
        assert_eq!(name(19, 8, 1), "an unknown type");
        assert_eq!(name(255, 8, 1), "an unknown type");
    }
}
