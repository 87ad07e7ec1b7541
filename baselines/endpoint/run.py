"""From replies to results: how often right, beside chance and the same questions without the picture."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from baselines.endpoint.asking import Put, Requests, parsed
from mmrs_builder import metrics
from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store, answers
from mmrs_builder.metrics import compare, score, stress
from mmrs_builder.metrics.score import Record


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
        judged(put, answer.reply.text if answer.reply else None, answer.faults, words)
        for put, answer in zip(puts, found.answers, strict=True)
    ]
    return told, found.stopped


def judged(put: Put, text: str | None, faults: tuple[str, ...], words: metrics.Words) -> Told:
    """One put question with its reply, None without one."""
    question = put.item.question
    ways = {name: getattr(put, name) for name in ("turned", "blank", "named")}
    start = replace(score.record(put.item.row, question, None), said=text or "", **ways)
    record = score.answered(start, None if text is None else parsed(put, text, words), question)
    return Told(put=put, record=record, faults=faults)


def results(told: Sequence[Told], stopped: str | None, left_out: int) -> dict[str, Any]:
    """What ``results.json`` holds. Means come with 95 % intervals, a bootstrap over groups (patients)."""
    seen = [it.record for it in told if not (it.put.blank or it.put.named)]
    first = [item for item in seen if not item.turned]
    blank = [it.record for it in told if it.put.blank]
    rows = {"model": score.summary(first), "chance": compare.chance(first)}
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
        "blind_gap": compare.gap(first, blank),
        "circular_choice_accuracy": compare.circular(seen),
        "opposite_pairs": compare.pairs(first),
        "twins": compare.twins(first),
        "refusals": compare.refusals(first),
        "stress": stress.table([*first, *(it.record for it in told if it.put.named)]),
        **{f"by_{name}": compare.by(first, blank, name) for name in ("modality", "source", "kind", "hops", "family")},
        "note": "Research only, not for clinical use.",
    }


def predictions(told: Sequence[Told]) -> list[dict[str, Any]]:
    """A line for each time that a question was put, as ``mmrs score`` reads it: what was said, None for no reply."""
    fields = ("question_id", "view_id", "family", "kind", "parsed", "correct", "turned", "blank", "named")
    return [
        {
            **{name: getattr(it.record, name) for name in fields},
            "said": it.record.said or None,
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
        "the same of an original and its twin": found["twins"],
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


def write(out: Path, found: Mapping[str, Any], told: Sequence[Told], title: str) -> str:
    """``results.json``, ``results.md`` and ``predictions.jsonl``; returns the table."""
    out.mkdir(parents=True, exist_ok=True)
    text = markdown(found, title)
    (out / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (out / "results.md").write_text(text, "utf-8")
    lines = [json.dumps(line, ensure_ascii=False) + "\n" for line in predictions(told)]
    (out / "predictions.jsonl").write_text("".join(lines), "utf-8")
    return text
