//! Two crates share one tensor: `sensor` makes an `ndarray` array, `analysis`
//! measures it. Neither knows the other, and nothing is copied.
//!
//! `cargo run --release -p scirs2-linalg --example share`

use std::error::Error;

use scirs2_interop::Tensor;

/// Stands for a crate that produces data.
mod sensor {
    use ndarray::Array2;
    use scirs2_interop::Tensor;

    /// Readings of three axes over time, and the address where they lie.
    pub(crate) fn readings(count: usize) -> (Tensor, *const f64) {
        let readings = Array2::from_shape_fn((count, 3), |(time, axis)| {
            let phase = time as f64 / 10.0 + axis as f64;
            9.81 * phase.sin()
        });
        let address = readings.as_ptr();
        (Tensor::from(readings), address)
    }
}

/// Stands for a crate that takes whatever tensor comes.
mod analysis {
    use scirs2_interop::Tensor;
    use scirs2_linalg::{Axes, Error, Order, norm};

    /// The norm of each row, in the caller's currency: a tensor.
    pub(crate) fn lengths(tensor: &Tensor) -> Result<Tensor, Error> {
        norm(tensor, Order::P(2.0), Axes::Vector(-1))
    }

    /// The largest reading of each column.
    pub(crate) fn peaks(tensor: &Tensor) -> Result<Tensor, Error> {
        norm(tensor, Order::P(f64::INFINITY), Axes::Vector(0))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (tensor, address) = sensor::readings(1_000_000);
    let shared = tensor.clone();
    assert_eq!(
        tensor.data(),
        address.cast(),
        "the array was moved, not copied"
    );
    assert_eq!(
        shared.data(),
        tensor.data(),
        "both crates read the same memory"
    );

    let (lengths, peaks) = (analysis::lengths(&shared)?, analysis::peaks(&shared)?);
    // The producer may be done; the memory stays for whoever still holds it.
    drop(tensor);

    println!("{:<28}{:<10}{:<16}address", "tensor", "dtype", "shape");
    row("sensor's readings, shared", &shared);
    row("analysis: length of a row", &lengths);
    row("analysis: peak of a column", &peaks);
    let lengths = lengths.view::<f64>()?;
    println!("\nthe ndarray array lay at {address:p}: nothing was copied");
    println!(
        "first lengths: {:.4} {:.4} {:.4}",
        lengths[0], lengths[1], lengths[2]
    );
    println!("peaks: {:.4}", peaks.view::<f64>()?);
    Ok(())
}

fn row(name: &str, tensor: &Tensor) {
    let shape = format!("{:?}", tensor.shape());
    println!(
        "{name:<28}{:<10}{shape:<16}{:p}",
        tensor.dtype(),
        tensor.data()
    );
}
