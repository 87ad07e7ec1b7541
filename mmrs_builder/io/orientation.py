"""EXIF orientation: which of the eight ways up a file says its rows and columns are stored.

The numbers are those of tag 0x0112 (CIPA DC-008, section 4.6.5): 1 upright, 2 to 8 mirrored or rotated.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

_Array = npt.NDArray[Any]

_UPRIGHT: Final[dict[int, Callable[[_Array], _Array]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}


def stated_orientation(image: Image.Image) -> int | None:
    """Orientation 1 to 8 that an opened file states in EXIF or XMP, or ``None``.

    An EXIF block that cannot be parsed states nothing. Neither does a TIFF tag with value 1: it is the default that
    many writers put there without knowing. What a PNG file states behind its pixels is seen once they are loaded.
    """
    try:
        # The method of PNG files would load the pixels, for what may lie behind them.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
    except (SyntaxError, ValueError, OSError, KeyError, IndexError, TypeError, struct.error):
        return None
    if value == 1 and image.format == "TIFF":
        return None
    return value if isinstance(value, int) and 1 <= value <= 8 else None


def upright(array: _Array, orientation: int | None) -> _Array:
    """Array (H, W, ...) as stored -> contiguous array as it is meant to be seen."""
    turn = _UPRIGHT.get(orientation or 1)
    return array if turn is None else np.ascontiguousarray(turn(array))
