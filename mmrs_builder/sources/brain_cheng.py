"""Brain tumours on contrast-enhanced T1 slices, by Cheng: 3064 MATLAB files of 233 patients, one tumour in each.

Facts, defects and terms are in ``data_cards/brain_cheng.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, cases
from mmrs_builder.io.extras import need
from mmrs_builder.io.mat import read_mat_facts, read_mat_pair
from mmrs_builder.io.pairing import natural
from mmrs_builder.types import Case, CaseRef, Download, Drop, MaskRef, Source
from mmrs_builder.views import case_of
from mmrs_builder.vocab import Rejected

MINIMUM_AREA: Final = 0.00005  # of a slice of 512 x 512: 13 px; masks are filled outlines and leave no specks
TUMOURS: Final = {1: "meningioma", 2: "glioma", 3: "pituitary_tumour"}
LABELS: Final = tuple(TUMOURS.values())

FILES: Final = Files(
    layout="brainTumorDataPublic_*/<n>.mat, n = 1 to 3064, as MATLAB 7.3 wrote them (PNG exports are not read)",
    image=r"(?P<case>\d{1,4})\.mat",
    masks=(),
    aside=r"cvind\.mat",
    needs="none",
    kind="any",
)
ARCHIVES: Final = {"1-766": 3381290, "767-1532": 3381296, "1533-2298": 3381293, "2299-3064": 3381302}


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The slices, each with its patient and the kind of its tumour. Raises ``ValueError`` when there are none."""
    need("h5py")
    drops: list[Drop] = []
    for item in cases(root, source="brain_cheng", files=FILES, modality="mri", sequence="T1ce"):
        told = _told(root, item) if isinstance(item, CaseRef) else item
        if isinstance(told, CaseRef):
            yield told
        else:
            drops.append(told)
    yield from sorted(drops, key=lambda drop: natural(drop.what))


def _told(root: Path, ref: CaseRef) -> CaseRef | Drop:
    try:
        number, patient = read_mat_facts(root, ref.image)
        if number not in TUMOURS:
            raise Rejected("unknown_label", ref.image, f"label {number}")
        if patient is None:
            raise Rejected("bad_metadata", ref.image, "no patient: it could belong to anybody")
    except Rejected as refused:
        return Drop(source=ref.source, what=ref.case_id, reason=refused.reason, detail=refused.detail)
    mask = MaskRef(path=ref.image, label=TUMOURS[number], pick="tumorMask")
    return replace(ref, masks=(mask,), patient_id=patient)


def load(ref: CaseRef) -> Case:
    """Read one slice. Raises ``Rejected``; an empty mask is refused, since every slice is said to show a tumour."""
    picture, reading = read_mat_pair(Path(ref.root), ref.image, ref.modality)
    if not reading.mask.any():
        raise Rejected("mask_empty", ref.image)
    return case_of(ref, picture, [reading], minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS)


SOURCE: Final = Source(
    name="brain_cheng",
    title="Brain tumours on contrast-enhanced T1 MRI (Cheng)",
    version="figshare 1512427, version 5",
    modality="mri",
    license="CC-BY-4.0",
    license_class="redistributable",
    url="https://figshare.com/articles/dataset/brain_tumor_dataset/1512427",
    labels=LABELS,
    exhaustive=False,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule="0 and 1 as stored",
    index=index,
    load=load,
    access="auto",
    downloads=tuple(
        Download(url=f"https://ndownloader.figshare.com/files/{number}", folder=f"brainTumorDataPublic_{part}")
        for part, number in ARCHIVES.items()
    ),
    size="3064 slices, about 880 MB",
    steps="Download the four zip files from the page, unpack each, and give the folder that holds them with --data.",
)
