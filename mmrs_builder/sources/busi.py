"""BUSI: 780 breast ultrasound pictures, benign, malignant and normal, with a mask for each mass.

Facts, defects and terms are in ``data_cards/busi.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Case, CaseRef, Source
from mmrs_builder.views import flat_case

LABELS: Final = ("breast_mass",)
MINIMUM_AREA: Final = 0.0002  # of 560 x 470: 53 px; stray points seen have 1 to 3 px, the smallest mass 0.002
NORMAL: Final = "normal "

_STEM: Final = r"(?P<kind>benign|malignant|normal)/(?P=kind) ?\((?P<number>\d+)\)"
FILES: Final = Files(
    layout="Dataset_BUSI_with_GT/<class>/<class> (n).png and <class> (n)_mask.png beside it",
    image=rf"{_STEM}\.png",
    masks=(Masks(path=rf"{_STEM}_mask(?:_(?P<part>\d+))?\.png", shows={"": "breast_mass"}, instance=True),),
    case="{kind} ({number})",
)


def load(ref: CaseRef) -> Case:
    """Read one picture. Raises ``Rejected``; masks may be empty only where the picture is filed as normal."""
    promised = () if ref.case_id.casefold().startswith(NORMAL) else LABELS
    return flat_case(ref, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS, promised=promised)


SOURCE: Final = Source(
    name="busi",
    title="Breast Ultrasound Images Dataset (BUSI)",
    version="2020",
    modality="ultrasound",
    license="unclear: the article is CC BY 4.0, a mirror claims CC0, the data state nothing",
    license_class="script-only",
    url="https://scholar.cu.edu.eg/?q=afahmy/pages/dataset",
    labels=LABELS,
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="busi", files=FILES, modality="ultrasound"),
    load=load,
    access="manual",
    size="780 pictures, 798 masks",
    steps=(
        "Get Dataset_BUSI.zip from the page, or the same folders from Kaggle (aryashah2k/breast-ultrasound-images-"
        "dataset), unpack it, and give the folder that holds Dataset_BUSI_with_GT."
    ),
)
