"""The functions of scirs2 as PyTorch's operators: for `torch.compile` and `torch.export`.

    import scirs2.torch

is all; `scirs2.linalg` is called as before. Without it, `torch.compile` leaves the compiled
code at each call of scirs2, and `fullgraph=True` is an error.
"""

# PyTorch's functions have no types that strict knows.
# pyright: basic, reportMissingModuleSource=false, reportPrivateImportUsage=false

from functools import partial
from typing import Any

import torch
from torch.autograd import forward_ad

import scirs2

from . import linalg
from ._elsewhere import torch as _doors
from ._elsewhere.functions import FUNCTIONS
from ._elsewhere.operators import operators
from ._elsewhere.rules import RULES, Rule

__all__: list[str] = []

# Lives as long as the process, as PyTorch requires.
_new_library: Any = torch.library.Library
_library = _new_library("scirs2", "DEF")

# It has no types.
_broadcast_shapes: Any = torch.broadcast_shapes


def _schema(rule: Rule) -> str:
    operands = [f"Tensor x{place}" for place in range(len(rule.inputs))]
    options = [f"{kind} {name}" for name, kind in rule.options]
    options = ["*", *options] if options else []
    results = ", ".join("Tensor" for _ in rule.outputs)
    result = f"({results})" if len(rule.outputs) > 1 else results
    return f"{rule.name}({', '.join([*operands, *options])}) -> {result}"


def _define(rule: Rule) -> None:
    _library.define(_schema(rule))
    operator = getattr(torch.ops.scirs2, rule.name).default
    operators[rule] = operator

    def compute(*operands: Any, **options: Any) -> Any:
        results = rule(_doors.LIBRARY, operands, options)
        kinds = zip(results, rule.kinds, strict=True)
        # Real eigenvalues are complex here, too: `fake` does not know.
        return _doors.results_of(
            tuple(result.to(_dtype(kind, operands[0].dtype)).contiguous() for result, kind in kinds)
        )

    def fake(*operands: Any, **options: Any) -> Any:
        del options
        return _doors.results_of(_fake_results(rule, operands))

    def differentiate(keys: Any, *operands: Any, **options: Any) -> Any:
        if forward_ad._current_level >= 0 and any(map(_has_tangent, operands)):
            raise NotImplementedError(
                f"{rule.name}: no forward mode in compiled code; call it outside of torch.compile"
            )
        return _Operator.apply(rule, keys, options, *operands)

    def batch(info: Any, in_dims: Any, *operands: Any, **options: Any) -> Any:
        del info
        return _doors.vmap(rule, partial(operator, **options), in_dims, operands)

    _library.impl(rule.name, compute, "CPU")
    _library.impl(rule.name, differentiate, "Autograd", with_keyset=True)
    torch.library.register_fake(operator, fake, lib=_library)
    torch.library.register_vmap(operator, batch, lib=_library)


class _Operator(torch.autograd.Function):
    """An operator's rule. Our own, because `register_autograd` gives zero tangents."""

    @staticmethod
    def forward(ctx: Any, rule: Rule, keys: Any, options: Any, *operands: Any) -> Any:
        """Call the operator below autograd."""
        with torch._C._AutoDispatchBelowAutograd():
            below = keys & torch._C._after_autograd_keyset
            output = operators[rule].redispatch(below, *operands, **options)
        results = output if isinstance(output, tuple | list) else (output,)
        _doors.save(ctx, rule, options, operands, tuple(results))
        return _doors.results_of(tuple(results))

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        """Return the product."""
        needs = ctx.needs_input_grad[3:]
        pulled = _doors.pull_back(_doors.BLIND, ctx, ctx.saved_tensors, cotangents, needs)
        return None, None, None, *pulled


def _has_tangent(operand: Any) -> bool:
    return _doors._unpack_dual(operand).tangent is not None


def _dtype(kind: str, dtype: Any) -> Any:
    if kind == "R":
        return dtype.to_real()
    if kind == "C":
        return dtype.to_complex()
    return {"I": torch.int32, "L": torch.int64}.get(kind, dtype)


def _fake_results(rule: Rule, operands: Any) -> tuple[Any, ...]:
    """Return results of the right shapes and dtypes, by the rule's signature."""
    given = [operand.shape for operand in operands]
    shapes = rule.shapes(given, _broadcast_shapes, torch.sym_min)
    return tuple(
        operands[0].new_empty(shape, dtype=_dtype(kind, operands[0].dtype))
        for shape, kind in zip(shapes, rule.kinds, strict=True)
    )


class _Compiled(_doors.Blind):
    """What functions need in code that `torch.compile` traces."""

    @staticmethod
    def apply(rule: Rule, *operands: Any, **options: Any) -> Any:
        """Call the operator."""
        return operators[rule](*operands, **options)


_COMPILED = _Compiled()


def _replace(name: str) -> None:
    """Have `torch.compile` trace a function of Python for one that it cannot look into."""

    def traced(*args: Any, **kwargs: Any) -> Any:
        return _doors.evaluate(_COMPILED, name, args, _doors.without_memory_options(name, kwargs))

    function = getattr(linalg, name, None) or getattr(scirs2, name)
    torch.compiler.substitute_in_graph(function, skip_signature_check=True)(traced)


for _rule in RULES:
    _define(_rule)
for _name in (*FUNCTIONS, *_doors.NATIVE):
    _replace(_name)
