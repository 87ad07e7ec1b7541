"""Pairs of questions across views: a refusal and its positive (``docs/language.md`` section 7a)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mmrs_builder.verify.frames import OTHER_FRAME
from mmrs_builder.verify.refusing import REFUSALS
from mmrs_builder.verify.report import Fault
from mmrs_builder.verify.rows import Row

Key: TypeAlias = tuple[str, str]  # pair kind and pair id

NEGATIVE: Final = "negative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """What one question of a pair must have in common with the other, and what must differ."""

    view_id: str
    question_id: str
    common: tuple[Any, ...]  # split, family, kind, text
    refused: bool

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
        if item is None or item["pair_id"] is None or item["pair_kind"] not in (NEGATIVE, OTHER_FRAME):
            continue
        yield (
            (item["pair_kind"], item["pair_id"]),
            Half(
                view_id=str(row["view_id"]),
                question_id=str(item["question_id"]),
                common=(row["split"], item["family"], item["kind"], item["question"]),
                refused=item["value"] in REFUSALS,
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
    if one.refused == other.refused:
        detail = "is refused as well" if one.refused else "is answered as well"
        yield Fault(code="pair", where=one.where, detail=f"{pair_id}: {other.where} {detail}")
