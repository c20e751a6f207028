//! Which route the matrices of a call take: the one place that decides.
//!
//! Which route is the fastest depends on the problem, the element type, the sizes, the
//! number of matrices, and the CPU. The orders below were measured: up to each of them the
//! route is faster than the next, and no less accurate. Each route leaves the matrices that
//! it cannot handle, such as those that are not finite, to the next.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use scirs2_core::{Scalar, ScalarType};

use crate::kernels::arithmetic::Arithmetic;
use crate::kernels::gemm_small::GemmShape;
use crate::kernels::max_order;
use crate::simd::isa::has_fma;

/// What is computed of each matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The Cholesky factor.
    Cholesky,
    /// The determinant.
    Det,
    /// Eigenvalues, and the vectors if wanted, of a general matrix.
    Eig,
    /// Eigenvalues, and the vectors if wanted, of a Hermitian matrix.
    Eigh,
    /// The exponential.
    Expm,
    /// The inverse.
    Inv,
    /// A least-squares solution.
    Lstsq,
    /// LU factors.
    Lu,
    /// QR factors.
    Qr,
    /// The triangle of QR factors alone.
    QrR,
    /// The Schur form.
    Schur,
    /// The solution of a system.
    Solve,
    /// The solution of a system with triangles.
    SolveTriangular,
    /// The square root.
    Sqrtm,
    /// Singular values and vectors.
    Svd,
    /// Singular values alone.
    Svdvals,
}

impl Problem {
    /// All problems.
    pub const ALL: [Problem; 16] = [
        Problem::Cholesky,
        Problem::Det,
        Problem::Eig,
        Problem::Eigh,
        Problem::Expm,
        Problem::Inv,
        Problem::Lstsq,
        Problem::Lu,
        Problem::Qr,
        Problem::QrR,
        Problem::Schur,
        Problem::Solve,
        Problem::SolveTriangular,
        Problem::Sqrtm,
        Problem::Svd,
        Problem::Svdvals,
    ];
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Problem::Cholesky => "cholesky",
            Problem::Det => "det",
            Problem::Eig => "eig",
            Problem::Eigh => "eigh",
            Problem::Expm => "expm",
            Problem::Inv => "inv",
            Problem::Lstsq => "lstsq",
            Problem::Lu => "lu",
            Problem::Qr => "qr",
            Problem::QrR => "qr_r",
            Problem::Schur => "schur",
            Problem::Solve => "solve",
            Problem::SolveTriangular => "solve_triangular",
            Problem::Sqrtm => "sqrtm",
            Problem::Svd => "svd",
            Problem::Svdvals => "svdvals",
        })
    }
}

/// One way to compute it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Route {
    /// A kernel for several matrices, interleaved.
    Batched = 1,
    /// A kernel for one small matrix.
    Small,
    /// Our blocked factorizations over LAPACK; for least squares the QR factors; for singular
    /// values the triangle of the longer side's rows.
    Blocked,
    /// LAPACK's own routine.
    Lapack,
}

impl Route {
    /// All routes.
    pub const ALL: [Route; 4] = [Route::Batched, Route::Small, Route::Blocked, Route::Lapack];
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Route::Batched => "batched",
            Route::Small => "small",
            Route::Blocked => "blocked",
            Route::Lapack => "lapack",
        })
    }
}

/// The sizes of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// Rows of each matrix.
    pub rows: usize,
    /// Columns of each matrix.
    pub columns: usize,
    /// Right-hand sides of each matrix.
    pub rhs: usize,
    /// Matrices.
    pub count: usize,
}

impl Sizes {
    /// `count` matrices without right-hand sides.
    #[must_use]
    pub const fn new(rows: usize, columns: usize, count: usize) -> Self {
        Sizes {
            rows,
            columns,
            rhs: 0,
            count,
        }
    }
}

