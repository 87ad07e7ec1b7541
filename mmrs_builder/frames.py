"""The same fact in the patient's frame and in the viewer's (``docs/language.md`` section 7b)."""

from __future__ import annotations

import re
from typing import Final

from mmrs_builder.evaluate import Measured, NoValue, evaluate
from mmrs_builder.relations.patient import AXES, VISIBLE
from mmrs_builder.templates import Family
from mmrs_builder.types import Grid

KINDS: Final = ("open", "choice")
"""Kinds of question of which two may be linked across frames."""

AHEAD: Final = frozenset({"left", "posterior", "superior"})
"""The sides to which the axes L, P and S grow."""

_CALL: Final = re.compile(r"\b(lateral|anteroposterior|craniocaudal)\(")
_ALONG: Final = (("horizontal", ("right", "left")), ("vertical", ("below", "above")))
"""For an axis along the rows and along the columns: the viewer's relation, the side to which pixels grow, the other."""


def counterpart(family: Family, program: str, token: str, on: Measured) -> str | None:
    """The family of the viewer's frame that says in this view what a closed program of the patient's frame says.

    None where the family names none, where the axis of the body follows neither rows nor columns, and where a tilted
    axis or a tie makes the viewer's word another one.
    """
    found = _CALL.search(program) if family.other_frame else None
    along = _along(on.scene.grid, AXES[found[1]]) if found else None
    if along is None:
        return None
    columns, grows = along
    relation, (onward, back) = _ALONG[columns]
    try:
        seen = evaluate(_CALL.sub(f"{relation}(", program), on).value
    except NoValue:
        return None
    return family.other_frame[columns] if seen == (onward if (token in AHEAD) == grows else back) else None


def _along(grid: Grid, component: int) -> tuple[bool, bool] | None:
    """Whether a body axis lies along the columns, else along the rows, and whether it grows with the pixels there."""
    if grid.direction is None:
        return None
    down, right = (vector[component] for vector in grid.direction)
    if max(abs(down), abs(right)) < VISIBLE:
        return None
    return (True, down > 0) if abs(down) > abs(right) else (False, right > 0)
