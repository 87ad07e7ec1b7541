"""CAMUS: echocardiograms of 500 patients, two views and two moments each, with three structures of the left heart.

Facts, defects and terms are in ``data_cards/camus.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.labelmap import check_named, whole_numbers
from mmrs_builder.io.listing import listing
from mmrs_builder.io.official import official_split
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.volumefile import read_volume
from mmrs_builder.types import Case, CaseRef, Download, Drop, Source, Volume
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import rules
from mmrs_builder.volumes import Mask3D, volume_case

NUMBERS: Final = {"1": "heart_ventricle_left", "2": "myocardium", "3": "heart_atrium_left"}

_STEM: Final = r"(?P<patient>patient\d{4})_[24]CH_E[DS]"
_ENDING: Final = r"\.(?:nii(?:\.gz)?|mhd)"
FILES: Final = Files(
    layout="database_nifti/patient<n>/patient<n>_{2CH,4CH}_{ED,ES}.nii.gz with _gt.nii.gz",
    image=rf"(?P<case>{_STEM}){_ENDING}",
    masks=(Masks(path=rf"(?P<case>{_STEM})_gt{_ENDING}", shows=NUMBERS),),
    aside=rf"patient\d{{4}}_[24]CH_(?:half_)?sequence(?:_gt)?{_ENDING}",
    kind="volumes",
)
LIST: Final = re.compile(r"(?:.*/)?subgroup_(training|validation|testing)\.txt")

RULES: Final = rules(
    NUMBERS.values(), window="auto", planes="axial", coverage="5", empty="0", exhaustive="no", minimum_area="0.0002",
    sides="unknown",
)  # fmt: skip


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """A case per view and moment, with the patient's official split. Raises ``ValueError`` when there are none."""
    splits: dict[str, str | None] = {}
    drops: list[Drop] = []
    for path in listing(root).files:
        if found := LIST.fullmatch(path):
            try:
                patients = read_bytes(root, path).decode("utf-8").split()
            except Rejected as refused:
                drops.append(Drop(source="camus", what=path, reason=refused.reason, detail=refused.detail))
            except UnicodeDecodeError as error:
                drops.append(Drop(source="camus", what=path, reason="bad_metadata", detail=str(error)))
            else:
                splits |= dict.fromkeys(patients, official_split([found[1]]))
    for item in cases(root, source="camus", files=FILES, modality="ultrasound"):
        if isinstance(item, CaseRef):
            yield replace(item, split_official=splits.get(item.patient_id or ""))
        else:
            drops.append(item)
    yield from drops


def load(ref: CaseRef) -> Case:
    """Read one frame. Where its pixels are oblong, columns (or rows) are repeated until they are nearly square.

    Raises ``Rejected`` as ``read_volume``, ``check_named`` and ``volume_case`` do, ``multi_frame`` for a sequence.
    """
    root, path = Path(ref.root), ref.masks[0].path
    frame, labels = _frame(root, ref.image), _frame(root, path)
    numbers = whole_numbers(labels.values, path)
    check_named(numbers, map(int, NUMBERS), path)
    masks = [
        Mask3D(label=mask.label, mask=numbers == int(mask.pick), lattice=labels.lattice, what=path)
        for mask in ref.masks
    ]
    return volume_case(ref, frame, masks, RULES)


def _frame(root: Path, path: str) -> Volume:
    """A file of one frame. Its header states axes of the patient's body, which an ultrasound probe knows nothing of."""
    found = read_volume(root, path)
    if found.lattice.shape[2] > 1:
        raise Rejected("multi_frame", path, f"{found.lattice.shape[2]} frames")
    return replace(found, lattice=replace(found.lattice, evidence=None))


SOURCE: Final = Source(
    name="camus",
    title="CAMUS",
    version="2019",
    modality="ultrasound",
    license="said to be CC-BY-NC-SA-4.0",
    license_class="script-only",
    url="https://www.creatis.insa-lyon.fr/Challenge/camus/",
    labels=RULES.labels,
    exhaustive=RULES.exhaustive,
    patient_ids=True,
    minimum_area=RULES.minimum_area,
    mask_rule="Pixels of the structure's number.",
    index=index,
    load=load,
    access="auto",
    downloads=(
        Download(
            url="https://humanheart-project.creatis.insa-lyon.fr/database/api/v1/folder/63fde55f73e9f004868fb7ac/download"
        ),
    ),
    size="2000 frames of 500 patients",
    steps="Download the folder CAMUS_public from the page, unpack it, and give the folder that holds database_nifti.",
)
