"""The audit of a build: units of questions, how well they are answered blind, and whether that passes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mmrs_builder.audit.clues import Clue, clues
from mmrs_builder.audit.findings import Findings, findings
from mmrs_builder.audit.masks import MaskPrior, mask_priors
from mmrs_builder.audit.pairs import TwinPairs, twin_pairs
from mmrs_builder.audit.read import language, questions, read
from mmrs_builder.blind.solvers import SOLVERS, TOGETHER
from mmrs_builder.blind.statistics import Estimate, Verdict, estimate, needed, verdicts
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
    """Questions that are judged together: a family, or a pool, which is all of one theme and kind.

    ``tested`` and ``verdict`` are of solvers that are asked one question; ``together`` and ``with_others`` of those
    that also know what else is asked about the view.
    """

    name: str
    questions: int
    tested: tuple[Tested, ...]
    verdict: Verdict
    needed: int | None
    clues: tuple[Clue, ...]
    together: tuple[Tested, ...]
    with_others: Verdict

    @property
    def worst(self) -> Tested:
        """Under the division with the larger advantage."""
        return max(self.tested, key=lambda test: (test.estimate.advantage, test.estimate.high))


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
    twins: TwinPairs

    @property
    def passed(self) -> bool:
        """Whether the gate opens: every pool passes and no family fails. A build without questions does not."""
        pools = bool(self.pools) and all(unit.verdict == "PASS" for unit in self.pools)
        return pools and not any(unit.verdict == "FAIL" for unit in self.families)


def audit(out: Path, *, started: Started = unseen) -> Audit:
    """Audit a finished build; deterministic, in one process."""
    rows = read(out)
    table = questions(rows, language(out))
    tried = tried_out(table, started=started)
    pools, families = judged(table, tried)
    return Audit(
        questions=len(rows),
        groups=rows["group_id"].nunique(),
        judged=sum(unit.questions for unit in pools),
        spared=int(rows["prior_bound"].astype(bool).sum()),
        pools=pools,
        families=families,
        masks=mask_priors(out),
        findings=findings(out, rows),
        twins=twin_pairs(table, tried),
    )


def tried_out(table: pd.DataFrame, *, started: Started = unseen) -> list[Trial]:
    """All solvers on all questions of a table; none on an empty one."""
    with threadpool_limits(limits=1):  # the same sums on every machine, and the other cores stay free
        return trials(table, started=started) if len(table) else []


def judged(table: pd.DataFrame, tried: Sequence[Trial] | None = None) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    """The pools and families of a table of questions, by name, with their verdicts by what was ``tried`` on it.

    Solvers learn from all questions; judged are those with more than one possible answer.
    """
    if not len(table):
        return (), ()
    tried = tried_out(table) if tried is None else tried
    return (
        _units(dict(_pools(table)), table, tried),
        _units(dict(_families(table)), table, tried),
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


def _units(members: Mapping[str, Rows], table: pd.DataFrame, tried: Sequence[Trial]) -> tuple[Unit, ...]:
    alone = [solver for solver in SOLVERS if solver != TOGETHER]
    one = [_tested(rows, table, tried, alone) for rows in members.values()]
    all_ = [_tested(rows, table, tried, list(SOLVERS)) for rows in members.values()]
    said, with_others = (verdicts([[t.estimate for t in tests] for tests in each]) for each in (one, all_))
    return tuple(
        Unit(
            name=name,
            questions=len(rows),
            tested=tests,
            verdict=verdict,
            needed=needed([t.estimate for t in tests], sum(map(len, one))) if verdict == "UNDECIDED" else None,
            clues=clues(table.iloc[rows]) if verdict == "FAIL" else (),
            together=together,
            with_others=other,
        )
        for (name, rows), tests, verdict, together, other in zip(
            members.items(), one, said, all_, with_others, strict=True
        )
    )


def _tested(rows: Rows, table: pd.DataFrame, tried: Sequence[Trial], among: Collection[str]) -> tuple[Tested, ...]:
    groups, pairs = (pd.factorize(table[name].iloc[rows], sort=True)[0].astype(np.intp) for name in ("group", "pair"))
    found = []
    for trial in tried:
        scores, names = trial.chosen(rows, among)
        chance = trial.chance[rows]
        found.append(
            Tested(
                division=trial.name,
                estimate=estimate(scores, chance, groups, pairs),
                chosen=names,
                solvers={name: float(np.mean(right[rows] - chance)) for name, right in trial.right.items()},
            )
        )
    return tuple(found)
