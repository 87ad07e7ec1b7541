"""How the pixels of a mask file become true or false.

An alpha channel is dropped and a palette replaced by its colours. The three channels of a colour file must agree: a
pixel disagrees when its channels differ by more than 48 or, in dark files, by more than half the file's brightest
value. No pixel of a lossless file may disagree, and 0.1 % of a lossy one; the rounded mean of the channels is then the
value. A lossless file with exactly two values, or with one that is not 0, has the larger as foreground, so {0, 1},
{0, 255} and 16-bit {0, 257} mean the same; a file of zeros is empty. Otherwise a value above 127 (16-bit: 32767) is
foreground, and values strictly between 32 and 224 (16-bit: times 257) are doubtful and counted. The file is refused
when more than a quarter as many pixels are doubtful as are in the smaller of foreground and background (as 100, if
fewer are). A lossless file of three or more values is taken for a map of label numbers, and refused, when none lies
above the threshold or a single doubtful value is common: in more than 0.5 % of the picture, or in more than 5 % as
many pixels as the smaller of foreground and background has (as 100, if fewer).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from mmrs_builder.io.decode import GREY16_MODES, Decoded, pixels_of
from mmrs_builder.io.render import grey16
from mmrs_builder.types import Mask
from mmrs_builder.vocab import Rejected

MASK_RULE: Final = (
    "Two values: the larger is foreground. Otherwise above 127 of 255; values from 33 to 223 are counted as doubtful."
)
"""The rule in one line, for ``Source.mask_rule``."""

CHANNEL_TOLERANCE: Final = 48
LOSSY_DISAGREEMENT: Final = 0.001  # fraction of pixels
DOUBTFUL_BETWEEN: Final = (32, 224)
DOUBTFUL_LIMIT: Final = 0.25  # of the smaller of foreground and background
SMALLER_FLOOR: Final = 100  # px
COMMON_IN_PICTURE: Final = 0.005  # one value, as a fraction of the picture
COMMON_BESIDE_SMALLER: Final = 0.05  # one value, as a fraction of the smaller of foreground and background

_Values = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def binarise(decoded: Decoded, what: str) -> tuple[Mask, int]:
    """Foreground (H, W) of a decoded mask file, turned as the file is, and the number of doubtful pixels.

    Raises ``Rejected``: ``unsupported_mode``, ``mask_coloured``, ``mask_not_binary``, ``mask_full``.
    """
    values = _values(decoded, what)
    full, brightest = int(np.iinfo(values.dtype).max), int(values.max())
    doubtful = 0
    if not decoded.lossy and ((values == values.min()) | (values == brightest)).all():
        mask = values == brightest if brightest else np.zeros(values.shape, np.bool_)
    elif not decoded.lossy and brightest <= full // 2:
        raise Rejected("mask_not_binary", what, f"{np.unique(values).size} values up to {brightest}")
    else:
        mask = values > full // 2
        doubtful = _doubtful(values, int(np.count_nonzero(mask)), decoded.lossy, what)
    if mask.all():
        raise Rejected("mask_full", what)
    return mask, doubtful


def _doubtful(values: _Values, foreground: int, lossy: bool, what: str) -> int:
    """Doubtful pixels beside so many of foreground. Raises ``Rejected`` (``mask_not_binary``) if there are many."""
    low, high = (limit * (int(np.iinfo(values.dtype).max) // 255) for limit in DOUBTFUL_BETWEEN)
    between = (values > low) & (values < high)
    doubtful = int(np.count_nonzero(between))
    smaller = max(min(foreground, values.size - foreground), SMALLER_FLOOR)
    if doubtful > DOUBTFUL_LIMIT * smaller:
        raise Rejected("mask_not_binary", what, f"{doubtful} doubtful pixels beside {foreground} of foreground")
    if not lossy and doubtful:
        counts = np.bincount(values[between])
        value = int(counts.argmax())
        if counts[value] > min(COMMON_IN_PICTURE * values.size, COMMON_BESIDE_SMALLER * smaller):
            raise Rejected("mask_not_binary", what, f"{counts[value]} pixels of value {value}: label numbers?")
    return doubtful


def _values(decoded: Decoded, what: str) -> _Values:
    image = decoded.image
    if image.mode in GREY16_MODES:
        return grey16(image, what)
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"))
    if image.mode == "RGB":
        return _mean_of_channels(image, decoded.lossy, what)
    if image.mode in ("P", "PA", "RGBA"):
        return _mean_of_channels(image.convert("RGBA").convert("RGB"), decoded.lossy, what)
    raise Rejected("unsupported_mode", what, image.mode)


def _mean_of_channels(image: Image.Image, lossy: bool, what: str) -> npt.NDArray[np.uint8]:
    red, green, blue = (np.asarray(channel, np.uint8) for channel in cv2.split(pixels_of(image)))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return red
    brightest = np.maximum(np.maximum(red, green), blue)
    spread = brightest - np.minimum(np.minimum(red, green), blue)
    coloured = int(np.count_nonzero(spread > min(CHANNEL_TOLERANCE, int(brightest.max()) // 2)))
    if coloured > (LOSSY_DISAGREEMENT * spread.size if lossy else 0):
        raise Rejected("mask_coloured", what, f"{coloured} coloured pixels")
    mean: npt.NDArray[np.uint8] = ((red.astype(np.uint16) + green + blue + 1) // 3).astype(np.uint8)
    return mean
