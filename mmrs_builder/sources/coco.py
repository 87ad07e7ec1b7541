"""Pictures with COCO files: outlines as polygons or run lengths, from any annotation program that exports them.

``data_cards/coco.md`` says how the layouts of several programs are found and what is refused.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from mmrs_builder.io.coco import Entry, Outline, drawn, entries, pick, used_names
from mmrs_builder.io.layout import Keys, answers, ranks
from mmrs_builder.io.listing import leftovers, listing
from mmrs_builder.io.official import official_split
from mmrs_builder.io.options import fraction, identifier, one_of, phrase
from mmrs_builder.io.pairing import matching, without_suffix
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MaskGrid, MaskReading, fitted, read_opened
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.shown import SHOWN, Shown, ShownOption
from mmrs_builder.structures import MAX_UNITS
from mmrs_builder.types import Case, CaseRef, Drop, Label, MaskRef, Source, Term
from mmrs_builder.views import case_of
from mmrs_builder.vocab import MODALITIES, Rejected

MASK_RULE: Final = (
    "A pixel belongs to a polygon when its centre does; parts of one outline and whole labels are united."
)
OUT: Final = "-"
"""The name in ``labels`` for what is left out on purpose."""

ROBOFLOW: Final = r"([^/]+)_(?:jpe?g|png|bmp|tiff?|webp)\.rf\.[0-9A-Za-z]+"
"""Roboflow's name for one of several augmented copies of a picture: the group is what the copies share."""

