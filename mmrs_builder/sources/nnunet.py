"""nnU-Net raw datasets, version 1 (also the Medical Segmentation Decathlon) and version 2, in 3-D and 2-D.

The two versions write ``dataset.json`` the other way round: version 1 maps numbers to names, version 2 names to
numbers.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.extras import need
from mmrs_builder.io.labelmap import Numbers, check_named, whole_numbers
from mmrs_builder.io.layout import answers, ranks
from mmrs_builder.io.listing import PICTURES, VOLUMES, Listing, leftovers, listing
from mmrs_builder.io.numbers import read_numbers
from mmrs_builder.io.options import MAX_TEXT, expression, identifier, one_of, phrase
from mmrs_builder.io.pairing import without_suffix
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MaskReading, read_picture
from mmrs_builder.io.volumefile import read_volume
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.shown import SHOWN, Shown, ShownOption
from mmrs_builder.types import Case, CaseRef, Drop, Label, MaskRef, Source, Term
from mmrs_builder.views import case_of
from mmrs_builder.vocab import MODALITIES, Rejected
from mmrs_builder.volume_rules import Coverage, Empty, Exhaustive, MinimumArea, Planes, Rules, Sides, Window, rules
from mmrs_builder.volumes import Mask3D, volume_case

FOLDERS: Final = (
    ("imagesTr", "labelsTr", None),
    ("imagesVa", "labelsVa", "validation"),
    ("imagesTs", "labelsTs", "test"),
)
"""Images, their label maps, and the official split they are."""

IGNORED: Final = "ignore"
"""nnU-Net's own name for voxels that nobody has annotated."""

MASK_RULE: Final = "The voxels of a label's number, or of one of a region's numbers."

