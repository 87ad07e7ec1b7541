"""Montgomery County chest films: 138 films with a mask of each lung.

Facts, defects and terms are in ``data_cards/montgomery.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Download, Source
from mmrs_builder.views import flat_case

LABELS: Final = ("lung_left", "lung_right")
MINIMUM_AREA: Final = 0.0002  # of a film of 4020 x 4892: 3933 px, 5.5 mm square

NAME: Final = r"(?P<case>MCUCXR_\d{4}_[01])\.png"
FILES: Final = Files(
    layout="MontgomerySet/CXR_png/MCUCXR_####_#.png and MontgomerySet/ManualMask/{leftMask,rightMask}/*.png",
    image=rf"CXR_png/{NAME}",
    masks=(
        Masks(path=rf"ManualMask/leftMask/{NAME}", shows={"": "lung_left"}),
        Masks(path=rf"ManualMask/rightMask/{NAME}", shows={"": "lung_right"}),
    ),
    aside=r"ManualMask/gt/.+",  # both lungs in one file, as a loader leaves it there
)


SOURCE: Final = Source(
    name="montgomery",
    title="Montgomery County chest X-ray set",
    version="2014",
    modality="xray",
    license="public, cite; its ReadMe asks not to share the set outside the own group",
    license_class="script-only",
    url="https://data.lhncbc.nlm.nih.gov/public/Tuberculosis-Chest-X-ray-Datasets/Montgomery-County-CXR-Set/MontgomerySet/index.html",
    labels=LABELS,
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="montgomery", files=FILES, modality="xray"),
    load=partial(
        flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS, promised=LABELS, shown="by_sides"
    ),
    access="auto",
    downloads=(
        Download(
            url="https://openi.nlm.nih.gov/imgs/collections/NLM-MontgomeryCXRSet.zip",
            sha256="54601e952315d8f67383e9202a6e145997ade429f54f7e0af44b4e158714f424",
        ),
    ),
    size="138 films, 589 MB",
    steps="Download NLM-MontgomeryCXRSet.zip, unpack it, and give the folder that holds MontgomerySet.",
)