/// The routes of a call, in the order in which they are tried. LAPACK is always the last.
///
/// ```
/// use scirs2_core::ScalarType;
/// use scirs2_linalg::{Plan, Problem, Sizes};
///
/// let one = Plan::new(Problem::Eig, ScalarType::Float64, Sizes::new(50, 50, 1));
/// assert_eq!(one.to_string(), "small, lapack");
/// let large = Plan::new(Problem::Eig, ScalarType::Float64, Sizes::new(500, 500, 1));
/// assert_eq!(large.to_string(), "lapack");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Whether a kernel takes several matrices together.
    pub(crate) batched: bool,
    /// Whether a kernel takes one matrix.
    pub(crate) small: bool,
    /// Whether our blocked factorization comes before LAPACK's.
    pub(crate) blocked: bool,
}

impl Plan {
    /// The routes on this CPU, or those that a test forces.
    #[must_use]
    #[inline]
    pub fn new(problem: Problem, scalar: ScalarType, sizes: Sizes) -> Self {
        let forced = forced();
        // A test forces kernels on CPUs where they are slow, too.
        let is_fused = forced.has_kernels() || has_fma();
        Plan {
            batched: is_fused && !scalar.is_complex() && batched(problem, scalar, sizes, forced),
            small: forced.allows(Route::Small) && small(problem, scalar, sizes, is_fused, forced),
            blocked: forced.allows(Route::Blocked)
                && blocked(
                    problem,
                    scalar,
                    sizes,
                    forced == Forced::Only(Route::Blocked),
                ),
        }
    }

    /// [`new`](Self::new) for elements of type `T`.
    #[inline]
    pub(crate) fn of<T: Scalar>(problem: Problem, sizes: Sizes) -> Self {
        Plan::new(problem, T::TYPE, sizes)
    }

