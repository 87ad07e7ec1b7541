"""Small pictures and files that the tests of the readers share."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from mmrs_builder.io.orientation import upright
from mmrs_builder.types import Mask, Pixels

BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # the turn that undoes each orientation


def coloured(width: int = 40, height: int = 28) -> Pixels:
    """A smooth RGB picture without any symmetry."""
    y, x = np.mgrid[:height, :width]
    return np.stack([40 + 3 * x, 60 + 2 * y, 90 + x + y], axis=-1).astype(np.uint8)


def square(width: int = 40, height: int = 28) -> Mask:
    """A mask with one square, up and left of the middle."""
    mask = np.zeros((height, width), np.bool_)
    mask[4:12, 3:13] = True
    return mask


def grey(mask: Mask) -> Pixels:
    return np.where(mask, 255, 0).astype(np.uint8)


def encoded(picture: Image.Image | npt.NDArray[np.generic], kind: str = "PNG", **options: object) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    return tags


def stored_as(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """The rows and columns a camera would store so that ``orientation`` shows ``pixels``."""
    return np.ascontiguousarray(upright(pixels, BACK[orientation]))


def decoded(data: bytes) -> npt.NDArray[np.uint8]:
    """What a reader sees that knows nothing of this project."""
    return np.asarray(Image.open(io.BytesIO(data)))
