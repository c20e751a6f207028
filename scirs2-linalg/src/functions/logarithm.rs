//! Logarithms and powers of one Schur form, real or complex.
//!
//! Square roots bring the matrix near the identity, where a Padé approximant is exact to working
//! precision; its result is multiplied, or squared, accordingly (A. H. Al-Mohy and N. J. Higham,
//! SIAM J. Sci. Comput. 34, 2012, pp. C153-C169; N. J. Higham and L. Lin, SIAM J. Matrix Anal.
//! Appl. 32, 2011, pp. 1056-1078). The diagonal and the elements beside it are computed by
//! formulas that lose no digits, at every step.

use std::f64::consts::PI;

use num_traits::{One as _, Zero as _};
use scirs2_core::Complex64;

use super::roots::{principal_root, square_root};
use super::schur_form::{block_order, divide_forms, eigenvalues, narrow, wide};
use super::spectral_function::Workspace;
use super::square::{add_identity, combine, is_diagonal, modulus, multiply, norm1, scale};
use crate::base::error::Reason;
use crate::elements::scalar::LinalgScalar;

/// The distances from the identity up to which the approximants of the degrees 1 to 7 are exact
/// to working precision.
const NEAR: [f64; 7] = [
    1.59e-5, 2.31e-3, 1.94e-2, 6.21e-2, 1.28e-1, 2.06e-1, 2.88e-1,
];

/// The nodes of Gauss and Legendre on (0, 1) and their weights, for the degrees 1 to 7: those up
/// to the middle.
const RULES: [&[[f64; 2]]; 7] = [
    &[[0.5, 1.0]],
    &[[0.211_324_865_405_187_1, 0.5]],
    &[
        [0.112_701_665_379_258_3, 0.277_777_777_777_777_8],
        [0.5, 0.444_444_444_444_444_4],
    ],
    &[
        [0.069_431_844_202_973_71, 0.173_927_422_568_726_9],
        [0.330_009_478_207_571_87, 0.326_072_577_431_273_1],
    ],
    &[
        [0.046_910_077_030_668_0, 0.118_463_442_528_094_54],
        [0.230_765_344_947_158_45, 0.239_314_335_249_683_23],
        [0.5, 0.284_444_444_444_444_44],
    ],
    &[
        [0.033_765_242_898_423_99, 0.085_662_246_189_585_17],
        [0.169_395_306_766_867_74, 0.180_380_786_524_069_3],
        [0.380_690_406_958_401_55, 0.233_956_967_286_345_52],
    ],
    &[
        [0.025_446_043_828_620_74, 0.064_742_483_084_434_85],
        [0.129_234_407_200_302_78, 0.139_852_695_744_638_33],
        [0.297_077_424_311_301_4, 0.190_915_025_252_559_47],
        [0.5, 0.208_979_591_836_734_7],
    ],
];

/// The error for a singular matrix.
pub(crate) const NO_LOGARITHM: Reason = Reason::Undefined {
    function: "logarithm",
    why: "it is singular",
};

/// The principal logarithm of a Schur form, in its place. A real form must not have a negative
/// eigenvalue.
pub(crate) fn logarithm<T: LinalgScalar<Real = f64>>(
    workspace: &mut Workspace<T>,
    n: usize,
    t: &mut [T],
) -> Result<(), Reason> {
    if eigenvalues(n, t).any(|value| value.is_zero()) {
        return Err(NO_LOGARITHM);
    }
    if is_diagonal(n, t) {
        let diagonal = t.iter_mut().step_by(n + 1);
        diagonal.for_each(|x| *x = narrow(principal_log(wide(*x))));
        return Ok(());
    }
    workspace.reserve(n, 6)?;
    let (roots, degree) = near_identity(workspace, n, t)?;
    let [near, shifted, term, sum, ..] = &mut workspace.matrices;
    // The integral of `R (I + x R)^-1` over x from 0 to 1.
    sum.fill(T::zero());
    for ([node, weight], is_middle) in nodes(degree) {
        for node in [node, 1.0 - node]
            .into_iter()
            .take(if is_middle { 1 } else { 2 })
        {
            combine(n, 1.0, &[(node, &near[..])], shifted);
            term.copy_from_slice(near);
            divide_forms(n, term, shifted, &mut workspace.pivots)?;
            let weight = T::from_real(weight);
            for (sum, &x) in sum.iter_mut().zip(&*term) {
                *sum += weight * x;
            }
        }
    }
    scale(sum, 2.0_f64.powi(roots));
    let values = &workspace.values;
    for i in 0..n {
        values.set_block(n, t, i, sum, |i| values.logarithms[i]);
        values.set_above(n, t, i, sum, |i| values.difference(i));
    }
    t.copy_from_slice(sum);
    Ok(())
}

