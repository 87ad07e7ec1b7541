"""CVC-ColonDB: colonoscopy frames of 15 short sequences, each showing one polyp.

Facts, defects and terms are in ``data_cards/cvc_colondb.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, frames
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Source
from mmrs_builder.views import flat_case

MINIMUM_AREA: Final = 0.0002  # of a frame of 574 x 500: 57 px

HERE: Final = r"(?:(?<=CVC-ColonDB/)|(?<!.))"  # anybody has a folder called images: ours is named, or is the root
FILES: Final = Files(
    layout="<n>.bmp with p<n>.bmp beside it, or images/<n>.png and masks/<n>.png",
    image=rf"(?:{HERE}images/|(?<!masks/)(?=\d+\.bmp))(?P<case>\d{{1,3}})\.(?:bmp|png|tiff?)",
    masks=(Masks(path=rf"(?:{HERE}masks/|p(?=\d+\.bmp))(?P<case>\d{{1,3}})\.(?:bmp|png|tiff?)", shows={"": "polyp"}),),
    # contours and non-informative regions; other sets of a bundle, whose frames have the same numbers
    aside=r"[cs]\d{1,3}\.bmp|(?:CVC-300|CVC-ClinicDB|ETIS-LaribPolypDB|Kvasir|TrainDataset)/.*",
)


SOURCE: Final = Source(
    name="cvc_colondb",
    title="CVC-ColonDB",
    version="2012",
    modality="endoscopy",
    license="no licence found; cite the paper",
    license_class="script-only",
    url="http://mv.cvc.uab.es/projects/colon-qa/cvccolondb",
    labels=("polyp",),
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=partial(frames, source="cvc_colondb", files=FILES, modality="endoscopy"),
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=("polyp",), promised=("polyp",)),
    access="manual",
    size="300 frames (380 in the PNG export)",
    steps="Get CVC-ColonDB from the page, or the PNG export from a mirror, unpack it, and give its folder.",
)
