"""What a relation says, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = str | bool | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A value and its margin: 0 at the decision boundary, 1 at or beyond the clearest case."""

    value: Value
    margin: float


def cap(value: float) -> float:
    """Margins end at 1."""
    return min(1.0, value)
