"""What a relation says, and how sure it is."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

Value: TypeAlias = str | bool | int | float

TIE: Final = 1e-6
"""In tenths: lengths in mm are computed in double precision, which is good to far less."""


class Judged(NamedTuple):
    """A value and its margin: 0 at the decision boundary, 1 at or beyond the clearest case."""

    value: Value
    margin: float


def percent(square: Fraction) -> float:
    """100 times the square root of ``square``, rounded half-even to one decimal in exact arithmetic.

    Ratios of distances are roots of ratios of integers; floats would decide ties by accident.
    """
    scaled = square * 10**6
    below = math.isqrt(scaled.numerator // scaled.denominator)
    middle = Fraction(2 * below + 1, 2) ** 2
    up = scaled > middle or (scaled == middle and below % 2 == 1)
    return (below + up) / 10


def tenths(length: float) -> float | None:
    """A length rounded to one decimal; None within ``TIE`` of a half, where floats would decide by accident."""
    scaled = 10 * length
    return None if abs(scaled - math.floor(scaled) - 0.5) <= TIE else round(scaled) / 10


def cap(value: float) -> float:
    """Margins end at 1."""
    return min(1.0, value)
