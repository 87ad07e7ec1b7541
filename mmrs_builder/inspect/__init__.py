"""What a folder holds, and what of it could be used: a diagnosis before the first build. Writes nothing."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from mmrs_builder import sources
from mmrs_builder.inspect.dicom import CheckedDicom, check_dicom
from mmrs_builder.inspect.tables import label_tables
from mmrs_builder.inspect.volumes import CheckedVolumes, check_volumes
from mmrs_builder.io.check import Checked, Counts, check, counted
from mmrs_builder.io.guess import Guess, guess, guess_volumes
from mmrs_builder.io.listing import Listing, junk, listed_once, listing, pictures, volumes
from mmrs_builder.io.pairing import matching, pairs, without_suffix
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import Rejected

Stage = Callable[[str, int], Callable[[int], None]]
"""Told the name of a step and its number of items; returns what is told of each item."""

GENERIC = ("folder", "nifti")
"""Sources whose layout is told in options: ``images`` and ``masks`` are what they would be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How files pair: options of the source ``folder`` or ``nifti``. Empty if no rule pairs anything."""

    images: str = ""
    masks: str = ""
    stem: str = ""
    structure: str = ""
    pairs: int = 0
    without_mask: tuple[str, ...] = ()  # images
    without_image: tuple[str, ...] = ()  # masks
    unmatched: tuple[str, ...] = ()  # neither image nor mask
    same_names: tuple[tuple[str, ...], ...] = ()  # images of one name in several folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A known source that finds cases. ``trouble`` is why it could not look, though the layout is its own."""

    source: str
    cases: int
    drops: int
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found."""

    path: str
    extensions: Counts
    junk: int
    outside: tuple[str, ...]  # links that lead out of the folder
    misnamed: tuple[str, ...]  # names that are not UTF-8 or hold control characters
    fits: tuple[Fit, ...]
    layout: Layout
    checked: Checked
    volume_layout: Layout
    checked_volumes: CheckedVolumes
    tables: Mapping[str, Mapping[str, str]]  # JSON files with names by label number
    dicom: CheckedDicom | None


def inspect(path: Path, most: int = 1000, stage: Stage = lambda _name, _total: lambda _: None) -> Inspection:
    """Diagnose a corpus folder, reading at most ``most`` pairs, volumes and series each.

    Raises ``ValueError`` when it is not a folder.
    """
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    found = listing(path)
    shown, scans = pictures(found.files), volumes(found.files)
    advance = stage("layout", 3)
    flat = guess(path, shown)
    advance(1)
    deep = guess_volumes(path, scans)
    advance(1)
    fits = tuple(known_sources(path))
    advance(1)
    tables = label_tables(path, found.files)
    return Inspection(
        path=str(path),
        extensions=counted(Counter(_ending(name) for name in found.files)),
        junk=sum(junk(entry.name) for entry in path.rglob("*")),
        outside=found.outside,
        misnamed=found.misnamed,
        fits=fits,
        layout=_layout(shown, flat),
        checked=check(path, *_some(flat, most, "pictures", stage)),
        volume_layout=_layout(scans, deep),
        checked_volumes=_check_volumes(path, deep, tables, most, stage),
        tables=tables,
        dicom=_check_dicom(path, found, most, stage),
    )


def to_json(found: Inspection) -> str:
    """The whole diagnosis as JSON."""
    return json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False)


def known_sources(path: Path) -> Iterator[Fit]:
    """Known sources that find cases in the folder, best first: most cases, then fewest files dropped."""
    asked = (source.name for source in sources.catalogue() if not source.embedded and source.name not in GENERIC)
    with listed_once():
        fits = [fit for fit in (_fit(path, name) for name in asked) if fit]
    yield from sorted(fits, key=lambda fit: (-fit.cases, fit.drops, fit.source))


def _fit(path: Path, source: str) -> Fit | None:
    try:
        found = list(sources.find(source, {}, path).index(path))
    except (ValueError, Rejected) as error:
        asks = str(error).startswith(("modality", "labels", "dataset.json:")) or "not installed" in str(error)
        return Fit(source=source, cases=0, drops=0, trouble=str(error)) if asks else None
    cases = sum(isinstance(item, CaseRef) for item in found)
    return Fit(source=source, cases=cases, drops=len(found) - cases) if cases else None


def _ending(name: str) -> str:
    return (".nii.gz" if name.casefold().endswith(".nii.gz") else PurePosixPath(name).suffix.casefold()) or "(none)"


def _layout(paths: Sequence[str], rule: Guess | None) -> Layout:
    if rule is None:
        return Layout(unmatched=tuple(paths))
    every = pairs(paths, rule.images, rule.masks, rule.stem)
    taken = {*rule.paired, *(mask for own in rule.paired.values() for mask in own)}
    masks = [path for path in matching(paths, rule.masks) if path not in taken and path not in every]
    alone = [path for path, own in every.items() if not own]
    names: dict[str, list[str]] = defaultdict(list)
    for image in rule.paired:
        names[PurePosixPath(without_suffix(image)).name].append(image)
    whole = bool(rule.structure)  # then a file's name is that of its structure
    return Layout(
        images=rule.images,
        masks=rule.masks,
        stem=rule.stem,
        structure=rule.structure,
        pairs=len(rule.paired),
        without_mask=tuple(alone),
        without_image=tuple(masks),
        unmatched=tuple(path for path in paths if path not in taken and path not in (*alone, *masks)),
        same_names=() if whole else tuple(tuple(same) for same in names.values() if len(same) > 1),
    )


def _some(
    rule: Guess | None, most: int, name: str, stage: Stage
) -> tuple[dict[str, tuple[str, ...]], Callable[[int], None]]:
    chosen = dict(islice(rule.paired.items(), most)) if rule else {}
    return chosen, stage(name, len(chosen)) if chosen else lambda _: None


def _check_volumes(
    path: Path, rule: Guess | None, tables: Mapping[str, Mapping[str, str]], most: int, stage: Stage
) -> CheckedVolumes:
    paired, advance = _some(rule, most, "volumes", stage)
    names = next(iter(tables.values())) if len({tuple(sorted(table.items())) for table in tables.values()}) == 1 else {}
    return check_volumes(path, paired, names, advance) if paired else CheckedVolumes()


def _check_dicom(path: Path, found: Listing, most: int, stage: Stage) -> CheckedDicom | None:
    known = (*pictures(found.files), *volumes(found.files))
    if not set(found.files).difference(known):
        return None
    return check_dicom(path, most, stage)
