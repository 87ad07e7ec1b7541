"""Label numbers in a flat picture: the values of a grey file, the indices of a palette file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from mmrs_builder.io.decode import GREY16_MODES, Decoded, decode
from mmrs_builder.io.labelmap import Numbers, whole_numbers
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.vocab import Rejected

_FIRST: Final = ("LA", "PA")
"""Modes whose first channel holds the numbers."""


def read_numbers(root: Path, path: str) -> Numbers:
    """The numbers (H, W) of a label map. Raises ``Rejected``: what ``paths`` and ``decode`` raise,
    ``orientation_unclear`` for a file with an EXIF rotation, and what ``numbers_of`` raises.
    """
    decoded = decode(read_bytes(root, path), path)
    if decoded.orientation not in (None, 1):
        raise Rejected("orientation_unclear", path)
    return numbers_of(decoded, path)


def numbers_of(decoded: Decoded, what: str) -> Numbers:
    """The numbers (H, W), turned as the file is, of a file with a palette, with greys, or with three equal channels.

    Raises ``Rejected``: ``labels_not_whole`` for a file with compression that changes values, ``mask_coloured`` for
    colours, ``unsupported_mode`` for what has neither.
    """
    if decoded.lossy:
        raise Rejected("labels_not_whole", what, "compressed with loss: numbers have changed")
    mode, array = decoded.image.mode, np.asarray(decoded.image)
    if mode in ("1", "L", "P", *GREY16_MODES):
        return whole_numbers(array, what)
    if mode not in (*_FIRST, "RGB", "RGBA"):
        raise Rejected("unsupported_mode", what, mode)
    if mode not in _FIRST and (array[..., :1] != array[..., 1:3]).any():
        raise Rejected("mask_coloured", what)
    return whole_numbers(array[..., 0], what)
