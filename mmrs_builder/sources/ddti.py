"""DDTI: thyroid ultrasound pictures with outlines of nodules, or the masks that others have made of them.

Facts, defects and terms are in ``data_cards/ddti.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.listing import listing
from mmrs_builder.io.outline import filled
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MaskReading, fitted, read_opened, read_pair
from mmrs_builder.types import Case, CaseRef, Drop, MaskRef, Picture, Source
from mmrs_builder.views import case_of
from mmrs_builder.vocab import Rejected

MINIMUM_AREA: Final = 0.0002  # of 560 x 360: 40 px; a slip of the pen beside an outline is smaller
LAYOUT: Final = "<case>.xml with <case>_<k>.jpg beside it, or 1_or_data/image/<n>.PNG and 1_or_data/mask/<n>.PNG"
NODULE: Final = "thyroid_nodule"

OUTLINED: Final = Files(
    layout=LAYOUT,
    image=r"(?P<case>(?P<group>\d+)_\d+)\.jpe?g",
    masks=(),
    needs="none",
    aside=r"(?:1_or_data|2_preprocessed_data)/.*",
)
MASKED: Final = Files(
    layout=LAYOUT,
    image=r"1_or_data/image/(?P<case>\d+)\.png",
    masks=(Masks(path=r"1_or_data/mask/(?P<case>\d+)\.png", shows={"": NODULE}),),
    aside=r"2_preprocessed_data/.*",
)
MARK: Final = re.compile(r"<mark>\s*<image>\s*(\d+)\s*</image>\s*<svg>(.*?)</svg>", re.DOTALL)
PICTURE: Final = re.compile(r"_\d+\.jpe?g$", re.IGNORECASE)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The pictures with outlines; without any, those with masks. Raises ``ValueError`` when there are no pictures."""
    files = listing(root).files
    tables = {path.casefold(): path for path in files if re.fullmatch(r"(?i)(?:.*/)?\d+\.xml", path)}
    pictured = {_table(path) for path in files if PICTURE.search(path)}
    drops = [Drop(source="ddti", what=tables[key], reason="no_image") for key in sorted(tables.keys() - pictured)]
    for item in cases(root, source="ddti", files=OUTLINED if tables else MASKED, modality="ultrasound"):
        if isinstance(item, Drop):
            drops.append(item)
        elif not tables:
            yield item
        elif table := tables.get(_table(item.image)):
            yield replace(item, masks=(MaskRef(path=table, label=NODULE, pick=item.case_id.rpartition("_")[2]),))
        else:
            drops.append(Drop(source="ddti", what=item.case_id, reason="no_mask", detail=item.image))
    yield from drops


def _table(picture: str) -> str:
    """The XML file that belongs to a picture, in small letters."""
    return PICTURE.sub(".xml", picture).casefold()


def load(ref: CaseRef) -> Case:
    """Read one picture. Raises ``Rejected``; ``mask_empty`` when nothing is outlined in it."""
    root, (mask,) = Path(ref.root), ref.masks
    if mask.pick:
        picture, reading = _outlined(root, ref.image, mask)
    else:
        picture, (reading,) = read_pair(root, ref.image, [mask.path])
    case = case_of(ref, picture, [reading], minimum_area=MINIMUM_AREA, exhaustive=False, labels=(NODULE,))
    if not case.views[0].annotations:
        raise Rejected("mask_empty", mask.path, ref.case_id)
    return case


def _outlined(root: Path, image: str, mask: MaskRef) -> tuple[Picture, MaskReading]:
    """Outlines are filled one by one and united: one that lies within another is no hole."""
    opened = read_opened(root, image)
    width, height = opened.raw_size
    inside = np.zeros((height, width), np.bool_)
    for polygon in outlines(root, mask.path, mask.pick):
        inside |= filled([polygon], width, height)
    return opened.picture, MaskReading(mask=fitted(inside, opened, image), doubtful_px=0)


def outlines(root: Path, path: str, number: str) -> list[npt.NDArray[np.float64]]:
    """The polygons (n, 2), x and y in pixels, of all marks of picture ``number`` in a case's XML file, if any.

    Raises ``Rejected``: what ``read_bytes`` raises; ``bad_metadata`` for text that is cut off or no list of outlines,
    ``bad_outline`` for places that are not finite.
    """
    marks = MARK.findall(read_bytes(root, path).decode("utf-8", "replace"))
    texts = [unescape(text).strip() or "[]" for marked, text in marks if marked == number]
    try:
        regions = [region for text in texts for region in json.loads(text)]
        found = [[(float(point["x"]), float(point["y"])) for point in region["points"]] for region in regions]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise Rejected("bad_metadata", path, f"outlines of picture {number}: {error}") from error
    polygons = [np.array(points, np.float64).reshape(-1, 2) for points in found]
    if not all(np.isfinite(polygon).all() for polygon in polygons):
        raise Rejected("bad_outline", path, f"picture {number}")
    return polygons


SOURCE: Final = Source(
    name="ddti",
    title="Digital Database of Thyroid Ultrasound Images (DDTI)",
    version="2015",
    modality="ultrasound",
    license="not stated",
    license_class="script-only",
    url="http://cimalab.unal.edu.co/?lang=en&mod=project&id=31",
    labels=(NODULE,),
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule="Pixels whose centre lies inside an outline; of mask files, grey above 127 of 255.",
    index=index,
    load=load,
    access="manual",
    size="480 pictures of 390 cases",
    steps=(
        "Get the pictures and XML files from the page, or a copy from Kaggle (dasmehdixtr/ddti-thyroid-ultrasound-"
        "images), unpack them into one folder, and give it."
    ),
)
