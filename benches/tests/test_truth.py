"""The truths: small for a right answer, large for one that is nearly right."""

import numpy as np
import pytest
from beside.operations import CROSS, DECOMPOSITIONS, FUNCTIONS, OTHERS

EVERY = (*DECOMPOSITIONS, *OTHERS, *FUNCTIONS, CROSS)
ALL = {operation.name: operation for operation in EVERY}


def spoiled(result):
    """Change the first part of a result a little."""
    if isinstance(result, list):
        return [spoiled(result[0]), *result[1:]]
    return result + 1e-3 * (1 + np.abs(result))


@pytest.mark.parametrize("name", ALL)
def test_a_right_answer_passes_and_a_spoiled_one_does_not(name):
    from beside.libraries import host

    n = 3
    row = ALL[name].row((), n, "float64", None)
    result = host(row.calls["scirs2"]())
    assert row.error(result) <= row.tolerance
    assert not row.error(spoiled(result)) <= row.tolerance


def test_no_answer_passes_that_has_a_nan_in_it():
    row = ALL["solve"].row((), 3, "float64", None)
    assert not row.error(np.full((3, 1), np.nan)) <= row.tolerance
