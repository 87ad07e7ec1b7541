"""Two readers' decisions put together: what they agree on, what they found of the planted errors, what to leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from scipy import stats

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.metrics import bootstrap
from mmrs_builder.metrics.raters import DRAWS, Estimate, agreed
from mmrs_builder.review.decisions import READERS, REASONS, Decision, Decisions
from mmrs_builder.review.key import Entry, Key

DIGITS: Final = 4

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An item that both readers judged."""

    entry: Entry
    a: Decision
    b: Decision

    @property
    def rejections(self) -> int:
        """How many readers rejected it."""
        return (not self.a.accepted) + (not self.b.accepted)


def merged(key: Key, one: Decisions, other: Decisions, *, partial: bool) -> tuple[Judged, ...]:
    """The items that both judged, in the order of the key.

    Raises ``MmrsError`` for decisions of another sample, for two files of one reader, and, unless ``partial``, for
    items that a reader has not judged.
    """
    by_reader = {found.reader: found.by_id for found in (one, other)}
    for found in (one, other):
        if found.sample != key.sample:
            detail = f"the decisions of reader {found.reader} are of sample {found.sample}, the key is of {key.sample}"
            raise MmrsError(detail, code=USAGE, hint="Name files and key of one `mmrs review sample`.")
    if len(by_reader) < len(READERS):
        detail = f"both files are of reader {one.reader}"
        raise MmrsError(detail, code=USAGE, hint="Name one file of each reader.")
    ids = [entry.id for entry in key.entries]
    if unknown := sum(len(found.keys() - set(ids)) for found in by_reader.values()):
        raise MmrsError(f"{unknown} decisions are of no item of the key", code=USAGE, hint="Save the page again.")
    missing = {reader: sum(item not in by_reader[reader] for item in ids) for reader in READERS}
    if any(missing.values()) and not partial:
        told = ", ".join(f"reader {reader} {n}" for reader, n in missing.items() if n)
        hint = "Have them read the rest, or add --partial to count what both have read."
        raise MmrsError(f"not all {len(ids)} questions are read; missing are: {told}", code=USAGE, hint=hint)
    both = [entry for entry in key.entries if all(entry.id in by_reader[reader] for reader in READERS)]
    if not both:
        raise MmrsError("no question was read by both", code=USAGE, hint="Have them read some.")
    a, b = (by_reader[reader] for reader in READERS)
    return tuple(Judged(entry=entry, a=a[entry.id], b=b[entry.id]) for entry in both)


def record(key: Key, judged: Sequence[Judged]) -> Row:
    """What is published of a review: whose rows it is of, every verdict, and the numbers that follow from them.

    Notes are not in it: they are the readers' own words.
    """
    items = [
        {
            "view_id": it.entry.view_id, "question_id": it.entry.question_id, "kind": it.entry.kind,
            "planted": it.entry.planted, "a": it.a.reason or "accept", "b": it.b.reason or "accept",
        }
        for it in judged
    ]  # fmt: skip
    found = {"format": 1, "rows": dict(key.rows), "sampled": len(key.entries), "items": items}
    return {**found, "results": results(found)}


def results(found: Mapping[str, Any]) -> Row:
    """The numbers of a review, counted from its items. Questions that were falsified count for detection only."""
    true = [item for item in found["items"] if item["planted"] is None]
    false = [item for item in found["items"] if item["planted"] is not None]
    accepted = {reader: [item[reader] == "accept" for item in true] for reader in READERS}
    views = [item["view_id"] for item in true]
    agreement = agreed(accepted["a"], accepted["b"], views)
    both = [a and b for a, b in zip(accepted["a"], accepted["b"], strict=True)]
    sound = bootstrap([float(x) for x in both], views, draws=DRAWS)
    return {
        "questions": len(true),
        "views": len(set(views)),
        "unread": found["sampled"] - len(found["items"]),
        "accepted": {
            "both": sum(both),
            "a": sum(accepted["a"]) - sum(both),
            "b": sum(accepted["b"]) - sum(both),
            "neither": sum(not a and not b for a, b in zip(accepted["a"], accepted["b"], strict=True)),
        },
        "sound": _rounded(sound.mean, sound.low, sound.high),
        "percent": _estimate(agreement.percent),
        "kappa": _estimate(agreement.kappa),
        "ac1": _estimate(agreement.ac1),
        "rejected": {reader: _part([not x for x in accepted[reader]]) for reader in READERS},
        "detected": {
            **{reader: _part([item[reader] != "accept" for item in false]) for reader in READERS},
            "both": sum(item["a"] != "accept" and item["b"] != "accept" for item in false),
            "either": sum(item["a"] != "accept" or item["b"] != "accept" for item in false),
        },
        "reasons": {reader: _reasons(true, reader) for reader in READERS},
    }


def _estimate(of: Estimate) -> list[float | None]:
    return _rounded(of.value, of.low, of.high)


def _rounded(*numbers: float | None) -> list[float | None]:
    """Value, lower and upper limit."""
    return [None if number is None else round(number, DIGITS) for number in numbers]


def _part(hits: Sequence[bool]) -> Row:
    """How many of how many, with the exact interval of 95 % (Clopper and Pearson 1934, Biometrika 26:404-413)."""
    if not hits:
        return {"n": 0, "of": 0, "part": [None, None, None]}
    limits = stats.binomtest(sum(hits), len(hits)).proportion_ci(confidence_level=0.95, method="exact")
    return {"n": sum(hits), "of": len(hits), "part": _rounded(sum(hits) / len(hits), limits.low, limits.high)}


def _reasons(items: Sequence[Mapping[str, Any]], reader: str) -> dict[str, int]:
    counts = Counter(item[reader] for item in items)
    return {code: counts[code] for code in REASONS if counts[code]}


def left_out(judged: Sequence[Judged], *, either: bool) -> tuple[list[Judged], list[Judged]]:
    """Questions to leave out, and those that only one reader rejected where both must. Planted errors are none."""
    true = [it for it in judged if it.entry.planted is None]
    least = 1 if either else len(READERS)
    out = [it for it in true if it.rejections >= least]
    return out, [it for it in true if 0 < it.rejections < least]
