"""Say-show agreement: does the predicted mask imply the sentence that the model wrote?

The predicted mask takes the place of the target, all other structures keep their reference masks, the scene is
measured again, and the question's program gives the value that the mask shows. Said and shown are then compared with
each other, and each with the stored value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from mmrs_builder import programs, structures
from mmrs_builder.evaluate import REASONS as NO_VALUE
from mmrs_builder.evaluate import Measured, NoValue, evaluate, measured
from mmrs_builder.metrics.answers import same
from mmrs_builder.types import Annotation, Grid, Label, Mask, Part, Picture, Vector, View
from mmrs_builder.vocab import REFUSALS

LEFT_OUT: Final[dict[str, str]] = {
    "refused": "the view cannot answer the question: there is nothing to show",
    "no_target": "the question has no target, or its target is the empty set",
    "several_targets": "the target is more than one structure",
    "names_structures": "the value is a structure or a set of them: the mask is the answer and not a proof of it",
    "not_read": "the program does not measure the target, as in counting",
    "not_placed": "the reference does not say how the picture lies in the patient, or the size of a pixel",
}
"""Why a question says nothing about agreement, whatever the model does."""

NOT_SHOWN: Final[dict[str, str]] = {
    "empty": "the predicted mask is empty",
    "other_structure": "with the predicted mask the program would speak of another structure",
    **NO_VALUE,
}
"""Why a predicted mask shows no value though it was asked for one."""

Cell: TypeAlias = Literal["both", "said", "shown", "neither"]
"""What is right of what was said and shown."""

_COUNTED: Final = programs.REFERENCES | programs.JOINS | {"count", "exists"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A view's structures as its row stores them, in that order: parallel lists, masks (H, W) bool of one size.

    ``spacing`` and ``direction`` are the row's ``spacing_mm`` and ``direction``, [down, right]; ``partners`` the labels
    (left, right) of paired structures, as ``partners_of`` reads them. Questions that need what is missing are left out.
    """

    labels: tuple[str, ...]
    parts: tuple[Part, ...]
    masks: tuple[Mask, ...]
    spacing: tuple[float, float] | None = None
    direction: tuple[Vector, Vector] | None = None
    partners: tuple[tuple[str, str], ...] = ()

    def units(self, label: str) -> tuple[int, ...]:
        """Indices of what counts as one of ``label``: its instances, else its components, else its whole."""
        found = {i: part for i, part in enumerate(self.parts) if self.labels[i] == label}
        unit = next((part for part in ("instance", "component", "whole") if part in found.values()), None)
        return tuple(i for i, part in found.items() if part == unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The value that a predicted mask shows, as stored text, or a code of ``LEFT_OUT`` or ``NOT_SHOWN``."""

    value: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A question's verdict. ``shown_right`` is None and ``reason`` is set where the mask shows no value."""

    said_right: bool
    shown_right: bool | None
    agree: bool
    reason: str | None = None

    @property
    def cell(self) -> Cell | None:
        """The cell of the table said right/wrong by shown right/wrong; None where nothing is shown."""
        if self.shown_right is None:
            return None
        if self.said_right:
            return "both" if self.shown_right else "said"
        return "shown" if self.shown_right else "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Counted verdicts: how many have ``both``, only ``said``, only ``shown`` or ``neither`` right.

    ``agree`` are those of the four cells in which said and shown are the same: of tokens all of ``both``, and those of
    ``neither`` with the same mistake; of numbers those within the tolerance of each other, in any cell.
    ``not_shown`` and ``left_out`` count the others by reason.
    """

    both: int
    said: int
    shown: int
    neither: int
    agree: int
    not_shown: Mapping[str, int]
    left_out: Mapping[str, int]

    @classmethod
    def of(cls, verdicts: Iterable[Agreement]) -> Cells:
        """Count verdicts, in any order."""
        seen = list(verdicts)
        cells = Counter(v.cell for v in seen)
        reasons = Counter(v.reason for v in seen if v.reason is not None)
        return cls(
            both=cells["both"],
            said=cells["said"],
            shown=cells["shown"],
            neither=cells["neither"],
            agree=sum(v.agree for v in seen),
            not_shown={reason: n for reason, n in sorted(reasons.items()) if reason not in LEFT_OUT},
            left_out={reason: n for reason, n in sorted(reasons.items()) if reason in LEFT_OUT},
        )

    @property
    def judged(self) -> int:
        """The questions that say something about agreement, masks that show nothing included."""
        return self.both + self.said + self.shown + self.neither + sum(self.not_shown.values())

    @property
    def agreement(self) -> float | None:
        """The part of ``judged`` in which said and shown agree; a mask that shows nothing agrees with nothing."""
        return self.agree / self.judged if self.judged else None


def left_out(reference: Reference, program: str, target: Sequence[int] | None) -> str | None:
    """Why a question says nothing about agreement, a code of ``LEFT_OUT``; None if it does."""
    if not target:
        return "no_target"
    if len(target) > 1:
        return "several_targets"
    if programs.value_type(program) in ("One", "Set"):
        return "names_structures"
    calls = programs.words(program)
    named = {i for label in programs.labels(program) for i in reference.units(label)}
    if not (calls - _COUNTED and target[0] in named):
        return "not_read"
    unplaced = calls & programs.PATIENT and reference.direction is None
    return "not_placed" if unplaced or (calls & programs.MILLIMETRES and reference.spacing is None) else None


def shown_value(
    reference: Reference,
    predicted: Mask,
    *,
    program: str,
    target: Sequence[int] | None,
    target_program: str | None = None,
) -> Shown:
    """The value of a question's closed program on the view with the predicted mask in the place of the target.

    ``program``, ``target`` and ``target_program`` are those of the question; ``predicted`` is (H, W) bool. The mask is
    one structure, in however many pieces. No margin is asked for: what the masks decide at all is a value. With
    ``target_program`` a mask that turns the question to another structure ("the largest" is no longer the largest)
    shows nothing. Raises ``ValueError`` for a mask of another size or type.
    """
    if reason := left_out(reference, program, target):
        return Shown(reason=reason)
    assert target is not None
    _check(reference, predicted)
    if not predicted.any():
        return Shown(reason="empty")
    on, place = _replaced(reference, target[0], predicted, program)
    try:
        value = evaluate(program, on).value
        same_target = target_program is None or _names(target_program, place, on)
    except NoValue as refused:
        return Shown(reason=refused.reason)
    return Shown(value=_text(value)) if same_target else Shown(reason="other_structure")


def say_show(said: str | None, shown: Shown, *, value: str, tolerance: float | None = None) -> Agreement:
    """Compare what a model said with what its mask shows, and both with the stored value of the question.

    ``said`` is what ``answers.value_said`` gives; a sentence that was not parsed (None) is wrong and agrees with
    nothing. Numbers are the same when they are no further apart than ``tolerance``. A refused question is left out.
    """
    said_right = said is not None and same(said, value, tolerance)
    if value in REFUSALS:
        return Agreement(said_right=said_right, shown_right=None, agree=False, reason="refused")
    if shown.value is None:
        return Agreement(said_right=said_right, shown_right=None, agree=False, reason=shown.reason)
    return Agreement(
        said_right=said_right,
        shown_right=same(shown.value, value, tolerance),
        agree=said is not None and same(said, shown.value, tolerance),
    )


def _check(reference: Reference, predicted: Mask) -> None:
    wanted = reference.masks[0].shape
    if predicted.dtype != np.bool_ or predicted.shape != wanted:
        raise ValueError(f"the predicted mask is {predicted.dtype} {predicted.shape}; give bool {wanted}")


def _replaced(reference: Reference, target: int, predicted: Mask, program: str) -> tuple[Measured, int]:
    """The scene with the predicted mask, and the index it has there.

    Only what the program names is measured, and for the patient's sides the paired structures, which give the midline.
    """
    paired = reference.partners if programs.words(program) & programs.PATIENT else ()
    labels = tuple(dict.fromkeys((*programs.labels(program), *(label for pair in paired for label in pair))))
    annotations = tuple(
        Annotation(label=label, mask=predicted if i == target else reference.masks[i], instance=True)
        for label in labels
        for i in reference.units(label)
    )
    height, width = predicted.shape
    view = View(
        view_id="",
        case_id="",
        picture=Picture(data=b"", pixels=np.zeros((0, 0), dtype=np.uint8), source_sha256=""),
        grid=Grid(width=width, height=height, spacing=reference.spacing, direction=reference.direction),
        annotations=annotations,
    )
    vocabulary = {label: Label(id=label, role="region") for label in labels}
    for left, right in paired:
        vocabulary[left] = Label(id=left, role="region", side="left", partner=right)
        vocabulary[right] = Label(id=right, role="region", side="right", partner=left)
    scene, masks = structures.scene(view, "", "", vocabulary)
    return measured(scene, vocabulary), next(i for i, mask in enumerate(masks) if mask is predicted)


def _names(program: str, place: int, on: Measured) -> bool:
    """Whether a program names the structure at ``place``; one that names a set is taken to do so."""
    return programs.value_type(program) != "One" or evaluate(program, on).value == place


def _text(value: object) -> str:
    """A value as a shard stores it; relations have rounded their numbers already."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
