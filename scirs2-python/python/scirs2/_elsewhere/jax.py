"""JAX's transformations by the rules.

Each rule makes two primitives. One computes the function: XLA calls our handler, or compiles a
composition of others. The other one, its push-forward, is linear in the tangents. JAX turns it
around for gradients, which is the rule itself; forward mode turns the rule around instead.
"""

# JAX's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.extend.mlir.dialects import stablehlo
from jax.interpreters import ad, batching, mlir
from jax.sharding import NamedSharding, PartitionSpec

import scirs2

from .. import _scirs2
from .. import linalg as la
from . import rules
from .functions import FUNCTIONS, Function
from .rules import INTEGERS, Rule

Arrays = tuple[Any, ...]

# JAX's functions without types.
_finfo: Any = jnp.finfo
_new_primitive: Any = Primitive
_spec: Any = PartitionSpec
_is_linear: Any = ad.is_undefined_primal
_instantiate: Any = ad.instantiate_zeros


def _sgn(x: Any) -> Any:
    if not jnp.iscomplexobj(x):
        return jnp.sign(x)
    # JAX takes the sign of complex numbers for constant.
    size = jnp.abs(x)
    return jnp.where(size == 0, 0, x / jnp.where(size == 0, 1, size))


class Library(rules.Library):
    """What rules and functions need of JAX. Nobody can look at values."""

    conj = staticmethod(jnp.conj)
    real = staticmethod(jnp.real)
    abs = staticmethod(jnp.abs)
    sgn = staticmethod(_sgn)
    tril = staticmethod(jnp.tril)
    triu = staticmethod(jnp.triu)
    where = staticmethod(jnp.where)
    permute = staticmethod(jnp.transpose)
    reshape = staticmethod(jnp.reshape)
    concat = staticmethod(jnp.concatenate)
    is_complex = staticmethod(jnp.iscomplexobj)

    @staticmethod
    def on_diagonal(a: Any) -> Any:
        """Return where the diagonals of matrices are."""
        rows, columns = a.shape[-2:]
        return jnp.eye(rows, columns, dtype=bool)

    @staticmethod
    def diagonal(a: Any) -> Any:
        """Return the diagonals of matrices."""
        return jnp.diagonal(a, axis1=-2, axis2=-1)

    @staticmethod
    def diag(a: Any) -> Any:
        """Return the matrices of diagonals."""
        return jnp.where(jnp.eye(a.shape[-1], dtype=bool), a[..., None, :], 0)

    @staticmethod
    def sum(a: Any, axes: Any) -> Any:
        """Sum over axes, which stay."""
        return a.sum(axes, keepdims=True)

    @staticmethod
    def largest(a: Any, axes: Any, ord: float = math.inf) -> Any:
        """Return the largest or smallest modulus over axes, which stay. A constant."""
        sizes = jnp.abs(jax.lax.stop_gradient(a))
        if ord < 0:
            return sizes.min(axes, keepdims=True, initial=math.inf)
        return sizes.max(axes, keepdims=True, initial=-math.inf)

    @staticmethod
    def cumprod(a: Any) -> Any:
        """Return the products so far."""
        return jnp.cumprod(a, -1)

    @staticmethod
    def flip(a: Any) -> Any:
        """Reverse the last axis."""
        return jnp.flip(a, -1)

    @staticmethod
    def eps(a: Any) -> float:
        """Return the distance from 1 to the next number."""
        return float(_finfo(a.dtype).eps)

    @staticmethod
    def take_rows(a: Any, indices: Any) -> Any:
        """Take the rows of these indices."""
        return jnp.take_along_axis(a, indices[..., None], -2)

    @staticmethod
    def undo_exchanges(a: Any, pivots: Any) -> Any:
        """Undo LAPACK's exchanges of rows, the last one first."""
        p = jax.lax.linalg.lu_pivots_to_permutation(pivots, a.shape[-2])
        return LIBRARY.take_rows(a, jnp.argsort(p, -1))

    @staticmethod
    def permutation(indices: Any, like: Any) -> Any:
        """Return the permutation's matrix of the real dtype."""
        columns = jnp.arange(indices.shape[-1])
        return (indices[..., None] == columns).astype(like.real.dtype)

    @staticmethod
    def sort_by_size(values: Any, vectors: Any) -> Any:
        """Sort, the largest modulus first."""
        order = jnp.argsort(-jnp.abs(jax.lax.stop_gradient(values)), -1)
        ordered = jnp.take_along_axis(vectors, order[..., None, :], -1)
        return jnp.take_along_axis(values, order, -1), ordered

    @staticmethod
    def settle(ties: Any, unclear: Any, function: str, what: str) -> Any:
        """Make what is unclear NaN."""
        return jnp.where(unclear, jnp.nan, jnp.where(ties, 0.0, 1.0))

    @staticmethod
    def choose(condition: Any, one: Callable[[], Any], other: Callable[[], Any]) -> Any:
        """Compute one if all elements hold, else the other."""
        return jax.lax.cond(jnp.all(condition), one, other)

    @staticmethod
    def all(condition: Any) -> bool | None:
        """Do not know."""
        return None

    @staticmethod
    def apply(rule: Rule, *operands: Any, **options: Any) -> Any:
        """Call a rule's function."""
        if rule is rules.MATMUL and operands[0].shape[-1] == 1:
            # Columns and rows: one product for each element.
            return operands[0] * operands[1]
        if rule in PRODUCTS and any(map(_is_sharded, operands)):
            return PRODUCTS[rule](*operands)
        results = _bind(PRIMITIVES[rule], operands, rule, options)
        return tuple(results) if len(results) > 1 else results[0]

    @staticmethod
    def values(rule: Rule, a: Any, **options: Any) -> Any:
        """Call a rule's function for its values alone."""
        values = _VALUES_OF[rule]
        return _bind(PRIMITIVES[values], [a], values, options)[0]