/// The principal power of a Schur form, in its place: a whole one times one with an exponent
/// between -1 and 1, of the same sign. A real form must not have a negative eigenvalue.
pub(crate) fn power<T: LinalgScalar<Real = f64>>(
    workspace: &mut Workspace<T>,
    n: usize,
    t: &mut [T],
    exponent: f64,
) -> Result<(), Reason> {
    let (whole, rest) = (exponent.trunc(), exponent.fract());
    if exponent < 0.0 && eigenvalues(n, t).any(|value| value.is_zero()) {
        return Err(NO_POWER);
    }
    if is_diagonal(n, t) {
        let diagonal = t.iter_mut().step_by(n + 1);
        diagonal.for_each(|x| *x = narrow(principal_power(wide(*x), exponent)));
        return Ok(());
    }
    workspace.reserve(n, 6)?;
    let mut fraction = crate::base::memory::zeros(n * n).map_err(|_| Reason::Memory {
        count: n * n,
        itemsize: size_of::<T>(),
    })?;
    let has_rest = rest != 0.0;
    if has_rest {
        fraction.copy_from_slice(t);
        fractional_power(workspace, n, &mut fraction, rest)?;
    } else {
        add_identity(n, 1.0, &mut fraction);
    }
    let [base, product, inverse, ..] = &mut workspace.matrices;
    base.copy_from_slice(t);
    if whole < 0.0 {
        inverse.fill(T::zero());
        add_identity(n, 1.0, inverse);
        divide_forms(n, inverse, base, &mut workspace.pivots)?;
        std::mem::swap(base, inverse);
    }
    let mut left = whole.abs();
    while left > 0.0 {
        if left % 2.0 == 1.0 {
            multiply(n, &fraction, base, false, product);
            fraction.copy_from_slice(product);
        }
        left = (left / 2.0).floor();
        if left > 0.0 {
            multiply(n, base, base, false, product);
            std::mem::swap(base, product);
        }
    }
    let values = &mut workspace.values;
    values.set_eigenvalues(n, t);
    for i in 0..n {
        values.set_block(n, t, i, &mut fraction, |i| {
            principal_power(values.eigenvalues[i], exponent)
        });
    }
    t.copy_from_slice(&fraction);
    Ok(())
}

/// The error for a singular matrix and a negative exponent.
pub(crate) const NO_POWER: Reason = Reason::Undefined {
    function: "such power",
    why: "it is singular, and the exponent is not a positive whole number",
};

/// The power with an exponent between -1 and 1, in place of `t`.
fn fractional_power<T: LinalgScalar<Real = f64>>(
    workspace: &mut Workspace<T>,
    n: usize,
    t: &mut [T],
    exponent: f64,
) -> Result<(), Reason> {
    if eigenvalues(n, t).any(|value| value.is_zero()) {
        return Err(NO_POWER);
    }
    let (roots, degree) = near_identity(workspace, n, t)?;
    let [near, shifted, term, ..] = &mut workspace.matrices;
    // The continued fraction of `(1 - x)^p`, at `x = -R`, from its end.
    let coefficient = |at: usize| {
        let half = (at / 2) as f64;
        match at {
            1 => -exponent,
            at if at.is_multiple_of(2) => (exponent - half) / (2.0 * (2.0 * half - 1.0)),
            _ => (-half - exponent) / (2.0 * (2.0 * half + 1.0)),
        }
    };
    term.copy_from_slice(near);
    scale(term, -coefficient(2 * degree));
    for at in (1..2 * degree).rev() {
        combine(n, 1.0, &[(1.0, &term[..])], shifted);
        term.copy_from_slice(near);
        scale(term, -coefficient(at));
        divide_forms(n, term, shifted, &mut workspace.pivots)?;
    }
    add_identity(n, 1.0, term);
    let (mut power, mut square) = (term, shifted);
    let values = &workspace.values;
    for left in (0..=roots).rev() {
        if left < roots {
            multiply(n, power, power, false, square);
            std::mem::swap(&mut power, &mut square);
        }
        let exponent = exponent * 2.0_f64.powi(-left);
        for i in 0..n {
            values.set_block(n, t, i, power, |i| {
                principal_power(values.eigenvalues[i], exponent)
            });
            values.set_above(n, t, i, power, |i| values.power_difference(i, exponent));
        }
    }
    t.copy_from_slice(power);
    Ok(())
}

