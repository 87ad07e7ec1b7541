"""CVC-300: the part of EndoScene that comes from CVC-ColonDB; often only its 60 test frames.

Facts, defects and terms are in ``data_cards/cvc_300.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, frames
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

MINIMUM_AREA: Final = 0.0002  # of a frame of 574 x 500: 57 px

HERE: Final = r"(?:(?<=CVC-300/)|(?<!.))"  # anybody has a folder called images: ours is named, or is the root
FILES: Final = Files(
    layout="CVC-300/images/<n>.png and CVC-300/masks/<n>.png, or bbdd/<n>.bmp and gtpolyp/<n>.bmp of EndoScene",
    image=rf"(?:bbdd|{HERE}images)/(?P<case>\d{{1,3}})\.(?:bmp|png|tiff?)",
    masks=(Masks(path=rf"(?:gtpolyp|{HERE}masks)/(?P<case>\d{{1,3}})\.(?:bmp|png|tiff?)", shows={"": "polyp"}),),
    # EndoScene's other classes; CVC-612 and other sets of a bundle, whose frames have the same numbers
    aside=r"(?:gt(?!polyp/)\w+|labelled|CVC-(?!300/|EndoScene)[^/]+|ETIS-LaribPolypDB|Kvasir|TrainDataset)/.*",
)


SOURCE: Final = Source(
    name="cvc_300",
    title="CVC-300 (EndoScene)",
    version="2017",
    modality="endoscopy",
    license="no licence found; cite the paper",
    license_class="script-only",
    url="https://pages.cvc.uab.es/CVC-Colon/index.php/databases/cvc-endoscenestill/",
    labels=("polyp",),
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(frames, source="cvc_300", files=FILES, modality="endoscopy"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=("polyp",), promised=("polyp",)),
    access="manual",
    size="60 frames (300 in EndoScene)",
    steps="Get CVC-300 from a mirror, or EndoScene from the page after registration, unpack it, and give its folder.",
)
