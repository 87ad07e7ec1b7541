"""How the values of a volume become grey: the only place where a scan is windowed, and the text that says how.

``Picture.render`` of a slice is one of these steps (and ``repeat:…`` of ``volumes``), joined by ``+``, then ``/`` and
``render.VERSION``:

- ``window:NAME(L,W)``: CT in Hounsfield units, ``L - W/2`` to ``L + W/2`` mapped linearly to 0 to 255 and clipped.
- ``asis``: whole numbers from 0 to 255 as they are: somebody has windowed the scan before. CT in Hounsfield units has
  negative values; MRI must reach ``DARKEST``.
- ``percentile:0.5-99.5``: the range between these percentiles of all voxels above the smallest value of the volume,
  linearly; for scans without units. The smallest value is the background that scanners and skull strippers leave.
  When the percentiles are equal, the smallest to the largest value; a constant scan becomes black.

Windows are those of Radiopaedia's article "Windowing (CT)", radiopaedia.org/articles/windowing-ct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from mmrs_builder.io.png import encode_pixels
from mmrs_builder.io.render import VERSION
from mmrs_builder.types import Picture, Pixels, Voxels
from mmrs_builder.vocab import Rejected

WINDOWS: Final[dict[str, tuple[int, int]]] = {
    "soft_tissue": (50, 400),
    "lung": (-600, 1500),
    "mediastinum": (50, 350),
    "liver": (30, 150),
    "brain": (40, 80),
    "bone": (400, 1800),
}
"""Level and width in HU."""

PERCENTILES: Final = (0.5, 99.5)
DARKEST: Final = 200
"""A scan without units whose brightest voxel is darker was not windowed for display: its range is its own."""

LARGEST_SAMPLE: Final = 4_000_000
"""Voxels that percentiles are taken of: an even stride through a larger volume."""

_SEEN_IN: Final = {
    "lung": ("lung*", "nodule", "infection_region", "ground_glass_opacity", "consolidation", "trachea"),
    "brain": ("brain", "ventricle", "hippocampus_*"),
    "bone": (
        "spine", "vertebra*", "sacrum", "skull", "sternum", "clavicle*", "femur*", "hip_left", "hip_right", "humerus*",
        "rib*", "scapula*",
    ),
}  # fmt: skip
"""Windows by what is looked at in them: patterns of labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greys:
    """How one volume becomes grey: ``step`` says it, ``apply`` does it to any part of the volume."""

    step: str
    apply: Callable[[Voxels], Pixels]


def drawn(values: Voxels, modality: str, window: str, what: str, source_sha256: str) -> Picture:
    """A flat array (H, W) of any plain number type as the picture that will be stored. Raises ``Rejected`` as ``greys``
    does.
    """
    shown = greys(values, modality, window, what)
    pixels = shown.apply(values)
    render = f"{shown.step}/{VERSION}"
    return Picture(data=encode_pixels(pixels), pixels=pixels, source_sha256=source_sha256, render=render)


def window_for(labels: Iterable[str]) -> str:
    """The window that a corpus of these labels is read in: theirs, if all agree, else the one for soft tissue."""
    wanted = {_window(label) for label in labels}
    return wanted.pop() if len(wanted) == 1 else "soft_tissue"


def _window(label: str) -> str:
    fitting = (window for window, seen in _SEEN_IN.items() if any(fnmatchcase(label, pattern) for pattern in seen))
    return next(fitting, "soft_tissue")


def greys(values: Voxels, modality: str, window: str, what: str) -> Greys:
    """How to show a volume. ``window`` is a name of ``WINDOWS`` and matters for CT in Hounsfield units only.

    Raises ``Rejected``: ``not_finite``.
    """
    sample = values.flat[:: max(1, values.size // LARGEST_SAMPLE)]  # of a turned volume, reshape(-1) would be a copy
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise Rejected("not_finite", what)
    if low >= 0 and high <= 255 and (modality == "ct" or high >= DARKEST) and bool((sample == np.rint(sample)).all()):
        return Greys(step="asis", apply=lambda part: part.astype(np.uint8))
    if modality == "ct":
        level, width = WINDOWS[window]
        return _linear(f"window:{window}({level},{width})", level - width / 2, level + width / 2)
    inside = sample[sample > low]
    if inside.size:
        first, last = (float(value) for value in np.percentile(inside, PERCENTILES))
        low, high = (first, last) if last > first else (low, high)
    return _linear(f"percentile:{PERCENTILES[0]}-{PERCENTILES[1]}", low, high)


def _linear(step: str, low: float, high: float) -> Greys:
    scale = 255 / (high - low) if high > low else 0.0

    def apply(part: Voxels) -> Pixels:
        grey: Pixels = np.rint((part.astype(np.float64) - low).clip(0, high - low) * scale).astype(np.uint8)
        return grey

    return Greys(step=step, apply=apply)