class Linear(Library):
    """For forward mode, where nobody knows what becomes of the results."""

    @staticmethod
    def settle(ties: Any, unclear: Any, function: str, what: str) -> Any:
        """Make NaN what may be unclear."""
        return jnp.where(ties, jnp.nan, 1.0)


LIBRARY, LINEAR = Library(), Linear()

# Primitives.


def _bind(primitive: Any, operands: Sequence[Any], rule: Rule, options: Any) -> Any:
    return primitive.bind(*_alike_varying(operands), options=tuple(sorted(options.items())))


def _alike_varying(operands: Sequence[Any]) -> Sequence[Any]:
    """Let all operands vary over the same axes of a mesh, inside `jax.shard_map`."""
    varying = [_varying(jax.typeof(operand)) for operand in operands]
    every = frozenset[str]().union(*varying)
    return [
        jax.lax.pcast(operand, tuple(every - own), to="varying") if own != every else operand
        for operand, own in zip(operands, varying, strict=True)
    ]


def _varying(aval: Any) -> frozenset[str]:
    # The name changed in 0.10.
    kind = getattr(aval, "mat", None)
    return frozenset(aval.vma if kind is None else kind.varying)


def _primitive(name: str, abstract: Callable[..., Any]) -> Any:
    primitive = _new_primitive(name)
    primitive.multiple_results = True
    primitive.def_abstract_eval(abstract)

    @partial(jax.jit, static_argnames=("given", "options"))
    def compiled(*operands: Any, **options: Any) -> Any:
        return primitive.bind(*operands, **options)

    def run(*operands: Any, **options: Any) -> Any:
        with jax.disable_jit(False):
            return compiled(*operands, **options)

    primitive.def_impl(run)
    return primitive


def _dtype(kind: str, dtype: Any) -> Any:
    """Return the dtype of a result of that kind."""
    if kind == "R":
        return _finfo(dtype).dtype
    if kind == "C":
        return jnp.result_type(dtype, jnp.complex64)
    if kind == "I":
        return np.dtype(np.int32)
    return jnp.result_type(int) if kind == "L" else dtype


