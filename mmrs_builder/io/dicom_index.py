"""Which series below a folder of DICOM files are cases: what lies there, what was drawn on what, and whose it is.

Opens no pixels. No text of a file gets into a case or a drop: patients and studies become ranks, a structure is named
by its label or its number. Case ids are ranks too unless the user asks for paths.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, TypeAlias

from mmrs_builder.io.dicom import MODALITIES, Header, Stack, headers, series
from mmrs_builder.io.extras import need
from mmrs_builder.io.layout import answers, numbered, ranks
from mmrs_builder.io.listing import leftovers, listing
from mmrs_builder.io.options import expression, identifier, one_of
from mmrs_builder.io.pairing import natural
from mmrs_builder.types import CaseRef, Drop, MaskRef
from mmrs_builder.vocab import Rejected

Structure: TypeAlias = tuple[MaskRef, ...]
"""One structure that was drawn on a series: a reference per file that holds a part of it."""

Ids: TypeAlias = Annotated[str, "case ids: rank (c00001), or the path of the series below the corpus folder"]
Patient: TypeAlias = Annotated[
    str, "expression for the patient in the path of the series; '': PatientID. Stored as a rank: p0001"
]
BurnedIn: TypeAlias = Annotated[str, "series whose header says that text is burnt into the pixels: drop, or keep"]
Repeated: TypeAlias = Annotated[
    str,
    "several masks of one series that show one label: refuse (two readers?), unite (parts), or instances (each is one)",
]

ENDINGS: Final = (".dcm", ".dicom", ".ima")
"""Endings, in lower case, by which a file claims to be DICOM. Archives also name files without one, or by number."""

DRAWN: Final = ("SEG", "RTSTRUCT")
"""Modalities of files that hold what was drawn on a series."""

TOLD: Final = frozenset(
    {
        "BMD", "CR", "DX", "ECG", "ES", "GM", "IO", "IVUS", "KO", "M3D", "MG", "NM", "OCT", "OP", "OPT", "OT", "PR",
        "PT", "PX", "REG", "RF", "RTDOSE", "RTIMAGE", "RTPLAN", "SC", "SM", "SR", "US", "XA", "XC",
    }
)  # fmt: skip
"""Modalities that a drop may name: a file could hold anything in that place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What options say of the cases to make."""

    source: str
    ranked: bool
    patient: str
    keep_burned_in: bool
    repeated: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A series with pixels. ``place`` stands for it in messages: its folder, or its first file where there are others
    in that folder.
    """

    stack: Stack
    folder: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a folder holds: series, files of what was drawn on them, and files that can be neither."""

    images: tuple[Image, ...]
    drawn: tuple[Header, ...]
    drops: tuple[Drop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A structure of an annotation file. ``label`` is ``None`` where nobody has explained its name."""

    number: int
    label: str | None
    frame_of_reference: str | None
    empty: bool = False  # listed, but nothing was drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What an annotation file holds, and the identifiers of the series it was drawn on."""

    structures: tuple[Marked, ...]
    series: tuple[str, ...]


def told(*, source: str, ids: str, patient: str, burned_in: str, repeated: str) -> Told:
    """The options that all such sources share. Raises ``ValueError``, naming the option."""
    return Told(
        source=identifier("name", source, hyphens=True),
        ranked=one_of("ids", ids, ("rank", "path")) == "rank",
        patient=expression("patient", patient),
        keep_burned_in=one_of("burned_in", burned_in, ("drop", "keep")) == "keep",
        repeated=one_of("repeated", repeated, ("refuse", "unite", "instances")),
    )


def scan(root: Path, source: str) -> Scan:
    """Everything below ``root``. Raises ``ValueError`` when no DICOM file can be read there."""
    need("pydicom")
    found = listing(root)
    files = [path for path in found.files if _may_be_dicom(path)]
    read: list[Header] = []
    drops = [
        *(Drop(source=source, what=path, reason="outside_root") for path in found.outside),
        *(Drop(source=source, what=path, reason="bad_name") for path in found.misnamed),
        *leftovers(source, found.files, files),
    ]
    for path, item in zip(files, headers(root, files), strict=True):
        if isinstance(item, Header):
            read.append(item)
        elif item.reason != "not_an_image" or path.casefold().endswith(ENDINGS):
            drops.append(Drop(source=source, what=path, reason=item.reason, detail=item.detail))
    if not read:
        raise ValueError(f"no DICOM file in {root}")
    drops += [_without_pixels(header, source) for header in read if not header.frames and header.modality not in DRAWN]
    stacks = series(header for header in read if header.frames and header.modality not in DRAWN)
    return Scan(
        images=_images(stacks),
        drawn=tuple(header for header in read if header.modality in DRAWN),
        drops=tuple(drops),
    )


