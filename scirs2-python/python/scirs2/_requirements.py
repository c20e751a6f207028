"""What is said where NumPy is missing or too old, before the extension asks for it."""

OLDEST_NUMPY = 2
CURE = f"python -m pip install --upgrade 'numpy>={OLDEST_NUMPY}'"


def check() -> None:
    """Raise an ImportError that tells what to do."""
    try:
        import numpy as np
    except ModuleNotFoundError as error:
        # A NumPy that is there and broken tells of itself.
        if error.name != "numpy":
            raise
        raise ImportError(f"scirs2 needs NumPy, which is not installed: {CURE}") from error

    if int(np.__version__.split(".")[0]) < OLDEST_NUMPY:
        raise ImportError(
            f"scirs2 needs NumPy {OLDEST_NUMPY} or later, this is {np.__version__}: {CURE}"
        )
