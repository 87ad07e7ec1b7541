"""Guessing how a folder pairs its images and masks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import islice, permutations
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from mmrs_builder.io.check import usable
from mmrs_builder.io.extras import need
from mmrs_builder.io.labelmap import whole_numbers
from mmrs_builder.io.pairing import pairs, without_suffix
from mmrs_builder.io.volumefile import read_volume
from mmrs_builder.types import Volume
from mmrs_builder.vocab import Rejected

NAMES: Final = (
    "{stem}_mask*",
    "{stem}_segmentation",
    "{stem}_Segmentation",
    "{stem}_seg*",
    "{stem}_gt*",
    "{stem}_label*",
    "{stem}-label*",
    "mask_{stem}",
)
"""How a mask may be named after its image when it is not named alike."""

HINT: Final = re.compile(r"(?i)mask|label|seg|truth|gt|annot|lesion|manual")
"""What is in the name of a folder or file with masks."""

MOST_FOLDERS: Final = 8
"""Folder names tried against each other. Of more, only those that ``HINT`` finds can hold masks."""

SHOWN: Final = ("flair", "t1ce", "t1c", "t1gd", "t1n", "t1", "t2w", "t2", "ct", "ct1", "image", "img", "orig")
"""Which of several images of a case is shown, the first that there is."""

TRIED: Final = 5
"""Pairs of each rule that are opened."""

LIBRARIES: Final = ("nibabel", "SimpleITK")

MOST_LABELS: Final = 300
"""A volume with more different numbers is no map of structures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Globs and expressions for ``pairing.pairs``, and the images to which they give masks.

    ``structure`` is an expression for a structure's name in the path of its mask; '' where one file holds all.
    """

    images: str
    masks: str
    stem: str = ""
    structure: str = ""
    paired: Mapping[str, tuple[str, ...]]


_Rule = tuple[str, str, str, str]  # images, masks, stem, structure


def guess(root: Path, paths: Sequence[str]) -> Guess | None:
    """The rule that pairs most of the sorted pictures ``paths`` with readable masks; None if none pairs any."""
    return _best(root, _guesses(paths, _picture_rules(paths)), usable)


def guess_volumes(root: Path, paths: Sequence[str]) -> Guess | None:
    """The same for volumes. Masks are opened only where the libraries for it are installed."""
    return _best(root, _guesses(paths, _volume_rules(paths)), usable_volumes)


def usable_volumes(root: Path, image: str, masks: Iterable[str]) -> bool:
    """Whether masks hold whole numbers and have their image's shape, and the image more values than its masks.

    True where the libraries that could tell are not installed.
    """
    try:
        need(*LIBRARIES)
    except ValueError:
        return True
    try:
        volume = first_volume(root, image)
        found = [read_volume(root, mask) for mask in list(masks)[:3]]
        most = max(np.unique(whole_numbers(mask.values, image)).size for mask in found)
    except Rejected:
        return False
    shapes = {mask.lattice.shape for mask in found}
    return shapes == {volume.lattice.shape} and most <= MOST_LABELS and _variety(volume) > most


def first_volume(root: Path, path: str) -> Volume:
    """A volume; of a 4-D file the first. Raises ``Rejected`` as ``read_volume`` does."""
    try:
        return read_volume(root, path)
    except Rejected as refusal:
        if refusal.reason != "multi_frame":
            raise
        return read_volume(root, path, channel=0)


def _variety(volume: Volume) -> int:
    """How many different values a volume has, in an even sample of it."""
    values = volume.values.ravel()
    return int(np.unique(values[:: max(1, values.size // 1_000_000)]).size)


def _best(root: Path, rules: Iterator[Guess], fine: Callable[[Path, str, tuple[str, ...]], bool]) -> Guess | None:
    """A rule is good if its masks read as masks; then by the images it serves, then by what its masks are called."""

    def score(rule: Guess) -> tuple[bool, int, int, bool]:
        tried = list(islice(rule.paired.items(), TRIED))
        good = sum(fine(root, image, masks) for image, masks in tried)
        return good > 0, len(rule.paired) * (2 * good > len(tried)), good, bool(HINT.search(rule.masks))

    return max(rules, key=score, default=None)


def _guesses(paths: Sequence[str], rules: Iterator[_Rule]) -> Iterator[Guess]:
    for images, masks, stem, structure in rules:
        paired = {image: own for image, own in pairs(paths, images, masks, stem).items() if own}
        endings = {image.removeprefix(without_suffix(image)) for image in paired}
        if paired:
            ending = endings.pop() if len(endings) == 1 and not images.endswith(".*") else ""
            yield Guess(images=images + ending, masks=masks, stem=stem, structure=structure, paired=paired)


def _picture_rules(paths: Sequence[str]) -> Iterator[_Rule]:
    """Masks beside their images under another name, in a sibling folder, or in a sibling of the folder above."""
    yield from _beside()
    for image, mask in _folder_pairs(paths):
        for name in ("{stem}", *NAMES, "{stem}_*"):
            yield f"**/{image}/*", f"{{parent}}/../{mask}/{name}.*", "", ""
    for image, mask in _folder_pairs(paths, above=True):
        yield f"**/{image}/*/*", f"{{parent}}/../../{mask}/*/{{stem}}.*", "", ""


def _volume_rules(paths: Sequence[str]) -> Iterator[_Rule]:
    """Besides: channels that are numbered or named, and a folder of masks, one per structure, for each image."""
    yield from _beside()
    for image, mask in _folder_pairs(paths):
        for name in ("{stem}", *NAMES):
            yield f"**/{image}/*", f"{{parent}}/../{mask}/{name}.*", "", ""
        yield f"**/{image}/*_0000.*", f"{{parent}}/../{mask}/{{stem}}.*", r"(.+)_0000", ""
        yield f"**/{image}/*", f"{{parent}}/../{mask}/*.*", "", ""
    yield from _channels(paths)
    yield from _inside(paths)


def _beside() -> Iterator[_Rule]:
    for name in NAMES:
        yield "**/*", f"{{parent}}/{name}.*", "", ""


def _folder_pairs(paths: Sequence[str], *, above: bool = False) -> Iterator[tuple[str, str]]:
    """Names of two folders that may hold images and masks, escaped."""
    parents = [PurePosixPath(path).parent for path in paths]
    folders = sorted({parent.parent.name if above else parent.name for parent in parents} - {""})
    if len(folders) <= MOST_FOLDERS:
        yield from permutations(map(escape, folders), 2)
        return
    hinted = [folder for folder in folders if HINT.search(folder)]
    if len(hinted) <= MOST_FOLDERS:
        others = Counter(folder for folder in folders if folder not in hinted)
        for mask in hinted:
            yield from ((escape(image), escape(mask)) for image in islice(others, MOST_FOLDERS))


def _channels(paths: Sequence[str]) -> Iterator[_Rule]:
    """``case_flair`` and ``case_seg``: words behind the last underscore or hyphen, or whole names in folders."""
    words = {re.split(r"[_-]", PurePosixPath(without_suffix(path)).name)[-1] for path in paths}
    masks = sorted(word for word in words if HINT.search(word))
    known = {word.casefold(): word for word in words if word not in masks}
    shown = next((known[name] for name in SHOWN if name in known), None)
    for mask in masks if shown else ():
        for sign in "_-":
            yield (
                f"**/*{sign}{escape(str(shown))}.*",
                f"{{parent}}/{{stem}}{sign}{escape(mask)}.*",
                f"(.+){sign}{re.escape(str(shown))}",
                "",
            )
        yield f"**/{escape(str(shown))}.*", f"{{parent}}/{escape(mask)}.*", "", ""


def _inside(paths: Sequence[str]) -> Iterator[_Rule]:
    """An image beside a folder that holds its masks, one file per structure."""
    homes: dict[str, list[str]] = {}
    for path in paths:
        homes.setdefault(str(PurePosixPath(path).parent), []).append(path)
    rules = {
        (PurePosixPath(without_suffix(image)).name, PurePosixPath(folder).name)
        for folder in homes
        for image in homes.get(str(PurePosixPath(folder).parent), [])
    }
    for image, folder in islice(sorted(rules), 4 * MOST_FOLDERS):
        masks = f"{{parent}}/{escape(folder)}/*.*"
        yield f"**/{escape(image)}.*", masks, "", rf"{re.escape(folder)}/([^/]+)$"
