"""Copies among pictures: candidates by descriptor, then the check of their pixels, and what kind of copy each is.

Every picture is compared with every other one, by matrix products of short vectors: a k-d tree, which was tried, takes
longer, because the magnitudes of spectra lie too close together. Rows of the table of all pairs can be searched apart,
by many processes. ``docs/splits.md`` states the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.likeness import Floats, Likeness, Seen, likeness

FOLDED: Final = 0.14
"""Largest distance between the folded descriptors of a picture and its copy."""

NEAR: Final = 0.24
"""Largest distance between their whole descriptors."""

Kind: TypeAlias = Literal["exact", "re-encoded", "resized", "brightness", "mirrored", "turned", "cropped"]
KINDS: Final[tuple[Kind, ...]] = ("exact", "re-encoded", "resized", "brightness", "mirrored", "turned", "cropped")
"""``exact``: the same pixels, or a grey picture and its colour copy. Others are named after the first of ``turned``,
``mirrored``, ``cropped``, ``resized``, ``brightness`` that holds; one that was changed in none of these ways was only
``re-encoded``."""

BLOCK: Final = 512
"""Rows of the matrix of all pairs that are held at a time."""

COLUMNS: Final = 2**15
"""Columns of it that are held at a time."""

HELD: Final = 4096
"""Pairs whose places are compared at a time."""

_GRID: Final = np.arange(9).reshape(3, 3)
_ORDERS: Final = np.array(
    [
        np.rot90(_GRID[:, ::-1] if mirrored else _GRID, turn).ravel()
        for mirrored, turn in product((False, True), range(4))
    ]
)

Pairs: TypeAlias = npt.NDArray[np.int64]  # (n, 2)
Groups: TypeAlias = npt.NDArray[np.int64]  # (n,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Two views that show one picture. ``agreement`` is that of their details, 1 for the same pixels."""

    view_id: str
    other: str
    kind: Kind
    agreement: float


def candidates(
    places: Floats, groups: Sequence[str] | Groups, rows: slice = slice(None), folded: Floats | None = None
) -> Pairs:
    """Pairs of pictures of different ``groups`` that may be copies, sorted: (n, 2) indices, the smaller one first.

    ``places`` (n, 9, d) are the pictures' descriptors, ``folded`` what ``fold`` made of them if that is at hand;
    ``rows`` says where smaller indices lie that are asked for: from a multiple of ``BLOCK``, or the last bits of
    distances come out differently.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    kept = [
        _near(places, pairs) for pairs in _near_when_folded(fold(places) if folded is None else folded, group, rows)
    ]
    pairs = np.concatenate([np.empty((0, 2), np.int64), *kept])
    return pairs[np.lexsort(pairs.T[::-1])]


def fold(places: Floats) -> Floats:
    """Centre, corners and edges added up, (n, 3 * d): the same for a mirrored or turned picture.

    By the triangle inequality folded descriptors are never further from each other than whole ones in any order.
    """
    corners, edges = (places[:, picked].sum(axis=1) / 2 for picked in ([0, 2, 6, 8], [1, 3, 5, 7]))
    return np.concatenate([places[:, 4], corners, edges], axis=1)


def _near_when_folded(folded: Floats, group: Groups, of: slice) -> Iterator[Pairs]:
    """Pairs whose folded descriptors are near, a piece of the table of all pairs at a time."""
    begin, end, _ = of.indices(len(folded))
    for row in range(begin, end, BLOCK):
        left = _halved(folded[row : min(row + BLOCK, end)])
        for column in range(row, len(folded), COLUMNS):
            right = _halved(folded[column : column + COLUMNS])[:, [*range(folded.shape[1]), -1, -2]]
            ones, others = np.nonzero(left @ right.T >= -(FOLDED**2) / 2)
            pairs = np.stack([ones + row, others + column], axis=1)
            pairs = pairs[(pairs[:, 0] < pairs[:, 1]) & (group[pairs[:, 0]] != group[pairs[:, 1]])]
            for first in range(0, len(pairs), HELD):
                yield pairs[first : first + HELD]


def _halved(folded: Floats) -> Floats:
    """With -half of the squared length and 1 beside it: the product of two, of which one has these exchanged, is
    -distance**2 / 2."""
    half = (folded * folded).sum(axis=1, keepdims=True) / 2
    return np.hstack([folded, -half, np.ones_like(half)])


def _near(places: Floats, pairs: Pairs) -> Pairs:
    """Those pairs whose descriptors are near in one of the eight orders of a mirrored or turned picture."""
    products = places[pairs[:, 0]] @ places[pairs[:, 1]].transpose(0, 2, 1)  # (n, 9, 9)
    best = np.max([products[:, np.arange(9), order].sum(axis=1) for order in _ORDERS], axis=0)
    near: Pairs = pairs[best > 1 - NEAR**2 / 2]
    return near


def kind(one: Seen, other: Seen, how: Likeness) -> Kind:
    """What was done to one of two pictures to make the other."""
    if how.turn and not (how.mirrored and how.turn == 2):
        return "turned"
    if how.mirrored:
        return "mirrored"
    if how.lacks > 0.01:
        return "cropped"
    if one.size != other.size:
        return "resized"
    return "brightness" if abs(how.gain - 1) > 0.03 or abs(how.bias) > 4 else "re-encoded"


def check(pairs: Sequence[tuple[Seen, Seen]]) -> list[tuple[Kind, float] | None]:
    """For each pair the kind of copy and the agreement of details; None for two pictures."""
    found = [likeness(one, other) for one, other in pairs]
    return [
        None if how is None else (kind(one, other, how), how.agreement)
        for (one, other), how in zip(pairs, found, strict=True)
    ]
