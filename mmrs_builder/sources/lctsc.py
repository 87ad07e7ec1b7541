"""LCTSC: planning CT of 60 patients of three hospitals, with the outlines of five organs of the chest.

Facts, defects and terms are in ``data_cards/lctsc.md``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.io.dicom_index import annotated, ordered, told
from mmrs_builder.io.official import official_split
from mmrs_builder.outlined import MASK_RULE, outline_marks, outlined_case
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Window, rules

PATIENT: Final = r"(?i)(LCTSC-(?:Train|Test)-S\d-\d+)"
REGIONS: Final = {
    "esophagus": "oesophagus", "heart": "heart", "lungl": "lung_left", "lungr": "lung_right",
    "spinalcord": "spinal_cord",
}  # fmt: skip
"""Labels by the letters of a region's name: one file was released with "Lung L" in place of "Lung_L"."""

LABELS: Final = tuple(sorted(REGIONS.values()))
TOLD: Final = told(source="lctsc", ids="path", patient=PATIENT, burned_in="drop", repeated="refuse")


def configure(
    *, window: Window = "auto", planes: Planes = "axial", coverage: Coverage = "5", empty: Empty = "0.1"
) -> Source:
    """LCTSC with options. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    rules_for = partial(
        rules, window=window, planes=planes, coverage=coverage, empty=empty, exhaustive="no", minimum_area="0.00005",
        sides="header",
    )  # fmt: skip
    return Source(
        name="lctsc",
        title="Lung CT Segmentation Challenge 2017 (LCTSC)",
        version="3",
        modality="ct",
        license="CC-BY-3.0",
        license_class="redistributable",
        url="https://www.cancerimagingarchive.net/collection/lctsc/",
        labels=LABELS,
        exhaustive=False,
        patient_ids=True,
        minimum_area=rules_for(()).minimum_area,
        mask_rule=MASK_RULE,
        index=_index,
        load=partial(outlined_case, rules_for=rules_for),
        access="manual",
        size="60 scans, 4.8 GB",
        steps="Download CT and RTSTRUCT with the archive's retriever; give the folder of the LCTSC-... folders.",
    )


def _index(root: Path) -> Iterator[CaseRef | Drop]:
    """A case per patient. Raises ``ValueError`` when there is no DICOM file."""
    read = partial(outline_marks, label_of=_label)
    found = list(annotated(root, told=TOLD, kind="RTSTRUCT", read=read))
    refs = [_named(item) for item in found if isinstance(item, CaseRef)]
    series = Counter(ref.case_id for ref in refs)
    yield from ordered(
        [
            *(item for item in found if isinstance(item, Drop)),
            *(ref for ref in refs if series[ref.case_id] == 1),
            *(
                Drop(source="lctsc", what=name, reason="duplicate_stem", detail=f"{count} series with outlines")
                for name, count in series.items()
                if count > 1
            ),
        ]
    )


def _named(ref: CaseRef) -> CaseRef:
    """The case under its patient's published name, which says the official split too."""
    (name,) = re.findall(PATIENT, ref.case_id)[-1:]
    return replace(ref, case_id=name, patient_id=name, group=None, split_official=official_split(name.split("-")))


def _label(region: str) -> str | None:
    return REGIONS.get(re.sub("[^a-z]", "", region.casefold()))


SOURCE: Final = configure()
