"""TotalSegmentator, version 2: 1228 CT scans of any part of the body with 117 structures, a file for each.

Facts, defects and terms are in ``data_cards/totalsegmentator.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.io.listing import listing
from mmrs_builder.io.official import official_split
from mmrs_builder.io.pairing import without_suffix
from mmrs_builder.labelled import labelled_case
from mmrs_builder.naming import chosen, known, named
from mmrs_builder.types import CaseRef, Download, Drop, Source
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Window, rules

_VERTEBRAE: Final = (
    "S1",
    *(f"{part}{n}" for part, last in (("L", 5), ("T", 12), ("C", 7)) for n in range(last, 0, -1)),
)
NAMES: Final = (
    "spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas", "adrenal_gland_right",
    "adrenal_gland_left", "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right",
    "lung_middle_lobe_right", "lung_lower_lobe_right", "esophagus", "trachea", "thyroid_gland", "small_bowel",
    "duodenum", "colon", "urinary_bladder", "prostate", "kidney_cyst_left", "kidney_cyst_right", "sacrum",
    *(f"vertebrae_{name}" for name in _VERTEBRAE), "heart", "aorta", "pulmonary_vein", "brachiocephalic_trunk",
    "subclavian_artery_right", "subclavian_artery_left", "common_carotid_artery_right", "common_carotid_artery_left",
    "brachiocephalic_vein_left", "brachiocephalic_vein_right", "atrial_appendage_left", "superior_vena_cava",
    "inferior_vena_cava", "portal_vein_and_splenic_vein", "iliac_artery_left", "iliac_artery_right",
    "iliac_vena_left", "iliac_vena_right", "humerus_left", "humerus_right", "scapula_left", "scapula_right",
    "clavicula_left", "clavicula_right", "femur_left", "femur_right", "hip_left", "hip_right", "spinal_cord",
    "gluteus_maximus_left", "gluteus_maximus_right", "gluteus_medius_left", "gluteus_medius_right",
    "gluteus_minimus_left", "gluteus_minimus_right", "autochthon_left", "autochthon_right", "iliopsoas_left",
    "iliopsoas_right", "brain", "skull", *(f"rib_{side}_{n}" for side in ("left", "right") for n in range(1, 13)),
    "sternum", "costal_cartilages",
)  # fmt: skip
"""The corpus's names of its structures, which are those of its files, in the order of their numbers."""

FILES: Final = Files(
    layout="s####/ct.nii.gz and s####/segmentations/<structure>.nii.gz",
    image=r"(?P<case>s[^/]+)/ct\.nii\.gz",
    masks=(Masks(path=rf"(?P<case>s[^/]+)/segmentations/(?P<part>{'|'.join(NAMES)})\.nii\.gz", shows={"": ""}),),
    kind="volumes",
)
TABLE: Final = "meta.csv"


def index(root: Path, *, labels: Mapping[str, str]) -> Iterator[CaseRef | Drop]:
    """The scans with the masks of the structures asked for: ``labels`` are canonical, by the name of their file.

    Raises ``ValueError`` when there are no scans.
    """
    splits: dict[str, str | None] = {}
    drops: list[Drop] = []
    table = next((path for path in listing(root).files if PurePosixPath(path).name == TABLE), None)
    if table:
        try:
            rows = read_csv(root, table, ("image_id", "split"), delimiter=";")
        except Rejected as refused:
            drops.append(Drop(source="totalsegmentator", what=table, reason=refused.reason, detail=refused.detail))
        else:
            splits = {row["image_id"]: official_split([row["split"]]) for row in rows}
    for item in cases(root, source="totalsegmentator", files=FILES, modality="ct"):
        if isinstance(item, Drop):
            drops.append(item)
            continue
        found = ((mask, without_suffix(PurePosixPath(mask.path).name).casefold()) for mask in item.masks)
        masks = tuple(replace(mask, label=labels[name]) for mask, name in found if name in labels)
        if masks:
            yield replace(item, masks=masks, split_official=splits.get(item.case_id))
        else:
            drops.append(Drop(source="totalsegmentator", what=item.case_id, reason="no_mask"))
    yield from drops


def configure(
    *,
    structures: Annotated[str, "which of the 117 structures to read, joined by +: liver+left kidney; or all"] = "all",
    window: Window = "auto",
    planes: Planes = "axial",
    coverage: Coverage = "5",
    empty: Empty = "0.1",
) -> Source:
    """The source. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    names = _wanted(structures)
    found, terms = chosen(names)
    own = rules(
        found, window=window, planes=planes, coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.00005", sides="header",
    )  # fmt: skip
    return Source(
        name="totalsegmentator",
        title="TotalSegmentator",
        version="2.0.1",
        modality="ct",
        license="CC-BY-4.0",
        license_class="redistributable",
        url="https://zenodo.org/records/10047292",
        labels=own.labels,
        exhaustive=True,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="A file per structure: what is not 0.",
        index=partial(index, labels={name.casefold(): named(name)[0].id for name in names}),
        load=partial(labelled_case, rules=own),
        terms=terms,
        access="auto",
        downloads=(
            Download(
                url="https://zenodo.org/records/10047292/files/Totalsegmentator_dataset_v201.zip",
                sha256="741dbc911a768e2ac2671c66d55332f7302ad624c915a57d08b142d8bdf0ca26",
                folder="Totalsegmentator_dataset_v201",
            ),
        ),
        size="1228 CT scans",
        steps="Download Totalsegmentator_dataset_v201.zip from the page, unpack it, and give its folder with --data.",
    )


def _wanted(structures: str) -> tuple[str, ...]:
    if structures == "all":
        return NAMES
    by_label = {named(name)[0].id: name for name in NAMES}
    wanted = {part: known(part) for part in structures.split("+")}
    if strange := [part for part, label in wanted.items() if label is None or label.id not in by_label]:
        raise ValueError(
            f"structures={structures!r}: the corpus has no {strange[0]!r}; write liver+left kidney, or all"
        )
    return tuple(by_label[label.id] for label in wanted.values() if label)


SOURCE: Final = configure()
