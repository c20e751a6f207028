"""What is said of an operand whose memory cannot be read: why, and what to do.

Only a call that failed comes here, so nothing here need be fast, and every library that an
operand is of is loaded already.
"""

import sys
from collections.abc import Iterator
from typing import Any

from . import _scirs2


def explain(name: str, details: tuple[Any, ...]) -> Exception:
    """Return the exception for a call that nobody computes.

    The details are what the library raised, and, where they are known, the parameter and what
    was passed for it.
    """
    reason: Exception = details[0].with_traceback(None)
    if len(details) < 3:
        return reason
    parameter = details[1]
    ours = known(name, details)
    if ours is not None:
        return ours
    if type(reason) in _REWORDED and len(reason.args) == 1:
        reason.args = (f"{name}: {parameter}: {reason}",)
    else:
        reason.add_note(f"while {name} took its argument {parameter}")
    return reason


# The exceptions that have a message and nothing else. Another library's may have more.
_REWORDED = {BufferError, TypeError, ValueError, RuntimeError, _scirs2.GPUTensorError}


def known(name: str, details: tuple[Any, ...]) -> Exception | None:
    """Return our exception for an operand of a kind that is known to have no memory."""
    reason, parameter, operand = details
    says = next(_says(name, parameter, operand), None)
    if says is None:
        return None
    # JAX's error for a tracer is a TypeError.
    kind = TypeError if isinstance(reason, TypeError) else BufferError
    error = kind(f"{name}: {parameter}: {says}")
    # The library's own words: JAX's say where the tracer comes from.
    error.__cause__ = reason.with_traceback(None)
    return error


_OUTSIDE = "take it outside of what is traced"


def _says(name: str, x: str, operand: Any) -> Iterator[str]:
    jax, torch, tensorflow = (sys.modules.get(name) for name in ("jax", "torch", "tensorflow"))
    if jax is not None and isinstance(operand, jax.Array):
        yield from _of_jax(jax, operand)
    if torch is not None and isinstance(operand, torch.Tensor):
        yield from _of_torch(torch, x, operand)
    if tensorflow is not None and tensorflow.is_symbolic_tensor(operand):
        yield (
            f"the tensor is symbolic, in the graph of a tf.function, and has no value yet; "
            f"{_of_tensorflow(name, x)}"
        )


def _of_jax(jax: Any, operand: Any) -> Iterator[str]:
    if isinstance(operand, jax.core.Tracer):
        yield f"the array is traced (jax.jit, grad or vmap) and has no values yet; {_OUTSIDE}"
    elif not operand.is_deleted() and len(operand.sharding.device_set) > 1:
        count = len(operand.sharding.device_set)
        yield (
            f"the array lies on {count} devices; call the function inside jax.jit, where each "
            f"computes its part"
        )


def _of_torch(torch: Any, x: str, operand: Any) -> Iterator[str]:
    functorch = torch._C._functorch
    # Functions compute with what is traced; it has no memory to share, nor to write results to.
    cure = "leave it out" if x == "out" else _OUTSIDE
    if functorch.is_batchedtensor(operand):
        yield f"the tensor is one of a batch of torch.vmap and has no memory of its own; {cure}"
    elif functorch.is_gradtrackingtensor(operand):
        yield (
            f"the tensor is traced for gradients by torch.func, and the gradient would be lost; "
            f"{cure}"
        )
    elif torch._is_functional_tensor(operand):
        yield f"the tensor is traced by torch.func.functionalize and has no memory; {cure}"
    elif operand.is_nested:
        yield (
            f"the tensor is nested and has no single shape; pass {x}.to_padded_tensor(0.0), or "
            f"each of {x}.unbind()"
        )
    elif _is_fake(operand):
        yield (
            f"the tensor is a FakeTensor, a shape without values, as torch.compile and "
            f"torch.export trace it; {cure}"
        )
    elif operand.layout is not torch.strided:
        yield f"the tensor's layout is {operand.layout}, which is not dense; pass {x}.to_dense()"
    elif operand.is_quantized:
        yield f"the tensor is quantized; pass {x}.dequantize()"
    elif operand.is_meta:
        yield (
            'the tensor is on the device "meta", a shape without values; make it on the device '
            '"cpu"'
        )


def _is_fake(operand: Any) -> bool:
    # Only a class that is loaded can be the operand's.
    fake = sys.modules.get("torch._subclasses.fake_tensor")
    return fake is not None and isinstance(operand, fake.FakeTensor)


def _of_tensorflow(name: str, x: str) -> str:
    # A traced function cannot call the exchange at all.
    if name == "from_dlpack":
        return _OUTSIDE
    room = "" if name in sys.modules["scirs2"].__all__ else "linalg."
    return f"call tf.numpy_function(scirs2.{room}{name}, [{x}], {x}.dtype)"
