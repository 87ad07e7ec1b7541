"""Errors planted on purpose, to see whether a reader notices: the verifier's own lies, where a person can see them.

The lies are those of ``verify.mutations``, for which the definitions of ``docs/language.md`` leave no way to be true.
Of these only such are planted as change what a reader is shown, in the words of the language, and by no narrow call:
who looks has to find them, and nothing but the picture tells them from the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from mmrs_builder.digests import keyed
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.mutations import OF_QUESTION
from mmrs_builder.verify.pictures import read_mask
from mmrs_builder.verify.render import NoTerm
from mmrs_builder.verify.retell import Told, told
from mmrs_builder.verify.views import check_view

CLEAR: Final = 0.3
"""Least margin of a question that an error is planted in: a pixel more or less is nobody's error."""

MOST_COUNTED: Final = 4
"""Up to this number one more or less is seen at a glance."""

ALIKE: Final = 0.8
"""Masks that overlap by more than this (intersection over union) are one mask to the eye."""

PLAIN: Final = frozenset(
    {
        "Side", "Level", "Quadrant", "Horizontal", "Vertical", "Fourway", "Lateral", "Depth", "Height", "Laterality",
        "Aspect",
    }
)  # fmt: skip
"""Types whose values nobody takes for one another: none has neighbours like two hours of a clock."""

RELATED: Final = frozenset({"value", "answer", "choices", "target", "margin", "unit", "pair"})
"""What verification may find of a planted error: its words are sound, what they say is not."""

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A lie: its kind, and the question that tells it."""

    kind: str
    item: Row


def _plain_value(one: Told) -> bool:
    return one.reading.kind in {*PLAIN, "Bool", "One"} and one.question.kind != "segment"


LIES: Final[dict[str, Callable[[Told], bool]]] = {
    "swap_sides": lambda one: one.reading.kind in {*PLAIN, "Direction"},
    "swap_subject_object": lambda one: one.reading.kind in {*PLAIN, "Direction", "Bool"},
    "change_value": _plain_value,
    "turn_patient_side": lambda _: True,
    "exchange_frames": lambda _: True,
    "off_by_one_count": lambda one: int(one.question.value) <= MOST_COUNTED if one.reading.kind == "Count" else False,
    "drop_not": lambda one: one.reading.kind == "Bool",
    "refuse_answerable": lambda one: one.reading.kind in {*PLAIN, "One"},
    "opposite_extreme": lambda one: one.question.kind == "segment" or one.reading.kind == "One",
    "change_target": lambda one: one.question.kind == "segment",
}
"""Lies that are planted, and the questions they are told of."""

OF_MASKS: Final = frozenset({"change_target"})


def lies(row: Row, question_id: str, language: Language, key: int) -> Iterator[Planted]:
    """What could be planted in a question of a view, in an order that depends on ``key``.

    Nothing where the view is not one that verifies.
    """
    if {fault.code for fault in check_view(row, language).faults} - {"pair"}:
        return
    one = next((it for it in told(row, language) if it.question.question_id == question_id), None)
    if one is None or one.is_refused or one.question.margin < CLEAR:
        return
    for kind in sorted(LIES, key=lambda name: keyed("lie", key, name)):
        item = _told_of(one, kind, key)
        if item is not None and is_seen(row, one.item, item) and _is_certain(row, item, kind, language):
            yield Planted(kind=kind, item=item)


def _told_of(one: Told, kind: str, key: int) -> Row | None:
    if not LIES[kind](one):
        return None
    try:
        return OF_QUESTION[kind](one, np.random.default_rng(keyed("planted", key, kind)))
    except NoTerm:
        return None


def is_seen(row: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a reader is shown something else: other words, or another mask."""
    if any(before[name] != after[name] for name in ("question", "answer", "choices")):
        return True
    one, other = (_drawn(row, item["target"]) for item in (before, after))
    return bool((one & other).sum() < ALIKE * (one | other).sum())


def _drawn(row: Row, target: list[int] | None) -> np.ndarray[Any, np.dtype[np.bool_]]:
    canvas = np.zeros((row["height"], row["width"]), np.bool_)
    for index in target or ():
        canvas |= read_mask(row["masks"][index]["bytes"], row["width"], row["height"])
    return canvas


def _is_certain(row: Row, item: Row, kind: str, language: Language) -> bool:
    """Whether verification finds a wrong value, or mask, and no fault in the words."""
    found = {fault.code for fault in check_view({**row, "qa": [item]}, language).faults}
    return found <= RELATED and ("target" if kind in OF_MASKS else "value") in found
