"""Two-dimensional pictures and their masks: the one way from files to pixels.

Image and mask go through the same decoder, so no reader's habit can move one against the other. The way up of a mask:
if its file states an EXIF orientation, that one is applied. If it states none and the image is turned, the mask was
drawn on the stored grid, and is turned with the image, or on the upright one. The source may know which; else the size
tells where a turn by 90 degrees swaps width and height. Where nothing tells (turns by 180 degrees, mirrored and square
pictures) the pair is refused: a guess would swap left and right in silence.

A mask has its picture's size, or it is refused. Where every mask of a corpus has another one, the source may have them
``scaled``: a pixel of the picture takes the mask pixel that its centre lies in. No grey arises, and an edge moves by
half a pixel of the picture at most. Only where both have exactly one shape, so that no mask is stretched or cropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from mmrs_builder.digests import sha256
from mmrs_builder.io.binarise import MASK_RULE, binarise
from mmrs_builder.io.coded import coded
from mmrs_builder.io.decode import Decoded, decode, pixels_of
from mmrs_builder.io.metadata import cleaned
from mmrs_builder.io.orientation import upright
from mmrs_builder.io.png import encode_mask, encode_pixels
from mmrs_builder.io.render import render
from mmrs_builder.io.table import read_stored
from mmrs_builder.types import Mask, MaskRef, Picture
from mmrs_builder.vocab import Rejected

__all__ = [
    "MASK_RULE", "MaskGrid", "MaskReading", "Opened", "encode_mask", "fitted", "read_coded", "read_opened", "read_pair",
    "read_picture", "stored_bytes",
]  # fmt: skip

MaskGrid: TypeAlias = Literal["stored", "upright"]
"""Where masks without a stated orientation were drawn: before or after their picture's EXIF rotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskReading:
    """A mask (H, W), upright like its picture, and how many of its pixels the threshold had to decide."""

    mask: Mask
    doubtful_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A picture as it will be stored, and how its file stores it: what a mask must be laid upon."""

    picture: Picture
    raw_size: tuple[int, int]  # width, height as stored
    orientation: int | None  # what the file states


def read_picture(root: Path, image: str) -> Picture:
    """The picture at ``image`` under ``root``. Raises ``Rejected`` (see ``table``, ``decode``, ``render``)."""
    return read_opened(root, image).picture


def read_opened(root: Path, image: str) -> Opened:
    """As ``read_picture``, with what ``fitted`` needs to know."""
    found = read_stored(root, image)
    decoded = decode(found, image)
    if decoded.plain and decoded.orientation in (None, 1):
        data, pixels, steps = decoded.clean, pixels_of(decoded.image), None
    else:
        pixels, steps = render(decoded, image)
        data = encode_pixels(pixels)
    picture = Picture(data=data, pixels=pixels, source_sha256=sha256(found), render=steps)
    return Opened(picture=picture, raw_size=decoded.raw_size, orientation=decoded.orientation)


def read_pair(
    root: Path, image: str, masks: Sequence[str], *, mask_grid: MaskGrid | None = None, scaled: bool = False
) -> tuple[Picture, tuple[MaskReading, ...]]:
    """A picture and its masks, in the order given; paths are relative to ``root``. An empty mask is no error.

    ``mask_grid`` decides for masks without an orientation of their own, even where the size could tell; ``None`` is
    not known. ``scaled`` brings masks of another size to the picture's, if both have one shape and the picture is not
    turned; doubtful pixels are then those of the file. Raises ``Rejected`` with the path of the file concerned: what
    ``table``, ``decode``, ``render`` and ``binarise`` raise, ``size_mismatch``, and ``orientation_unclear`` when
    nothing tells which way up a mask is.
    """
    opened = read_opened(root, image)
    readings = []
    for path in masks:
        decoded = decode(read_stored(root, path), path)
        mask, doubtful = binarise(decoded, path)
        mask = _on_grid(mask, opened) if scaled else mask
        readings.append(MaskReading(mask=_upright(mask, decoded, opened, path, mask_grid), doubtful_px=doubtful))
    return opened.picture, tuple(readings)


def read_coded(
    root: Path, image: str, masks: Sequence[MaskRef], known: Sequence[str], *, mask_grid: MaskGrid | None = None
) -> tuple[Picture, tuple[MaskReading, ...]]:
    """As ``read_pair``, where ``MaskRef.pick`` is the code that is meant and ``known`` are all codes (see ``coded``).

    Each file is read once; its doubtful pixels are those of its first mask. Raises ``Rejected`` as ``read_pair`` does,
    with what ``coded`` raises in place of what ``binarise`` raises.
    """
    opened = read_opened(root, image)
    found: dict[tuple[str, str], MaskReading] = {}
    for path in dict.fromkeys(mask.path for mask in masks):
        decoded = decode(read_stored(root, path), path)
        by_code, doubtful = coded(decoded, known, path)
        for pick in dict.fromkeys(mask.pick for mask in masks if mask.path == path):
            mask = _upright(by_code[pick], decoded, opened, path, mask_grid)
            found[path, pick] = MaskReading(mask=mask, doubtful_px=doubtful)
            doubtful = 0
    return opened.picture, tuple(found[mask.path, mask.pick] for mask in masks)


def stored_bytes(root: Path, image: str, source_sha256: str) -> bytes:
    """``Picture.data`` of a picture whose ``render`` is ``None``, from its file, without decoding it again.

    Raises ``Rejected``: ``changed`` when the file is no longer the one with ``source_sha256``; else as ``table`` does.
    """
    data = read_stored(root, image)
    if sha256(data) != source_sha256:
        raise Rejected("changed", image)
    return cleaned(data, image)


def fitted(mask: Mask, image: Opened, what: str, grid: MaskGrid | None = None) -> Mask:
    """A mask (H, W) whose file states no orientation, upright like its picture.

    Raises ``Rejected``: ``size_mismatch``, ``orientation_unclear``.
    """
    height, width = image.picture.pixels.shape[:2]
    same = (mask.shape[1], mask.shape[0]) == image.raw_size
    if grid is None:
        if same and image.orientation not in (None, 1) and image.raw_size == (width, height):
            raise Rejected("orientation_unclear", what, f"orientation {image.orientation}")
        grid = "stored" if same else "upright"
    turned: Mask = upright(mask, image.orientation if grid == "stored" else None)
    return _checked(turned, image, what)


def _on_grid(mask: Mask, image: Opened) -> Mask:
    """A mask (H, W) on the grid of its picture: each pixel takes the mask pixel that its centre lies in.

    Returned as it is when width and height are not in the same proportion, or the picture is stored turned.
    """
    (width, height), (rows, columns) = image.raw_size, mask.shape
    if image.orientation not in (None, 1) or rows * width != columns * height:
        return mask
    down = (2 * np.arange(height) + 1) * rows // (2 * height)
    across = (2 * np.arange(width) + 1) * columns // (2 * width)
    return mask[np.ix_(down, across)]


def _upright(mask: Mask, decoded: Decoded, image: Opened, what: str, grid: MaskGrid | None) -> Mask:
    if decoded.orientation is None:
        return fitted(mask, image, what, grid)
    return _checked(mask if decoded.turned else upright(mask, decoded.orientation), image, what)


def _checked(mask: Mask, image: Opened, what: str) -> Mask:
    shape = image.picture.pixels.shape[:2]
    if mask.shape != shape:
        raise Rejected("size_mismatch", what, f"{mask.shape[1]} x {mask.shape[0]}, image {shape[1]} x {shape[0]}")
    return mask
