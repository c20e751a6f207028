//! Exponentials of one matrix, and their derivatives in a direction.
//!
//! Scaling and squaring (A. H. Al-Mohy and N. J. Higham, SIAM J. Matrix Anal. Appl. 31, 2009,
//! pp. 970-989): `e^A = (r(A / 2^s))^(2^s)`, with a Padé approximant `r`. Its degree and `s`
//! follow from norms of powers of `A`, which for a matrix far from normal are much smaller than
//! powers of its norm: scaled by the norm, it would be scaled too far. Where the Taylor polynomial
//! of degree 12 is exact enough it is taken instead: it needs no quotient. The diagonal of a
//! triangular matrix and the elements beside it are computed by their formulas instead.
//!
//! The derivative is carried through every step (Al-Mohy and Higham, SIAM J. Matrix Anal. Appl.
//! 30, 2009, pp. 1639-1657), with bounds for the degrees that hold for it, too.

use num_traits::Float as _;
use scirs2_core::Complex64;

use super::schur_form::{narrow, wide};
use super::square::{
    combine, divide_by_factors, is_diagonal, modulus, multiply, norm1, scale, triangle,
};
use crate::Error;
use crate::base::error::Reason;
use crate::base::layout::{is_finite, transpose_in_place};
use crate::base::memory::{reserved, zeros};
use crate::base::structure::Triangle;
use crate::elements::scalar::LinalgScalar;
use crate::lapack::{self, blas};

/// A Padé approximant: its degree, the coefficients of its numerator, and the largest norm for
/// which it is exact to working precision, for the exponential and for its derivative.
struct Pade {
    degree: usize,
    coefficients: &'static [f64],
    most: f64,
    most_with_tangent: f64,
}

const DOUBLE: &[Pade] = &[
    Pade {
        degree: 3,
        coefficients: &[120.0, 60.0, 12.0, 1.0],
        most: 1.495_585_217_958_292e-2,
        most_with_tangent: 1.08e-2,
    },
    Pade {
        degree: 5,
        coefficients: &[30_240.0, 15_120.0, 3_360.0, 420.0, 30.0, 1.0],
        most: 2.539_398_330_063_23e-1,
        most_with_tangent: 2.00e-1,
    },
    Pade {
        degree: 7,
        coefficients: &[
            17_297_280.0,
            8_648_640.0,
            1_995_840.0,
            277_200.0,
            25_200.0,
            1_512.0,
            56.0,
            1.0,
        ],
        most: 9.504_178_996_162_932e-1,
        most_with_tangent: 7.83e-1,
    },
    Pade {
        degree: 9,
        coefficients: &[
            17_643_225_600.0,
            8_821_612_800.0,
            2_075_673_600.0,
            302_702_400.0,
            30_270_240.0,
            2_162_160.0,
            110_880.0,
            3_960.0,
            90.0,
            1.0,
        ],
        most: 2.097_847_961_257_068,
        most_with_tangent: 1.78,
    },
    Pade {
        degree: 13,
        coefficients: &[
            64_764_752_532_480_000.0,
            32_382_376_266_240_000.0,
            7_771_770_303_897_600.0,
            1_187_353_796_428_800.0,
            129_060_195_264_000.0,
            10_559_470_521_600.0,
            670_442_572_800.0,
            33_522_128_640.0,
            1_323_241_920.0,
            40_840_800.0,
            960_960.0,
            16_380.0,
            182.0,
            1.0,
        ],
        most: 4.25,
        most_with_tangent: 4.25,
    },
];

/// The bounds of single precision, up to degree 7.
const SINGLE: [f64; 3] = [
    4.258_730_016_922_831e-1,
    1.880_152_677_804_762,
    3.925_724_783_138_66,
];

/// The norm up to which the Taylor polynomial of degree 12 is exact to working precision, in double
/// and in single precision.
const TAYLOR: [f64; 2] = [2.996_158_913_811_58e-1, 1.461_661_507_209_034];

