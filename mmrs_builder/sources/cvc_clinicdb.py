"""CVC-ClinicDB: 612 colonoscopy frames of 29 sequences, each with a polyp.

Facts, defects and terms are in ``data_cards/cvc_clinicdb.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases, neighbours
from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.io.listing import listing
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import Rejected

MINIMUM_AREA: Final = 0.0002  # of a frame of 384 x 288: 22 px; stray greys of the PNG mirror are single pixels

HERE: Final = (
    r"(?:(?<=CVC-ClinicDB/)|(?<=CVC-612/)|(?<!.))"  # anybody has a folder called images: ours is named, or is the root
)
FILES: Final = Files(
    layout="Original/<n>.tif and Ground Truth/<n>.tif, or the same as PNG (also images/ and masks/)",
    image=rf"(?:Original|{HERE}images)/(?P<case>\d{{1,3}})\.(?:png|tiff?)",
    masks=(Masks(path=rf"(?:Ground Truth|{HERE}masks)/(?P<case>\d{{1,3}})\.(?:png|tiff?)", shows={"": "polyp"}),),
    aside=r"(?:CVC-300|CVC-ColonDB|ETIS-LaribPolypDB|Kvasir(?:-SEG)?)/.*",  # other frames of the same numbers
)
TABLE: Final = "metadata.csv"


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The frames, each with its sequence. Raises ``ValueError`` when there are none."""
    sequences: dict[str, str] = {}
    for table in (path for path in listing(root).files if PurePosixPath(path).name == TABLE):
        try:
            rows = read_csv(root, table, ("frame_id", "sequence_id"))
        except Rejected as refused:
            yield Drop(source="cvc_clinicdb", what=table, reason=refused.reason, detail=refused.detail)
        else:
            sequences |= {row["frame_id"]: f"sequence {row['sequence_id']}" for row in rows}
    for item in cases(root, source="cvc_clinicdb", files=FILES, modality="endoscopy"):
        yield replace(item, group=_sequence(item.case_id, sequences)) if isinstance(item, CaseRef) else item


def _sequence(frame: str, sequences: Mapping[str, str]) -> str:
    """Neighbouring numbers show the same polyp; without a table, blocks of them keep most of them together."""
    return sequences.get(frame) or neighbours(int(frame))


SOURCE: Final = Source(
    name="cvc_clinicdb",
    title="CVC-ClinicDB",
    version="2015",
    modality="endoscopy",
    license="research use; cite the paper",
    license_class="script-only",
    url="https://polyp.grand-challenge.org/CVCClinicDB/",
    labels=("polyp",),
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=index,
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=("polyp",), promised=("polyp",)),
    access="manual",
    size="612 frames",
    steps="Get CVC-ClinicDB.rar from the page (or a mirror with PNG/ and metadata.csv), unpack it, give its folder.",
)
