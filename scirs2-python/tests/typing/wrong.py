"""Calls that a type checker must refuse.

A comment that suppresses nothing is an error itself, so each line proves one.
"""

import numpy as np
import scirs2
from scirs2 import linalg

doubles = np.eye(3)

scirs2.from_dlpack(doubles, False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
scirs2.to_dlpack([1.0])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
scirs2.set_num_threads("2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
scirs2.num_threads(2)(3)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
linalg.svd(doubles, full_matrices="no")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
linalg.cholesky(a=doubles)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
linalg.eigh(doubles, UPLO="X")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
