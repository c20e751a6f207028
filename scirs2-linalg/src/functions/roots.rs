//! Square roots of one triangular matrix.

use scirs2_core::Complex64;

use super::schur_form::{block_order, narrow, wide};
use super::square::{modulus, multiply, norm1};
use crate::base::error::Reason;
use crate::elements::scalar::LinalgScalar;
use crate::lapack::trsyl_part;

/// Orders up to which a triangular matrix is done element by element.
const POINTWISE: usize = 32;

/// Why a singular matrix may have no square root.
pub(crate) const NO_ROOT: Reason = Reason::Undefined {
    function: "square root",
    why: "the eigenvalue 0 has fewer eigenvectors than its multiplicity",
};

/// The square root of a Schur form, in its place: the principal one, with eigenvalues in the
/// right half plane. A real form must not have a negative eigenvalue.
///
/// In halves, with the part between them from Sylvester's equation (E. Deadman, N. J. Higham and
/// R. Ralha, PARA 2012); the smallest element by element (A. Björck and S. Hammarling, Linear
/// Algebra Appl. 52/53, 1983), the blocks of two by N. J. Higham's formula (Linear Algebra Appl.
/// 88/89, 1987).
pub(crate) fn square_root<T: LinalgScalar<Real = f64>>(
    n: usize,
    t: &mut [T],
    before: &mut [T],
) -> Result<(), Reason> {
    before.copy_from_slice(t);
    let size = norm1(n, t);
    if !halves(n, t, (0, n), size)? {
        return Ok(());
    }
    // An equation was singular to working precision: its solution may be none.
    let root_size = norm1(n, t);
    for x in before.iter_mut() {
        *x = -*x;
    }
    multiply(n, t, t, true, before);
    let bound = 100.0 * n as f64 * f64::EPSILON * root_size * root_size;
    if norm1(n, before) <= bound {
        Ok(())
    } else {
        Err(NO_ROOT)
    }
}

/// The rows and columns from `start` to `end`. Returns whether an equation was singular.
fn halves<T: LinalgScalar<Real = f64>>(
    n: usize,
    t: &mut [T],
    (start, end): (usize, usize),
    size: f64,
) -> Result<bool, Reason> {
    let order = end - start;
    if order == 2 && block_order(n, t, start) == 2 {
        pair(n, t, start);
        return Ok(false);
    }
    if order <= POINTWISE && (start..end - 1).all(|at| block_order(n, t, at) == 1) {
        pointwise(n, t, (start, end), size)?;
        return Ok(false);
    }
    let mut middle = start + order / 2;
    if block_order(n, t, middle - 1) == 2 {
        middle += 1;
    }
    let first = halves(n, t, (start, middle), size)?;
    let second = halves(n, t, (middle, end), size)?;
    let (scale, perturbed) = trsyl_part(n, t, [start, middle, end], false);
    if scale != 1.0 {
        for column in t[middle * n..end * n].chunks_exact_mut(n) {
            for x in &mut column[start..middle] {
                *x = x.div_real(scale);
            }
        }
    }
    Ok(first || second || perturbed)
}

/// A block of two with complex eigenvalues: its root is a combination of it and the identity.
fn pair<T: LinalgScalar<Real = f64>>(n: usize, t: &mut [T], start: usize) {
    let [corner, below, above] = [
        start * n + start,
        start * n + start + 1,
        (start + 1) * n + start,
    ];
    let imaginary = modulus(t[below]).sqrt() * modulus(t[above]).sqrt();
    let real = wide(t[corner]).re;
    let root = principal_root(Complex64::new(real, imaginary));
    for at in [below, above] {
        t[at] = t[at].div_real(2.0 * root.re);
    }
    t[corner] = T::from_real(root.re);
    t[(start + 1) * n + start + 1] = T::from_real(root.re);
}

/// A triangular part, column by column.
fn pointwise<T: LinalgScalar<Real = f64>>(
    n: usize,
    t: &mut [T],
    (start, end): (usize, usize),
    size: f64,
) -> Result<(), Reason> {
    for j in start..end {
        let (known, column) = t.split_at_mut(j * n);
        column[j] = narrow(principal_root(wide(column[j])));
        for i in (start..j).rev() {
            let mut left = column[i];
            for k in i + 1..j {
                left -= known[k * n + i] * column[k];
            }
            let sum = known[i * n + i] + column[j];
            column[i] = if !sum.is_zero() {
                left / sum
            } else if modulus(left) <= n as f64 * f64::EPSILON * size {
                T::zero()
            } else {
                return Err(NO_ROOT);
            };
        }
    }
    Ok(())
}

/// The square root with a real part that is not negative; that of a negative number has a
/// positive imaginary part.
pub(crate) fn principal_root(x: Complex64) -> Complex64 {
    if x.im == 0.0 {
        return if x.re < 0.0 {
            Complex64::new(0.0, (-x.re).sqrt())
        } else {
            Complex64::new(x.re.sqrt(), 0.0)
        };
    }
    // A tenth of the time of polar coordinates. Of the two parts the larger one comes first.
    let larger = (0.5 * modulus(x) + 0.5 * x.re.abs()).sqrt();
    let smaller = 0.5 * (x.im.abs() / larger);
    if x.re < 0.0 {
        Complex64::new(smaller, larger.copysign(x.im))
    } else {
        Complex64::new(larger, smaller.copysign(x.im))
    }
}
