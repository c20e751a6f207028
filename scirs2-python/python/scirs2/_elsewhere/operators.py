"""PyTorch's operators of the rules: `scirs2.torch` makes them, and tensors that are traced need them."""

from typing import Any

from .rules import Rule

operators: dict[Rule, Any] = {}
