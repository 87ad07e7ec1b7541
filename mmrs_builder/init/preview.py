"""A picture of what a recipe would build: some cases with the outlines of their masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image

from mmrs_builder.draw import card, tiled
from mmrs_builder.io.png import encode_mask
from mmrs_builder.types import Case, View

COLUMNS = 3


def preview(cases: Sequence[Case], most: int = 6) -> Image.Image | None:
    """A sheet with up to ``most`` views, of every case before a second one of any; None if there is none to show."""
    views = list(_views(cases))[:most]
    return tiled([card(_row(view), 0) for view in views], columns=COLUMNS) if views else None


def _views(cases: Sequence[Case]) -> Iterator[View]:
    deepest = max((len(case.views) for case in cases), default=0)
    for number in range(deepest):
        for case in cases:
            ranked = sorted(case.views, key=lambda view: -sum(int(item.mask.sum()) for item in view.annotations))
            if number < len(ranked):
                yield ranked[number]


def _row(view: View) -> dict[str, Any]:
    """The view as ``draw.card`` reads it from a shard."""
    return {
        "view_id": view.view_id,
        "split": "preview",
        "image": {"bytes": view.picture.data},
        "structures": [{"label": item.label, "part": "whole"} for item in view.annotations],
        "masks": [{"bytes": encode_mask(item.mask)} for item in view.annotations],
        "qa": [],
    }