def _abstract(rule: Rule, *avals: Any, options: Any) -> Any:
    """Return the types of the results, by the rule's signature."""
    del options
    shapes = rule.shapes([aval.shape for aval in avals], jnp.broadcast_shapes)
    spec = _batch_spec(rule, avals)
    mesh = avals[0].sharding.mesh
    return [
        avals[0].update(
            shape=shape,
            dtype=_dtype(kind, avals[0].dtype),
            weak_type=False,
            sharding=NamedSharding(mesh, _spec(*spec, *(None,) * len(axes))),
        )
        for shape, axes, kind in zip(shapes, rule.outputs, rule.kinds, strict=True)
    ]


def _batch_spec(rule: Rule, avals: Any) -> list[Any]:
    """Return how the batch is sharded, where types say so."""
    spec: list[Any] = []
    for aval, axes in zip(avals, rule.inputs, strict=True):
        own = tuple(aval.sharding.spec)
        own = (*own, *(None,) * (aval.ndim - len(own)))
        batch = aval.ndim - len(axes)
        if any(one is not None for one in own[batch:]):
            raise ValueError(
                f"{rule.name}: the matrices themselves are sharded, as {aval.sharding.spec}; shard the "
                "batch alone, by jax.reshard"
            )
        spec = [None] * (batch - len(spec)) + spec
        for place, one in enumerate(own[:batch], len(spec) - batch):
            if one is not None and spec[place] not in (None, one):
                raise ValueError(
                    f"{rule.name}: the batches are sharded in two ways, {spec[place]} and {one}; make "
                    "them alike by jax.reshard"
                )
            spec[place] = spec[place] or one
    return spec


def _batch(rule: Rule, operands: Any, dims: Any, *, options: Any) -> Any:
    """Make the mapped axes a part of the batch, which broadcasts."""
    batches = [
        operand.ndim - len(axes) - (dim is not None)
        for operand, dim, axes in zip(operands, dims, rule.inputs, strict=True)
    ]
    most = max(batches)
    mapped = []
    for operand, dim, batch in zip(operands, dims, batches, strict=True):
        if dim is not None:
            operand = jnp.moveaxis(operand, dim, 0)
            operand = jnp.expand_dims(operand, tuple(range(1, 1 + most - batch)))
        mapped.append(operand)
    results = _bind(PRIMITIVES[rule], mapped, rule, dict(options))
    return results, (0,) * len(results)


# Derivatives. A cotangent of JAX's is the conjugate of PyTorch's, which rules take.


def _conj(x: Any) -> Any:
    return jnp.conj(x) if jnp.iscomplexobj(x) else x


def _pull_back(
    library: Library, rule: Rule, saved: Arrays, cotangents: Any, given: Any, options: Any
) -> list[Any]:
    """Return the cotangents of the operands that are given, by their types; None is zero."""
    count = len(rule.inputs)
    # JAX passes NumPy's arrays on.
    saved = tuple(one if one is None or _is_linear(one) else jnp.asarray(one) for one in saved)
    if rule.keeps_operands:
        operands, results = saved[:count], saved[count:]
    else:
        operands, results = (None,) * count, saved
    flowing = [None if g is None else _conj(jnp.asarray(g)) for g in cotangents]
    needs = [aval is not None for aval in given]
    gradients = rule.vjp(library, operands, results, flowing, needs, **options)
    return [
        None if g is None else _fit(_conj(g), aval)
        for g, aval in zip(gradients, given, strict=True)
        if aval is not None
    ]


def _fit(gradient: Any, aval: Any) -> Any:
    """Take the real part and sum over broadcast axes, as the operand needs."""
    if not jnp.issubdtype(aval.dtype, jnp.complexfloating):
        gradient = jnp.real(gradient)
    beyond = gradient.ndim - len(aval.shape)
    if beyond:
        gradient = gradient.sum(tuple(range(beyond)))
    pairs = enumerate(zip(gradient.shape, aval.shape, strict=True))
    axes = tuple(i for i, (got, size) in pairs if got != size)
    return gradient.sum(axes, keepdims=True) if axes else gradient


