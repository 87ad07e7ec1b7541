"""What a model's whole reply answers: JSON around an answer, a letter for an option, a reason for declining.

Sentences themselves are parsed by ``answers.parse``; this is what stands around them, however they were asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any, Final

from mmrs_builder import programs
from mmrs_builder.metrics.answers import Words, parse
from mmrs_builder.vocab import REFUSALS

REFUSABLE: Final = ("number", "open")
"""Kinds of questions of which some have no answer."""

_LETTER: Final = re.compile(
    r"\W*(?:(?:the\s+)?(?:correct\s+|right\s+|best\s+)?(?:answer|option|choice)\s*(?:is|:)?\W*)*(?:option\s+)?"
    r"\(?(?-i:([A-Z])|\(([a-z])\)|([a-z])(?=[).]))(?:\W*|[.):,]\W*(.+))",
    re.DOTALL | re.IGNORECASE,
)


def answer_of(text: str) -> tuple[str, str]:
    """Answer and reason of a reply: the fields of its last JSON object with an ``answer``, else all of it is the
    answer. The reason is one of ``vocab.REFUSALS`` or empty.
    """
    for found in reversed([*re.finditer(r"\{[^{}]*\}", text)]):
        try:
            fields = json.loads(found[0])
        except ValueError:
            continue
        if isinstance(fields, dict) and isinstance(fields.get("answer"), str | int | float):
            reason = fields.get("cannot_answer")
            return str(fields["answer"]), reason if isinstance(reason, str) and reason in REFUSALS else ""
    return text.strip(), ""


def turned_options(choices: Sequence[str], turned: int) -> list[str]:
    """Options in the order in which they were shown: turned by so many places."""
    return [*choices[turned:], *choices[:turned]]


def read(
    text: str, question: Mapping[str, Any], words: Words, *, turned: int = 0, absent: Sequence[str] = ()
) -> str | None:
    """What a reply says in the terms of ``answers.correct``; None if it states nothing, or several things.

    ``question`` is an item of a row's ``qa``; ``absent`` are the labels of it that its view lacks. A letter is the
    option that was shown beside it: option (letter + ``turned``) of those stored. A letter followed by the text of
    another option states two things.
    """
    said, reason = answer_of(text)
    kind = question["kind"]
    if reason and kind in REFUSABLE:
        return reason
    choices = list(question["choices"] or ())
    value_type = programs.value_type(question["program"])
    if kind != "choice":
        return parse(said, kind, value_type, choices, words, absent=absent)
    place, rest = _lettered(said, len(choices))
    found = None if place is not None and not rest else parse(rest or said, kind, value_type, choices, words)
    if place is None:
        return found
    lettered = str((place + turned) % len(choices))
    several = found not in (None, lettered) or _lettered(rest, len(choices))[0] not in (None, place)
    return None if several else lettered


def _lettered(said: str, options: int) -> tuple[int | None, str]:
    """The place of the option whose letter a text is or begins with, and what follows the letter."""
    match = _LETTER.fullmatch(said)
    letter = next((found for found in match.groups()[:3] if found), "") if match else ""
    place = ascii_uppercase.index(letter.upper()) if letter else options
    return (place, (match[4] or "").strip()) if match and place < options else (None, "")
