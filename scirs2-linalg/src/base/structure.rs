//! The structure of a matrix, and its triangles.

/// A triangle of a square matrix, with the diagonal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Triangle {
    /// The elements on and above the diagonal.
    Upper,
    /// The elements on and below the diagonal.
    Lower,
}

impl Triangle {
    /// The upper triangle if `upper`, else the lower one.
    pub(crate) const fn from_upper(upper: bool) -> Self {
        if upper {
            Triangle::Upper
        } else {
            Triangle::Lower
        }
    }

    /// Its name, as used in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Triangle::Upper => "upper",
            Triangle::Lower => "lower",
        }
    }

    /// The triangle of the transpose that holds the same elements.
    pub(crate) const fn transposed(self) -> Self {
        match self {
            Triangle::Upper => Triangle::Lower,
            Triangle::Lower => Triangle::Upper,
        }
    }
}

/// What a function may assume of a matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Structure {
    /// Nothing. All elements are read.
    General,
    /// `A = A^H`, so that `A` is square. Only its lower triangle is read.
    Hermitian,
}

impl Structure {
    /// Hermitian if `hermitian`, else general.
    pub(crate) const fn from_hermitian(hermitian: bool) -> Self {
        if hermitian {
            Structure::Hermitian
        } else {
            Structure::General
        }
    }
}
