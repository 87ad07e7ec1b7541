"""What a model is told and shown: a wording with opaque marks for its slots. No label, no value, no picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from mmrs_builder.digests import canonical, digest
from mmrs_builder.language import DEFINITE, PlaceholderError, capitalised, pieces
from mmrs_builder.llm import Request
from mmrs_builder.paraphrase.gates import Template

SYSTEM: Final = """You reword one sentence of a data set about positions in medical images.

The sentence holds marks such as ⟦S1⟧. Each mark stands for words that you do not see. Copy every mark unchanged, as \
often as it occurs, and use each in the same role: what is compared with what must not change.

Keep the meaning exactly. Do not add, drop or replace a direction, side, size, number, negation, or words such as \
only, every, both, either. Do not add whose left or right is meant, and do not drop it. A question that asks for yes \
or no must still ask for yes or no; any other question or request must ask for the same; a statement must state the \
same.
Write plain sentences in the language of the original, of about its length, without quotation marks, lists, digits or \
explanations. Vary the words and the structure.

Reply with a JSON object {"wordings": [...]} that holds the asked number of different rewordings, and nothing else."""

SCHEMA: Final = canonical(
    {
        "type": "object",
        "properties": {"wordings": {"type": "array", "items": {"type": "string"}}},
        "required": ["wordings"],
        "additionalProperties": False,
    }
)
ACTS: Final = {
    "question": "a question or request",
    "claim": "a question for yes or no",
    "statement": "a statement",
}
MANNERS: Final = (
    "in plain words",
    "as shortly as possible",
    "with the picture named first",
    "with the picture named last",
    "with the first mark early in the sentence",
    "with the first mark late in the sentence",
    "with another verb",
    "as a colleague would put it",
)
"""How one of many rewordings of a sentence should differ from the others."""

_FORMS: Final = {
    DEFINITE: "a noun phrase with its article",
    "a": "a noun phrase with an indefinite article",
    "name": "a noun in the singular, without an article",
    "plural": "a noun in the plural, without an article",
    "of": "a noun phrase that begins with the word for 'of', so that no such word stands before it",
    "to": "a noun phrase that begins with the word for 'to', so that no such word stands before it",
    "none": "a noun phrase that begins with the word for 'no'",
    "value": "words that answer the question",
    "image": "a noun for the picture, without an article",
}

DIGEST: Final = digest([SYSTEM, SCHEMA, ACTS, _FORMS])
"""Identity of everything that a model is told besides the sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A template, what a model is asked about it, and which placeholder each mark stands for."""

    template: Template
    request: Request
    marks: tuple[tuple[str, str], ...]


def asking(template: Template, count: int, variant: int | None = None) -> Asking:
    """The request for ``count`` rewordings of a template; one for each ``variant``, which are worded in turns."""
    fields = list(dict.fromkeys(field for _, field, _ in pieces(template.wording.text) if field))
    marks = {field: f"⟦S{number}⟧" for number, field in enumerate(fields, start=1)}
    text = "".join(literal + marks.get(field, "") for literal, field, _ in pieces(template.wording.text))
    shown = {
        "kind": _act(template),
        "sentence": text,
        "marks": {mark: _form(field) for field, mark in marks.items()},
        "language": template.language.language,
        "number": count,
    }
    if variant is not None:
        shown |= {"variant": variant, "manner": MANNERS[variant % len(MANNERS)]}
    user = json.dumps(shown, ensure_ascii=False, indent=1)
    tokens = 64 + count * (16 + len(text.encode()) // 2)
    request = Request(system=SYSTEM, user=user, max_tokens=tokens, name="wordings", schema=SCHEMA)
    return Asking(template=template, request=request, marks=tuple(marks.items()))


def rewordings(reply: str) -> tuple[str, ...] | None:
    """The texts of a reply, or None if it is not the JSON that was asked for. One fence around it is forgiven."""
    text = reply.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        text = text[text.index("\n") : -3]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    texts = found.get("wordings") if isinstance(found, dict) and set(found) == {"wordings"} else None
    if not isinstance(texts, list) or not texts or not all(isinstance(item, str) for item in texts):
        return None
    return tuple(texts)


def fault(reply: str, count: int) -> str | None:
    """Why a reply as a whole is of no use, if it is not."""
    texts = rewordings(reply)
    return "wrong_form" if texts is None else "wrong_count" if len(texts) > count else None


def filled(text: str, marks: tuple[tuple[str, str], ...]) -> str | None:
    """A rewording with placeholders for its marks and a capital to begin with; None if it brings braces of its own."""
    if "{" in text or "}" in text:
        return None
    for field, mark in marks:
        text = text.replace(mark, f"{{{field}}}")
    wording = capitalised(" ".join(text.split(" ")))
    try:
        pieces(wording)
    except PlaceholderError:
        return None
    return wording


def _act(template: Template) -> str:
    wording = template.wording
    asks = "yes_no" in template.family.kinds and wording.value_type == "Bool" and wording.part == "question"
    return ACTS["claim" if asks else wording.part]


def _form(field: str) -> str:
    name = field if field in ("value", "image") else field[2:] or DEFINITE
    return _FORMS.get(name, f"a noun in the form {name!r} of its language")
