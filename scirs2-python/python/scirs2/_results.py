"""What functions return that have more than one result."""

from typing import Any, NamedTuple


class SlogdetResult(NamedTuple):
    """Sign and logarithm of determinants."""

    sign: Any
    logabsdet: Any
