"""What DICOM files say of themselves: series, sides, burnt-in text. No text of a file is repeated here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from mmrs_builder.inspect.volumes import OBLIQUE, axis_codes, tilt
from mmrs_builder.io.check import Counts, Refusal, counted
from mmrs_builder.io.dicom import MODALITIES, Stack, read_flat, read_series
from mmrs_builder.io.dicom_index import DRAWN, TOLD, scan
from mmrs_builder.io.extras import need
from mmrs_builder.io.volume import MAX_TILT
from mmrs_builder.vocab import Rejected

FLAT: Final = ("xray", "ultrasound", "endoscopy")
"""Modalities whose files are single pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDicom:
    """What series of DICOM files say. Counts are sorted, most frequent first."""

    read: int = 0
    needed: str = ""  # what to install so that DICOM can be read
    series: Counts = ()  # DICOM's modalities, and how many series; "other" for those nobody may name
    drawn: Counts = ()  # SEG and RTSTRUCT files
    patients: int = 0
    localisers: int = 0
    burned_in: tuple[str, ...] = ()  # series that say that text is burnt into their pixels
    axes: Counts = ()  # where columns, rows and slices lead: LPH is left, back (posterior), head
    tilted: Counts = ()  # series and their tilt in degrees, rounded
    oriented: int = 0  # single pictures whose PatientOrientation tells the patient's sides
    unoriented: tuple[str, ...] = ()  # and those where nothing does
    refused: tuple[Refusal, ...] = ()


def check_dicom(root: Path, most: int, stage: Callable[[str, int], Callable[[int], None]]) -> CheckedDicom | None:
    """Read up to ``most`` series; None if no DICOM file lies there."""
    try:
        need("pydicom")
        found = scan(root, "dicom")
    except ValueError as error:
        return CheckedDicom(needed=str(error)) if "not installed" in str(error) else None
    stacks = [(image.place, image.stack) for image in found.images]
    heads = [stack.headers[0] for _, stack in stacks]
    axes, tilted, oriented, unoriented = Counter[str](), Counter[str](), 0, list[str]()
    refused = [
        Refusal(what=drop.what, reason=drop.reason, detail=drop.detail)
        for drop in found.drops
        if drop.reason not in ("not_matched", "outside_root", "bad_name")
    ]
    scans = [(place, stack) for place, stack in stacks if not stack.localiser]
    advance = stage("series", min(len(scans), most))
    for place, stack in islice(scans, most):
        try:
            if MODALITIES.get(stack.headers[0].modality) in FLAT:
                sided = [read_flat(root, header.file).right is not None for header in stack.headers]
                oriented += sum(sided)
                unoriented += [h.file for h, known in zip(stack.headers, sided, strict=True) if not known]
            else:
                _look_at_series(root, place, stack, axes, tilted, refused)
        except Rejected as refusal:
            refused.append(Refusal(what=refusal.what, reason=refusal.reason, detail=refusal.detail))
        advance(1)
    return CheckedDicom(
        read=min(len(scans), most),
        series=counted(Counter(_named(head.modality) for head in heads)),
        drawn=counted(Counter(head.modality for head in found.drawn)),
        patients=len({head.patient for head in heads}),
        localisers=len(stacks) - len(scans),
        burned_in=_burned_in(stacks),
        axes=counted(axes),
        tilted=counted(tilted),
        oriented=oriented,
        unoriented=tuple(unoriented),
        refused=tuple(refused),
    )


def _look_at_series(
    root: Path, place: str, stack: Stack, axes: Counter[str], tilted: Counter[str], refused: list[Refusal]
) -> None:
    lattice = read_series(root, [header.file for header in stack.headers]).volume.lattice
    axes[axis_codes(lattice)] += 1
    angle = tilt(lattice)
    if angle >= OBLIQUE:
        tilted[place] = round(angle)
    if angle > MAX_TILT:
        refused.append(Refusal(what=place, reason="oblique", detail=f"{angle:.0f} degrees"))


def _burned_in(stacks: Sequence[tuple[str, Stack]]) -> tuple[str, ...]:
    return tuple(place for place, stack in stacks if any(header.burned_in for header in stack.headers))


def _named(modality: str) -> str:
    """A modality, if it is one of DICOM's own: a file could hold anything in its place."""
    return modality if modality in (*MODALITIES, *DRAWN, *TOLD) else "other"
