"""The last gate of a reworded row: a model that sees the finished sentence must read the row's own program out of it.

It is shown the sentence with opaque names for its structures, and a closed list of programs, one of them the right one.
It sees no label, no picture and no path; where a sentence states a value, it sees the word for that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from mmrs_builder import programs
from mmrs_builder.digests import canonical, digest, keyed
from mmrs_builder.language import Family, Language, capitalised, phrase_text, pieces
from mmrs_builder.llm import Request
from mmrs_builder.paraphrase.gates import Template
from mmrs_builder.vocab import VALUES

MOST: Final = 8
"""Programs in a list, unless the value's closed set is larger."""

NONE: Final = "none"

SYSTEM: Final = """You read one sentence of a data set about positions in medical images and say which program it \
asks for, or states the result of.

Marks such as ⟦A⟧ are names of structures; ⟦A.name⟧ is the name without its article, ⟦A.plural⟧ its plural, and \
⟦A.of⟧, ⟦A.to⟧, ⟦A.none⟧ are the name with the word for "of", "to" or "no". The list holds programs over these names, \
each with a sentence that says the same. Choose the one program whose meaning is exactly that of the sentence: the \
same structures in the same roles, the same direction, size, count and denial. If none fits, or more than one, choose \
"none".

Reply with a JSON object {"program": "p1"}, and nothing else."""

_PLACE: Final = re.compile(r"\{([ABC])")
_MUTUAL: Final = frozenset({"overlaps", "touches", "apart", *VALUES["Alignment"], *VALUES["Laterality"]})
"""Values that hold of two structures in either order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is asked about a finished sentence, and the reply that is right."""

    request: Request
    right: str


def reading(text: str, template: Template, value: str | None) -> Reading:
    """The request to read ``text``, a wording of the template's part, with ``value`` for ``{value}``."""
    right = _Meaning(family=template.family, part=template.wording.part, value=value)
    listed = [right, *_others(right, template.language)]
    listed.sort(key=lambda it: keyed("readback", text, value, it.program))
    names = [f"p{number}" for number in range(1, len(listed) + 1)]
    shown = {
        "sentence": finished(text, template.language, value, template.wording.value_type),
        "programs": {
            name: {"program": it.program, "sentence": it.sentence(template.language)}
            for name, it in zip(names, listed, strict=True)
        },
        "language": template.language.language,
    }
    user = json.dumps(shown, ensure_ascii=False, indent=1)
    request = Request(system=SYSTEM, user=user, max_tokens=64, name="program", schema=_schema((*names, NONE)))
    return Reading(request=request, right=names[listed.index(right)])


def finished(text: str, language: Language, value: str | None, value_type: str) -> str:
    """A wording as a sentence: the value in words, opaque names for structures and picture."""
    said = "" if value is None else phrase_text(language, value, value_type)
    filled = (
        literal + (said if field == "value" else f"⟦{field}⟧" if field else "") for literal, field, _ in pieces(text)
    )
    return capitalised("".join(filled))


def chosen(reply: str) -> str | None:
    """The program that a reply names, or None if it is not the JSON that was asked for."""
    try:
        found = json.loads(reply)
    except (ValueError, RecursionError):
        return None
    name = found.get("program") if isinstance(found, dict) and set(found) == {"program"} else None
    return name if isinstance(name, str) else None


def fault(reply: str) -> str | None:
    """Why a reply is of no use, if it is not."""
    return "wrong_form" if chosen(reply) is None else None


def _schema(names: tuple[str, ...]) -> str:
    return canonical(
        {
            "type": "object",
            "properties": {"program": {"type": "string", "enum": list(names)}},
            "required": ["program"],
            "additionalProperties": False,
        }
    )


DIGEST: Final = digest([SYSTEM, MOST, _schema((NONE,))])
"""Identity of everything that a model is told besides sentence and programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """A family's program, with a value that the sentence names, and ``order``: which slot stands for A, B, C."""

    family: Family
    part: str
    value: str | None
    order: tuple[str, ...] = ()

    @property
    def moved(self) -> dict[str, str]:
        """The name that each slot bears."""
        slots = programs.slots(self.family.program)
        return dict(zip(slots, self.order or slots, strict=True))

    @property
    def program(self) -> str:
        """As it is shown: over the names A, B, C."""
        words = programs.close(self.family.program, self.moved)
        return words if self.value is None else programs.claim(words, self.value)

    def sentence(self, language: Language) -> str:
        """The first sentence of the family that says this."""
        text = _PLACE.sub(lambda found: f"{{{self.moved[found[1]]}", _wordings(self.family, self.part)[0])
        return finished(text, language, self.value, programs.value_type(self.family.program))


def _wordings(family: Family, part: str) -> tuple[str, ...]:
    return {"question": family.question, "claim": family.claim, "statement": family.statement}[part]


def _others(right: _Meaning, language: Language) -> Iterator[_Meaning]:
    """What the sentence could be taken for: another value, other roles, another family; some, always the same."""
    found = [*_other_values(right), *_other_roles(right)]
    yield from found
    families = [family for family in language.families if _comparable(family, right)]
    families.sort(key=lambda it: (it.theme != right.family.theme, it.id < right.family.id, it.id))
    different = list({family.program: family for family in reversed(families)}.values())[::-1]
    for family in different[: max(0, MOST - 1 - len(found))]:
        yield _Meaning(family=family, part=right.part, value=right.value)


def _other_values(right: _Meaning) -> Iterator[_Meaning]:
    if right.value is not None:
        for token in VALUES[programs.value_type(right.family.program)]:
            if token != right.value:
                yield _Meaning(family=right.family, part=right.part, value=token)


def _other_roles(right: _Meaning) -> Iterator[_Meaning]:
    """The structures in other places, where that is another program; of the value's opposite it may be the same."""
    family, slots = right.family, programs.slots(right.family.program)
    if family.symmetric or right.value in _MUTUAL:
        return
    seen = {_places(family, slots)}
    for order in permutations(slots):
        if _places(family, order) not in seen:
            seen.add(_places(family, order))
            yield _Meaning(family=family, part=right.part, value=right.value, order=order)


def _places(family: Family, order: tuple[str, ...]) -> tuple[object, ...]:
    """The structures in their places; those of places that may be exchanged as a set."""
    slots = programs.slots(family.program)
    free = frozenset(it for slot, it in zip(slots, order, strict=True) if slot in family.unordered)
    return (free, *(it for slot, it in zip(slots, order, strict=True) if slot not in family.unordered))


def _comparable(family: Family, right: _Meaning) -> bool:
    """Whether a family asks for another program about as many structures, with this value if there is one."""
    value_type = programs.value_type(family.program)
    return (
        family.program != right.family.program
        and programs.slots(family.program) == programs.slots(right.family.program)
        and bool(_wordings(family, right.part))
        and (right.value is None or (right.part == "claim" and right.value in VALUES.get(value_type, ())))
    )