/// Computes `R = T^(1/2^s) - I`, near enough to zero for an approximant; returns `s` and its
/// degree. `R` is the first matrix of the workspace.
fn near_identity<T: LinalgScalar<Real = f64>>(
    workspace: &mut Workspace<T>,
    n: usize,
    t: &[T],
) -> Result<(i32, usize), Reason> {
    let values = &mut workspace.values;
    values.set(n, t);
    let [near, root, second, third, fourth, scratch] = &mut workspace.matrices;
    root.copy_from_slice(t);
    let farthest = |root: &[T]| {
        let distances = eigenvalues(n, root).map(|x| modulus(x - 1.0));
        distances.fold(0.0, f64::max)
    };
    let mut roots = 0;
    let mut more = |root: &mut Vec<T>, roots: &mut i32| {
        square_root(n, root, scratch)?;
        *roots += 1;
        Ok::<_, Reason>(())
    };
    while farthest(root) > NEAR[6] && roots < 100 {
        more(root, &mut roots)?;
    }
    loop {
        near.copy_from_slice(root);
        add_identity(n, -1.0, near);
        multiply(n, near, near, false, second);
        multiply(n, second, near, false, third);
        multiply(n, second, second, false, fourth);
        let [n2, n3, n4] = [&*second, &*third, &*fourth].map(|power| norm1(n, power));
        let (d2, d3, d4) = (n2.sqrt(), n3.cbrt(), n4.sqrt().sqrt());
        let first = d2.max(d3);
        let size = first.min(d3.max(d4));
        // The degrees 1 and 2 need the norms of the lower powers.
        let fits = |at: &usize| (if *at < 2 { first } else { size }) <= NEAR[*at];
        if let Some(at) = (0..NEAR.len()).find(fits) {
            let exponent = 2.0_f64.powi(-roots);
            for i in 0..n {
                values.set_block(n, t, i, near, |i| {
                    root_less_one(values.eigenvalues[i], roots)
                });
                values.set_above(n, t, i, near, |i| values.power_difference(i, exponent));
            }
            return Ok((roots, at + 1));
        }
        if roots >= 100 {
            return Err(Reason::NoConvergence {
                routine: "square root",
            });
        }
        more(root, &mut roots)?;
    }
}

/// The nodes of a degree and their weights up to the middle, and whether they are in the middle.
fn nodes(degree: usize) -> impl Iterator<Item = ([f64; 2], bool)> {
    let rule = RULES[degree - 1];
    rule.iter()
        .map(|&[node, weight]| ([node, weight], node == 0.5))
}

/// `x^(1/2^s) - 1` without cancellation (A. H. Al-Mohy, Numer. Algorithms 59, 2012).
fn root_less_one(x: Complex64, roots: i32) -> Complex64 {
    if roots == 0 {
        return x - 1.0;
    }
    let (mut x, mut roots) = (x, roots);
    if x.re <= 0.0 {
        x = principal_root(x);
        roots -= 1;
    }
    let distance = x - 1.0;
    let mut product = Complex64::one();
    for _ in 0..roots {
        x = principal_root(x);
        product *= x + 1.0;
    }
    distance.fdiv(product)
}

/// The principal logarithm; that of a negative number has the imaginary part pi.
pub(crate) fn principal_log(x: Complex64) -> Complex64 {
    if x.im == 0.0 {
        let imaginary = if x.re < 0.0 { PI } else { 0.0 };
        return Complex64::new(x.re.abs().ln(), imaginary);
    }
    // Near the unit circle the logarithm of the modulus would lose digits.
    let square = (x.re - 1.0) * (x.re + 1.0) + x.im * x.im;
    let real = if square.abs() < 0.5 {
        0.5 * square.ln_1p()
    } else {
        x.norm().ln()
    };
    Complex64::new(real, x.arg())
}

/// The principal power; zero to a positive power is zero.
pub(crate) fn principal_power(x: Complex64, exponent: f64) -> Complex64 {
    if x.is_zero() {
        let power = if exponent == 0.0 { 1.0 } else { 0.0 };
        return Complex64::new(power, 0.0);
    }
    if x.im == 0.0 && x.re > 0.0 {
        return Complex64::new(x.re.powf(exponent), 0.0);
    }
    if exponent.fract() == 0.0 && exponent.abs() < 1e9 {
        return x.powi(exponent as i32);
    }
    let logarithm = principal_log(x);
    Complex64::from_polar(x.norm().powf(exponent), logarithm.im * exponent)
}

/// How often an argument must be turned back by 2 pi into (-pi, pi].
fn turns(logarithm: Complex64) -> f64 {
    ((logarithm.im - PI) / (2.0 * PI)).ceil()
}

/// Whether neither of the eigenvalues `i` and `i + 1` belongs to a pair.
fn are_single<T: LinalgScalar>(n: usize, t: &[T], i: usize) -> bool {
    (i.saturating_sub(1)..=i + 1).all(|at| block_order(n, t, at) == 1)
}

/// The eigenvalues of a Schur form and their logarithms, and what the elements beside the
/// diagonal need.
#[derive(Default)]
pub(crate) struct Values {
    eigenvalues: Vec<Complex64>,
    logarithms: Vec<Complex64>,
    /// Of two eigenvalues that follow each other half the difference of the logarithms, without
    /// cancellation, if they are close and in no pair.
    halves: Vec<Option<Complex64>>,
}