/// The coefficients of the identity and of the powers 1, 2 and 3 in the factors and terms of that
/// polynomial, `q_1 + (q_2 + p) p` with `p = q_3 + q_4^2`.
const FACTORS: [[f64; 4]; 4] = [
    [
        0.0,
        0.469_321_175_954_187_9,
        -0.200_994_249_270_471_58,
        -0.046_239_461_340_630_846,
    ],
    [
        5.315_978_957_598_708,
        1.199_267_904_171_324_3,
        0.011_792_962_409_929_811,
        0.011_088_445_285_191_647,
    ],
    [
        0.181_888_699_821_704_66,
        0.055_027_984_399_307_93,
        0.093_515_907_705_362_7,
        0.006_107_005_288_983_418,
    ],
    [
        0.0,
        -0.131_810_610_138_301_84,
        -0.020_278_555_405_892_59,
        -0.006_759_518_468_630_864,
    ],
];

/// A matrix, and its derivative in a direction if there is one.
struct Jet<T> {
    value: Vec<T>,
    tangent: Vec<T>,
}

impl<T: LinalgScalar> Jet<T> {
    /// Memory, which [`take_memory`](Self::take_memory) takes: not every power is needed.
    fn new(n: usize, with_tangent: bool) -> Result<Self, Error> {
        Ok(Jet {
            value: reserved(n * n)?,
            tangent: reserved(if with_tangent { n * n } else { 0 })?,
        })
    }

    #[expect(clippy::disallowed_methods, reason = "the memory is there")]
    fn take_memory(&mut self, value: usize, tangent: usize) {
        self.value.resize(value, T::zero());
        self.tangent.resize(tangent, T::zero());
    }

    fn scale(&mut self, factor: f64) {
        scale(&mut self.value, factor);
        scale(&mut self.tangent, factor);
    }

    /// Replaces two of them by their sum and their difference.
    fn set_sum_and_difference(&mut self, other: &mut Self) {
        let parts = [
            (&mut self.value, &mut other.value),
            (&mut self.tangent, &mut other.tangent),
        ];
        for (first, second) in parts {
            for (x, y) in first.iter_mut().zip(second) {
                (*x, *y) = (*x + *y, *x - *y);
            }
        }
    }

    /// Replaces it by the product.
    fn set_product(&mut self, n: usize, a: &Self, b: &Self) {
        self.take_memory(a.value.len(), a.tangent.len());
        multiply(n, &a.value, &b.value, false, &mut self.value);
        if !self.tangent.is_empty() {
            multiply(n, &a.tangent, &b.value, false, &mut self.tangent);
            multiply(n, &a.value, &b.tangent, true, &mut self.tangent);
        }
    }

    /// Replaces it by `identity I + sum c_i A_i`.
    fn set_sum(&mut self, n: usize, identity: f64, terms: &[(f64, &Self)]) {
        let (_, first) = terms[0];
        self.take_memory(first.value.len(), first.tangent.len());
        let mut parts = [(0.0, &[][..]); 5];
        let parts = &mut parts[..terms.len()];
        for (part, (factor, jet)) in parts.iter_mut().zip(terms) {
            *part = (*factor, &jet.value[..]);
        }
        combine(n, identity, parts, &mut self.value);
        for (part, (factor, jet)) in parts.iter_mut().zip(terms) {
            *part = (*factor, &jet.tangent[..]);
        }
        if !self.tangent.is_empty() {
            combine(n, 0.0, parts, &mut self.tangent);
        }
    }
}

/// Computes exponentials of matrices of one order, in memory that is used again.
pub(crate) struct Exponential<T> {
    n: usize,
    /// The matrix, and its powers 2, 4, 6 and 8.
    powers: [Jet<T>; 5],
    /// The odd and the even part of the approximant, and their quotient.
    odd: Jet<T>,
    even: Jet<T>,
    result: Jet<T>,
    pivots: Vec<i32>,
    /// For bounds: the moduli of the matrix, and sums of columns of their powers.
    moduli: Vec<f64>,
    sums: [Vec<f64>; 2],
}

impl<T: LinalgScalar> Exponential<T> {
    /// For matrices of order `n`, with derivatives or without.
    pub(crate) fn new(n: usize, with_tangent: bool) -> Result<Self, Error> {
        lapack::init_single_threaded();
        let new = || Jet::new(n, with_tangent);
        Ok(Exponential {
            n,
            powers: [new()?, new()?, new()?, new()?, new()?],
            odd: new()?,
            even: new()?,
            result: new()?,
            pivots: zeros(n)?,
            moduli: reserved(n * n)?,
            sums: [zeros(n)?, zeros(n)?],
        })
    }

