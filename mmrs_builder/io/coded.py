"""Masks that show several structures in one file, each by a number or a colour: label maps, palettes, painted masks.

**Numbers** are the indices of a palette file and the values of a grey one, also of one whose three channels are equal;
0 is background unless it is named. A file with compression that changes values is refused, and so is a number that has
no name.

**Colours** are written ``#rrggbb``; black is background unless it is named, an alpha channel is dropped. A pixel takes
the nearest colour, by the largest difference of a channel. It is doubtful when that difference is over 32 or at least
half the one to the second nearest; the file is refused when doubtful pixels are more than a quarter of the smaller of
foreground and background (of 100, if fewer). In a lossless file a colour farther than 8 from every named one is
something that nobody has named when it is common: in more than 0.5 % of the picture, or in more than 5 % as many pixels
as the smaller of foreground and background has. A lossy file is refused when a named colour lies between two others:
the blurred rims of those would look like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.binarise import COMMON_BESIDE_SMALLER, COMMON_IN_PICTURE, DOUBTFUL_LIMIT, SMALLER_FLOOR
from mmrs_builder.io.decode import Decoded
from mmrs_builder.io.labelmap import check_named
from mmrs_builder.io.numbers import numbers_of
from mmrs_builder.types import Mask
from mmrs_builder.vocab import Rejected

RULE: Final = "The pixels of a structure's number, or those nearest to its colour."
"""The rule in one line, for ``Source.mask_rule``."""

SURE: Final = 32  # of 255, as for masks of black and white
SAME: Final = 8
BACKGROUND: Final = "#000000"

_Ints = npt.NDArray[np.int64]


def codes(option: str, told: Mapping[str, str]) -> dict[str, str]:
    """What codes mean, with the codes in one spelling: ``1``, ``#ff0000``.

    Raises ``ValueError``, naming the option, unless all are numbers or all are colours, each once.
    """
    numbers = [key for key in told if re.fullmatch(r"\d{1,9}", key, re.ASCII)]
    colours = [key for key in told if re.fullmatch(r"#[0-9a-fA-F]{6}", key)]
    if len(told) not in (len(numbers), len(colours)):
        raise ValueError(f"{option}: write numbers (1=liver) or colours (#ff0000=liver), not both")
    plain = {str(int(key)) if numbers else key.casefold(): name for key, name in told.items()}
    if len(plain) < len(told):
        raise ValueError(f"{option}: one code twice")
    return plain


def coded(decoded: Decoded, known: Iterable[str], what: str) -> tuple[dict[str, Mask], int]:
    """The mask (H, W) of each known code, turned as the file is, and the number of doubtful pixels.

    Raises ``Rejected``: ``unsupported_mode``; ``mask_full`` when one code covers the picture; of numbers
    ``labels_not_whole``, ``mask_coloured`` and ``unknown_label``; of colours ``mask_not_binary`` and ``unknown_label``.
    """
    wanted = tuple(known)
    painted = any(code.startswith("#") for code in wanted)
    masks, doubtful = _by_colour(decoded, wanted, what) if painted else (_by_number(decoded, wanted, what), 0)
    if any(mask.all() for mask in masks.values()):
        raise Rejected("mask_full", what)
    return masks, doubtful


def _by_number(decoded: Decoded, known: Sequence[str], what: str) -> dict[str, Mask]:
    values = numbers_of(decoded, what)
    masks = {number: values == number for number in {0, *map(int, known)}}
    if sum(map(np.count_nonzero, masks.values())) < values.size:
        check_named(values, masks, what)
    return {code: masks[int(code)] for code in known}


def _by_colour(decoded: Decoded, known: Sequence[str], what: str) -> tuple[dict[str, Mask], int]:
    if decoded.image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise Rejected("unsupported_mode", what, decoded.image.mode)
    names = known if BACKGROUND in known else (BACKGROUND, *known)
    centres = np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in names], np.int64)
    if decoded.lossy and (between := _between(names, centres)):
        raise Rejected("mask_not_binary", what, f"compressed with loss, and {between} lies between other colours")
    pixels = np.asarray(decoded.image.convert("RGBA").convert("RGB")).astype(np.int64)
    packed = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
    present, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    nearest, sure, distance = _nearest(present, centres)
    background = names.index(BACKGROUND)
    foreground = int(counts[nearest != background].sum())
    smaller = max(min(foreground, packed.size - foreground), SMALLER_FLOOR)
    doubtful = int(counts[~sure].sum())
    if not decoded.lossy:
        _check_common(present, counts, distance, smaller, what)
    if doubtful > DOUBTFUL_LIMIT * smaller:
        raise Rejected("mask_not_binary", what, f"{doubtful} doubtful pixels beside {foreground} of foreground")
    owner = nearest[where].reshape(packed.shape)
    return {name: owner == number for number, name in enumerate(names) if name in known}, doubtful


def _nearest(present: _Ints, centres: _Ints) -> tuple[_Ints, Mask, _Ints]:
    """For each packed colour (n): the nearest centre, whether it is sure, and the distance."""
    colours = np.stack([present >> 16, (present >> 8) & 255, present & 255], axis=1)
    distances = np.stack([np.abs(colours - centre).max(axis=1) for centre in centres], axis=1)
    nearest = distances.argmin(axis=1)
    closest = distances.min(axis=1)
    second = np.partition(distances, 1, axis=1)[:, 1] if len(centres) > 1 else np.full(len(present), 512)
    return nearest, (closest <= SURE) & (2 * closest < second), closest


def _check_common(present: _Ints, counts: _Ints, distance: _Ints, smaller: int, what: str) -> None:
    strange = np.where(distance > SAME, counts, 0)
    most = int(strange.argmax())
    if strange[most] > min(COMMON_IN_PICTURE * counts.sum(), COMMON_BESIDE_SMALLER * smaller):
        raise Rejected("unknown_label", what, f"{strange[most]} pixels of #{present[most]:06x}")


def _between(names: Sequence[str], centres: _Ints) -> str:
    """A colour that lies within ``SURE`` of the straight line between two others; '' if there is none."""
    for a, b in combinations(range(len(names)), 2):
        steps = np.linspace(0, 1, 256)[:, None]
        line = centres[a] + steps * (centres[b] - centres[a])
        for i, name in enumerate(names):
            if i not in (a, b) and np.abs(line - centres[i]).max(axis=1).min() <= SURE:
                return name
    return ""
