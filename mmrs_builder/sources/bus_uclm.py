"""BUS-UCLM: 683 breast ultrasound pictures of 38 patients, with masks painted green (benign) and red (malignant).

Facts, defects and terms are in ``data_cards/bus_uclm.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.io.coded import RULE
from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.views import flat_case

MINIMUM_AREA: Final = 0.0002  # of 768 x 576: 88 px
COLOURS: Final = {"#00ff00": "breast_mass", "#ff0000": "breast_mass"}  # benign, malignant
TEST: Final = frozenset({"ANFO", "COPE", "CRCI", "ELCO", "FLKA"})
"""Patients that the authors test on; all others they train on."""

FILES: Final = Files(
    layout="BUS-UCLM/images/<case>_<n>.png and BUS-UCLM/masks/<case>_<n>.png",
    image=r"images/(?P<case>(?P<patient>[A-Z]{4})_\d+)\.png",
    masks=(Masks(path=r"masks/(?P<case>[A-Z]{4}_\d+)\.png", shows=COLOURS),),
)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The pictures, each with its patient and the authors' split. Raises ``ValueError`` when there are none."""
    for item in cases(root, source="bus_uclm", files=FILES, modality="ultrasound"):
        if isinstance(item, CaseRef):
            yield replace(item, split_official="test" if (item.patient_id or "").upper() in TEST else "train")
        else:
            yield item


SOURCE: Final = Source(
    name="bus_uclm",
    title="BUS-UCLM",
    version="3",
    modality="ultrasound",
    license="CC-BY-NC-4.0 by the authors' repository, CC-BY-4.0 by the data page",
    license_class="redistributable",
    url="https://data.mendeley.com/datasets/7fvgj4jsp7/3",
    labels=("breast_mass",),
    exhaustive=True,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule=RULE,
    index=index,
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=("breast_mass",), known=tuple(COLOURS)),
    access="manual",
    size="683 pictures",
    steps="Download the zip from the page, unpack it, and give the folder that holds BUS-UCLM.",
)
