//! Least squares of full rank.
//!
//! `gelsd` applies the whole decomposition to the right-hand sides, because the vectors
//! are needed for a matrix of lower rank. With full rank the solution follows from the
//! QR factors, and the singular values, without vectors, from `R`.

use crate::Error;
use crate::base::layout::is_finite;
use crate::base::memory::zeros;
use crate::base::scale::rounded;
use crate::base::structure::Triangle;
use crate::driver::plan::{Plan, Problem, Sizes};
use crate::elements::scalar::LinalgScalar;
use crate::kernels::batched::jacobi::safe_bounds;
use crate::lapack::{
    self, Factorization, Gesdd, TriangularSpec, Vectors, Workspace, factor_workspace,
};
use crate::spectral::bidiagonal::SmallSingularValues;

/// Scratch memory for systems of one shape.
pub(crate) struct FullRankSolver<T: LinalgScalar> {
    rows: usize,
    columns: usize,
    nrhs: usize,
    tau: Vec<T>,
    workspace: Workspace<T>,
    triangle: TriangleSvd<T>,
    /// The right-hand sides, row by row.
    rhs: Vec<T>,
}

impl<T: LinalgScalar> FullRankSolver<T> {
    /// For matrices of that shape and that many right-hand sides, none zero. There are no
    /// fewer rows than columns, and no fewer columns than sides.
    pub(crate) fn new(rows: usize, columns: usize, nrhs: usize) -> Result<Self, Error> {
        let width = columns + nrhs;
        Ok(FullRankSolver {
            rows,
            columns,
            nrhs,
            tau: zeros(rows.min(width))?,
            workspace: factor_workspace::<T>(Factorization::Qr, rows, width)?,
            triangle: TriangleSvd::new(columns)?,
            rhs: zeros(columns * nrhs)?,
        })
    }

    /// Replaces the sides of a system of matrix and sides, column by column, by solutions and
    /// residuals, as `gelsd` would; returns the singular values. `None` if the smallest is not
    /// beyond `rcond` times the largest, or the numbers are so large or small that only a
    /// scaled matrix is safe: the system is then overwritten.
    pub(crate) fn solve(&mut self, system: &mut [T], rcond: T::Real) -> Option<&[T::Real]> {
        let (m, n, nrhs) = (self.rows, self.columns, self.nrhs);
        let width = n + nrhs;
        lapack::factor(
            Factorization::Qr,
            m,
            width,
            system,
            &mut self.tau,
            &mut self.workspace,
        );
        let columns = system
            .chunks_exact(m)
            .zip(self.triangle.matrix().chunks_exact_mut(n));
        for (index, (from, to)) in columns.enumerate() {
            let (upper, lower) = to.split_at_mut(index + 1);
            upper.copy_from_slice(&from[..=index]);
            lower.fill(T::zero());
        }
        if !is_finite(self.triangle.matrix()) {
            return None;
        }
        let (_, rhs) = system.split_at_mut(m * n);
        for (side, column) in rhs.chunks_exact(m).enumerate() {
            for (row, &element) in self.rhs.chunks_exact_mut(nrhs).zip(column) {
                row[side] = element;
            }
        }
        let shape = TriangularSpec {
            triangle: Triangle::Upper,
            transpose: true,
            unit: false,
        };
        lapack::trsm(shape, n, self.triangle.matrix(), &mut self.rhs);
        let values = self.triangle.singular_values()?;
        let (largest, smallest) = (values[0], values[n - 1]);
        let [least, most] = safe_bounds::<T::Real>();
        let is_full = smallest > rcond * largest && smallest > least && largest < most;
        if !is_full || !is_finite(&self.rhs) {
            return None;
        }
        for (side, column) in rhs.chunks_exact_mut(m).enumerate() {
            for (to, row) in column.iter_mut().zip(self.rhs.chunks_exact(nrhs)) {
                *to = row[side];
            }
            // Below are the reflectors of the sides themselves.
            let end = m.min(n + side + 1);
            column[end..].fill(T::zero());
        }
        Some(values)
    }
}

/// `R`, and the solver for its singular values.
enum TriangleSvd<T: LinalgScalar> {
    Kernel(Vec<T>, SmallSingularValues, Vec<T::Real>),
    Lapack(Gesdd<T>),
}

impl<T: LinalgScalar> TriangleSvd<T> {
    fn new(n: usize) -> Result<Self, Error> {
        Ok(
            if Plan::of::<T>(Problem::Svdvals, Sizes::new(n, n, 1)).small {
                TriangleSvd::Kernel(zeros(n * n)?, SmallSingularValues::new(n, n), zeros(n)?)
            } else {
                TriangleSvd::Lapack(Gesdd::new(n, n, Vectors::None)?)
            },
        )
    }

