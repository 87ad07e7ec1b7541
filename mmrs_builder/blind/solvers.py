"""Blind solvers: each learns on some questions of a space and says how likely it finds every answer to others.

All but the last learn from answers alone. None sees a picture or a mask. ``docs/audit.md`` section 3 lists them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from mmrs_builder.blind import features
from mmrs_builder.blind.table import Floats, Rows, Space, best_constant, hits
from mmrs_builder.digests import keyed

MOST: Final = 4000
"""Questions that a classifier learns from; of more, those whose keyed hash takes."""

Learned: TypeAlias = Floats
"""(questions, classes): the higher the likelier; all 0 where nothing was learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What solvers see of a space, made once for all folds."""

    space: Space
    words: features.Matrix
    metadata: features.Matrix
    siblings: features.Matrix
    categories: Floats
    letters: Rows  # place of the right option, -1 without options
    original: Rows  # the same question of the view that this one's view was made from, -1 without


Solver: TypeAlias = Callable[[Sight, Rows, Rows], Learned]
"""(what is seen, questions to learn from, questions to answer) -> what was learnt of the latter."""


def sight(space: Space, table: pd.DataFrame) -> Sight:
    """The features of a space; ``table`` holds all questions."""
    frame = space.frame
    return Sight(
        space=space,
        words=features.matrix(features.words(frame))[0],
        metadata=features.matrix(features.metadata(frame))[0],
        siblings=features.matrix(features.siblings(frame, table))[0],
        categories=features.categories(frame),
        letters=np.array(
            [
                -1 if options is None else options.index(answer)
                for options, answer in zip(frame["options"], frame["answer"], strict=True)
            ],
            dtype=np.intp,
        ),
        original=_originals(frame),
    )


def _originals(frame: pd.DataFrame) -> Rows:
    known = {(view, kind, program): row for row, (view, kind, program) in enumerate(_keys(frame, ("view",)))}
    found = [known.get(key, -1) if key[0] else -1 for key in _keys(frame, ("twin_of",))]
    return np.array(found, dtype=np.intp)


def _keys(frame: pd.DataFrame, first: tuple[str]) -> list[tuple[str, str, str]]:
    return list(frame[[*first, "kind", "program"]].itertuples(index=False, name=None))


def _counting(*keys: tuple[str, ...]) -> Solver:
    """The most frequent answer to questions alike in all columns of the first key, where there are none of the next."""

    def solve(seen: Sight, learn: Rows, answer: Rows) -> Learned:
        frame, y, classes = seen.space.frame, seen.space.y, len(seen.space.classes)
        learned = np.zeros((len(answer), classes))
        for weight, key in enumerate(keys):
            codes = frame.groupby(list(key), sort=True).ngroup().to_numpy() if key else np.zeros(len(frame), np.intp)
            counts = np.zeros((int(codes.max(initial=0)) + 1, classes))
            np.add.at(counts, (codes[learn], y[learn]), 1)
            sizes = counts.sum(axis=1, keepdims=True)
            shares = np.divide(counts, sizes, out=np.zeros_like(counts), where=sizes > 0)
            learned += shares[codes[answer]] * 1e-3**weight  # the next key decides among equals only
        return learned

    return solve


def _letter(seen: Sight, learn: Rows, answer: Rows) -> Learned:
    """The place that is most often right among as many options; the most frequent answer where there are no options."""
    learned = _counting(("kind",), ())(seen, learn, answer)
    sizes = seen.space.allowed.sum(axis=1)
    counts = np.zeros((int(sizes.max(initial=0)) + 1, len(seen.space.classes) + 1))
    placed = learn[seen.letters[learn] >= 0]
    np.add.at(counts, (sizes[placed], seen.letters[placed]), 1)
    number = {name: i for i, name in enumerate(seen.space.classes)}
    offered = list(seen.space.frame["options"])
    for row, question in enumerate(answer):
        options = offered[question]
        if options is not None:
            learned[row] = 0
            for place, option in enumerate(options):
                learned[row, number[option]] = counts[sizes[question], place]
    return learned


def _twin(seen: Sight, learn: Rows, answer: Rows) -> Learned:
    """What the same words were answered of the view that this one's was made from."""
    learned = _counting(("program",), ("family",), ())(seen, learn, answer)
    known = np.flatnonzero(seen.original[answer] >= 0)
    learned[known, seen.space.y[seen.original[answer[known]]]] = 2
    return learned


