//! What an error of a kernel says to a caller from Python: the function, the parameter, and the
//! cure in Python's words.

use std::fmt::Write as _;

use scirs2_core::shape::DisplayShape;
use scirs2_linalg::{Error, Reason, Triangle};

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
        } => mismatch(first, second, must, operands) + product_cure(name, first, second),
        Error::RightSide { matrix, right } => mismatch(matrix, right, ROWS, operands),
        Error::Matrix {
            index: Some(_),
            reason,
        } if !matches!(reason, Reason::NoSuchRow { .. }) => {
            format!("{error}; on_failure=\"nan\" gives NaN for it and computes the others")
        }
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

/// What to call if a product takes vectors for matrices, or matrices of one column for vectors.
fn product_cure(name: &str, first: &[usize], second: &[usize]) -> &'static str {
    match (name, first, second) {
        ("matmul", [.., columns], [.., elements])
            if second.len() >= 2 && first.len() == second.len() + 1 && columns == elements =>
        {
            "; for one vector per matrix call matvec"
        }
        ("matvec", [.., columns], [.., rows, 1]) if columns == rows => {
            "; these are columns: pass x2[..., 0], or call matmul"
        }
        _ => "",
    }
}
