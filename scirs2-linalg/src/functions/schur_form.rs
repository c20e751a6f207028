//! The Schur form of one matrix, and what is built on it.

use ndarray::ArrayView2;
use num_traits::Zero as _;
use scirs2_core::{Complex64, Scalar};

use super::square::{divide, divide_by_upper};
use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{is_finite, transpose_in_place};
use crate::base::memory::zeros;
use crate::base::scale::rounded;
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::REAL_ONLY;
use crate::kernels::small::eigen::Eigen;
use crate::lapack::Gees;
use crate::spectral::double::to_double;

/// The Schur form `A = Z T Z^H` of matrices of one order, in double precision and in Fortran
/// order, in memory that is used again.
pub(crate) struct SchurForm<T: LinalgScalar> {
    n: usize,
    small: Option<Eigen>,
    gees: Option<Gees<T>>,
    /// `T`: upper triangular, if it is complex; else with blocks of order two on the diagonal,
    /// one for each pair of complex eigenvalues.
    pub(crate) t: Vec<T>,
    /// `Z`, which is unitary.
    pub(crate) z: Vec<T>,
}

impl<T: LinalgScalar<Real = f64>> SchurForm<T> {
    /// For matrices of order `n`, which is at least one.
    pub(crate) fn new(n: usize) -> Result<Self, Error> {
        let plan = Plan::of::<T>(Problem::Schur, Sizes::new(n, n, 1));
        Ok(SchurForm {
            n,
            small: plan.small.then(|| Eigen::new(n, true)),
            gees: (!plan.small).then(|| Gees::new(n)).transpose()?,
            t: zeros(n * n)?,
            z: zeros(n * n)?,
        })
    }

