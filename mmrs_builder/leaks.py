"""What leaks between splits: copies of one picture and patients on both sides, counted and shown by examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from mmrs_builder.duplicates import FOLDED, KINDS, NEAR, Copy
from mmrs_builder.likeness import FAMILIAR, LEAST_DETAIL, SAME, SIDE
from mmrs_builder.splits import KEPT_OUT, Member, Placement, grouped
from mmrs_builder.vocab import SPLITS

EXAMPLES: Final = 10
"""Named of each kind."""


def report(
    members: Sequence[Member], copies: Sequence[Copy], places: Sequence[Placement], plain: int
) -> dict[str, Any]:
    """``leak-report.json``; ``plain`` counts views with too few details to be compared.

    ``pairs`` counts copies that no case, patient or published group had joined; ``clusters`` are what they join.
    """
    by_id = {member.view_id: member for member in members}
    ends = [(by_id[copy.view_id], by_id[copy.other]) for copy in copies]
    kinds = Counter(copy.kind for copy in copies)
    sources = Counter(tuple(sorted((one.source, other.source))) for one, other in ends)
    official = Counter(
        tuple(sorted((one.split_official, other.split_official), key=SPLITS.index))
        for one, other in ends
        if one.split_official and other.split_official and one.split_official != other.split_official
    )
    dropped = Counter(place.reason for place in places if place.reason)
    return {
        "method": {
            "thumbnail_px": SIDE, "largest_folded_distance": FOLDED, "largest_distance": NEAR,
            "least_coarse_correlation": FAMILIAR, "least_agreement_of_details": SAME, "least_detail": LEAST_DETAIL,
        },
        "views": {
            "compared": len(members) - plain,
            "too_plain": plain,
            "kept_out": sum(member.source == KEPT_OUT for member in members),
        },
        "pairs": {kind: kinds[kind] for kind in KINDS},
        "across_sources": [{"sources": list(key), "pairs": n} for key, n in sorted(sources.items())],
        "across_official_splits": [{"splits": list(key), "pairs": n} for key, n in sorted(official.items())],
        "clusters": _clusters(members, copies),
        "patients_in_several_official_splits": _torn(members, "patient_id"),
        "groups_in_several_official_splits": _torn(members, "group"),
        "dropped": {reason: dropped[reason] for reason in ("leaks_into_test", "kept_out")},
        "examples": {kind: _examples(copies, kind) for kind in KINDS},
    }  # fmt: skip


def summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of a report the card and the manifest state."""
    torn = {name: found[f"{name}_in_several_official_splits"]["count"] for name in ("patients", "groups")}
    clusters = {name: found["clusters"][name] for name in ("count", "largest")}
    return {"pairs": found["pairs"], "clusters": clusters, "in_several_official_splits": torn}


def _clusters(members: Sequence[Member], copies: Sequence[Copy]) -> dict[str, Any]:
    alone = [
        Member(
            view_id=m.view_id, source=m.source, case_id=m.view_id, patient_id=None, group=None, split_official=None,
            picture=m.view_id,
        )
        for m in members
    ]  # fmt: skip
    views: dict[str, list[str]] = defaultdict(list)
    for member, cluster in zip(alone, grouped(alone, [(copy.view_id, copy.other) for copy in copies]), strict=True):
        views[cluster].append(member.view_id)
    joined = sorted((sorted(ids) for ids in views.values() if len(ids) > 1), key=lambda ids: (-len(ids), ids))
    return {
        "count": len(joined),
        "views": sum(map(len, joined)),
        "largest": len(joined[0]) if joined else 0,
        "examples": [ids[:EXAMPLES] for ids in joined[:EXAMPLES]],
    }


def _torn(members: Sequence[Member], key: str) -> dict[str, Any]:
    """Patients, or published groups, with views in more than one official split."""
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for member in members:
        if member.split_official and getattr(member, key) is not None:
            seen[member.source, getattr(member, key)][member.split_official] += 1
    torn = [(source, name, splits) for (source, name), splits in sorted(seen.items()) if len(splits) > 1]
    pairs = Counter(pair for _, _, splits in torn for pair in combinations(sorted(splits, key=SPLITS.index), 2))
    return {
        "count": len(torn),
        "splits": [{"splits": list(pair), "count": n} for pair, n in sorted(pairs.items())],
        "examples": [
            {"source": source, "id": name, "views": dict(sorted(splits.items()))}
            for source, name, splits in torn[:EXAMPLES]
        ],
    }


def _examples(copies: Sequence[Copy], kind: str) -> list[dict[str, object]]:
    ordered = sorted((copy.view_id, copy.other, copy.agreement) for copy in copies if copy.kind == kind)
    return [{"views": [one, other], "agreement": round(agreement, 3)} for one, other, agreement in ordered[:EXAMPLES]]
