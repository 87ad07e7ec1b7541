"""KiTS23: 489 CT scans of patients with kidney tumours: kidneys, tumours and cysts.

Facts, defects and terms are in ``data_cards/kits23.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Window, rules

NUMBERS: Final = {"1+2+3": "kidney", "2": "kidney_tumour", "3": "kidney_cyst"}
"""A tumour's or cyst's voxels replace those of its kidney."""

FILES: Final = Files(
    layout="dataset/case_#####/imaging.nii.gz and dataset/case_#####/segmentation.nii.gz",
    image=r"(?P<patient>(?P<case>case_\d{5}))/imaging\.nii\.gz",
    masks=(Masks(path=r"(?P<case>case_\d{5})/segmentation\.nii\.gz", shows=NUMBERS),),
    # Each annotator's outlines; earlier releases, whose scans have the same names: KiTS19 has no number for cysts.
    aside=r"(?:case_\d{5}/instances/[^/]+|kits(?:19|21)[^/]*/.*)\.nii\.gz",
    kind="volumes",
)


def configure(
    *, window: Window = "auto", planes: Planes = "axial", coverage: Coverage = "5", empty: Empty = "0.1"
) -> Source:
    """The source. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        sorted(NUMBERS.values()), window=window, planes=planes, coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.00005", sides="header",
    )  # fmt: skip
    return Source(
        name="kits23",
        title="KiTS23",
        version="0.1.3",
        modality="ct",
        license="CC-BY-NC-SA-4.0",
        license_class="redistributable",
        url="https://github.com/neheller/kits23",
        labels=own.labels,
        exhaustive=True,
        patient_ids=True,
        minimum_area=own.minimum_area,
        mask_rule="The voxels of a structure's number; a kidney is all of 1, 2 and 3.",
        index=partial(cases, source="kits23", files=FILES, modality="ct"),
        load=partial(labelled_case, rules=own),
        access="manual",
        size="489 CT scans",
        steps="Clone the repository, install it, run kits23_download_data, and give its folder dataset with --data.",
    )


SOURCE: Final = configure()
