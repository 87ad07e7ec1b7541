"""Shenzhen hospital chest films, with lung masks that others drew for 566 of the 662.

Facts, defects and terms are in ``data_cards/shenzhen.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

LABELS: Final = ("lung",)
MINIMUM_AREA: Final = 0.0002  # of a film of 3000 x 3000: 1800 px

FILM: Final = r"(?P<case>CHNCXR_\d{4}_[01])"
FILES: Final = Files(
    layout="CXR_png/CHNCXR_####_#.png and, in any folder, CHNCXR_####_#_mask.png",
    image=rf"CXR_png/{FILM}\.png",
    masks=(Masks(path=rf"{FILM}_mask\.png", shows={"": "lung"}),),
    aside=(
        r"(?:MCUCXR_\d{4}_[01](?:_mask)?\.png"  # the Montgomery films, in the collection that holds both
        r"|Annotations(?:-2)?/.+"  # findings of tuberculosis
        r"|test/CHNCXR_\d{4}_[01]\.png)"  # films without masks, again in that collection
    ),
)


SOURCE: Final = Source(
    name="shenzhen",
    title="Shenzhen hospital chest X-ray set",
    version="2014, masks 2018",
    modality="xray",
    license="masks CC-BY-NC-SA-4.0; films public, cite, not to be shared outside the own group",
    license_class="masks-allowed",
    url="https://data.lhncbc.nlm.nih.gov/public/Tuberculosis-Chest-X-ray-Datasets/Shenzhen-Hospital-CXR-Set/index.html",
    labels=LABELS,
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(cases, source="shenzhen", files=FILES, modality="xray"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS, promised=LABELS),
    access="manual",
    size="662 films, 566 with a mask",
    steps="Get CXR_png from the page and the masks from doi.org/10.17632/8gf9vpkhgy into one folder, and give that.",
)
