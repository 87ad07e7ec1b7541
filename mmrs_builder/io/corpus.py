"""The cases of a corpus whose file names are known: which file is an image, a mask of what, or neither.

File names are told in regular expressions that match a path below some folder of the user's, in any case. Their named
groups make the case: those of an image and of its masks must agree.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from mmrs_builder.io.extras import need
from mmrs_builder.io.listing import Listing, leftovers, listing, pictures, volumes
from mmrs_builder.io.official import official_split
from mmrs_builder.io.pairing import natural
from mmrs_builder.types import CaseRef, Drop, MaskRef

Needs: TypeAlias = Literal["all", "any", "none"]
"""Which kinds of mask an image must have to be a case."""

BLOCK: Final = 25
"""About as many frames of one polyp follow each other in CVC-ClinicDB (612 frames, 29 sequences)."""

_KEPT: Final = ("patient", "group", "split")
_READ: Final[Mapping[str, Callable[[Iterable[str]], tuple[str, ...]]]] = {
    "pictures": pictures, "volumes": volumes, "any": tuple,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """The mask files of one kind.

    ``path`` is an expression with the groups that ``Files.case`` names; a group ``part`` tells several files of one
    case apart. ``shows`` are the canonical labels by what of the file is meant (``MaskRef.pick``): ``{"": "polyp"}``
    for a file of black and white, ``{"1": "liver", "2": "spleen"}`` for numbers, ``{"#ff0000": "heart"}`` for colours.
    """

    path: str
    shows: Mapping[str, str]
    instance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """How the files of a corpus are called.

    ``case`` is the case id as a format string over the groups of ``image``. The groups ``patient`` and ``group`` are
    stored with the case, ``split`` (in any usual spelling) is its official split. ``aside`` are files that belong to
    the corpus and are neither image nor mask here: superpixels, contours, images without masks.
    """

    layout: str  # for the message when nothing is found
    image: str
    masks: tuple[Masks, ...]
    case: str = "{case}"
    aside: str = r"(?!)"
    needs: Needs = "all"
    kind: Literal["pictures", "volumes", "any"] = "pictures"  # which files are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A file and what its name tells. ``number`` is the place of its kind in ``Files.masks``, -1 for an image."""

    path: str
    home: str
    case: str
    number: int
    groups: Mapping[str, str | None]


def cases(
    root: Path, *, source: str, files: Files, modality: str, sequence: str | None = None
) -> Iterator[CaseRef | Drop]:
    """The cases, sorted by id, then a drop for everything else that is found, sorted by path.

    The same tree twice, as some archives hold it, is read once: of a case the files of the fullest folder count, of
    several the outermost; the others are dropped (``second_copy``). Raises ``ValueError`` when there is no image at all
    and, where there are volumes, when what reads them is not installed.
    """
    listed = listing(root)
    outside = frozenset(listed.outside)
    paths = _READ[files.kind](sorted((*listed.files, *outside)))
    found, aside = _sorted_out(paths, files)
    if not any(item.number < 0 for item in found):
        raise ValueError(f"no {source} images in {root}: expected {files.layout} there{_linked(listed)}")
    if files.kind == "volumes":
        need("nibabel", "SimpleITK")
    by_case: dict[str, list[_Found]] = defaultdict(list)
    for item in found:
        by_case[item.case].append(item)
    taken = {*(item.path for item in found), *aside}
    drops = [Drop(source=source, what=path, reason="outside_root") for path in listed.outside if path not in taken]
    drops += [Drop(source=source, what=path, reason="bad_name") for path in listed.misnamed]
    drops += [Drop(source=source, what=path, reason="companion") for path in aside]
    drops += leftovers(source, listed.files, taken, read=() if files.kind == "any" else paths)
    for case in sorted(by_case):
        one, copies = _one_tree(by_case[case])
        drops += [Drop(source=source, what=item.path, reason="second_copy") for item in copies]
        reason, detail = _refusal(one, files, outside)
        if reason:
            drops.append(Drop(source=source, what=case, reason=reason, detail=detail))
        else:
            plain = CaseRef(source=source, root=str(root), case_id=case, image="", modality=modality, sequence=sequence)
            yield _filled(plain, one, files)
    yield from sorted(drops, key=lambda drop: natural(drop.what))


