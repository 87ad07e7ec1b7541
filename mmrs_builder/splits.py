"""Train, validation and test: what belongs together stays together.

Groups join views of one case, patient, published group (lesion, sequence, study) and views that show one picture, with
the same pixels or as a copy that was changed, across sources.

Where nothing is published, the groups of a source are divided within strata of modality and rarest label: in the order
of their keyed numbers, from a keyed start, so that every stratum is divided as evenly as whole groups allow. Another
source moves none of them, another group of a stratum moves few.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmrs_builder.digests import keyed, sha256
from mmrs_builder.vocab import SPLITS

PARTS: Final = ((0.8, "train"), (0.9, "validation"), (1.0, "test"))
"""Upper ends of the ranges of a group's place in its stratum."""

KEPT_OUT: Final = "kept out"
"""The source of pictures that no view of train or validation may show; they are views of nothing else."""

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
    modality: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a view went. ``split`` is None when it was dropped: its group touches a stronger official split
    (``leaks_into_test``), or a picture that is kept out (``kept_out``).
    """

    view_id: str
    group_id: str
    split: str | None
    reason: str | None = None


def place(
    members: Sequence[Member], *, seed: int, policy: Policy, copies: Iterable[tuple[str, str]] = ()
) -> tuple[Placement, ...]:
    """A split for every view, the same whatever the order of ``members``; none for those of ``KEPT_OUT``.

    ``copies`` are pairs of views that show one picture. Official splits are respected. Under ``leak-safe`` a group that
    touches an official test (or validation) set keeps only its views of that set; under ``official`` every view keeps
    its published split. A view whose group holds a picture that is kept out is dropped, unless it is officially in
    test.
    """
    ordered = sorted(members, key=lambda m: m.view_id)
    group_of = grouped(ordered, copies)
    strongest: dict[str, str | None] = {}
    kept_out: set[str] = set()
    for member, group in zip(ordered, group_of, strict=True):
        strongest[group] = max((strongest.get(group), member.split_official), key=_rank)
        kept_out |= {group} if member.source == KEPT_OUT else set()
    free = [(m, g) for m, g in zip(ordered, group_of, strict=True) if strongest[g] is None and m.source != KEPT_OUT]
    drawn = _drawn(free, seed)
    found = []
    for member, group in zip(ordered, group_of, strict=True):
        if member.source == KEPT_OUT:
            continue
        split = _split(member, drawn.get(group), strongest[group], policy)
        reason = None if split else "leaks_into_test"
        if group in kept_out and member.split_official != "test":
            split, reason = None, "kept_out"
        found.append(Placement(view_id=member.view_id, group_id=group, split=split, reason=reason))
    return tuple(found)


def _split(member: Member, drawn: str | None, strongest: str | None, policy: Policy) -> str | None:
    if strongest is None:
        return drawn
    if member.split_official == strongest or (member.split_official is None and strongest == "train"):
        return strongest
    return member.split_official or strongest if policy == "official" else None


def _drawn(free: Sequence[tuple[Member, str]], seed: int) -> dict[str, str]:
    """The split of every group without an official one."""
    together: dict[str, list[Member]] = defaultdict(list)
    for member, group in free:
        together[group].append(member)
    labelled = Counter(
        pair for members in together.values() for pair in {(m.source, x) for m in members for x in m.labels}
    )
    strata: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for group, members in together.items():
        strata[_stratum(members, labelled)].append(group)
    found: dict[str, str] = {}
    for stratum, groups in strata.items():
        start = keyed(seed, "stratum", stratum) / 2**64
        for rank, group in enumerate(sorted(groups, key=lambda name: keyed(seed, "split", name))):
            at = (rank + start) / len(groups)
            found[group] = next(name for end, name in PARTS if at < end)
    return found


def _stratum(members: Sequence[Member], labelled: Mapping[tuple[str, str], int]) -> tuple[str, str, str]:
    """Source, modality and that label which the fewest groups of the source show."""
    first = min(members, key=lambda m: (m.source, m.modality, m.view_id))
    labels = sorted({x for m in members if m.source == first.source for x in m.labels})
    return first.source, first.modality, min(labels, key=lambda x: (labelled[first.source, x], x), default="")


def _rank(split: str | None) -> int:
    return -1 if split is None else SPLITS.index(split)


def grouped(members: Sequence[Member], copies: Iterable[tuple[str, str]] = (), *, by_picture: bool = True) -> list[str]:
    """Group id per member: connected components over shared keys and copies, named after the smallest view id.

    ``by_picture`` says whether views with the same pixels belong together for that alone.
    """
    n, first = len(members), dict[tuple[str, ...], int]()
    edges = [(i, first.setdefault(key, i)) for i, member in enumerate(members) for key in _keys(member, by_picture)]
    at = {member.view_id: i for i, member in enumerate(members)}
    edges += [(at[one], at[other]) for one, other in copies]
    if not n:
        return []
    rows, columns = zip(*edges, strict=True)
    _, component = connected_components(coo_array(([1] * len(edges), (rows, columns)), shape=(n, n)), directed=False)
    names: dict[int, str] = {}
    return [
        names.setdefault(int(c), f"g{sha256(m.view_id.encode())[:12]}") for m, c in zip(members, component, strict=True)
    ]


def _keys(member: Member, by_picture: bool) -> Iterable[tuple[str, ...]]:
    yield ("case", member.source, member.case_id)
    if by_picture:
        yield ("picture", member.picture)
    if member.patient_id is not None:
        yield ("patient", member.source, member.patient_id)
    if member.group is not None:
        yield ("group", member.source, member.group)