def _logistic(name: str) -> Solver:
    def solve(seen: Sight, learn: Rows, answer: Rows) -> Learned:
        matrix: features.Matrix = getattr(seen, name)
        model = LogisticRegression(C=1.0, solver="lbfgs", max_iter=60, tol=1e-3)
        return _fitted(model, matrix, seen, learn, answer)

    return solve


def _boosted(seen: Sight, learn: Rows, answer: Rows) -> Learned:
    model = HistGradientBoostingClassifier(
        max_iter=20, max_leaf_nodes=12, learning_rate=0.3, early_stopping=False, random_state=0
    )
    return _fitted(model, seen.categories, seen, learn, answer)


def _fitted(
    model: LogisticRegression | HistGradientBoostingClassifier,
    matrix: features.Matrix | Floats,
    seen: Sight,
    learn: Rows,
    answer: Rows,
) -> Learned:
    """Probabilities of a classifier, with the shares of answers for a fallback where it cannot tell any apart."""
    learn, y = _some(seen, learn), seen.space.y
    if len(np.unique(y[learn])) < 2 or not matrix.shape[1]:
        return _counting(())(seen, learn, answer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # steps are limited on purpose
        model.fit(matrix[learn], y[learn])
    learned = np.zeros((len(answer), len(seen.space.classes)))
    learned[:, model.classes_] = model.predict_proba(matrix[answer])
    return learned


def _some(seen: Sight, learn: Rows) -> Rows:
    if len(learn) <= MOST:
        return learn
    ids = seen.space.frame["question_id"]
    return np.sort(np.array(sorted(learn, key=lambda row: keyed("learn", ids.iat[row]))[:MOST], dtype=np.intp))


SOLVERS: Final[Mapping[str, Solver]] = {
    "majority": _counting(("family", "kind"), ("kind",), ()),
    "letter": _letter,
    "organ prior": _counting(("labels", "source"), ("labels",), ()),
    "same words": _counting(("program", "source"), ("program",), ("family", "labels"), ("family",), ()),
    "metadata": _logistic("metadata"),
    "words": _logistic("words"),
    "boosted": _boosted,
    "siblings": _logistic("siblings"),
    "twin": _twin,
}
"""In the order in which equally good ones are preferred."""

TOGETHER: Final = "siblings"
"""The solver that needs the other questions of a view."""


def scored(seen: Sight, learned: Learned, learn: Rows, answer: Rows) -> Floats:
    """(questions,) 1 for a right answer, 0 for a wrong one; where nothing was learnt, what guessing gives."""
    space = seen.space
    if not len(learn):
        return np.asarray(space.frame["chance"].fillna(0.0), dtype=np.float64)[answer]
    chosen = np.where(space.allowed[answer], learned, -1).argmax(axis=1)
    if not space.numeric:
        return np.asarray(chosen == space.y[answer], dtype=np.float64)
    said = _constants(space, learn)[chosen]
    return hits(said, space.values[answer], space.tolerances[answer])


def _constants(space: Space, learn: Rows) -> Floats:
    """The best constant of each range of numbers, of all where a range was never met."""
    every = best_constant(space.values[learn], space.tolerances[learn])
    found = np.full(len(space.classes), every)
    for number in np.unique(space.y[learn]):
        some = learn[space.y[learn] == number]
        found[number] = best_constant(space.values[some], space.tolerances[some])
    return found


def constant_hits(seen: Sight, learn: Rows, answer: Rows) -> Floats:
    """What the best constant of each family gets right: the chance level of numbers."""
    space = seen.space
    if not len(learn):
        return np.zeros(len(answer))
    families = space.frame["family"].to_numpy()
    every = best_constant(space.values[learn], space.tolerances[learn])
    said = np.full(len(answer), every)
    for family in set(families[answer]) & set(families[learn]):
        some = learn[families[learn] == family]
        said[families[answer] == family] = best_constant(space.values[some], space.tolerances[some])
    return hits(said, space.values[answer], space.tolerances[answer])
