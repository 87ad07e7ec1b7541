"""Finding views that show one picture, among all measured views and the pictures that are kept out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from mmrs_builder.build.stage import put
from mmrs_builder.duplicates import BLOCK, HELD, Copy, Groups, Pairs, candidates, check, fold
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.executors import Crashed, Workers
from mmrs_builder.likeness import Floats, Seen, Thumbnail, descriptors, familiar, is_plain, outlooks
from mmrs_builder.splits import Member, grouped

J = TypeVar("J")
R = TypeVar("R")

PAIRS_PER_JOB: Final = 256
"""Fixed, so that jobs do not depend on the number of workers; so are the others."""

LOOKS_PER_JOB: Final = 1000
"""How many pictures are described in one job."""

ROWS_PER_JOB: Final = 4 * BLOCK
"""Of how many pictures one job looks for copies among all later ones."""

LOOKED_AT: Final = ("places", "folded", "coarse", "groups")
"""What lies in files while copies are searched: of each picture the descriptor, the same folded, its outlook and its
group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A view and its picture as it is compared."""

    member: Member
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Of which pictures copies are looked for, among those that lie in ``folder``."""

    folder: Path
    rows: slice


def find(looks: Sequence[Look], workers: Workers, folder: Path) -> tuple[tuple[Copy, ...], int]:
    """Copies that no case, patient or published group joins, and how many views are too plain to be compared.

    Of views with the same pixels one stands for all. Views of one group are not compared: they are together anyway.
    What all workers look at is put into ``folder`` meanwhile.
    """
    ordered = sorted(looks, key=lambda look: look.member.view_id)
    exact = tuple(_exact([look.member for look in ordered]))
    first = {look.member.picture: look for look in reversed(ordered)}
    plain = {picture for picture, look in first.items() if is_plain(look.seen)}
    group_of = dict(zip((look.member.view_id for look in ordered), grouped([x.member for x in ordered]), strict=True))
    compared = [x for x in ordered if first[x.member.picture] is x and x.member.picture not in plain]
    pairs = _pairs(compared, [group_of[look.member.view_id] for look in compared], workers, folder)
    near = tuple(_checked([(compared[i], compared[j]) for i, j in pairs.tolist()], workers))
    return exact + near, sum(look.member.picture in plain for look in ordered)


def _pairs(compared: Sequence[Look], groups: Sequence[str], workers: Workers, folder: Path) -> Pairs:
    """Candidates among pictures, searched some rows of the table of all pairs at a time."""
    thumbnails = [look.seen.thumbnail for look in compared]
    parts = [thumbnails[i : i + LOOKS_PER_JOB] for i in range(0, len(thumbnails), LOOKS_PER_JOB)]
    if not parts:
        return np.empty((0, 2), np.int64)
    described = list(_run(_described, parts, workers))
    numbers = np.unique(groups, return_inverse=True)[1]
    starts = range(0, len(compared), ROWS_PER_JOB)
    if len(starts) == 1:
        places, folded, coarse = (np.concatenate(arrays) for arrays in zip(*described, strict=True))
        return _familiar(slice(None), places, folded, coarse, numbers)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix="looks-", suffix=".tmp", ignore_cleanup_errors=True) as held:
        for number, name in enumerate(LOOKED_AT[:-1]):
            _save(Path(held) / name, np.concatenate([arrays[number] for arrays in described]))
        _save(Path(held) / LOOKED_AT[-1], numbers)
        del described
        jobs = [Search(folder=Path(held), rows=slice(start, start + ROWS_PER_JOB)) for start in starts]
        return np.concatenate(list(_run(_searched, jobs, workers)))


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    coded = io.BytesIO()
    np.save(coded, array)
    put(path, coded.getbuffer())


def _described(thumbnails: Sequence[Thumbnail]) -> tuple[Floats, Floats, Floats]:
    places = descriptors(thumbnails)
    return places, fold(places), outlooks(thumbnails)


def _searched(job: Search) -> Pairs:
    arrays = (np.lib.format.open_memmap(job.folder / name, mode="r") for name in LOOKED_AT)
    return _familiar(job.rows, *arrays)


def _familiar(rows: slice, places: Floats, folded: Floats, coarse: Floats, groups: Groups) -> Pairs:
    """Candidates of some rows that a first look does not tell apart."""
    with threadpool_limits(1):  # there are processes enough; and with more threads, last bits may come out otherwise
        pairs = candidates(places, groups, rows, folded)
    chunks = [pairs[i : i + HELD] for i in range(0, len(pairs), HELD)]
    kept = [chunk[familiar(coarse[chunk[:, 0]], coarse[chunk[:, 1]])] for chunk in chunks]
    return np.concatenate([np.empty((0, 2), np.int64), *kept])


def _exact(members: Sequence[Member]) -> Iterator[Copy]:
    first: dict[str, tuple[Member, str]] = {}
    for member, group in zip(members, grouped(members, by_picture=False), strict=True):
        known, its_group = first.setdefault(member.picture, (member, group))
        if group != its_group:
            yield Copy(view_id=known.view_id, other=member.view_id, kind="exact", agreement=1.0)


def _checked(pairs: Sequence[tuple[Look, Look]], workers: Workers) -> Iterator[Copy]:
    chunks = [pairs[i : i + PAIRS_PER_JOB] for i in range(0, len(pairs), PAIRS_PER_JOB)]
    jobs = [[(one.seen, other.seen) for one, other in chunk] for chunk in chunks]
    for chunk, result in zip(chunks, _run(check, jobs, workers), strict=True):
        for (one, other), found in zip(chunk, result, strict=True):
            if found is not None:
                kind, agreement = found
                yield Copy(view_id=one.member.view_id, other=other.member.view_id, kind=kind, agreement=agreement)


def _run(fn: Callable[[J], R], jobs: Sequence[J], workers: Workers) -> Iterator[R]:
    """The result of every job; a single one is done here, where no process has to be started for it."""
    for result in workers.run(fn, jobs) if len(jobs) > 1 else map(fn, jobs):
        if isinstance(result, Crashed):
            raise MmrsError(
                "comparing pictures took its process down",
                code=ENVIRONMENT,
                hint="Free memory or use fewer --workers, then run the same command again.",
            )
        yield result
