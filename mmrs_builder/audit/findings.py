"""What else a careful reader asks of a build: leakage, words asked twice, where things lie, steadiness, pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

PLACES: Final = ("locate.zone", "locate.quadrant", "locate.side", "locate.level")
"""Families whose balance is shown by source."""

_ACROSS: Final = {
    "group": ("group_id",),
    "patient": ("source", "patient_id"),
    "picture": ("pixels_sha256",),
    "file": ("image_sha256",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How often places are asked for in a source: by how much a constant answer is right, against chance."""

    source: str
    family: str
    questions: int
    answers: dict[str, int]
    majority: float
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """``leaks``: groups, patients, pictures and files that lie in two splits.

    ``repeated``: questions asked in the words, with the options, of another question of their view; ``contradicting``:
    those of them with another answer. ``pairs``: opposite yes/no pairs; ``alike``: those in which both have the same
    words, of which who answers the same words alike gets exactly one right. ``jitter``: what the build did not ask
    because another annotator's masks would have changed the answer, by the size of the smallest structure.
    """

    leaks: dict[str, int]
    repeated: int
    contradicting: int
    pairs: int
    alike: int
    places: tuple[Balance, ...]
    jitter: dict[str, int]


def findings(out: Path, rows: pd.DataFrame) -> Findings:
    """All of it, from the rows of config ``qa`` and the manifest."""
    words = rows.assign(
        options=rows["choices"].map(lambda choices: "" if choices is None else " / ".join(sorted(choices)))
    )
    same = words.groupby(["view_id", "question", "options"])
    sizes, values = same["question_id"].transform("size"), same["value"].transform("nunique")
    opposite = rows[rows["pair_kind"] == "opposite"].groupby("pair_id")["question"].nunique()
    return Findings(
        leaks={name: _leaking(rows, list(key)) for name, key in _ACROSS.items()},
        repeated=int((sizes > 1).sum()),
        contradicting=int(((sizes > 1) & (values > 1)).sum()),
        pairs=len(opposite),
        alike=int((opposite == 1).sum()),
        places=_places(rows),
        jitter=_jitter(out),
    )


def _leaking(rows: pd.DataFrame, key: list[str]) -> int:
    known = rows.dropna(subset=key)
    return int((known.groupby(key)["split"].nunique() > 1).sum())


def _places(rows: pd.DataFrame) -> tuple[Balance, ...]:
    some = rows[rows["family"].isin(PLACES) & (rows["kind"] == "open")]
    return tuple(
        Balance(
            source=str(source),
            family=str(family),
            questions=len(group),
            answers=dict(sorted(Counter[str](group["value"]).items(), key=lambda item: (-item[1], item[0]))),
            majority=float(group["value"].value_counts(normalize=True).iloc[0]),
            chance=1 / {"zone": 9, "quadrant": 4}.get(str(family).split(".")[1], 2),
        )
        for (source, family), group in some.groupby(["source", "family"], sort=True)
    )


def _jitter(out: Path) -> dict[str, int]:
    manifest = out / ".mmrs" / "manifest.json"
    report: Mapping[str, Any] = (
        json.loads(manifest.read_text(encoding="utf-8")).get("report", {}) if manifest.is_file() else {}
    )
    return {reason: int(n) for reason, n in report.get("refused", {}).items() if reason.startswith("unsteady")}
