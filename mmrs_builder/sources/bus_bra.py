"""BUS-BRA: 1875 breast ultrasound pictures of 1064 patients with biopsied tumours.

Facts, defects and terms are in ``data_cards/bus_bra.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.io.listing import listing
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import CaseRef, Download, Drop, Source
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import Rejected

LABELS: Final = ("breast_mass",)
MINIMUM_AREA: Final = 0.0002  # of 400 x 300: 24 px, below anything that is biopsied

FILES: Final = Files(
    layout="BUSBRA/Images/bus_<n>-<view>.png and BUSBRA/Masks/mask_<n>-<view>.png",
    image=r"Images/bus_(?P<case>(?P<patient>\d{4})-[a-z])\.png",
    masks=(Masks(path=r"Masks/mask_(?P<case>\d{4}-[a-z])\.png", shows={"": "breast_mass"}),),
    case="bus_{case}",
)
TABLE: Final = "bus_data.csv"


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The pictures, each with its patient. Raises ``ValueError`` when there are none."""
    people: dict[str, str] = {}
    drops: list[Drop] = []
    table = next((path for path in listing(root).files if PurePosixPath(path).name == TABLE), None)
    if table:
        try:
            people = {row["ID"]: row["Case"] for row in read_csv(root, table, ("ID", "Case"))}
        except Rejected as refused:
            drops.append(Drop(source="bus_bra", what=table, reason=refused.reason, detail=refused.detail))
    for item in cases(root, source="bus_bra", files=FILES, modality="ultrasound"):
        if isinstance(item, CaseRef):
            number = people.get(item.case_id) or item.patient_id or ""
            yield replace(item, patient_id=number.lstrip("0"))
        else:
            drops.append(item)
    yield from drops


SOURCE: Final = Source(
    name="bus_bra",
    title="BUS-BRA",
    version="1.0",
    modality="ultrasound",
    license="CC-BY-4.0",
    license_class="redistributable",
    url="https://zenodo.org/records/8231412",
    labels=LABELS,
    exhaustive=False,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=index,
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="auto",
    downloads=(
        Download(
            url="https://zenodo.org/records/8231412/files/BUSBRA.zip",
            sha256="ba3e6ed19cc37c682d8d39e25435bbf8a555a12cb7e641b5f2117685c95580ff",
        ),
    ),
    size="1875 pictures",
    steps="Download BUSBRA.zip from the page, unpack it, and give the folder that holds BUSBRA.",
)
