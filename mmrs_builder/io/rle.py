"""Run-length encoded masks as COCO writes them: runs of background and foreground by turns, down each column.

The compressed form packs the lengths into text, five bits to a character. It is decoded here and not by pycocotools,
whose C code trusts what it is given; the two agree (``tests/io/test_rle.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmrs_builder.types import Mask


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
