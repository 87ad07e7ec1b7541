"""Lies borrowed from another view: a question that is true there, put in the place of one that is true here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from mmrs_builder.verify import render
from mmrs_builder.verify.retell import Changed, Told


def foreign_question(
    row: dict[str, Any], told: Sequence[Told], others: Sequence[Told], rng: np.random.Generator
) -> Changed:
    """A question about structures that this view lacks, or one that is asked here too and has another value."""
    places = {(one.question.kind, one.question.program): n for n, one in enumerate(told)}
    seen = {structure["label"] for structure in row["structures"]}
    found = []
    for other in others:
        place = places.get((other.question.kind, other.question.program))
        if place is None and told and _bound(other) - seen:
            found.append((int(rng.integers(len(told))), other))
        elif place is not None and told[place].question.value != other.question.value:
            found.append((place, other))
    if not found:
        return None
    place, other = found[int(rng.integers(len(found)))]
    question_id = render.question_id(row["view_id"], other.question.kind, other.question.program)
    borrowed = {**other.item, "question_id": question_id}
    return {**row, "qa": [borrowed if n == place else item for n, item in enumerate(row["qa"])]}


def _bound(told: Told) -> set[str]:
    """Labels of a question that have structures in its view."""
    return {told.reading.labels[binding.slot] for binding in told.question.bindings if binding.structures}


OF_OTHERS: Final[
    dict[str, Callable[[dict[str, Any], Sequence[Told], Sequence[Told], np.random.Generator], Changed]]
] = {"foreign_question": foreign_question}
"""Mutations of a view that take from other views, by kind."""
