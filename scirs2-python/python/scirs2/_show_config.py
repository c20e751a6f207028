"""What this installation is made of, for a bug report."""

import os.path
import platform
from typing import Any, Literal, overload

import numpy as np

from ._scirs2 import _config
from ._version import __version__


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, dict[str, Any]]: ...
def show_config(
    mode: Literal["stdout", "dicts"] = "stdout",
) -> dict[str, dict[str, Any]] | None:
    """Tell versions, the LAPACK build, instruction sets and threads.

    Parameters
    ----------
    mode : {"stdout", "dicts"}, optional
        Print the table, or return it.

    Returns
    -------
    dict or None
        For ``mode="dicts"`` the table as dictionaries, one for each heading.

    Raises
    ------
    ValueError
        For another mode.

    Examples
    --------
    >>> import scirs2
    >>> scirs2.show_config(mode="dicts")["Threads"]["number"] >= 1
    True
    """
    told = _config()
    table: dict[str, dict[str, Any]] = {
        "Versions": {
            "scirs2": __version__,
            "NumPy": np.__version__,
            "Python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "installed at": os.path.dirname(__file__),
        },
        "Linear algebra": {
            "LAPACK": told["openblas"],
            "LAPACK's kernels for": told["openblas_kernels"],
            "own kernels for": told["kernels"],
        },
        "Threads": {
            "number": told["threads"],
            "set by": told["threads_from"],
        },
    }
    if mode == "dicts":
        return table
    if mode != "stdout":
        raise ValueError(f'mode: expected "stdout" or "dicts", got {mode!r}')
    for heading, rows in table.items():
        print(heading)
        for name, value in rows.items():
            print(f"  {name + ':':22} {value}")
    return None
