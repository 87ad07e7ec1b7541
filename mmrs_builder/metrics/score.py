"""From what a model said and drew to tables: records per question, means per group, intervals over patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from mmrs_builder import programs
from mmrs_builder.metrics import agreement, answers, overlap, replies, texts
from mmrs_builder.metrics.interval import bootstrap
from mmrs_builder.types import Mask
from mmrs_builder.vocab import REFUSALS, VALUES

POSITIONS: Final = (
    "Quadrant", "Zone", "Side", "Level", "Direction", "Horizontal", "Vertical", "Lateral", "Depth", "Height",
    "Laterality",
)  # fmt: skip
"""Types of answers that say where something lies."""

TOLERANCE: Final = 2.0
"""px within which a surface counts as met (NSD)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One question, what was said and drawn, and how good it is. None: does not apply."""

    question_id: str
    view_id: str
    group_id: str
    source: str
    modality: str
    family: str
    kind: str
    program: str
    value: str
    value_type: str
    several: bool  # the view has two or more structures that could be meant
    empty: bool  # the right mask is empty
    absent: tuple[str, ...] = ()  # labels of the question that the view lacks
    answer_index: int | None = None
    options: int = 0  # how many a choice has
    pair_id: str | None = None
    pair_kind: str | None = None
    op: str = ""  # what made a twin of its view (``vocab.TWINS``); "" for an original
    turned: int = 0  # places by which the options were turned
    blank: bool = False  # asked with a grey picture
    named: bool = False  # asked with the names of what bears a sign
    said: str = ""
    parsed: str | None = None
    correct: float | None = None
    dice: float | None = None
    iou: float | None = None
    hd95: float | None = None
    nsd: float | None = None
    exact: float | None = None
    rouge_l: float | None = None
    cell: str | None = None  # of say-show agreement, or why there is none
    agree: float | None = None

    @property
    def refused(self) -> bool:
        """Whether the view cannot answer: then the right answer says why."""
        return self.value in REFUSALS

    @property
    def wanted(self) -> str:
        """The right answer in the terms of ``parsed``."""
        return str(self.answer_index) if self.kind == "choice" else self.value

    @property
    def hops(self) -> int:
        """How many relations the answer takes."""
        return programs.hops(self.program)


def several(structures: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two or more structures could be meant: instances, components, or wholes in one piece."""
    parents = {s["parent"] for s in structures}
    return sum(i not in parents for i in range(len(structures))) >= 2


def record(row: Mapping[str, Any], question: Mapping[str, Any], truth: Mask | None) -> Record:
    """A question before anything was answered."""
    return Record(
        question_id=question["question_id"],
        **{name: row[name] for name in ("view_id", "group_id", "source", "modality")},
        **{name: question[name] for name in ("family", "kind", "program", "value")},
        answer_index=question["answer_index"],
        pair_id=question.get("pair_id"),
        pair_kind=question.get("pair_kind"),
        op=(row.get("transform") or {}).get("op", ""),
        options=len(question["choices"] or ()),
        value_type=programs.value_type(question["program"]),
        several=several(row["structures"]),
        empty=truth is not None and not truth.any(),
        absent=tuple(sorted({*(row.get("absent") or ())} & {*programs.labels(question["program"])})),
    )


def drawn(item: Record, predicted: Mask, truth: Mask | None, *, surfaces: bool) -> Record:
    """With the overlap of a mask; ``surfaces``: with the distances too."""
    if truth is None:
        return item
    item = replace(item, dice=overlap.dice(predicted, truth), iou=overlap.iou(predicted, truth))
    if not surfaces:
        return item
    return replace(
        item,
        hd95=overlap.hausdorff95(predicted, truth),
        nsd=overlap.surface_dice(predicted, truth, TOLERANCE),
    )


def told(item: Record, text: str, question: Mapping[str, Any], words: answers.Words) -> Record:
    """With a reply, read by rule and compared."""
    said, reference = replies.answer_of(text)[0], question["answer"]
    item = replace(
        item,
        said=text,
        exact=float(texts.exact_match(said, reference)),
        rouge_l=texts.rouge_l(said, reference) if item.kind in ("open", "segment") else None,
    )
    if not answers.is_closed(item.kind, item.value_type):
        return item
    return answered(item, replies.read(text, question, words, turned=item.turned, absent=item.absent), question)


def answered(item: Record, parsed: str | None, question: Mapping[str, Any]) -> Record:
    """With an answer that was never a sentence."""
    return replace(item, parsed=parsed, correct=float(right(parsed, question)))


def right(parsed: str | None, question: Mapping[str, Any]) -> bool:
    """Whether a parsed answer is the stored one."""
    return answers.correct(
        parsed,
        kind=question["kind"],
        value=question["value"],
        answer_index=question["answer_index"],
        tolerance=question["tolerance"],
    )


