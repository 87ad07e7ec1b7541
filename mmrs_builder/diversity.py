"""How differently the questions of a published folder are put: counted from its shards, whatever their order."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from mmrs_builder.digests import keyed
from mmrs_builder.metrics.texts import tokens
from mmrs_builder.readable import readable

SAMPLE: Final = 100
"""Texts of which each is compared with all others."""

_Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """Figures of the questions whose words come from one place (``template``, ``bank``, ``row``), or of ``all``.

    ``wordings`` is the number of different wordings (of question and statement together), ``leading`` the mean over the
    families of the part of a family's questions that its most frequent wording has. ``distinct_n`` is the number of
    different n-grams by that of all (Li et al. 2016, https://arxiv.org/abs/1510.03055). ``self_bleu`` is the mean BLEU
    of each text against the others (Zhu et al. 2018, https://arxiv.org/abs/1802.01886), of ``SAMPLE`` texts: 1 if all
    are alike.
    """

    text_source: str
    questions: int
    wordings: int
    leading: float
    distinct_1: float
    distinct_2: float
    self_bleu: float


def measure(folder: Path) -> tuple[Diversity, ...]:
    """The figures of the shards in a ``qa`` folder: of all questions, then by the origin of their words."""
    found: dict[str, _Counts] = defaultdict(_Counts)
    for row in _rows(folder):
        found[row["text_source"]].add(row)
    if len(found) > 1:
        found["all"] = _together(found.values())
    return tuple(counts.figures(name) for name, counts in sorted(found.items()))


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*.parquet")):
        with readable(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["question_id", "question", "family", "template_id", "text_source"]):
                for row in batch.to_pylist():
                    yield {
                        name: text or "" for name, text in row.items()
                    }  # who tampers with shards may leave out texts


class _Counts:
    """What is counted over many questions at a time."""

    def __init__(self) -> None:
        self.grams: tuple[Counter[_Gram], Counter[_Gram]] = (Counter(), Counter())
        self.wordings: dict[str, Counter[str]] = defaultdict(Counter)
        self.sample: list[tuple[int, str, str]] = []

    def add(self, row: dict[str, str]) -> None:
        words = tokens(row["question"])
        for n, grams in enumerate(self.grams, start=1):
            grams.update(_grams(words, n))
        self.wordings[row["family"]][row["template_id"]] += 1
        self.sample.append((keyed("diversity", row["question_id"]), row["question_id"], row["question"]))
        if len(self.sample) > 10 * SAMPLE:
            self.sample = sorted(self.sample)[:SAMPLE]

    def figures(self, name: str) -> Diversity:
        families = self.wordings.values()
        return Diversity(
            text_source=name,
            questions=sum(counts.total() for counts in families),
            wordings=sum(len(counts) for counts in families),
            leading=math.fsum(max(counts.values()) / counts.total() for counts in families) / len(families),
            distinct_1=_distinct(self.grams[0]),
            distinct_2=_distinct(self.grams[1]),
            self_bleu=self_bleu([text for _, _, text in sorted(self.sample)[:SAMPLE]]),
        )


def _together(some: Iterable[_Counts]) -> _Counts:
    """What was counted over all the questions of ``some``."""
    found = _Counts()
    for counts in some:
        for grams, more in zip(found.grams, counts.grams, strict=True):
            grams.update(more)
        for family, wordings in counts.wordings.items():
            found.wordings[family].update(wordings)
        found.sample += counts.sample
    return found


def _distinct(grams: Counter[_Gram]) -> float:
    return len(grams) / grams.total() if grams else 0.0


def _grams(words: Sequence[str], n: int) -> Iterable[_Gram]:
    return (tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU-4 of each text with all others as references; a count of 0 is taken for 0.1. One text alone: 0."""
    if len(texts) < 2:
        return 0.0
    read = [tokens(text) for text in texts]
    grams = [[Counter(_grams(words, n)) for words in read] for n in range(1, 5)]
    most = [_most(of_n) for of_n in grams]
    return sum(_bleu(index, read, grams, most) for index in range(len(read))) / len(read)


def _most(of_n: Iterable[Counter[_Gram]]) -> dict[_Gram, tuple[int, int]]:
    """How often each gram stands in the text that has it most, and in the one that comes second."""
    found: dict[_Gram, tuple[int, int]] = {}
    for own in of_n:
        for gram, n in own.items():
            first, second = found.get(gram, (0, 0))
            found[gram] = (n, first) if n > first else (first, max(second, n))
    return found


def _bleu(
    index: int,
    read: Sequence[Sequence[str]],
    grams: Sequence[Sequence[Counter[_Gram]]],
    most: Sequence[Mapping[_Gram, tuple[int, int]]],
) -> float:
    """BLEU of one text (Papineni et al. 2002, https://aclanthology.org/P02-1040); the closest length counts."""
    length = len(read[index])
    others = [words for other, words in enumerate(read) if other != index]
    logs = []
    for of_n, most_of in zip(grams, most, strict=True):
        own = of_n[index]
        if not own:
            break
        ranks = ((n, *most_of[gram]) for gram, n in own.items())  # the first may be this text itself
        known = (min(n, second if n == first else first) for n, first, second in ranks)
        logs.append(math.log(max(sum(known), 0.1) / own.total()))
    closest = min((abs(len(words) - length), len(words)) for words in others)[1]
    brevity = min(0.0, 1 - closest / length) if length else 0.0
    return math.exp(brevity + sum(logs) / len(logs)) if logs else 0.0
