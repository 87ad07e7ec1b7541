"""Pairs of questions across views: a refusal and its positive (``docs/language.md`` section 7a), opposite answers to
the same words, and signs with and without the picture (``docs/twins.md`` section 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mmrs_builder.verify.frames import OTHER_FRAME
from mmrs_builder.verify.refusing import REFUSALS
from mmrs_builder.verify.report import Fault
from mmrs_builder.verify.rows import Row
from mmrs_builder.vocab import GEOMETRIC, MARKED

Key: TypeAlias = tuple[str, str]  # pair kind and pair id

NEGATIVE: Final = "negative"
OPPOSITE: Final = "opposite"
SAME: Final = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """What one question of a pair must have in common with the other, and what must differ."""

    view_id: str
    question_id: str
    common: tuple[Any, ...]  # split, family, kind, text
    refused: bool
    answer: str  # what is compared: the value, of a choice the text, since structures are numbered view by view
    options: tuple[str, ...]
    original: str | None
    op: str | None

    @property
    def where(self) -> str:
        """The place of a fault."""
        return f"{self.view_id}/{self.question_id}"


class Pairs:
    """The halves of all pairs of a folder whose sense lies in both of them, by kind and id."""

    def __init__(self) -> None:
        self._halves: dict[Key, list[Half]] = {}
        self._of_view: dict[str, set[Key]] = {}

    def add(self, row: Row) -> None:
        """Take in the questions of a view row."""
        for key, half in _halves(row):
            self._halves.setdefault(key, []).append(half)
            self._of_view.setdefault(half.view_id, set()).add(key)

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the pairs of the folder."""
        for (kind, pair_id), halves in self._halves.items():
            yield from _check(kind, pair_id, halves)

    def faults_with(self, row: Row) -> Iterator[Fault]:
        """What would be wrong with the pairs that a view's row has now, or had as it was taken in."""
        view_id, new = str(row["view_id"]), list(_halves(row))
        for kind, pair_id in sorted({key for key, _ in new} | self._of_view.get(view_id, set())):
            others = [half for half in self._halves.get((kind, pair_id), []) if half.view_id != view_id]
            own = [half for key, half in new if key == (kind, pair_id)]
            if others or own:
                yield from _check(kind, pair_id, [*others, *own])


def _halves(row: Row) -> Iterator[tuple[Key, Half]]:
    for item in row["qa"] or ():
        if item is None or item["pair_id"] is None or item["pair_kind"] is None:
            continue
        yield (
            (item["pair_kind"], item["pair_id"]),
            Half(
                view_id=str(row["view_id"]),
                question_id=str(item["question_id"]),
                common=(row["split"], item["family"], item["kind"], item["question"]),
                refused=item["value"] in REFUSALS,
                answer=str(item["answer"] if item["kind"] == "choice" else item["value"]),
                options=tuple(item["choices"] or ()),
                original=row["twin_of"],
                op=(row["transform"] or {}).get("op"),
            ),
        )


def _check(kind: str, pair_id: str, halves: Sequence[Half]) -> Iterator[Fault]:
    views = {half.view_id for half in halves}
    if kind == OTHER_FRAME:  # the rest is a matter of the view
        if len(views) != 1:
            yield Fault(code="pair", where=halves[0].where, detail=f"{pair_id}: in {len(views)} views instead of one")
        return
    if len(halves) != 2:
        for half in halves:
            yield Fault(code="pair", where=half.where, detail=f"{pair_id}: {len(halves)} questions instead of two")
        return
    one, other = halves
    if len(views) != 2:
        yield Fault(code="pair", where=one.where, detail=f"{pair_id}: both in one view")
    for name, a, b in zip(("split", "family", "kind", "text"), one.common, other.common, strict=True):
        if a != b:
            yield Fault(code="pair", where=one.where, detail=f"{pair_id}: {name} {a!r} here, {b!r} in {other.where}")
    for detail in _differently(kind, one, other):
        yield Fault(code="pair", where=one.where, detail=f"{pair_id}: {detail}")


def _differently(kind: str, one: Half, other: Half) -> Iterator[str]:
    """How the answers of a pair, and what its views are to each other, differ from its kind."""
    if one.refused == other.refused and kind == NEGATIVE:
        yield f"{other.where} is {'refused' if one.refused else 'answered'} as well"
    if kind == OPPOSITE and one.answer == other.answer:
        yield f"{other.where} has the same answer"
    twin = next(((a, b) for a, b in ((one, other), (other, one)) if a.op in GEOMETRIC), None)
    if twin is not None and kind == OPPOSITE:
        if twin[0].original != twin[1].view_id:
            yield f"{twin[1].view_id} is not the original of {twin[0].view_id}"
        if one.options != other.options:
            yield f"{other.where} has other options"
    if kind == SAME:
        if one.answer != other.answer:
            yield f"{other.where} has another answer"
        if {one.op, other.op} != {*MARKED} or one.original != other.original:
            yield f"{other.where} is not the same signs with and without the picture"
