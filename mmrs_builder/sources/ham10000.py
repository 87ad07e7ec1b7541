"""HAM10000: dermoscopic pictures of pigmented skin lesions, with the outlines published later.

Facts, defects and terms are in ``data_cards/ham10000.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.io.listing import listing
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import Rejected

LABELS: Final = ("skin_lesion",)
MINIMUM_AREA: Final = 0.0002  # of a picture of 600 x 450: 54 px
TABLE: Final = "HAM10000_metadata"  # with the suffix .csv, .tab or none

NAME: Final = r"(?P<case>ISIC_00(?:2[4-9]|3[0-4])\d{3})"  # 0024306 to 0034320: those of other collections lie outside
FILES: Final = Files(
    layout="HAM10000_images_part_1/*.jpg, part_2, and HAM10000_segmentations_lesion_tschandl/*_segmentation.png",
    image=rf"{NAME}\.jpe?g",
    masks=(Masks(path=rf"{NAME}_segmentation\.png", shows={"": "skin_lesion"}),),
    # Test pictures without masks, and what the challenges of ISIC show under the same kind of name.
    aside=r"(?:ISBI2016_ISIC_|ISIC-2017_|ISIC2018_Task\d)[^/]*/.*",
)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The pictures, grouped by the lesion they show where the table is there. Raises ``ValueError`` for no picture."""
    lesions: Mapping[str, str] = {}
    drops: list[Drop] = []
    table = next((path for path in listing(root).files if PurePosixPath(path).stem == TABLE), None)
    if table:
        try:
            lesions = _lesions(root, table)
        except Rejected as refused:
            drops.append(Drop(source="ham10000", what=table, reason=refused.reason, detail=refused.detail))
    for item in cases(root, source="ham10000", files=FILES, modality="dermoscopy"):
        yield replace(item, group=lesions.get(item.case_id)) if isinstance(item, CaseRef) else item
    yield from drops


def _lesions(root: Path, table: str) -> Mapping[str, str]:
    """The lesion of each picture. The table comes with commas or tabs, and its name does not tell which."""
    columns = ("image_id", "lesion_id")
    try:
        rows = read_csv(root, table, columns)
    except Rejected:
        rows = read_csv(root, table, columns, delimiter="\t")
    return {row["image_id"]: row["lesion_id"] for row in rows if row["lesion_id"]}


SOURCE: Final = Source(
    name="ham10000",
    title="HAM10000",
    version="4",
    modality="dermoscopy",
    license="CC-BY-NC-4.0",
    license_class="redistributable",
    url="https://doi.org/10.7910/DVN/DBW86T",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=index,
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="manual",
    size="10015 pictures",
    steps=(
        "Download the two archives of images, HAM10000_segmentations_lesion_tschandl.zip and HAM10000_metadata from "
        "the page, unpack the archives into one folder with the table, and give that folder."
    ),
)
