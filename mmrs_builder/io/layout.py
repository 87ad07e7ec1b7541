"""The cases of a folder whose layout is told in globs and expressions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mmrs_builder.io.listing import leftovers, listing, pictures, volumes
from mmrs_builder.io.options import expression
from mmrs_builder.io.pairing import compiled, matching, natural, pairs, without_suffix
from mmrs_builder.types import CaseRef, Drop, MaskRef
from mmrs_builder.vocab import SPLITS

_SPLITS: Final = {split: split for split in SPLITS} | {"val": "validation", "valid": "validation"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Globs:
    """Which files are images and masks, as ``pairing.pairs`` reads it."""

    images: str
    masks: str
    stem: str = ""

    def __post_init__(self) -> None:
        expression("stem", self.stem)
        for option, glob in (("images", self.images), ("masks", self.masks)):
            strange = set(re.findall(r"\{\w*\}", glob)) - {"{stem}", "{parent}"}
            try:
                compiled(glob)
            except re.error as error:
                raise ValueError(f"{option}={glob!r}: {error}") from error
            if strange or not glob:
                raise ValueError(f"{option}={glob!r}: a glob is needed, with {{stem}} and {{parent}} at most")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Regular expressions with one group, searched in an image's path; the empty one asks nothing."""

    patient: str = ""
    group: str = ""
    split: str = ""

    def __post_init__(self) -> None:
        for name in ("patient", "group", "split"):
            expression(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a folder becomes cases."""

    source: str
    modality: str
    globs: Globs
    keys: Keys
    refs: Callable[[str], tuple[MaskRef, ...]]  # what a mask file shows, by its path
    kind: Literal["pictures", "volumes"] = "pictures"
    unmasked: bool = False  # an image without a mask is a case
    ranked: bool = False  # case ids are ranks, so that no file name is stored


def index(root: Path, *, layout: Layout) -> Iterator[CaseRef | Drop]:
    """A case or a drop for each image, mask without image, other picture file, link out of ``root`` and name that
    cannot be stored, sorted by case id or path.

    Patients and groups appear as their rank among all keys found. An image in which an expression finds nothing is
    dropped (``bad_metadata``): it could belong to anybody. Images that share a mask or a case id are dropped, all of
    them. Raises ``ValueError`` when no file matches ``images``.
    """
    found = listing(root)
    paths = pictures(found.files) if layout.kind == "pictures" else volumes(found.files)
    paired = pairs(paths, layout.globs.images, layout.globs.masks, layout.globs.stem)
    if not paired:
        there = _examples(layout.kind, paths, found.outside)
        raise ValueError(f"no {layout.kind[:-1]} in {root} matches images={layout.globs.images!r}: {there}")
    source, used = layout.source, {mask for masks in paired.values() for mask in masks}
    strays = {path for path in matching(paths, layout.globs.masks) if path not in used and not paired.get(path)}
    items = [
        *(Drop(source=source, what=path, reason="outside_root") for path in found.outside),
        *(Drop(source=source, what=path, reason="bad_name") for path in found.misnamed),
        *(Drop(source=source, what=path, reason="no_image") for path in strays),
        *leftovers(source, found.files, {*paired, *used, *strays}, read=paths),
        *_cases(root, layout, {image: masks for image, masks in paired.items() if image not in strays}),
    ]
    yield from sorted(items, key=lambda item: item.case_id if isinstance(item, CaseRef) else item.what)


def _cases(root: Path, layout: Layout, paired: Mapping[str, tuple[str, ...]]) -> Iterator[CaseRef | Drop]:
    stems = {image: without_suffix(image) for image in paired}
    ids = numbered(stems) if layout.ranked else stems
    claims = Counter([*stems.values(), *(mask for masks in paired.values() for mask in masks)])
    patients, groups = ranks("p", answers(paired, layout.keys.patient)), ranks("g", answers(paired, layout.keys.group))
    named = answers(paired, layout.keys.split)
    splits = {image: _SPLITS[name.casefold()] for image, name in named.items() if name.casefold() in _SPLITS}
    asked = ((layout.keys.patient, patients), (layout.keys.group, groups), (layout.keys.split, splits))
    for image, masks in paired.items():
        refs = {mask: layout.refs(mask) for mask in masks}
        yield from (
            Drop(source=layout.source, what=mask, reason="not_matched", detail="its path names no structure")
            for mask, shown in refs.items()
            if not shown
        )
        shared = [claim for claim in (stems[image], *masks) if claims[claim] > 1]
        unknown = [key for key, known in asked if key and image not in known]
        if shared:
            yield Drop(source=layout.source, what=image, reason="duplicate_stem", detail=f"shares {shared[0]}")
        elif unknown:
            yield Drop(source=layout.source, what=image, reason="bad_metadata", detail=f"no answer to {unknown[0]}")
        elif not any(refs.values()) and not layout.unmasked:
            detail = "its masks name no structure" if masks else f"nothing matches {layout.globs.masks}"
            yield Drop(source=layout.source, what=image, reason="no_mask", detail=detail)
        else:
            yield CaseRef(
                source=layout.source,
                root=str(root),
                case_id=ids[image],
                image=image,
                masks=tuple(ref for shown in refs.values() for ref in shown),
                modality=layout.modality,
                patient_id=patients.get(image),
                group=groups.get(image),
                split_official=splits.get(image),
            )


def numbered(stems: Mapping[str, str]) -> dict[str, str]:
    """``c00001`` and so on, in the order of the stems; as many digits as the largest number needs."""
    digits = max(5, len(str(len(stems))))
    order = sorted(stems, key=lambda image: (stems[image], image))
    return {image: f"c{number:0{digits}d}" for number, image in enumerate(order, start=1)}


def answers(images: Iterable[str], key: str) -> dict[str, str]:
    """What the first group of an expression finds in each path; paths in which it finds nothing are left out."""
    found = {image: re.search(key, image) for image in images} if key else {}
    return {image: match.group(1) for image, match in found.items() if match and match.group(1)}


def ranks(letter: str, keys: Mapping[str, str]) -> dict[str, str]:
    """Keys replaced by a letter and their rank, counted from 1 in natural order: they say who is one, not who it is."""
    rank = {key: f"{letter}{i:04d}" for i, key in enumerate(sorted({*keys.values()}, key=natural), start=1)}
    return {image: rank[key] for image, key in keys.items()}


def _examples(kind: str, paths: Sequence[str], outside: Sequence[str]) -> str:
    if outside:
        return f"links out of the folder are not followed: {', '.join(outside[:3])}"
    return f"there is {', '.join(paths[:3])}" if paths else f"it holds no {kind}"