def _floats(rule: Rule, results: Sequence[Any]) -> list[Any]:
    pairs = zip(results, rule.kinds, strict=True)
    return [result for result, kind in pairs if kind not in INTEGERS]


def _differentiate(rule: Rule, primals: Any, tangents: Any, *, options: Any) -> Any:
    """Compute, and push the tangents forward."""
    full, place = VALUES.get(rule, (rule, None))
    results = _bind(PRIMITIVES[full], primals, full, dict(options))
    saved = (*primals, *results) if full.keeps_operands else results
    given = tuple(type(tangent) is not ad.Zero for tangent in tangents)
    if any(given):
        moving = [tangent for tangent in tangents if type(tangent) is not ad.Zero]
        operands = _alike_varying([*saved, *moving])
        pushed = iter(PUSHES[full].bind(*operands, given=given, options=options))
    changes = [
        next(pushed)
        if any(given) and kind not in INTEGERS
        else ad.Zero(jax.typeof(result).to_tangent_aval())
        for result, kind in zip(results, full.kinds, strict=True)
    ]
    if place is not None:
        return [results[place]], [changes[place]]
    return results, changes


def _split(rule: Rule, args: Sequence[Any]) -> tuple[Arrays, Arrays, int]:
    """Return what was saved, the tangents, and how many were saved before the results."""
    before = len(rule.inputs) if rule.keeps_operands else 0
    end = before + len(rule.kinds)
    return tuple(args[:end]), tuple(args[end:]), before


def _abstract_push(rule: Rule, *avals: Any, given: Any, options: Any) -> Any:
    del given, options
    saved, _, before = _split(rule, avals)
    return _floats(rule, saved[before:])


def _push(rule: Rule, *args: Any, given: Any, options: Any) -> Any:
    """Turn the rule around."""
    saved, tangents, before = _split(rule, args)
    moving = iter(tangents)
    types = [jax.typeof(next(moving)) if one else None for one in given]

    def pull(*cotangents: Any) -> list[Any]:
        flowing = iter(cotangents)
        every = [None if kind in INTEGERS else next(flowing) for kind in rule.kinds]
        pulled = _pull_back(LINEAR, rule, saved, every, types, dict(options))
        return [
            jnp.zeros_like(tangent) if g is None else g
            for g, tangent in zip(pulled, tangents, strict=True)
        ]

    results = _floats(rule, saved[before:])
    return jax.linear_transpose(pull, *results)(list(tangents))


def _pull(rule: Rule, cotangents: Any, *args: Any, given: Any, options: Any) -> Any:
    """Transpose the push-forward: that is the rule."""
    saved, tangents, _ = _split(rule, args)
    moving = iter(tangents)
    types: list[Any] = []
    for one in given:
        tangent: Any = next(moving) if one else None
        types.append(tangent.aval if _is_linear(tangent) else None)
    flowing = iter(cotangents)
    every: list[Any] = [None if kind in INTEGERS else next(flowing) for kind in rule.kinds]
    every = [None if type(g) is ad.Zero else g for g in every]
    if all(g is None for g in every):
        return [None] * len(args)
    pulled = iter(_pull_back(LIBRARY, rule, saved, every, types, dict(options)))
    gradients = [next(pulled) if _is_linear(one) else None for one in tangents]
    return [None] * len(saved) + gradients


def _transpose(rule: Rule, cotangents: Any, *operands: Any, options: Any) -> Any:
    """Transpose a function that is linear in one of its operands."""
    (cotangent,) = cotangents
    gradients: list[Any] = [None] * len(operands)
    place = [_is_linear(one) for one in operands].index(True)
    if place not in rule.linear:
        raise NotImplementedError(f"{rule.name}: it is not linear in that operand")
    if type(cotangent) is not ad.Zero:
        given: list[Any] = [None] * len(operands)
        given[place] = operands[place].aval
        saved = (*operands, *(None,) * len(rule.kinds))
        (gradients[place],) = _pull_back(LIBRARY, rule, saved, [cotangent], given, dict(options))
    return gradients


