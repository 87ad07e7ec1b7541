"""COVID-19 Radiography Database: chest films of four findings with masks of the lungs.

Facts, defects and terms are in ``data_cards/covid_radiography.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

LABELS: Final = ("lung",)
MINIMUM_AREA: Final = 0.0002  # of a film of 299 x 299: 18 px

FOLDER: Final = r"(?:COVID|Lung_Opacity|Normal|Viral Pneumonia)"
NAME: Final = r"(?P<case>(?:COVID|Lung_Opacity|Normal|Viral Pneumonia)-\d+)\.png"
FILES: Final = Files(
    layout="COVID-19_Radiography_Dataset/Normal/images/Normal-1.png and /Normal/masks/Normal-1.png",
    image=rf"{FOLDER}/images/{NAME}",
    masks=(Masks(path=rf"{FOLDER}/masks/{NAME}", shows={"": "lung"}),),
)


SOURCE: Final = Source(
    name="covid_radiography",
    title="COVID-19 Radiography Database",
    version="second update",
    modality="xray",
    license="terms of the Kaggle page; cite the papers",
    license_class="script-only",
    url="https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database",
    labels=LABELS,
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=f"{MASK_RULE} Then scaled from 256 x 256 to 299 x 299, nearest pixel.",
    index=partial(cases, source="covid_radiography", files=FILES, modality="xray"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS, promised=LABELS, scaled=True),
    access="manual",
    size="21 165 films",
    steps="Download the archive from the page, unpack it, and give the folder that holds COVID-19_Radiography_Dataset.",
)
