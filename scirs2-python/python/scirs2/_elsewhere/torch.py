"""PyTorch's gradients and transforms by the rules.

There are three ways to a rule, each for what the others cannot do or do slowly: `Eager` for
`requires_grad`, `Transformed` for `torch.func` and forward mode, and the operators of
`scirs2.torch` for tensors of `torch.compile` and `torch.export`.
"""

# PyTorch's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch._C import _are_functorch_transforms_active as _transforms_are_active
from torch._C._functorch import TransformType, get_interpreter_stack, is_legacy_batchedtensor
from torch._subclasses.fake_tensor import FakeTensor
from torch._subclasses.functional_tensor import FunctionalTensor
from torch.autograd import forward_ad

import scirs2

from .. import linalg as la
from .._contraction import plan
from . import numpy as of_numpy
from . import rules
from .functions import FUNCTIONS, Function
from .operators import operators
from .rules import INTEGERS, Rule

Tensors = tuple[Any, ...]

# PyTorch's functions without types.
_unpack_dual: Any = forward_ad.unpack_dual


def _lower(a: Any, k: int) -> Any:
    """Return where the lower triangle is.

    Not by torch.tril: it wakes all threads for one small matrix, and waits for them.
    """
    rows, columns = a.shape[-2:]
    return torch.arange(rows)[:, None] + k >= torch.arange(columns)


class Library(rules.Library):
    """What rules and functions need of PyTorch."""

    conj = staticmethod(torch.conj)
    abs = staticmethod(torch.abs)
    sgn = staticmethod(torch.sgn)
    where = staticmethod(torch.where)
    diag = staticmethod(torch.diag_embed)
    concat = staticmethod(torch.cat)
    permute = staticmethod(torch.permute)
    reshape = staticmethod(torch.reshape)
    is_complex = staticmethod(torch.is_complex)

    @staticmethod
    def real(a: Any) -> Any:
        """Return the real part."""
        return a.real if a.is_complex() else a

    @staticmethod
    def tril(a: Any, k: int = 0) -> Any:
        """Keep the lower triangle."""
        return torch.where(_lower(a, k), a, 0.0)

    @staticmethod
    def triu(a: Any, k: int = 0) -> Any:
        """Keep the upper triangle."""
        return torch.where(_lower(a, k - 1), 0.0, a)

    @staticmethod
    def on_diagonal(a: Any) -> Any:
        """Return where the diagonals of matrices are."""
        return torch.eye(*a.shape[-2:], dtype=torch.bool)

    @staticmethod
    def diagonal(a: Any) -> Any:
        """Return the diagonals of matrices."""
        return a.diagonal(dim1=-2, dim2=-1)

    @staticmethod
    def sum(a: Any, axes: Any) -> Any:
        """Sum over axes, which stay."""
        return a.sum(axes, keepdim=True)

    @staticmethod
    def largest(a: Any, axes: Any, ord: float = math.inf) -> Any:
        """Return the largest or smallest modulus over axes, which stay; of none 0. A constant."""
        sizes = a.detach().abs()
        if sizes.numel() == 0:
            return sizes.sum(axes, keepdim=True)
        return sizes.amax(axes, keepdim=True) if ord > 0 else sizes.amin(axes, keepdim=True)

    @staticmethod
    def cumprod(a: Any) -> Any:
        """Return the products so far."""
        return a.cumprod(-1)

    @staticmethod
    def flip(a: Any) -> Any:
        """Reverse the last axis."""
        return a.flip(-1)

    @staticmethod
    def eps(a: Any) -> float:
        """Return the distance from 1 to the next number."""
        return torch.finfo(a.dtype).eps

    @staticmethod
    def take_rows(a: Any, indices: Any) -> Any:
        """Take the rows of these indices."""
        indices = indices.long()[..., None]
        return a.gather(-2, indices.expand(*indices.shape[:-1], a.shape[-1]))

    @staticmethod
    def undo_exchanges(a: Any, pivots: Any) -> Any:
        """Undo LAPACK's exchanges of rows, the last one first."""
        p, _, _ = torch.lu_unpack(a.detach(), pivots + 1, unpack_data=False)
        return la.matmul(p.to(a.dtype), a)

    @staticmethod
    def permutation(indices: Any, like: Any) -> Any:
        """Return the permutation's matrix of the real dtype."""
        columns = torch.arange(indices.shape[-1], device=indices.device)
        return (indices[..., None] == columns).to(like.real.dtype)

    @staticmethod
    def sort_by_size(values: Any, vectors: Any) -> Any:
        """Sort, the largest modulus first."""
        order = values.detach().abs().argsort(-1, descending=True)
        columns = order[..., None, :].expand(vectors.shape)
        return values.gather(-1, order), vectors.gather(-1, columns)

    def all(self, condition: Any) -> bool | None:
        """Return whether all hold."""
        return bool(condition.all())

    @staticmethod
    def choose(condition: Any, one: Callable[[], Any], other: Callable[[], Any]) -> Any:
        """Compute one if all elements hold, else the other."""
        return one() if bool(condition.all()) else other()

    def settle(self, ties: Any, unclear: Any, function: str, what: str) -> Any:
        """Refuse what is unclear."""
        if bool(unclear.any()):
            raise rules.unclear_gradient(unclear.nonzero()[0].tolist(), function, what)
        return torch.where(ties, 0.0, 1.0)

    @staticmethod
    def apply(rule: Rule, *operands: Any, **options: Any) -> Any:
        """Call a rule's function in the way that its operands need."""
        if _is_transformed():
            _refuse_nested_forward_mode(rule)
            return Transformed.apply(Bound(rule, options), *operands)
        if torch.is_grad_enabled() and not _is_traced(operands):
            return Eager.apply(rule, options, *operands)
        return results_of(_compute(rule, options, operands))

    def values(self, rule: Rule, a: Any, **options: Any) -> Any:
        """Call a rule's function for its values; their rule needs the vectors."""
        return self.apply(rule, a, **options)[1 if rule is rules.SVD else 0]