    /// Decomposes a matrix: by the kernel, or by LAPACK where that is not for it.
    pub(crate) fn decompose<S>(&mut self, a: ArrayView2<'_, S>) -> Result<(), Reason>
    where
        S: LinalgScalar<Double = T>,
    {
        let n = self.n;
        to_double(a.t(), &mut self.t);
        if !is_finite(&self.t) {
            return Err(Reason::NotFinite);
        }
        if let Some(small) = &mut self.small {
            to_double(a, &mut self.z);
            if small.schur(T::as_real(&self.z).expect(REAL_ONLY)) {
                let (form, factor) = small.form_and_factor();
                T::as_real_mut(&mut self.t)
                    .expect(REAL_ONLY)
                    .copy_from_slice(form);
                T::as_real_mut(&mut self.z)
                    .expect(REAL_ONLY)
                    .copy_from_slice(factor);
                transpose_in_place(n, &mut self.t);
                return Ok(());
            }
        }
        let gees = match &mut self.gees {
            Some(gees) => gees,
            None => {
                let new = Gees::new(n).map_err(|_| Reason::Memory {
                    count: 66 * n,
                    itemsize: size_of::<T>(),
                })?;
                self.gees.insert(new)
            }
        };
        gees.solve(&mut self.t, &mut self.z)
    }

    /// Whether a real matrix has a real eigenvalue below zero.
    pub(crate) fn has_negative(&self) -> bool {
        !T::IS_COMPLEX
            && eigenvalues(self.n, &self.t).any(|value| value.im == 0.0 && value.re < 0.0)
    }
}

/// The order of the block on the diagonal of a Schur form that begins at `start`.
pub(crate) fn block_order<T: Scalar>(n: usize, t: &[T], start: usize) -> usize {
    if start + 1 < n && !t[start * n + start + 1].is_zero() {
        2
    } else {
        1
    }
}

/// The eigenvalues on the diagonal of a Schur form, of a pair the one with the positive imaginary
/// part first.
pub(crate) fn eigenvalues<T: Scalar<Real: Into<f64>>>(
    n: usize,
    t: &[T],
) -> impl Iterator<Item = Complex64> {
    let mut second = None;
    (0..n).map(move |at| {
        if let Some(value) = second.take() {
            return value;
        }
        let value = wide(t[at * n + at]);
        if block_order(n, t, at) == 1 {
            return value;
        }
        let [above, below] = [(at + 1) * n + at, at * n + at + 1].map(|at| wide(t[at]).re);
        let imaginary = above.abs().sqrt() * below.abs().sqrt();
        second = Some(Complex64::new(value.re, -imaginary));
        Complex64::new(value.re, imaginary)
    })
}

/// Orders up to which a quotient of forms costs less than calls of LAPACK.
const SMALL_QUOTIENT: usize = 24;

/// `p u^-1` in place of `p`, for two Schur forms with their blocks at the same places. `u`, which
/// is regular, may become its factors.
pub(crate) fn divide_forms<T: LinalgScalar<Real = f64>>(
    n: usize,
    p: &mut [T],
    u: &mut [T],
    pivots: &mut [i32],
) -> Result<(), Reason> {
    if n > SMALL_QUOTIENT {
        if (0..n).any(|at| block_order(n, u, at) == 2) {
            return divide(n, p, u, pivots);
        }
        divide_by_upper(n, p, u);
        return Ok(());
    }
    let mut first = 0;
    while first < n {
        let order = block_order(n, u, first);
        let end = first + order;
        let (known, rest) = p.split_at_mut(first * n);
        let divisors = &u[first * n..end * n];
        for (column, divisor) in rest.chunks_exact_mut(n).zip(divisors.chunks_exact(n)) {
            for (quotient, &factor) in known.chunks_exact(n).zip(divisor) {
                for (to, &x) in column[..end].iter_mut().zip(quotient) {
                    *to -= factor * x;
                }
            }
        }
        let (left, right) = rest.split_at_mut(n);
        let [corner, below] = [divisors[first], divisors[end - 1]];
        if order == 1 {
            left[..end].iter_mut().for_each(|x| *x /= corner);
        } else {
            let [above, last] = [divisors[n + first], divisors[n + first + 1]];
            let determinant = corner * last - above * below;
            for (x, y) in left[..end].iter_mut().zip(right) {
                (*x, *y) = (
                    (*x * last - *y * below) / determinant,
                    (*y * corner - *x * above) / determinant,
                );
            }
        }
        first = end;
    }
    Ok(())
}

/// A number in double precision.
pub(crate) fn wide<T: Scalar<Real: Into<f64>>>(x: T) -> Complex64 {
    let [re, im] = x.parts().map(Into::into);
    Complex64::new(re, im)
}

/// The number in the precision of the matrix; of a real one the real part.
pub(crate) fn narrow<T: LinalgScalar>(x: Complex64) -> T {
    T::from_parts([x.re, x.im].map(rounded))
}

/// Makes a Schur form triangular, whose blocks of order two have complex eigenvalues: by a
/// rotation of it and of its factor for each of them.
pub(crate) fn triangular(n: usize, t: &mut [Complex64], z: &mut [Complex64]) {
    for last in (1..n).rev() {
        let first = last - 1;
        let below = t[first * n + last];
        if below.is_zero() {
            continue;
        }
        let (a, d) = (t[first * n + first], t[last * n + last]);
        let above = t[last * n + first];
        // The first column of the rotation is an eigenvector.
        let size = above.norm().max(below.norm()).max((a - d).norm());
        let half = (a - d) / (2.0 * size);
        let root = (half * half + (above / size) * (below / size)).sqrt();
        let value = (half + root) * size;
        let length = value.norm().hypot(below.norm());
        let (cosine, sine) = (value / length, below / length);
        for column in t[(last + 1) * n..].chunks_exact_mut(n) {
            let (x, y) = (column[first], column[last]);
            column[first] = cosine.conj() * x + sine.conj() * y;
            column[last] = cosine * y - sine * x;
        }
        for (matrix, rows) in [(&mut *t, first), (&mut *z, n)] {
            let (left, right) = matrix[first * n..].split_at_mut(n);
            for (x, y) in left[..rows].iter_mut().zip(right) {
                (*x, *y) = (
                    *x * cosine + *y * sine,
                    *y * cosine.conj() - *x * sine.conj(),
                );
            }
        }
        // The block without the mean of its eigenvalues: rounded to that, what is left above
        // the diagonal would lose its digits if the two are close.
        let (middle, half, root) = ((a + d) / 2.0, half * size, root * size);
        let [x, y] =
            [(half, below), (above, -half)].map(|(x, y)| cosine.conj() * x + sine.conj() * y);
        t[last * n + first] = y * cosine.conj() - x * sine.conj();
        t[first * n + first] = middle + root;
        t[last * n + last] = middle - root;
        t[first * n + last] = Complex64::zero();
    }
}
