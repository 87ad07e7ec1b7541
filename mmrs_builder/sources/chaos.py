"""CHAOS: abdominal CT with livers, and abdominal MRI of other people with livers, kidneys and spleens.

Facts, defects and terms are in ``data_cards/chaos.md``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from mmrs_builder.io.dicom import Header, headers, read_series, series
from mmrs_builder.io.extras import need
from mmrs_builder.io.labelmap import Numbers, check_named
from mmrs_builder.io.listing import leftovers, listing
from mmrs_builder.io.numbers import read_numbers
from mmrs_builder.io.pairing import natural
from mmrs_builder.types import Case, CaseRef, Download, Drop, Mask3, MaskRef, Source, Voxels
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Rules, Window, rules
from mmrs_builder.volumes import Mask3D, volume_case

NUMBERS: Final = {"63": "liver", "126": "kidney_right", "189": "kidney_left", "252": "spleen"}
"""Grey values of the MRI masks."""

NEAR: Final = 15
"""How far a grey value of an MRI mask may lie from the one that is meant."""

CT_LIVER: Final = "255"

_GREYS: Final = {
    CT_LIVER: (1, 255),  # masks of one bit, or of eight
    **{number: tuple(range(int(number) - NEAR, int(number) + NEAR + 1)) for number in NUMBERS},
}

EVENER: Final = 0.5
"""Spread of the values inside CT masks, as a part of the spread with the slices in the opposite order, from which an
order is the right one: a liver is even, and what lies in its place in the wrong slices is not."""

SEQUENCES: Final = {
    "T1DUAL-InPhase": "T1 in-phase", "T1DUAL-OutPhase": "T1 out-of-phase", "T2SPIR": "T2 SPIR",
}  # fmt: skip

_SERIES: Final = re.compile(
    r"(?P<scan>(?:.*/)?(?P<person>CT/\d+(?=/D)|MR/\d+(?=/T))(?:/(?P<kind>T1DUAL|T2SPIR))?)/"
    r"DICOM_anon(?:/(?P<phase>InPhase|OutPhase))?"
)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """A case per series with as many masks as slices, sorted; a drop per other series or folder of masks.

    Raises ``ValueError`` when there is no series.
    """
    need("pydicom")
    listed = listing(root)
    folders: dict[str, list[str]] = defaultdict(list)
    for path in sorted(listed.files, key=natural):
        if PurePosixPath(path).suffix.casefold() in (".dcm", ".png"):
            folders[str(PurePosixPath(path).parent)].append(path)
    found = {folder: match for folder in folders if (match := _SERIES.fullmatch(folder))}
    if not found:
        raise ValueError(
            f"no chaos images in {root}: expected Train_Sets/CT/<n>/DICOM_anon/*.dcm and Ground/*.png there"
        )
    drops = [Drop(source="chaos", what=path, reason="outside_root") for path in listed.outside]
    drops += [Drop(source="chaos", what=path, reason="bad_name") for path in listed.misnamed]
    cases: dict[str, CaseRef] = {}
    for folder in sorted(found, key=lambda folder: (folder.count("/"), folder)):
        ground = f"{found[folder]['scan']}/Ground"
        ref = _case(root, found[folder], folders[folder], folders.get(ground, []))
        reason = _refusal(ref, len(folders.get(ground, [])), ref.case_id in cases)
        if reason:
            drops.append(Drop(source="chaos", what=folder, reason=reason, detail=f"masks: {ground}"))
        else:
            cases[ref.case_id] = ref
    grounds = {f"{match['scan']}/Ground" for match in found.values()}
    lonely = [folder for folder in folders if PurePosixPath(folder).name == "Ground" and folder not in grounds]
    drops += [Drop(source="chaos", what=folder, reason="no_image") for folder in lonely]
    taken = [path for folder in (*found, *grounds, *lonely) for path in folders.get(folder, [])]
    drops += leftovers("chaos", listed.files, taken, read=[path for paths in folders.values() for path in paths])
    yield from (cases[case] for case in sorted(cases))
    yield from sorted(drops, key=lambda drop: natural(drop.what))


def _case(root: Path, match: re.Match[str], slices: Sequence[str], ground: Sequence[str]) -> CaseRef:
    """A series and the masks of its slices, which have the order of their names in common and nothing else."""
    person = match["person"].replace("/", "-")
    kind = "-".join(part for part in (match["kind"], match["phase"]) if part)
    shows = NUMBERS if kind else {CT_LIVER: "liver"}
    return CaseRef(
        source="chaos",
        root=str(root),
        case_id=f"{person}-{kind}" if kind else person,
        image=match[0],
        masks=tuple(MaskRef(path=path, label=label, pick=pick) for pick, label in shows.items() for path in ground),
        modality="mri" if kind else "ct",
        sequence=SEQUENCES.get(kind),
        patient_id=person,
        files=tuple(slices),
    )


def _refusal(ref: CaseRef, masks: int, again: bool) -> str | None:
    if not masks:
        return "no_mask"
    if masks != len(ref.files):
        return "missing_slices"
    return "second_copy" if again else None


def load(ref: CaseRef, *, own: Rules) -> Case:
    """Read one series and its masks. Raises ``Rejected``: what ``read_series``, ``read_numbers`` and ``volume_case``
    raise, ``burned_in``, ``size_mismatch``, ``unknown_label``, and ``grid_mismatch`` for CT masks that fit the slices
    in neither order.
    """
    root = Path(ref.root)
    found = read_series(root, ref.files)
    if found.burned_in:
        raise Rejected("burned_in", ref.image)
    shows = {mask.pick: mask.label for mask in ref.masks}
    numbers = _numbers(root, ref, found.volume.values.shape)
    check_named(numbers, {grey for pick in shows for grey in _GREYS[pick]}, ref.masks[0].path)
    if ref.modality == "ct":
        numbers = _in_order(numbers, found.volume.values, ref.masks[0].path)
    masks = (
        Mask3D(label=label, mask=np.isin(numbers, _GREYS[pick]), lattice=found.volume.lattice, what=ref.masks[0].path)
        for pick, label in shows.items()
    )
    sought = replace(own, labels=tuple(label for label in own.labels if label in shows.values()))
    return volume_case(ref, found.volume, masks, sought)


def _numbers(root: Path, ref: CaseRef, shape: tuple[int, ...]) -> Numbers:
    """The masks (column, row, slice) in the order of the slices' positions."""
    stacks = series(header for header in headers(root, ref.files) if isinstance(header, Header))
    if len(stacks) > 1:
        raise Rejected("bad_metadata", ref.image, "a localiser among the slices")
    of_slice = dict(zip(ref.files, dict.fromkeys(mask.path for mask in ref.masks), strict=True))
    found = []
    for path in (of_slice[header.file] for header in stacks[0].headers):
        numbers = read_numbers(root, path).T
        if numbers.shape != shape[:2]:
            raise Rejected(
                "size_mismatch", path, f"{numbers.shape[0]} x {numbers.shape[1]}, slices {shape[0]} x {shape[1]}"
            )
        found.append(numbers)
    return np.stack(found, axis=-1)