def _without_pixels(header: Header, source: str) -> Drop:
    """A plan or a report belongs beside pictures; a picture that states no size ends before it does."""
    if header.modality in MODALITIES:
        return Drop(source=source, what=header.file, reason="truncated", detail="a picture without rows and columns")
    detail = header.modality if header.modality in TOLD else ""
    return Drop(source=source, what=header.file, reason="companion", detail=detail)


def annotated(root: Path, *, told: Told, kind: str, read: Callable[[Path, str], Marks]) -> Iterator[CaseRef | Drop]:
    """A case or drop per series, and a drop per annotation file or other file that cannot be used as a whole.

    ``kind`` is the modality of the annotation files and ``read`` tells what one holds. A file belongs to the series it
    names; if that is not there, to the one series of its patient in its frame of reference whose folder is nearest.
    Raises ``ValueError`` as ``scan`` does.
    """
    found = scan(root, told.source)
    drops = list(found.drops)
    masks: dict[str, tuple[Structure, ...]] = {}
    for header in found.drawn:
        if header.modality != kind:
            drops.append(_drop(told, header.file, "not_matched", f"{header.modality} files are not read here"))
            continue
        try:
            marks = read(root, header.file)
            image = _drawn_on(header, marks, found.images)
        except Rejected as refused:
            drops.append(_drop(told, header.file, refused.reason, refused.detail))
            continue
        usable, left = _usable(header.file, marks, image, told)
        masks[image.stack.series] = (*masks.get(image.stack.series, ()), *usable)
        drops += left
    yield from ordered([*drops, *cases(root, found.images, masks, told)])


def cases(
    root: Path, images: Sequence[Image], masks: Mapping[str, Sequence[Structure]], told: Told
) -> list[CaseRef | Drop]:
    """A case or a drop for each series; ``masks`` are by the identifier of the series."""
    refusals = {image.place: _refusal(image, masks.get(image.stack.series, ()), told) for image in images}
    used = {image.place: image for image in images if refusals[image.place] is None}
    patients = ranks("p", {place: _patient(image, told) for place, image in used.items()})
    studies = {place: image.stack.headers[0].study for place, image in used.items()}
    groups = ranks("g", {place: study for place, study in studies.items() if study})
    ids = numbered({place: place for place in used}) if told.ranked else {place: place for place in used}
    drops = [_drop(told, place, *refusal) for place, refusal in refusals.items() if refusal is not None]
    return [
        *drops,
        *(
            CaseRef(
                source=told.source,
                root=str(root),
                case_id=ids[place],
                image=image.folder,
                masks=tuple(
                    replace(mask, instance=told.repeated == "instances")
                    for structure in masks[image.stack.series]
                    for mask in structure
                ),
                modality=MODALITIES[image.stack.headers[0].modality],
                patient_id=patients[place],
                group=groups.get(place),
                files=tuple(header.file for header in image.stack.headers),
            )
            for place, image in used.items()
        ),
    ]


def ordered(items: Iterable[CaseRef | Drop]) -> Iterator[CaseRef | Drop]:
    """Cases sorted by id, then drops by what they concern."""
    found = list(items)
    yield from sorted((item for item in found if isinstance(item, CaseRef)), key=lambda ref: ref.case_id)
    yield from sorted((item for item in found if isinstance(item, Drop)), key=lambda drop: natural(drop.what))


def nearest(folder: str, images: Sequence[Image]) -> Image | None:
    """The one of several series whose folder shares most of the way with ``folder``; ``None`` if several do."""
    shared = [len(PurePosixPath(_common([folder, image.folder])).parts) for image in images]
    best = [image for image, depth in zip(images, shared, strict=True) if depth == max(shared)]
    return best[0] if len(best) == 1 else None


def _may_be_dicom(path: str) -> bool:
    name = PurePosixPath(path).name.casefold()
    suffix = PurePosixPath(name).suffix
    return name != "dicomdir" and (suffix in ("", *ENDINGS) or suffix[1:].isdecimal())


