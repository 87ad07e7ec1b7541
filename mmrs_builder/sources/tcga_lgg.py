"""LGG-MRI (kaggle_3m): 3929 axial slices of 110 patients with lower-grade glioma, the FLAIR abnormality outlined.

Facts, defects and terms are in ``data_cards/tcga_lgg.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.views import flat_case

MINIMUM_AREA: Final = 0.0001  # of a slice of 256 x 256: 7 px
LABELS: Final = ("flair_abnormality",)

SLICE: Final = r"(?P<folder>(?P<patient>TCGA_\w+?_\w+?)_\d+)/(?P=folder)_(?P<number>\d+)"
FILES: Final = Files(
    layout="kaggle_3m/TCGA_<institution>_<patient>_<date>/TCGA_…_<n>.tif and TCGA_…_<n>_mask.tif",
    image=rf"{SLICE}\.tiff?",
    masks=(Masks(path=rf"{SLICE}_mask\.tiff?", shows={"": "flair_abnormality"}),),
    case="{folder}_{number}",
)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The slices, each with its patient. Raises ``ValueError`` when there are none."""
    yield from cases(root, source="tcga_lgg", files=FILES, modality="mri", sequence="T1, FLAIR, T1ce")


SOURCE: Final = Source(
    name="tcga_lgg",
    title="LGG Segmentation Dataset (kaggle_3m)",
    version="2019",
    modality="mri",
    license="CC-BY-NC-SA-4.0",
    license_class="redistributable",
    url="https://www.kaggle.com/datasets/mateuszbuda/lgg-mri-segmentation",
    labels=LABELS,
    exhaustive=True,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=index,
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS),
    access="manual",
    size="3929 slices of 110 patients",
    steps="Download the archive from the page (Kaggle account), unpack it, and give the folder kaggle_3m with --data.",
)
