"""COCO: ``annotations/instances_<split>.json`` with compressed run lengths, categories from labels.

Boxes are [x, y, width, height], areas in pixels. Components of a mask are left out, since the whole mask is there; an
annotation says which structure of the view it is. ``questions`` is a list of our own, which readers of COCO pass over.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Region, Shards, Viewed
from mmrs_builder.io.extras import need


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write the pictures and a file of annotations for each split. Raises ``MmrsError`` without pycocotools."""
    try:
        need("pycocotools")
    except ValueError as error:
        raise MmrsError(str(error), code=USAGE) from None
    roles = shards.roles
    categories = {label: number for number, label in enumerate(roles, start=1)}
    named = [{"id": n, "name": label, "supercategory": roles[label]} for label, n in categories.items()]
    for split in shards.splits:
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        questions: list[dict[str, object]] = []
        for number, view in enumerate(shards.views(split), start=1):
            images.append(_image(view, number, draft.put(f"images/{view.name}.{view.suffix}", view.image)))
            placed = {region.index: len(annotations) + n for n, region in enumerate(view.wholes, start=1)}
            annotations += [_annotation(r, placed[r.index], number, categories[r.label]) for r in view.wholes]
            questions += _questions(view, number, placed)
            left = len(view.regions) - len(view.wholes)
            draft.count(split, views=1, questions=len(view.questions), masks=len(placed), components_left_out=left)
        found = {"images": images, "annotations": annotations, "categories": named, "questions": questions}
        draft.put_json(f"annotations/instances_{split}.json", {"info": {"description": "MMRS"}, **found})


def _image(view: Viewed, number: int, path: str) -> dict[str, object]:
    file_name = path.removeprefix("images/")
    return {"id": number, "file_name": file_name, "width": view.width, "height": view.height, **_facts(view)}


def _facts(view: Viewed) -> dict[str, object]:
    names = ("view_id", "case_id", "patient_id", "group_id", "source", "modality", "split")
    return {**{name: view.facts[name] for name in names}, "license_name": view.facts["license"]}


def _annotation(region: Region, number: int, image: int, category: int) -> dict[str, object]:
    from pycocotools import mask as coco

    runs = coco.encode(np.asfortranarray(region.mask().astype(np.uint8)))
    x0, y0, x1, y1 = region.box
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": region.area_px,
        "iscrowd": 0,
        "segmentation": {"size": list(runs["size"]), "counts": runs["counts"].decode("ascii")},
        "structure": region.index,
        "part": region.part,
    }


def _questions(view: Viewed, image: int, placed: Mapping[int, int]) -> list[dict[str, object]]:
    """``target``: structures of the view; ``annotation_ids``: their annotations, null unless each has one."""
    rows: list[dict[str, object]] = []
    for question in view.questions:
        whole = question.target is not None and all(index in placed for index in question.target)
        rows.append(
            {
                **{name: getattr(question, name) for name in ("question_id", "question", "answer", "kind", "choices")},
                "image_id": image,
                "target": question.target,
                "annotation_ids": [placed[index] for index in question.target or ()] if whole else None,
            }
        )
    return rows
