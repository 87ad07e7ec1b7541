"""Train, validation and test: what belongs together stays together.

Groups join views of one case, patient, published group (lesion, sequence, study) and views whose decoded pixels are
identical, across sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmrs_builder.digests import keyed, sha256
from mmrs_builder.vocab import SPLITS

PARTS: Final = ((0.8, "train"), (0.9, "validation"), (1.0, "test"))
"""Upper ends of the ranges of a group's keyed number."""

Policy = Literal["leak-safe", "official"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What grouping needs to know of a view."""

    view_id: str
    source: str
    case_id: str
    patient_id: str | None
    group: str | None
    split_official: str | None
    picture: str  # digest of the pixels in colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a view went. ``split`` is None when it was dropped because its group touches a stronger official split."""

    view_id: str
    group_id: str
    split: str | None


def place(members: Sequence[Member], *, seed: int, policy: Policy) -> tuple[Placement, ...]:
    """A split for every view, the same whatever the order of ``members``.

    Official splits are respected. Under ``leak-safe`` a group that touches an official test (or validation) set keeps
    only its views of that set; under ``official`` every view keeps its published split.
    """
    ordered = sorted(members, key=lambda m: m.view_id)
    group_of = _groups(ordered)
    strongest: dict[str, str | None] = {}
    for member, group in zip(ordered, group_of, strict=True):
        strongest[group] = max((strongest.get(group), member.split_official), key=_rank)
    return tuple(
        Placement(view_id=m.view_id, group_id=g, split=_split(m, g, strongest[g], seed, policy))
        for m, g in zip(ordered, group_of, strict=True)
    )


def _split(member: Member, group: str, strongest: str | None, seed: int, policy: Policy) -> str | None:
    if strongest is None:
        part = keyed(seed, "split", group) / 2**64
        return next(name for end, name in PARTS if part < end)
    if member.split_official == strongest or (member.split_official is None and strongest == "train"):
        return strongest
    return member.split_official or strongest if policy == "official" else None


def _rank(split: str | None) -> int:
    return -1 if split is None else SPLITS.index(split)


def _groups(members: Sequence[Member]) -> list[str]:
    """Group id per member: connected components over shared keys, named after the smallest view id."""
    first: dict[tuple[str, ...], int] = {}
    edges = [(i, first.setdefault(key, i)) for i, member in enumerate(members) for key in _keys(member)]
    n = len(members)
    if not n:
        return []
    rows, columns = zip(*edges, strict=True)
    _, component = connected_components(coo_array(([1] * len(edges), (rows, columns)), shape=(n, n)), directed=False)
    names: dict[int, str] = {}
    return [
        names.setdefault(int(c), f"g{sha256(m.view_id.encode())[:12]}") for m, c in zip(members, component, strict=True)
    ]


def _keys(member: Member) -> Iterable[tuple[str, ...]]:
    yield ("case", member.source, member.case_id)
    yield ("picture", member.picture)
    if member.patient_id is not None:
        yield ("patient", member.source, member.patient_id)
    if member.group is not None:
        yield ("group", member.source, member.group)
