//! Systems with triangular matrices.

use num_traits::Float as _;

use super::{deinterleave, interleave, is_normal, push_unhandled, simd_dispatch, single_lane};
use crate::kernels::max_order;
use crate::simd::vector::{Isa, Mask, Vector};

/// Which triangle of a matrix is solved with, and how it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Substitution {
    /// Whether the matrix of the system is lower triangular.
    pub(crate) lower: bool,
    /// Whether that is the transpose of what is stored.
    pub(crate) transposed: bool,
    /// Ones on the diagonal, which is not read.
    pub(crate) unit: bool,
}

simd_dispatch! {
    /// Solutions of systems with triangles of one matrix, one after the other, for as many
    /// `columns` as the plan allows. Returns the indices of the matrices that were not
    /// handled: those with a pivot that is not normal, and those whose solution is not finite, as
    /// it is where what is read of the matrix, or the right-hand side, is not.
    pub(crate) fn batched_substitute<R>(
        n: usize, columns: usize, steps: &[Substitution], a: &[R], b: &[R], x: &mut [R],
    ) -> Vec<usize> = batched_substitute_with_isa;
}

#[inline(always)]
fn batched_substitute_with_isa<I: Isa>(
    isa: I,
    n: usize,
    columns: usize,
    steps: &[Substitution],
    a: &[I::Real],
    b: &[I::Real],
    x: &mut [I::Real],
) -> Vec<usize> {
    /// Calls a kernel with the order known at compile time, and memory for one group.
    macro_rules! with_order {
        ($isa:expr, $n:literal) => {{
            let isa = $isa;
            let matrix = &mut [isa.splat_f64(0.0); $n * $n];
            let rhs = &mut [isa.splat_f64(0.0); $n * max_order::REGISTER_RHS];
            batched_substitute_kernel(isa, [$n, columns], steps, [a, b], x, [matrix, rhs])
        }};
    }
    match (n, a.len()) {
        (2, 4) => with_order!(single_lane(isa), 2),
        (3, 9) => with_order!(single_lane(isa), 3),
        (4, 16) => with_order!(single_lane(isa), 4),
        (2, _) => with_order!(isa, 2),
        (3, _) => with_order!(isa, 3),
        (4, _) => with_order!(isa, 4),
        _ => {
            let matrix = &mut vec![isa.splat_f64(0.0); n * n];
            let rhs = &mut vec![isa.splat_f64(0.0); n * columns];
            batched_substitute_kernel(isa, [n, columns], steps, [a, b], x, [matrix, rhs])
        }
    }
}

#[inline(always)]
fn batched_substitute_kernel<I: Isa>(
    isa: I,
    [n, columns]: [usize; 2],
    steps: &[Substitution],
    [a, b]: [&[I::Real]; 2],
    x: &mut [I::Real],
    [matrix, rhs]: [&mut [I::Vector]; 2],
) -> Vec<usize> {
    let (lanes, len) = (I::Vector::LANES, n * columns);
    let rhs = &mut rhs[..len];
    let mut unhandled = Vec::new();
    let groups = b.chunks(lanes * len).zip(x.chunks_mut(lanes * len));
    for (group, (a, (b, x))) in a.chunks(lanes * n * n).zip(groups).enumerate() {
        interleave(n * n, a, matrix);
        interleave(len, b, rhs);
        let mut done = isa.splat_f64(1.0).gt(isa.splat_f64(0.0));
        for &step in steps {
            done = done & substitute(isa, n, step, matrix, rhs);
        }
        // A number that is not finite stays in its row.
        let mut sum = isa.splat_f64(0.0);
        for x in &*rhs {
            sum = sum + x.abs();
        }
        done = done & isa.splat(I::Real::infinity()).gt(sum);
        deinterleave(len, rhs, x);
        push_unhandled(
            lanes,
            I::Vector::to_bitmask(done),
            group * lanes,
            x.len() / len,
            &mut unhandled,
        );
    }
    unhandled
}

