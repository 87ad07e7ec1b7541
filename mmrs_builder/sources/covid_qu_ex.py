"""COVID-QU-Ex: chest films with masks of the lungs and, in part of them, of regions infected by COVID-19.

Facts, defects and terms are in ``data_cards/covid_qu_ex.md``.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Case, CaseRef, Source
from mmrs_builder.views import flat_case

LABELS: Final = ("lung", "infection_region")
MINIMUM_AREA: Final = 0.0002  # of a film of 256 x 256: 13 px; the smallest region of the sample has 503

FOLDER: Final = r"(?P<tree>Lung|Infection) Segmentation Data/(?P<split>Train|Val|Test)/(?P<finding>{})/{}/"
NAME: Final = r"(?P<group>[^/]+)\.png"  # a film that is in both trees has one name
ANY: Final = "COVID-19|Non-COVID|Normal"
FILES: Final = Files(
    layout="{Lung,Infection} Segmentation Data/{Train,Val,Test}/{COVID-19,Non-COVID,Normal}/{images,lung masks}/*.png",
    image=FOLDER.format(ANY, "images") + NAME,
    masks=(
        Masks(path=FOLDER.format(ANY, "lung masks") + NAME, shows={"": "lung"}),
        Masks(path=FOLDER.format("COVID-19|Normal", "infection masks") + NAME, shows={"": "infection_region"}),
    ),
    case="{tree}/{split}/{finding}/{group}",
    aside=r"Infection Segmentation Data/[^/]+/Non-COVID/infection masks/[^/]+",  # empty, though the lungs are infected
    needs="any",
)


def load(ref: CaseRef) -> Case:
    """Read one film; labels that it has no file for are not looked for. Raises ``Rejected``: ``mask_empty`` for lungs
    or for the infection of a COVID-19 film; that of a healthy film is absent.
    """
    held = tuple(label for label in LABELS if any(mask.label == label for mask in ref.masks))
    healthy = PurePosixPath(ref.image).parts[-3].casefold() == "normal"
    promised = ("lung",) if healthy else held
    return flat_case(ref, minimum_area=MINIMUM_AREA, exhaustive=True, labels=held, promised=promised)


SOURCE: Final = Source(
    name="covid_qu_ex",
    title="COVID-QU-Ex",
    version="Kaggle version 7",
    modality="xray",
    license="terms of the Kaggle page; cite the papers",
    license_class="script-only",
    url="https://www.kaggle.com/datasets/anasmohammedtahir/covidqu",
    labels=LABELS,
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="covid_qu_ex", files=FILES, modality="xray"),
    load=load,
    access="manual",
    size="33 920 films, part of them a second time with infection masks",
    steps="Download covidqu.zip from the page, unpack it, and give the folder that holds Lung Segmentation Data.",
)