def _in_order(numbers: Numbers, values: Voxels, what: str) -> Numbers:
    """The CT masks in the order in which they show something even. Raises ``Rejected``: ``grid_mismatch``."""
    inside: Mask3 = numbers != 0
    if not inside.any():
        return numbers
    named, opposite = (float(values[mask].std()) for mask in (inside, inside[..., ::-1]))
    if named <= EVENER * opposite:
        return numbers
    if opposite <= EVENER * named:
        return numbers[..., ::-1]
    raise Rejected(
        "grid_mismatch", what, f"spread {named:.0f} in the order of names, {opposite:.0f} in the opposite one"
    )


def configure(
    *, window: Window = "auto", planes: Planes = "axial", coverage: Coverage = "5", empty: Empty = "0.1"
) -> Source:
    """The source. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        sorted(NUMBERS.values()), window=window, planes=planes, coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.00005", sides="header",
    )  # fmt: skip
    return Source(
        name="chaos",
        title="CHAOS",
        version="1.03",
        modality="ct and mri",
        license="CC-BY-NC-SA-4.0; the challenge's terms forbid sharing",
        license_class="script-only",
        url="https://zenodo.org/records/3431873",
        labels=own.labels,
        exhaustive=True,
        patient_ids=True,
        minimum_area=own.minimum_area,
        mask_rule="CT: 1 or 255. MRI: greys within 15 of an organ's.",
        index=index,
        load=partial(load, own=own),
        access="auto",
        downloads=(
            Download(
                url="https://zenodo.org/records/3431873/files/CHAOS_Train_Sets.zip",
                sha256="535f7d3417a0e0f0d9133fb3d962423d2a9cf3f103e4f09a3d8a1daf87d5d2fc",
            ),
        ),
        size="20 CT scans; 20 people with 3 MRI series each; 891 MB",
        steps="Download CHAOS_Train_Sets.zip from the page, unpack it, and give the folder Train_Sets with --data.",
    )


SOURCE: Final = configure()
