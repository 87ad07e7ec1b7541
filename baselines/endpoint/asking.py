"""A question as a request to a vision-language model, and what its reply says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Final, overload

from baselines.endpoint.shards import Item, picture
from mmrs_builder import metrics, programs
from mmrs_builder.llm import Request
from mmrs_builder.metrics import replies
from mmrs_builder.metrics.replies import REFUSABLE
from mmrs_builder.metrics.score import POSITIONS

SYSTEM: Final = """\
You are shown one medical image and asked one question about it. Left, right, upper and lower are those of the image \
as shown, unless the question speaks of the patient. Reply with a JSON object with the key "answer"\
"""
FORMS: Final = {
    "choice": ", the letter of the right option.",
    "yes_no": ', "Yes" or "No".',
    "number": ", one number in digits, without its unit.",
    "open": ", one short sentence.",
}
REASONS: Final = {
    "absent": "a structure of the question is not in the image",
    "no_left_right": "the image looks along the patient's left-right axis",
    "no_front_back": "the image looks along the patient's front-back axis",
    "no_head_foot": "the image looks along the patient's head-foot axis",
    "no_scale": "the size of a pixel is not known",
}
UNLESS: Final = (
    ' Where the image cannot answer the question, leave "answer" empty and give the reason under "cannot_answer": '
    + "; ".join(f'"{reason}" ({why})' for reason, why in REASONS.items())
    + '. Otherwise "cannot_answer" is "".'
)
TOKENS: Final = 400
"""Of a reply: the answer is short, but some models think aloud first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """One way in which a question is put: its options ``turned`` by so many places, with its picture or a ``blank``,
    and ``named``: with the names of what bears a sign.
    """

    item: Item
    turned: int = 0
    blank: bool = False
    named: bool = False


class Requests(Sequence[Request]):
    """The requests of many ways to put questions, each made when it is its turn: pictures take room."""

    def __init__(self, puts: Sequence[Put]) -> None:
        self._puts = puts

    def __len__(self) -> int:
        return len(self._puts)

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Request]: ...
    def __getitem__(self, index: int | slice) -> Request | Sequence[Request]:
        return Requests(self._puts[index]) if isinstance(index, slice) else request(self._puts[index])


def puts(items: Sequence[Item], *, circular: bool, blank: bool) -> list[Put]:
    """Every question once; ``circular``: a choice once for each turn of its options; ``blank``: all with a blank too.
    A question about a place on a picture with signs is put once more with the names of what bears them.

    A choice counts as known if it is right in every turn: who always says "A" knows none (circular evaluation: MMBench,
    Liu et al. 2023, arXiv 2307.06281).
    """
    shown = [Put(item=item, turned=turn) for item in items for turn in range(_turns(item) if circular else 1)]
    named = [Put(item=item, named=True) for item in items if item.names and _is_place(item)]
    return shown + named + [Put(item=item, blank=True) for item in items if blank]


def _is_place(item: Item) -> bool:
    return programs.value_type(item.question["program"]) in POSITIONS


def _turns(item: Item) -> int:
    return max(1, len(item.question["choices"] or ()))


def options(put: Put) -> list[str]:
    """The options in the order in which they are shown."""
    return replies.turned_options(put.item.question["choices"] or (), put.turned)


def asked(put: Put) -> str:
    """The question, after the names of what bears a sign if it is put so."""
    named = "; ".join(f"{sign} marks {name}" for sign, name in put.item.names)
    return f"In the image, {named}. {put.item.question['question']}" if put.named else put.item.question["question"]


def request(put: Put) -> Request:
    """What is sent."""
    kind = put.item.question["kind"]
    lines = [asked(put)]
    lines += [f"{letter}. {option}" for letter, option in zip(ascii_uppercase, options(put), strict=False)]
    return Request(
        system=SYSTEM + FORMS[kind] + (UNLESS if kind in REFUSABLE else ""),
        user="\n".join(lines),
        max_tokens=TOKENS,
        name="answer",
        schema=_schema(put),
        picture=picture(put.item, blank=put.blank),
    )


def _schema(put: Put) -> str:
    kind = put.item.question["kind"]
    enum = {"choice": list(ascii_uppercase[: len(options(put))]), "yes_no": ["Yes", "No"]}.get(kind)
    fields: dict[str, Any] = {"answer": {"type": "string", **({"enum": enum} if enum else {})}}
    if kind in REFUSABLE:
        fields["cannot_answer"] = {"type": "string", "enum": ["", *REASONS]}
    schema = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return json.dumps(schema, sort_keys=True, separators=(",", ":"))


def parsed(put: Put, text: str, words: metrics.Words) -> str | None:
    """What a reply says in the terms of ``metrics.correct``; None if it states nothing, or several things."""
    question: Mapping[str, Any] = put.item.question
    absent = sorted({*(put.item.row["absent"] or ())} & {*programs.labels(question["program"])})
    return replies.read(text, question, words, turned=put.turned, absent=absent)
