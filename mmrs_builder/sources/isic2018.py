"""ISIC 2018, task 1: dermoscopic pictures with the outline of the skin lesion.

Facts, defects and terms are in ``data_cards/isic2018.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Download, Source
from mmrs_builder.views import flat_case

LABELS: Final = ("skin_lesion",)
MINIMUM_AREA: Final = 0.0002
SERVER: Final = "https://isic-challenge-data.s3.amazonaws.com/2018"
ARCHIVES: Final = {
    "Task1-2_Training_Input": "80f98572347a2d7a376227fa9eb2e4f7459d317cb619865b8b9910c81446675f",
    "Task1_Training_GroundTruth": "99f8b2bb3c4d6af483362010715f7e7d5d122d9f6c02cac0e0d15bef77c7604c",
    "Task1-2_Validation_Input": "0ea920fcfe512d12a6e620b50b50233c059f67b10146e1479c82be58ff15a797",
    "Task1_Validation_GroundTruth": "f6911e9c0a64e6d687dd3ca466ca927dd5e82145cb2163b7a1e5b37d7a716285",
    "Task1-2_Test_Input": "e59ae1f69f4ed16f09db2cb1d76c2a828487b63d28f6ab85997f5616869b127d",
    "Task1_Test_GroundTruth": "2e8f6edce454a5bdee52485e39f92bd6eddf357e81f39018d05512175238ef82",
}
"""Name: SHA-256."""

FILES: Final = Files(
    layout="ISIC2018_Task1-2_Training_Input/*.jpg, ISIC2018_Task1_Training_GroundTruth/*.png, and _Validation_, _Test_",
    image=r"ISIC2018_Task1-2_(?P<split>Training|Validation|Test)_Input/(?P<case>ISIC_\d{7})\.jpe?g",
    masks=(
        Masks(
            path=r"ISIC2018_Task1_(?:Training|Validation|Test)_GroundTruth/(?P<case>ISIC_\d{7})_segmentation\.png",
            shows={"": "skin_lesion"},
        ),
    ),
    aside=r"ISIC2018_Task[23]_\w+/.*",  # attributes within lesions; pictures without masks
)


SOURCE: Final = Source(
    name="isic2018",
    title="ISIC 2018 (task 1)",
    version="2018",
    modality="dermoscopy",
    license="CC-BY-NC-4.0",
    license_class="redistributable",
    url="https://challenge.isic-archive.com/data/#2018",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="isic2018", files=FILES, modality="dermoscopy"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS, promised=LABELS),
    access="auto",
    downloads=tuple(Download(url=f"{SERVER}/ISIC2018_{name}.zip", sha256=sha256) for name, sha256 in ARCHIVES.items()),
    size="3694 pictures, about 13 GB",
    steps="Download the archives of task 1 from the page, unpack them into one folder, and give that folder.",
)
