"""What every test shares."""

import sys
from pathlib import Path

# The package beside this folder; pytest's importlib mode does not look there.
sys.path.insert(0, str(Path(__file__).parents[1]))
