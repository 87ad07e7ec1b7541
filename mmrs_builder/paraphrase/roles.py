"""Who is compared with whom: the part that each slot, and each structure picked from several, has in a sentence.

"Does {A} lie to the left of {B}?" and "Does {B} lie to the left of {A}?" hold the same words. They differ in what
follows "of". This reads a sentence from left to right and notes what is subject, what is reference, what is denied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from mmrs_builder.paraphrase.lexicon import Lexicon, Token

_RELATIONS: Final = frozenset({"larger", "smaller", "more", "less", "nearer", "farther", "near", "nearest", "farthest"})

_PLACES: Final = frozenset({"centre", "edge", "clock"})
"""Directions that no structure lies in from another."""

Part: TypeAlias = Literal["subject", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mention:
    """A slot or a pick, its part, and whether its clause denies something.

    ``relation`` is the relation word before a reference, where references differ in theirs.
    """

    name: str
    part: Part
    denied: bool
    relation: str


def mentions(tokens: tuple[Token, ...], lexicon: Lexicon, names: Mapping[str, str]) -> tuple[Mention, ...]:
    """All mentions of a sentence; in sorted order, unless the sentence speaks of an order.

    ``names`` gives the slots that may change places one name.
    """
    clauses = list(_clauses(tokens, lexicon))
    denied = {clause for token, clause in zip(tokens, clauses, strict=True) if token.group == "polarity"}
    found = [
        Mention(name=_name(tokens, at, lexicon, names), part=part, denied=clause in denied, relation=relation)
        for at, (token, clause, (part, relation)) in enumerate(
            zip(tokens, clauses, _parts(tokens, lexicon), strict=True)
        )
        if _is_mention(token, lexicon)
    ]
    if len({mention.part for mention in found}) == 1:  # nothing is compared: "the edge that {A} reaches"
        found = [replace(mention, part="subject", relation="") for mention in found]
    if len({mention.relation for mention in found if mention.part == "reference"}) == 1:
        found = [replace(mention, relation="") for mention in found]
    ordered = any(token.group == "fact" and token.name in lexicon.lists["role.ordering"] for token in tokens)
    return tuple(found if ordered else sorted(found))


def _is_mention(token: Token, lexicon: Lexicon) -> bool:
    return (token.group == "slot" and token.name[:1].isupper()) or token.name in lexicon.lists["role.picks"]


def _name(tokens: tuple[Token, ...], at: int, lexicon: Lexicon, names: Mapping[str, str]) -> str:
    token = tokens[at]
    if token.group == "slot":
        return names.get(token.name[:1], token.name[:1])
    if token.name not in lexicon.lists["role.after"]:
        return token.name
    slots = (before for before in reversed(tokens[:at]) if before.group == "slot" and before.name[:1].isupper())
    return f"{token.name} {next((names.get(slot.name[:1], slot.name[:1]) for slot in slots), '')}"


def _clauses(tokens: tuple[Token, ...], lexicon: Lexicon) -> Iterator[int]:
    """The number of the clause that each token stands in."""
    clause = 0
    for token, after in zip(tokens, (*tokens[1:], None), strict=True):
        joined = token.text == "and" and after is not None and after.group == "polarity"
        if token.group == "mark" or joined or token.text in lexicon.lists["role.breaks"]:
            clause += 1
        yield clause


def _parts(tokens: tuple[Token, ...], lexicon: Lexicon) -> Iterator[tuple[Part, str]]:
    """The part that a mention at each token would have, and the last relation word before it."""
    part: Part = "subject"
    leaving, relating, relation = False, False, ""
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        if token.group == "mark" or (token.text in lexicon.lists["role.subject"] and not _is_noun(before, lexicon)):
            part, leaving = "subject", False
            relating = relating and token.group != "mark"
        elif _refers(tokens, at, lexicon):
            part, leaving = "reference", token.text in lexicon.lists["role.leaving"]
        elif token.text in lexicon.lists["role.toward"] and leaving:
            part, leaving = "subject", False
        elif (token.text in lexicon.lists["role.toward"] and relating) or (before and _leads(before, token, lexicon)):
            part = "reference"
        yield part, relation if part == "reference" else ""
        relating = relating or token.text in lexicon.lists["role.relating"]
        if token.group == "direction" or token.name in _RELATIONS:
            relation = token.name
        if token.text in lexicon.lists["role.over"] or token.name in lexicon.lists["role.holding"]:
            part = "reference"


def _refers(tokens: tuple[Token, ...], at: int, lexicon: Lexicon) -> bool:
    """Whether a phrase after which a reference follows ends here."""
    for length in (1, 2, 3):
        words = " ".join(token.text for token in tokens[max(0, at - length + 1) : at + 1])
        if words in lexicon.lists["role.reference"]:
            return True
    return False


def _is_noun(before: Token | None, lexicon: Lexicon) -> bool:
    """Whether what follows is no verb: "the outline", "its mark"."""
    return before is not None and before.text in lexicon.lists["role.articles"]


def _leads(before: Token, token: Token, lexicon: Lexicon) -> bool:
    """Whether a reference follows: after "left of", "close to", and right after a value such as "to the left of"."""
    if token.text in lexicon.lists["role.linking"]:
        return _relates(before, lexicon)
    return before.text == "{value}" and (token.group == "slot" or token.text == "the")


def _relates(token: Token, lexicon: Lexicon) -> bool:
    """Whether a word says where something lies from something else."""
    sided = token.group == "direction" and token.name not in _PLACES
    return sided or token.text == "{value}" or token.text in lexicon.lists["role.sides"] or token.name in _RELATIONS
