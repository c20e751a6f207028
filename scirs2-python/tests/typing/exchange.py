"""What a type checker must infer of the exchange and of what is not linear algebra."""

from typing import Any, assert_type

import jax
import jax.numpy as jnp
import numpy as np
import scirs2
import torch
from numpy.typing import NDArray

singles = np.ones(3, dtype=np.float32)
array: jax.Array = jnp.ones(3)  # pyright: ignore[reportUnknownMemberType]

assert_type(scirs2.__version__, str)
assert_type(scirs2.from_dlpack(singles), NDArray[np.float32])
assert_type(scirs2.from_dlpack(torch.ones(3)), NDArray[Any])
assert_type(scirs2.from_dlpack(array, device="cpu", copy=False), NDArray[Any])
assert_type(scirs2.from_dlpack(scirs2.to_dlpack(singles), writeable=True), NDArray[Any])
assert_type(scirs2.DLPackExporter(singles).array, NDArray[Any])
assert_type(scirs2.DLPackExporter(singles).__dlpack_device__(), tuple[int, int])

assert_type(scirs2.get_num_threads(), int)
with scirs2.num_threads(1) as nothing:
    assert_type(nothing, None)


@scirs2.num_threads(1)
def decorated(name: str, *, times: int = 1) -> str:
    return name * times


assert_type(decorated("a", times=2), str)

assert_type(scirs2.show_config(), None)
assert_type(scirs2.show_config("dicts"), dict[str, dict[str, Any]])

try:
    scirs2.linalg.inv(singles)
except scirs2.linalg.LinAlgError as error:
    assert_type(error.index, tuple[int, ...] | None)