def _differentiate_push(
    rule: Rule, primals: Any, tangents: Any, *, given: Any, options: Any
) -> Any:
    """Push forward what was saved by JAX's rules; it is linear in the tangents."""
    push = partial(PUSHES[rule].bind, given=given, options=options)
    results = push(*primals)
    saved, linear, _ = _split(rule, tangents)
    parts = []
    if any(type(tangent) is not ad.Zero for tangent in linear):
        moved = [_instantiate(tangent) for tangent in linear]
        parts.append(push(*primals[: len(saved)], *moved))
    places = [place for place, one in enumerate(saved) if type(one) is not ad.Zero]
    if places:

        def of_saved(*moved: Any) -> Any:
            args = list(primals)
            for place, value in zip(places, moved, strict=True):
                args[place] = value
            return _push(rule, *args, given=given, options=options)

        _, change = jax.jvp(
            of_saved, [primals[place] for place in places], [saved[place] for place in places]
        )
        parts.append(change)
    return results, [sum(terms[1:], terms[0]) for terms in zip(*parts, strict=True)]


def _batch_push(rule: Rule, args: Any, dims: Any, *, given: Any, options: Any) -> Any:
    push = partial(_push, rule, given=given, options=options)
    results = jax.vmap(push, dims)(*args)
    return results, (0,) * len(results)


# Products. XLA's own are fast, and know axes that are sharded, but not batches of small matrices.

PRODUCTS: dict[Rule, Callable[..., Any]] = {
    rules.MATMUL: jnp.matmul,
    rules.MATVEC: jnp.matvec,
    rules.VECMAT: jnp.vecmat,
}
_SMALL = 64


def _is_sharded(x: Any) -> bool:
    return any(one is not None for one in jax.typeof(x).sharding.spec)


def _are_small_batches(rule: Rule, avals: Any) -> bool:
    for aval, axes in zip(avals, rule.inputs, strict=True):
        batch, core = aval.shape[: aval.ndim - len(axes)], aval.shape[aval.ndim - len(axes) :]
        if not all(map(_is_number, aval.shape)) or math.prod(batch) < 2 or max(core) > _SMALL:
            return False
    return True


# What XLA calls.

_HANDLERS = _scirs2._xla_handlers()


def _is_in_double(rule: Rule, options: Any) -> bool:
    """Whether single precision is computed in double, as NumPy does: thresholds may be so low."""
    if rule is rules.MATRIX_RANK:
        return any(value is not None for name, value in options if name in ("tol", "rtol"))
    return rule in (rules.PINV, rules.LSTSQ)


def _attributes(rule: Rule, options: Any, operands: Any) -> dict[str, Any]:
    """Return the options as our handlers take them."""
    kinds = dict(rule.options)
    attributes: dict[str, Any] = {}
    for name, value in options:
        if name == "UPLO":
            attributes["upper"] = value == "U"
        elif rule is rules.PINV and name == "rcond":
            longest = max(operands[0].shape[-2:])
            default = longest * float(_finfo(operands[0].dtype).eps)
            attributes["rtol"] = np.float64(default if value is None else value)
        elif kinds[name].startswith("float"):
            attributes[name] = np.float64(math.nan if value is None else value)
        elif kinds[name] == "int":
            attributes[name] = np.int64(value)
        else:
            attributes[name] = bool(value)
    return attributes


