"""From replies to results: how often right, beside chance and the same questions without the picture."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from baselines import score
from baselines.endpoint.asking import REFUSABLE, Put, Requests, parsed
from baselines.score import Record
from mmrs_builder import metrics
from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store, answers
from mmrs_builder.vocab import REFUSALS, VALUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One put question, what came of it, and how good that is. Without a reply it is wrong, and ``faults`` say why."""

    put: Put
    record: Record
    faults: tuple[str, ...]


def ask(
    puts: Sequence[Put],
    words: metrics.Words,
    to: Endpoint,
    store: Store,
    *,
    limits: Limits,
    caps: Caps,
    price: Price,
    cache_only: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[Told], str | None]:
    """Put every question, and why that ended early, if it did. A reply of whatever content costs its question only."""
    found = answers(
        Requests(puts), to, store, check=lambda _: None, limits=limits, caps=caps, price=price, cache_only=cache_only,
        progress=progress,
    )  # fmt: skip
    told = [
        _judged(put, answer.reply.text if answer.reply else None, answer.faults, words)
        for put, answer in zip(puts, found.answers, strict=True)
    ]
    return told, found.stopped


def _judged(put: Put, text: str | None, faults: tuple[str, ...], words: metrics.Words) -> Told:
    question = put.item.question
    start = replace(score.record(put.item.row, question, None), said=text or "")
    record = score.answered(start, None if text is None else parsed(put, text, words), question)
    return Told(put=put, record=record, faults=faults)


def results(told: Sequence[Told], stopped: str | None, left_out: int) -> dict[str, Any]:
    """What ``results.json`` holds. Means come with 95 % intervals, a bootstrap over groups (patients)."""
    seen = [it for it in told if not it.put.blank]
    first = [it.record for it in seen if not it.put.turned]
    blank = [it.record for it in told if it.put.blank]
    rows = {"model": score.summary(first), "chance": chance(seen)}
    if blank:
        rows["without the picture"] = score.summary(blank)
    return {
        "questions": len(first),
        "left_out_segment_requests": left_out,
        "stopped": stopped,
        "unanswered": dict(
            sorted(Counter(fault for it in told for fault in it.faults[-1:] if not it.record.said).items())
        ),
        "rows": rows,
        "accuracy": score.mean(first, "correct"),
        "blind_gap": _gap(first, blank),
        "circular_choice_accuracy": _circular(seen),
        "opposite_pairs": _pairs(seen),
        "refusals": refusals(first),
        **{f"by_{name}": score.by(first, name) for name in ("modality", "source", "kind", "hops", "family")},
        "note": "Research only, not for clinical use.",
    }


def chance(told: Sequence[Told]) -> dict[str, float]:
    """What guessing among the declared answers gets right: 1 of the options, of yes and no, or of the type's values."""
    found: dict[str, list[float]] = defaultdict(list)
    for it in told:
        kind, size = it.record.kind, 0
        if kind == "choice":
            size = len(it.put.item.question["choices"])
        elif kind == "yes_no":
            size = 2
        elif kind == "open" and not it.record.refused:
            size = len(VALUES[it.record.value_type])
        if size and not it.put.turned:
            found[f"{kind}_accuracy"].append(1 / size)
    return {name: round(sum(parts) / len(parts), 4) for name, parts in sorted(found.items())}


def _gap(seen: Sequence[Record], blank: Sequence[Record]) -> dict[str, Any] | None:
    """How much more is right with the picture than without, question by question."""
    without = {item.question_id: item.correct for item in blank}
    both = [(item, without[item.question_id]) for item in seen if item.question_id in without]
    if not both:
        return None
    gains = [float(item.correct or 0) - float(other or 0) for item, other in both]
    return score.interval(gains, [item.group_id for item, _ in both])


def _circular(seen: Sequence[Told]) -> dict[str, Any] | None:
    """The part of choices that are right wherever their options stand."""
    turns: dict[str, list[Record]] = defaultdict(list)
    for it in seen:
        if it.record.kind == "choice":
            turns[it.record.question_id].append(it.record)
    if not any(len(of) > 1 for of in turns.values()):
        return None
    known = [float(all(item.correct for item in of)) for of in turns.values()]
    return score.interval(known, [of[0].group_id for of in turns.values()])


def _pairs(seen: Sequence[Told]) -> dict[str, Any] | None:
    """The part of pairs with the same words and opposite answers of which both are right; words alone get none."""
    halves: dict[str, list[Record]] = defaultdict(list)
    for it in seen:
        question = it.put.item.question
        if question["pair_kind"] == "opposite" and not it.put.turned:
            halves[question["pair_id"]].append(it.record)
    whole = [pair for pair in halves.values() if len(pair) == 2]
    if not whole:
        return None
    return score.interval([float(all(item.correct for item in pair)) for pair in whole], [p[0].group_id for p in whole])


def refusals(seen: Sequence[Record]) -> dict[str, Any]:
    """Of questions that the view cannot answer, how many are declined for the right reason, and for any; of those that
    it can, how many are declined all the same."""
    asked = [item for item in seen if item.kind in REFUSABLE]
    none, some = ([item for item in asked if item.refused == refused] for refused in (True, False))
    declined = [[float(item.parsed in REFUSALS) for item in part] for part in (none, some)]
    groups = [[item.group_id for item in part] for part in (none, some)]
    return {
        "right_reason": score.mean(none, "correct"),
        "declined": score.interval(declined[0], groups[0]),
        "declined_wrongly": score.interval(declined[1], groups[1]),
    }


def predictions(told: Sequence[Told]) -> list[dict[str, Any]]:
    """A line for each time that a question was put: what was said, and what that was taken for."""
    fields = ("question_id", "view_id", "family", "kind", "said", "parsed", "correct")
    return [
        {
            **{name: getattr(it.record, name) for name in fields},
            "turned": it.put.turned,
            "blank": it.put.blank,
            "faults": list(it.faults),
        }
        for it in told
    ]


KINDS = ("choice", "yes_no", "open", "number")


def markdown(found: Mapping[str, Any], title: str) -> str:
    """The table for people."""
    rows: Mapping[str, Mapping[str, Any]] = found["rows"]
    lines = [f"# {title}", "", f"| | {' | '.join(KINDS)} | position |", "|---|" + "---|" * (len(KINDS) + 1)]
    for name, row in rows.items():
        cells = [score.cell(row.get(f"{kind}_accuracy")) for kind in KINDS]
        lines.append(f"| {name} | {' | '.join(cells)} | {score.cell(row.get('position_accuracy'))} |")
    named = {
        "all questions": found["accuracy"],
        "more right with the picture than without (blind gap)": found["blind_gap"],
        "choices right wherever the options stand": found["circular_choice_accuracy"],
        "pairs with opposite answers, both right": found["opposite_pairs"],
        "no answer: declined for the right reason": found["refusals"]["right_reason"],
        "no answer: declined": found["refusals"]["declined"],
        "has an answer: declined": found["refusals"]["declined_wrongly"],
    }
    lines += ["", "| | mean [95 % interval over patients] | n |", "|---|---|---|"]
    lines += [f"| {name} | {score.cell(value)} | {value['n']} |" for name, value in named.items() if value]
    why = ", ".join(f"{n} {fault}" for fault, n in found["unanswered"].items())
    lines += [
        "",
        f"{found['questions']} questions; {found['left_out_segment_requests']} segment requests left out. "
        f"Without an answer: {why or 'none'}." + (f" Ended early: {found['stopped']}." if found["stopped"] else ""),
        "",
        "Research only, not for clinical use.",
    ]
    return "\n".join(lines) + "\n"
