"""What a person sees of an audit, and what a machine reads."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from mmrs_builder.audit.run import Audit, Unit
from mmrs_builder.audit.section import clue_text, points, twins

SHOWN = 12
"""UNDECIDED families printed, those that are nearest to FAIL; ``--json`` lists all."""

MANY = 99_999
"""Questions beyond which nobody counts."""


def to_json(found: Audit) -> str:
    """Everything; what is infinite is null."""
    return json.dumps(_finite({"passed": found.passed, **asdict(found)}), indent=1, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def show(found: Audit, console: Console) -> None:
    """Tables: pools, families that fail, the doubtful ones, masks, and the rest in sentences."""
    console.print(_units("theme and kind: percent right, and the advantage between its limits", found.pools))
    console.print(_solvers(found.pools))
    failed = [unit for unit in found.families if unit.verdict == "FAIL"]
    if failed:
        console.print(_units("families that can be guessed", failed))
        for unit in failed:
            console.print(f"{unit.name}: {'; '.join(clue_text(unit))}", highlight=False, markup=False)
    doubtful = sorted((u for u in found.families if u.verdict == "UNDECIDED"), key=lambda u: u.worst.estimate.p)
    if doubtful:
        console.print(_units(f"undecided families, the most suspicious of {len(doubtful)}", doubtful[:SHOWN]))
    console.print(_masks(found))
    console.print(_places(found))
    rest = found.findings
    passed = sum(unit.verdict == "PASS" for unit in found.families)
    for line in (
        f"{found.questions} questions of {found.groups} groups",
        f"{found.judged} judged; {found.spared} not, with one possible answer",
        f"families: {passed} PASS, {len(failed)} FAIL, {len(doubtful)} UNDECIDED (which is no pass)",
        "in two splits: " + ", ".join(f"{n} {name}s" for name, n in rest.leaks.items()),
        f"asked twice of a view in the same words: {rest.repeated}, with different answers: {rest.contradicting}",
        f"opposite pairs in the same words: {rest.alike} of {rest.pairs}",
        *([] if not found.twins.pairs else [twins(found).strip()]),
        "not asked, because another annotator's masks would change the answer: "
        + (", ".join(f"{n} {reason.removeprefix('unsteady_')}" for reason, n in rest.jitter.items()) or "not counted"),
        f"gate: {'PASS' if found.passed else 'closed'}",
    ):
        console.print(line, highlight=False)


def _units(title: str, units: Sequence[Unit]) -> Table:
    table = _table(title, "questions", "n", "blind", "chance", "advantage", "verdict", "together", "needs")
    for unit in units:
        worst = unit.worst.estimate
        table.add_row(
            unit.name,
            str(unit.questions),
            f"{100 * worst.blind:.0f}",
            f"{100 * worst.chance:.0f}",
            f"{points(worst.low)} {points(worst.high)}",
            unit.verdict,
            unit.with_others,
            "" if unit.needed is None else f">{MANY}" if unit.needed > MANY else str(unit.needed),
        )
    return table


def _solvers(units: Sequence[Unit]) -> Table:
    names = list(units[0].worst.solvers) if units else []
    table = _table("advantage of each solver, in points", "questions", *names)
    for unit in units:
        table.add_row(unit.name, *(f"{100 * unit.worst.solvers[name]:+.0f}" for name in names))
    return table


def _masks(found: Audit) -> Table:
    table = _table("segment requests: Dice of the label's mean mask", "source", "label", "n", "Dice", "95 % interval")
    for m in found.masks:
        interval = "" if m.low is None else f"{m.low:.2f} {m.high:.2f}"
        table.add_row(m.source, m.label, str(m.requests), f"{m.dice:.2f}", interval)
    return table


def _places(found: Audit) -> Table:
    table = _table("the commonest place in open questions", "source", "family", "answer", "n", "majority", "chance")
    for p in found.findings.places:
        row = (p.source, p.family, next(iter(p.answers)), str(p.questions))
        table.add_row(*row, f"{100 * p.majority:.0f}", f"{100 * p.chance:.0f}")
    return table


def _table(title: str, *names: str) -> Table:
    """Columns of words to the left, of numbers to the right, in 80 characters if names are short."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for name in names:
        table.add_column(
            name,
            justify="left" if name in _WORDS else "right",
            no_wrap=name not in _FOLDED,
            overflow="fold",
            min_width=5,
        )
    return table


_WORDS = ("questions", "verdict", "together", "source", "label", "family", "answer")
_FOLDED = ("organ prior", "same words", "questions", "family", "label")
