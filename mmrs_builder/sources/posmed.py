"""PosMed, also called MMRS and MedPos: the pictures and masks behind PRS-Med, to be labelled anew.

The published questions and positions are not used: they are what is wrong with the set. Facts, defects and terms are in
``data_cards/posmed.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from mmrs_builder.io.corpus import Files, Masks, cases, neighbours
from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.io.listing import listing
from mmrs_builder.io.options import one_of
from mmrs_builder.io.pairing import without_suffix
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import CaseRef, Drop, Source
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import Rejected

SETS: Final = {
    "brain_tumors_ct_scan": ("mri", "tumour"), "breast_tumors_ct_scan": ("ultrasound", "breast_mass"),
    "lung_CT": ("ct", "lung"), "lung_Xray": ("xray", "lung"), "polyp_endoscopy": ("endoscopy", "polyp"),
    "skin_rgbimage": ("dermoscopy", "skin_lesion"),
}  # fmt: skip
"""Folder: what it really holds. Two names say CT and hold MRI and ultrasound."""

_SPELT: Final = {folder.casefold(): folder for folder in SETS}
LABELS: Final = tuple(sorted({label for _, label in SETS.values()}))
MINIMUM_AREA: Final = 0.0002
PATIENTS: Final = "brain_patients.csv"

_NAME: Final = r"(?P<split>train|val|test)_{}/(?P<case>[^/]+?){}\.(?:png|jpe?g)"
FILES: Final = Files(
    layout="lung_CT/train_images/*, lung_CT/train_masks/* and so on",
    image=f"(?P<set>{'|'.join(SETS)})/{_NAME.format('images', '')}",
    masks=tuple(
        Masks(path=f"(?P<set>{folder})/{_NAME.format('masks', '(?:_Segmentation)?')}", shows={"": label})
        for folder, (_, label) in SETS.items()
    ),
    case="{set}/{split}/{case}",
    needs="any",
)


def configure(
    *,
    official: Annotated[str, "yes: keep the published splits; no: they tear patients apart, so make new ones"] = "no",
) -> Source:
    """The source. Raises ``ValueError`` for another word than yes or no."""
    return Source(
        name="posmed",
        title="PosMed (PRS-Med)",
        version="2025",
        modality="several",
        license="none stated for the set; each corpus in it has its own",
        license_class="script-only",
        url="https://huggingface.co/datasets/huyquoctrinh/PRS-Med",
        labels=LABELS,
        exhaustive=False,
        patient_ids=False,
        minimum_area=MINIMUM_AREA,
        mask_rule=MASK_RULE,
        index=partial(index, official=one_of("official", official, ("no", "yes")) == "yes"),
        load=partial(flat_case, minimum_area=MINIMUM_AREA, exhaustive=False, labels=LABELS),
        access="manual",
        size="38,731 pictures, 4.2 GB",
        steps="Get pictures, masks and annotations from the page, unpack them, and give the folder that holds lung_CT.",
    )


def index(root: Path, *, official: bool) -> Iterator[CaseRef | Drop]:
    """The cases of all sets that are there, then what is not used. Raises ``ValueError`` when no set is there."""
    patients, drops = _tables(root)
    for item in cases(root, source="posmed", files=FILES, modality=""):
        if isinstance(item, Drop):
            yield item
            continue
        folder, _, name = item.case_id.split("/")
        folder = _SPELT[folder.casefold()]
        yield replace(
            item,
            modality=SETS[folder][0],
            group=_group(folder, name, patients),
            split_official=item.split_official if official else None,
        )
    yield from drops


def _group(folder: str, name: str, patients: Mapping[str, str]) -> str | None:
    """What is known to be of one patient: slices of a study, and neighbouring slices of the brain set."""
    if folder == "lung_CT":
        return re.sub(r"[_-]\d+$", "", name)
    if folder != "brain_tumors_ct_scan" or not name.isdecimal():
        return None
    return patients.get(name) or neighbours(int(name), "brain slices")


def _tables(root: Path) -> tuple[dict[str, str], list[Drop]]:
    """The patient of each brain slice, where the user has laid such a table beside the sets; and a drop for each row of
    the published tables whose mask is not there, and for each table that cannot be read.
    """
    paths = listing(root).files
    masks = {without_suffix(path) for path in paths}
    patients: dict[str, str] = {}
    drops: list[Drop] = []
    for path in (path for path in paths if path.casefold().endswith(".csv")):
        folder, _, file = path.rpartition("/")
        try:
            if file == PATIENTS:
                patients |= {row["image"]: row["patient"] for row in read_csv(root, path, ("image", "patient"))}
            elif PurePosixPath(file).stem in SETS:
                home = folder.rpartition("annotations")[0]
                rows = read_csv(root, path, ("image_path",))
                missing = {
                    home + row["image_path"] for row in rows if without_suffix(home + row["image_path"]) not in masks
                }
                drops += [Drop(source="posmed", what=mask, reason="no_mask", detail=path) for mask in sorted(missing)]
        except Rejected as refused:
            drops.append(Drop(source="posmed", what=path, reason=refused.reason, detail=refused.detail))
    return patients, drops


SOURCE: Final = configure()
