"""What is asked of twins, and which of it stands beside a question of their originals (``docs/twins.md`` section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder import programs
from mmrs_builder.bindings import MOST_BINDINGS
from mmrs_builder.digests import keyed
from mmrs_builder.evaluate import Measured
from mmrs_builder.pool import Codebook, Pool
from mmrs_builder.questions import Candidate, Unasked, candidates
from mmrs_builder.selected import Asked, PairKind, Selected, Unit, identity
from mmrs_builder.templates import Family
from mmrs_builder.types import Label
from mmrs_builder.vocab import GEOMETRIC, VALUES

Wide: TypeAlias = npt.NDArray[np.int64]

OPPOSITE_KINDS: Final = ("open", "choice", "yes_no")
"""Kinds whose answer on a geometric twin can be the opposite of the original's in words."""

SAME_KINDS: Final = ("open", "choice")
"""Kinds that are asked of the signs alone as of the picture with signs; yes and no have their pairs already."""

POINTS: Final = frozenset(
    {
        "quadrant", "zone", "side", "level", "clock", "near_centre", "direction", "main_direction", "horizontal",
        "vertical", "leftmost", "rightmost", "topmost", "bottommost", "between", "nearest", "farthest",
        "second_leftmost", "second_rightmost", "second_topmost", "second_bottommost",
    }
)  # fmt: skip
"""Relations of places: a sign alone has a place, and no size or outline to be asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Candidates by what stands beside them, by number: of plain ones the twin's question in the same words with
    another answer (``opposites``) or the same (``echoes``); ``plain`` says which of all are no such question.
    """

    opposites: Mapping[int, int]
    echoes: Mapping[int, int]
    plain: npt.NDArray[np.bool_]


def twin_candidates(
    on: Measured, families: Sequence[Family], labels: Mapping[str, Label], most: int = MOST_BINDINGS
) -> Iterator[Candidate | Unasked]:
    """All decided questions about a twin that may be asked of it, in the order of families and bindings, of which
    ``most`` are looked at."""
    assert on.scene.twin is not None
    op = on.scene.twin.op
    for item in candidates(on, tuple(family for family in families if _fits(family, op)), labels, most):
        if isinstance(item, Unasked) or _may_ask(item, op, labels):
            yield item


def _fits(family: Family, op: str) -> bool:
    """Whether a family speaks of single structures only, where they go by their signs; of places, where signs are all
    there is; and has answers in words."""
    if op in GEOMETRIC:
        return programs.value_type(family.program) in (*VALUES, "One")
    used = programs.words(family.program) - programs.REFERENCES - programs.JOINS
    return programs.single(family.program) == {*programs.slots(family.program)} and (op == "mark" or used <= POINTS)


def _may_ask(candidate: Candidate, op: str, labels: Mapping[str, Label]) -> bool:
    """A mirrored picture shows the left kidney as a right one is seen: sides that names tell are not asked there."""
    if op == "mirror" and any(labels[label].side for label in candidate.labels):
        return False
    return op == "mark" or candidate.kind in (SAME_KINDS if op == "canvas" else OPPOSITE_KINDS)


def sort(pool: Pool, unwanted: npt.NDArray[np.bool_]) -> Beside:
    """Put every twin's question beside the one it can be asked with, if neither is flagged as unwanted."""
    ops = np.array([OPS.index(view.op) for view in pool.views], np.int8)[pool.view]
    plain = ops <= MARKED
    if not pool.views or not (~plain).any():
        return Beside(opposites={}, echoes={}, plain=plain)

    def wanted(flags: npt.NDArray[np.bool_]) -> Wide:
        return np.flatnonzero(flags & ~unwanted)

    names: Codebook[str | None] = Codebook({view.view_id: code for code, view in enumerate(pool.views)})
    origin = names.codes(view.twin_of for view in pool.views).astype(np.int64)
    return Beside(
        opposites=_beside(pool, wanted(ops == 0), wanted(ops > CANVAS), origin, same=False),
        echoes=_beside(pool, wanted(ops == MARKED), wanted(ops == CANVAS), origin, same=True),
        plain=plain,
    )


OPS: Final = (None, "mark", "canvas", *GEOMETRIC)
MARKED: Final = OPS.index("mark")
CANVAS: Final = OPS.index("canvas")


def _beside(pool: Pool, shown: Wide, others: Wide, origin: Wide, *, same: bool) -> dict[int, int]:
    """By number, which of ``shown`` is asked in the same words as which of ``others``, with the same answer or not.

    ``origin`` are the views that twins were made from.
    """
    forms = len(pool.forms)
    answer = np.array(Codebook[str]().codes(value.answer for value in pool.values))
    # Signs and signs on white are twins of one view; any other question stands beside its own twin's.
    views = origin[pool.view[shown]] if same else pool.view[shown].astype(np.int64)
    place = {int(key): int(number) for key, number in zip(views * forms + pool.form[shown], shown, strict=True)}
    found = {}
    others = others[np.argsort(pool.view[others], kind="stable")]
    for key, other in zip(origin[pool.view[others]] * forms + pool.form[others], others, strict=True):
        one = place.get(int(key))
        if one is not None and (answer[pool.value[one]] == answer[pool.value[other]]) == same:
            found[one] = int(other)
    return found


def linked(one: Selected, other: Selected, kind: PairKind, seed: int, claim: str | None = None) -> Unit:
    """Two questions that share their words."""
    name = f"p{keyed(seed, kind, identity(one), identity(other)):016x}"
    return tuple(item._replace(claim=claim, pair_id=name, pair_kind=kind) for item in (one, other))


def echoed(unit: Unit, echoes: Mapping[Asked, Selected], seed: int) -> Unit:
    """A round with every one of its questions asked of the signs alone as well, if all can be: so it stays even."""
    if not all(item.pair_id is None and identity(item) in echoes for item in unit):
        return unit
    beside = [echoes[identity(item)]._replace(prior_bound=item.prior_bound) for item in unit]
    return tuple(half for pair in zip(unit, beside, strict=True) for half in linked(*pair, "same", seed))
