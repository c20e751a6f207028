"""What NumPy, SciPy, PyTorch and JAX call it, and what it is here: one table for all hints.

Only an error is explained here, so nothing here need be fast.
"""

import sys
from typing import Any

from . import _results

# Keywords that functions here do not have. `{f}` is the function, `{first}` and `{second}` its
# first parameters. A keyword that another parameter stands for names that parameter first: the
# hint holds for the functions that have it.
PARAMETERS = {
    "dim": "axis",
    "axes": "axis",
    "dims": "axes",
    "keepdim": "keepdims",
    "p": "ord",
    "ord": "p",
    "uplo": "UPLO",
    "cond": "rcond",
    "tol": "rtol",
    "eps": "rtol",
    "atol": "tol",
    "transposed": "trans",
    "unitriangular": "unit_diagonal",
    "indexing": "p_indices",
}

FIRST = ("A", "M", "a", "ab", "arr", "input", "matrix", "self", "tensor", "x", "x1")
SECOND = ("B", "b", "other", "right", "rhs", "tensor2", "vec2", "x2", "y")

_CHOSEN = "leave it out: each call takes the algorithm that suits the matrix"
_NO_OVERWRITE = "leave it out: operands are never overwritten"
_LAST_TWO = (
    "{f} works on the last two axes: move the others before them, for example with numpy.moveaxis"
)
_ON_FAILURE = 'it is on_failure="nan" here, and the results of a matrix that fails are NaN'
_GENERALIZED = "for the generalized problem pass b by keyword: {f}(a, b=b)"
_IN_SCIPYS = "scirs2.scipy.linalg.{f} has it"

KEYWORDS = {
    **dict.fromkeys(("dim", "dims", "axis", "axis1", "axis2", "dim1", "dim2"), _LAST_TWO),
    **dict.fromkeys(("driver", "lapack_driver", "method", "algorithm", "precision"), _CHOSEN),
    **dict.fromkeys(
        ("overwrite_a", "overwrite_b", "overwrite_x", "overwrite_ab", "overwrite_lu"),
        _NO_OVERWRITE,
    ),
    **dict.fromkeys(("check_errors", "get_infos", "check"), _ON_FAILURE),
    **dict.fromkeys(
        ("homogeneous_eigvals", "pivoting", "subset_by_index", "subset_by_value"), _IN_SCIPYS
    ),
    "adjoint": "pass the adjoint, {first}.mT.conj()",
    "assume_a": 'leave it out, or for "pos" call cho_solve(cho_factor({first}), {second})',
    "check_finite": (
        "leave it out: NaN and infinity need no check, and the page on numerics says what they give"
    ),
    "compute_left_eigenvectors": "the left eigenvectors are those of eig({first}.mT.conj())",
    "dtype": "convert {first} first, for example {first}.astype(dtype)",
    "eigvals_only": "call eigvalsh",
    "economy": 'pass mode="reduced"',
    "on_failure": "leave it out: {f} returns a result for every matrix",
    "pivot": "rows are always exchanged",
    "return_rank": "call matrix_rank",
    "sym_pos": "call cho_solve(cho_factor({first}), {second})",
    "symmetrize_input": "only one triangle is read: pass ({first} + {first}.mT.conj()) / 2",
}

# Of one function, where the hint for all is not right.
KEYWORDS_OF = {
    ("eig", "left"): "the left eigenvectors are those of scirs2.scipy.linalg.eig(a, left=True)",
    ("eig", "right"): "the right eigenvectors are the second result; eigvals gives no vectors",
    ("eig", "b"): _IN_SCIPYS,
    ("eigh", "lower"): 'pass UPLO="L" or "U"',
    ("eigh", "upper"): 'pass UPLO="L" or "U"',
    ("eigvals", "b"): _IN_SCIPYS,
    ("eigvals", "left"): "the left eigenvectors are those of scirs2.scipy.linalg.eig(a, left=True)",
    ("eigvals", "right"): "the right eigenvectors are the second result of eig",
    ("eigvalsh", "lower"): 'pass UPLO="L" or "U"',
    ("eigvalsh", "upper"): 'pass UPLO="L" or "U"',
    ("cho_solve", "lower"): "it is in the pair: cho_solve((c, lower), b)",
    ("cho_solve", "upper"): "it is in the pair: cho_solve((c, not upper), b)",
    ("cho_factor", "upper"): "pass lower=not upper",
    ("cholesky", "lower"): "the result is lower triangular; pass upper=True for the other",
    ("lu_solve", "adjoint"): 'pass trans="C"',
    ("lu_solve", "left"): 'for x @ a = b pass lu_solve(lu_and_piv, b.mT, trans="T").mT',
    ("matrix_norm", "axis"): "scirs2.norm takes axis=(rows, columns)",
    ("matrix_norm", "dim"): "scirs2.norm takes axis=(rows, columns)",
    ("qr", "some"): 'pass mode="reduced" for some=True, "complete" for some=False',
    ("qr", "full_matrices"): 'pass mode="complete" for full_matrices=True, else "reduced"',
    ("solve", "left"): "for x @ a = b pass solve(a.mT, b.mT).mT",
    ("solve_triangular", "upper"): "pass lower=not upper",
    ("svd", "some"): "pass full_matrices=not some",
    ("solve_triangular", "left"): 'for x @ a = b pass solve_triangular(a, b.mT, trans="T").mT',
}

