"""The audit of a build: units of questions, how well they are answered blind, and whether that passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mmrs_builder.audit.clues import Clue, clues
from mmrs_builder.audit.findings import Findings, findings
from mmrs_builder.audit.masks import MaskPrior, mask_priors
from mmrs_builder.audit.read import language, questions, read
from mmrs_builder.blind.statistics import Estimate, Verdict, estimates, needed, verdicts
from mmrs_builder.blind.table import Rows
from mmrs_builder.blind.trial import Started, Trial, trials, unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A unit under one way to divide its questions: the estimate, and which solver was chosen in each fold.

    ``solvers`` holds the advantage of every solver, as a part of 1.
    """

    division: str
    estimate: Estimate
    chosen: tuple[str, ...]
    solvers: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Questions that are judged together: a family, or a pool, which is all of one theme and kind."""

    name: str
    level: str  # family or pool
    questions: int
    tested: tuple[Tested, ...]
    verdict: Verdict
    needed: int | None
    clues: tuple[Clue, ...]

    @property
    def worst(self) -> Tested:
        """Under the division with the higher upper limit, then the higher advantage."""
        return max(self.tested, key=lambda t: (t.estimate.advantage, t.estimate.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All that was found. ``spared`` counts questions that are marked ``prior_bound`` and not judged."""

    questions: int
    groups: int
    judged: int
    spared: int
    pools: tuple[Unit, ...]
    families: tuple[Unit, ...]
    masks: tuple[MaskPrior, ...]
    findings: Findings

    @property
    def passed(self) -> bool:
        """Whether the gate opens: every pool passes and no family fails. A build without questions does not."""
        pools = bool(self.pools) and all(unit.verdict == "PASS" for unit in self.pools)
        return pools and not any(unit.verdict == "FAIL" for unit in self.families)


def audit(out: Path, *, started: Started = unseen) -> Audit:
    """Audit a finished build; deterministic, in one process."""
    rows = read(out)
    table = questions(rows, language(out))
    pools, families = judged(table, started=started)
    return Audit(
        questions=len(rows),
        groups=rows["group_id"].nunique(),
        judged=sum(unit.questions for unit in pools),
        spared=int(rows["prior_bound"].astype(bool).sum()),
        pools=pools,
        families=families,
        masks=mask_priors(out),
        findings=findings(out, rows),
    )


def judged(
    table: pd.DataFrame, *, seed: int = 0, started: Started = unseen
) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    """The pools and families of a table of questions, by name, with their verdicts.

    Solvers learn from all questions; judged are those with more than one possible answer.
    """
    if not len(table):
        return (), ()
    with threadpool_limits(limits=1):  # the same sums on every machine, and the other cores stay free
        tried = trials(table, started=started)
    return (
        _units("pool", dict(_pools(table)), table, tried, seed),
        _units("family", dict(_families(table)), table, tried, seed),
    )


def _asked(table: pd.DataFrame) -> pd.Series:
    return (table["space"] != "") & ~table["prior_bound"]


def _pools(table: pd.DataFrame) -> Iterator[tuple[str, Rows]]:
    asked = table[_asked(table)]
    for name, rows in asked.groupby(asked["theme"] + " " + asked["kind"], sort=True).groups.items():
        yield str(name), np.array(rows, dtype=np.intp)


def _families(table: pd.DataFrame) -> Iterator[tuple[str, Rows]]:
    asked = table[_asked(table)]
    names = asked["family"] + asked["kind"].map(lambda kind: " refusal" if kind == "refusal" else "")
    for name, rows in asked.groupby(names, sort=True).groups.items():
        yield str(name), np.array(rows, dtype=np.intp)


def _units(
    level: str, members: dict[str, Rows], table: pd.DataFrame, tried: Sequence[Trial], seed: int
) -> tuple[Unit, ...]:
    groups = pd.factorize(table["group"], sort=True)[0].astype(np.intp)
    rows = list(members.values())
    tested: list[list[Tested]] = [[] for _ in rows]
    scores: list[list[Any]] = [[] for _ in rows]
    for trial in tried:
        chosen = [trial.chosen(one) for one in rows]
        found = estimates(
            [score for score, _ in chosen],
            [trial.chance[one] for one in rows],
            [groups[one] for one in rows],
            seed=seed,
        )
        for unit, (one, (score, names), estimate) in enumerate(zip(rows, chosen, found, strict=True)):
            each = {n: float(np.mean(right[one] - trial.chance[one])) for n, right in trial.right.items()}
            tested[unit].append(Tested(division=trial.name, estimate=estimate, chosen=names, solvers=each))
            scores[unit].append(score - trial.chance[one])
    said = verdicts([[test.estimate for test in unit] for unit in tested])
    return tuple(
        Unit(
            name=name,
            level=level,
            questions=len(members[name]),
            tested=tuple(tests),
            verdict=verdict,
            needed=_needed(tests) if verdict == "UNDECIDED" else None,
            clues=clues(table.iloc[members[name]], np.mean(gains, axis=0)) if verdict == "FAIL" else (),
        )
        for name, tests, verdict, gains in zip(members, tested, said, scores, strict=True)
    )


def _needed(tests: Sequence[Tested]) -> int | None:
    """What the most demanding division needs."""
    each = [needed(test.estimate) for test in tests]
    known = [n for n in each if n is not None]
    return max(known) if len(known) == len(each) else None
