"""Guessing how a folder pairs its images and masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import islice, permutations
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder.io.check import check
from mmrs_builder.io.pairing import pairs

NAMES: Final = (
    "{stem}_mask*",
    "{stem}_segmentation",
    "{stem}_Segmentation",
    "{stem}_seg*",
    "{stem}_gt*",
    "mask_{stem}",
)
"""How a mask may be named after its image when it is not named alike."""

MOST_FOLDERS: Final = 8
"""Folder names tried against each other. A corpus with more has a folder per patient, and the masks lie in there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Globs for ``pairing.pairs``, and the images to which they give masks."""

    images: str
    masks: str
    paired: Mapping[str, tuple[str, ...]]


def guess(root: Path, paths: Sequence[str]) -> Guess | None:
    """The rule that pairs most of the sorted pictures ``paths`` with readable masks; None if none pairs any."""
    return max(_guesses(paths), key=lambda rule: _score(root, rule), default=None)


def _guesses(paths: Sequence[str]) -> Iterator[Guess]:
    """Pairings by rule: masks beside their images under another name, or in a sibling folder."""
    rules = [("**/*", f"{{parent}}/{name}.*") for name in NAMES]
    folders = sorted({escape(PurePosixPath(path).parent.name) for path in paths} - {""})
    if len(folders) <= MOST_FOLDERS:
        rules += [
            (f"**/{a}/*", f"{{parent}}/../{b}/{name}.*")
            for a, b in permutations(folders, 2)
            for name in ("{stem}", *NAMES, "{stem}_*")
        ]
    for images, masks in rules:
        paired = {image: own for image, own in pairs(paths, images, masks).items() if own}
        suffixes = {PurePosixPath(image).suffix for image in paired}
        if paired:
            suffix = suffixes.pop() if len(suffixes) == 1 else ""
            yield Guess(images=images + suffix, masks=masks, paired=paired)


def _score(root: Path, rule: Guess) -> tuple[bool, int, int]:
    """A rule is good if its masks read as masks, whichever way up, then by how many images it serves."""
    found = check(root, dict(islice(rule.paired.items(), 5))).refused
    refused = [reason for _, reason in found if reason != "orientation_unclear"]
    return len(refused) < min(5, len(rule.paired)), len(rule.paired), -len(refused)
