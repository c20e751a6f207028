//! Least squares with at least as many equations as unknowns: `R` by reflections, and its
//! singular values by rotations.

use super::jacobi::{orthogonalize, range, sorted};
use super::reflections::Reflections;
use super::{alone, dispatched, leave, load, store, stride};
use crate::simd::vector::{Isa, Vector};

dispatched! {
    /// Solutions of problems of the shape `m`, `n` and number of right-hand sides; the
    /// residual sums of squares, if `m` is greater than `n`; and the singular
    /// values, the largest first. Returns which problems are left: those
    /// whose smallest singular value is not beyond `rcond` times the largest.
    pub(crate) fn solutions<R>(
        shape: [usize; 3], rcond: R, a: &[R], b: &[R], found: Found<'_, R>,
    ) -> Vec<usize> = solutions_in;
}

/// The outputs of [`solutions`].
pub(crate) struct Found<'a, R> {
    pub(crate) x: &'a mut [R],
    pub(crate) residuals: &'a mut [R],
    pub(crate) values: &'a mut [R],
}

#[inline(always)]
fn solutions_in<I: Isa>(
    isa: I,
    shape: [usize; 3],
    rcond: I::Real,
    a: &[I::Real],
    b: &[I::Real],
    found: Found<'_, I::Real>,
) -> Vec<usize> {
    if a.len() == shape[0] * shape[1] {
        return solutions_of(alone(isa), shape, rcond, a, b, found);
    }
    solutions_of(isa, shape, rcond, a, b, found)
}

