"""The closed lexicon of a language: which words carry a fact, which may come and go, and none besides."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from mmrs_builder.errors import USAGE, MmrsError

Group: TypeAlias = Literal["direction", "fact", "laterality", "polarity", "word", "slot", "mark"]

_MEANING: Final[tuple[Group, ...]] = ("direction", "fact", "laterality", "polarity")
_TOKEN: Final = re.compile(r"\{[^{}]*\}|\w+(?:['’-]\w+)*|[^\w\s]")
PREPOSITIONS: Final = ("of", "to")
"""Forms of a name that hold a preposition: "del hígado" is read as two tokens."""

_LONGEST: Final = 4
"""Words of the longest phrase of a lexicon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, phrase, slot or mark of a wording. ``name`` is the concept, the word, the placeholder or the mark."""

    group: Group
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Phrases by what they mean, and lists of words by their part in a sentence."""

    language: str
    meanings: Mapping[tuple[str, ...], tuple[Group, str]]
    lists: Mapping[str, frozenset[str]]
    neutral: frozenset[str]
    opposites: tuple[tuple[str, ...], ...]

    def tokens(self, wording: str) -> tuple[Token, ...]:
        """A wording with placeholders, read from left to right; the longest phrase wins."""
        words = [part for match in _TOKEN.finditer(wording) for part in self._parts(match[0]) if part]
        return tuple(self._read(words))

    def known(self, word: str) -> bool:
        """Whether a word without meaning of its own may stand in a paraphrase."""
        return word in self.neutral

    def _parts(self, text: str) -> list[str]:
        """A word as it is looked up: in lower case, ``isn't`` as two, a compound as its parts if it is not known."""
        if text.startswith("{"):
            return [text]
        word = text.casefold().replace("’", "'")
        if word.endswith("n't"):
            return [{"ca": "can", "wo": "will"}.get(word[:-3], word[:-3]), "not"]
        if word.endswith("'s") and (word,) not in self.meanings and word not in self.neutral:
            word = word[:-2]
        whole = (word,) in self.meanings or word in self.neutral
        return [word] if whole or "-" not in word else word.split("-")

    def _read(self, words: list[str]) -> Iterator[Token]:
        start = 0
        while start < len(words):
            first = words[start]
            if first.startswith("{"):
                if first[3:-1] in PREPOSITIONS:
                    yield Token(group="slot", name=first[3:-1], text=first[3:-1])
                yield Token(group="slot", name=first[1:-1], text=first)
                start += 1
                continue
            for length in range(min(_LONGEST, len(words) - start), 0, -1):
                phrase = tuple(words[start : start + length])
                if length > 1 and " ".join(phrase) in self.neutral:
                    yield Token(group="word", name=" ".join(phrase), text=" ".join(phrase))
                    break
                if phrase in self.meanings:
                    group, name = self.meanings[phrase]
                    yield Token(group=group, name=name, text=" ".join(phrase))
                    break
            else:
                length = 1
                yield Token(group="word" if first[0].isalnum() else "mark", name=first, text=first)
            start += length


def concepts(tokens: tuple[Token, ...], group: Group, once: frozenset[str] = frozenset()) -> Counter[str]:
    """How often each concept of a group is named; those in ``once`` count as one, however often."""
    found = Counter(token.name for token in tokens if token.group == group)
    return Counter({name: 1 if name in once else n for name, n in found.items()})


def order(tokens: tuple[Token, ...], opposites: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Of opposites that are both named, the one that is named first."""
    found = [token.name for token in tokens if token.group == "direction"]
    return tuple(min(pair, key=found.index) for pair in opposites if set(pair) <= set(found))


@lru_cache(maxsize=4)
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language. Raises ``MmrsError`` if there is none: nothing can be gated without it."""
    path = Path(__file__).with_name(f"{language}.toml")
    if not path.is_file():
        hint = f"Write {path} in the form of en.toml; without it no wording can be checked."
        raise MmrsError(f"no lexicon of the language {language!r}", code=USAGE, hint=hint)
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    meanings: dict[tuple[str, ...], tuple[Group, str]] = {}
    for group in _MEANING:
        for name, phrases in tables[group].items():
            meanings.update({tuple(phrase.split()): (group, name) for phrase in phrases})
    parts = ("act", "role", "form", "choices")
    lists = {f"{part}.{name}": frozenset(words) for part in parts for name, words in tables[part].items()}
    opposites = tuple(tuple(pair.split()) for pair in tables["order"]["opposites"])
    lists["once"] = frozenset(tables["region"]["words"])
    return Lexicon(
        language=language,
        meanings=meanings,
        lists=lists,
        opposites=opposites,
        neutral=frozenset(tables["neutral"]["words"]),
    )
