"""Label maps: arrays whose values are numbers of structures, whatever type the file stores them in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.vocab import Rejected

NEARLY_WHOLE: Final = 1e-3
"""How far a stored number may lie from a whole one: scaling in single precision stays below, interpolation does not."""

MAX_LABEL: Final = int(np.iinfo(np.int32).max)

Numbers: TypeAlias = npt.NDArray[np.integer[Any]]

_PART: Final = 1 << 20
"""Values that are sorted at a time."""


def whole_numbers(values: npt.NDArray[Any], what: str) -> Numbers:
    """The label numbers of an array of any shape, type and number range: the array itself where it holds integers.

    Whole numbers pass; fractions pass, rounded, when all of them lie within ``NEARLY_WHOLE`` of a whole number.
    Raises ``Rejected``: ``not_finite``; ``labels_not_whole`` for fractions (an interpolated mask), negative numbers
    and numbers above ``MAX_LABEL``; ``unsupported_mode`` for what is no plain number.
    """
    if values.dtype.kind not in "biuf":
        raise Rejected("unsupported_mode", what, f"label values of type {values.dtype}")
    whole = _rounded(values, what) if values.dtype.kind == "f" else values
    if whole.size and whole.min() < 0:
        raise Rejected("labels_not_whole", what, f"negative: {int(whole.min())}")
    if whole.size and whole.max() > MAX_LABEL:
        raise Rejected("labels_not_whole", what, f"{int(whole.max())}, limit {MAX_LABEL}")
    return whole.astype(np.int32) if whole.dtype.kind in "bf" else whole


def present(numbers: Numbers) -> list[int]:
    """The different numbers of an array, sorted."""
    flat = numbers.ravel(order="K")
    parts = (np.unique(flat[start : start + _PART]).tolist() for start in range(0, flat.size, _PART))
    return sorted(set[int]().union(*parts))


def check_named(numbers: Numbers, named: Iterable[int], what: str) -> None:
    """Raise ``Rejected`` (``unknown_label``) if there is a number, other than 0, that nobody has named."""
    if strange := sorted({*present(numbers)} - {0, *named}):
        raise Rejected("unknown_label", what, f"no name for {', '.join(map(str, strange[:5]))}")


def _rounded(values: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    if not np.isfinite(values).all():
        raise Rejected("not_finite", what, f"{int(values.size - np.isfinite(values).sum())} of {values.size} values")
    whole: npt.NDArray[Any] = np.rint(values)
    off = values - whole
    between = int((np.abs(off, out=off) > NEARLY_WHOLE).sum())
    if between:
        raise Rejected("labels_not_whole", what, f"{between} of {values.size} values")
    return whole
