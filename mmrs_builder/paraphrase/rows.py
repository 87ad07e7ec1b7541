"""Rewording row by row: each sentence of a build is asked for on its own, gated, and read back by the model.

What is sent is the sentence's template with opaque marks, and which of the many rewordings of it is wanted: nothing
that tells one row's picture from another's. A sentence that fails anywhere keeps its template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from mmrs_builder.digests import digest
from mmrs_builder.language import Language
from mmrs_builder.llm import Answer, Caps, Endpoint, Limits, Price, Rounds, Store, state_file
from mmrs_builder.paraphrase import prompt, readback
from mmrs_builder.paraphrase.gates import Template, novel, refused, templates
from mmrs_builder.paraphrase.prompt import Asking, asking, filled, rewordings
from mmrs_builder.paraphrase.readback import Reading, reading

DIGEST: Final = digest([prompt.DIGEST, prompt.MANNERS, readback.DIGEST])
"""Identity of all instructions."""

OTHERWISE: Final = "read_otherwise"
UNREAD: Final = "not_read_back"
UNASKED: Final = "no_reply"
"""Reasons besides those of the gates: another program was read back, none was, no rewording came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """Who rewords the rows of a build, within which limits; ``budget`` names what spending is counted under."""

    to: Endpoint
    limits: Limits
    caps: Caps
    price: Price
    budget: str | None
    cache_only: bool = False
    batch: bool = False

    @property
    def name(self) -> str:
        """What a build made with it says: model and instructions, no address."""
        return f"rows {self.to.model} {DIGEST[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of a build: the question of a row or of a pair of rows, or the statement that answers a row.

    ``of`` is the row's or pair's id, ``value`` the token that ``{value}`` stands for.
    """

    family: str
    part: str
    text: str
    of: str
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworded:
    """New texts of sentences, what was refused with its reason, and why asking ended early, if it did."""

    texts: Mapping[Sentence, str]
    refused: tuple[tuple[Sentence, str, str], ...]
    stopped: str | None


def reword(
    sentences: Sequence[Sentence], language: Language, by: Rewording, budget: str, progress: Callable[[int], None]
) -> Reworded:
    """Reword what can be; every sentence is in ``texts`` or in ``refused``. The replies alone decide.

    ``progress`` is told of each sentence twice: when it was reworded, and when it was read back.
    """
    ordered = sorted(sentences, key=lambda it: (it.family, it.part, it.text, it.of, it.value or ""))
    store = Store(state_file(), by.budget or budget)
    rounds = Rounds(
        store=store, limits=by.limits, caps=by.caps, price=by.price, cache_only=by.cache_only, batch=by.batch
    )
    try:
        drafts = _drafts(ordered, language, by.to, rounds, progress)
        passed = [(sentence, draft) for sentence, draft in drafts if draft.reason is None]
        progress(len(drafts) - len(passed))
        readings = [reading(draft.text, draft.template, sentence.value) for sentence, draft in passed]
        heard = rounds.ask(by.to, [it.request for it in readings], readback.fault, progress)
    finally:
        store.close()
    texts, denied = {}, [(sentence, draft.reason, draft.text) for sentence, draft in drafts if draft.reason]
    for (sentence, draft), expected, answer in zip(passed, readings, heard.answers, strict=True):
        reason = _misread(expected, answer)
        if reason is None:
            texts[sentence] = draft.text
        else:
            denied.append((sentence, reason, draft.text))
    return Reworded(texts=texts, refused=tuple(denied), stopped=rounds.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A rewording of a template, or what came in its place, and why that is refused."""

    template: Template
    text: str
    reason: str | None


def requests(sentences: Sequence[Sentence], language: Language) -> list[Asking]:
    """What is asked for each sentence. Those of one template are numbered in their order: no number tells a row."""
    known = {(it.family.id, it.wording.part, it.wording.text): it for it in templates(language)}
    numbers = Counter[tuple[str, str, str]]()
    asked = []
    for sentence in sentences:
        place = (sentence.family, sentence.part, sentence.text)
        asked.append(asking(known[place], 1, numbers[place]))
        numbers[place] += 1
    return asked


def _drafts(
    sentences: Sequence[Sentence], language: Language, to: Endpoint, rounds: Rounds, progress: Callable[[int], None]
) -> list[tuple[Sentence, _Draft]]:
    asked = requests(sentences, language)
    found = rounds.ask(to, [it.request for it in asked], lambda text: prompt.fault(text, 1), progress)
    taken = {novel(template.wording.text) for template in templates(language)}
    drafts = [_draft(item, answer, taken) for item, answer in zip(asked, found.answers, strict=True)]
    return list(zip(sentences, drafts, strict=True))


def _draft(item: Asking, answer: Answer, taken: Set[str]) -> _Draft:
    texts = rewordings(answer.reply.text) if answer.reply else None
    if not texts:
        return _Draft(template=item.template, text="", reason=f"{UNASKED}:{answer.faults[-1]}")
    wording = filled(texts[0], item.marks)
    reason = "slots" if wording is None else refused(wording, item.template, taken)
    return _Draft(template=item.template, text=wording or texts[0], reason=reason)


def _misread(expected: Reading, answer: Answer) -> str | None:
    """Why a sentence was not read back as its own program, or None if it was."""
    program = readback.chosen(answer.reply.text) if answer.reply else None
    if program is None:
        return f"{UNREAD}:{answer.faults[-1]}"
    return None if program == expected.right else OTHERWISE