def frames(root: Path, *, source: str, files: Files, modality: str) -> Iterator[CaseRef | Drop]:
    """As ``cases``, of pictures with numbers for names, neighbours in one group."""
    for item in cases(root, source=source, files=files, modality=modality):
        yield replace(item, group=neighbours(int(item.case_id))) if isinstance(item, CaseRef) else item


def neighbours(number: int, what: str = "frames") -> str:
    """A group for pictures whose numbers follow each other, where nobody has told which belong together.

    Blocks of ``BLOCK`` keep most of a sequence together, and tear it where a block ends; a card must say so.
    """
    return f"{what} from {(number - 1) // BLOCK * BLOCK + 1}"


def _sorted_out(paths: Sequence[str], files: Files) -> tuple[list[_Found], list[str]]:
    """Files that make cases, and those that are known to be something else."""
    kinds = [
        re.compile(rf"(?P<home>(?:.*?/)?)(?:{path})", re.IGNORECASE)
        for path in (files.image, *(masks.path for masks in files.masks))
    ]
    other = re.compile(rf"(?:.*/)?(?:{files.aside})", re.IGNORECASE)
    found: list[_Found] = []
    aside: list[str] = []
    for path in paths:
        if other.fullmatch(path):
            aside.append(path)
            continue
        for number, kind in enumerate(kinds, start=-1):
            if match := kind.fullmatch(path):
                groups = match.groupdict()
                case = files.case.format_map({key: value or "" for key, value in groups.items()})
                found.append(_Found(path=path, home=groups["home"] or "", case=case, number=number, groups=groups))
                break
    return found, aside


def _one_tree(items: Sequence[_Found]) -> tuple[list[_Found], list[_Found]]:
    """The files of one case, and the copies elsewhere: those of the folder that holds an image and most kinds of mask,
    the outermost of several. What it lacks may come from folders that hold no image of the case: archives are unpacked
    side by side; but never from another copy of it.
    """
    kinds: dict[str, set[int]] = defaultdict(set)
    for item in items:
        kinds[item.home].add(item.number)

    def rank(home: str) -> tuple[int, int, int, str]:
        return -(-1 in kinds[home]), -len(kinds[home]), home.count("/"), home

    order = sorted(kinds, key=rank)
    usable = [home for home in order if home == order[0] or -1 not in kinds[home]]
    kept: list[_Found] = []
    for number in sorted({item.number for item in items}):
        best = next((home for home in usable if number in kinds[home]), None)
        kept += [item for item in items if item.number == number and item.home == best]
    return kept, [item for item in items if item not in kept]


def _refusal(items: Sequence[_Found], files: Files, outside: frozenset[str]) -> tuple[str | None, str]:
    """Why the files of one case are no case, and which they are."""
    paths = ", ".join(item.path for item in items)
    kinds = [(item.number, item.groups.get("part")) for item in items]
    there = {number for number, _ in kinds if number >= 0}
    if len(set(kinds)) < len(kinds):
        return "duplicate_stem", paths
    if (-1, None) not in kinds:
        return "no_image", paths
    if (files.needs == "all" and len(there) < len(files.masks)) or (files.needs == "any" and not there):
        return "no_mask", paths
    return ("outside_root", paths) if any(item.path in outside for item in items) else (None, "")


def _filled(plain: CaseRef, items: Sequence[_Found], files: Files) -> CaseRef:
    (image,) = (item for item in items if item.number < 0)
    ordered = sorted((item for item in items if item.number >= 0), key=lambda item: (item.number, natural(item.path)))
    facts = {key: image.groups.get(key) or None for key in _KEPT}
    split = facts["split"]
    return replace(
        plain,
        image=image.path,
        masks=tuple(
            MaskRef(path=item.path, label=label, pick=pick, instance=files.masks[item.number].instance)
            for item in ordered
            for pick, label in files.masks[item.number].shows.items()
        ),
        patient_id=facts["patient"],
        group=facts["group"],
        split_official=official_split([split]) if split else None,
    )


def _linked(listed: Listing) -> str:
    return f"; links out of it are not followed: {', '.join(listed.outside[:3])}" if listed.outside else ""
