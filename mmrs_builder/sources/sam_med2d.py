"""SAM-Med2D and SA-Med2D-20M: slices and pictures of many corpora, one mask file per connected component.

Facts, defects and terms are in ``data_cards/sam_med2d.md``.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final

from mmrs_builder.io.layout import ranks
from mmrs_builder.io.listing import Listing, leftovers, listing, pictures
from mmrs_builder.io.options import fraction, identifier, one_of
from mmrs_builder.io.pairing import natural, without_suffix
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.types import CaseRef, Drop, MaskRef, Source
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import MODALITIES, Rejected

OUT: Final = "-"
CLASSES: Final = "SAMed2D_v1_class_mapping_id.json"
SPLITS: Final = {"image2label_train.json": "train", "label2image_test.json": "test"}

_KINDS: Final = {
    "ct": "ct", "mr": "mri", "x": "xray", "ultrasound": "ultrasound", "endoscopy": "endoscopy",
    "dermoscopy": "dermoscopy",
}  # fmt: skip
_UNTOLD: Final = re.compile(r"(?i)union_.*|class[ _]?\d*|label[ _]?\d*|left|right|\d+")
"""Names of classes that name no structure: unions of several, numbers, a side of who knows what."""

_FIRST_MRI: Final = 501  # AMOS numbers its CT scans up to 500, its MR scans from there on


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A picture, its masks by the name of the structure (None: nobody has told it), and the folder they lie in."""

    image: str
    masks: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the index needs to know."""

    source: str
    modality: str
    labels: Mapping[str, str]


def configure(
    *,
    root: Path | None = None,
    modality: Annotated[str, "of pictures whose name does not say it: ct, mri, …; AMOS is told by its numbers"] = "ct",
    labels: Annotated[
        str, "other names for structures: hip_left=left hip bone,autochthon_left=-; - leaves it out"
    ] = "",
    minimum_area: Annotated[str, "smallest kept connected component, as a fraction of the picture"] = "0.00005",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "sam_med2d",
) -> Source:
    """A source for a folder with ``images`` and ``masks``, or one that holds such folders.

    Raises ``ValueError``, naming the option, for a value that cannot be meant.
    """
    told = mapping("labels", labels)
    structures = {
        structure
        for found in (() if root is None else _found(root, listing(root)))
        for _, structure in found.masks
        if structure is not None
    }
    if structures and (strange := sorted(told.keys() - structures)):
        raise ValueError(f"labels: no mask shows {strange[0]!r}")
    names = {structure: told.get(structure, structure) for structure in sorted(structures)}
    canonical, terms = chosen(own for own in names.values() if own != OUT)
    smallest = fraction("minimum_area", minimum_area)
    return Source(
        name=identifier("name", name, hyphens=True),
        title="SAM-Med2D and SA-Med2D-20M",
        version="1",
        modality="several",
        license="each corpus in it has its own",
        license_class="script-only",
        url="https://github.com/OpenGVLab/SAM-Med2D",
        labels=canonical,
        exhaustive=False,
        patient_ids=False,
        minimum_area=smallest,
        mask_rule=MASK_RULE,
        index=partial(_index, told=Told(source=name, modality=one_of("modality", modality, MODALITIES), labels=names)),
        load=partial(flat_case, minimum_area=smallest, exhaustive=False, labels=canonical),
        terms=terms,
        size="demo: 5 pictures; SA-Med2D-20M: 3.7 million pictures, 15.8 million masks",
        steps="Give the folder that holds images, masks and the JSON files (data_demo, SAMed2Dv1) with --data.",
    )


def _found(root: Path, files: Listing) -> Iterator[Found]:
    """Each picture below a folder ``images`` with its masks below the folder ``masks`` beside it, in order."""
    paths = pictures(files.files)
    homes = sorted({path.rpartition("images/")[0] for path in paths if _in(path, "images")})
    for home in homes:
        stems = {
            without_suffix(path)[len(home) + len("images/") :]: path for path in paths if _below(path, home, "images")
        }
        classes = _classes(root, files, home)
        masks: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
        for path in paths:
            if _below(path, home, "masks"):
                stem, structure = _parsed(without_suffix(path)[len(home) + len("masks/") :], stems, classes)
                if stem is not None:
                    masks[stem].append((path, structure))
        for stem, image in stems.items():
            yield Found(image=image, masks=tuple(sorted(masks[stem], key=lambda item: natural(item[0]))))


def _in(path: str, folder: str) -> bool:
    return PurePosixPath(path).parent.name == folder


def _below(path: str, home: str, folder: str) -> bool:
    return str(PurePosixPath(path).parent) == f"{home}{folder}"


def _parsed(
    name: str, stems: Mapping[str, str], classes: Mapping[str, Mapping[str, str]]
) -> tuple[str | None, str | None]:
    """The picture and the structure that a mask's name tells: ``amos_0006_90_spleen_000`` or, where the structure is a
    number, ``ct_00--BTCV--img0001--x_0040--0003_000``.
    """
    head, sign, tail = name.rpartition("--")
    if sign and head in stems:
        number = re.fullmatch(r"(\d+)_\d+", tail)
        structure = classes.get(head.split("--")[1], {}).get(str(int(number[1]))) if number else None
        return head, None if structure is None or _UNTOLD.fullmatch(structure) else structure
    found = re.fullmatch(r"(.+)_\d+", name, re.DOTALL)
    words = (found[1] if found else "").split("_")
    for cut in range(len(words) - 1, 0, -1):  # the longest name: s0114_1 and s0114_11 are two pictures
        stem, structure = "_".join(words[:cut]), "_".join(words[cut:])
        if stem in stems:
            return stem, None if _UNTOLD.fullmatch(structure) else structure
    return None, None


def _classes(root: Path, files: Listing, home: str) -> dict[str, dict[str, str]]:
    """By corpus: the name of each class number. Empty where nobody has written it down."""
    return {
        str(corpus): {str(number): str(label) for label, number in table.items()}
        for corpus, table in _table(root, files, home + CLASSES).items()
        if isinstance(table, dict)
    }


def _table(root: Path, files: Listing, path: str) -> dict[str, Any]:
    """The table in a JSON file; empty where there is none, and where it cannot be read, which the index tells."""
    with suppress(Rejected):
        return _read_table(root, path) if path in files.files else {}
    return {}


def _read_table(root: Path, path: str) -> dict[str, Any]:
    """Raises ``Rejected``: what ``read_bytes`` raises, ``bad_metadata`` for what is no table."""
    try:
        table: object = json.loads(read_bytes(root, path))
    except (ValueError, RecursionError) as error:
        raise Rejected("bad_metadata", path, type(error).__name__) from None
    if not isinstance(table, dict):
        raise Rejected("bad_metadata", path, "no table")
    return table


def _unread_tables(root: Path, source: str, files: Listing) -> Iterator[Drop]:
    """A drop for each list of structures or splits that cannot be read: what it says is unknown."""
    for path in files.files:
        if PurePosixPath(path).name in (CLASSES, *SPLITS):
            try:
                _read_table(root, path)
            except Rejected as refused:
                yield Drop(source=source, what=path, reason=refused.reason, detail=refused.detail)


def _index(root: Path, *, told: Told) -> Iterator[CaseRef | Drop]:
    """A case or a drop per picture, sorted; then a drop for each mask of no picture or no known structure, and for
    each other picture file.
    """
    files = listing(root)
    all_found = list(_found(root, files))
    if not all_found:
        raise ValueError(f"no SAM-Med2D pictures in {root}: expected images/*.png and masks/*.png there")
    drops = [Drop(source=told.source, what=path, reason="outside_root") for path in files.outside]
    drops += [Drop(source=told.source, what=path, reason="bad_name") for path in files.misnamed]
    drops += _unread_tables(root, told.source, files)
    cases: list[CaseRef] = []
    groups = ranks("g", {found.image: _scan(PurePosixPath(found.image).stem) for found in all_found})
    splits = _splits(root, files)
    for found in all_found:
        unknown = [path for path, structure in found.masks if structure is None]
        drops += [Drop(source=told.source, what=path, reason="unknown_label") for path in unknown]
        item = _case(root, found, told, groups[found.image], splits)
        (cases if isinstance(item, CaseRef) else drops).append(item)  # type: ignore[arg-type]
    taken = {path for found in all_found for path in (found.image, *(mask for mask, _ in found.masks))}
    strays = [path for path in pictures(files.files) if path not in taken and _in(path, "masks")]
    drops += [Drop(source=told.source, what=path, reason="no_image") for path in strays]
    drops += leftovers(told.source, files.files, {*taken, *strays})
    yield from sorted(cases, key=lambda case: case.case_id)
    yield from sorted(drops, key=lambda drop: drop.what)


def _case(root: Path, found: Found, told: Told, group: str, splits: Mapping[str, str]) -> CaseRef | Drop:
    modality, sequence = _modality(PurePosixPath(found.image).stem, told.modality)
    called = [(path, told.labels.get(structure or "", OUT)) for path, structure in found.masks]
    refs = [MaskRef(path=path, label=named(own)[0].id) for path, own in called if own != OUT]
    if not modality:
        return Drop(source=told.source, what=found.image, reason="unsupported_modality")
    if not refs:
        return Drop(source=told.source, what=found.image, reason="no_mask")
    return CaseRef(
        source=told.source,
        root=str(root),
        case_id=without_suffix(found.image),
        image=found.image,
        masks=tuple(refs),
        modality=modality,
        sequence=sequence,
        group=group,
        split_official=splits.get(PurePosixPath(found.image).name),
    )


def _scan(stem: str) -> str:
    """What a split must keep together: corpus and case, without the number of the slice."""
    parts = stem.split("--")
    return "--".join(parts[1:3]) if len(parts) > 3 else re.sub(r"_\d+$", "", stem)


def _modality(stem: str, otherwise: str) -> tuple[str, str | None]:
    """The modality, '' for one that is not covered, and the MRI sequence."""
    parts = stem.split("--")
    if len(parts) > 3:
        kind, _, sub = parts[0].partition("_")
        modality = _KINDS.get(kind, "")
        return modality, sub.upper() if modality == "mri" and sub.isalnum() and sub != "00" else None
    amos = re.match(r"amos_(\d+)_", stem)
    return ("mri" if int(amos[1]) >= _FIRST_MRI else "ct") if amos else otherwise, None


def _splits(root: Path, files: Listing) -> dict[str, str]:
    """The official split of each picture's file name, as the demo's two lists say it."""
    found: dict[str, str] = {}
    for path in files.files:
        split = SPLITS.get(PurePosixPath(path).name)
        if split:
            table = _table(root, files, path)
            named_there = table if split == "train" else table.values()
            found |= {PurePosixPath(image).name: split for image in named_there if isinstance(image, str)}
    return found


SOURCE: Final = configure()
