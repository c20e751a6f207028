"""What the type checkers are told is what happens.

`make types` checks the files of typing/ with mypy and pyright. Here they run, and
each `assert_type` looks at the value.
"""

import runpy
import types
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FILES = Path(__file__).parent / "typing"


def is_of(value, expected):
    """Whether a value is of a type, to the dtype of its elements."""
    if expected is Any:
        return True
    if expected is None:
        return value is None
    origin, inner = typing.get_origin(expected), typing.get_args(expected)
    if origin is np.ndarray:
        scalar = typing.get_args(inner[1])[0]
        return type(value) is np.ndarray and (
            scalar is Any or issubclass(value.dtype.type, typing.get_origin(scalar) or scalar)
        )
    if origin is types.UnionType:
        return any(is_of(value, one) for one in inner)
    if origin is tuple and Ellipsis not in inner:
        return len(value) == len(inner) and all(map(is_of, value, inner))
    return isinstance(value, origin or expected)


@pytest.mark.parametrize("name", ["exchange", "operations"])
def test_the_types_are_those_of_the_values(name, monkeypatch):
    checked = 0

    def assert_type(value, expected):
        nonlocal checked
        checked += 1
        assert is_of(value, expected), f"{type(value)} is no {expected}"
        return value

    monkeypatch.setattr(typing, "assert_type", assert_type)
    runpy.run_path(str(FILES / f"{name}.py"))
    assert checked >= 10


def test_a_wrong_type_is_seen():
    assert not is_of(np.ones(2), np.typing.NDArray[np.float32])
    assert not is_of(np.float64(1), np.typing.NDArray[np.float64])
    assert not is_of((1, 2.0), tuple[int, int])
