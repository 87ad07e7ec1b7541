"""Two-dimensional pictures and their masks: the one way from files to pixels.

Image and mask go through the same decoder, so no reader's habit can move one against the other. The way up of a mask:
if its file states an EXIF orientation, that one is applied. If it states none and the image is turned, the mask was
drawn on the stored grid, and is turned with the image, or on the upright one. The source may know which; else the size
tells where a turn by 90 degrees swaps width and height. Where nothing tells (turns by 180 degrees, mirrored and square
pictures) the pair is refused: a guess would swap left and right in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from mmrs_builder.digests import sha256
from mmrs_builder.io.binarise import MASK_RULE, binarise
from mmrs_builder.io.decode import Decoded, decode
from mmrs_builder.io.metadata import cleaned
from mmrs_builder.io.orientation import upright
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.png import encode_mask, encode_pixels
from mmrs_builder.io.render import render
from mmrs_builder.types import Mask, Picture
from mmrs_builder.vocab import Rejected

__all__ = ["MASK_RULE", "MaskGrid", "MaskReading", "encode_mask", "read_pair", "read_picture", "stored_bytes"]

MaskGrid: TypeAlias = Literal["stored", "upright"]
"""Where masks without a stated orientation were drawn: before or after their picture's EXIF rotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskReading:
    """A mask (H, W), upright like its picture, and how many of its pixels the threshold had to decide."""

    mask: Mask
    doubtful_px: int


def read_picture(root: Path, image: str) -> Picture:
    """The picture at ``image`` under ``root``. Raises ``Rejected`` (see ``paths``, ``decode``, ``render``)."""
    return _picture(root, image)[0]


def read_pair(
    root: Path, image: str, masks: Sequence[str], *, mask_grid: MaskGrid | None = None
) -> tuple[Picture, tuple[MaskReading, ...]]:
    """A picture and its masks, in the order given; paths are relative to ``root``. An empty mask is no error.

    ``mask_grid`` decides for masks without an orientation of their own, even where the size could tell; ``None`` is
    not known. Raises ``Rejected`` with the path of the file concerned: what ``paths``, ``decode``, ``render`` and
    ``binarise`` raise, ``size_mismatch``, and ``orientation_unclear`` when nothing tells which way up a mask is.
    """
    picture, decoded = _picture(root, image)
    shape = (picture.pixels.shape[0], picture.pixels.shape[1])
    return picture, tuple(_reading(root, mask, decoded, shape, mask_grid) for mask in masks)


def stored_bytes(root: Path, image: str, source_sha256: str) -> bytes:
    """``Picture.data`` of a picture whose ``render`` is ``None``, from its file, without decoding it again.

    Raises ``Rejected``: ``changed`` when the file is no longer the one with ``source_sha256``; else as ``paths`` does.
    """
    data = read_bytes(root, image)
    if sha256(data) != source_sha256:
        raise Rejected("changed", image)
    return cleaned(data, image)


def _picture(root: Path, path: str) -> tuple[Picture, Decoded]:
    found = read_bytes(root, path)
    decoded = decode(found, path)
    if decoded.plain and decoded.orientation in (None, 1):
        data, pixels, steps = decoded.clean, np.asarray(decoded.image), None
    else:
        pixels, steps = render(decoded, path)
        data = encode_pixels(pixels)
    return Picture(data=data, pixels=pixels, source_sha256=sha256(found), render=steps), decoded


def _reading(root: Path, path: str, image: Decoded, shape: tuple[int, int], grid: MaskGrid | None) -> MaskReading:
    decoded = decode(read_bytes(root, path), path)
    mask, doubtful = binarise(decoded, path)
    if decoded.orientation is None:
        grid = grid or _grid_by_size(decoded, image, shape, path)
        mask = upright(mask, image.orientation if grid == "stored" else None)
    elif not decoded.turned:
        mask = upright(mask, decoded.orientation)
    if mask.shape != shape:
        raise Rejected("size_mismatch", path, f"{mask.shape[1]} x {mask.shape[0]}, image {shape[1]} x {shape[0]}")
    return MaskReading(mask=mask, doubtful_px=doubtful)


def _grid_by_size(mask: Decoded, image: Decoded, shape: tuple[int, int], path: str) -> MaskGrid:
    turned = image.orientation not in (None, 1)
    same = mask.raw_size == image.raw_size
    if turned and same and image.raw_size == (shape[1], shape[0]):
        raise Rejected("orientation_unclear", path, f"orientation {image.orientation}")
    return "stored" if same else "upright"
