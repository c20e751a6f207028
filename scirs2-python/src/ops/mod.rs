//! The functions that Python calls: one file per family, with signatures and docstrings.

use pyo3::prelude::*;

mod tolerance;

/// Declares the files, each with its functions, and adds the functions to the module in this
/// order.
macro_rules! functions {
    ($($file:ident: $($function:ident),+;)+) => {
        $(mod $file;)+

        /// Adds every function to the extension module.
        pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $($(module.add_function(wrap_pyfunction!($file::$function, module)?)?;)+)+
            Ok(())
        }
    };
}

// `make fmt` formats these files by name: cargo fmt finds no module that a macro declares.
functions! {
    cho: cho_factor, cho_solve;
    cholesky: cholesky;
    cond: cond;
    cross: cross;
    det: det, slogdet;
    eig: eig, eigvals;
    eigh: eigh, eigvalsh;
    einsum: einsum;
    inv: inv;
    lstsq: lstsq;
    lu: lu, lu_factor, lu_solve;
    matmul: matmul;
    matrix_power: matrix_power;
    multi_dot: multi_dot;
    norms: matrix_norm, vector_norm;
    outer: outer;
    pinv: pinv;
    qr: qr;
    rank: matrix_rank;
    solve: solve;
    svd: svd, svdvals;
    tensor_equations: tensorinv, tensorsolve;
    tensordot: tensordot;
    triangular: solve_triangular;
    vecdot: vecdot;
    views: diagonal, matrix_transpose, trace;
    norm: norm;
}
