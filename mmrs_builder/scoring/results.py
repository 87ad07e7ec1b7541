"""From judged records to numbers: what ``mmrs score`` prints as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from statistics import stdev
from typing import Any, Final

from mmrs_builder.metrics import compare, published, score, stress
from mmrs_builder.metrics.agreement import Cells
from mmrs_builder.metrics.score import Record
from mmrs_builder.scoring.judge import Judged
from mmrs_builder.scoring.predictions import Predictions

NOTE: Final = "Research only, not for clinical use."
PARTS: Final = ("modality", "source", "kind", "family", "hops")


def results(
    runs: Sequence[tuple[Predictions, Judged]], splits: Sequence[str], against: Sequence[Record] = ()
) -> dict[str, Any]:
    """Every number of one contender. Its runs (seeds) are pooled: means are those over runs, intervals over groups.

    ``against`` are another contender's records, for the gain over it question by question.
    """
    every = Judged()
    for number, (_, judged) in enumerate(runs):
        _pool(every, judged, number)
    others = [_of_run(item, number) for number in range(len(runs)) for item in against]
    rows = {"model": score.summary(every.seen)} | (
        {"without the picture": score.summary(every.blank)} if every.blank else {}
    )
    found = {
        "predictions": [{"file": file.path.name, "sha256": file.digest} for file, _ in runs],
        "splits": list(splits),
        "questions": len(every.seen) // max(1, len(runs)),
        "missing": every.missing,
        "unanswered": dict(sorted(every.faults.items())),
        "unread_masks": every.unread,
        "rows": rows,
        "chance": compare.chance(every.seen),
        "blind_gap": compare.gap(every.seen, every.blank),
        "gain": compare.gap(every.seen, others),
        "circular_choice_accuracy": compare.circular(every.turned),
        "opposite_pairs": compare.pairs(every.seen),
        "twins": compare.twins(every.seen),
        "refusals": compare.refusals(every.seen),
        "say_show": asdict(Cells.of(every.verdicts)),
        **{f"by_{name}": compare.by(every.seen, every.blank, name) for name in PARTS},
        "stress": stress.table([*every.seen, *every.named]),
        "published": _published(every),
        "note": NOTE,
    }
    return found | ({"runs": _spread([judged for _, judged in runs])} if len(runs) > 1 else {})


def _pool(into: Judged, judged: Judged, run: int) -> None:
    for name in ("seen", "turned", "blank", "named"):
        getattr(into, name).extend(_of_run(item, run) for item in getattr(judged, name))
    into.verdicts += judged.verdicts
    into.curves += judged.curves
    into.missing += judged.missing
    into.faults += judged.faults
    into.unread += judged.unread


def _of_run(item: Record, run: int) -> Record:
    """The record under ids of its own, so that questions and pairs of several runs are not mixed up."""
    pair = None if item.pair_id is None else f"{run}:{item.pair_id}"
    return replace(item, question_id=f"{run}:{item.question_id}", pair_id=pair)


def _spread(runs: Sequence[Judged]) -> dict[str, Any]:
    """The main numbers of every run, and their standard deviation (n - 1)."""
    rows = [score.summary(judged.seen) for judged in runs]
    found = {}
    for name in score.MAIN:
        means = [row[name]["mean"] for row in rows if name in row]
        if len(means) == len(rows):
            found[name] = {"means": means, "sd": round(stdev(means), 4)}
    return found


def _published(judged: Judged) -> dict[str, Any] | None:
    """The published table's numbers, of all questions with a mask and by modality; None where nothing was swept."""
    if not judged.curves:
        return None
    parts: dict[str, list[tuple[published.Curve, published.Curve]]] = defaultdict(list)
    for modality, curve in judged.curves:
        parts["all"].append(curve)
        parts[modality].append(curve)
    return {name: asdict(one) for name, curves in parts.items() if (one := published.published(curves)) is not None}
