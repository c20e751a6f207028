"""The functions of scirs2 for programs of JAX that were exported.

    import scirs2.jax

registers what such a program calls. Nothing else needs it: `scirs2.linalg` registers that
itself, where a program is compiled.
"""

from ._elsewhere import jax as _doors

__all__: list[str] = []

del _doors
