"""What a free sentence answers, found by rule: an option, yes or no, a number, or a token of a closed set.

The rules look for terms as whole words and never guess: a text that states nothing, or several different things, is
not parsed. Terms come from the shard itself, see section 8 of ``docs/language.md``; for languages with a table of
``spoken``, its synonyms, number words and words along both axes too. There, what is denied is not said, and a side of
the patient does not answer for a side of the picture. ``docs/benchmark.md`` states how often this goes wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from mmrs_builder.metrics.partners import partners_of
from mmrs_builder.metrics.refusals import Refused, refusals_of
from mmrs_builder.metrics.spoken import Spoken, load
from mmrs_builder.metrics.texts import Tokens, folded
from mmrs_builder.vocab import VALUES

_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_UNIT: Final = re.compile(r"(?<=[0-9])mm$")
_NUMBER_LIKE: Final = re.compile(r"[-+\u2212]?\.?[0-9][0-9.,]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a shard's language, folded.

    ``labels`` are all names and plurals of all labels; ``terms`` maps a value type to text -> token, for value and
    phrase terms alike; ``truths`` maps what yes and no are called to ``true`` and ``false``.
    """

    labels: frozenset[Tokens]
    terms: Mapping[str, Mapping[Tokens, str]]
    truths: Mapping[Tokens, str]
    partners: tuple[tuple[str, str], ...] = ()  # labels (left, right) of paired structures
    refusals: Mapping[Tokens, Refused] = field(default_factory=dict)  # sentences that say why there is no answer
    spoken: Spoken | None = None  # how people say it in this language

    @classmethod
    def of(cls, language: Mapping[str, Any]) -> Words:
        """From the JSON object stored in the Parquet schema metadata under ``mmrs.language``."""
        tables = (language["values"], language["phrases"])
        terms = {
            kind: {folded(text): token for table in tables for token, text in table.get(kind, {}).items()}
            for kind in VALUES
        }
        yes, no = folded(language["words"]["yes"]), folded(language["words"]["no"])
        return cls(
            labels=frozenset(
                folded(name[form])
                for label in language["labels"].values()
                for name in (label, *label.get("also", ()))  # shards once had no other names
                for form in _FORMS
            ),
            terms=terms,
            truths={**terms["Bool"], yes: "true", no: "false"},
            partners=partners_of(language),
            refusals=refusals_of(language),
            spoken=load(str(language.get("language", ""))),
        )


_FORMS: Final = ("name", "plural")


def is_closed(kind: str, value_type: str) -> bool:
    """Whether ``parse`` can judge answers to such questions: all but segment requests and open texts without a value.

    ``value_type`` is that of the question's program (``programs.value_type``); a closed program will do.
    """
    return kind in ("choice", "yes_no", "number") or (kind == "open" and value_type in VALUES)


def parse(
    text: str,
    kind: str,
    value_type: str,
    choices: Sequence[str] | None,
    words: Words,
    *,
    absent: Collection[str] | None = None,
) -> str | None:
    """What a text answers, or None if it states nothing or several different things.

    - ``choice``: index of an option in ``choices``, as text. The option itself, else the only one whose text occurs
      in the answer; an option counts as said by its phrase ("lies inside" for "inside it") and by its label's name too.
    - ``yes_no``: ``true`` or ``false``: the word before the first comma or stop, else the only one of the two words.
    - ``number``: the only number, with a point before its decimals; "1,000" and "7,5" are ambiguous: None.
    - ``open``: the only token of ``value_type`` whose value or phrase term occurs, or that is said in another way.
    - ``number`` and ``open``, before that: the reason (``vocab.REFUSALS``) of a refusal as the shard words it. A text
      that calls a label absent which is not in ``absent``, if that is given, states nothing.

    Terms occur as whole words; what lies inside a longer term does not count ("left" in "upper left"). Names of labels
    are blanked out before ("the left kidney"), unless the options are structures. Raises ``ValueError`` for questions
    that are not ``is_closed``.
    """
    if not is_closed(kind, value_type):
        raise ValueError(f"an answer of kind {kind!r} and type {value_type!r} is not out of a closed set")
    said = folded(text)
    if kind == "choice":
        return _option(said, value_type, [folded(choice) for choice in choices or ()], words)
    if kind == "yes_no":
        return _yes_no(said, words)
    if refused := {words.refusals[said[start:stop]] for start, stop in _spans(said, words.refusals)}:
        return _reason(refused, absent)
    if kind == "number":
        return _number(_affirmed(said, words), value_type, words)
    return _open(said, value_type, words)


def value_said(
    parsed: str | None, kind: str, value_type: str, choices: Sequence[str] | None, words: Words
) -> str | None:
    """What ``parse`` found as a value of the program: the token of the option for a choice, else the same.

    None for a choice of structures: its value is an index in the view, which words do not tell.
    """
    if parsed is None or kind != "choice":
        return parsed
    assert choices is not None
    return words.terms.get(value_type, {}).get(folded(choices[int(parsed)]))


def correct(
    parsed: str | None, *, kind: str, value: str, answer_index: int | None = None, tolerance: float | None = None
) -> bool:
    """Whether what was parsed is the stored answer: the same option, a number within ``tolerance``, the same token.

    An answer that was not parsed is wrong; count how many there are.
    """
    if parsed is None:
        return False
    return parsed == str(answer_index) if kind == "choice" else same(parsed, value, tolerance)