# Arguments that are of the right place and the wrong kind, or too many.
POSITIONS = {
    "eig": _IN_SCIPYS,
    "eigh": _GENERALIZED,
    "eigvals": _IN_SCIPYS,
    "eigvalsh": _GENERALIZED,
    "multi_dot": "pass all matrices in one list",
}
VALUES = {
    ("cho_solve", "c_and_lower"): "pass the pair that cho_factor returns: (c, lower)",
    # Two matrices of order 2 look like the pair.
    ("cho_solve", "lower"): "pass the pair that cho_factor returns: (c, lower)",
    ("eigh", "UPLO"): _GENERALIZED,
    ("eigvalsh", "UPLO"): _GENERALIZED,
    ("lu_solve", "lu_and_piv"): "pass the pair that lu_factor returns: (lu, piv)",
}
VALUES_OF_ANY = {"on_failure": 'pass "raise" or "nan"'}

_SCIPY = "it is not here; scipy.linalg.{n} takes the array that scirs2.from_dlpack(x) returns"
_TORCH = "it is not here; torch.linalg.{n} takes the tensor that torch.from_dlpack(x) returns"

# Functions that are not here, and what to call instead.
FUNCTIONS = {
    **{
        f"{name}_ex": f'call {name}(..., on_failure="nan"): the results of a matrix that fails '
        f"are NaN, and the others are right"
        for name in ("cholesky", "inv", "lu_factor", "solve")
    },
    **dict.fromkeys(
        [
            "cholesky_banded",
            "cho_solve_banded",
            "cossin",
            "eig_banded",
            "eigh_tridiagonal",
            "eigvals_banded",
            "eigvalsh_tridiagonal",
            "kron",
            "ldl",
            "matmul_toeplitz",
            "ordqz",
            "qr_delete",
            "qr_insert",
            "qr_update",
            "qz",
            "solve_banded",
            "solve_circulant",
            "solve_continuous_are",
            "solve_continuous_lyapunov",
            "solve_discrete_are",
            "solve_discrete_lyapunov",
            "solve_lyapunov",
            "solve_sylvester",
            "solve_toeplitz",
            "solveh_banded",
        ],
        _SCIPY,
    ),
    **dict.fromkeys(
        ["householder_product", "ldl_factor", "ldl_factor_ex", "ldl_solve", "vander"], _TORCH
    ),
    "funm": "call scirs2.scipy.linalg.funm",
    "chain_matmul": "call multi_dot, with the matrices in one list",
    "cholesky_inverse": "call cho_solve((c, lower), eye)",
    "cholesky_solve": "call cho_solve((c, lower), b)",
    "dot": "call matmul or vecdot",
    "einsum": "call scirs2.einsum",
    "einsum_path": "scirs2.einsum finds the path itself",
    "inverse": "call inv",
    "logdet": "call slogdet",
    "lu_unpack": "call lu",
    "matrix_exp": "call expm",
    "mT": "call matrix_transpose",
    "pinvh": "call pinv(..., hermitian=True)",
    "qr_multiply": "scirs2.scipy.linalg.qr_multiply is it",
    "symeig": "call eigh",
    "transpose": "call matrix_transpose",
    "triangular_solve": "call solve_triangular",
}

