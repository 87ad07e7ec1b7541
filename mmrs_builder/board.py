"""What was taken so far, and what that leaves room for: limits of views and of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.pool import Codes, Pool
from mmrs_builder.selected import PairKind, Selected
from mmrs_builder.vocab import KINDS

VARIETY: Final = 4
"""In a view no kind of question takes more than one part in this many before all kinds had their turn."""

Quota: TypeAlias = tuple[str, str, str]


class Marks(NamedTuple):
    """What being asked adds to a candidate: see ``Selected``."""

    claim: str | None = None
    pair_kind: PairKind | None = None
    prior_bound: bool = False
    balanced: bool = True
    pair_id: str | None = None
    choices: tuple[str, ...] | None = None
    answer_index: int | None = None


def marks(item: Selected) -> Marks:
    """Those of a question."""
    return Marks(
        item.claim, item.pair_kind, item.prior_bound, item.balanced, item.pair_id, item.choices, item.answer_index
    )


def marked(item: Selected, with_: Marks) -> Selected:
    """A candidate as it is asked."""
    return item._replace(**with_._asdict())


Taken: TypeAlias = Sequence[tuple[int, Marks]]
"""Candidates that are asked together or not at all, by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What was taken so far, by number of the candidate, and how much of a view and of its kinds and families that is.

    ``asked`` holds the marks, ``taken`` the same as flags for whole columns; ``room`` counts by view.
    """

    pool: Pool
    per_view: int
    families: Codes  # of each form
    kinds: Codes  # of each form
    rows: int | None
    quotas: dict[Quota, int] | None
    asked: dict[int, Marks] = field(default_factory=dict)
    targets: set[tuple[int, int]] = field(default_factory=set)
    taken: npt.NDArray[np.bool_]
    room: Codes
    of_kind: Codes
    of_family: npt.NDArray[np.bool_]

    def quota(self, number: int) -> Quota:
        """Split, source and kind: what ``--max-rows`` keeps in proportion."""
        view = self.pool.views[self.pool.view[number]]
        return view.split, view.source, self.pool.forms[self.pool.form[number]].kind

    def refusal(self, unit: Taken, *, variety: bool, leave: int = 0) -> str | None:
        """Why a unit cannot be taken now, or None. ``leave`` is how many questions of a view are kept for others."""
        pool = self.pool
        views = [int(pool.view[number]) for number, _ in unit]
        if any(
            mark.prior_bound and pool.views[view].split == "test" for view, (_, mark) in zip(views, unit, strict=True)
        ):
            return "prior_bound_in_test"
        if any(self.room[view] + n > self.per_view - leave for view, n in Counter(views).items()):
            return "view_full"
        forms = [int(pool.form[number]) for number, _ in unit]
        for view, form, (number, _) in zip(views, forms, unit, strict=True):
            if self.kinds[form] == SEGMENT and (view, int(pool.target[number])) in self.targets:
                return "same_target"
        if self.quotas is not None:
            wanted = Counter(self.quota(number) for number, _ in unit)
            if any(self.quotas.get(quota, 0) < n for quota, n in wanted.items()):
                return "over_max_rows"
        if self.rows is not None and len(self.asked) + len(unit) > self.rows:
            return "over_max_rows"
        share = -(-self.per_view // VARIETY)
        if variety and any(
            self.of_family[view, self.families[form]] or self.of_kind[view, self.kinds[form]] >= share
            for view, form in zip(views, forms, strict=True)
        ):
            return "view_full"
        return None

    def take(self, unit: Taken) -> None:
        """Note a unit as asked."""
        for number, mark in unit:
            view, form = self.pool.view[number], self.pool.form[number]
            self.asked[number] = mark
            self.taken[number] = True
            self.room[view] += 1
            self.of_kind[view, self.kinds[form]] += 1
            self.of_family[view, self.families[form]] = True
            if self.kinds[form] == SEGMENT:
                self.targets.add((int(view), int(self.pool.target[number])))
            if self.quotas is not None:
                self.quotas[self.quota(number)] -= 1


SEGMENT: Final = KINDS.index("segment")


def empty(pool: Pool, per_view: int, rows: int | None = None, quotas: dict[Quota, int] | None = None) -> Board:
    """A board on which nothing is asked yet."""
    names = {name: code for code, name in enumerate(sorted({form.family for form in pool.forms}))}
    return Board(
        pool=pool,
        per_view=per_view,
        rows=rows,
        quotas=quotas,
        families=np.array([names[form.family] for form in pool.forms], np.int32),
        kinds=np.array([KINDS.index(form.kind) for form in pool.forms], np.int32),
        taken=np.zeros(len(pool.view), np.bool_),
        room=np.zeros(len(pool.views), np.int32),
        of_kind=np.zeros((len(pool.views), len(KINDS)), np.int32),
        of_family=np.zeros((len(pool.views), len(names)), np.bool_),
    )
