"""Config ``preview``: each row drawn again from its view, pixel by pixel.

The picture's blocks of k x k pixels become their means, masks take every block they touch; tints come before outlines
(the definition is that of ``mmrs_builder/preview.py``).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from mmrs_builder.schema import MOST_PREVIEWS, SHOWN_QUESTION_FIELDS
from mmrs_builder.types import Mask
from mmrs_builder.verify import pictures
from mmrs_builder.verify.report import Fault
from mmrs_builder.verify.rows import Malformed, Row, StoredView, read_view
from mmrs_builder.vocab import COLOURS

LONGEST: Final = 512  # px of an overlay's side
TOLERANCE: Final = 1  # grey levels by which means of blocks may be rounded otherwise
PLAIN: Final = ("view_id", "source", "license", "modality", "split")


@dataclass(slots=True, kw_only=True)
class Previews:
    """The preview rows of a folder, until their views are met."""

    rows: dict[str, Row] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, row: Row, split: str) -> None:
        """Keep a row, found in a shard of a split."""
        view_id = str(row["view_id"])
        if row["split"] != split:
            self._fault(view_id, f"{row['split']} in a shard of {split}")
        if view_id in self.rows:
            self._fault(view_id, "occurs twice")
        elif len(self.rows) == MOST_PREVIEWS:
            self._fault(view_id, f"more than {MOST_PREVIEWS} rows")
        else:
            self.rows[view_id] = row

    def met(self, view: Row) -> None:
        """Compare the row of a view, if there is one."""
        row = self.rows.pop(str(view["view_id"]), None)
        for detail in () if row is None else _differences(row, view):
            self._fault(str(view["view_id"]), detail)

    def finished(self) -> Iterator[Fault]:
        """All faults; a row whose view was not met is one."""
        for view_id in self.rows:
            self._fault(view_id, "no such view in data/")
        yield from self.faults

    def _fault(self, view_id: str, detail: str) -> None:
        self.faults.append(Fault(code="preview", where=view_id, detail=detail))


def _differences(row: Row, view: Row) -> Iterator[str]:
    if view["image"] is None or view["masks"] is None:
        yield "shows what the view does not hold"
        return
    try:
        stored = read_view(view)
        drawn = _drawn(stored)
    except (Malformed, pictures.BadPicture, ValueError):
        return  # reported as a fault of the view
    expected = {**_texts(view, stored), "overlay": row["overlay"]}
    for name in (name for name in expected if row[name] != expected[name]):
        yield f"{name} is not that of the view"
    try:
        pixels = pictures.read_pixels((row["overlay"] or {}).get("bytes") or b"")
    except pictures.BadPicture as error:
        yield f"overlay {error}"
        return
    if pixels.shape != drawn.shape:
        yield f"overlay of {pixels.shape[1]} x {pixels.shape[0]} instead of {drawn.shape[1]} x {drawn.shape[0]} in RGB"
    elif (off := np.abs(pixels.astype(int) - drawn).max(axis=2) > TOLERANCE).any():
        y, x = np.argwhere(off)[0]
        yield f"{int(off.sum())} pixels of the overlay differ, the first at ({x}, {y})"


def sealed(view: dict[str, Any]) -> dict[str, Any]:
    """The preview row that a changed view would have."""
    stored = read_view(view)
    stream = io.BytesIO()
    Image.fromarray(_drawn(stored).astype(np.uint8)).save(stream, format="PNG")
    return {**_texts(view, stored), "overlay": {"bytes": stream.getvalue(), "path": None}}


def _texts(view: Row, stored: StoredView) -> dict[str, Any]:
    return {
        **{name: view[name] for name in PLAIN},
        "legend": [{"label": label, "colour": f"#{bytes(colour).hex()}"} for label, colour in _colours(stored).items()],
        "qa": [{name: item[name] for name, _ in SHOWN_QUESTION_FIELDS} for item in view["qa"]],
    }


def _colours(view: StoredView) -> Mapping[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = {}
    for structure in view.structures:
        found.setdefault(structure.label, COLOURS[len(found) % len(COLOURS)])
    return found


def _drawn(view: StoredView) -> npt.NDArray[np.int64]:
    """The overlay (h, w, 3). Raises ``BadPicture``, or ``ValueError`` where sizes differ."""
    if view.image is None or view.masks is None:
        raise ValueError("no picture or no masks")
    pixels = pictures.read_pixels(view.image)
    step = int(np.ceil(max(pixels.shape[:2]) / LONGEST))
    colour = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=2)
    canvas = np.stack([_means(colour[:, :, channel], step) for channel in range(3)], axis=2)
    found = _colours(view)
    shown = [
        (_touched(pictures.read_mask(mask, view.width, view.height), step), found[structure.label])
        for mask, structure in zip(view.masks, view.structures, strict=True)
        if structure.part != "component"
    ]
    if any(mask.shape != canvas.shape[:2] for mask, _ in shown):
        raise ValueError("masks of another size than the picture")
    for mask, tint in shown:
        canvas[mask] = (3 * canvas[mask] + tint) // 4
    for mask, tint in shown:
        canvas[_edge(mask)] = tint
    return canvas


def _means(values: npt.NDArray[np.uint8], step: int) -> npt.NDArray[np.int64]:
    """Rounded means of blocks, smaller ones at the right and lower border included."""
    tall, wide = (np.minimum(step, length - np.arange(0, length, step)) for length in values.shape)
    counts = np.outer(tall, wide)
    means: npt.NDArray[np.int64] = (2 * _sums(values, step) + counts) // (2 * counts)
    return means


def _touched(mask: Mask, step: int) -> Mask:
    return _sums(mask, step) > 0


def _sums(values: npt.NDArray[np.uint8 | np.bool_], step: int) -> npt.NDArray[np.int64]:
    """Sums of blocks; rows first, which lie side by side."""
    height, width = values.shape
    whole = np.pad(values, ((0, -height % step), (0, -width % step)))
    rows = whole.reshape(-1, step, whole.shape[1]).sum(axis=1, dtype=np.int64)
    sums: npt.NDArray[np.int64] = rows.reshape(len(rows), -1, step).sum(axis=2)
    return sums


def _edge(mask: Mask) -> Mask:
    """Pixels of a mask with one of four neighbours outside of it."""
    ringed = np.pad(mask, 1)
    return mask & ~(ringed[:-2, 1:-1] & ringed[2:, 1:-1] & ringed[1:-1, :-2] & ringed[1:-1, 2:])
