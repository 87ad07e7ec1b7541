"""Kvasir-SEG: colonoscopy frames with polyp masks, both stored as JPEG.

Facts, defects and terms are in ``data_cards/kvasir.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from mmrs_builder.io.listing import by_stem, leftovers, listing, refusal
from mmrs_builder.types import Box, CaseRef, Download, Drop, MaskRef, Source
from mmrs_builder.views import flat_case

BOXES: Final = "kavsir_bboxes.json"  # spelled so in the release
MINIMUM_AREA: Final = 0.0002  # JPEG noise leaves specks of 1 px (3e-6); the smallest second polyp seen covers 0.007


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """A case per file stem in ``images/`` and ``masks/``, sorted, then a drop for each other picture in there and for
    each name that cannot be stored. ``root`` is ``Kvasir-SEG`` or the folder holding it.

    Raises ``ValueError`` when there are no images.
    """
    home = next((folder for folder in (root / "Kvasir-SEG", root) if (folder / "images").is_dir()), root)
    found = listing(home)
    images, masks = by_stem(found, "images"), by_stem(found, "masks")
    if not images:
        layout = f"Kvasir-SEG/images/*.jpg, Kvasir-SEG/masks/*.jpg and Kvasir-SEG/{BOXES}"
        linked = f"; links out of it are not followed: {', '.join(found.outside[:3])}" if found.outside else ""
        raise ValueError(f"no Kvasir-SEG images in {root}: expected {layout} there{linked}")
    boxes: dict[str, Any] = {}
    try:
        boxes = dict(json.loads((home / BOXES).read_bytes())) if BOXES in found.files else {}
    except (ValueError, TypeError, RecursionError, OSError) as error:
        yield Drop(source="kvasir", what=BOXES, reason="bad_metadata", detail=str(error))
    for stem in sorted(images.keys() | masks.keys()):
        files = (*images.get(stem, ()), *masks.get(stem, ()))
        reason = refusal(images.get(stem, ()), masks.get(stem, ()), found.outside)
        published = _read_boxes(boxes.get(stem, {"bbox": []}))
        if reason or published is None:
            yield Drop(source="kvasir", what=stem, reason=reason or "bad_metadata", detail=", ".join(files))
            continue
        mask = MaskRef(path=files[1], label="polyp")
        yield CaseRef(
            source="kvasir",
            root=str(home),
            case_id=stem,
            image=files[0],
            masks=(mask,),
            boxes=published,
            modality="endoscopy",
        )
    yield from (Drop(source="kvasir", what=path, reason="bad_name") for path in found.misnamed)
    inner = [path for path in found.files if path.startswith(("images/", "masks/"))]
    yield from leftovers("kvasir", inner, (path for own in (images, masks) for files in own.values() for path in files))


def _read_boxes(entry: Any) -> tuple[Box, ...] | None:  # entry: parsed JSON
    try:
        boxes = tuple((int(b["xmin"]), int(b["ymin"]), int(b["xmax"]), int(b["ymax"])) for b in entry["bbox"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return boxes if all(x0 < x1 and y0 < y1 for x0, y0, x1, y1 in boxes) else None


SOURCE: Final = Source(
    name="kvasir",
    title="Kvasir-SEG",
    version="2020",
    modality="endoscopy",
    license="research and education; commercial use by written permission",
    license_class="script-only",
    url="https://datasets.simula.no/kvasir-seg",
    labels=("polyp",),
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule="JPEG; grey above 127 is polyp",
    index=index,
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=("polyp",), promised=("polyp",)),
    access="auto",
    downloads=(
        Download(
            url="https://datasets.simula.no/downloads/kvasir-seg.zip",
            sha256="03b30e21d584e04facf49397a2576738fd626815771afbbf788f74a7153478f7",
        ),
    ),
    size="1000 frames, 46 MB",
    steps="Download kvasir-seg.zip from the page, unpack it, and give the folder that holds Kvasir-SEG with --data.",
)
