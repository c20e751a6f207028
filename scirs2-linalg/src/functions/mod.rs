//! Functions of square matrices, and the forms that they are computed from.
//!
//! | file | one concept |
//! |---|---|
//! | `cdf2rdf` | real forms of complex eigenvalues |
//! | `expm` | exponentials |
//! | `expm_cond` | condition numbers of exponentials |
//! | `expm_frechet` | derivatives of exponentials |
//! | `exponential` | the exponential of one matrix, and its derivative |
//! | `fractional_matrix_power` | powers with any exponent |
//! | `hessenberg` | Hessenberg forms |
//! | `logarithm` | logarithms and powers of one triangular matrix |
//! | `logm` | logarithms |
//! | `matrix_power` | whole powers |
//! | `roots` | square roots of one triangular matrix |
//! | `schur` | Schur forms |
//! | `schur_form` | the Schur form of one matrix |
//! | `signm` | signs |
//! | `spectral_function` | functions by Schur forms and by eigenvalues |
//! | `sqrtm` | square roots |
//! | `square` | what these do with one matrix |
//! | `trigonometric` | sines, cosines and tangents |

pub(crate) mod cdf2rdf;
pub(crate) mod expm;
pub(crate) mod expm_cond;
pub(crate) mod expm_frechet;
mod exponential;
pub(crate) mod fractional_matrix_power;
pub(crate) mod hessenberg;
mod logarithm;
pub(crate) mod logm;
pub(crate) mod matrix_power;
mod roots;
pub(crate) mod schur;
mod schur_form;
pub(crate) mod signm;
mod spectral_function;
pub(crate) mod sqrtm;
mod square;
pub(crate) mod trigonometric;
