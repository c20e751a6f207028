//! What an error of a kernel says to a caller from Python: the function, the parameter, and the
//! cure in Python's words.

use std::fmt::Write as _;

use scirs2_core::shape::DisplayShape;
use scirs2_linalg::{Error, Triangle};

use super::argument::Parameter;

/// A parameter and the shape of what was passed for it.
pub(crate) type Shaped<'a> = (Parameter, &'a [usize]);

/// Returns the message for an error of the function `name`.
pub(crate) fn message(name: &str, error: &Error, operands: &[Shaped<'_>]) -> String {
    let about_first = || match operands.first() {
        Some((parameter, _)) => format!("{parameter}: {error}"),
        None => error.to_string(),
    };
    let text = match error {
        Error::TooFewAxes { argument, .. } | Error::Axes { argument, .. } => {
            named(error, *argument, operands)
        }
        Error::NotSquare { .. }
        | Error::NotSquareTensor { .. }
        | Error::NoElements { .. }
        | Error::Dtype(_) => about_first(),
        Error::VectorOrder { .. }
        | Error::MatrixOrder { .. }
        | Error::Dimensions { .. }
        | Error::Empty { .. } => {
            let parameter = if name == "cond" { "p" } else { "ord" };
            format!("{parameter}: {error}")
        }
        Error::Mismatch {
            first,
            second,
            must,
        } => mismatch(first, second, must, operands),
        Error::RightSide { matrix, right } => mismatch(matrix, right, ROWS, operands),
        Error::Broadcast { batches } if batches.len() == operands.len() => {
            let names: Vec<_> = operands.iter().map(|(name, _)| name.to_string()).collect();
            format!("{}: {error}", names.join(" and "))
        }
        Error::OtherTriangle { read } => {
            let lower = if *read == Triangle::Lower {
                "False"
            } else {
                "True"
            };
            format!("{}, else pass lower={lower}", about_first())
        }
        Error::SquareMemory { .. } => match name {
            "svd" => format!("{error}; pass full_matrices=False"),
            "qr" => format!("{error}; pass mode='reduced'"),
            _ => error.to_string(),
        },
        _ => error.to_string(),
    };
    format!("{name}: {text}")
}

/// Replaces the number of an argument by its name.
fn named(error: &Error, argument: usize, operands: &[Shaped<'_>]) -> String {
    let text = error.to_string();
    match operands.get(argument.wrapping_sub(1)) {
        Some((parameter, _)) => {
            text.replacen(&format!("argument {argument}"), &parameter.to_string(), 1)
        }
        None => text,
    }
}

/// What is wrong with a right-hand side; the cure depends on its shape.
const ROWS: &str = "a right-hand side needs as many rows as the matrix";

fn mismatch(first: &[usize], second: &[usize], must: &str, operands: &[Shaped<'_>]) -> String {
    let pair = operands
        .windows(2)
        .find(|pair| pair[0].1 == first && pair[1].1 == second);
    let mut text = match pair {
        Some([(one, _), (other, _)]) => format!("{one} and {other} of "),
        _ => String::new(),
    };
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "shapes {} and {} do not fit: ",
        DisplayShape(first),
        DisplayShape(second)
    );
    if !must.starts_with(ROWS) {
        return text + must;
    }
    text += ROWS;
    let right = pair.map_or_else(|| "b".to_owned(), |pair| pair[1].0.to_string());
    let is_transposed = second.last() == first.len().checked_sub(2).map(|rows| &first[rows]);
    let _ = if is_transposed && second.len() + 1 == first.len() {
        write!(
            text,
            "; one vector for each matrix is a matrix of one column: pass {right}[..., None]"
        )
    } else if is_transposed && second.len() >= 2 {
        write!(
            text,
            "; many vectors are the columns of a matrix: pass linalg.matrix_transpose({right})"
        )
    } else {
        write!(text, "; many vectors are the columns of a matrix")
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Parameter = Parameter::Named("a");
    const B: Parameter = Parameter::Named("b");

    fn told(first: &[usize], second: &[usize]) -> String {
        mismatch(first, second, ROWS, &[(A, first), (B, second)])
    }

    #[test]
    fn the_cure_of_a_right_hand_side_depends_on_its_shape() {
        let vectors = told(&[5, 3, 3], &[5, 3]);
        assert!(vectors.starts_with("a and b of shapes (5, 3, 3) and (5, 3) do not fit"));
        assert!(vectors.ends_with("pass b[..., None]"), "{vectors}");
        let rows = told(&[3, 3], &[5, 3]);
        assert!(rows.ends_with("pass linalg.matrix_transpose(b)"), "{rows}");
        let other = told(&[3, 3], &[4]);
        assert!(other.ends_with("the columns of a matrix"), "{other}");
    }
}