/// Replaces right-hand sides by solutions. Returns the lanes whose pivots are normal.
#[inline(always)]
fn substitute<I: Isa>(
    isa: I,
    n: usize,
    step: Substitution,
    a: &[I::Vector],
    rhs: &mut [I::Vector],
) -> Mask<I> {
    let Substitution {
        lower,
        transposed,
        unit,
    } = step;
    let columns = rhs.len() / n;
    let (down, right) = if transposed { (1, n) } else { (n, 1) };
    let mut done = isa.splat_f64(1.0).gt(isa.splat_f64(0.0));
    for step in 0..n {
        let k = if lower { step } else { n - 1 - step };
        let (above, rest) = rhs.split_at_mut(k * columns);
        let (solved, below) = rest.split_at_mut(columns);
        if !unit {
            let pivot = a[k * (n + 1)];
            done = done & is_normal(isa, pivot.abs());
            for x in solved.iter_mut() {
                *x = *x / pivot;
            }
        }
        let (others, first) = if lower { (below, k + 1) } else { (above, 0) };
        for (at, other) in others.chunks_exact_mut(columns).enumerate() {
            let factor = -a[(first + at) * down + k * right];
            for (x, &y) in other.iter_mut().zip(&*solved) {
                *x = factor.mul_add(y, *x);
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::noise;
    use crate::kernels::batched::{MAX_LANES, rounded};
    use crate::simd::isa::forced::at_each;
    use crate::simd::real::SimdReal;

    const COUNT: usize = 2 * MAX_LANES + 5;

    fn all_steps() -> impl Iterator<Item = Substitution> {
        (0..8).map(|bits| Substitution {
            lower: bits & 1 > 0,
            transposed: bits & 2 > 0,
            unit: bits & 4 > 0,
        })
    }

    /// Whether an element is read.
    fn is_read(step: Substitution, row: usize, column: usize) -> bool {
        let lower = step.lower != step.transposed;
        (row == column && !step.unit) || row != column && lower == (column < row)
    }

    /// Noise with a larger diagonal, scaled, graded; NaN in what is not read.
    fn matrices<R: SimdReal>(n: usize, step: Substitution) -> Vec<R> {
        let element = |at: usize| {
            let (index, row, column) = (at / (n * n), at / n % n, at % n);
            let x = noise(at) / n as f64 + if row == column { 2.0 } else { 0.0 };
            rounded(match index % 3 {
                _ if !is_read(step, row, column) => f64::NAN,
                1 if !step.unit => x * 1e9,
                2 => x * 10_f64.powi(-3 * (row % 3) as i32),
                _ => x,
            })
        };
        (0..COUNT * n * n).map(element).collect()
    }

    /// The largest `|A x - b|` over `|A| |x|`, element by element.
    fn residual<R: SimdReal + Into<f64>>(
        n: usize,
        step: Substitution,
        a: &[R],
        [x, b]: [&[R]; 2],
    ) -> f64 {
        let columns = b.len() / n;
        let wide = |x: &[R], at: usize| -> f64 { x[at].into() };
        let mut most = 0.0_f64;
        for at in 0..b.len() {
            let (i, j) = (at / columns, at % columns);
            let term = |k: usize| {
                let (row, column) = if step.transposed { (k, i) } else { (i, k) };
                let a = if is_read(step, row, column) {
                    wide(a, row * n + column)
                } else {
                    f64::from(row == column)
                };
                a * wide(x, k * columns + j)
            };
            let off = (0..n).map(term).sum::<f64>() - wide(b, at);
            let size: f64 = (0..n).map(|k| term(k).abs()).sum();
            most = most.max(off.abs() / size);
        }
        most
    }

    fn is_right<R: SimdReal + Into<f64>>() {
        let eps: f64 = R::epsilon().into();
        for n in (1..=9).chain([16, 33, max_order::LU_BATCHED]) {
            for (step, columns) in all_steps().flat_map(|step| [(step, 1), (step, 3), (step, n)]) {
                let (a, len) = (matrices::<R>(n, step), n * columns);
                let b: Vec<R> = (0..COUNT * len).map(|at| rounded(noise(at + 7))).collect();
                let solve = |a: &[R], b: &[R]| {
                    let mut x = vec![R::zero(); b.len()];
                    assert!(batched_substitute(n, columns, &[step], a, b, &mut x).is_empty());
                    x
                };
                let [x, others @ ..] = at_each(|| solve(&a, &b));
                assert!(others.iter().all(|other| *other == x));
                for at in 0..COUNT {
                    let [x, b] = [&x, &b].map(|of| &of[at * len..][..len]);
                    let a = &a[at * n * n..][..n * n];
                    let off = residual(n, step, a, [x, b]);
                    assert!(off <= (n + 1) as f64 * eps, "{n} {step:?} {at} {off}");
                    // Alone, and behind another.
                    assert_eq!(solve(a, b), x);
                    let [a, b] = [a, b].map(|part| [part, part].concat());
                    assert_eq!(solve(&a, &b)[len..], *x);
                }
            }
        }
    }

    #[test]
    fn solutions_are_right_for_every_instruction_set() {
        is_right::<f64>();
        is_right::<f32>();
    }

    #[test]
    fn several_steps_are_one_after_the_other() {
        let [lower, upper] = [true, false].map(|lower| Substitution {
            lower,
            transposed: !lower,
            unit: false,
        });
        // L L^T of [[4, 2], [2, 5]].
        let (a, b) = ([2.0, f64::NAN, 1.0, 2.0].repeat(3), [6.0, 7.0].repeat(3));
        let mut x = [0.0; 6];
        assert!(batched_substitute(2, 1, &[lower, upper], &a, &b, &mut x).is_empty());
        assert_eq!(x, [1.0; 6]);
    }

    #[test]
    fn irregular_systems_are_not_handled() {
        for n in [2, 5] {
            for step in all_steps() {
                let (a, b) = (matrices::<f64>(n, step), vec![1.0; COUNT * n]);
                let unhandled = |a: &[f64], b: &[f64]| {
                    batched_substitute(n, 1, &[step], a, b, &mut vec![0.0; b.len()])
                };
                for x in [f64::NAN, f64::INFINITY] {
                    for at in 0..n * n {
                        let mut a = a.clone();
                        a[2 * n * n + at] = x;
                        let expected = if is_read(step, at / n, at % n) {
                            &[2][..]
                        } else {
                            &[]
                        };
                        assert_eq!(unhandled(&a, &b), expected, "{step:?} {at}");
                    }
                    let mut b = b.clone();
                    b[2 * n] = x;
                    assert_eq!(unhandled(&a, &b), [2]);
                }
                for pivot in [0.0, f64::MIN_POSITIVE / 4.0] {
                    let mut a = a.clone();
                    a[2 * n * n] = pivot;
                    let expected = if step.unit { &[][..] } else { &[2] };
                    assert_eq!(unhandled(&a, &b), expected);
                }
            }
        }
    }
}