    /// Replaces a matrix by its exponential, and a direction, if there is memory for it, by the
    /// derivative in it; else `direction` is empty.
    pub(crate) fn run(&mut self, a: &mut [T], direction: &mut [T]) -> Result<(), Reason> {
        if !is_finite(a) || !is_finite(direction) {
            return Err(Reason::NotFinite);
        }
        let n = self.n;
        let shape = triangle(n, a);
        if direction.is_empty() && is_diagonal(n, a) {
            let diagonal = a.iter_mut().step_by(n + 1);
            diagonal.for_each(|x| *x = narrow(wide(*x).exp()));
            return Ok(());
        }
        // Of a lower triangle the transpose: elimination exchanges no rows of an upper one.
        let is_lower = shape == Some(Triangle::Lower);
        if is_lower {
            transpose_both(n, a, direction);
        }
        self.powers[0].take_memory(a.len(), direction.len());
        self.powers[0].value.copy_from_slice(a);
        // The derivative is linear in the direction, whose size need not be that of the matrix.
        let size = norm1(n, direction);
        let size = if size > 0.0 { size } else { 1.0 };
        scale(direction, 1.0 / size);
        self.powers[0].tangent.copy_from_slice(direction);
        let (pade, squarings) = self.choose();
        match pade {
            Some(pade) => self.approximate(pade)?,
            None => self.sum_series(),
        }
        for left in (0..=squarings).rev() {
            if left < squarings {
                let square = &mut self.odd;
                square.set_product(n, &self.result, &self.result);
                std::mem::swap(square, &mut self.result);
            }
            if shape.is_some() {
                set_diagonals(n, a, left, &mut self.result.value);
            }
        }
        a.copy_from_slice(&self.result.value);
        direction.copy_from_slice(&self.result.tangent);
        scale(direction, size);
        if is_lower {
            transpose_both(n, a, direction);
        }
        Ok(())
    }

    /// Chooses the approximant, scales the matrix, and computes those of its powers that are
    /// needed. Returns the approximant, or `None` for the Taylor polynomial, and how often the
    /// result must be squared.
    fn choose(&mut self) -> (Option<&'static Pade>, i32) {
        let n = self.n;
        let is_single = T::Real::epsilon().into() > 1e-10;
        let degrees = if is_single {
            &DOUBLE[..SINGLE.len()]
        } else {
            DOUBLE
        };
        let with_tangent = !self.powers[0].tangent.is_empty();
        let most = |at: usize| match (is_single, with_tangent) {
            (true, _) => SINGLE[at],
            (false, true) => DOUBLE[at].most_with_tangent,
            (false, false) => DOUBLE[at].most,
        };
        let last = degrees.len() - 1;
        let mut norm = norm1(n, &self.powers[0].value);
        // So that no term of the approximant overflows, although the scaling below may be
        // much less than by the norm.
        let largest = if is_single { 14 } else { 70 };
        let mut squarings = 0;
        if norm > 2.0_f64.powi(largest) {
            squarings = norm.log2() as i32 - largest;
            self.scale(squarings);
            norm *= 2.0_f64.powi(-squarings);
        }
        // A derivative needs the norm itself, unless it would be scaled by it.
        let by_norm = with_tangent && norm <= most(last - 1);
        let bounded = |size: f64| if by_norm { norm } else { size.min(norm) };
        // Up to a norm of one no term is larger than the identity, nor is its rounding error.
        let fits = |this: &mut Self, at: usize, size: f64| {
            let bound = most(at);
            size <= bound && (norm <= bound.max(1.0) || this.extra(degrees[at].degree) == 0)
        };
        // The roots of the norms of even powers: from above where the power is not at hand.
        self.set_power(1, 0, 0);
        let n2 = norm1(n, &self.powers[1].value);
        if fits(self, 0, bounded(n2.sqrt())) {
            return (Some(&degrees[0]), squarings);
        }
        // Four products, and no quotient. It needs the powers 2 and 3.
        let most_of_series = TAYLOR[usize::from(is_single)];
        if !with_tangent && norm <= 1.0 && n2.sqrt() <= most_of_series {
            self.set_power(2, 1, 0);
            if norm1(n, &self.powers[2].value).cbrt() <= most_of_series {
                return (None, squarings);
            }
        }
        self.set_power(2, 1, 1);
        let n4 = norm1(n, &self.powers[2].value);
        let d4 = bounded(n4.powf(1.0 / 4.0));
        if fits(self, 1, d4.max(bounded((n2 * n4).powf(1.0 / 6.0)))) {
            return (Some(&degrees[1]), squarings);
        }
        self.set_power(3, 2, 1);
        let n6 = norm1(n, &self.powers[3].value);
        let d6 = bounded(n6.powf(1.0 / 6.0));
        let d8 = d4.min(bounded(n2.powf(1.0 / 8.0) * n6.powf(1.0 / 8.0)));
        let d10 = bounded(n4.powf(1.0 / 10.0) * n6.powf(1.0 / 10.0));
        let first = d4.max(d6);
        let second = first.min(d6.max(d8));
        let third = second.min(d8.max(d10));
        for (at, pade) in degrees[..last].iter().enumerate() {
            if fits(self, at, if pade.degree < 7 { first } else { second }) {
                if pade.degree == 9 {
                    self.set_power(4, 2, 2);
                }
                return (Some(pade), squarings);
            }
        }
        let pade = &degrees[last];
        let size = if pade.degree < 13 { second } else { third };
        let more = ((size / most(last)).log2().ceil() as i32).max(0);
        self.scale(more);
        squarings += more;
        if norm * 2.0_f64.powi(-more) > most(last) {
            let extra = self.extra(pade.degree);
            self.scale(extra);
            squarings += extra;
        }
        (Some(pade), squarings)
    }

