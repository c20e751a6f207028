"""What every test shares."""

import contextlib
import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# The helpers beside the tests; pytest's importlib mode does not look there.
sys.path.insert(0, str(Path(__file__).parent))

# TensorFlow writes to stderr on import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# PyTorch's compiler loads it, and the process ends if TensorFlow's copy of LLVM is there before.
with contextlib.suppress(ImportError):
    import triton  # noqa: F401

# Other work on the machine must not fail a test.
settings.register_profile(
    "scirs2", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("scirs2")
