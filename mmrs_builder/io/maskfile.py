"""What kind of mask a picture file is: black and white, label numbers, colours, or no mask at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.binarise import binarise
from mmrs_builder.io.decode import GREY16_MODES, Decoded
from mmrs_builder.types import Mask, Pixels
from mmrs_builder.vocab import Rejected

MaskKind: TypeAlias = Literal["binary", "fringed", "numbers", "colours", "full", "photograph", "unclear"]
"""``fringed``: black and white with greys between, from compression or smoothing. ``photograph``: no mask at all.
``unclear``: too grey for black and white, too few greys for a photograph."""

MOST_CODES: Final = 64
"""A file with more numbers or colours is no map of structures."""

BETWEEN: Final = 0.2
"""Part of a photograph's pixels that are neither nearly black nor nearly as bright as it gets."""

FEW_VALUES: Final = 3
"""A picture with no more values than this is a mask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """``codes`` are the numbers or colours (``#rrggbb``) of a file with several structures and their pixels."""

    kind: MaskKind
    values: int  # different grey values or colours
    codes: tuple[tuple[str, int], ...] = ()
    palette: bool = False


def look(decoded: Decoded, what: str) -> tuple[MaskFile, Mask | None]:
    """The kind of a decoded mask file called ``what``, and its foreground (H, W), turned as the file is, if it has any.

    Numbers are the indices of a palette file and the values of a grey one, as ``io.coded`` reads them.
    """
    numbers = _numbers(decoded)
    colours = _colours(decoded) if numbers is None or decoded.image.mode in ("P", "PA") else numbers
    values = int(np.unique(colours).size)
    palette = decoded.image.mode in ("P", "PA")
    try:
        mask, _ = binarise(decoded, what)
    except Rejected as refused:
        if refused.reason == "mask_full":
            return MaskFile(kind="full", values=values, palette=palette), None
    else:
        kind: MaskKind = "binary" if values <= 2 else "fringed"
        return MaskFile(kind=kind, values=values, palette=palette), mask
    if numbers is not None and not decoded.lossy and np.unique(numbers).size <= MOST_CODES:
        return MaskFile(kind="numbers", values=values, codes=_counted(numbers, "{}"), palette=palette), numbers != 0
    painted = _rounded(colours) if decoded.lossy else colours
    if painted is not None and np.unique(painted).size <= MOST_CODES and numbers is None:
        return MaskFile(kind="colours", values=values, codes=_counted(painted, "#{:06x}")), painted != 0
    between = numbers is None or float(((numbers > 32) & (numbers < numbers.max() - 31)).mean()) > BETWEEN
    rich = values > MOST_CODES and between
    return MaskFile(kind="photograph" if rich else "unclear", values=values, palette=palette), None


def masklike(pixels: Pixels) -> bool:
    """Whether an image, (H, W) or (H, W, 3), is really a mask: two or three values, or only nearly black and white.

    A picture of a single value is blank, not a mask.
    """
    planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
    if any(not np.array_equal(planes[0], plane) for plane in planes[1:]):
        return False
    counts = np.bincount(planes[0].ravel(), minlength=256)
    present = int(np.count_nonzero(counts))
    if present <= FEW_VALUES:
        return present >= 2
    dark, bright = int(counts[:13].sum()), int(counts[243:].sum())
    return dark > 0 and dark + bright >= 0.995 * planes[0].size and bright >= 0.01 * planes[0].size


def _numbers(decoded: Decoded) -> npt.NDArray[np.int64] | None:
    """Indices of a palette, or grey values; None for a coloured file."""
    array = np.asarray(decoded.image)
    if decoded.image.mode in ("1", "L", "P", *GREY16_MODES):
        return array.astype(np.int64)
    if decoded.image.mode in ("LA", "PA"):
        return array[..., 0].astype(np.int64)
    if array.ndim == 3 and array.shape[2] >= 3:
        first = array[..., 0]
        if np.array_equal(first, array[..., 1]) and np.array_equal(first, array[..., 2]):
            return first.astype(np.int64)
    return None


def _colours(decoded: Decoded) -> npt.NDArray[np.int64]:
    """Packed colours (H, W), the red channel highest."""
    array = np.asarray(decoded.image.convert("RGBA").convert("RGB")).astype(np.int64)
    return (array[..., 0] << 16) | (array[..., 1] << 8) | array[..., 2]


def _rounded(colours: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """Colours of a compressed file, each channel rounded to 0, 128 or 255; None if they lie between those."""
    channels = np.stack([(colours >> shift) & 255 for shift in (16, 8, 0)])
    near = np.select([channels < 64, channels < 192], [0, 128], 255)
    if float((np.abs(channels - near).max(axis=0) <= 32).mean()) < 0.97:
        return None
    painted: npt.NDArray[np.int64] = (near[0] << 16) | (near[1] << 8) | near[2]
    present, where, counts = np.unique(painted, return_inverse=True, return_counts=True)
    painted = np.where((counts >= 0.002 * painted.size)[where].reshape(painted.shape), painted, 0)
    return painted if present.size > 1 else None


def _counted(codes: npt.NDArray[np.int64], spelling: str) -> tuple[tuple[str, int], ...]:
    present, counts = np.unique(codes, return_counts=True)
    return tuple((spelling.format(int(code)), int(n)) for code, n in zip(present, counts, strict=True))
