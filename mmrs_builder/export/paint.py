"""Label maps: one number per pixel, for trainers that know no overlapping masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.export.read import Viewed
from mmrs_builder.types import Pixels

MOST: Final = 255
"""Labels that a map of 8 bits can tell apart beside the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """A label map (H, W), and how many pixels of masks lie below those of another label."""

    codes: Pixels
    hidden_px: int


def numbers(labels: Sequence[str]) -> dict[str, int]:
    """A number from 1 for each label, in their order; 0 is the background. Raises ``MmrsError`` for too many."""
    if len(labels) > MOST:
        raise MmrsError(
            f"{len(labels)} labels: a label map holds {MOST}", code=USAGE, hint="Export builds of fewer sources."
        )
    return {label: number for number, label in enumerate(labels, start=1)}


def paint(view: Viewed, codes: Mapping[str, int]) -> Painted:
    """The labels of a view, each as a whole, the largest first: where two overlap the smaller one is seen.

    Of two of one size the later in the alphabet is on top.
    """
    masks = {label: np.zeros((view.height, view.width), bool) for label in {region.label for region in view.wholes}}
    for region in view.wholes:
        masks[region.label] |= region.mask()
    found = np.zeros((view.height, view.width), np.uint8)
    for label in sorted(masks, key=lambda label: (-int(masks[label].sum()), label)):
        found[masks[label]] = codes[label]
    seen = int((found > 0).sum())
    return Painted(codes=found, hidden_px=sum(int(mask.sum()) for mask in masks.values()) - seen)
