"""How threadpoolctl sees the threads of this package, and sets their number.

It looks through the libraries that are loaded and knows those it has been told of. It
is told of the extension as soon as both are imported, whichever comes first.
"""

import sys
from typing import TYPE_CHECKING, Any

from . import _scirs2
from ._version import __version__

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

NAME = "threadpoolctl"


def tell() -> None:
    """Tell it now if it is imported, else as it is."""
    if NAME in sys.modules:
        _tell(sys.modules[NAME])
    else:
        sys.meta_path.insert(0, _Waiting())


class _Waiting:
    """A finder that finds nothing itself; what the others find tells when it has run.

    By its method alone: `importlib.abc` would bring half of the standard library.
    """

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> "ModuleSpec | None":
        if fullname != NAME:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next(filter(None, specs), None)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_tell(module: "ModuleType") -> None:
                run(module)
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                    _tell(module)

            spec.loader.exec_module = run_and_tell  # type: ignore[method-assign]
        return spec


def _tell(threadpoolctl: Any) -> None:
    if not hasattr(threadpoolctl, "register"):
        return  # It came with version 3.2.

    class Scirs2Controller(threadpoolctl.LibController):  # type: ignore[misc]
        """The pool; what limits BLAS limits it too."""

        user_api = "blas"
        internal_api = "scirs2"
        filename_prefixes = ("_scirs2",)
        check_symbols = ("PyInit__scirs2",)

        def get_num_threads(self) -> int:
            return _scirs2.get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            _scirs2._steer_num_threads(num_threads)

        def get_version(self) -> str:
            return __version__

    threadpoolctl.register(Scirs2Controller)
