"""What a person sees of an audit, and what a machine reads."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from mmrs_builder.audit.run import Audit, Unit
from mmrs_builder.audit.section import clue_text, points

SHOWN = 12
"""UNDECIDED families printed, those with the largest advantage; ``--json`` lists all."""


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
    console.print(_units("theme and kind: the gate needs PASS for each", found.pools))
    console.print(_solvers(found.pools))
    failed = [unit for unit in found.families if unit.verdict == "FAIL"]
    if failed:
        console.print(_units("families that can be guessed", failed))
    doubtful = sorted(
        (u for u in found.families if u.verdict == "UNDECIDED"), key=lambda u: -u.worst.estimate.advantage
    )
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
        "not asked, because another annotator's masks would change the answer: "
        + (", ".join(f"{n} {reason.removeprefix('unsteady_')}" for reason, n in rest.jitter.items()) or "not counted"),
        f"gate: {'PASS' if found.passed else 'closed'}",
    ):
        console.print(line, highlight=False)


def _units(title: str, units: Sequence[Unit]) -> Table:
    table = Table(title=title, title_justify="left")
    head = ["questions", "n", "groups", "blind %", "chance %", "advantage", "95 % limits"]
    head += ["verdict", "together", "needs", "by"]
    for i, name in enumerate(head):
        table.add_column(name, justify="left" if i in (0, 7, 8, 10) else "right", no_wrap=i == 0)
    for unit in units:
        worst = unit.worst.estimate
        table.add_row(
            unit.name,
            str(unit.questions),
            str(worst.groups),
            f"{100 * worst.blind:.1f}",
            f"{100 * worst.chance:.1f}",
            points(worst.advantage),
            f"{points(worst.low)} {points(worst.high)}",
            unit.verdict,
            unit.with_others,
            "" if unit.needed is None else str(unit.needed),
            "; ".join(clue_text(unit)) or ", ".join(dict.fromkeys(unit.worst.chosen)),
        )
    return table


def _solvers(units: Sequence[Unit]) -> Table:
    table = Table(title="advantage of each solver, in points", title_justify="left")
    names = list(units[0].worst.solvers) if units else []
    for name in ("questions", *names):
        table.add_column(name, justify="left" if name == "questions" else "right", no_wrap=name == "questions")
    for unit in units:
        table.add_row(unit.name, *(f"{100 * unit.worst.solvers[name]:+.0f}" for name in names))
    return table


def _masks(found: Audit) -> Table:
    table = Table(title="segment requests: Dice of the label's mean mask", title_justify="left")
    for name in ("source", "label", "requests", "Dice", "95 % interval"):
        table.add_column(name, justify="left" if name in ("source", "label") else "right")
    for m in found.masks:
        interval = "" if m.low is None else f"{m.low:.2f} {m.high:.2f}"
        table.add_row(m.source, m.label, str(m.requests), f"{m.dice:.2f}", interval)
    return table


def _places(found: Audit) -> Table:
    table = Table(title="where things are said to lie (open questions): the commonest answer", title_justify="left")
    for name in ("source", "family", "n", "answer", "majority %", "chance %"):
        table.add_column(name, justify="left" if name in ("source", "family", "answer") else "right")
    for p in found.findings.places:
        row = (p.source, p.family, str(p.questions), next(iter(p.answers)))
        table.add_row(*row, f"{100 * p.majority:.0f}", f"{100 * p.chance:.0f}")
    return table
