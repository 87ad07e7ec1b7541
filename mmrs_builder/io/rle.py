"""Run-length encoded masks, as COCO and as tables write them.

COCO writes the lengths of background and foreground by turns, down each column. Its compressed form packs them into
text, five bits to a character. It is decoded here and not by pycocotools, whose C code trusts what it is given; the two
agree (``tests/io/test_rle.py``).

Tables write two numbers for each run of foreground; the second is its length. The first is its pixel, counted from 1
in the picture (``by_starts``), or the pixels that lie between it and the run before (``by_gaps``). Nothing in a table
says which; ``rising`` helps to tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from mmrs_builder.types import Mask

Runs: TypeAlias = Sequence[tuple[int, int]]
"""For each run where it begins, in one of the two ways, and its length."""


def unpacked(text: str) -> list[int]:
    """The run lengths of a compressed text. Raises ``ValueError`` for a text that no encoder writes."""
    lengths: list[int] = []
    number = shift = 0
    for sign in text:
        bits = ord(sign) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError("not a compressed run length")
        number |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            number -= 1 << shift
        # From the fourth on a length is written as the difference to the one before the last.
        lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
        number = shift = 0
    if shift:
        raise ValueError("the last run length is cut")
    return lengths


def mask_of(lengths: Sequence[int], width: int, height: int) -> Mask:
    """The mask (H, W) of run lengths. Raises ``ValueError`` unless they are from 0 and fill the picture exactly."""
    if any(length < 0 for length in lengths) or sum(lengths) != width * height:
        raise ValueError(f"run lengths do not fill {width} x {height}")
    inside = np.arange(len(lengths)) % 2 == 1
    columns = np.repeat(inside, np.asarray(lengths, np.int64)).reshape(width, height)
    mask: Mask = np.ascontiguousarray(columns.T)
    return mask


def runs_of(text: str) -> Runs:
    """The runs that a table's cell tells. Raises ``ValueError`` for what are no pairs of whole numbers from 0."""
    words = text.split()
    if not words or len(words) % 2 or not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in words):
        raise ValueError("no pairs of whole numbers")
    numbers = [int(word) for word in words]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def by_gaps(runs: Runs, width: int, height: int) -> Mask:
    """The mask (H, W) of runs down the columns, each told by the pixels between it and the one before.

    Raises ``ValueError`` unless they end inside the picture.
    """
    return mask_of(_filled(runs, width * height), width, height)


def by_starts(runs: Runs, width: int, height: int) -> Mask:
    """The mask (H, W) of runs along the rows, each told by its first pixel, counted from 1.

    Raises ``ValueError`` unless they are in order and end inside the picture.
    """
    gaps, end = [], 1
    for start, length in runs:
        gaps.append((start - end, length))
        end = start + length
    return np.ascontiguousarray(mask_of(_filled(gaps, width * height), height, width).T)


def rising(runs: Runs) -> bool:
    """Whether each run would begin behind the one before, if their first numbers were pixels of the picture.

    Gaps hardly ever do: the gap before the first run is as long as the columns before it, the next within one column.
    """
    return all(after >= start + length for (start, length), (after, _) in pairwise(runs))


def _filled(gaps: Runs, pixels: int) -> list[int]:
    """Lengths of background and foreground by turns; the last is negative where the runs are too long."""
    lengths = [number for pair in gaps for number in pair]
    return [*lengths, pixels - sum(lengths)]
