//! The functions that Python calls: one file per family, with signatures and docstrings.
//! `functions!` adds each to the module, with the hook around it.

use pyo3::prelude::*;

use crate::call::hook::{init_hook, replace_function};

mod tolerance;

/// Declares the files, each with its functions, and adds the functions to the module in this
/// order.
macro_rules! functions {
    ($($file:ident: $($function:ident),+;)+) => {
        $(mod $file;)+

        /// Adds every function to the extension module, with the hook around it.
        pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
            init_hook(module.py());
            $($(
                module.add_function(wrap_pyfunction!($file::$function, module)?)?;
                let name = hooked::$function::NAME;
                let (original, call) = (&hooked::$function::ORIGINAL, hooked::$function::call);
                replace_function(module, name, original, call)?;
            )+)+
            Ok(())
        }

        mod hooked {
            $($(pub(super) mod $function {
                use std::ffi::CStr;
                use std::sync::OnceLock;

                use pyo3::ffi;

                use crate::call::hook::{self, Function};

                const TEXT: &str = stringify!($function);

                pub(crate) const NAME: &CStr =
                    match CStr::from_bytes_with_nul(concat!(stringify!($function), "\0").as_bytes()) {
                        Ok(name) => name,
                        Err(_) => panic!("a name has no zero"),
                    };

                /// PyO3's function.
                pub(crate) static ORIGINAL: OnceLock<Function> = OnceLock::new();

                /// # Safety
                /// Called as Python does.
                pub(crate) unsafe extern "C" fn call(
                    module: *mut ffi::PyObject,
                    arguments: *const *mut ffi::PyObject,
                    count: ffi::Py_ssize_t,
                    names: *mut ffi::PyObject,
                ) -> *mut ffi::PyObject {
                    // SAFETY: called as Python does, and PyO3's function takes the same.
                    unsafe { hook::call(&ORIGINAL, TEXT, module, arguments, count, names) }
                }
            })+)+
        }
    };
}

// `make fmt` formats these files by name: cargo fmt finds no module that a macro declares.
functions! {
    assumed: _solve, _inv;
    balance: matrix_balance;
    cho: cho_factor, cho_solve;
    cholesky: cholesky;
    cond: cond;
    cross: cross;
    det: det, slogdet;
    eig: eig, eigvals, _eig;
    eigh: eigh, eigvalsh, _eigh_subset;
    einsum: einsum;
    expm: expm, expm_cond, expm_frechet;
    hessenberg: hessenberg;
    inv: inv;
    lstsq: lstsq;
    lu: lu, lu_factor, lu_solve;
    matmul: matmul;
    matrix_power: matrix_power;
    matvec: matvec, vecmat;
    multi_dot: multi_dot;
    norms: matrix_norm, vector_norm;
    outer: outer;
    pinv: pinv;
    pivoted_qr: _qr, rq;
    polar: polar, orthogonal_procrustes;
    qr: qr;
    rank: matrix_rank;
    schur: cdf2rdf, rsf2csf, schur;
    signm: signm;
    solve: solve;
    sqrtm: fractional_matrix_power, logm, sqrtm;
    structured: block_diag, toeplitz, diagsvd, khatri_rao, bandwidth, issymmetric, ishermitian;
    subspaces: orth, null_space, subspace_angles;
    svd: svd, svdvals;
    tensor_equations: tensorinv, tensorsolve;
    tensordot: tensordot;
    triangular: solve_triangular;
    trigonometric: coshm, cosm, sinhm, sinm, tanhm, tanm;
    vecdot: vecdot;
    views: diagonal, matrix_transpose, trace;
    norm: norm;
}