def _images(stacks: Sequence[Stack]) -> tuple[Image, ...]:
    folders = [_common([str(PurePosixPath(header.file).parent) for header in stack.headers]) for stack in stacks]
    held = Counter(folders)
    return tuple(
        Image(
            stack=stack,
            folder=folder,
            place=folder
            if held[folder] == 1 and folder != "."
            else min((header.file for header in stack.headers), key=natural),
        )
        for stack, folder in zip(stacks, folders, strict=True)
    )


def _common(folders: Sequence[str]) -> str:
    return posixpath.commonpath(["" if folder == "." else folder for folder in folders]) or "."


def _drawn_on(header: Header, marks: Marks, images: Sequence[Image]) -> Image:
    """The series that a file was drawn on. Raises ``Rejected``: ``no_image`` when none or several could be meant."""
    shown = [image for image in images if not image.stack.localiser]
    named = [image for image in shown if image.stack.series in marks.series]
    if len(named) > 1:
        raise Rejected("no_image", header.file, f"it names {len(named)} of the series")
    if named:
        if not _same(header.patient, named[0].stack.headers[0].patient):
            raise Rejected("bad_metadata", header.file, "it names the series of another patient")
        return named[0]
    frames = {mark.frame_of_reference for mark in marks.structures} | {header.frame_of_reference}
    beside = [
        image
        for image in shown
        if image.stack.headers[0].frame_of_reference in frames - {None}
        and header.patient == image.stack.headers[0].patient
    ]
    if not beside:
        raise Rejected("no_image", header.file, "neither the series it names nor another in its frame of reference")
    near = nearest(str(PurePosixPath(header.file).parent), beside)
    if near is None:
        raise Rejected("no_image", header.file, f"{len(beside)} series in its frame of reference are as near")
    return near


def _usable(file: str, marks: Marks, image: Image, told: Told) -> tuple[tuple[Structure, ...], list[Drop]]:
    """The structures that have a label and lie where the series does; drops name the others' numbers."""
    place = image.stack.headers[0].frame_of_reference
    reasons: dict[str, list[int]] = {}
    usable = []
    for mark in marks.structures:
        if mark.label is None:
            reasons.setdefault("unknown_label", []).append(mark.number)
        elif mark.empty:
            reasons.setdefault("mask_empty", []).append(mark.number)
        elif not _same(mark.frame_of_reference, place):
            reasons.setdefault("grid_mismatch", []).append(mark.number)
        else:
            usable.append((MaskRef(path=file, label=mark.label, pick=str(mark.number)),))
    count = len(marks.structures)
    return tuple(usable), [
        _drop(told, file, reason, f"{len(numbers)} of {count} structures: {', '.join(map(str, numbers))}")
        for reason, numbers in reasons.items()
    ]


def _same(a: str | None, b: str | None) -> bool:
    """Whether two identifiers agree, as far as both are stated."""
    return not a or not b or a == b


def _refusal(image: Image, masks: Sequence[Structure], told: Told) -> tuple[str, str] | None:
    """Why a series is no case: a code of ``vocab.REASONS`` and a detail; ``None`` if it is one."""
    first = image.stack.headers[0]
    labels = Counter(structure[0].label for structure in masks)
    doubled = sorted(label for label, times in labels.items() if times > 1)
    if image.stack.localiser:
        return "no_mask", "a localiser"
    if MODALITIES.get(first.modality) not in ("ct", "mri"):
        return "unsupported_modality", first.modality if first.modality in TOLD else ""
    if len({(h.patient, h.study, h.modality, h.frame_of_reference) for h in image.stack.headers}) > 1:
        return "bad_metadata", "slices of several patients, studies, modalities or frames of reference"
    if not masks:
        return "no_mask", "no mask with a known label"
    if any(header.burned_in for header in image.stack.headers) and not told.keep_burned_in:
        return "burned_in", "burned_in=keep takes it nevertheless"
    if not _patient(image, told):
        return "bad_metadata", "no patient: it could belong to anybody; say patient=..."
    if doubled and told.repeated == "refuse":
        return "duplicate_instance", f"{', '.join(doubled)}: say repeated=unite or repeated=instances"
    return None


def _patient(image: Image, told: Told) -> str:
    if not told.patient:
        return image.stack.headers[0].patient.strip()
    return answers([image.place], told.patient).get(image.place, "")


def _drop(told: Told, what: str, reason: str, detail: str) -> Drop:
    return Drop(source=told.source, what=what, reason=reason, detail=detail)