class Blind(Library):
    """For tensors whose values nobody can look at."""

    def all(self, condition: Any) -> bool | None:
        """Do not know."""
        return None

    def settle(self, ties: Any, unclear: Any, function: str, what: str) -> Any:
        """Make what is unclear NaN."""
        return torch.where(unclear, torch.nan, torch.where(ties, 0.0, 1.0))


class Linear(Blind):
    """For forward mode, where nobody knows what becomes of the results."""

    def settle(self, ties: Any, unclear: Any, function: str, what: str) -> Any:
        """Make NaN what may be unclear."""
        return torch.where(ties, torch.nan, 1.0)


class Plain(Library):
    """For tensors of `_are_plain`: the way is known."""

    @staticmethod
    def apply(rule: Rule, *operands: Any, **options: Any) -> Any:
        """Call a rule's function."""
        return Eager.apply(rule, options, *operands)


LIBRARY, PLAIN, BLIND, LINEAR = Library(), Plain(), Blind(), Linear()


# The ways to a rule.


class Bound:
    """A rule with its options: one object that PyTorch does not look into."""

    def __init__(self, rule: Rule, options: dict[str, Any]) -> None:
        """Bind them."""
        self.rule, self.options = rule, options


def results_of(results: Tensors) -> Any:
    return results if len(results) != 1 else results[0]


def _is_traced(operands: Tensors) -> bool:
    return any(isinstance(operand, FakeTensor | FunctionalTensor) for operand in operands)


def _compute(rule: Rule, options: dict[str, Any], operands: Tensors) -> Tensors:
    if _is_traced(operands):
        if rule not in operators:
            raise NotImplementedError(
                f"{rule.name}: PyTorch traces the tensors, and has no operator; import scirs2.torch first"
            )
        results = operators[rule](*operands, **options)
        return results if isinstance(results, tuple) else (results,)
    return rule(LIBRARY, operands, options)


