//! The order of a norm, and its axes, as `numpy.linalg.norm` has them.

use std::fmt;

/// Which norm.
///
/// | order | of a vector | of a matrix |
/// |---|---|---|
/// | `Default` | 2-norm | Frobenius |
/// | `Fro` | – | `sqrt(sum abs(a)^2)` |
/// | `Nuc` | – | sum of the singular values |
/// | `P(inf)` | `max abs(x)` | `max` over rows of `sum abs(a)` |
/// | `P(-inf)` | `min abs(x)` | `min` over rows of `sum abs(a)` |
/// | `P(0.0)` | count of `x != 0` | – |
/// | `P(1.0)` | `sum abs(x)` | `max` over columns of `sum abs(a)` |
/// | `P(-1.0)` | as below | `min` over columns of `sum abs(a)` |
/// | `P(2.0)` | `sqrt(sum abs(x)^2)` | largest singular value |
/// | `P(-2.0)` | as below | smallest singular value |
/// | `P(p)` | `(sum abs(x)^p)^(1/p)` | – |
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Order {
    /// The 2-norm of all elements, whatever the number of dimensions.
    #[default]
    Default,
    /// Frobenius.
    Fro,
    /// Nuclear.
    Nuc,
    /// The p-norm.
    P(f64),
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Order::Default => f.write_str("default"),
            Order::Fro => f.write_str("fro"),
            Order::Nuc => f.write_str("nuc"),
            Order::P(p) => write!(f, "{p}"),
        }
    }
}

/// Which axes the norm is taken over; a negative one counts from the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Axes {
    /// The whole array: a vector, a matrix, or with [`Order::Default`] any.
    #[default]
    All,
    /// Vectors along one axis.
    Vector(isize),
    /// Matrices along two: rows, columns.
    Matrix(isize, isize),
}