def _lower(rule: Rule, ctx: Any, *operands: Any, options: Any) -> Any:
    target = f"scirs2_{rule.name}"
    if rule in PRODUCTS and not _are_small_batches(rule, ctx.avals_in):
        product = mlir.lower_fun(PRODUCTS[rule], multiple_results=False)
        return product(ctx, *operands)
    if target not in _HANDLERS:

        def compose(*operands: Any, options: Any) -> Any:
            return rule(LIBRARY, operands, dict(options))

        return mlir.lower_fun(compose, multiple_results=True)(ctx, *operands, options=options)
    attributes = _attributes(rule, options, ctx.avals_in)
    wanted = ctx.avals_out
    in_double = _is_in_double(rule, options)
    own_in = [_widened(aval, in_double) for aval in ctx.avals_in]
    own_out = [
        aval.update(dtype=np.dtype(np.int64)) if kind == "L" else _widened(aval, in_double)
        for aval, kind in zip(wanted, rule.kinds, strict=True)
    ]
    own = ctx.replace(avals_in=own_in, avals_out=own_out)
    converted = _converted(operands, ctx.avals_in, own_in)
    extra = _partitions(rule, ctx.avals_in, wanted)
    lower = jax.ffi.ffi_lowering(target, extra_attributes=extra)
    results = lower(own, *converted, **attributes)
    return _converted(results, own_out, wanted)


def _partitions(rule: Rule, operands: Any, results: Any) -> dict[str, Any] | None:
    """Tell XLA's partitioners which axes are a batch, that devices may share.

    Without that each device gathers the whole batch. Batches that broadcast are gathered.
    """
    avals = [*operands, *results]
    axes = [len(one) for one in (*rule.inputs, *rule.outputs)]
    batches = [aval.shape[: aval.ndim - count] for aval, count in zip(avals, axes, strict=True)]
    if not all(batch == batches[0] and all(map(_is_number, batch)) for batch in batches):
        return None
    factors = iter(range(1000))
    shared = [next(factors) for _ in batches[0]]
    sizes = list(batches[0])
    names = []
    for aval, count in zip(avals, axes, strict=True):
        own = [next(factors) for _ in range(count)]
        sizes += aval.shape[aval.ndim - count :]
        names.append(f"[{', '.join(map(_factor, [*shared, *own]))}]")
    before, after = ", ".join(names[: len(operands)]), ", ".join(names[len(operands) :])
    lengths = ", ".join(f"{_factor(number)}={size}" for number, size in enumerate(sizes))
    text = f"#sdy.op_sharding_rule<({before})->({after}) {{{lengths}}}, custom>"
    return {
        "mhlo.frontend_attributes": mlir.ir_attribute({"num_batch_dims": str(len(shared))}),
        "sdy.sharding_rule": mlir.ir.Attribute.parse(text),
    }


def _is_number(size: Any) -> bool:
    return isinstance(size, int)


def _factor(number: int) -> str:
    return "ijklmnopqrstuvwxyz"[number] if number < 18 else f"z_{number - 17}"


def _widened(aval: Any, in_double: bool) -> Any:
    wide = {"float32": np.float64, "complex64": np.complex128}.get(aval.dtype.name)
    return aval.update(dtype=np.dtype(wide)) if in_double and wide else aval


def _converted(values: Any, given: Any, wanted: Any) -> list[Any]:
    # Not in JAX, which has no double precision unless `jax_enable_x64` is set. XLA has.
    return [
        value if before.dtype == after.dtype else _convert(value, after.dtype)
        for value, before, after in zip(values, given, wanted, strict=True)
    ]


def _convert(value: Any, dtype: Any) -> Any:
    shape = mlir.ir.RankedTensorType(value.type).shape
    kind = mlir.ir.RankedTensorType.get(shape, mlir.dtype_to_ir_type(np.dtype(dtype)))
    return stablehlo.convert(kind, value)


def _refuse(rule: Rule, ctx: Any, *operands: Any, **options: Any) -> Any:
    del operands, options
    platforms = ctx.platforms or ctx.module_context.platforms
    raise _scirs2.GPUTensorError(
        f"{rule.name}: computes on the CPU only, and the program is compiled for "
        f'{" and ".join(platforms)}; compile it for the CPU with jax.default_device(jax.devices("cpu")'
        f"[0]), or use jax.numpy.linalg"
    )


