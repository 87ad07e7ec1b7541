"""What a folder holds, and what of it could be used: a diagnosis before the first build. Writes nothing."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, permutations
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

import numpy as np

from mmrs_builder import sources
from mmrs_builder.digests import pixels_sha256
from mmrs_builder.io.decode import decode
from mmrs_builder.io.listing import junk, listing, pictures
from mmrs_builder.io.pairing import pairs
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import read_pair
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import REASONS, Rejected

Counts: TypeAlias = tuple[tuple[str, int], ...]
Paired: TypeAlias = Mapping[str, tuple[str, ...]]

NAMES: Final = ("{stem}_mask*", "{stem}_segmentation", "{stem}_Segmentation", "{stem}_seg*", "{stem}_gt*", "mask_{stem}")
"""How a mask may be named after its image when it is not named alike."""

MOST_FOLDERS: Final = 8
"""Folder names tried against each other. A corpus with more has a folder per patient, and the masks lie in there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the pixels of the pairs that were read say. Counts are sorted, most frequent first."""

    read: int = 0
    sizes: Counts = ()  # width x height of the images
    values: Counts = ()  # grey values of the masks and their pixels
    lossy: tuple[str, ...] = ()  # masks stored with JPEG compression
    doubtful: Counts = ()  # masks with pixels that the threshold had to decide
    empty: tuple[str, ...] = ()  # masks
    refused: tuple[tuple[str, str], ...] = ()  # file and reason code
    duplicates: tuple[tuple[str, ...], ...] = ()  # images with identical pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found. ``images`` and ``masks`` are options of the source ``folder``, None where no rule pairs anything."""

    path: str
    extensions: Counts
    junk: int
    outside: tuple[str, ...]  # links that lead out of the folder
    fits: tuple[tuple[str, int, int], ...]  # known source, cases, drops
    images: str | None
    masks: str | None
    pairs: int
    unmatched: tuple[str, ...]  # pictures that are neither image nor mask
    checked: Checked


def inspect(path: Path, most: int = 1000) -> Inspection:
    """Diagnose a corpus folder, reading at most ``most`` pairs. Raises ``ValueError`` when it is not a folder."""
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    found = listing(path)
    shown = pictures(found.files)
    paired, images, masks = max(_guesses(shown), key=lambda guess: _score(path, guess[0]), default=({}, None, None))
    taken = {*paired, *(mask for own in paired.values() for mask in own)}
    return Inspection(
        path=str(path),
        extensions=_counted(Counter(PurePosixPath(name).suffix.casefold() for name in found.files)),
        junk=sum(junk(entry.name) for entry in path.rglob("*")),
        outside=found.outside,
        fits=tuple(_fits(path)),
        images=images,
        masks=masks,
        pairs=len(paired),
        unmatched=tuple(name for name in shown if name not in taken),
        checked=_check(path, dict(islice(paired.items(), most))),
    )


def to_json(found: Inspection) -> str:
    """The whole diagnosis as JSON."""
    return json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False)


def lines(found: Inspection) -> Iterator[str]:
    """The diagnosis as text, longer lists cut."""
    checked = found.checked
    yield f"{found.path}: {_list([f'{n} {suffix or 'without extension'}' for suffix, n in found.extensions])}"