def save(
    ctx: Any, rule: Rule, options: dict[str, Any], operands: Tensors, results: Tensors
) -> Tensors:
    """Save what the product needs; return these tensors."""
    ctx.rule, ctx.options = rule, options
    ctx.set_materialize_grads(False)
    if rule.has_integers:
        ctx.mark_non_differentiable(
            *(one for one, kind in zip(results, rule.kinds, strict=True) if kind in INTEGERS)
        )
    if rule.keeps_operands:
        saved = (*operands, *results)
    else:
        # Of one operand, which does not broadcast, only this is to know.
        saved, ctx.of_complex = results, operands[0].is_complex()
    ctx.save_for_backward(*saved)
    return saved


def pull_back(
    library: rules.Library, ctx: Any, saved: Tensors, cotangents: Tensors, needs: Any
) -> Tensors:
    """Return the cotangents of the operands, from those of the results."""
    rule: Rule = ctx.rule
    count = len(rule.inputs)
    if rule.has_integers:
        pairs = zip(cotangents, rule.kinds, strict=True)
        cotangents = tuple(None if kind in INTEGERS else g for g, kind in pairs)
    if all(g is None for g in cotangents):
        return (None,) * count
    operands, results = (saved[:count], saved[count:]) if rule.keeps_operands else ((None,), saved)
    try:
        gradients = rule.vjp(library, operands, results, cotangents, needs, **ctx.options)
    except la.LinAlgError as error:
        if "no gradient" in str(error):
            raise
        raise _with_cure(f"{rule.name}: no gradient: {error}", error) from None
    if not rule.keeps_operands:
        return (_real(library, gradients[0], ctx.of_complex),)
    return tuple(
        _fit(library, g, operand) if need and g is not None else None
        for g, operand, need in zip(gradients, operands, needs, strict=True)
    )


def _with_cure(text: str, error: la.LinAlgError, name: str | None = None) -> la.LinAlgError:
    """Return an error whose cure works where a gradient is needed, which has no on_failure."""
    cure = "leave such matrices out of the batch"
    if name is not None:
        cure += f': {name} of x.detach() with on_failure="nan" tells which'
    cured = la.LinAlgError(text.replace(_NAN_FOR_IT, cure))
    cured.index = error.index
    return cured


# What the functions say without gradients.
_NAN_FOR_IT = 'on_failure="nan" gives NaN for it and computes the others'


def _real(library: rules.Library, gradient: Any, is_complex: bool) -> Any:
    """Take the real part, if the operand is real."""
    return gradient if is_complex else library.real(gradient)


def _fit(library: rules.Library, gradient: Any, operand: Any) -> Any:
    """Take the real part and sum over broadcast axes, as the operand needs."""
    gradient = _real(library, gradient, library.is_complex(operand))
    shape = operand.shape
    if gradient.shape != shape:
        full = (1,) * (gradient.ndim - len(shape)) + tuple(shape)
        pairs = enumerate(zip(gradient.shape, full, strict=True))
        axes = tuple(axis for axis, (got, size) in pairs if got != size)
        # PyTorch's sum over no axes is one over all.
        gradient = (library.sum(gradient, axes) if axes else gradient).reshape(shape)
    return gradient


