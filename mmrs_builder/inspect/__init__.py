"""What a folder holds, and what of it could be used: a diagnosis before the first build. Writes nothing."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from mmrs_builder import sources
from mmrs_builder.io.check import Checked, Counts, check, counted
from mmrs_builder.io.guess import guess
from mmrs_builder.io.listing import junk, listing, pictures
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import REASONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found. ``images`` and ``masks`` are options of the source ``folder``; None if no rule pairs anything."""

    path: str
    extensions: Counts
    junk: int
    outside: tuple[str, ...]  # links that lead out of the folder
    misnamed: tuple[str, ...]  # names that are not UTF-8 or hold control characters
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
    best = guess(path, shown)
    paired = best.paired if best else {}
    taken = {*paired, *(mask for own in paired.values() for mask in own)}
    return Inspection(
        path=str(path),
        extensions=counted(Counter(PurePosixPath(name).suffix.casefold() or "(none)" for name in found.files)),
        junk=sum(junk(entry.name) for entry in path.rglob("*")),
        outside=found.outside,
        misnamed=found.misnamed,
        fits=tuple(_fits(path)),
        images=best.images if best else None,
        masks=best.masks if best else None,
        pairs=len(paired),
        unmatched=tuple(name for name in shown if name not in taken),
        checked=check(path, dict(islice(paired.items(), most))),
    )


def to_json(found: Inspection) -> str:
    """The whole diagnosis as JSON."""
    return json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False)


def lines(found: Inspection) -> Iterator[str]:
    """The diagnosis as text; long lists are cut."""
    checked = found.checked
    yield f"{found.path}: {_some([f'{n} {suffix}' for suffix, n in found.extensions])}"
    for source, cases, drops in found.fits:
        yield f"layout of source {source}: {cases} cases, {drops} dropped"
    if found.images:
        yield f"{found.pairs} images with masks: images={found.images!r} masks={found.masks!r}"
        yield "options of source folder to think of: ids='rank' (private data: no file name is stored)"
        if any(reason == "orientation_unclear" for _, reason in checked.refused):
            yield "say mask_grid='stored' or mask_grid='upright': masks were drawn before or after the EXIF rotation"
    yield from (
        f"{title}: {len(items)}: {_some(items)}"
        for title, items in (
            ("image sizes", [f"{n} of {size}" for size, n in checked.sizes]),
            ("mask values", [f"{value} ({n} px)" for value, n in checked.values]),
            ("masks with JPEG compression", checked.lossy),
            ("masks with doubtful pixels", [f"{mask} ({n} px)" for mask, n in checked.doubtful]),
            ("empty masks", checked.empty),
            ("refused", [f"{what}: {REASONS[reason]}" for what, reason in checked.refused]),
            ("identical images", [" = ".join(same) for same in checked.duplicates]),
            ("pictures without a partner", found.unmatched),
            ("links that lead out of the folder", found.outside),
            ("names that are not UTF-8 or hold control characters", found.misnamed),
            ("files left by an operating system", [str(found.junk)] * bool(found.junk)),
        )
        if items
    )


def _some(items: Sequence[str], most: int = 5) -> str:
    return ", ".join(items[:most]) + (", ..." if len(items) > most else "")


def _fits(path: Path) -> Iterator[tuple[str, int, int]]:
    """Known sources that find cases in the folder; the source ``folder`` takes whatever its options say."""
    for source in sources.catalogue():
        if source.embedded or source.name == "folder":
            continue
        with suppress(ValueError):
            found = list(source.index(path))
            cases = sum(isinstance(item, CaseRef) for item in found)
            if cases:
                yield source.name, cases, len(found) - cases