#[inline(always)]
fn solutions_of<I: Isa>(
    isa: I,
    [m, n, sides]: [usize; 3],
    rcond: I::Real,
    a: &[I::Real],
    b: &[I::Real],
    found: Found<'_, I::Real>,
) -> Vec<usize> {
    let (lanes, zero) = (I::Vector::LANES, isa.constant(0.0));
    let (least, most) = range(isa);
    let rcond = isa.splat(rcond);
    let mut left = Vec::new();
    let mut reflections = Reflections::new(isa, m, n);
    let mut rows = vec![zero; n * n];
    let (mut right, mut x) = (vec![zero; m * sides], vec![zero; n * sides]);
    let (mut values, mut residuals) = (vec![zero; n], vec![zero; sides]);
    let problems = a.chunks(lanes * m * n).zip(b.chunks(lanes * m * sides));
    for (group, (a, b)) in problems.enumerate() {
        let (first, count) = (group * lanes, a.len() / (m * n));
        load(m * sides, b, &mut right);
        let mut sum = zero;
        for x in &right {
            sum = sum + x.abs();
        }
        // LAPACK propagates values that are not finite.
        let mut done = most.exceeds(sum) & reflections.factor(a, sides, &mut right);
        let upper = rows
            .chunks_exact_mut(n)
            .zip(reflections.a.chunks_exact(stride(n)));
        for (row, (to, from)) in upper.enumerate() {
            to[..row].fill(zero);
            to[row..].copy_from_slice(&from[row..n]);
        }
        let mut size = zero;
        for x in &rows {
            size = size + x.abs();
        }
        let (upper, rest) = right.split_at_mut(n * sides);
        done = done & orthogonalize(isa, n, &mut rows, Some((sides, &mut *upper)));
        x.fill(zero);
        for (i, value) in values.iter_mut().enumerate() {
            let row = &rows[i * n..][..n];
            let mut square = zero;
            for &x in row {
                square = x.fused(x, square);
            }
            *value = square.sqrt();
            let reciprocal = isa.constant(1.0) / *value;
            for (&element, x) in row.iter().zip(x.chunks_exact_mut(sides)) {
                let direction = element * reciprocal;
                for (x, &y) in x.iter_mut().zip(&upper[i * sides..]) {
                    *x = direction.fused(y * reciprocal, *x);
                }
            }
        }
        sorted(n, true, &mut values, &mut []);
        let smallest = values[n - 1];
        done = done
            & smallest.exceeds(rcond * values[0])
            & smallest.exceeds(least)
            & most.exceeds(size);
        store(
            n * sides,
            &x,
            &mut found.x[first * n * sides..][..count * n * sides],
        );
        store(n, &values, &mut found.values[first * n..][..count * n]);
        if m > n {
            residuals.fill(zero);
            for row in rest.chunks_exact(sides) {
                for (sum, &x) in residuals.iter_mut().zip(row) {
                    *sum = x.fused(x, *sum);
                }
            }
            let to = &mut found.residuals[first * sides..][..count * sides];
            store(sides, &residuals, to);
        }
        leave(lanes, I::Vector::bits(done), first, count, &mut left);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::many::{MOST_LANES, constant};
    use crate::simd::isa::forced::at_each;
    use crate::simd::wide::Wide;

    /// Noise, scaled, graded along columns; every fifth has two columns alike, every
    /// seventh an infinity.
    fn matrices<R: Wide>(m: usize, n: usize) -> Vec<R> {
        let mut all = Vec::new();
        for number in 0..MOST_LANES + 9 {
            for i in 0..m {
                for j in 0..n {
                    let alike = number % 5 == 4 && j == n - 1;
                    let x = noise(number * 4096 + i * n + if alike { 0 } else { j });
                    all.push(constant(match number % 7 {
                        1 => x * 1e9,
                        2 => x * 1e-9,
                        3 if number % 5 != 4 => x * 10_f64.powi(-((j % 3) as i32)),
                        6 if i == 0 => f64::INFINITY,
                        _ => x,
                    }));
                }
            }
        }
        all
    }

    fn is_right<R: Wide + Into<f64>>(m: usize, n: usize, sides: usize) {
        let eps: f64 = R::epsilon().into();
        let a = matrices::<R>(m, n);
        let count = a.len() / (m * n);
        let b: Vec<R> = (0..count * m * sides)
            .map(|at| constant(noise(at + 9)))
            .collect();
        let rcond = R::epsilon() * constant(m as f64);
        let [found, others @ ..] = at_each(|| {
            let mut x = vec![R::zero(); count * n * sides];
            let mut residuals = vec![R::zero(); if m > n { count * sides } else { 0 }];
            let mut values = vec![R::zero(); count * n];
            let shape = [m, n, sides];
            let found = Found {
                x: &mut x,
                residuals: &mut residuals,
                values: &mut values,
            };
            let left = solutions(shape, rcond, &a, &b, found);
            (left, x, residuals, values)
        });
        let (left, x, residuals, values) = &found;
        let must = |at: &usize| n > 1 && at % 5 == 4 || at % 7 == 6;
        assert!(
            (0..count).filter(must).all(|at| left.contains(&at)),
            "{left:?}"
        );
        assert!(left.len() <= count / 2, "{left:?}");
        for at in (0..count).filter(|at| !left.contains(at)) {
            for other in &others {
                assert_eq!(other.0, *left);
                assert_eq!(
                    other.1[at * n * sides..][..n * sides],
                    x[at * n * sides..][..n * sides]
                );
            }
            let a = |i: usize, j: usize| -> f64 { a[at * m * n + i * n + j].into() };
            let value = |i: usize| -> f64 { values[at * n + i].into() };
            // All are there, and the sums of squares are those of the elements.
            let squares: f64 = (0..m)
                .flat_map(|i| (0..n).map(move |j| (i, j)))
                .map(|(i, j)| a(i, j).powi(2))
                .sum();
            let found: f64 = (0..n).map(|i| value(i).powi(2)).sum();
            assert!((found - squares).abs() <= 8.0 * (m + n) as f64 * eps * squares);
            assert!((1..n).all(|i| value(i) <= value(i - 1)));
            for side in 0..sides {
                let b = |i: usize| -> f64 { b[(at * m + i) * sides + side].into() };
                let x = |j: usize| -> f64 { x[(at * n + j) * sides + side].into() };
                let rest: Vec<f64> = (0..m)
                    .map(|i| b(i) - (0..n).map(|j| a(i, j) * x(j)).sum::<f64>())
                    .collect();
                let length =
                    |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
                let size = length(&mut (0..m).map(b)) + value(0) * length(&mut (0..n).map(x));
                for j in 0..n {
                    // The residual is orthogonal to every column.
                    let product: f64 = (0..m).map(|i| a(i, j) * rest[i]).sum();
                    let bound = 4.0 * (m + n) as f64 * eps * value(0) * size;
                    assert!(product.abs() <= bound, "{m} {n} {sides} {at}: {product}");
                }
                if m > n {
                    let residual: f64 = residuals[at * sides + side].into();
                    let expected = length(&mut rest.iter().copied());
                    let off = (residual.sqrt() - expected).abs();
                    assert!(off <= 4.0 * (m + n) as f64 * eps * size, "{off}");
                }
            }
        }
    }

    #[test]
    fn solutions_are_right_for_every_instruction_set() {
        for (m, n) in [
            (1, 1),
            (4, 1),
            (2, 2),
            (3, 2),
            (4, 4),
            (8, 4),
            (7, 5),
            (32, 16),
            (33, 32),
        ] {
            for sides in [1, n] {
                is_right::<f64>(m, n, sides);
                is_right::<f32>(m, n, sides);
            }
        }
    }
}
