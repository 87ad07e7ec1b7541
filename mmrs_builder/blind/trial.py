"""Trying the solvers: which questions they learn from, which they answer, and which solver is trusted.

Questions are divided in two ways, and a unit passes only if it does in both (``docs/audit.md`` section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmrs_builder.blind.solvers import SOLVERS, Sight, Solver, constant_hits, scored, sight
from mmrs_builder.blind.table import Flags, Floats, Rows, spaces
from mmrs_builder.digests import keyed

FOLDS: Final = 3
"""Parts into which groups are divided; also the part of the learning questions that choose the solver is 1 in this."""

WEIGHT: Final = 10

Started = Callable[[int], Callable[[int], None]]
"""Is told the number of steps, and returns what is told how many more are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How every solver did on every question, under one way to divide them.

    ``fold`` (n,) numbers the part a question was answered in; ``right`` holds (n,) scores by solver; ``tried`` holds,
    by fold and solver, the (n,) scores on the questions that were held out to choose a solver, NaN elsewhere;
    ``chance`` (n,) is chance level.
    """

    name: str
    fold: Rows
    right: Mapping[str, Floats]
    tried: tuple[Mapping[str, Floats], ...]
    chance: Floats

    def chosen(self, rows: Rows, among: Collection[str]) -> tuple[Floats, tuple[str, ...]]:
        """Scores of a unit's questions by the solvers that did best on its held-out ones, and these solvers by fold.

        The solver of a fold is chosen without any question of that fold. So that chance does not choose for small
        units, how solvers did on all held-out questions counts like ``WEIGHT`` questions of the unit.
        """
        scores, names = np.zeros(len(rows)), []
        for number, tried in enumerate(self.tried):
            means = {name: _shrunk(tried[name], rows) for name in self.right if name in among}
            best = max(means, key=lambda name: means[name])  # the first of equals
            here = self.fold[rows] == number
            scores[here] = self.right[best][rows[here]]
            names.append(best)
        return scores, tuple(names)


def _shrunk(values: Floats, rows: Rows) -> float:
    held, own = (some[~np.isnan(some)] for some in (values, values[rows]))
    return float(own.sum() + WEIGHT * (held.mean() if len(held) else 0.0)) / (len(own) + WEIGHT)


def divisions(table: pd.DataFrame) -> dict[str, Rows]:
    """The ways to divide questions into parts, by name: the part of each question. Groups stay together in both.

    ``splits`` is left out where all questions lie in one split.
    """
    splits = sorted(set(table["split"]))
    parts = {group: keyed("fold", group) % FOLDS for group in set(table["group"])}
    by_group = np.array([parts[group] for group in table["group"]], dtype=np.intp)
    by_split = np.array([splits.index(split) for split in table["split"]], dtype=np.intp)
    return {"splits": by_split, "groups": by_group} if len(splits) > 1 else {"groups": by_group}


def unseen(_total: int) -> Callable[[int], None]:
    """Progress that nobody looks at."""
    return lambda _: None


def trials(table: pd.DataFrame, *, started: Started = unseen) -> list[Trial]:
    """Try all solvers on a table of questions (``table.COLUMNS``).

    Numbers are compared with the best constant, everything else with the table's chance.
    """
    seen = [sight(space, table) for space in spaces(table)]
    solvers = {name: solver for name, solver in SOLVERS.items() if name != "twin" or table["twin_of"].notna().any()}
    ways, found = divisions(table), []
    progress = started(len(ways) * len(seen))
    for name, fold in ways.items():
        trial = _empty(name, fold, table, tuple(solvers))
        for one in seen:
            _try(trial, one, solvers)
            progress(1)
        found.append(trial)
    return found


def _empty(name: str, fold: Rows, table: pd.DataFrame, solvers: tuple[str, ...]) -> Trial:
    n = len(table)
    return Trial(
        name=name,
        fold=fold,
        right={solver: np.zeros(n) for solver in solvers},
        tried=tuple({solver: np.full(n, np.nan) for solver in solvers} for _ in range(int(fold.max(initial=0)) + 1)),
        chance=table["chance"].to_numpy(dtype=np.float64, copy=True),
    )


def _try(trial: Trial, seen: Sight, solvers: Mapping[str, Solver]) -> None:
    rows = seen.space.rows
    inner = _held_out(seen.space.frame["group"])
    for number, learn, answer in _parts(trial.fold[rows], seen.space.frame["pair"], apart=trial.name == "groups"):
        fit, check = learn[~inner[learn]], learn[inner[learn]]
        for name, solver in solvers.items():
            trial.right[name][rows[answer]] = _answered(solver, seen, learn, answer)
            trial.tried[number][name][rows[check]] = _answered(solver, seen, fit, check)
        if seen.space.numeric:
            trial.chance[rows[answer]] = constant_hits(seen, learn, answer)


def _answered(solver: Solver, seen: Sight, learn: Rows, answer: Rows) -> Floats:
    learned = solver(seen, learn, answer) if len(learn) and len(answer) else np.zeros((len(answer), 1))
    return scored(seen, learned, learn, answer)


def _parts(fold: Rows, pair: pd.Series, *, apart: bool) -> Iterator[tuple[int, Rows, Rows]]:
    """Number, learning questions and questions of each fold.

    ``apart``: a question's partner in a pair does not teach its answer, which is its opposite. (No pair lies in two
    splits.)
    """
    pairs = pair.to_numpy()
    for number in np.unique(fold):
        answer, learn = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if apart:
            there = {name for name in pairs[answer] if name is not None}
            learn = learn[[name not in there for name in pairs[learn]]] if len(learn) else learn
        yield int(number), learn, answer


def _held_out(groups: pd.Series) -> Flags:
    chosen = {group: keyed("inner", group) % FOLDS == 0 for group in set(groups)}
    return np.array([chosen[group] for group in groups], dtype=bool)
