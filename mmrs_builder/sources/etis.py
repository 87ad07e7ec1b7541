"""ETIS-Larib Polyp DB: 196 colonoscopy frames with polyps.

Facts, defects and terms are in ``data_cards/etis.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, frames
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

MINIMUM_AREA: Final = 0.0002  # of a frame of 1225 x 966: 237 px

HERE: Final = r"(?:(?<=ETIS-LaribPolypDB/)|(?<!.))"  # anybody has a folder called images: ours is named, or is the root
FILES: Final = Files(
    layout="ETIS-LaribPolypDB/<n>.tif and Ground Truth/p<n>.tif, or images/<n>.png and masks/<n>.png",
    image=rf"(?:ETIS-LaribPolypDB|{HERE}images)/(?P<case>\d{{1,3}})\.(?:tiff?|png|bmp)",
    masks=(Masks(path=rf"(?:Ground Truth|{HERE}masks)/p?(?P<case>\d{{1,3}})\.(?:tiff?|png|bmp)", shows={"": "polyp"}),),
    aside=r"(?:CVC-[^/]+|Kvasir|TrainDataset)/.*",  # other sets of a bundle, whose frames have the same numbers
)


SOURCE: Final = Source(
    name="etis",
    title="ETIS-Larib Polyp DB",
    version="2014",
    modality="endoscopy",
    license="no licence found; research use; cite the paper",
    license_class="script-only",
    url="https://polyp.grand-challenge.org/EtisLarib/",
    labels=("polyp",),
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(frames, source="etis", files=FILES, modality="endoscopy"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=("polyp",), promised=("polyp",)),
    access="manual",
    size="196 frames",
    steps="Get ETIS-LaribPolypDB.rar from the page, or the PNG export from a mirror, unpack it, and give its folder.",
)
