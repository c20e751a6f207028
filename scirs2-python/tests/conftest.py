"""What every test shares."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# The helpers beside the tests; pytest's importlib mode does not look there.
sys.path.insert(0, str(Path(__file__).parent))

# TensorFlow writes to stderr on import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Other work on the machine must not fail a test.
settings.register_profile(
    "scirs2", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("scirs2")
