"""The one function that makes pixels to be stored, and the text that says what it did.

``Picture.render`` is the steps joined by ``+`` and the version after a slash: ``orient:6/1``, ``rgb8/1``,
``orient:3+grey16:p0.5-99.5/1``. Steps:

- ``orient:N``: EXIF orientation N (2 to 8) applied to the pixels.
- ``grey8``: 1-bit, 2-bit, 4-bit or 8-bit grey, an opaque alpha channel dropped.
- ``rgb8``: 8-bit RGB or palette colours (readers disagree whether a palette picture is its indices or its colours), an
  opaque alpha channel dropped.
- ``rgb8:cmyk``: R = 255 - min(255, C + K) and so on; JPEG inks are stored inverted when, and only when, the file has an
  Adobe segment.
- ``grey16:p0.5-99.5``: 9- to 16-bit grey, the 0.5th to 99.5th percentile mapped linearly to 0 to 255 and clipped; when
  they are equal, the smallest to the largest value; a constant picture becomes black.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from mmrs_builder.io.decode import GREY16_MODES, Decoded, pixels_of
from mmrs_builder.io.orientation import upright
from mmrs_builder.types import Pixels
from mmrs_builder.vocab import Rejected

VERSION: Final = 1
PERCENTILES: Final = (0.5, 99.5)

_TARGETS: Final = {"1": "L", "L": "L", "LA": "L", "RGB": "RGB", "RGBA": "RGB", "P": "RGB", "PA": "RGB"}


def render(decoded: Decoded, what: str) -> tuple[Pixels, str]:
    """Upright 8-bit pixels, (H, W) or (H, W, 3), of a decoded image and the text for ``Picture.render``.

    Raises ``Rejected``: ``transparent``, ``unsupported_mode``.
    """
    pixels, step = _eight_bit(decoded.image, what)
    orientation = decoded.orientation or 1
    steps = [f"orient:{orientation}"] if orientation > 1 else []
    if not decoded.plain:
        steps.append(step)
    pixels = pixels if decoded.turned else upright(pixels, orientation)
    return pixels, f"{'+'.join(steps)}/{VERSION}"


def _eight_bit(image: Image.Image, what: str) -> tuple[Pixels, str]:
    if image.mode in GREY16_MODES and "transparency" not in image.info:
        return _stretch(grey16(image, what)), f"grey16:p{PERCENTILES[0]}-{PERCENTILES[1]}"
    if image.mode == "CMYK":
        return np.asarray(_adobe_inks(image).convert("RGB")), "rgb8:cmyk"
    if image.mode not in _TARGETS:
        raise Rejected("unsupported_mode", what, image.mode)
    target = _TARGETS[image.mode]
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise Rejected("transparent", what)
    return pixels_of(image.convert(target)), {"L": "grey8", "RGB": "rgb8"}[target]


def grey16(image: Image.Image, what: str) -> npt.NDArray[np.uint16]:
    """Values (H, W) of a deep grey picture. Raises ``Rejected``: ``unsupported_mode`` outside 0 to 65535."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise Rejected("unsupported_mode", what, f"values {values.min()} to {values.max()}")
    return values.astype(np.uint16)


def _adobe_inks(image: Image.Image) -> Image.Image:
    """CMYK with 0 = no ink. Pillow inverts every CMYK JPEG, so one without an Adobe segment is turned back."""
    return ImageChops.invert(image) if image.format == "JPEG" and "adobe" not in image.info else image


def _stretch(values: npt.NDArray[np.uint16]) -> Pixels:
    low, high = np.percentile(values, PERCENTILES)
    if low == high:
        low, high = float(values.min()), float(values.max())
    if low == high:
        return np.zeros(values.shape, np.uint8)
    scaled: Pixels = np.rint((values - low).clip(0, high - low) * (255 / (high - low))).astype(np.uint8)
    return scaled