_NO_YES: Final = ("no", "yes")
_GRIDS: Final[dict[str, MaskGrid | None]] = {"": None, "stored": "stored", "upright": "upright"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the index needs to know. ``labels`` maps names of categories to canonical labels, None if left out."""

    source: str
    modality: str
    annotations: str
    images: str
    labels: Mapping[str, str | None]
    instances: bool
    exhaustive: bool
    keys: Keys
    ranked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a case is read."""

    labels: tuple[str, ...]
    exhaustive: bool
    minimum_area: float
    mask_grid: MaskGrid | None
    shown: Shown
    boxes: bool


def configure(
    *,
    root: Path | None = None,
    annotations: Annotated[str, "glob of the COCO files below the corpus folder; ** crosses folders"] = "**/*.json",
    images: Annotated[str, "folder of the pictures; '': beside the COCO file, see the card"] = "",
    labels: Annotated[
        str, "other names for categories: object=tumour,Left Lung=left lung; object=- leaves it out"
    ] = "",
    modality: Annotated[str, "ct, mri, xray, ultrasound, endoscopy or dermoscopy"] = "xray",
    instances: Annotated[str, "yes: each annotation is one structure; no: those of a category are united"] = "yes",
    exhaustive: Annotated[str, "yes: every visible structure is annotated; pictures without annotations count"] = "no",
    minimum_area: Annotated[str, "smallest kept connected component, as a fraction of the picture"] = "0.00005",
    boxes: Annotated[str, "published boxes: check them against their outlines, or ignore them"] = "check",
    mask_grid: Annotated[str, "outlines on pictures with an EXIF rotation: stored (before it), upright; ''"] = "",
    shown: ShownOption = "",
    ids: Annotated[str, "case ids: the picture's path, or its rank (c0001): take rank for private data"] = "path",
    patient: Annotated[str, "expression for the patient in the picture's path, stored as a rank: p0001"] = "",
    group: Annotated[str, "expression for what a split must keep together, stored as a rank: g0001"] = ROBOFLOW,
    license: Annotated[str, "licence of pictures and outlines"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "coco",
) -> Source:
    """A source for one folder with COCO files. Expressions are regular expressions with one group.

    Raises ``ValueError``, naming the option, for a value that cannot be meant, or when no file is a COCO file.
    """
    names = _names(root, annotations, mapping("labels", labels))
    found, terms = chosen(own for own in names.values() if own != OUT)
    told = Told(
        source=identifier("name", name, hyphens=True),
        modality=one_of("modality", modality, MODALITIES),
        annotations=annotations,
        images=images.strip("/"),
        labels={category: None if own == OUT else named(own)[0].id for category, own in names.items()},
        instances=one_of("instances", instances, _NO_YES) == "yes",
        exhaustive=one_of("exhaustive", exhaustive, _NO_YES) == "yes",
        keys=Keys(patient=patient, group=group),
        ranked=one_of("ids", ids, ("path", "rank")) == "rank",
    )
    reading = Reading(
        labels=found,
        exhaustive=told.exhaustive,
        minimum_area=fraction("minimum_area", minimum_area),
        mask_grid=_GRIDS[one_of("mask_grid", mask_grid, tuple(_GRIDS))],
        shown=SHOWN[one_of("shown", shown, tuple(SHOWN))],
        boxes=one_of("boxes", boxes, ("check", "ignore")) == "check",
    )
    return _source(told, reading, phrase("license", license), terms)


def _source(told: Told, reading: Reading, licence: str, terms: tuple[tuple[Label, Term], ...]) -> Source:
    return Source(
        name=told.source,
        title="Pictures with COCO files",
        version="1",
        modality=told.modality,
        license=licence,
        license_class="script-only",
        url="https://cocodataset.org/#format-data",
        labels=reading.labels,
        exhaustive=reading.exhaustive,
        patient_ids=bool(told.keys.patient),
        minimum_area=reading.minimum_area,
        mask_rule=MASK_RULE,
        index=partial(_index, told=told),
        load=partial(_load, reading=reading),
        terms=terms,
        steps="Give the folder with the pictures and the COCO files with --data.",
    )


def _names(root: Path | None, annotations: str, told: Mapping[str, str]) -> dict[str, str]:
    """What the categories that annotations use are called. Raises ``ValueError`` for a told one that none uses."""
    used: set[str] = set()
    without: list[str] = []
    if root is not None:
        for path in matching(listing(root).files, annotations):
            found: tuple[str, ...] = ()
            with suppress(Rejected, ValueError, RecursionError):  # the index says what is wrong with it
                found = used_names(read_bytes(root, path))
            used.update(found)
            without += [] if found else [path]
    if used and (strange := sorted(told.keys() - used)):
        also = f"; none is found in {', '.join(without[:5])}" if without else ""
        raise ValueError(f"labels: no annotation is of {strange[0]!r}; there are {', '.join(sorted(used)[:10])}{also}")
    return {category: told.get(category, category) for category in sorted(used)}


def _index(root: Path, *, told: Told) -> Iterator[CaseRef | Drop]:
    """A case or a drop for each picture that a COCO file names, sorted; then a drop for each other picture, for each
    COCO file that cannot be read, and for annotations that belong to no picture.
    """
    found = listing(root)
    files = matching(found.files, told.annotations)
    drops = [Drop(source=told.source, what=path, reason="outside_root") for path in found.outside]
    drops += [Drop(source=told.source, what=path, reason="bad_name") for path in found.misnamed]
    named_by: list[tuple[str, str, Entry]] = []  # picture, COCO file, what it says
    known = frozenset(found.files)
    for file in files:
        try:
            pictures, strays = entries(read_bytes(root, file), file)
        except Rejected as refused:
            drops.append(Drop(source=told.source, what=file, reason=refused.reason, detail=refused.detail))
            continue
        if strays:
            detail = f"{strays} annotations"
            drops.append(Drop(source=told.source, what=file, reason="no_image", detail=detail))
        for entry in pictures:
            image = _place(entry.file, file, told.images, known)
            if image is None:
                what = entry.file if entry.file.isprintable() else file
                reason, detail = entry.refusal or ("no_image", f"not found beside {file}")
                drops.append(Drop(source=told.source, what=what, reason=reason, detail=detail))
            else:
                named_by.append((image, file, entry))
    if not named_by:
        raise ValueError(f"no COCO file in {root} names a picture there: annotations={told.annotations!r}")
    cases: list[CaseRef] = []
    for item in _cases(root, named_by, told):
        (cases if isinstance(item, CaseRef) else drops).append(item)  # type: ignore[arg-type]
    drops += leftovers(told.source, found.files, {image for image, _, _ in named_by})
    yield from sorted(cases, key=lambda case: case.case_id)
    yield from sorted(drops, key=lambda drop: (drop.what, drop.reason))


def _place(name: str, file: str, images: str, known: frozenset[str]) -> str | None:
    """Where the picture called ``name`` in a COCO file lies; None if nowhere."""
    home = PurePosixPath(file).parent
    year = PurePosixPath(file).stem.partition("_")[2]  # train2017, of instances_train2017.json
    places = (".", "images", "..", "../images", f"../{year}", f"../images/{year}")
    bases = [PurePosixPath(images)] if images else [home / place for place in places]
    for spelled in (name, name.replace("\\", "/")):
        for base in bases:
            path = posixpath.normpath(base / spelled)
            if path in known and ".." not in spelled.split("/") and not spelled.startswith("/"):
                return path
    return None


def _cases(root: Path, named_by: Sequence[tuple[str, str, Entry]], told: Told) -> Iterator[CaseRef | Drop]:
    stems = {image: without_suffix(image) for image, _, _ in named_by}
    claims = Counter(stems[image] for image, _, _ in named_by)
    ids = ranks("c", stems) if told.ranked else stems
    patients, groups = (
        ranks(letter, answers(stems, expression))
        for letter, expression in (("p", told.keys.patient), ("g", told.keys.group))
    )
    asked = ((told.keys.patient, patients), ("" if told.keys.group == ROBOFLOW else told.keys.group, groups))
    for image, file, entry in named_by:
        refs, refusal = _refs(entry, file, told)
        if claims[stems[image]] > 1:
            refusal = "duplicate_stem", "named twice"
        elif unknown := [expression for expression, keys in asked if expression and image not in keys]:
            refusal = "bad_metadata", f"no answer to {unknown[0]}"
        if refusal:
            yield Drop(source=told.source, what=image, reason=refusal[0], detail=refusal[1])
            continue
        yield CaseRef(
            source=told.source,
            root=str(root),
            case_id=ids[image],
            image=image,
            masks=refs,
            modality=told.modality,
            patient_id=patients.get(image),
            group=groups.get(image),
            split_official=official_split((*PurePosixPath(image).parts[:-1], *_words(file))),
        )


def _words(file: str) -> list[str]:
    """The folders of a COCO file and the words of its name."""
    path = PurePosixPath(file)
    return [*path.parts[:-1], *re.findall(r"[A-Za-z]+(?:20\d\d)?", path.stem)]


def _refs(entry: Entry, file: str, told: Told) -> tuple[tuple[MaskRef, ...], tuple[str, str] | None]:
    """The masks of a picture, and why it cannot be used."""
    if entry.refusal:
        return (), entry.refusal
    by_label: dict[str, list[Outline]] = {}
    for outline in entry.outlines:
        if outline.category not in told.labels:
            return (), ("unknown_label", "the COCO file has changed")
        if label := told.labels[outline.category]:
            by_label.setdefault(label, []).append(outline)
    refs: list[MaskRef] = []
    for label, outlines in sorted(by_label.items()):
        crowd = any(outline.crowd for outline in outlines)
        if crowd and told.exhaustive:
            return (), ("too_many_structures", "a crowd region: nobody has counted them")
        single = told.instances and not crowd
        groups = [[outline] for outline in outlines] if single else [outlines]
        refs += [MaskRef(path=file, label=label, instance=single, pick=pick(entry.size, own)) for own in groups]
    if sum(ref.instance for ref in refs) > MAX_UNITS:
        return (), ("too_many_structures", f"more than {MAX_UNITS}")
    return tuple(refs), None if refs or told.exhaustive else ("no_mask", "no annotation")


def _load(ref: CaseRef, *, reading: Reading) -> Case:
    opened = read_opened(Path(ref.root), ref.image)
    masks = (drawn(mask.pick, ref.image, boxes=reading.boxes) for mask in ref.masks)
    return case_of(
        ref,
        opened.picture,
        [MaskReading(mask=fitted(mask, opened, ref.image, reading.mask_grid), doubtful_px=0) for mask in masks],
        minimum_area=reading.minimum_area,
        exhaustive=reading.exhaustive,
        labels=reading.labels,
        shown=reading.shown,
    )


SOURCE: Final = configure()
