"""One view as the programs see it: measured shapes, units of labels, pair measurements made once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mmrs_builder.types import Part, Vector
from mmrs_builder.verify import measure
from mmrs_builder.verify.measure import Shape


class Board:
    """The structures of one view. What two structures have in common is measured on demand and kept.

    ``direction`` holds unit vectors in patient LPS and ``spacing`` steps in mm, both ordered [down, right] and ``None``
    when unknown. ``sides`` are those of the structures' labels, ``partners`` leads from a label to the one on the other
    side.
    """

    def __init__(
        self,
        *,
        width: int,
        height: int,
        shapes: Sequence[Shape],
        labels: Sequence[str],
        parts: Sequence[Part],
        absent: Sequence[str] = (),
        sides: Sequence[str | None] = (),
        partners: Mapping[str, str | None] | None = None,
        direction: tuple[Vector, Vector] | None = None,
        spacing: tuple[float, float] | None = None,
    ) -> None:
        self.width, self.height = width, height
        self.diagonal = math.hypot(width, height)
        self.shapes, self.labels, self.parts = tuple(shapes), tuple(labels), tuple(parts)
        self.absent = frozenset(absent)
        self.direction, self.spacing = direction, spacing
        self._sides = dict(zip(self.labels, sides, strict=True)) if sides else {}
        self._partners = dict(partners or {})
        self._outlines: dict[int, npt.NDArray[np.int64]] = {}
        self._shared: dict[tuple[int, int], int] = {}
        self._gaps: dict[tuple[int, int], int] = {}

    def units(self, label: str) -> tuple[int, ...]:
        """Indices of the label's instances, else of its components, else of its whole; in stored order."""
        for part in ("instance", "component", "whole"):
            found = tuple(
                index
                for index, (name, kind) in enumerate(zip(self.labels, self.parts, strict=True))
                if name == label and kind == part
            )
            if found:
                return found
        return ()

    def pairs(self) -> list[tuple[str, str]]:
        """Labels that are each other's partner and both in the view, the patient's left one first."""
        return [
            (label, partner)
            for label, side in self._sides.items()
            if side == "left" and (partner := self._partners.get(label)) is not None
            if self._sides.get(partner) == "right" and self._partners.get(partner) == label
        ]

    def shared(self, a: int, b: int) -> int:
        """Number of pixels two structures share."""
        key = (min(a, b), max(a, b))
        if key not in self._shared:
            self._shared[key] = measure.shared_pixels(self.shapes[a], self.shapes[b])
        return self._shared[key]

    def squared_gap(self, a: int, b: int) -> int:
        """Squared gap in px², an exact integer; 0 when they share a pixel."""
        key = (min(a, b), max(a, b))
        if key not in self._gaps:
            self._gaps[key] = 0 if self.shared(a, b) else measure.squared_gap(self.outline(a), self.outline(b))
        return self._gaps[key]

    def gap(self, a: int, b: int) -> float:
        """Gap of two structures in px."""
        return math.sqrt(self.squared_gap(a, b))

    def outline(self, index: int) -> npt.NDArray[np.int64]:
        """Outline (N, 2) of a structure as row, column."""
        if index not in self._outlines:
            self._outlines[index] = measure.outline(self.shapes[index])
        return self._outlines[index]
