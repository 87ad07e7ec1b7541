"""A row of config ``preview``: a view with its masks drawn on the picture.

The drawing is exact, so that it can be checked. With k the smallest whole number for which no side of the picture
exceeds ``SIDE``, the picture becomes the means of its blocks of k x k pixels, in RGB, and a block belongs to a mask if
one of its pixels does (at the right and lower border blocks may be smaller). Structures, but for components, are then
drawn in stored order: first every one is tinted, (3 p + c) // 4 for its colour c, then every one is outlined: its
pixels with one of four neighbours outside the mask or the picture become c.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from PIL import Image
from scipy import ndimage

from mmrs_builder.io.png import encode_pixels
from mmrs_builder.schema import SHOWN_QUESTION_FIELDS
from mmrs_builder.types import Mask, Pixels
from mmrs_builder.vocab import COLOURS

SIDE: Final = 512
"""Longest side of an overlay in px."""


def preview_row(view: Mapping[str, Any]) -> dict[str, object]:
    """The row that shows a row of config ``default``."""
    colours = colours_of(view)
    return {
        **{name: view[name] for name in ("view_id", "source", "license", "modality", "split")},
        "overlay": {"bytes": encode_pixels(overlay(view)), "path": None},
        "legend": [{"label": label, "colour": spelled(colour)} for label, colour in colours.items()],
        "qa": [{name: item[name] for name, _ in SHOWN_QUESTION_FIELDS} for item in view["qa"]],
    }


def colours_of(view: Mapping[str, Any]) -> dict[str, tuple[int, int, int]]:
    """The colour of each label, in the order in which structures name them."""
    labels = dict.fromkeys(structure["label"] for structure in view["structures"])
    return {label: COLOURS[number % len(COLOURS)] for number, label in enumerate(labels)}


def spelled(colour: tuple[int, int, int]) -> str:
    """A colour as CSS spells it: ``#rrggbb``."""
    return f"#{bytes(colour).hex()}"


def overlay(view: Mapping[str, Any]) -> Pixels:
    """The picture of a row of config ``default`` with its structures, (h, w, 3)."""
    picture = Image.open(io.BytesIO(view["image"]["bytes"])).convert("RGB")
    step = -(-max(picture.size) // SIDE)
    canvas = np.array(picture.reduce(step), dtype=np.uint16)
    colours = colours_of(view)
    drawn = [
        (_reduced(mask["bytes"], step), np.array(colours[structure["label"]], np.uint16))
        for mask, structure in zip(view["masks"], view["structures"], strict=True)
        if structure["part"] != "component"
    ]
    for mask, colour in drawn:
        canvas[mask] = (3 * canvas[mask] + colour) // 4
    for mask, colour in drawn:
        canvas[mask & ~ndimage.binary_erosion(mask)] = colour
    return canvas.astype(np.uint8)


def _reduced(data: bytes, step: int) -> Mask:
    mask = np.asarray(Image.open(io.BytesIO(data)), dtype=np.bool_)
    height, width = mask.shape
    whole = np.pad(mask, ((0, -height % step), (0, -width % step)))
    blocks = whole.reshape(whole.shape[0] // step, step, whole.shape[1] // step, step)
    return np.asarray(blocks.any(axis=(1, 3)))
