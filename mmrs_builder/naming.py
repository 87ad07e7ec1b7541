"""From the names that corpora give their structures to canonical labels and the words for them.

``Kidney_L``, ``left kidney`` and ``kidney_left`` are one label. A name that the vocabulary lacks becomes a label of the
corpus's own, with a noun made from its words: what a researcher calls a structure is what a question should call it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from mmrs_builder import resources
from mmrs_builder.io.options import phrase
from mmrs_builder.types import Label, Term

_LEFT: Final = ("left", "lt", "l")
_RIGHT: Final = ("right", "rt", "r")
_OTHER: Final = {"left": "right", "right": "left"}
_LESIONS: Final = frozenset(
    {
        "cancer", "consolidation", "cyst", "edema", "effusion", "gtv", "infection", "lesion", "mass", "metastases",
        "metastasis", "nodule", "oedema", "polyp", "tumor", "tumors", "tumour",
    }
)  # fmt: skip
"""Words that make an unknown structure a lesion: there may be several, and they have no fixed place."""

_SINGULAR: Final = {"cartilages": "cartilage", "lobes": "lobe", "ribs": "rib", "vertebrae": "vertebra"}
"""Corpora name a mask by what it holds; a question speaks of one structure."""


def named(name: str) -> tuple[Label, Term | None]:
    """The label a name stands for, and its words if it is not in the vocabulary.

    Raises ``ValueError`` for a name without a letter or digit, or one that cannot stand in a sentence.
    """
    words, side = _sided(_words(name))
    if not words:
        raise ValueError(f"{name!r} does not name a structure")
    plain = "_".join(word.casefold() for word in words)
    sided = f"{plain}_{side}" if side else plain
    known = vocabulary()
    found = known.get(sided) or known.get("_".join(word.casefold() for word in _words(name)))
    return (found, None) if found else _own(words, sided, side)


def chosen(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[tuple[Label, Term], ...]]:
    """The canonical labels of some names, sorted, and the words of those that the vocabulary lacks: what
    ``Source.labels`` and ``Source.terms`` want. Raises ``ValueError`` as ``named`` does.
    """
    found = {label.id: (label, term) for label, term in map(named, names)}
    own = tuple((label, term) for _, (label, term) in sorted(found.items()) if term is not None)
    return tuple(sorted(found)), own


def mapping(option: str, text: str) -> dict[str, str]:
    """What ``1=liver, 2=left kidney`` says. Raises ``ValueError``, naming the option."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for key, sign, name in pairs:
        if not (sign and key.strip() and name.strip()):
            raise ValueError(f"{option}={text!r}: write pairs like 1=liver,2=spleen")
    told = {key.strip(): phrase(option, name.strip()) for key, _, name in pairs}
    if len(told) < len(pairs):
        raise ValueError(f"{option}={text!r}: one key twice")
    return told


def explained(text: str, told: Mapping[str, str]) -> Label | None:
    """The label that ``told`` gives to somebody's free text, if any. Its keys match in any case; ``*`` and ``?`` match
    any text and any letter. Raises ``ValueError`` as ``named`` does.
    """
    plain = text.strip().casefold()
    exact_first = sorted(told, key=lambda key: (key.casefold() != plain, key))
    keys = (key for key in exact_first if plain == key.casefold() or fnmatchcase(plain, key.casefold()))
    key = next(keys, None)
    return None if key is None else named(told[key])[0]


def known(text: str) -> Label | None:
    """The label of the vocabulary that somebody's free text names, if any."""
    try:
        label, own = named(text)
    except ValueError:
        return None
    return label if own is None else None


@cache
def vocabulary() -> Mapping[str, Label]:
    """The canonical labels by id, and by every other name that ``templates/labels.toml`` lists for them."""
    with (resources.path("templates") / "labels.toml").open("rb") as stream:
        entries = tomllib.load(stream)["label"]
    found = {}
    for entry in entries:
        lists: dict[str, Any] = {key: tuple(entry.pop(key, ())) for key in ("aliases", "codes")}
        label = Label(**entry, **lists)
        found.update(dict.fromkeys((label.id, *label.aliases), label))
    return found


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)  # KidneyLeft
    return re.findall(r"[^\W_]+", spaced)


def _sided(words: Sequence[str]) -> tuple[list[str], str | None]:
    """The words without the one that names a side; single letters count at either end only."""
    for number, word in enumerate(words):
        at_an_end = number in (0, len(words) - 1)
        for side, spellings in (("left", _LEFT), ("right", _RIGHT)):
            if len(words) > 1 and word.casefold() in spellings and (len(word) > 2 or at_an_end):
                return [*words[:number], *words[number + 1 :]], side
    return list(words), None


def _own(words: Sequence[str], sided: str, side: str | None) -> tuple[Label, Term]:
    """A label that the vocabulary lacks: ``vertebrae L1`` keeps its capital, ``Left Upper Lobe`` does not."""
    one = [_SINGULAR.get(word.casefold(), word) for word in words]
    kept = (word if re.search(r"\d", word) or (word.isupper() and len(word) < 5) else word.lower() for word in one)
    noun = " ".join(kept)
    noun = phrase("label", f"{side} {noun}" if side else noun)
    if not re.match(r"[a-z]", sided):
        sided, noun = f"structure_{sided}", f"structure {noun}"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", sided):
        raise ValueError(f"label {noun!r}: small letters, digits and spaces only; map it to another name with labels=…")
    role = "lesion" if _LESIONS & {word.casefold() for word in words} else "organ"
    partner = f"{sided.removesuffix(side)}{_OTHER[side]}" if side else None
    term = Term(name=noun, plural=_plural(noun), article=_article(noun))
    return Label(id=sided, role=role, side=side, partner=partner), term


def _article(noun: str) -> str:
    """By the sound of the first word: an LAD, an L1 vertebra, a uterus."""
    first = noun.split()[0]
    spelt = first.isupper()  # letter by letter
    return "an" if re.match(r"[AEFHILMNORSX]" if spelt else r"(?!eu|uni|ur|us|ut|uv)[aeiou]", first) else "a"


def _plural(noun: str) -> str:
    if noun.endswith("sis"):
        return f"{noun[:-2]}es"
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if re.search(r"[^aeiou]y$", noun) else f"{noun}s"


def sided_pairs(labels: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Those labels (left, right) that are the two sides of one structure, sorted.

    Only labels whose place beside the midline is certain: the heart's left ventricle has no partner in the vocabulary.
    """
    held = set(labels)
    lefts = sorted(label for label in held if label.endswith("_left"))
    pairs = [(left, f"{left.removesuffix('_left')}_right") for left in lefts]
    known = vocabulary()
    return tuple(
        (left, right) for left, right in pairs if right in held and (left not in known or known[left].partner == right)
    )
