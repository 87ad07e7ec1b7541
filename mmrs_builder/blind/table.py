"""The table of questions that blind solvers see: what each column means, and which questions are answered alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Rows: TypeAlias = npt.NDArray[np.intp]
"""Positions of rows in a table."""

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

COLUMNS: Final = (
    "question_id",
    "view",
    "group",
    "split",
    "source",
    "modality",
    "sequence",
    "plane",
    "width",
    "height",
    "twin_of",  # the view this one was made from, or None
    "family",
    "theme",  # the first word of the family's id
    "kind",
    "space",  # questions with the same set of possible answers: a value type, `yes_no`, `number`
    "program",
    "labels",  # canonical labels of the program, by spaces
    "text",  # the question's words
    "template",  # the question's words with slots for names
    "options",  # tuple of answers offered, or None
    "answer",  # the right answer as text: a token, a label, true or false, a number
    "tolerance",  # of numbers, else NaN
    "chance",  # 1/k of k declared answers; NaN where the best constant says it
    "pair",  # pair_id, or None
    "prior_bound",
    "refusal",  # whether the question cannot be answered from its view
    "negative",  # whether it is one of a pair of a question with an answer and one without
)  # fmt: skip
"""A row is a question; strings are never null unless said."""

NUMBER: Final = "number"
"""The space of numbers that are scored within a tolerance."""

BINS: Final = 12
"""Ranges of numbers between which a classifier chooses; it says the best constant of the one it chose."""

SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The questions of a table with one set of possible answers.

    ``rows`` are positions in the table; all other arrays are indexed alike. ``y`` (n,) numbers the answer in
    ``classes`` (for numbers: the range it lies in). ``allowed`` (n, classes) says which answers a question offers.
    """

    name: str
    rows: Rows
    frame: pd.DataFrame
    classes: tuple[str, ...]
    y: Rows
    allowed: Flags
    values: Floats
    tolerances: Floats

    @property
    def numeric(self) -> bool:
        """Whether answers are numbers that are scored within a tolerance."""
        return self.name == NUMBER


def spaces(frame: pd.DataFrame) -> list[Space]:
    """The table's spaces, by name. Questions of the space "" are not answered in words."""
    names = sorted({*frame["space"]} - {""})
    return [_space(name, np.flatnonzero(frame["space"] == name), frame) for name in names]


def _space(name: str, rows: Rows, table: pd.DataFrame) -> Space:
    frame = table.iloc[rows].reset_index(drop=True)
    if name == NUMBER:
        values = np.array(frame["answer"], dtype=np.float64)
        edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        y = np.searchsorted(edges, values, side="right").astype(np.intp)
        classes = tuple(f"range {i}" for i in range(len(edges) + 1))
    else:
        values = np.zeros(len(frame))
        offered = {option for options in frame["options"] if options is not None for option in options}
        classes = tuple(sorted({*frame["answer"], *offered}))
        y = pd.Categorical(frame["answer"], categories=classes).codes.astype(np.intp)
    return Space(
        name=name,
        rows=rows,
        frame=frame,
        classes=classes,
        y=y,
        allowed=_allowed(frame, classes),
        values=values,
        tolerances=frame["tolerance"].fillna(0.0).to_numpy(dtype=np.float64),
    )


def _allowed(frame: pd.DataFrame, classes: tuple[str, ...]) -> Flags:
    allowed = np.ones((len(frame), len(classes)), dtype=bool)
    number = {name: i for i, name in enumerate(classes)}
    for row, options in enumerate(frame["options"]):
        if options is not None:
            allowed[row] = False
            allowed[row, [number[option] for option in options]] = True
    return allowed


def best_constant(values: Floats, tolerances: Floats) -> float:
    """The number within the tolerance of as many values as can be; the smallest such. ``values`` is not empty."""
    ends = np.concatenate([values - tolerances, values + tolerances + SLACK])
    steps = np.concatenate([np.ones(len(values)), -np.ones(len(values))])
    order = np.lexsort((-steps, ends))
    return float(ends[order][int(np.argmax(np.cumsum(steps[order])))])


def hits(said: Floats, values: Floats, tolerances: Floats) -> Floats:
    """1 where a number said lies within the tolerance, else 0."""
    return (np.abs(said - values) <= tolerances + SLACK).astype(np.float64)
