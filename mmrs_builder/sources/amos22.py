"""AMOS22: 300 CT and 60 MRI scans of the abdomen with 15 organs.

Facts, defects and terms are in ``data_cards/amos22.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import Case, CaseRef, Download, Drop, Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Rules, Window, rules

NUMBERS: Final = {
    "1": "spleen", "2": "kidney_right", "3": "kidney_left", "4": "gallbladder", "5": "oesophagus", "6": "liver",
    "7": "stomach", "8": "aorta", "9": "inferior_vena_cava", "10": "pancreas", "11": "adrenal_right",
    "12": "adrenal_left", "13": "duodenum", "14": "bladder", "15": "prostate_or_uterus",
}  # fmt: skip

LAST_CT: Final = 500
"""Scans with a higher number are MRI."""

UNSURE_IN_MRI: Final = ("bladder", "prostate_or_uterus")
"""Whether each MRI scan was searched for these two is not documented: they are never called absent there."""

SPLITS: Final = {"imagestr": "train", "imagesva": "validation"}

FILES: Final = Files(
    layout="amos22/imagesTr/amos_####.nii.gz and amos22/labelsTr/amos_####.nii.gz, imagesVa and labelsVa",
    image=r"images(?:Tr|Va)/(?P<case>amos_\d{4})\.nii\.gz",
    masks=(Masks(path=r"labels(?:Tr|Va)/(?P<case>amos_\d{4})\.nii\.gz", shows=NUMBERS),),
    aside=r"imagesTs/amos_\d{4}\.nii\.gz",
    kind="volumes",
)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The labelled scans, each with its modality and official split. Raises ``ValueError`` when there are none."""
    for item in cases(root, source="amos22", files=FILES, modality="ct"):
        yield _told(item) if isinstance(item, CaseRef) else item


def _told(ref: CaseRef) -> CaseRef:
    number = int(ref.case_id.rpartition("_")[2])
    folder = PurePosixPath(ref.image).parent.name.casefold()
    return replace(ref, modality="ct" if number <= LAST_CT else "mri", split_official=SPLITS[folder])


def load(ref: CaseRef, *, own: Rules) -> Case:
    """Read one scan. Raises ``Rejected`` as ``labelled_case`` does."""
    unsure = UNSURE_IN_MRI if ref.modality == "mri" else ()
    sought = replace(own, labels=tuple(label for label in own.labels if label not in unsure))
    return labelled_case(ref, rules=sought)


def configure(
    *, window: Window = "auto", planes: Planes = "axial", coverage: Coverage = "5", empty: Empty = "0.1"
) -> Source:
    """The source. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        sorted(NUMBERS.values()), window=window, planes=planes, coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.00005", sides="header",
    )  # fmt: skip
    return Source(
        name="amos22",
        title="AMOS22",
        version="2022",
        modality="ct and mri",
        license="CC-BY-4.0",
        license_class="redistributable",
        url="https://zenodo.org/records/7155725",
        labels=own.labels,
        exhaustive=True,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="The voxels of an organ's number.",
        index=index,
        load=partial(load, own=own),
        access="auto",
        downloads=(
            Download(
                url="https://zenodo.org/records/7155725/files/amos22.zip",
                sha256="d2fbf2c31abba9824d183f05741ce187b17905b8cca64d1078eabf1ba96775c2",
            ),
        ),
        size="300 CT and 60 MRI scans with labels",
        steps="Download amos22.zip from the page, unpack it, and give the folder amos22 with --data.",
    )


SOURCE: Final = configure()
