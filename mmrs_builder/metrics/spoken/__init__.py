"""How people say the terms of a language when they are free to: synonyms, denials, frames, places along two axes.

One TOML file for each language that has one; of others only the terms of the shard are understood.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from mmrs_builder.metrics.texts import Tokens, folded, tokens

IMAGE_FRAME: Final = ("Quadrant", "Zone", "Side", "Level", "Clock", "Direction", "Fourway", "Horizontal", "Vertical")
BETWEEN: Final = ("Direction", "Fourway", "Vertical")
PATIENT_FRAME: Final = ("Lateral", "Depth", "Height")

_BOTH: Final = {(v, h): f"{v}_{h}" for v in ("upper", "lower") for h in ("left", "right")}
_ALONE: Final = {"upper": "above", "lower": "below", "left": "left", "right": "right"}
_ZONES: Final = _BOTH | {
    ("upper", None): "upper_middle", ("lower", None): "lower_middle", (None, "left"): "middle_left",
    (None, "right"): "middle_right", (None, None): "centre",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A language's ways of saying. Phrases are folded; ``axes`` maps one to upper, lower, left, right or middle, and
    ``directions`` those that do so between structures only.
    """

    nothing: frozenset[Tokens]
    denials: frozenset[Tokens]
    ends: frozenset[str]
    none: frozenset[str]
    alternatives: frozenset[str]
    patient: frozenset[str]
    image: frozenset[str]
    axes: dict[Tokens, str]
    directions: dict[Tokens, str]
    corners: Mapping[Tokens, str]
    truths: Mapping[Tokens, str]
    numbers: Mapping[str, str]
    terms: Mapping[str, Mapping[Tokens, str]]

    def affirmed(self, said: Tokens) -> Tokens:
        """What is left when denials are struck out: from "not" to the end of its clause."""
        kept: list[str] = []
        place = 0
        while place < len(said):
            length = _starts(said, place, self.denials) or _starts(said, place, self.nothing)
            if not length:
                kept.append(said[place])
                place += 1
                continue
            if not _starts(said, place, self.nothing):
                place += length
                while place < len(said) and said[place] not in self.ends:
                    place += 1
            else:
                place += length
            kept.append("")
        return tuple(kept)

    def other_frame(self, said: Tokens, value_type: str) -> bool:
        """Whether a text speaks of the patient where the picture is asked about, or of the picture for the patient."""
        patient, image = bool(self.patient & {*said}), bool(self.image & {*said})
        return (value_type in IMAGE_FRAME and patient) or (value_type in PATIENT_FRAME and image and not patient)

    def placed(self, said: Tokens, value_type: str) -> str | None:
        """The token that words of both axes make, if all alternatives and sentences that make one make the same."""
        words = self.axes | self.directions if value_type in BETWEEN else self.axes
        found = {_composed(axes, value_type) for part in self._parts(said) if (axes := self._axes(part, words))}
        found -= {None}
        return found.pop() if len(found) == 1 else None

    def _parts(self, said: Tokens) -> Iterator[Tokens]:
        part: list[str] = []
        for token in (*said, "."):
            if token in (".", ";", "!", "?") or token in self.alternatives:
                yield tuple(part)
                part = []
            else:
                part.append(token)

    def _axes(self, part: Tokens, words: Mapping[Tokens, str]) -> set[str]:
        corners = {axis for word in part for axis in self.corners.get((word,), "").split("_")} - {""}
        found = {words.get(part[i : i + n], "") for n in (1, 2) for i in range(len(part))} - {""}
        return corners | found


def _composed(axes: set[str], value_type: str) -> str | None:
    """The token of a type for words along its axes; None where they contradict each other or do not suffice."""
    vertical, horizontal = axes & {"upper", "lower"}, axes & {"left", "right"}
    if len(vertical) > 1 or len(horizontal) > 1:
        return None
    v, h = next(iter(vertical), None), next(iter(horizontal), None)
    if value_type == "Quadrant":
        return _BOTH.get((v or "", h or ""))
    if value_type == "Zone":
        complete = (v and h and "middle" not in axes) or ("middle" in axes and not (v and h))
        return _ZONES.get((v, h)) if complete else None
    if value_type == "Direction":
        return _BOTH.get((v or "", h or "")) or _ALONE.get(v or h or "")
    if value_type == "Fourway":
        return None if v and h else _ALONE.get(v or h or "")
    if value_type in ("Side", "Horizontal", "Lateral"):
        return h
    if value_type == "Level":
        return v
    return _ALONE.get(v or "") if value_type == "Vertical" else None


def _starts(said: Tokens, place: int, phrases: Iterable[Tokens]) -> int:
    """The length of the longest phrase that begins at a place; 0 if none does."""
    return max((len(phrase) for phrase in phrases if said[place : place + len(phrase)] == phrase), default=0)


@lru_cache
def load(language: str) -> Spoken | None:
    """The table of a language; None if there is none."""
    path = Path(__file__).with_name(f"{language}.toml")
    if not language.isalpha() or not path.is_file():
        return None
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return Spoken(
        nothing=frozenset(map(tokens, raw["nothing"])),
        denials=frozenset(map(tokens, raw["negation"]["before"])),
        ends=frozenset(raw["negation"]["until"]),
        none=frozenset(raw["negation"]["none"]),
        alternatives=frozenset(raw["alternatives"]["between"]),
        patient=frozenset(raw["frame"]["patient"]),
        image=frozenset(raw["frame"]["image"]),
        axes=_turned(raw["axes"]),
        directions=_turned(raw["directions"]),
        corners=_turned(raw["corners"]),
        truths=_turned(raw["truths"]),
        numbers={word: number for number, words in raw["numbers"].items() for word in words},
        terms={kind: _turned(table) for kind, table in raw["terms"].items()},
    )


def _turned(table: Mapping[str, Iterable[str]]) -> dict[Tokens, str]:
    return {folded(text): token for token, texts in table.items() for text in texts}