class Eager(torch.autograd.Function):
    """A rule under `requires_grad`. Of the old style, which takes an eighth of the time."""

    @staticmethod
    def forward(ctx: Any, rule: Rule, options: dict[str, Any], *operands: Any) -> Any:
        """Compute, and save what the product needs."""
        results = rule(LIBRARY, operands, options)
        save(ctx, rule, options, operands, results)
        return results_of(results)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Return the product."""
        needs, saved = ctx.needs_input_grad[2:], ctx.saved_tensors
        if any(g is not None and is_legacy_batchedtensor(g) for g in cotangents):
            return None, None, *_pull_back_batch(ctx, cotangents, needs)
        if not torch.is_grad_enabled() and not _is_transformed() and _are_small(saved, cotangents):
            return None, None, *_pull_back_arrays(ctx, saved, cotangents, needs)
        library = BLIND if _transforms_are_active() else LIBRARY
        return None, None, *pull_back(library, ctx, saved, cotangents, needs)


# Up to so many elements PyTorch itself uses one thread.
_FEW = 32768


def _are_small(saved: Tensors, cotangents: Tensors) -> bool:
    """Whether tensors are plain, and small enough for NumPy."""
    for tensor in (*saved, *cotangents):
        if tensor is not None and (type(tensor) not in _PLAIN_TYPES or tensor.numel() > _FEW):
            return False
    return True


def _pull_back_arrays(ctx: Any, saved: Tensors, cotangents: Tensors, needs: Any) -> Tensors:
    """As `pull_back`, on the memory of the tensors."""
    arrays = tuple(tensor.numpy(force=True) for tensor in saved)
    given = tuple(None if g is None else g.numpy(force=True) for g in cotangents)
    with np.errstate(all="ignore"):
        pulled = pull_back(of_numpy.LIBRARY, ctx, arrays, given, needs)
    return tuple(None if g is None else torch.from_numpy(g) for g in pulled)


def _pull_back_batch(ctx: Any, cotangents: Tensors, needs: Any) -> Tensors:
    """As `pull_back` for `is_grads_batched`, whose tensors are of a kind that few accept."""
    level = torch._C._vmapmode_increment_nesting() - 1
    torch._C._vmapmode_decrement_nesting()
    saved = ctx.saved_tensors
    is_batched = [g is not None and is_legacy_batchedtensor(g) for g in cotangents]
    plain = [
        torch._remove_batch_dim(g, level, 0, 0) if batched else g
        for g, batched in zip(cotangents, is_batched, strict=True)
    ]

    places: list[int] = []

    def pull(*given: Any) -> Any:
        pulled = pull_back(BLIND, ctx, saved, given, needs)
        places[:] = [place for place, g in enumerate(pulled) if g is not None]
        return tuple(pulled[place] for place in places)

    gradients: list[Any] = [None] * len(needs)
    mapped = torch.vmap(pull, tuple(0 if batched else None for batched in is_batched))(*plain)
    for place, gradient in zip(places, mapped, strict=True):
        gradients[place] = torch._add_batch_dim(gradient, 0, level)
    return tuple(gradients)


class Transformed(torch.autograd.Function):
    """A rule under the transforms of `torch.func`, and in forward mode."""

    @staticmethod
    def forward(bound: Bound, *operands: Any) -> Any:
        """Compute."""
        return results_of(_compute(bound.rule, bound.options, operands))

    @staticmethod
    def setup_context(ctx: Any, inputs: Tensors, output: Any) -> None:
        """Save what the products need."""
        bound, *operands = inputs
        results = output if isinstance(output, tuple) else (output,)
        saved = save(ctx, bound.rule, bound.options, tuple(operands), results)
        ctx.save_for_forward(*saved)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Return the product."""
        needs = ctx.needs_input_grad[1:]
        return None, *pull_back(BLIND, ctx, ctx.saved_tensors, cotangents, needs)

    @staticmethod
    def jvp(ctx: Any, _: Any, *tangents: Any) -> Any:
        """Transpose the product, which is linear in the cotangents."""
        saved = tuple(_unpack_dual(tensor).primal for tensor in ctx.saved_tensors)
        kinds = ctx.rule.kinds
        results = saved[len(saved) - len(kinds) :]
        needs = [tangent is not None for tangent in tangents]

        def pull(*cotangents: Any) -> Any:
            given = iter(cotangents)
            every = tuple(None if kind in INTEGERS else next(given) for kind in kinds)
            pulled = pull_back(LINEAR, ctx, saved, every, needs)
            return tuple(
                torch.zeros_like(tangent) if g is None else g
                for g, tangent in zip(pulled, tangents, strict=True)
                if tangent is not None
            )

        zeros = (
            torch.zeros_like(result)
            for result, kind in zip(results, kinds, strict=True)
            if kind not in INTEGERS
        )
        push: Any = torch.func.vjp(pull, *zeros)[1]
        pushed = iter(push(tuple(tangent for tangent in tangents if tangent is not None)))
        return results_of(tuple(None if kind in INTEGERS else next(pushed) for kind in kinds))

    @staticmethod
    def vmap(info: Any, in_dims: Any, bound: Bound, *operands: Any) -> Any:
        """Make the mapped axes a part of the batch, which broadcasts."""
        del info
        apply = partial(LIBRARY.apply, bound.rule, **bound.options)
        return vmap(bound.rule, apply, in_dims[1:], operands)


