"""Units of questions in columns, and the order in which they are tried: every family's first ones before others' many.

The r-th of the n units that a family has of a kind stands at r²/n: four times as many are asked twice as often.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.board import Marks, Taken, marks
from mmrs_builder.pool import Codebook, Codes
from mmrs_builder.selected import Unit

Wide: TypeAlias = npt.NDArray[np.int64]
Keys: TypeAlias = npt.NDArray[np.uint64]

WINDOW: Final = 1 << 16
"""Units that are put in order together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """All units of one family and kind, in the order of their keys; a unit's candidates lie from one end to the next.

    ``names`` are the numbers in ``pair_id``, 0 where there is none; ``marked`` are codes of ``every``. There may be
    tens of millions: columns are as narrow as what they hold, 14 bytes for a candidate without a pair. ``keys`` are
    cut to their upper half, which tells units of different families apart nearly always, and the order does the rest.
    """

    bound: bool
    items: Codes
    ends: Codes
    keys: npt.NDArray[np.uint32]
    marked: npt.NDArray[np.unsignedinteger]
    names: Keys
    every: Sequence[Marks]

    def __len__(self) -> int:
        return len(self.ends)

    def unit(self, number: int) -> Taken:
        """The candidates of a unit and what they are marked with."""
        start, stop = self.span(number)
        found = []
        for i in range(start, stop):
            how, name = self.every[self.marked[i]], self.names[i]
            found.append((int(self.items[i]), how._replace(pair_id=f"p{name:016x}") if name else how))
        return found

    def span(self, number: int) -> tuple[int, int]:
        """Where a unit's candidates lie."""
        return int(self.ends[number - 1]) if number else 0, int(self.ends[number])

    def any_of(self, flags: npt.NDArray[np.bool_], start: int, stop: int) -> npt.NDArray[np.bool_]:
        """For each unit of a range, whether it holds one of the candidates that are flagged; ``flags`` lie side by
        side as the range's candidates do."""
        edges = self.ends[start : stop - 1] - self.span(start)[0]
        return np.logical_or.reduceat(flags, np.concatenate(([0], edges)))


@dataclass(slots=True)
class Draft:
    """Units of one family and kind while they are being made."""

    bound: bool
    every: Codebook[Marks]
    items: array[int] = field(default_factory=lambda: array("i"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("Q"))
    marked: array[int] = field(default_factory=lambda: array("i"))
    names: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, unit: Unit, numbers: Sequence[int], key: int) -> None:
        """One more unit, of the candidates with these numbers."""
        for item in unit:
            how = marks(item)
            self.marked.append(self.every.code(how._replace(pair_id=None) if how.pair_id else how))
            self.names.append(int(item.pair_id[1:], 16) if item.pair_id else 0)
        self.items.extend(numbers)
        self.ends.append(len(self.items))
        self.keys.append(key)

    def done(self) -> Units:
        """All of them, in order."""
        keys = np.frombuffer(self.keys, np.uint64)
        order = np.argsort(keys, kind="stable")
        ends = np.frombuffer(self.ends, np.int64)
        sizes = np.diff(ends, prepend=0)[order]
        names = np.frombuffer(self.names, np.uint64)
        moved = np.repeat((ends - np.diff(ends, prepend=0))[order] - (np.cumsum(sizes) - sizes), sizes)
        lies = moved + np.arange(len(moved))
        return Units(
            bound=self.bound,
            items=np.frombuffer(self.items, np.int32)[lies],
            ends=np.cumsum(sizes).astype(np.int32),
            keys=(keys[order] >> np.uint64(32)).astype(np.uint32),
            marked=np.frombuffer(self.marked, np.int32).astype(np.min_scalar_type(len(self.every.known)))[lies],
            names=names[lies] if names.any() else np.broadcast_to(np.uint64(0), len(names)),
            every=tuple(self.every.known),
        )


def windows(sizes: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """Ranges of ranks, one for each of the groups with so many units, such that all units of a window stand before
    those of the next, and it has about ``WINDOW``."""
    n = np.array(sizes, np.int64)
    if n.sum() <= WINDOW:
        if n.any():
            yield [(0, size) for size in sizes]
        return
    edges = [np.zeros(len(n), np.int64)]
    top = float(n.max(initial=0))
    while (edges[-1] < n).any():
        low, high = 0.0, top
        for _ in range(64):
            middle = (low + high) / 2
            if (_before(middle, n) - edges[-1]).sum() <= WINDOW:
                low = middle
            else:
                high = middle
        nearest = _before(low, n)
        edges.append(nearest if (nearest > edges[-1]).any() else _before(high, n))
    for starts, stops in pairwise(edges):
        yield list(zip(starts.tolist(), stops.tolist(), strict=True))


def _before(place: float, n: Wide) -> Wide:
    """How many units of each group stand before a place, or at it."""
    found: Wide = np.minimum(np.sqrt(place * n).astype(np.int64) + 2, n)
    while (over := (found > 0) & ((found - 1.0) * (found - 1.0) / np.maximum(n, 1) > place)).any():
        found = found - over
    return found
