"""What a look is given to paint: the plan, the mask of every shape, and generators of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmrs_builder.phantoms.blob import Blob, level
from mmrs_builder.phantoms.scene import Plan, Shape, generator
from mmrs_builder.phantoms.textures import Canvas
from mmrs_builder.types import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A plan with its masks, in the order of ``plan.shapes``."""

    plan: Plan
    masks: tuple[Mask, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.plan.field.height, self.plan.field.width

    @property
    def unit(self) -> float:
        """Pixels per 1/256 of the width: texture sizes are multiples of it, so that every picture size looks alike."""
        return self.plan.field.width / 256.0

    def rng(self, aspect: str) -> np.random.Generator:
        """Generator of one aspect of the look: noise does not change when bowel loops do."""
        return generator(self.plan.seed, self.plan.case_id, aspect)

    def units(self, *labels: str) -> Iterator[tuple[Shape, Mask]]:
        """Shapes of the given labels with their masks."""
        for shape, mask in zip(self.plan.shapes, self.masks, strict=True):
            if shape.label in labels:
                yield shape, mask

    def mask(self, *labels: str) -> Mask:
        """Union of the masks of some labels."""
        union = np.zeros(self.shape, dtype=np.bool_)
        for _, mask in self.units(*labels):
            union |= mask
        return union

    def level(self, blob: Blob) -> Canvas:
        """The blob's level over the whole picture."""
        y, x = np.mgrid[0 : self.shape[0], 0 : self.shape[1]].astype(np.float64)
        return level(blob, x, y).astype(np.float32)
