"""The audit in plain language, for the card of a build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mmrs_builder.audit.run import Audit, Unit
from mmrs_builder.blind.statistics import MARGIN
from mmrs_builder.cards import table

TITLE = "## Answered without the pictures"

_MEANING = {
    "PASS": "no better than chance, as far as was looked for",
    "FAIL": "can be guessed",
    "UNDECIDED": "too few questions to say",
}


def section(found: Audit, plot: str) -> str:
    """Markdown; ``plot`` is the file of the picture, relative to the card."""
    parts = [
        TITLE,
        _what(found),
        table(
            [
                "questions",
                "number",
                "blind",
                "chance",
                "advantage, 95 % limits",
                "verdict",
                "knowing what else is asked",
            ],
            [[*_row(unit), unit.with_others] for unit in found.pools],
        ),
        _verdicts(found.families),
        f"![Blind accuracy against chance, a dot for each family]({plot})\n",
        _failing(found.families),
        _masks(found),
        _rest(found),
    ]
    return "\n".join(part for part in parts if part)


def _what(found: Audit) -> str:
    return (
        "\nSolvers that saw words, options and metadata of questions, and no picture, were trained and tested on "
        f"different groups (patients). A kind of question passes if they are at most {100 * MARGIN:g} points better "
        f"than chance, by the upper limit of 95 %. {found.judged} of {found.questions} questions were judged; "
        f"{found.spared} are marked `prior_bound`, have one possible answer and are not in test. "
        "The last column is of solvers that also saw which other questions are asked about the same picture; "
        "it is for those who ask them together. "
        f"The gate is {'open: everything passes' if found.passed else 'closed'}. UNDECIDED is no pass.\n"
    )


def _row(unit: Unit) -> list[object]:
    estimate = unit.worst.estimate
    return [
        unit.name,
        unit.questions,
        f"{100 * estimate.blind:.0f} %",
        f"{100 * estimate.chance:.0f} %",
        f"{points(estimate.advantage)} ({points(estimate.low)} to {points(estimate.high)})",
        unit.verdict,
    ]


def points(part: float) -> str:
    """Percentage points with their sign; beyond 100 nothing is known."""
    return "?" if abs(part) > 1 else f"{100 * part:+.1f}"


def _verdicts(families: Sequence[Unit]) -> str:
    counts = Counter[str](unit.verdict for unit in families)
    said = ", ".join(f"{counts[verdict]} {verdict} ({meaning})" for verdict, meaning in _MEANING.items())
    return f"Of {len(families)} families: {said}.\n"


def _failing(families: Sequence[Unit]) -> str:
    rows = [[*_row(unit)[:5], "; ".join(clue_text(unit))] for unit in families if unit.verdict == "FAIL"]
    head = ["family that can be guessed", "number", "blind", "chance", "advantage, 95 % limits", "by the words"]
    return table(head, rows) if rows else ""


def clue_text(unit: Unit) -> list[str]:
    """Words that give answers away, with the answer that most often is right for them."""
    return [f"{_quoted(c.words)}: {c.answer} ({100 * c.share:.0f} % of {c.questions})" for c in unit.clues]


def _masks(found: Audit) -> str:
    rows = [
        [m.source, m.label, m.requests, f"{m.dice:.2f}", "" if m.low is None else f"{m.low:.2f} to {m.high:.2f}"]
        for m in found.masks
    ]
    if not rows:
        return ""
    head = ["source", "label", "requests", "Dice", "95 % interval"]
    return (
        "Segment requests have no chance level. How well the mean mask of the same label in other groups fits:\n\n"
        + table(head, rows)
    )


def _rest(found: Audit) -> str:
    rest = found.findings
    leaks = ", ".join(f"{n} {name}s" for name, n in rest.leaks.items())
    return (
        f"In two splits lie {leaks}. {rest.repeated} questions are asked twice of a view in the same words, "
        f"{rest.contradicting} of them with different answers. {rest.alike} of {rest.pairs} opposite pairs have the "
        "same words: who answers words alone gets one right in each, and never both.\n"
        f"{twins(found)}"
    )


def twins(found: Audit) -> str:
    """What is known of twins and their originals, in a line; nothing without twins."""
    them = found.twins
    if them.text_only is None or them.any is None or them.other is None:
        return ""
    return (
        f"\n{them.pairs} pairs are of a twin and its original. Both are right in {100 * them.text_only:.0f} % of them "
        f"for the best solver that sees the question alone, in {100 * them.any:.0f} % for the best of all; who is told "
        f"the answer of one and guesses another one for the other is right in {100 * them.other:.0f} %.\n"
    )


def _quoted(words: str) -> str:
    return f'"{words}"' if words else "always"