impl Values {
    fn set_eigenvalues<T: LinalgScalar<Real = f64>>(&mut self, n: usize, t: &[T]) {
        self.eigenvalues.clear();
        self.eigenvalues.extend(eigenvalues(n, t));
    }

    fn set<T: LinalgScalar<Real = f64>>(&mut self, n: usize, t: &[T]) {
        self.set_eigenvalues(n, t);
        self.logarithms.clear();
        let values = self.eigenvalues.iter();
        self.logarithms.extend(values.map(|&x| principal_log(x)));
        self.halves.clear();
        let neighbours = self.eigenvalues.windows(2).zip(self.logarithms.windows(2));
        for (i, (values, logarithms)) in neighbours.enumerate() {
            let (difference, sum) = (values[1] - values[0], values[1] + values[0]);
            let is_close = are_single(n, t, i) && modulus(difference) <= 0.5 * modulus(sum);
            self.halves.push(is_close.then(|| {
                let turn = turns(logarithms[1] - logarithms[0]);
                inverse_tanh(difference.fdiv(sum)) + Complex64::new(0.0, PI * turn)
            }));
        }
    }

    /// Writes the function of the block that begins at `i`, if one does: a function of a pair of
    /// eigenvalues is a combination of their block and the identity.
    fn set_block<T: LinalgScalar<Real = f64>>(
        &self,
        n: usize,
        t: &[T],
        i: usize,
        to: &mut [T],
        value: impl Fn(usize) -> Complex64,
    ) {
        if i > 0 && block_order(n, t, i - 1) == 2 {
            return;
        }
        if block_order(n, t, i) == 1 {
            to[i * n + i] = narrow(value(i));
            return;
        }
        let value = value(i);
        let (below, above) = (i * n + i + 1, (i + 1) * n + i);
        for at in [i * n + i, above + 1] {
            to[at] = T::from_real(value.re);
        }
        for at in [below, above] {
            to[at] = t[at] * T::from_real(value.im / self.eigenvalues[i].im);
        }
    }

    /// Writes the element above the diagonal between two blocks of order one, that of `t` times a
    /// divided difference.
    fn set_above<T: LinalgScalar<Real = f64>>(
        &self,
        n: usize,
        t: &[T],
        i: usize,
        to: &mut [T],
        difference: impl Fn(usize) -> Complex64,
    ) {
        if i + 1 < n && are_single(n, t, i) {
            let above = (i + 1) * n + i;
            to[above] = t[above] * narrow(difference(i));
        }
    }

    /// `(log y - log x) / (y - x)` of the eigenvalues `i` and `i + 1`, and its limit.
    fn difference(&self, i: usize) -> Complex64 {
        let (x, y) = (self.eigenvalues[i], self.eigenvalues[i + 1]);
        if x == y {
            return x.finv();
        }
        let difference = match self.halves[i] {
            Some(half) => 2.0 * half,
            None => self.logarithms[i + 1] - self.logarithms[i],
        };
        difference.fdiv(y - x)
    }

    /// `(y^p - x^p) / (y - x)` of the same, and its limit.
    fn power_difference(&self, i: usize, exponent: f64) -> Complex64 {
        let (x, y) = (self.eigenvalues[i], self.eigenvalues[i + 1]);
        if x == y {
            return exponent * principal_power(x, exponent - 1.0);
        }
        let difference = match self.halves[i] {
            Some(half) => {
                let middle = (self.logarithms[i] + self.logarithms[i + 1]) * (0.5 * exponent);
                if middle.im == 0.0 && half.im == 0.0 {
                    Complex64::from(middle.re.exp() * 2.0 * (half.re * exponent).sinh())
                } else {
                    middle.exp() * 2.0 * (half * exponent).sinh()
                }
            }
            None => principal_power(y, exponent) - principal_power(x, exponent),
        };
        difference.fdiv(y - x)
    }
}

/// `atanh`, accurate near zero.
fn inverse_tanh(x: Complex64) -> Complex64 {
    if x.norm() < 1e-4 {
        let square = x * x;
        return x * (1.0 + square * (1.0 / 3.0 + square / 5.0));
    }
    (principal_log(x + 1.0) - principal_log(1.0 - x)) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_integrate_polynomials() {
        for degree in 1..=7 {
            for power in 0..2 * degree {
                let mut sum = 0.0;
                for ([node, weight], is_middle) in nodes(degree) {
                    sum += weight * node.powi(power as i32);
                    if !is_middle {
                        sum += weight * (1.0 - node).powi(power as i32);
                    }
                }
                let expected = 1.0 / (power + 1) as f64;
                assert!((sum - expected).abs() < 1e-15, "{degree} {power}: {sum}");
            }
        }
    }
}
