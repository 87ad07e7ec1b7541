"""COVID-19-CT-Seg: 20 chest CT scans with the lungs, side by side, and what COVID-19 has done to them.

Facts, defects and terms are in ``data_cards/covid19_ct.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import CaseRef, Download, Drop, Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Window, rules

LABELS: Final = ("infection_region", "lung_left", "lung_right")
SCAN: Final = r"(?P<case>(?:coronacases|radiopaedia)_\w+)\.nii(?:\.gz)?"
RECORD: Final = "https://zenodo.org/records/3757476/files"

FILES: Final = Files(
    layout="COVID-19-CT-Seg_20cases/<scan>.nii.gz, Lung_Mask/<scan>.nii.gz and Infection_Mask/<scan>.nii.gz",
    image=rf"COVID-19-CT-Seg_20cases/{SCAN}",
    masks=(
        Masks(path=rf"Lung_Mask/{SCAN}", shows={"1": "lung_left", "2": "lung_right"}),
        Masks(path=rf"Infection_Mask/{SCAN}", shows={"1": "infection_region"}),
    ),
    aside=rf"Lung_and_Infection_Mask/{SCAN}",
    kind="volumes",
)


def configure(
    *, window: Window = "auto", planes: Planes = "axial", coverage: Coverage = "5", empty: Empty = "0.1"
) -> Source:
    """COVID-19-CT-Seg with options. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        LABELS, window=window, planes=planes, coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.00005", sides="header",
    )  # fmt: skip
    return Source(
        name="covid19_ct",
        title="COVID-19 CT Lung and Infection Segmentation Dataset",
        version="1.0",
        modality="ct",
        license="CC-BY-4.0 for the masks; scans as on Coronacases and Radiopaedia",
        license_class="masks-allowed",
        url="https://zenodo.org/records/3757476",
        labels=own.labels,
        exhaustive=own.exhaustive,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="Lungs and infection in a file each: the voxels of a number",
        index=_index,
        load=partial(labelled_case, rules=own),
        access="auto",
        downloads=(
            Download(
                url=f"{RECORD}/COVID-19-CT-Seg_20cases.zip",
                sha256="a5060480eff9315b069b086312dac4872777901fb80d268a5a83edd9f4e7b440",
                folder="COVID-19-CT-Seg_20cases",
            ),
            Download(
                url=f"{RECORD}/Lung_Mask.zip",
                sha256="f060b0d0299939a6d95ddefdbfa281de1a779c4d230a5adbd32414711d6d8187",
                folder="Lung_Mask",
            ),
            Download(
                url=f"{RECORD}/Infection_Mask.zip",
                sha256="87901c73fdd2230260e61d2dbc57bf56026efc28264006b8ea2bf411453c1694",
                folder="Infection_Mask",
            ),
        ),
        size="20 scans, 1.1 GB",
        steps="Unpack the three archives, each into a folder of its name, and give the folder that holds these.",
    )


def _index(root: Path) -> Iterator[CaseRef | Drop]:
    """The scans with both masks. Raises ``ValueError`` when there are none."""
    yield from cases(root, source="covid19_ct", files=FILES, modality="ct")


SOURCE: Final = configure()
