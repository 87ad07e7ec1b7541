"""Values of expressions: tokens, truth, counts, numbers, one structure, sets of structures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


class NoValue(Exception):
    """Nothing can be asked: a tie, a missing reference or a margin of 0 or less."""


@dataclass(frozen=True, slots=True)
class One:
    """Index of a structure."""

    index: int


@dataclass(frozen=True, slots=True)
class Many:
    """Indices of structures, and the labels they were taken from."""

    members: tuple[int, ...]
    labels: tuple[str, ...]


Value: TypeAlias = str | bool | int | Decimal | One | Many
Result: TypeAlias = tuple[Value, float]  # value and margin


def value_text(value: Value) -> str:
    """The stored text of a value (``docs/language.md`` section 6)."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:.1f}"
        case One(index):
            return str(index)
        case Many(members):
            return ",".join(str(index) for index in sorted(members))
        case _:
            return str(value)


def indices(value: Value) -> tuple[int, ...] | None:
    """Sorted indices when the value is a structure or a set of structures, else ``None``."""
    match value:
        case One(index):
            return (index,)
        case Many(members):
            return tuple(sorted(members))
        case _:
            return None
