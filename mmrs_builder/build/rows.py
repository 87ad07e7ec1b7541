"""The stage between ask and write in which a model rewords single rows: the one place of a build that asks anybody.

It runs in the main process, opens no picture and no scene, and hands words on; workers only write them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from mmrs_builder.build.ask import Asked, selected_from_json
from mmrs_builder.build.measure import Progress
from mmrs_builder.build.settings import STATE, Settings
from mmrs_builder.build.stage import put
from mmrs_builder.digests import digest
from mmrs_builder.language import Language
from mmrs_builder.paraphrase.rows import Reworded, Sentence, reword
from mmrs_builder.phrase import Chosen, choose
from mmrs_builder.select import Selected

REJECTS: Final = "reword-rejects.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The questions of each view of the asked table that have words of their own, by their ids."""

    by_view: tuple[Mapping[str, Chosen], ...] = ()
    counts: Mapping[str, Any]
    stopped: str | None = None

    def between(self, first: int, last: int) -> dict[str, Chosen]:
        """Those of the views ``first`` to ``last``, half-open."""
        return {key: words for view in self.by_view[first:last] for key, words in view.items()}

    def digest(self) -> str:
        """Identity of all words."""
        return digest([{key: asdict(words) for key, words in view.items()} for view in self.by_view])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A question as it would be worded without a model, and its sentences that may be reworded."""

    words: Chosen
    question: Sentence
    statement: Sentence | None


def reworded(
    asked: Asked, language: Language, settings: Settings, out: Path, started: Callable[[int], Progress]
) -> Words:
    """New words for the rows of a build, as far as a model was asked for them and they passed.

    ``started`` is told the length of the work and returns what advances the progress bar. What was refused is listed in
    ``REJECTS``.
    """
    if settings.rewording is None:
        return Words(counts={})
    views = [list(_rows(view, language, settings.seed)) for view in pq.read_table(asked.table).to_pylist()]
    sentences = {sentence for view in views for row in view for sentence in _sentences(row)}
    found = reword([*sentences], language, settings.rewording, str(out.resolve()), started(2 * len(sentences)))
    lines = sorted(json.dumps({"family": it.family, "part": it.part, "reason": why, "text": text})
                   for it, why, text in found.refused)  # fmt: skip
    put(out / STATE / REJECTS, "".join(f"{line}\n" for line in lines).encode())
    reasons = Counter(why for _, why, _ in found.refused)
    counts = {"sentences": len(sentences), "reworded": len(found.texts), "kept": dict(sorted(reasons.items()))}
    return Words(by_view=tuple(_in_words(views, found)), counts={"reworded": counts}, stopped=found.stopped)


def _rows(view: Mapping[str, Any], language: Language, seed: int) -> Iterator[_Row]:
    families = {family.id: family for family in language.families}
    for item in selected_from_json(view["selected"]):
        words = choose(item, families[item.candidate.family], language, seed)
        yield _Row(words=words, question=_asking(item, words), statement=_stating(item, words))


def _asking(item: Selected, words: Chosen) -> Sentence:
    part, value = ("claim", item.claim) if words.claim else ("question", None)
    return Sentence(family=words.family, part=part, text=words.question, of=words.unit, value=value)


def _stating(item: Selected, words: Chosen) -> Sentence | None:
    """The answer, if it is a sentence of the family; why a view cannot answer is said in the language's own words."""
    if not words.statement or item.candidate.reason:
        return None
    value = item.candidate.token if "{value}" in words.statement else None
    return Sentence(family=words.family, part="statement", text=words.statement, of=words.question_id, value=value)


def _sentences(row: _Row) -> tuple[Sentence, ...]:
    return (row.question,) if row.statement is None else (row.question, row.statement)


def _in_words(views: list[list[_Row]], found: Reworded) -> Iterator[dict[str, Chosen]]:
    """The words of each view. No two wordings may share a ``template_id``, which is short: the later keeps its old."""
    taken = {row.words.template_id: (row.words.question, row.words.statement) for view in views for row in view}
    for view in views:
        own = {}
        for row in view:
            question = found.texts.get(row.question, row.words.question)
            statement = found.texts.get(row.statement, row.words.statement) if row.statement else row.words.statement
            words = replace(row.words, question=question, statement=statement, reworded=True)
            pair = (question, statement)
            changed = pair != (row.words.question, row.words.statement)
            if changed and taken.setdefault(words.template_id, pair) == pair:
                own[words.question_id] = words
        yield own