def agreeing(
    item: Record, question: Mapping[str, Any], reference: agreement.Reference, predicted: Mask, words: answers.Words
) -> tuple[Record, agreement.Agreement | None]:
    """With its cell of say-show agreement: does the drawn mask imply what was said?"""
    if not answers.is_closed(item.kind, item.value_type):
        return item, None
    shown = agreement.shown_value(
        reference, predicted, program=item.program, target=question["target"], target_program=question["target_program"]
    )
    said = answers.value_said(item.parsed, item.kind, item.value_type, question["choices"], words)
    verdict = agreement.say_show(said, shown, value=question["value"], tolerance=question["tolerance"])
    judged = verdict.reason not in agreement.LEFT_OUT
    return replace(item, cell=verdict.cell or verdict.reason, agree=float(verdict.agree) if judged else None), verdict


def is_quadrant(item: Record) -> bool:
    """Questions for a quadrant whose answer is one of four, not yes or no, nor that there is none."""
    return item.value_type == "Quadrant" and item.kind in ("open", "choice") and not item.refused


def is_place(item: Record) -> bool:
    """Questions for a place, side or direction that has an answer."""
    return item.value_type in POSITIONS and item.kind in ("open", "choice") and not item.refused


def flat(records: Iterable[Record]) -> list[Record]:
    """Quadrant questions in which every answer to the same program is equally frequent, so that chance is exactly 1/4.

    Within each program as many questions of each quadrant are kept, first by id, as its rarest quadrant has.
    """
    strata: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for item in sorted(filter(is_quadrant, records), key=lambda item: item.question_id):
        strata[item.program][item.value].append(item)
    kept = []
    for values in strata.values():
        least = min(len(values.get(value, [])) for value in VALUES["Quadrant"])
        kept += [item for group in values.values() for item in group[:least]]
    return kept


def mean(records: Iterable[Record], name: str) -> dict[str, Any] | None:
    """Mean of a field where it applies, with a bootstrap interval over groups (patients); None where it never does."""
    found = [(getattr(item, name), item.group_id) for item in records if getattr(item, name) is not None]
    return interval([value for value, _ in found], [group for _, group in found])


def interval(values: Sequence[float], groups: Sequence[str]) -> dict[str, Any] | None:
    """Mean of values with a bootstrap interval over their groups (patients); None without values."""
    if not values:
        return None
    found = asdict(bootstrap(values, groups))
    return {key: round(v, 4) if isinstance(v, float) else v for key, v in found.items()}


def cell(value: Mapping[str, Any] | float | None) -> str:
    """An interval, or a number that has none, in a table for people; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    span = "" if value["low"] is None else f" [{value['low']:.2f}, {value['high']:.2f}]"
    return f"{value['mean']:.3f}{span}"


SELECTIONS: Final[dict[str, tuple[str, Callable[[Record], bool]]]] = {
    "dice": ("dice", lambda _: True),
    "dice_one_candidate": ("dice", lambda item: not item.several),
    "dice_several_candidates": ("dice", lambda item: item.several),
    "dice_empty_target": ("dice", lambda item: item.empty),
    "iou": ("iou", lambda _: True),
    "hd95_px": ("hd95", lambda _: True),
    "nsd_2px": ("nsd", lambda _: True),
    "accuracy": ("correct", lambda _: True),
    "position_accuracy": ("correct", is_place),
    "quadrant_accuracy_all": ("correct", is_quadrant),
    "choice_accuracy": ("correct", lambda item: item.kind == "choice"),
    "yes_no_accuracy": ("correct", lambda item: item.kind == "yes_no"),
    "number_accuracy": ("correct", lambda item: item.kind == "number"),
    "open_accuracy": ("correct", lambda item: item.kind == "open"),
    "refusal_accuracy": ("correct", lambda item: item.refused),
    "exact_match": ("exact", lambda item: item.kind == "open"),
    "rouge_l": ("rouge_l", lambda item: item.kind == "open"),
    "say_show_agreement": ("agree", lambda _: True),
}
"""Name of a number -> (field, which questions)."""


MAIN: Final = (
    "dice", "iou", "hd95_px", "nsd_2px", "accuracy", "position_accuracy", "choice_accuracy", "yes_no_accuracy",
    "say_show_agreement",
)  # fmt: skip
"""Numbers that are told of every part of the questions, and of every run."""


def means(records: Sequence[Record], names: Iterable[str] = SELECTIONS) -> dict[str, Any]:
    """The numbers of a set of records that apply to it, each with its interval."""
    selected = ((name, *SELECTIONS[name]) for name in names)
    found = {name: mean(filter(keep, records), field) for name, field, keep in selected}
    return {name: value for name, value in found.items() if value is not None}


def summary(records: Sequence[Record]) -> dict[str, Any]:
    """Every number of a set of records, each with its interval."""
    quadrant = mean(flat(records), "correct")
    return {
        **means(records),
        **({"quadrant_accuracy": quadrant} if quadrant is not None else {}),
        "questions": len(records),
        "views": len({item.view_id for item in records}),
        "unparsed": sum(item.parsed is None for item in records if item.correct is not None),
        "empty_targets": sum(item.empty for item in records),
    }
