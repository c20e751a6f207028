"""A pytest plugin: every public function of `numpy.linalg` is ours.

`-p in_place` loads it before any test, so that the client's `from numpy.linalg import inv`
takes ours, too.
"""

import numpy as np
from scirs2 import linalg

# The class of errors stays NumPy's: the client's `except` must catch ours, a subclass.
REPLACED = sorted((set(np.linalg.__all__) & set(linalg.__all__)) - {"LinAlgError"})

for name in REPLACED:
    setattr(np.linalg, name, getattr(linalg, name))