    fn matrix(&mut self) -> &mut [T] {
        match self {
            TriangleSvd::Kernel(matrix, ..) => matrix,
            TriangleSvd::Lapack(lapack) => lapack.matrix(),
        }
    }

    /// The singular values, the largest first; only once for each matrix, which is overwritten.
    fn singular_values(&mut self) -> Option<&[T::Real]> {
        match self {
            TriangleSvd::Kernel(matrix, kernel, values) => {
                let found = kernel.solve(T::as_real(matrix)?, values.len())?;
                for (to, &value) in values.iter_mut().zip(found) {
                    *to = rounded(value);
                }
                Some(values)
            }
            TriangleSvd::Lapack(lapack) => lapack.solve(&mut [], &mut []).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use scirs2_core::Complex64;

    use super::*;
    use crate::base::noise;
    use crate::lapack::{Gelsd, init_single_threaded};

    const EPS: f64 = f64::EPSILON;

    fn system<T: LinalgScalar<Real = f64>>([m, n, nrhs]: [usize; 3], scale: f64) -> Vec<T> {
        let element = |at: usize| {
            let size = if at < m * n { scale } else { 1.0 };
            T::from_parts([size * noise(at), size * noise(at + 77)])
        };
        (0..m * (n + nrhs)).map(element).collect()
    }

    fn far<T: LinalgScalar<Real = f64>>(x: T, y: T) -> f64 {
        let ([a, b], [c, d]) = (x.parts(), y.parts());
        (a - c).hypot(b - d)
    }

    fn is_as_gelsd<T: LinalgScalar<Real = f64>>(shape @ [m, n, nrhs]: [usize; 3]) {
        for scale in [1.0, 1e100, 1e-100] {
            let mut gelsd = Gelsd::<T>::new(m, n, nrhs).unwrap();
            gelsd.system().copy_from_slice(&system(shape, scale));
            let expected = gelsd.solve(EPS).unwrap().1.to_vec();
            let mut full_rank_solver = FullRankSolver::<T>::new(m, n, nrhs).unwrap();
            let mut found = system(shape, scale);
            let values = full_rank_solver.solve(&mut found, EPS).unwrap();
            let [largest, smallest] = [expected[0], expected[n - 1]];
            let bound = 20.0 * (m + n) as f64 * EPS;
            for (value, expected) in values.iter().zip(&expected) {
                assert!((value - expected).abs() <= bound * largest);
            }
            // The sides have elements below one.
            let size = (m as f64).sqrt() / smallest;
            let bound = bound * (largest / smallest).powi(2);
            let columns = found[m * n..].chunks(m).zip(gelsd.rhs().chunks(m));
            for (column, expected) in columns {
                for (&x, &y) in column[..n].iter().zip(&expected[..n]) {
                    assert!(far(x, y) <= bound * size, "{shape:?} {scale}");
                }
                let rest = |xs: &[T]| -> f64 {
                    let parts = xs[n..].iter().flat_map(|x| x.parts());
                    parts.map(|x| x * x).sum()
                };
                assert!((rest(column) - rest(expected)).abs() <= bound * m as f64);
            }
        }
    }

    #[test]
    fn solutions_and_what_remains_are_those_of_gelsd() {
        init_single_threaded();
        for shape in [
            [1, 1, 1],
            [5, 3, 1],
            [5, 3, 3],
            [6, 5, 4],
            [40, 40, 7],
            [70, 33, 2],
        ] {
            is_as_gelsd::<f64>(shape);
            is_as_gelsd::<Complex64>(shape);
        }
    }

    #[test]
    fn what_has_not_full_rank_or_is_not_safe_is_left() {
        init_single_threaded();
        let shape @ [m, n, nrhs] = [6, 4, 2];
        let mut full_rank_solver = FullRankSolver::<f64>::new(m, n, nrhs).unwrap();
        let mut alike = system::<f64>(shape, 1.0);
        alike.copy_within(..m, m);
        for mut spoiled in [alike, system(shape, 1e-160), system(shape, 1e160)] {
            assert!(full_rank_solver.solve(&mut spoiled, EPS).is_none());
        }
        let mut large = system::<f64>(shape, 1.0);
        large[m * n..].fill(f64::MAX);
        assert!(full_rank_solver.solve(&mut large, EPS).is_none());
    }
}
