"""All strata of a pool, made even one after another, so that no more than one of them stands in memory as objects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder import programs
from mmrs_builder.board import Marks
from mmrs_builder.digests import keyed, keyed_after
from mmrs_builder.even import counted, evened
from mmrs_builder.pool import Codebook, Pool
from mmrs_builder.selected import Selected, Unit, identity
from mmrs_builder.templates import Family
from mmrs_builder.twin_questions import Beside, echoed
from mmrs_builder.units import Draft, Units, Wide

Words: TypeAlias = tuple[tuple[str, ...], int]
"""The origin of a view and the code of a form: what decides whether there is one possible answer."""

Place: TypeAlias = tuple[str, Words]
"""A split and words: a stratum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """What can be asked evenly (``even``) and what is left (``left``), by family and kind; the ``answers`` of every
    stratum of choices; and the words that have one possible answer (``bound``)."""

    pool: Pool
    beside: Beside
    seed: int
    keep: bool  # whether what is left is wanted
    every: Codebook[Marks] = field(default_factory=Codebook)
    even: list[Units] = field(default_factory=list)
    left: list[Units] = field(default_factory=list)
    answers: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    bound: set[Words] = field(default_factory=set)

    def words(self, number: int) -> Words:
        """Those of a candidate."""
        return self.pool.views[self.pool.view[number]].origin, int(self.pool.form[number])

    def place(self, number: int) -> Place:
        """The stratum of a candidate."""
        return self.pool.views[self.pool.view[number]].split, self.words(number)

    def add(self, family: Family, members: Sequence[Sequence[int]]) -> None:
        """Make the strata of one family even."""
        possible: dict[Words, set[str]] = defaultdict(set)
        for numbers in members:
            twins = (self.beside.opposites[number] for number in numbers if number in self.beside.opposites)
            possible[self.words(numbers[0])].update(self._answers([*numbers, *twins]))
        self.bound.update(words for words, answers in possible.items() if len(answers) == 1)
        counts: frozenset[str] = frozenset()
        if programs.value_type(family.program) == "Count":
            counts = counted([Counter(self._answers(numbers)) for numbers in members])
        even: dict[tuple[str, bool], Draft] = {}
        left: dict[tuple[str, bool], Draft] = {}
        for numbers in members:
            self._even(family, numbers, counts, even, left)
        self.even.extend(draft.done() for draft in even.values())
        self.left.extend(draft.done() for draft in left.values())

    def _answers(self, numbers: Iterable[int]) -> Iterator[str]:
        return (self.pool.values[self.pool.value[number]].answer for number in numbers)

    def _even(
        self,
        family: Family,
        members: Sequence[int],
        counts: frozenset[str],
        even: dict[tuple[str, bool], Draft],
        left: dict[tuple[str, bool], Draft],
    ) -> None:
        form = self.pool.forms[self.pool.form[members[0]]]
        order = keyed_after(self.seed, "order", form.family, form.kind, form.program)  # as of all units of a stratum
        items, numbers = self._objects(members, order)
        opposites, echoes = (
            self._twins(members, numbers, some) for some in (self.beside.opposites, self.beside.echoes)
        )
        bound = self.words(members[0]) in self.bound
        units, rest, answers = evened(items, family, self.seed, counts=counts, bound=bound, opposites=opposites)
        if items[0].candidate.kind == "choice":
            self.answers[self.place(members[0])] = answers
        self._draft(even, (echoed(unit, echoes, self.seed) for unit in units), numbers, order)
        if self.keep:
            uneven = (item._replace(balanced=False) for item in rest if item.candidate.kind != "yes_no")
            self._draft(left, ((item,) for item in uneven), numbers, order)

    def _objects(
        self, members: Sequence[int], order: Callable[[object], int]
    ) -> tuple[list[Selected], dict[object, int]]:
        """The candidates of a stratum in keyed order, and the number of each by identity."""
        items = [self.pool.item(number) for number in members]
        numbers: dict[object, int] = dict(zip(map(identity, items), members, strict=True))
        return sorted(items, key=lambda item: order([item.candidate.view_id])), numbers

    def _twins(
        self, members: Sequence[int], numbers: dict[object, int], beside: Mapping[int, int]
    ) -> dict[tuple[str, str, str, str], Selected]:
        """Questions of twins by the identity of what they stand beside; their numbers are noted as well."""
        found = {}
        for number in members if beside else ():
            if number in beside:
                twin = self.pool.item(beside[number])
                numbers[identity(twin)] = beside[number]
                found[self.pool.identity(number)] = twin
        return found

    def _draft(
        self,
        drafts: dict[tuple[str, bool], Draft],
        units: Iterable[Unit],
        numbers: Mapping[object, int],
        order: Callable[[object], int],
    ) -> None:
        for unit in units:
            key = unit[0].candidate.kind, unit[0].prior_bound
            draft = drafts.setdefault(key, Draft(bound=unit[0].prior_bound, every=self.every))
            views = [item.candidate.view_id for item in unit]
            draft.add(unit, [numbers[identity(item)] for item in unit], order(views))


def strata(
    pool: Pool,
    plain: npt.NDArray[np.bool_],
    beside: Beside,
    families: Mapping[str, Family],
    *,
    seed: int,
    keep: bool,
) -> Strata:
    """Those of the ``plain`` candidates, family by family; with ``keep``, what cannot be asked evenly as well."""
    found = Strata(pool=pool, beside=beside, seed=seed, keep=keep)
    names = sorted({form.family for form in pool.forms})
    places: Codebook[tuple[str, ...]] = Codebook()
    place = places.codes((view.split, *view.origin) for view in pool.views).astype(np.int64)
    of = np.array([names.index(form.family) for form in pool.forms], np.int16)[pool.form]
    for code, name in enumerate(names):
        numbers = np.flatnonzero(plain & (of == code))
        found.add(families[name], _apart(numbers, place[pool.view[numbers]] * len(pool.forms) + pool.form[numbers]))
    return found


def order(seed: int, unit: Unit) -> int:
    """The place of a unit among others of its family and kind."""
    c = unit[0].candidate
    return keyed(seed, "order", c.family, c.kind, c.program, [item.candidate.view_id for item in unit])


def _apart(numbers: Wide, keys: Wide) -> list[list[int]]:
    """Numbers with the same key, key by key."""
    ranked = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[ranked]))
    return [part.tolist() for part in np.split(numbers[ranked], edges + 1) if len(part)]
