"""PROMISE12: T2-weighted MRI of the prostate from four centres, 50 scans with the gland labelled.

Facts, defects and terms are in ``data_cards/promise12.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import CaseRef, Download, Drop, Source
from mmrs_builder.volume_rules import Coverage, Empty, rules

FILES: Final = Files(
    layout="Case<nn>.mhd and Case<nn>_segmentation.mhd, each with its .raw beside it",
    image=r"(?P<case>Case\d\d)\.mhd",
    masks=(Masks(path=r"(?P<case>Case\d\d)_segmentation\.mhd", shows={"1": "prostate"}),),
    # The scans of the test set have the names of others in the training set, and no labels.
    aside=r"(?:[\w-]*test_?data[\w-]*|test|testing)/.*",
    kind="volumes",
)


def configure(*, coverage: Coverage = "5", empty: Empty = "0.1") -> Source:
    """The source with its options set. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        ("prostate",), window="auto", planes="axial", coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.0001", sides="unknown",
    )  # fmt: skip
    return Source(
        name="promise12",
        title="PROMISE12, prostate on T2-weighted MRI",
        version="2012",
        modality="mri",
        license="terms of the challenge; see LICENSE.TXT of the record, and cite the paper",
        license_class="script-only",
        url="https://promise12.grand-challenge.org/",
        labels=own.labels,
        exhaustive=own.exhaustive,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="the voxels of number 1",
        index=_index,
        load=partial(labelled_case, rules=own),
        access="auto",
        downloads=(
            Download(
                url="https://zenodo.org/records/8026660/files/training_data.zip?download=1",
                sha256="150287d0c74cd0105d8b70b43af4a7bf4f1fd3e1748829779177a0ccaf948f45",
                folder="training_data",
            ),
        ),
        size="50 scans",
        steps="Download training_data.zip from Zenodo record 8026660, unpack it, and give its folder with --data.",
    )


def _index(root: Path) -> Iterator[CaseRef | Drop]:
    yield from cases(root, source="promise12", files=FILES, modality="mri", sequence="T2")


SOURCE: Final = configure()
