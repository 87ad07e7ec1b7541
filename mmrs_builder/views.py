"""From a case's files to its view: the parts that every source of plain pictures shares."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce
from itertools import combinations
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from mmrs_builder.io.raster import MaskGrid, MaskReading, read_coded, read_pair
from mmrs_builder.shown import Shown, placed
from mmrs_builder.types import Annotation, Box, Case, CaseRef, Mask, MaskRef, Picture, View
from mmrs_builder.vocab import Rejected

BOX_AGREEMENT: Final = 0.7
"""Intersection over union that the mask's box and the published boxes' must reach. On the Kvasir-SEG sample the lowest
is 0.97, since its boxes were drawn from its masks; a mask that is mirrored, swapped or shifted falls far below."""

SAME_INSTANCE: Final = 0.95
"""Intersection over union from which two masks of one label are one structure annotated twice."""


def remove_specks(mask: Mask, minimum_area: float, *, keep_largest: bool = False) -> tuple[Mask, int, int]:
    """Remove 8-connected components smaller than ``minimum_area``, a fraction of the picture's H·W pixels.

    With ``keep_largest`` the largest (the first of several) stays, however small. Returns the kept mask (H, W), the
    number of removed components and their pixels.
    """
    shown = mask.view(np.uint8)
    x, y, width, height = cv2.boundingRect(shown)
    if not width:
        return mask, 0, 0
    # From even places, for components are numbered by blocks of 2 x 2 pixels.
    inside = np.s_[y - y % 2 : y + height, x - x % 2 : x + width]
    _, marks, boxes, _ = cv2.connectedComponentsWithStats(shown[inside], connectivity=8)
    areas = boxes[:, cv2.CC_STAT_AREA]
    small = areas < minimum_area * mask.size
    small[0] = False  # the background
    if keep_largest and areas.size > 1:
        small[1 + int(areas[1:].argmax())] = False
    if not small.any():
        return mask, 0, 0
    kept = mask.copy()
    kept[inside] &= ~small[marks]
    return kept, int(small.sum()), int(areas[small].sum())


def flat_case(
    ref: CaseRef,
    *,
    minimum_area: float,
    exhaustive: bool,
    labels: tuple[str, ...],
    promised: Collection[str] = (),
    known: Sequence[str] = (),
    mask_grid: MaskGrid | None = None,
    scaled: bool = False,
    shown: Shown = "",
) -> Case:
    """Read a picture and its masks as a case with one view, placed in the patient only where ``shown`` says how.

    Each mask marked as an instance is an annotation of its own, and keeps its largest component however small; the
    others of a label are united. Labels of an ``exhaustive`` source are absent when no pixel of theirs was there before
    specks were removed. ``promised`` are labels that every picture shows: there an empty mask is a defect, not an
    absence. With ``known``, all codes of the corpus's masks, ``MaskRef.pick`` is the number or colour meant (see
    ``io.coded``). ``mask_grid`` and ``scaled`` (of masks of black and white) are explained at ``raster.read_pair``,
    ``shown`` in ``shown``.
    Raises ``Rejected`` for files that cannot be used, ``mask_empty``, ``duplicate_instance`` for a structure annotated
    twice, ``sides_contradict`` when structures named left and right contradict ``shown``, and ``boxes_disagree`` when
    published boxes contradict the mask.
    """
    root = Path(ref.root)
    if known:
        picture, readings = read_coded(root, ref.image, ref.masks, known, mask_grid=mask_grid)
    else:
        picture, readings = read_pair(
            root, ref.image, [mask.path for mask in ref.masks], mask_grid=mask_grid, scaled=scaled
        )
    return case_of(
        ref,
        picture,
        readings,
        minimum_area=minimum_area,
        exhaustive=exhaustive,
        labels=labels,
        promised=promised,
        shown=shown,
    )


def case_of(
    ref: CaseRef,
    picture: Picture,
    readings: Sequence[MaskReading],
    *,
    minimum_area: float,
    exhaustive: bool,
    labels: tuple[str, ...],
    promised: Collection[str] = (),
    shown: Shown = "",
    spacing: tuple[float, float] | None = None,
) -> Case:
    """The case of a picture whose masks were read: one reading for each of ``ref.masks``. ``spacing`` is [down, right].

    Raises ``Rejected`` as ``flat_case`` does, without what reading raises.
    """
    _check_instances(ref.masks, [reading.mask for reading in readings])
    found = _annotations(ref.masks, [reading.mask for reading in readings])
    cleaned = [remove_specks(item.mask, minimum_area, keep_largest=item.instance) for item in found]
    kept = tuple(
        Annotation(label=annotation.label, mask=mask, instance=annotation.instance)
        for annotation, (mask, _, _) in zip(found, cleaned, strict=True)
        if mask.any()
    )
    if missing := [mask for mask in ref.masks if mask.label in {*promised} - {annotation.label for annotation in kept}]:
        specks = sum(pixels for _, _, pixels in cleaned)
        raise Rejected("mask_empty", missing[0].path, f"{specks} px, all in specks" if specks else "")
    _check_boxes(ref, kept, found)
    height, width = picture.pixels.shape[:2]
    seen = {annotation.label for annotation in found if annotation.mask.any()}
    view = View(
        view_id=f"{ref.source}:{ref.case_id}",
        case_id=ref.case_id,
        picture=picture,
        grid=placed(width, height, kept, shown, ref.image, spacing),
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
        united = reduce(np.logical_or, [mask for ref, mask in pairs if ref.label == label and not ref.instance])
        found.append(Annotation(label=label, mask=united))
    return found


def _check_instances(refs: Sequence[MaskRef], masks: Sequence[Mask]) -> None:
    """Refuse a structure that is annotated twice: it would be counted twice."""
    areas = {i: int(np.count_nonzero(masks[i])) for i, ref in enumerate(refs) if ref.instance}
    for a, b in combinations([i for i, area in areas.items() if area], 2):
        less, more = sorted((areas[a], areas[b]))
        if refs[a].label != refs[b].label or less < SAME_INSTANCE * more:
            continue
        shared = int(np.count_nonzero(masks[a] & masks[b]))
        if shared >= SAME_INSTANCE * (less + more - shared):
            raise Rejected("duplicate_instance", refs[b].path, f"the same as {refs[a].path}")


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
