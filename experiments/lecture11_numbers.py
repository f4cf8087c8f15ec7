"""Numbers of `lecture11` as text, and what rounding leaves of them."""

from __future__ import annotations

import numpy as np

EPS = np.finfo(float).eps


def values(numbers, form=".2f"):
    """Numbers as text."""
    return ", ".join(f"{number:{form}}" for number in numbers)