# The fields of results by other libraries' names.
FIELDS = {
    "L": "eigenvalues",
    "LU": "LU",
    "V": "Vh.mT.conj()",
    "VT": "Vh",
    "Vt": "Vh",
    "info": 'on_failure="nan"',
    "logdet": "logabsdet",
    "q": "Q",
    "r": "R",
    "s": "S",
    "u": "U",
    "v": "eigenvectors",
    "vectors": "eigenvectors",
    "values": "eigenvalues",
    "vh": "Vh",
    "w": "eigenvalues",
    "x": "solution",
}


def explain(name: str, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Put the parameter and the hint into the message of an error of parsing arguments."""
    # Subclasses have messages of their own, as have functions that did parse their arguments.
    if type(error) not in (TypeError, ValueError, OverflowError):
        return
    text = str(error)
    if text.startswith(f"{name}() "):
        error.args = (f"{text}; {_misuse(name, text, kwargs)}",)
        return
    parameter = _noted(error)
    if parameter is not None:
        hint = VALUES.get((name, parameter)) or VALUES_OF_ANY.get(parameter)
        text = f"{name}: {parameter}: {text}"
        error.args = (f"{text}; {hint.format(f=name)}" if hint else text,)


def _noted(error: Exception) -> str | None:
    """Take PyO3's note of the parameter away and return it."""
    notes = getattr(error, "__notes__", [])
    for note in notes:
        before, found, rest = note.partition("while processing '")
        if found and not before:
            notes.remove(note)
            if not notes:
                del error.__notes__
            return str(rest.removesuffix("'"))
    return None


def _misuse(name: str, text: str, kwargs: dict[str, Any]) -> str:
    import inspect  # Slow to import, and rarely needed.

    package = _package()
    module = package if name in package.__all__ else package.linalg
    signature = inspect.signature(getattr(module, name))
    parameters = list(signature.parameters)
    unknown = [one for one in kwargs if repr(one) in text and "unexpected keyword" in text]
    hint = _keyword(name, unknown[0], parameters) if unknown else None
    if hint is None and "positional arguments but" in text:
        hint = POSITIONS.get(name, "").format(f=name) or None
    if hint is None:
        return f"the signature is {name}{signature}"
    return hint


def _keyword(name: str, keyword: str, parameters: list[str]) -> str | None:
    """Return the hint for a keyword that the function does not have."""
    first, second = [*parameters, "", ""][:2]
    hint = KEYWORDS_OF.get((name, keyword))
    if hint is None and PARAMETERS.get(keyword) in parameters:
        return f"it is {PARAMETERS[keyword]} here"
    if hint is None and keyword in FIRST:
        return f"pass it by position: it is the first argument, {first}"
    if hint is None and keyword in SECOND and len(parameters) > 1:
        return f"pass it by position: it is the second argument, {second}"
    if hint is None:
        hint = KEYWORDS.get(keyword)
    return hint and hint.format(f=name, first=first, second=second)


def missing_function(name: str) -> Any:
    """Raise the error for a name that `scirs2.linalg` does not have."""
    text = f"module 'scirs2.linalg' has no attribute {name!r}"
    if name in FUNCTIONS:
        text += f"; {FUNCTIONS[name].format(n=name)}"
    raise AttributeError(text, name=name, obj=_package().linalg)


def missing_in_package(name: str) -> Any:
    """Raise the error for a name that `scirs2` does not have."""
    package = _package()
    text = f"module 'scirs2' has no attribute {name!r}"
    if name in package.linalg.__all__:
        text += f"; it is scirs2.linalg.{name}"
    raise AttributeError(text, name=name, obj=package)


def missing_field(result: Any, name: str) -> Any:
    """Raise the error for a field that a named tuple does not have."""
    text = f"{type(result).__name__!r} object has no attribute {name!r}"
    if not name.startswith("_"):
        fields, field = result._fields, FIELDS.get(name)
        is_here = field is not None and field.split(".")[0] in {*fields, 'on_failure="nan"'}
        text += f"; it is {field} here" if is_here else f"; its fields are {', '.join(fields)}"
    raise AttributeError(text, name=name, obj=result)


def tell() -> None:
    """Let the modules and the named tuples give hints for names that they do not have.

    Not as functions in their sources, because to a type checker every name would exist then.
    """
    vars(_package())["__getattr__"] = missing_in_package
    vars(_package().linalg)["__getattr__"] = missing_function
    for result in vars(_results).values():
        if isinstance(result, type) and hasattr(result, "_fields"):
            type.__setattr__(result, "__getattr__", missing_field)


def _package() -> Any:
    return sys.modules["scirs2"]
