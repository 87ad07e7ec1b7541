"""FiftyOne: pictures, masks, ``samples.jsonl``, and ``load.py``, whose ``load()`` gives a ``fiftyone.Dataset``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Region, Shards, Viewed
from mmrs_builder.shards import question_item

LOADER: Final = Path(__file__).with_name("fiftyone_load.py")
"""Goes into the export as it is, so that nothing of this project is needed to open it."""


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write samples, pictures, masks and the loader."""
    draft.put("load.py", LOADER.read_bytes())
    with draft.lines("samples.jsonl") as add:
        for view in shards.views():
            masks = [draft.put(f"masks/{view.name}-{region.index}.png", region.png) for region in view.regions]
            add(
                {
                    "image": draft.put(f"images/{view.name}.{view.suffix}", view.image),
                    "split": view.split,
                    "facts": {name: value for name, value in view.facts.items() if name != "split"},
                    "structures": [_structure(r, view, mask) for r, mask in zip(view.regions, masks, strict=True)],
                    "questions": [question_item(question) for question in view.questions],
                }
            )
            draft.count(view.split, views=1, questions=len(view.questions), masks=len(masks))


def _part(pixel: int, pixels: int, start: float = 0.0) -> float:
    """How far it is from ``start`` to a pixel, in parts of a side: never less, not even by a rounding, because FiftyOne
    drops what is behind the point when it finds the pixel again.
    """
    part = pixel / pixels - start
    while int((start + part) * pixels) < pixel:
        part = math.nextafter(part, math.inf)
    return part


def _structure(region: Region, view: Viewed, mask: str) -> dict[str, object]:
    """``bounding_box`` is [x, y, width, height] in parts of the picture; the mask file shows all of the picture."""
    x0, y0, x1, y1 = region.box
    left, top = _part(x0, view.width), _part(y0, view.height)
    return {
        "label": region.label,
        "bounding_box": [left, top, _part(x1, view.width, left), _part(y1, view.height, top)],
        "box": [x0, y0, x1, y1],
        "mask": mask,
        "part": region.part,
        "side": region.side,
        "structure": region.index,
    }
