"""The polyp benchmark of PraNet: frames of five corpora, put together for training and for testing.

Facts, defects and terms are in ``data_cards/polyp_bench.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases, neighbours
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.views import flat_case

MINIMUM_AREA: Final = 0.0002
TRAINING: Final = "CVC-ClinicDB"  # of which corpus the numbered frames of TrainDataset are

_SET: Final = (
    r"(?P<set>(?P<split>Train|Test)Dataset(?:/(?:CVC-300|CVC-ClinicDB|CVC-ColonDB|ETIS-LaribPolypDB|Kvasir))?)"
)
_FRAME: Final = r"(?P<case>\d{1,3}|cju\w+)\.(?:png|jpe?g|bmp|tiff?)"
FILES: Final = Files(
    layout="TrainDataset/image/* and mask/*, TestDataset/<corpus>/images/* and masks/*",
    image=f"{_SET}/images?/{_FRAME}",
    masks=(Masks(path=f"{_SET}/masks?/{_FRAME}", shows={"": "polyp"}),),
    case="{set}/{case}",
    aside=r"(?:Train|Test)Dataset/(?:[^/]+/)?edges?/.*",  # outlines that other methods add to their copies
)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The frames with their official split, ``TrainDataset/<frame>`` and ``TestDataset/<corpus>/<frame>``; of one
    corpus neighbouring numbers are one group. Raises ``ValueError`` when there are none.
    """
    for item in cases(root, source="polyp_bench", files=FILES, modality="endoscopy"):
        yield replace(item, group=_sequence(item.case_id)) if isinstance(item, CaseRef) else item


def _sequence(case_id: str) -> str | None:
    """Frames of Kvasir have random names: nothing says which belong together."""
    folder, _, frame = case_id.rpartition("/")
    if not frame.isdecimal():
        return None
    corpus = folder.partition("/")[2] or TRAINING
    return neighbours(int(frame), f"{corpus} frames")


SOURCE: Final = Source(
    name="polyp_bench",
    title="Polyp benchmark of PraNet",
    version="2020",
    modality="endoscopy",
    license="none for the bundle; that of each corpus in it",
    license_class="script-only",
    url="https://github.com/DengPingFan/PraNet",
    labels=("polyp",),
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=index,
    load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=True, labels=("polyp",), promised=("polyp",)),
    access="manual",
    size="1450 frames for training, 798 for testing",
    steps="Get TrainDataset.zip and TestDataset.zip by the page's links, unpack both, and give the folder with both.",
)
