"""Finding views that show one picture, among all measured views and the pictures that are kept out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmrs_builder.duplicates import Copy, candidates, check
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.executors import Crashed, Workers
from mmrs_builder.likeness import Floats, Seen, descriptors, is_plain
from mmrs_builder.splits import Member, grouped

PAIRS_PER_JOB: Final = 256
"""Fixed, so that jobs do not depend on the number of workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A view and its picture as it is compared."""

    member: Member
    seen: Seen


def find(looks: Sequence[Look], workers: Workers) -> tuple[tuple[Copy, ...], int]:
    """Copies that no case, patient or published group joins, and how many views are too plain to be compared.

    Of views with the same pixels one stands for all. Views of one group are not compared: they are together anyway.
    """
    ordered = sorted(looks, key=lambda look: look.member.view_id)
    exact = tuple(_exact([look.member for look in ordered]))
    first = {look.member.picture: look for look in reversed(ordered)}
    plain = {picture for picture, look in first.items() if is_plain(look.seen)}
    group_of = dict(zip((look.member.view_id for look in ordered), grouped([x.member for x in ordered]), strict=True))
    compared = [x for x in ordered if first[x.member.picture] is x and x.member.picture not in plain]
    pairs = candidates(_descriptors(compared), [group_of[look.member.view_id] for look in compared])
    near = tuple(_checked([(compared[i], compared[j]) for i, j in pairs], workers))
    return exact + near, sum(look.member.picture in plain for look in ordered)


def _exact(members: Sequence[Member]) -> Iterator[Copy]:
    first: dict[str, tuple[Member, str]] = {}
    for member, group in zip(members, grouped(members, by_picture=False), strict=True):
        known, its_group = first.setdefault(member.picture, (member, group))
        if group != its_group:
            yield Copy(view_id=known.view_id, other=member.view_id, kind="exact", agreement=1.0)


def _descriptors(looks: Sequence[Look]) -> Floats:
    parts = [[look.seen.thumbnail for look in looks[i : i + 1000]] for i in range(0, len(looks), 1000)]
    return np.concatenate([descriptors(part) for part in parts]) if parts else np.empty((0, 9, 1), np.float32)


def _checked(pairs: Sequence[tuple[Look, Look]], workers: Workers) -> Iterator[Copy]:
    chunks = [pairs[i : i + PAIRS_PER_JOB] for i in range(0, len(pairs), PAIRS_PER_JOB)]
    jobs = [[(one.seen, other.seen) for one, other in chunk] for chunk in chunks]
    results = workers.run(check, jobs) if len(jobs) > 1 else map(check, jobs)
    for chunk, result in zip(chunks, results, strict=True):
        if isinstance(result, Crashed):
            raise MmrsError(
                "comparing pictures took its process down",
                code=ENVIRONMENT,
                hint="Free memory or use fewer --workers, then run the same command again.",
            )
        for (one, other), found in zip(chunk, result, strict=True):
            if found is not None:
                kind, agreement = found
                yield Copy(view_id=one.member.view_id, other=other.member.view_id, kind=kind, agreement=agreement)
