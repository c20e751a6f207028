//! The handlers: what XLA calls for an operation.

use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::ptr;
use std::slice;

use ndarray::{ArrayD, ArrayViewMutD, IxDyn};
use scirs2_core::fork;
use scirs2_core::pool::Workers;
use scirs2_interop::{Description, TensorMut, TensorRef};
use scirs2_linalg::operation::{
    self, Cholesky, Det, Eig, Eigh, Eigvals, Eigvalsh, Expm, ExpmFrechet, FractionalMatrixPower,
    Inv, Kind, Logm, Lstsq, LuFactor, LuSolve, Matmul, MatrixRank, Matvec, OnFailure, Operation,
    Outputs, PermutationKind, Pinv, Plu, Qr, QrMode, SignLogDet, Signm, Solve, SolveTriangular,
    Sqrtm, Svd, Svdvals, Threshold, Vecmat, VectorNorm,
};
use scirs2_linalg::{Error, Op, Triangle, Triangular};
use smallvec::SmallVec;

use super::float_mode::DefaultFloatMode;
use super::frame::{Frame, Refusal, dereference_sized, invalid};
use super::sys::{
    self, Api, CallFrame, EXTENSION_METADATA, Error_Create_Args, Handler, Metadata_Extension,
    error_code,
};

/// Declares a handler for each operation: which of XLA's operands are the operation's, and how it
/// is made from the frame.
macro_rules! handlers {
    ($($name:ident($($operand:literal),+) = $make:expr;)+) => {
        /// Each handler, by the operation's name.
        pub(crate) const HANDLERS: &[(&CStr, Handler)] = &[$((
            match CStr::from_bytes_with_nul(concat!("scirs2_", stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name has no zero"),
            },
            $name,
        )),+];

        $(
            /// # Safety
            /// Called as XLA calls handlers.
            unsafe extern "C" fn $name(frame: *mut CallFrame) -> *mut sys::Error {
                let compute = |frame: &Frame<'_>| {
                    let make: fn(&Frame<'_>) -> Result<_, Refusal> = $make;
                    let operation = make(frame)?;
                    frame.check_attributes()?;
                    compute(frame, &operation, &[$($operand),+])
                };
                // SAFETY: called as XLA calls handlers.
                unsafe { handle(stringify!($name), frame, compute) }
            }
        )+
    };
}

handlers! {
    cholesky(0) = |frame| Ok(Cholesky { upper: frame.flag("upper")? });
    det(0) = |_| Ok(Det);
    eig(0) = |_| Ok(Eig);
    eigh(0) = |frame| Ok(Eigh { upper: frame.flag("upper")? });
    eigvals(0) = |_| Ok(Eigvals);
    eigvalsh(0) = |frame| Ok(Eigvalsh { upper: frame.flag("upper")? });
    expm(0) = |_| Ok(Expm);
    expm_derivative(0, 1) = |_| Ok(ExpmFrechet { compute_expm: false });
    fractional_matrix_power(0) = |frame| Ok(FractionalMatrixPower { exponent: frame.float("t")? });
    inv(0) = |_| Ok(Inv);
    lstsq(0, 1) = |frame| Ok(Lstsq { rcond: not_nan(frame.float("rcond")?) });
    logm(0) = |_| Ok(Logm);
    lu(0) = |_| Ok(Plu { permutation: PermutationKind::Indices });
    lu_factor(0) = |_| Ok(LuFactor);
    lu_solve(0, 2) = |frame| Ok(LuSolve { pivots: integers(frame, 1)?, op: op(frame)? });
    matmul(0, 1) = |_| Ok(Matmul);
    matvec(0, 1) = |_| Ok(Matvec);
    matrix_rank(0) = |frame| Ok(MatrixRank {
        threshold: threshold(frame)?,
        hermitian: frame.flag("hermitian")?,
    });
    pinv(0) = |frame| Ok(Pinv {
        rtol: Some(one(frame.float("rtol")?)),
        hermitian: frame.flag("hermitian")?,
    });
    qr(0) = |_| Ok(Qr { mode: QrMode::Reduced });
    qr_complete(0) = |_| Ok(Qr { mode: QrMode::Complete });
    signm(0) = |_| Ok(Signm);
    slogdet(0) = |_| Ok(SignLogDet);
    solve(0, 1) = |_| Ok(Solve);
    solve_triangular(0, 1) = |frame| Ok(SolveTriangular { spec: triangular(frame)? });
    sqrtm(0) = |_| Ok(Sqrtm);
    svd(0) = |_| Ok(Svd { full_matrices: false, hermitian: false });
    svd_full(0) = |_| Ok(Svd { full_matrices: true, hermitian: false });
    svdvals(0) = |_| Ok(Svdvals { hermitian: false });
    vecmat(0, 1) = |_| Ok(Vecmat);
    vector_norm(0) = |frame| Ok(VectorNorm { p: frame.float("ord")? });
}

/// None of NaN: attributes have no other way to say it.
fn not_nan(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

fn op(frame: &Frame<'_>) -> Result<Op, Refusal> {
    match frame.integer("trans")? {
        0 => Ok(Op::NoTranspose),
        1 => Ok(Op::Transpose),
        2 => Ok(Op::Adjoint),
        other => Err(invalid(format!("there is no trans {other}"))),
    }
}

fn triangular(frame: &Frame<'_>) -> Result<Triangular, Refusal> {
    Ok(Triangular {
        triangle: if frame.flag("lower")? {
            Triangle::Lower
        } else {
            Triangle::Upper
        },
        op: op(frame)?,
        unit_diagonal: frame.flag("unit_diagonal")?,
    })
}

fn threshold(frame: &Frame<'_>) -> Result<Threshold, Refusal> {
    let value = |name| Ok(not_nan(frame.float(name)?).map(one));
    match (value("tol")?, value("rtol")?) {
        (None, None) => Ok(Threshold::Default),
        (Some(tol), None) => Ok(Threshold::Absolute(tol)),
        (None, Some(rtol)) => Ok(Threshold::Relative(rtol)),
        (Some(_), Some(_)) => Err(invalid("both tol and rtol".to_owned())),
    }
}

fn one(value: f64) -> ArrayD<f64> {
    ArrayD::from_elem(IxDyn(&[]), value)
}

/// Copies an operand of int32, such as pivots.
fn integers(frame: &Frame<'_>, number: usize) -> Result<ArrayD<i64>, Refusal> {
    let described = operand(frame, number)?;
    // SAFETY: the frame's operands can be read while it lives, and nothing writes to them.
    let view = unsafe { described.view::<i32>() };
    let view = view.map_err(|error| invalid(format!("operand {number}: {error}")))?;
    // Not `mapv`, which keeps strides, and in a build with assertions refuses those of no elements.
    let numbers = view.iter().copied().map(i64::from).collect();
    ArrayD::from_shape_vec(view.raw_dim(), numbers).map_err(|error| invalid(error.to_string()))
}

fn operand<'a>(frame: &'a Frame<'_>, number: usize) -> Result<&'a Description, Refusal> {
    let found = frame.operands.get(number);
    found.ok_or_else(|| invalid(format!("there is no operand {number}")))
}

/// Runs an operation on the frame's memory. The results of matrices that fail are NaN.
fn compute(
    frame: &Frame<'_>,
    operation: &dyn Operation,
    operands: &[usize],
) -> Result<(), Refusal> {
    let taken: SmallVec<[&Description; 3]> = operands
        .iter()
        .map(|&number| operand(frame, number))
        .collect::<Result<_, _>>()?;
    let dtype = taken[0].dtype();
    if let Some(other) = taken.iter().find(|other| other.dtype() != dtype) {
        let text = format!("operands are {} and {}", dtype.name(), other.dtype().name());
        return Err(invalid(text));
    }
    let last = operands.iter().max().copied().unwrap_or(0);
    if frame.operands.len() != last + 1 {
        let text = format!(
            "there are {} operands, not {}",
            frame.operands.len(),
            last + 1
        );
        return Err(invalid(text));
    }
    let shapes: SmallVec<[&[usize]; 3]> = taken.iter().map(|one| one.shape()).collect();
    let expected = operation.results(dtype, &shapes).map_err(refused)?;
    let mut unread = 0_i32;
    let mut outputs = Outputs::new();
    for (number, (expected, got)) in expected.each.iter().zip(&frame.results).enumerate() {
        let dtype = expected.kind.dtype(dtype);
        if got.dtype() != dtype || got.shape() != expected.shape {
            return Err(invalid(format!(
                "result {number} is {} of shape {:?}, not {} of shape {:?}",
                got.dtype().name(),
                got.shape(),
                dtype.name(),
                expected.shape,
            )));
        }
        // SAFETY: the frame's results can be written while it lives, nothing else accesses
        // them, they do not overlap, and in C order no two indices name one element.
        outputs.push(unsafe { TensorMut::new(got.clone()) });
    }
    let missing = &expected.each[outputs.len()..];
    // Whether all eigenvalues are real: the types of a program do not depend on that.
    if matches!(missing, [flag] if flag.kind == Kind::Index && flag.shape.is_empty()) {
        let place = ArrayViewMutD::from_shape(IxDyn(&[]), slice::from_mut(&mut unread));
        outputs.push(TensorMut::from(place.expect("one element")));
    }
    if outputs.len() != expected.each.len() || outputs.len() < frame.results.len() {
        let text = format!(
            "there are {} results, not {}",
            frame.results.len(),
            expected.each.len()
        );
        return Err(invalid(text));
    }
    let operands: SmallVec<[TensorRef<'_>; 3]> = taken
        .into_iter()
        // SAFETY: the frame's operands can be read while it lives, and nothing writes to them.
        .map(|described| unsafe { TensorRef::new(described.clone()) })
        .collect();
    // Process exit and forks wait for the call.
    let _computing = fork::enter_compute();
    let workers = Workers::current();
    operation::run(operation, &operands, outputs, OnFailure::FillNan, &workers).map_err(refused)
}

fn refused(error: Error) -> Refusal {
    let code = match error {
        Error::Memory { .. } | Error::SquareMemory { .. } => error_code::RESOURCE_EXHAUSTED,
        Error::Interrupted(_) => error_code::ABORTED,
        _ => error_code::INVALID_ARGUMENT,
    };
    Refusal {
        code,
        text: error.to_string(),
    }
}

/// Answers a call of XLA's.
///
/// # Safety
/// Called as XLA calls handlers.
unsafe fn handle(
    name: &str,
    frame: *mut CallFrame,
    compute: impl FnOnce(&Frame<'_>) -> Result<(), Refusal>,
) -> *mut sys::Error {
    // SAFETY: called as XLA calls handlers.
    let frame = match unsafe { dereference_sized("the frame", frame.cast_const()) } {
        Ok(frame) => frame,
        Err(refusal) => give_up(name, &refusal.text),
    };
    if !frame.extension_start.is_null() {
        // SAFETY: called as XLA calls handlers.
        let answered = unsafe { answer_metadata(frame) };
        return match answered {
            Ok(()) => ptr::null_mut(),
            Err(refusal) => fail(name, frame, &refusal),
        };
    }
    let answer = catch_unwind(AssertUnwindSafe(|| {
        let _mode = DefaultFloatMode::set();
        let mut filled = Frame::empty();
        // SAFETY: called as XLA calls handlers.
        unsafe { filled.fill(frame) }?;
        compute(&filled)
    }));
    let refusal = match answer {
        Ok(Ok(())) => return ptr::null_mut(),
        Ok(Err(refusal)) => refusal,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Refusal {
                code: error_code::INTERNAL,
                text: format!("a panic: {}", text.unwrap_or("of no text")),
            }
        }
    };
    fail(name, frame, &refusal)
}

/// Tells XLA the version that the handler is written for.
///
/// # Safety
/// Called as XLA calls handlers, with an extension.
unsafe fn answer_metadata(frame: &CallFrame) -> Result<(), Refusal> {
    let start = frame.extension_start;
    // SAFETY: called as XLA calls handlers.
    let extension = unsafe { dereference_sized("the extension", start.cast_const()) }?;
    if extension.r#type != EXTENSION_METADATA {
        let text = format!("there is no extension {}", extension.r#type);
        return Err(invalid(text));
    }
    let start = start.cast_const().cast::<Metadata_Extension>();
    // SAFETY: as above, and the type is that of this struct.
    let extension = unsafe { dereference_sized("the extension", start) }?;
    // SAFETY: as above; checked before it is written to.
    unsafe { dereference_sized("the metadata", extension.metadata.cast_const()) }?;
    let metadata = extension.metadata;
    let (major, minor) = sys::VERSION;
    // SAFETY: XLA's, for the handler to write.
    unsafe { (*metadata).api_version.major_version = major };
    // SAFETY: as above.
    unsafe { (*metadata).api_version.minor_version = minor };
    // SAFETY: as above.
    unsafe { (*metadata).traits = 0 };
    Ok(())
}

/// Makes an error of XLA's.
fn fail(name: &str, frame: &CallFrame, refusal: &Refusal) -> *mut sys::Error {
    let text = format!("scirs2: {name}: {}", refusal.text).replace('\0', "");
    // SAFETY: called as XLA calls handlers.
    let create = match unsafe { dereference_sized("the api", frame.api) } {
        Ok(&Api {
            XLA_FFI_Error_Create: Some(create),
            ..
        }) => create,
        _ => give_up(name, &text),
    };
    let Ok(message) = CString::new(text) else {
        give_up(name, "a message with a zero");
    };
    let mut arguments = Error_Create_Args {
        struct_size: 28,
        extension_start: ptr::null_mut(),
        message: message.as_ptr(),
        errc: refusal.code,
    };
    // SAFETY: XLA's function, with its arguments.
    let error = unsafe { create(&raw mut arguments) };
    if error.is_null() {
        give_up(name, &message.to_string_lossy());
    }
    error
}

/// Ends the process: an error that XLA cannot be told of would be taken for success.
#[cold]
fn give_up(name: &str, text: &str) -> ! {
    eprintln!("scirs2: {name}: {text}; XLA gave no way to report it");
    process::abort()
}
