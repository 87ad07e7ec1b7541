"""A review in plain language, for the cards of a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from mmrs_builder.cards import table
from mmrs_builder.review.decisions import READERS, REASONS

TITLE: Final = "## Read by two people"
ANALYSIS: Final = "rai:dataAnnotationAnalysis"
"""The term of Croissant's Responsible AI extension that says how annotators agree."""

Numbers: TypeAlias = Mapping[str, Any]


def section(numbers: Numbers) -> str:
    """Markdown for the card, from ``merge.results``."""
    rows = [
        ["accepted by both", numbers["accepted"]["both"], _percent(numbers["sound"])],
        ["accepted by reader A only", numbers["accepted"]["a"], ""],
        ["accepted by reader B only", numbers["accepted"]["b"], ""],
        ["rejected by both", numbers["accepted"]["neither"], ""],
    ]
    agreement = [
        ["same verdict", _percent(numbers["percent"])],
        ["Cohen's kappa", _plain(numbers["kappa"])],
        ["Gwet's AC1", _plain(numbers["ac1"])],
    ]
    found = [
        [f"reader {reader.upper()}", *(_of(numbers[name][reader]) for name in ("detected", "rejected"))]
        for reader in READERS
    ]
    parts = [
        f"{TITLE}\n",
        f"{_what(numbers)}\n",
        table(["verdict", "questions", "part, 95 % interval"], rows),
        table(["agreement", "95 % interval"], agreement),
        table(["", "planted errors found", "other questions rejected"], found),
        _reasons(numbers["reasons"]),
    ]
    return "\n".join(part for part in parts if part)


def sentence(numbers: Numbers) -> str:
    """The review in a few lines, for the datasheet and for machines."""
    found = ", ".join(
        f"reader {r.upper()} {numbers['detected'][r]['n']} of {numbers['detected'][r]['of']}" for r in READERS
    )
    return (
        f"Two readers judged {numbers['questions']} questions about {numbers['views']} views: both accepted "
        f"{_percent(numbers['sound'])} of them. Same verdict in {_percent(numbers['percent'])}, Cohen's kappa "
        f"{_plain(numbers['kappa'])}, Gwet's AC1 {_plain(numbers['ac1'])} (95 % intervals). Of planted errors found: "
        f"{found}."
    )


def _what(numbers: Numbers) -> str:
    planted, unread = numbers["detected"]["a"]["of"], numbers["unread"]
    left = f" {unread} sampled ones were not read by both and are not counted." if unread else ""
    return (
        f"Two readers, each alone, judged {numbers['questions']} questions about {numbers['views']} views of this "
        f"build, drawn in proportion to its sources, modalities, kinds and families, and {planted} more that had been "
        "made wrong on purpose; they did not know which. Intervals of agreement are from a bootstrap over views."
        f"{left} `review.json` holds every verdict."
    )


def _reasons(reasons: Mapping[str, Mapping[str, int]]) -> str:
    used = [code for code in REASONS if any(code in reasons[reader] for reader in READERS)]
    rows = [[REASONS[code], *(reasons[reader].get(code, 0) for reader in READERS)] for code in used]
    return (
        table(["why questions were rejected", *(f"reader {reader.upper()}" for reader in READERS)], rows)
        if rows
        else ""
    )


def _percent(numbers: Sequence[float | None]) -> str:
    value, low, high = (None if x is None else f"{100 * x:.1f}" for x in numbers)
    return "not defined" if value is None else f"{value} %" + ("" if low is None else f" ({low} to {high})")


def _plain(numbers: Sequence[float | None]) -> str:
    value, low, high = (None if x is None else f"{x:.2f}" for x in numbers)
    return "not defined" if value is None else value + ("" if low is None else f" ({low} to {high})")


def _of(counted: Mapping[str, Any]) -> str:
    return f"{counted['n']} of {counted['of']}: {_percent(counted['part'])}"
