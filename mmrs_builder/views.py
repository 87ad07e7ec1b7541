"""From a case's files to its view: the parts that every source of plain pictures shares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from mmrs_builder.io.raster import read_pair
from mmrs_builder.types import Annotation, Box, Case, CaseRef, Grid, Mask, MaskRef, View
from mmrs_builder.vocab import Rejected

BOX_AGREEMENT: Final = 0.7
"""Intersection over union that the mask's box and the published boxes' must reach. On the Kvasir-SEG sample the lowest
is 0.97, since its boxes were drawn from its masks; a mask that is mirrored, swapped or shifted falls far below."""


def remove_specks(mask: Mask, minimum_area: float) -> tuple[Mask, int, int]:
    """Remove 8-connected components smaller than ``minimum_area``, a fraction of the picture's H·W pixels.

    Returns the kept mask (H, W), the number of removed components and their pixels.
    """
    _, marks, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = boxes[:, cv2.CC_STAT_AREA]
    small = areas < minimum_area * mask.size
    small[0] = False  # the background
    if not small.any():
        return mask, 0, 0
    return mask & ~small[marks], int(small.sum()), int(areas[small].sum())


def flat_case(ref: CaseRef, *, minimum_area: float, exhaustive: bool, labels: tuple[str, ...]) -> Case:
    """Read a picture and its masks as a case with one view, without spatial knowledge.

    Each mask marked as an instance is an annotation of its own; the others of a label are united. Labels of an
    ``exhaustive`` source are absent when no pixel of theirs was there before specks were removed.
    Raises ``Rejected`` for files that cannot be used, and ``boxes_disagree`` when published boxes contradict the mask.
    """
    picture, readings = read_pair(Path(ref.root), ref.image, [mask.path for mask in ref.masks])
    found = _annotations(ref.masks, [reading.mask for reading in readings])
    cleaned = [remove_specks(annotation.mask, minimum_area) for annotation in found]
    kept = tuple(
        Annotation(label=annotation.label, mask=mask, instance=annotation.instance)
        for annotation, (mask, _, _) in zip(found, cleaned, strict=True)
        if mask.any()
    )
    _check_boxes(ref, kept, found)
    height, width = picture.pixels.shape[:2]
    seen = {annotation.label for annotation in found if annotation.mask.any()}
    view = View(
        view_id=f"{ref.source}:{ref.case_id}",
        case_id=ref.case_id,
        picture=picture,
        grid=Grid(width=width, height=height),
        annotations=kept,
        absent=tuple(label for label in labels if label not in seen) if exhaustive else (),
        doubtful_px=sum(reading.doubtful_px for reading in readings),
        specks=sum(number for _, number, _ in cleaned),
        speck_px=sum(pixels for _, _, pixels in cleaned),
    )
    return Case(ref=ref, views=(view,))


def _annotations(refs: Sequence[MaskRef], masks: Sequence[Mask]) -> list[Annotation]:
    pairs = list(zip(refs, masks, strict=True))
    found = [Annotation(label=ref.label, mask=mask, instance=True) for ref, mask in pairs if ref.instance]
    for label in dict.fromkeys(ref.label for ref in refs if not ref.instance):
        united = np.logical_or.reduce([mask for ref, mask in pairs if ref.label == label and not ref.instance])
        found.append(Annotation(label=label, mask=united))
    return found


def _check_boxes(ref: CaseRef, kept: Sequence[Annotation], found: Sequence[Annotation]) -> None:
    """Compare the box around all published boxes with the one around the mask, without its specks or with them: some
    published boxes were drawn around a speck too, some were not.
    """
    if not ref.boxes or not kept:
        return
    x0, y0, x1, y1 = zip(*ref.boxes, strict=True)
    published = min(x0), min(y0), max(x1), max(y1)
    agreement = max(box_iou(_box(annotations), published) for annotations in (kept, found))
    if agreement < BOX_AGREEMENT:
        raise Rejected("boxes_disagree", ref.case_id, f"intersection over union {agreement:.2f}")


def _box(annotations: Sequence[Annotation]) -> Box:
    rows, columns = np.nonzero(np.logical_or.reduce([annotation.mask for annotation in annotations]))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two half-open boxes (x0, y0, x1, y1); 0 when they do not meet."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared) if shared else 0.0