    /// One power as the product of two others.
    fn set_power(&mut self, power: usize, first: usize, second: usize) {
        let (known, new) = self.powers.split_at_mut(power);
        new[0].set_product(self.n, &known[first], &known[second]);
    }

    /// Divides the matrix by a power of two, and its powers accordingly.
    fn scale(&mut self, by: i32) {
        if by != 0 {
            for (jet, power) in self.powers[..4].iter_mut().zip([1, 2, 4, 6]) {
                jet.scale(2.0_f64.powi(-by * power));
            }
        }
    }

    /// How often the matrix must be halved further, so that the first term that the approximant
    /// misses is small enough for a matrix far from normal, too.
    fn extra(&mut self, degree: usize) -> i32 {
        let n = self.n;
        let [sums, next] = &mut self.sums;
        self.moduli.clear();
        let elements = self.powers[0].value.iter();
        self.moduli.extend(elements.map(|&x| modulus(x)));
        let order = degree as f64;
        // The reciprocal of `binomial(2 m, m) (2 m + 1)!`.
        let mut missed = 0.0;
        for k in 1..=degree {
            missed -= ((degree + k) as f64 / k as f64).log2();
        }
        for k in 2..=2 * degree + 1 {
            missed -= (k as f64).log2();
        }
        let unit = (T::Real::epsilon().into() / 2.0).log2();
        sums.fill(1.0);
        // The norms of `|A|` and of its power `k`, as logarithms: they may overflow.
        let (mut norm, mut logarithm) = (0.0, 0.0);
        let last = 2 * degree + 1;
        for k in 1..=last {
            for (next, column) in next.iter_mut().zip(self.moduli.chunks_exact(n)) {
                *next = blas::dot(column.into(), sums[..].into(), false);
            }
            let largest = next.iter().fold(0.0, |most: f64, &x| most.max(x));
            if largest == 0.0 {
                return 0;
            }
            logarithm += largest.log2();
            if k == 1 {
                norm = logarithm;
            }
            // A bound of the norm of the last power by those of power `k` and of the first.
            let bound = logarithm * (last / k) as f64 + norm * (last % k) as f64;
            if missed + bound - norm - unit <= 0.0 {
                return 0;
            }
            for (sum, next) in sums.iter_mut().zip(&*next) {
                *sum = next / largest;
            }
        }
        let excess = missed + logarithm - norm - unit;
        ((excess / (2.0 * order)).ceil() as i32).max(0)
    }

    /// The Taylor polynomial of degree 12 (P. Bader, S. Blanes and F. Casas, Mathematics 7, 2019,
    /// article 1174).
    fn sum_series(&mut self) {
        let n = self.n;
        let [a, a2, a3, ..] = &self.powers;
        let (sum, factor, power) = (&mut self.result, &mut self.odd, &mut self.even);
        let terms = |[_, first, second, third]: [f64; 4]| [(first, a), (second, a2), (third, a3)];
        sum.set_sum(n, FACTORS[0][0], &terms(FACTORS[0]));
        power.set_sum(n, FACTORS[2][0], &terms(FACTORS[2]));
        factor.set_sum(n, FACTORS[3][0], &terms(FACTORS[3]));
        multiply(n, &factor.value, &factor.value, true, &mut power.value);
        let [second, third, fourth] = terms(FACTORS[1]);
        factor.set_sum(n, FACTORS[1][0], &[second, third, fourth, (1.0, power)]);
        multiply(n, &factor.value, &power.value, true, &mut sum.value);
    }

