"""How the OpenBLAS inside the extension is loaded."""

import os
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def loaded_without_threads() -> Generator[None, None, None]:
    """Keep OpenBLAS from starting a thread per core as it is loaded.

    It reads the variable once, on load. The threads of this package come from
    its own pool, at the first call that has work for two.
    """
    name = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