def same(a: str, b: str, tolerance: float | None = None) -> bool:
    """Whether two values are the same: numbers no further apart than ``tolerance``, in decimal arithmetic, or texts."""
    if _NUMBER.fullmatch(a) and _NUMBER.fullmatch(b):
        return abs(Decimal(a) - Decimal(b)) <= Decimal(str(tolerance or 0))
    return a == b


def _option(said: Tokens, value_type: str, options: Sequence[Tokens], words: Words) -> str | None:
    if said in options:
        return str(options.index(said))
    spoken = {text: str(i) for i, option in enumerate(options) for text in _spoken(option, value_type, words)}
    told = _affirmed(said, words)
    if value_type not in words.terms:
        # Other structures must not be taken for an option: "kidney" is not said by "the left kidney".
        return _only(told, {**dict.fromkeys(words.labels, ""), **spoken})
    found = _tokens(_without(told, words.labels), spoken)
    if found or not words.spoken:
        return found.pop() if len(found) == 1 else None
    meant = {words.terms[value_type].get(option): str(i) for i, option in enumerate(options)}
    return meant.get(_open(said, value_type, words) or "")


def _spoken(option: Tokens, value_type: str, words: Words) -> set[Tokens]:
    """How an option may be said: its text, the terms of the same token, the label's name without its article."""
    terms = words.terms.get(value_type, {})
    alike = {text for text, token in terms.items() if token == terms.get(option)}
    return {option} | alike | ({option[1:]} & words.labels)


def _yes_no(said: Tokens, words: Words) -> str | None:
    first = next((i for i, token in enumerate(said) if not token[-1].isalnum()), len(said))
    found = words.truths.get(said[:first]) or _only(said, words.truths)
    if found or not words.spoken or _tokens(said, words.truths):
        return found
    return _only(said, words.spoken.truths)


def _reason(refused: Collection[Refused], absent: Collection[str] | None) -> str | None:
    """The reason of all refusals that a text makes, if it is one and they are about what is asked."""
    reasons = {one.reason for one in refused}
    true = absent is None or all(one.label is None or one.label in absent for one in refused)
    return reasons.pop() if len(reasons) == 1 and true else None


def _open(said: Tokens, value_type: str, words: Words) -> str | None:
    """The only token of a type that a text states: by its terms, else as people say it."""
    spoken, terms = words.spoken, words.terms[value_type]
    told = _without(_affirmed(said, words), words.labels)
    if spoken is None:
        return _only(told, terms)
    if spoken.other_frame(said, value_type):
        return None
    if value_type == "Clock":
        hour = _number(_affirmed(said, words), value_type, words)
        return hour if hour in VALUES["Clock"] else None
    found = _tokens(told, terms)
    if found == {"centre"} and value_type == "Zone":  # alone or with a word along one axis: "top centre"
        return spoken.placed(told, value_type) or "centre"
    if not found:
        found = _tokens(told, spoken.terms.get(value_type, {})) or {spoken.placed(told, value_type) or ""} - {""}
    return found.pop() if len(found) == 1 else None


def _affirmed(said: Tokens, words: Words) -> Tokens:
    return words.spoken.affirmed(said) if words.spoken else said


def _number(said: Tokens, value_type: str, words: Words) -> str | None:
    """The only number of a text; without digits the only number word, and of things "no things" is 0."""
    told = _without(said, words.labels)
    like = {token: _UNIT.sub("", token) for token in told if _NUMBER_LIKE.match(token)}
    numbers = {number for number in like.values() if _NUMBER_LIKE.fullmatch(number)}
    if not numbers and words.spoken:
        numbers = {words.spoken.numbers[token] for token in told if token in words.spoken.numbers}
        denied = any(a in words.spoken.none and b == "" for a, b in pairwise(told))
        numbers |= {"0"} if denied and value_type == "Count" and not numbers else set()
    first = numbers.pop() if len(numbers) == 1 else ""
    return first if _NUMBER.fullmatch(first) else None


def _tokens(said: Tokens, table: Mapping[Tokens, str]) -> set[str]:
    """The tokens whose terms occur; the empty token stands for what is no answer."""
    spans = _spans(said, table)
    return {
        table[said[start:stop]]
        for start, stop in spans
        if not any(a <= start and stop <= b and (a, b) != (start, stop) for a, b in spans)
    } - {""}


def _only(said: Tokens, table: Mapping[Tokens, str]) -> str | None:
    """The one token whose terms occur."""
    found = _tokens(said, table)
    return found.pop() if len(found) == 1 else None


def _without(said: Tokens, names: Collection[Tokens]) -> Tokens:
    """The tokens with names replaced by blanks, which belong to no term."""
    named = {i for start, stop in _spans(said, names) for i in range(start, stop)}
    return tuple("" if i in named else token for i, token in enumerate(said))


def _spans(said: Tokens, terms: Collection[Tokens]) -> list[tuple[int, int]]:
    """Where terms occur, as (start, stop). Of a short text every stretch is tried, sooner than every term."""
    short = len(said) ** 2 < len(terms)
    lengths = set(range(1, len(said) + 1)) if short else {len(term) for term in terms} - {0}
    return [(i, i + n) for n in lengths for i in range(len(said) - n + 1) if said[i : i + n] in terms]
