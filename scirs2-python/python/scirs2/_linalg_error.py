"""The exception of `scirs2.linalg`."""

import sys
from typing import Any, Self

import numpy as np


class LinAlgError(np.linalg.LinAlgError):
    """A matrix that the algorithm cannot handle.

    ``index`` is its place in the batch, a tuple as long as the batch has axes, or None if there
    is no batch or the error concerns no single matrix.

    Where PyTorch is loaded, the error is a ``torch.linalg.LinAlgError``, too.
    """

    __module__ = "scirs2.linalg"
    index: tuple[int, ...] | None = None

    def __new__(cls, *args: Any) -> Self:
        """Make an error that PyTorch's handlers catch, too, if PyTorch is loaded."""
        made: Any = _class_for_torch() if cls is LinAlgError else cls
        error: Self = super().__new__(made, *args)
        return error


# The class for PyTorch's error, once it was needed.
_CLASSES: dict[type, type[LinAlgError]] = {}


def _class_for_torch() -> type[LinAlgError]:
    # Not imported: PyTorch takes seconds, and who catches its error has it. While it is being
    # imported, it has no error yet.
    torch = sys.modules.get("torch")
    theirs = getattr(getattr(torch, "linalg", None), "LinAlgError", None)
    if not isinstance(theirs, type):
        return LinAlgError
    if theirs not in _CLASSES:
        # Its base RuntimeError has the layout of ours.
        names = {"__module__": LinAlgError.__module__, "__reduce__": _reduce}
        _CLASSES.setdefault(theirs, type("LinAlgError", (LinAlgError, theirs), names))
    return _CLASSES[theirs]


def _reduce(error: LinAlgError) -> tuple[Any, ...]:
    # As the public class: the other process may have PyTorch or not.
    return LinAlgError, error.args, error.__dict__
