"""ACDC: short-axis cine MRI of the heart, 150 patients at the end of diastole and of systole.

Facts, defects and terms are in ``data_cards/acdc.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import CaseRef, Download, Drop, Source
from mmrs_builder.volume_rules import Coverage, rules

NUMBERS: Final = {"1": "heart_ventricle_right", "2": "myocardium", "3": "heart_ventricle_left"}

FRAME: Final = r"(?:(?P<split>training|testing)/)?(?P<patient>patient\d{3})/(?P=patient)_frame(?P<frame>\d\d)"
FILES: Final = Files(
    layout="database/{training,testing}/patient<n>/patient<n>_frame<m>.nii.gz and …_frame<m>_gt.nii.gz",
    image=rf"{FRAME}\.nii(?:\.gz)?",
    masks=(Masks(path=rf"{FRAME}_gt\.nii(?:\.gz)?", shows=NUMBERS),),
    case="{patient}_frame{frame}",
    aside=r"patient\d{3}_4d\.nii(?:\.gz)?",
    kind="volumes",
)


def configure(*, coverage: Coverage = "5") -> Source:
    """The source with its options set. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        NUMBERS.values(), window="auto", planes="axial", coverage=coverage, empty="0", exhaustive="no",
        minimum_area="0.0001", sides="unknown",
    )  # fmt: skip
    return Source(
        name="acdc",
        title="Automated Cardiac Diagnosis Challenge (ACDC)",
        version="2017, with the labels of the test set",
        modality="mri",
        license="CC-BY-NC-SA-4.0",
        license_class="redistributable",
        url="https://www.creatis.insa-lyon.fr/Challenge/acdc/databases.html",
        labels=own.labels,
        exhaustive=own.exhaustive,
        patient_ids=True,
        minimum_area=own.minimum_area,
        mask_rule="the voxels of a structure's number",
        index=_index,
        load=partial(labelled_case, rules=own, placed=False),
        access="auto",
        downloads=(
            Download(
                url="https://humanheart-project.creatis.insa-lyon.fr/database/api/v1/collection/637218c173e9f0047faa00fb/download",
                sha256="2787e08b0d3525cbac710fc3bdf69ee7c5fd7446472e49db8bc78548802f6b5e",
            ),
        ),
        size="300 scans of 150 patients",
        steps="Download the collection from the page, unpack it, and give the folder database with --data.",
    )


def _index(root: Path) -> Iterator[CaseRef | Drop]:
    yield from cases(root, source="acdc", files=FILES, modality="mri", sequence="cine")


SOURCE: Final = configure()