def vmap(rule: Rule, apply: Callable[..., Any], in_dims: Any, operands: Tensors) -> Any:
    """Apply a rule to operands with mapped axes; these come first in all results."""
    axes = [len(names) for names in rule.inputs]
    batches = [
        operand.ndim - count - (dim is not None)
        for operand, dim, count in zip(operands, in_dims, axes, strict=True)
    ]
    most = max(batches)
    mapped = []
    for operand, dim, batch in zip(operands, in_dims, batches, strict=True):
        if dim is not None:
            operand = operand.movedim(dim, 0)
            operand = operand[(slice(None), *(None,) * (most - batch))]
        mapped.append(operand)
    return apply(*mapped), (0,) * len(rule.kinds) if len(rule.kinds) > 1 else 0


def _refuse_nested_forward_mode(rule: Rule) -> None:
    stack = get_interpreter_stack() or ()
    if sum(level.key() == TransformType.Jvp for level in stack) > 1:
        raise NotImplementedError(
            f"{rule.name}: forward mode within forward mode gives zeros in PyTorch "
            "(pytorch/pytorch#197867); take jacfwd(jacrev(f)) for jacfwd(jacfwd(f))"
        )


# Calls.


def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], reason: Exception) -> Any:
    """Compute with tensors that need a gradient, or that a transform made."""
    function = FUNCTIONS.get(name)
    try:
        if function is not None and _are_plain(function, args, kwargs):
            return function.body(PLAIN, *args, **kwargs)
        return _call(name, args, kwargs, reason)
    except NotImplementedError:
        raise
    except Exception as error:
        if _is_transformed() and isinstance(error, la.LinAlgError):
            raise _with_cure(str(error), error, name) from None
        if _is_transformed() or not torch.is_grad_enabled():
            raise
        failure = error
    # Outside of the handler, so that the error has no other one before it.
    try:
        # Without gradients the function itself says what is wrong.
        with torch.no_grad():
            _function(name)(*args, **kwargs)
    except la.LinAlgError as error:
        raise _with_cure(str(error), error, name) from None
    else:
        raise failure
    finally:
        del failure, reason


def _is_transformed() -> bool:
    return _transforms_are_active() or forward_ad._current_level >= 0


_PLAIN_TYPES = (torch.Tensor, torch.nn.Parameter)