    /// The approximant of the scaled matrix.
    fn approximate(&mut self, pade: &Pade) -> Result<(), Reason> {
        let (n, b) = (self.n, pade.coefficients);
        let [a, a2, a4, a6, a8] = &self.powers;
        let (odd, even, sum) = (&mut self.odd, &mut self.even, &mut self.result);
        if pade.degree == 13 {
            sum.set_sum(n, 0.0, &[(b[9], a2), (b[11], a4), (b[13], a6)]);
            even.set_product(n, a6, sum);
            odd.set_sum(n, b[1], &[(b[3], a2), (b[5], a4), (b[7], a6), (1.0, even)]);
            sum.set_product(n, a, odd);
            std::mem::swap(odd, sum);
            sum.set_sum(n, 0.0, &[(b[8], a2), (b[10], a4), (b[12], a6)]);
            even.set_product(n, a6, sum);
            sum.set_sum(n, b[0], &[(b[2], a2), (b[4], a4), (b[6], a6), (1.0, even)]);
            std::mem::swap(even, sum);
        } else {
            let powers = [a2, a4, a6, a8];
            let half = pade.degree / 2;
            let mut terms = [(0.0, a2); 4];
            for (at, term) in terms[..half].iter_mut().enumerate() {
                *term = (b[2 * at + 3], powers[at]);
            }
            sum.set_sum(n, b[1], &terms[..half]);
            odd.set_product(n, a, sum);
            for (at, term) in terms[..half].iter_mut().enumerate() {
                *term = (b[2 * at + 2], powers[at]);
            }
            sum.set_sum(n, b[0], &terms[..half]);
            std::mem::swap(even, sum);
        }
        // The quotient of their sum and their difference.
        even.set_sum_and_difference(odd);
        let (scratch, denominator, result) = (sum, odd, even);
        lapack::getrf(n, &mut denominator.value, &mut self.pivots)
            .map_err(|pivot| Reason::Singular { pivot })?;
        divide_by_factors(n, &mut result.value, &denominator.value, &self.pivots);
        if !result.tangent.is_empty() {
            // (X Q)' = P', so that X' = (P' - X Q') / Q.
            scratch.take_memory(n * n, 0);
            multiply(
                n,
                &result.value,
                &denominator.tangent,
                false,
                &mut scratch.value,
            );
            for (to, &x) in result.tangent.iter_mut().zip(&scratch.value) {
                *to -= x;
            }
            divide_by_factors(n, &mut result.tangent, &denominator.value, &self.pivots);
        }
        std::mem::swap(scratch, result);
        Ok(())
    }
}

/// Transposes a matrix, and its direction, which may be empty.
fn transpose_both<T: Copy>(n: usize, a: &mut [T], direction: &mut [T]) {
    transpose_in_place(n, a);
    if !direction.is_empty() {
        transpose_in_place(n, direction);
    }
}

/// Writes the diagonal of the exponential of an upper triangle over `2^left`, and the elements
/// above it.
fn set_diagonals<T: LinalgScalar>(n: usize, a: &[T], left: i32, to: &mut [T]) {
    let factor = 2.0_f64.powi(-left);
    let value = |at: usize| wide(a[at]) * factor;
    for i in 0..n {
        let x = value(i * n + i);
        to[i * n + i] = narrow(x.exp());
        if i + 1 < n {
            let above = (i + 1) * n + i;
            to[above] = narrow(value(above) * divided_difference(x, value(above + 1)));
        }
    }
}

/// `(e^x - e^y) / (x - y)`, and its limit where they are equal.
fn divided_difference(x: Complex64, y: Complex64) -> Complex64 {
    let half = (x - y) / 2.0;
    if half.re.abs() > 1.0 {
        return (x.exp() - y.exp()) / (x - y);
    }
    let quotient = if half.norm() < 1e-8 {
        Complex64::new(1.0, 0.0)
    } else {
        half.sinh() / half
    };
    ((x + y) / 2.0).exp() * quotient
}