    /// The routes, in order.
    pub fn routes(self) -> impl Iterator<Item = Route> {
        Route::ALL.into_iter().filter(move |route| match route {
            Route::Batched => self.batched,
            Route::Small => self.small,
            Route::Blocked => self.blocked,
            Route::Lapack => true,
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.routes().map(|route| route.to_string()).collect();
        f.write_str(&names.join(", "))
    }
}

/// Fewer matrices are few, but for kernels that are fast with two.
const MANY: usize = 4;

/// Orders up to which rotations (Jacobi) are faster than QL steps for symmetric matrices in
/// double precision, and than the bidiagonal form for singular values without vectors.
const JACOBI_SYMMETRIC_F64: usize = 22;
const JACOBI_VALUES: usize = 20;

/// Right-hand sides that are solved beside those of other matrices; larger numbers are rows
/// along which one solution vectorises.
const BATCHED_RHS: usize = max_order::REGISTER_RHS;

fn batched(problem: Problem, scalar: ScalarType, sizes: Sizes, forced: Forced) -> bool {
    let Sizes {
        rows: m,
        columns: n,
        rhs,
        count,
    } = sizes;
    // The orders that the kernel takes: from `least` to `few` if there are few matrices, with
    // which many lanes of a vector are empty, and to `many` from `from` matrices on.
    let (least, few, many, from) = match problem {
        Problem::Cholesky => (1, 4, 64, 2),
        Problem::Det | Problem::Inv | Problem::Solve => (2, 4, max_order::LU_BATCHED, MANY),
        Problem::Eigh | Problem::Svd | Problem::Svdvals => (2, 4, 40, MANY),
        Problem::Expm => (2, 4, 32, MANY),
        Problem::Lstsq => (1, 4, 48, MANY),
        Problem::Lu => (2, 4, 32, MANY),
        Problem::SolveTriangular => (1, 4, 32, MANY),
        Problem::Sqrtm => (2, 4, max_order::REGISTER_LU, MANY),
        Problem::Qr => (1, 0, 64, 2),
        Problem::Eig | Problem::QrR | Problem::Schur => return false,
    };
    let only = forced == Forced::Only(Route::Batched);
    let most = match forced {
        Forced::Only(Route::Batched) => many,
        Forced::Only(_) => return false,
        Forced::Nothing if count >= from => many,
        Forced::Nothing => few,
    };
    let fits = |order: usize| (least..=most).contains(&order);
    let is_double = scalar == ScalarType::Float64;
    fits(n)
        && match problem {
            Problem::Eigh => only || !is_double || n <= JACOBI_SYMMETRIC_F64,
            Problem::Lstsq => (n..=4 * n).contains(&m) && (1..=n).contains(&rhs),
            Problem::Lu => m == n,
            Problem::Qr => fits(m),
            Problem::Solve | Problem::SolveTriangular => (1..=BATCHED_RHS.max(n)).contains(&rhs),
            Problem::Svd => m == n,
            Problem::Svdvals => m == n && (only || n <= JACOBI_VALUES),
            _ => true,
        }
}

/// The largest order of the QR algorithm that LAPACK uses too; beyond it LAPACK has another,
/// which finds eigenvalues in another order.
const EIG: usize = 75;
/// Orders up to which QL steps are faster than LAPACK, which has twice as many lanes in
/// single precision.
const EIGH: usize = 96;
const EIGH_SINGLE: usize = 48;
/// The longer side up to which the bidiagonal form is computed faster than by LAPACK.
const SVDVALS: usize = 96;

fn small(
    problem: Problem,
    scalar: ScalarType,
    sizes: Sizes,
    is_fused: bool,
    forced: Forced,
) -> bool {
    let (m, n) = (sizes.rows, sizes.columns);
    let is_real = !scalar.is_complex();
    match problem {
        Problem::Cholesky => n <= max_order::CHOLESKY,
        Problem::Det | Problem::Inv | Problem::Solve => is_real && is_fused && n <= max_order::LU,
        Problem::Eig | Problem::Schur => is_real && (1..=EIG).contains(&n),
        Problem::Eigh => {
            let is_single = scalar == ScalarType::Float32;
            let most = if is_single && forced != Forced::Only(Route::Small) {
                EIGH_SINGLE
            } else {
                EIGH
            };
            is_real && (1..=most).contains(&n)
        }
        Problem::Qr | Problem::QrR => is_real && is_fused && m.max(n) <= max_order::HOUSEHOLDER,
        Problem::Svdvals => is_real && m.min(n) >= 1 && m.max(n) <= SVDVALS,
        Problem::Expm
        | Problem::Lstsq
        | Problem::Lu
        | Problem::SolveTriangular
        | Problem::Sqrtm
        | Problem::Svd => false,
    }
}

/// The fewest columns with which LU by halving is faster than LAPACK's on several threads;
/// on one they are level.
const LU_BLOCKED: usize = 192;
/// The fewest reflectors, and the fewest elements of them, with which QR in wide blocks is
/// faster than LAPACK's.
const QR_BLOCKED: usize = 8;
const QR_BLOCKED_ELEMENTS: usize = 1 << 13;
/// The fewest columns with which reducing blocks of rows to a triangle is faster than factoring the
/// whole matrix.
const TALL: usize = 3;
/// The most columns with which it is faster: for `R` with its signs, if there are four rows for
/// each column and so many elements; and for singular values, if there are three rows for two
/// columns.
const TALL_R: usize = 200;
const TALL_R_ELEMENTS: usize = 1 << 9;
const TALL_VALUES: usize = 400;
/// The fewest rows for each column, and elements, of complex matrices, which only gain by the
/// cache.
const TALL_COMPLEX: usize = 32;
const TALL_COMPLEX_ELEMENTS: usize = 1 << 16;

/// Whether matrices with more rows than columns are reduced to a triangle, block by block.
fn is_tall(problem: Problem, scalar: ScalarType, sizes: Sizes, only: bool) -> bool {
    let (m, n) = (sizes.rows, sizes.columns);
    let len = m.saturating_mul(n);
    let is_faster = if scalar.is_complex() {
        m / TALL_COMPLEX >= n && len >= TALL_COMPLEX_ELEMENTS
    } else if problem == Problem::QrR {
        m / 4 >= n && n <= TALL_R && len >= TALL_R_ELEMENTS
    } else {
        m - m / 3 >= n && n <= TALL_VALUES
    };
    m > n && n > 0 && (only || n >= TALL && has_fma() && is_faster)
}

fn blocked(problem: Problem, scalar: ScalarType, sizes: Sizes, only: bool) -> bool {
    let (m, n) = (sizes.rows, sizes.columns);
    match problem {
        // LAPACK is as fast for complex matrices.
        Problem::Det | Problem::Inv | Problem::Lu | Problem::Solve => {
            !scalar.is_complex() && m >= n && n > 0 && (only || n >= LU_BLOCKED)
        }
        Problem::Lstsq => m >= n && n >= sizes.rhs,
        Problem::Qr => {
            let reflectors = m.min(n);
            let is_faster = reflectors >= QR_BLOCKED && m * reflectors >= QR_BLOCKED_ELEMENTS;
            reflectors > 0 && (only || is_faster)
        }
        Problem::QrR => is_tall(problem, scalar, sizes, only),
        Problem::Svdvals => {
            let turned = Sizes::new(m.max(n), m.min(n), sizes.count);
            is_tall(problem, scalar, turned, only)
        }
        _ => false,
    }
}

/// The largest order of matrices whose structure saves nothing: those of a batch are solved many at
/// once as if they had none, and inverted for their condition numbers in less time than LAPACK takes
/// to estimate these.
pub(crate) const UNSTRUCTURED: usize = 16;

/// Whether a band is narrow enough for its LU factors to be found faster than those of the whole
/// matrix of order `n`, of which LAPACK's are in wide blocks.
pub(crate) const fn is_narrow(n: usize, [below, above]: [usize; 2]) -> bool {
    below + above <= n / 8
}

/// The least order of which some eigenvalues are found without the others, and the least number of
/// all for each of them: with their vectors, and alone.
const EIGH_PART: usize = 32;
const EIGH_PART_VECTORS: usize = 5;
const EIGH_PART_VALUES: usize = 20;

/// Whether that many eigenvalues of a Hermitian matrix of order `n` are found faster by bisection
/// and their vectors by inverse iteration than all of them.
pub(crate) fn finds_part(n: usize, count: usize, vectors: bool) -> bool {
    let each = if vectors {
        EIGH_PART_VECTORS
    } else {
        EIGH_PART_VALUES
    };
    n >= EIGH_PART && count * each <= n && !forced().has_kernels()
}

/// Whether products of such matrices are faster by a kernel than by BLAS.
pub(crate) fn has_small_products<T: Arithmetic>([rows, inner, columns]: GemmShape) -> bool {
    let sizes = [rows * inner, inner * columns, rows * columns];
    (T::has_fast_mul_acc() || forced().has_kernels())
        && sizes
            .iter()
            .all(|size| (1..=max_order::GEMM_ELEMENTS).contains(size))
}

/// Floating-point operations above which several BLAS threads are faster than one.
pub(crate) const MIN_FLOPS_FOR_BLAS_THREADS: f64 = 1.1e7;

/// Whether the matrices are computed one after the other on the threads of the library, and
/// not several at once on those of the pool.
pub(crate) fn uses_library_threads(flops: f64, count: usize, threads: usize) -> bool {
    count < threads && flops >= MIN_FLOPS_FOR_BLAS_THREADS
}

/// What a test forces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forced {
    Nothing,
    Only(Route),
}

impl Forced {
    /// Whether kernels are forced even if there may be faster routes.
    fn has_kernels(self) -> bool {
        matches!(self, Forced::Only(Route::Small | Route::Batched))
    }

    /// Whether matrices may take that route. Those that the batched kernel leaves may take
    /// the kernel for one.
    fn allows(self, route: Route) -> bool {
        match self {
            Forced::Nothing => true,
            Forced::Only(Route::Batched) => route != Route::Lapack,
            Forced::Only(Route::Small) => route != Route::Batched,
            Forced::Only(only) => only == route,
        }
    }
}

static FORCED: AtomicU8 = AtomicU8::new(0);

/// Forces a route for the whole process, because workers run the kernels; `None` forces
/// none. Matrices that the route cannot handle take the next one. For tests.
pub(crate) fn force_route(route: Option<Route>) {
    FORCED.store(route.map_or(0, |route| route as u8), Ordering::Relaxed);
}

#[inline]
fn forced() -> Forced {
    match FORCED.load(Ordering::Relaxed) {
        0 => Forced::Nothing,
        route => Forced::Only(Route::ALL[usize::from(route) - 1]),
    }
}