# Values without vectors, where nothing is differentiated: of which rule, and which result.
VALUES = {
    Rule("eigvals", "(n,n)->C(n)", rules.not_called): (rules.EIG, 0),
    Rule("eigvalsh", "(n,n)->R(n)", rules.not_called, options=rules.EIGH.options): (rules.EIGH, 0),
    Rule("svdvals", "(m,n)->R(k)", rules.not_called): (rules.SVD, 1),
}
_VALUES_OF = {full: rule for rule, (full, _) in VALUES.items()}

PRIMITIVES: dict[Rule, Any] = {}
PUSHES: dict[Rule, Any] = {}


def _define(rule: Rule) -> None:
    primitive = _primitive(f"scirs2_{rule.name}", partial(_abstract, rule))
    PRIMITIVES[rule] = primitive
    ad.primitive_jvps[primitive] = partial(_differentiate, rule)
    if rule.linear:
        ad.primitive_transposes[primitive] = partial(_transpose, rule)
    batching.primitive_batchers[primitive] = partial(_batch, rule)
    mlir.register_lowering(primitive, partial(_lower, rule), platform="cpu")
    mlir.register_lowering(primitive, partial(_refuse, rule))
    if rule in VALUES:
        return
    push = _primitive(f"scirs2_{rule.name}_push", partial(_abstract_push, rule))
    PUSHES[rule] = push
    ad.primitive_jvps[push] = partial(_differentiate_push, rule)
    ad.primitive_transposes[push] = partial(_pull, rule)
    batching.primitive_batchers[push] = partial(_batch_push, rule)
    mlir.register_lowering(push, mlir.lower_fun(partial(_push, rule), multiple_results=True))


for _rule in (*rules.RULES, *VALUES):
    _define(_rule)
for _name, _capsule in _HANDLERS.items():
    jax.ffi.register_ffi_target(_name, _capsule, platform="cpu")
    jax.ffi.register_ffi_target_as_batch_partitionable(_name)

# Calls.


def call(name: str, args: Arrays, kwargs: dict[str, Any], reason: Exception) -> Any:
    """Compute with arrays that JAX traces."""
    if name not in NATIVE and name not in FUNCTIONS:
        raise reason
    _refuse_other_libraries(name, [*args, *kwargs.values()])
    kwargs = _without_memory_options(name, kwargs)
    try:
        if name in NATIVE:
            return NATIVE[name](*args, **kwargs)
        return _evaluate(name, FUNCTIONS[name], args, kwargs)
    except (NotImplementedError, _scirs2.GPUTensorError):
        raise
    except Exception:
        _raise_own_error(name, args, kwargs)
        raise


def _refuse_other_libraries(name: str, values: Any) -> None:
    for value in values:
        if isinstance(value, list | tuple):
            _refuse_other_libraries(name, value)
        elif (hasattr(value, "__dlpack__") or hasattr(value, "__array__")) and not isinstance(
            value, jax.Array | np.ndarray | np.generic
        ):
            kind = type(value)
            raise TypeError(
                f"{name}: JAX traces one operand, and another is a {kind.__module__}."
                f"{kind.__qualname__}; convert it to an array of JAX first"
            )