_KINDS: Final = {
    "ct": "ct",
    "mr": "mri",
    "mri": "mri",
    "t1": "mri",
    "t2": "mri",
    "flair": "mri",
    "t1w": "mri",
    "t2w": "mri",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What ``dataset.json`` says: the numbers of each structure, those that are ignored, and the first channel."""

    numbers: Mapping[str, tuple[int, ...]]
    ignored: tuple[int, ...]
    channel: str
    license: str


def configure(
    *,
    root: Path | None = None,
    modality: Annotated[str, "ct, mri, xray, ultrasound, endoscopy or dermoscopy; '': as dataset.json says"] = "",
    labels: Annotated[str, "other names for labels of dataset.json: ET=enhancing tumour,…"] = "",
    channel: Annotated[str, "which channel to show, counted from 0"] = "0",
    window: Window = "auto",
    planes: Planes = "axial",
    coverage: Coverage = "5",
    empty: Empty = "0.1",
    exhaustive: Exhaustive = "yes",
    minimum_area: MinimumArea = "0.00005",
    sides: Sides = "header",
    shown: ShownOption = "",
    patient: Annotated[str, "expression for the patient in the image's path, who is stored as a rank: p0001"] = "",
    license: Annotated[str, "licence of images and labels; '': as dataset.json says"] = "",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "nnunet",
) -> Source:
    """A source for one dataset: the folder with ``dataset.json``, or the folder that holds it.

    Raises ``ValueError``, naming the option or what is wrong in ``dataset.json``.
    """
    home = _home(root) if root is not None else None
    table = _table(home) if home is not None else Table(numbers={}, ignored=(), channel="", license="unknown")
    told = mapping("labels", labels)
    if strange := sorted(told.keys() - table.numbers.keys()) if home is not None else []:
        there = ", ".join(table.numbers)
        raise ValueError(f"labels={labels!r}: dataset.json has no label {strange[0]!r} (there is {there})")
    names = {label: told.get(label, label) for label in table.numbers}
    found, terms = chosen(names.values())
    own = rules(
        found, window=window, planes=planes, coverage=coverage, empty=empty, exhaustive=exhaustive,
        minimum_area=minimum_area, sides=sides,
    )  # fmt: skip
    if not channel.isdecimal():
        raise ValueError(f"channel={channel!r}: must be a whole number from 0")
    kind = one_of("modality", modality, ("", *MODALITIES)) or _KINDS.get(table.channel.casefold().split("-")[0], "")
    if home is not None and not kind:
        raise ValueError(f"modality: dataset.json calls the channel {table.channel!r}; say which modality it is")
    index = Told(
        source=identifier("name", name, hyphens=True),
        masks=tuple((named(names[label])[0].id, ",".join(map(str, n))) for label, n in table.numbers.items()),
        modality=kind,
        channel=int(channel),
        patient=expression("patient", patient),
    )
    load = partial(
        _load,
        own=own,
        channel=int(channel),
        ignored=table.ignored,
        shown=SHOWN[one_of("shown", shown, [*SHOWN])],
    )
    return _source(index, own, terms, phrase("license", license or table.license), load)


def _source(
    told: Told, own: Rules, terms: tuple[tuple[Label, Term], ...], license: str, load: Callable[[CaseRef], Case]
) -> Source:
    return Source(
        name=told.source,
        title="nnU-Net raw dataset",
        version="1",
        modality=told.modality or "several",
        license=license,
        license_class="script-only",
        url="https://github.com/MIC-DKFZ/nnUNet",
        labels=own.labels,
        exhaustive=own.exhaustive,
        patient_ids=bool(told.patient),
        minimum_area=own.minimum_area,
        mask_rule=MASK_RULE,
        index=partial(_index, told=told),
        load=load,
        terms=terms,
        steps="Give the folder of the dataset (DatasetXXX_Name or TaskXX_Name) with --data.",
    )


def _home(root: Path) -> Path:
    """The folder with ``dataset.json``. Raises ``ValueError`` unless there is one."""
    homes = [path.parent for path in (root / "dataset.json", *sorted(root.glob("*/dataset.json"))) if path.is_file()]
    if not homes or (len(homes) > 1 and homes[0] != root):
        there = ", ".join(home.name for home in homes)
        raise ValueError(
            f"{root} holds several datasets ({there}): give one of them" if homes else f"no dataset.json in {root}"
        )
    return homes[0]


def _table(home: Path) -> Table:
    """What ``dataset.json`` says. Raises ``ValueError``, saying what is wrong."""
    try:
        raw = json.loads(read_bytes(home, "dataset.json"))
        labels: dict[str, Any] = dict(raw["labels"])
        channels: dict[str, Any] = dict(raw.get("channel_names") or raw.get("modality") or {})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, Rejected) as error:
        raise ValueError(f"dataset.json: not as nnU-Net writes it ({type(error).__name__}: {error})") from None
    if all(key.isdecimal() for key in labels):
        labels = {str(value): int(key) for key, value in labels.items()}
    numbers = {str(label): tuple(value) if isinstance(value, list) else (value,) for label, value in labels.items()}
    for label, members in numbers.items():
        if not members or any(type(n) is not int or n < 0 for n in members):
            raise ValueError(f"dataset.json: label {label!r} has no whole numbers")
    licence = raw.get("licence") or raw.get("license") or "unknown"
    return Table(
        numbers={label: members for label, members in numbers.items() if label != IGNORED and members != (0,)},
        ignored=numbers.get(IGNORED, ()),
        channel=str(channels.get("0", "")),
        license=" ".join(str(licence).split())[:MAX_TEXT].strip(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the index needs to know. ``masks`` are the canonical labels and their numbers, for ``MaskRef.pick``."""

    source: str
    masks: tuple[tuple[str, str], ...]
    modality: str
    channel: int
    patient: str


def _index(root: Path, *, told: Told) -> Iterator[CaseRef | Drop]:
    """A case per image with a label map, sorted; then a drop for each other file that is an image or a label map."""
    home = _home(root)
    found = listing(home)
    drops = [Drop(source=told.source, what=path, reason="outside_root") for path in found.outside]
    drops += [Drop(source=told.source, what=path, reason="bad_name") for path in found.misnamed]
    cases: list[CaseRef] = []
    taken: set[str] = set()
    for folders in FOLDERS:
        for item, used in _pairs(home, found, told, *folders):
            (cases if isinstance(item, CaseRef) else drops).append(item)  # type: ignore[arg-type]
            taken.update(used)
    if not cases:
        raise ValueError(f"no image of {home} has a label map: expected imagesTr/*_0000.* and labelsTr/*")
    if any(case.image.casefold().endswith(VOLUMES) for case in cases):
        need("nibabel", "SimpleITK")
    twice = {case_id for case_id, n in Counter(case.case_id for case in cases).items() if n > 1}
    drops += leftovers(told.source, found.files, taken, read=[path for path in found.files if _readable(path)])
    patients = ranks("p", answers([case.image for case in cases], told.patient))
    for case in sorted(cases, key=lambda case: case.case_id):
        if case.case_id in twice:
            drops.append(Drop(source=told.source, what=case.image, reason="duplicate_stem"))
        elif told.patient and case.image not in patients:
            detail = f"no answer to {told.patient}"
            drops.append(Drop(source=told.source, what=case.image, reason="bad_metadata", detail=detail))
        else:
            yield replace(case, patient_id=patients.get(case.image))
    yield from sorted(drops, key=lambda drop: drop.what)


def _pairs(
    home: Path, found: Listing, told: Told, images: str, labels: str, split: str | None
) -> Iterator[tuple[CaseRef | Drop, tuple[str, ...]]]:
    """The cases and drops of one pair of folders, with the files that each has used."""
    maps = {_stem(path): path for path in found.files if _in(path, labels)}
    channels: dict[str, dict[int, str]] = {}
    every: dict[str, list[str]] = {}
    for path in found.files:
        if _in(path, images):
            stem, number = _channel(_stem(path), maps)
            channels.setdefault(stem, {})[number] = path
            every.setdefault(stem, []).append(path)
        elif _in(path, labels):
            every.setdefault(_stem(path), []).append(path)
    for stem in sorted(every):
        files = channels.get(stem, {})
        if len(every[stem]) > len(files) + (stem in maps):
            claims = tuple(every[stem])
            yield Drop(source=told.source, what=stem, reason="duplicate_stem", detail=", ".join(claims)), claims
            continue
        shown = files.get(told.channel if len(files) > 1 else min(files, default=0))
        used = (*files.values(), *([maps[stem]] if stem in maps else []))
        if shown is None or stem not in maps:
            reason = "no_image" if stem in maps else "no_mask"
            yield Drop(source=told.source, what=used[0], reason=reason, detail=", ".join(used[1:])), used
            continue
        yield (
            CaseRef(
                source=told.source,
                root=str(home),
                case_id=stem,
                image=shown,
                masks=tuple(MaskRef(path=maps[stem], label=label, pick=pick) for label, pick in told.masks),
                modality=told.modality,
                split_official=split,
            ),
            used,
        )


def _channel(stem: str, maps: Mapping[str, str]) -> tuple[str, int]:
    """``case_0001`` is channel 1 of ``case``, unless a label map has that very name."""
    found = None if stem in maps else re.fullmatch(r"(.+)_(\d{4})", stem, re.ASCII)
    return (found[1], int(found[2])) if found else (stem, 0)


def _in(path: str, folder: str) -> bool:
    return str(PurePosixPath(path).parent) == folder and _readable(path)


def _readable(path: str) -> bool:
    return path.casefold().endswith(VOLUMES) or PurePosixPath(path).suffix.casefold() in PICTURES


def _stem(path: str) -> str:
    return PurePosixPath(without_suffix(path)).name


def _load(ref: CaseRef, *, own: Rules, channel: int, ignored: tuple[int, ...], shown: Shown) -> Case:
    root, path = Path(ref.root), ref.masks[0].path
    if ref.image.casefold().endswith(VOLUMES):
        own_file = _stem(ref.image) == f"{ref.case_id}_{channel:04d}"  # the channel is a file of its own
        volume = read_volume(root, ref.image, channel=0 if own_file else channel)
        return volume_case(ref, volume, _masks(root, ref, ignored), own)
    numbers = read_numbers(root, path)
    if np.isin(numbers, ignored).any():
        raise Rejected("unknown_label", path, "pixels that nobody has annotated (ignore)")
    check_named(numbers, _named(ref), path)
    readings = [MaskReading(mask=_picked(numbers, mask.pick), doubtful_px=0) for mask in ref.masks]
    picture = read_picture(root, ref.image)
    if numbers.shape != picture.pixels.shape[:2]:
        raise Rejected("size_mismatch", path, f"{numbers.shape[1]} x {numbers.shape[0]}")
    return case_of(
        ref,
        picture,
        readings,
        minimum_area=own.minimum_area,
        exhaustive=own.exhaustive,
        labels=own.labels,
        shown=shown,
    )


def _masks(root: Path, ref: CaseRef, ignored: tuple[int, ...]) -> Iterator[Mask3D]:
    path = ref.masks[0].path
    volume = read_volume(root, path)
    numbers = whole_numbers(volume.values, path)
    check_named(numbers, {*_named(ref), *ignored}, path)
    if ignored:
        yield Mask3D(label=None, mask=np.isin(numbers, ignored), lattice=volume.lattice, what=path)
    for mask in ref.masks:
        yield Mask3D(label=mask.label, mask=_picked(numbers, mask.pick), lattice=volume.lattice, what=path)


def _picked(numbers: Numbers, pick: str) -> npt.NDArray[np.bool_]:
    wanted = [int(number) for number in pick.split(",")]
    return numbers == wanted[0] if len(wanted) == 1 else np.isin(numbers, wanted)


def _named(ref: CaseRef) -> set[int]:
    return {int(number) for mask in ref.masks for number in mask.pick.split(",")}


SOURCE: Final = configure()