def _are_plain(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether at most gradients are between a call and its operands.

    Most calls are so, and for them this saves half of the time. Tensors without memory are
    refused on the way.
    """
    operands = args[: len(function.operands)]
    if (
        len(operands) < len(function.operands)
        or "out" in kwargs
        or "on_failure" in kwargs
        or not kwargs.keys().isdisjoint(function.keywords)
        or _is_transformed()
        or not torch.is_grad_enabled()
    ):
        return False
    dtype = getattr(operands[0], "dtype", None)
    if dtype not in _COMPUTED:
        return False
    for operand in operands:
        if (
            type(operand) not in _PLAIN_TYPES
            or operand.dtype is not dtype
            or operand.layout is not torch.strided
        ):
            return False
    return True


def _call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], reason: Exception) -> Any:
    """As `call`, for any operands."""
    if torch.is_autocast_enabled("cpu"):
        return _in_single(name, args, kwargs)
    tensors = list(_tensors_in([*args, *kwargs.values()]))
    needs_grad = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    if not all(map(_is_supported, tensors)) or name not in _parameters:
        raise reason
    if any(is_legacy_batchedtensor(tensor) for tensor in tensors):
        raise NotImplementedError(
            f"{name}: no vectorize=True of torch.autograd.functional in forward mode; use "
            "torch.func.jacfwd or torch.func.jacrev"
        )
    if not (needs_grad or _is_transformed() or _is_traced(tuple(tensors))):
        raise reason
    return evaluate(LIBRARY, name, args, without_memory_options(name, kwargs))


def _in_single(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function as autocast does: halves in single precision, except in these functions."""

    def single(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [single(one) for one in value]
        is_half = isinstance(value, torch.Tensor) and value.dtype in _HALVES
        return value.float() if is_half else value

    if name not in _OF_HALVES:
        args = tuple(single(one) for one in args)
        kwargs = {key: one if key == "out" else single(one) for key, one in kwargs.items()}
    with torch.autocast("cpu", enabled=False):
        return _function(name)(*args, **kwargs)


def _tensors_in(values: Any) -> Any:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors_in(value)


def _is_supported(tensor: Any) -> bool:
    """Whether nothing but gradients and transforms stands between a tensor and its memory."""
    if tensor.device.type != "cpu" or tensor.layout != torch.strided:
        return False
    plain: Any = torch.Tensor
    own = type(tensor).__torch_dispatch__ is not plain.__torch_dispatch__
    return not own or isinstance(tensor, FakeTensor | FunctionalTensor)


def _function(name: str) -> Any:
    return getattr(la, name, None) or getattr(scirs2, name)


def without_memory_options(name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Refuse the options that write into memory; leave them out where they do nothing.

    What the function does not have, or does not take, it refuses itself.
    """
    kwargs, has, refused = dict(kwargs), _parameters[name], None
    if "out" in has and kwargs.pop("out", None) is not None:
        refused = "out="
    if "on_failure" in has and kwargs.get("on_failure") == "nan":
        refused = 'on_failure="nan"'
    elif "on_failure" in has and kwargs.get("on_failure") == "raise":
        del kwargs["on_failure"]
    if refused is not None:
        raise NotImplementedError(
            f"{name}: {refused} where a gradient is needed or a transform is active; leave it out, "
            "or pass x.detach()"
        )
    return kwargs


_COMPUTED = frozenset({torch.float32, torch.float64, torch.complex64, torch.complex128})
_HALVES = (torch.float16, torch.bfloat16)


def evaluate(library: Library, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Evaluate a function by the rules; convert its operands before, and halves back."""
    function = FUNCTIONS.get(name) or NATIVE[name]
    count = len(function.operands)
    operands, options = list(args[:count]), dict(kwargs)
    for operand in function.operands[len(args) :]:
        operands.append(options.pop(operand))
    keywords = [one for one in function.keywords if options.get(one) is not None]
    operands += [options[keyword] for keyword in keywords]
    half = None
    if not (name in _VIEWS or _are_computed(operands)):
        operands, half = _promoted(name, operands)
    options.update(zip(keywords, operands[count:], strict=True))
    results = function.body(library, *operands[:count], *args[count:], **options)
    return results if half is None else _in_half(results, half)


def _are_computed(operands: list[Any]) -> bool:
    """Return whether operands have one dtype, which is one of those that are computed in."""
    if not all(isinstance(one, torch.Tensor) for one in operands):
        return False
    return len(operands) == 0 or (
        operands[0].dtype in _COMPUTED and all(one.dtype == operands[0].dtype for one in operands)
    )


def _promoted(name: str, operands: list[Any]) -> tuple[list[Any], Any]:
    """Return operands in the dtype of the computation, and the half that results have."""
    # Factors come with pivots, or with a bool.
    pair = operands[0] if name in _OF_FACTORS else None
    flat = operands if pair is None else [pair[0], *operands[1:]]
    flat = [one if isinstance(one, torch.Tensor) else _from_plain(one) for one in flat]
    dtypes = [one.dtype for one in flat]
    common = _common_dtype(dtypes)
    half = None
    if common is None:
        if name in _EXACT:
            raise NotImplementedError(
                f"{name}: no integers where a transform is active; use PyTorch's own function"
            )
        common = torch.float64
    elif common in _HALVES:
        in_single = torch.is_autocast_enabled("cpu") and name not in _OF_HALVES
        half = None if in_single else common
        common = torch.float32
    flat = [one.to(common) for one in flat]
    return (flat if pair is None else [(flat[0], pair[1]), *flat[1:]]), half


def _common_dtype(dtypes: list[Any]) -> Any:
    """Return the dtype of NumPy's promotion; None of integers alone."""
    common = None
    for dtype in dtypes:
        if dtype.is_floating_point or dtype.is_complex:
            common = dtype if common is None else torch.promote_types(common, dtype)
    if common is not None:
        for dtype in dtypes:
            if dtype not in (torch.bool, torch.int8, torch.uint8):
                is_wide = dtype not in (torch.int16, torch.uint16)
                if not (dtype.is_floating_point or dtype.is_complex):
                    floating = torch.float64 if is_wide else torch.float32
                    common = torch.promote_types(common, floating)
    return common


def _from_plain(x: Any) -> Any:
    if not isinstance(x, int | float | complex | list | np.number):
        raise TypeError(f"not a tensor of PyTorch: {type(x)}")
    return torch.from_numpy(np.asarray(x))


def _in_half(results: Any, half: Any) -> Any:
    if isinstance(results, torch.Tensor):
        return results.to(half) if results.dtype == torch.float32 else results
    if not isinstance(results, tuple):
        return results
    converted = [_in_half(one, half) for one in results]
    return type(results)(*converted) if hasattr(results, "_fields") else tuple(converted)


# PyTorch's own operations, which have derivatives and batches.


def _diagonal(_: Library, x: Any, /, *, offset: int = 0) -> Any:
    return x.diagonal(offset, -2, -1)


def _matrix_transpose(_: Library, x: Any, /) -> Any:
    return x.mT


def _cross(_: Library, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return torch.linalg.cross(x1, x2, dim=axis)


def _outer(_: Library, x1: Any, x2: Any, /) -> Any:
    return torch.outer(x1, x2)


def _vecdot(_: Library, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return torch.linalg.vecdot(x1, x2, dim=axis)


def _trace(_: Library, x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    if not (dtype is None or isinstance(dtype, torch.dtype)):
        raise NotImplementedError("trace: pass a dtype of PyTorch where a gradient is needed")
    return x.diagonal(offset, -2, -1).sum(-1, dtype=dtype)


def _tensordot(_: Library, a: Any, b: Any, /, axes: Any = 2) -> Any:
    if not isinstance(axes, int):
        axes = [[one] if isinstance(one, int) else list(one) for one in axes]
    return torch.tensordot(a, b, dims=axes)


def _einsum(_: Library, *operands: Any, optimize: Any = True) -> Any:
    tensors = [one for one in operands if isinstance(one, torch.Tensor)]
    others = [one for one in operands if not isinstance(one, torch.Tensor)]
    subscripts, _path = plan(others, [tuple(one.shape) for one in tensors], optimize)
    return _alike("einsum", tensors, lambda tensors: torch.einsum(subscripts, *tensors))


def _multi_dot(_: Library, arrays: Any) -> Any:
    return _alike("multi_dot", list(arrays), torch.linalg.multi_dot)


def _alike(name: str, operands: list[Any], compute: Callable[[list[Any]], Any]) -> Any:
    """Compute with operands of one dtype."""
    tensors, half = _promoted(name, operands)
    result = compute(tensors)
    return result if half is None else result.to(half)


NATIVE = {
    "cross": Function(("x1", "x2"), _cross),
    "diagonal": Function(("x",), _diagonal),
    "einsum": Function((), _einsum),
    "matrix_transpose": Function(("x",), _matrix_transpose),
    "multi_dot": Function((), _multi_dot),
    "outer": Function(("x1", "x2"), _outer),
    "tensordot": Function(("a", "b"), _tensordot),
    "trace": Function(("x",), _trace),
    "vecdot": Function(("x1", "x2"), _vecdot),
}
_parameters = {
    name: frozenset(inspect.signature(_function(name)).parameters) for name in (*FUNCTIONS, *NATIVE)
}
_OF_FACTORS = ("cho_solve", "lu_solve")
_VIEWS = ("diagonal", "matrix_transpose")
# Of integers they are integers.
_EXACT = {*NATIVE, "matmul", "matrix_power", "matvec", "vecmat"}
# Of halves they are halves under autocast, too.
_OF_HALVES = {*_EXACT, "matrix_norm", "norm", "vector_norm"}