def _without_memory_options(name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    kwargs = dict(kwargs)
    if kwargs.get("out") is not None:
        raise NotImplementedError(
            f"{name}: out= with an array that JAX traces, which has no memory to write to; leave it out"
        )
    kwargs.pop("out", None)
    if kwargs.get("on_failure") == "raise":
        raise NotImplementedError(
            f'{name}: on_failure="raise" with an array that JAX traces: a compiled program raises no '
            "errors; leave it out, and matrices that fail are NaN"
        )
    if kwargs.get("on_failure") == "nan":
        del kwargs["on_failure"]
    return kwargs


def _raise_own_error(name: str, args: Any, kwargs: Any) -> None:
    """Let the function itself say what is wrong with its arguments, if it does."""

    def stand_in(value: Any) -> Any:
        if isinstance(value, jax.Array):
            return np.broadcast_to(np.zeros((), value.dtype), value.shape)
        if isinstance(value, list | tuple):
            return type(value)(map(stand_in, value))
        return value

    function: Any = getattr(la, name, None) or getattr(scirs2, name)
    try:
        function(*stand_in(args), **{key: stand_in(value) for key, value in kwargs.items()})
    except la.LinAlgError as error:
        if error.index is None:
            raise


_COMPUTED = ("float32", "float64", "complex64", "complex128")


def _evaluate(name: str, function: Function, args: Arrays, kwargs: dict[str, Any]) -> Any:
    """Evaluate a function by the rules; convert its operands before, and halves back."""
    count = len(function.operands)
    operands, options = list(args[:count]), dict(kwargs)
    for operand in function.operands[len(args) :]:
        operands.append(options.pop(operand))
    keywords = [one for one in function.keywords if options.get(one) is not None]
    operands += [options[keyword] for keyword in keywords]
    # Factors come with pivots, or with a bool.
    are_factors = [name in _FACTORS and isinstance(one, tuple | list) for one in operands]
    pairs = list(zip(operands, are_factors, strict=True))
    flat = [jnp.asarray(one[0] if factors else one) for one, factors in pairs]
    dtype = jnp.result_type(*flat)
    half = None
    if dtype.name in ("float16", "bfloat16"):
        half, dtype = dtype, np.dtype(np.float32)
    elif not jnp.issubdtype(dtype, jnp.inexact):
        if name in _EXACT:
            return _EXACT[name](*flat, *args[count:], **options)
        dtype = jnp.result_type(float)
    if dtype.name not in _COMPUTED:
        raise NotImplementedError(
            f"{name}: no computations in {dtype.name}; convert the arrays to float32"
        )
    flat = [one.astype(dtype) for one in flat]
    converted = [
        (f, *(more if isinstance(more, bool) else jnp.asarray(more) for more in one[1:]))
        if factors
        else f
        for (one, factors), f in zip(pairs, flat, strict=True)
    ]
    options.update(zip(keywords, converted[count:], strict=True))
    results = function.body(LIBRARY, *converted[:count], *args[count:], **options)
    return results if half is None else _in_half(results, half)


def _in_half(results: Any, half: Any) -> Any:
    def convert(x: Any) -> Any:
        return x.astype(half) if x.dtype == np.float32 else x

    return jax.tree.map(convert, results)


# JAX's own operations, which have derivatives and batches.


def _diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return jnp.linalg.diagonal(x, offset=offset)


def _trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return jnp.linalg.trace(x, offset=offset, dtype=dtype)


def _matrix_transpose(x: Any, /) -> Any:
    return jnp.matrix_transpose(x)


def _cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return jnp.linalg.cross(x1, x2, axis=axis)


def _outer(x1: Any, x2: Any, /) -> Any:
    return jnp.linalg.outer(x1, x2)


def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return jnp.linalg.vecdot(x1, x2, axis=axis)


def _tensordot(a: Any, b: Any, /, axes: Any = 2) -> Any:
    return jnp.tensordot(a, b, axes=axes)


def _einsum(*operands: Any, optimize: Any = True) -> Any:
    return jnp.einsum(*operands, optimize=optimize)


def _multi_dot(arrays: Any) -> Any:
    return jnp.linalg.multi_dot(arrays)


NATIVE: dict[str, Callable[..., Any]] = {
    "cross": _cross,
    "diagonal": _diagonal,
    "einsum": _einsum,
    "matrix_transpose": _matrix_transpose,
    "multi_dot": _multi_dot,
    "outer": _outer,
    "tensordot": _tensordot,
    "trace": _trace,
    "vecdot": _vecdot,
}
# Of integers they are integers.
_EXACT: dict[str, Callable[..., Any]] = {
    "matmul": jnp.matmul,
    "matrix_power": jnp.linalg.matrix_power,
    "matvec": jnp.matvec,
    "vecmat": jnp.vecmat,
}
_FACTORS = ("lu_solve", "cho_solve")
