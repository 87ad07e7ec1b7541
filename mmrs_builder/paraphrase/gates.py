"""The gates that a paraphrase must pass, in order. Each is a pure function; the first that refuses names the reason.

A wording is compared with those that people wrote for the same part of the same family: it must agree with one of them
in all that carries a fact. What cannot be read with the closed lexicon is refused, right or not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

from mmrs_builder.language import SLOTS, Family, Language, PlaceholderError, pieces
from mmrs_builder.paraphrase.lexicon import PREPOSITIONS, Group, Lexicon, Token, concepts, lexicon, order
from mmrs_builder.paraphrase.roles import mentions
from mmrs_builder.template_checks import wordings
from mmrs_builder.wording_checks import Wording, leaks, normalised, wording_problems

SHORTEST: Final = 0.5
LONGEST: Final = 2.0
"""Bounds of a paraphrase's length as parts of the length of its original."""

_MARKS: Final = frozenset(" ,.?:;'’-")
_CAPITAL: Final = re.compile(r"(?<!^)(?<!^¿)(?<![.?] )\b[A-Z][a-z]+")
"""A capital where no sentence begins."""

_OPTIONS: Final = re.compile(r"(?<!\w)\(?[a-e]\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A wording that is paraphrased, and all wordings of its part of the family: ``siblings``, itself among them."""

    family: Family
    wording: Wording
    siblings: tuple[Wording, ...]
    language: Language

    @property
    def lexicon(self) -> Lexicon:
        """The closed lexicon of its language."""
        return lexicon(self.language.language)

    @property
    def place(self) -> tuple[str, str, int]:
        """Family, part and number: what a bank files it under."""
        return self.family.id, self.wording.part, self.wording.number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A paraphrase before the gates; ``agreeing`` are the siblings that it has agreed with so far."""

    text: str
    tokens: tuple[Token, ...]
    template: Template
    agreeing: tuple[tuple[Token, ...], ...]
    known: Set[str]


_Gate: TypeAlias = Callable[[_Case], "_Case | None"]


def templates(language: Language) -> tuple[Template, ...]:
    """Every wording of a language as a template, in the order of family, part and number."""
    found = []
    for family in language.families:
        every = tuple(wordings(family, language))
        for wording in every:
            siblings = tuple(other for other in every if other.part == wording.part)
            found.append(Template(family=family, wording=wording, siblings=siblings, language=language))
    return tuple(found)


def refused(text: str, template: Template, known: Set[str]) -> str | None:
    """The name of the first gate that refuses a paraphrase, or None. ``text`` has placeholders, as a wording has.

    ``known`` are ``novel`` keys of all wordings that are there already.
    """
    language = template.language.language
    case: _Case | None = _Case(
        text=text,
        tokens=_read(language, text),
        template=template,
        agreeing=tuple(_read(language, sibling.text) for sibling in template.siblings),
        known=known,
    )
    for name, gate in GATES.items():
        assert case is not None
        if (case := gate(case)) is None:
            return name
    return None


@lru_cache(maxsize=8192)
def _read(language: str, text: str) -> tuple[Token, ...]:
    return lexicon(language).tokens(text)


def novel(text: str) -> str:
    """What two wordings must differ in: their words, in whatever case and with whatever commas between them."""
    return re.sub(r"[^\w{}. ]", "", normalised(text)).replace("  ", " ")


def _passed(case: _Case, holds: bool) -> _Case | None:
    return case if holds else None


def _slots(case: _Case) -> _Case | None:
    """Each placeholder as often as in the original, and nothing that looks like another."""
    try:
        found = Counter(field for _, field, _ in pieces(case.text) if field)
    except PlaceholderError:
        return None
    wanted = Counter(field for _, field, _ in pieces(case.template.wording.text) if field)
    return _passed(case, found == wanted and not re.search(r"[⟦⟧<>\[\]]", case.text))


def _agrees(group: Group) -> _Gate:
    """The same concepts of a group as in a sibling, as often as there."""

    def gate(case: _Case) -> _Case | None:
        once = case.template.lexicon.lists["once"]
        found = concepts(case.tokens, group, once)
        agreeing = tuple(other for other in case.agreeing if concepts(other, group, once) == found)
        return replace(case, agreeing=agreeing) if agreeing else None

    return gate


def _directions(case: _Case) -> _Case | None:
    """The same directions as in a sibling, and in the same order where a way leads from one to its opposite."""
    opposites = case.template.lexicon.opposites
    found = order(case.tokens, opposites)
    agreeing = tuple(other for other in case.agreeing if order(other, opposites) == found)
    return _agrees("direction")(replace(case, agreeing=agreeing)) if agreeing else None


def _roles(case: _Case) -> _Case | None:
    """Each slot and each pick has the part in the sentence that it has in a sibling."""
    names = _interchangeable(case.template.family)
    read = case.template.lexicon
    found = mentions(case.tokens, read, names)
    agreeing = tuple(other for other in case.agreeing if mentions(other, read, names) == found)
    return replace(case, agreeing=agreeing) if agreeing else None


def _interchangeable(family: Family) -> dict[str, str]:
    """Names of slots; those that may change places share one."""
    together = family.unordered or ("ABC" if family.symmetric else ())
    return {slot: "".join(together) if slot in together else slot for slot in "ABC"}


def _polarity(case: _Case) -> _Case | None:
    """As many denials as in a sibling, or a number of the same parity."""

    def parity(tokens: tuple[Token, ...]) -> int:
        return concepts(tokens, "polarity").total() % 2

    agreeing = tuple(other for other in case.agreeing if parity(other) == parity(case.tokens))
    return replace(case, agreeing=agreeing) if agreeing else None


def _act(case: _Case) -> _Case | None:
    """A question for yes or no stays one, any other question and a request stay what is not, a statement states."""
    wanted = {_is_polar(other, case.template.lexicon) for other in case.agreeing}
    return _passed(case, _is_polar(case.tokens, case.template.lexicon) in wanted and _ends(case.text) in _endings(case))


def _is_polar(tokens: tuple[Token, ...], lexicon: Lexicon) -> bool:
    """Whether the first verb or question word, an opening "When …," and relative clauses aside, asks for yes or no."""
    polar, asking, relative = (lexicon.lists[f"act.{name}"] for name in ("polar", "wh", "relative"))
    if tokens[-1:] and tokens[-1].text != "?":
        return False
    commas = [at for at, token in enumerate(tokens) if token.text == ","]
    opened = [at for at, token in enumerate(tokens) if token.text == "¿"]
    starts = commas[0] if commas and tokens[0].text in lexicon.lists["act.opening"] else 0
    starts = opened[-1] if opened else starts
    for before, token in list(zip((None, *tokens), tokens, strict=False))[starts:]:
        if token.text.split()[0] in asking and not (before is not None and before.group == "slot"):
            return False
        if token.text in polar and not (before is not None and before.text in relative):
            return True
    return False


def _ends(text: str) -> str:
    return text[-1:]


def _endings(case: _Case) -> set[str]:
    """A request may become a question and the reverse, where both ask for the same; a statement and a claim may not."""
    part = case.template.wording.part
    return {"question": {"?", "."}, "claim": {"?"}, "statement": {"."}}[part]


def _choices(case: _Case) -> _Case | None:
    """No options in the text, and no word of an answer that the question did not hold."""
    wording = replace(case.template.wording, text=case.text)
    told = any(leaks(wording, case.template.language)) if wording.part == "question" else False
    listing = case.template.lexicon.lists["choices.words"]
    listed = _OPTIONS.search(case.text) or any(token.text in listing for token in case.tokens)
    return _passed(case, not told and not listed)


def _hygiene(case: _Case) -> _Case | None:
    """Plain text of the length of the original, without digits and markup, and sound as a template."""
    text, original = case.text, case.template.wording.text
    plain = re.sub(r"\{[^{}]*\}", "", text)
    known = _MARKS | case.template.lexicon.lists["form.letters"]
    clean = all(c.lower() in known or (c.isalpha() and c.isascii()) or c in original for c in plain)
    clean = clean and not _contracts(case)
    clean = clean and {*_CAPITAL.findall(text)} <= {*_CAPITAL.findall(original)}
    clean = clean and unicodedata.is_normalized("NFKC", text.replace("’", "'"))
    bare, whole = len(plain), len(re.sub(r"\{[^{}]*\}", "", original))
    fitting = SHORTEST * whole <= bare <= LONGEST * max(whole, 12)
    sentences = max(len(re.findall(r"[.?]", sibling.text.replace("{A.", ""))) for sibling in case.template.siblings)
    single = len(re.findall(r"[.?]", plain)) <= max(1, sentences)
    wording = replace(case.template.wording, text=text)
    return _passed(case, fitting and clean and single and not any(wording_problems(wording, case.template.language)))


def _contracts(case: _Case) -> bool:
    """Whether a word stands before a name with its article that the language would contract with it, or not allow."""
    contracting, determiners = (case.template.lexicon.lists[f"form.{name}"] for name in ("contracting", "determiners"))
    for before, token in zip(case.tokens, case.tokens[1:], strict=False):
        named = token.group == "slot" and token.name in SLOTS
        if (before.text in contracting and (named or token.text in PREPOSITIONS)) or (
            before.text in determiners and named
        ):
            return True
    return False


def _words(case: _Case) -> _Case | None:
    """Every word is in the lexicon: what it does not know cannot be judged."""
    words = (token.text for token in case.tokens if token.group == "word")
    own = {token.text for sibling in case.agreeing for token in sibling}
    return _passed(case, all(case.template.lexicon.known(word) or word in own for word in words))


def _novelty(case: _Case) -> _Case | None:
    return _passed(case, novel(case.text) not in case.known)


GATES: Final[dict[str, _Gate]] = {
    "slots": _slots,
    "direction": _directions,
    "facts": _agrees("fact"),
    "roles": _roles,
    "laterality": _agrees("laterality"),
    "polarity": _polarity,
    "act": _act,
    "choices": _choices,
    "hygiene": _hygiene,
    "words": _words,
    "novelty": _novelty,
}
"""Gates by the reason that a refusal is counted under."""
