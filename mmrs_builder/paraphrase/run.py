"""From templates to a bank: ask, gate what comes back, file what passes. The bank follows from the replies alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from mmrs_builder.language import Language
from mmrs_builder.llm import Answer, Caps, Endpoint, Limits, Price, Rounds, Store
from mmrs_builder.paraphrase.bank import Bank, Entry, counted
from mmrs_builder.paraphrase.gates import GATES, Template, novel, refused, templates
from mmrs_builder.paraphrase.judge import judged
from mmrs_builder.paraphrase.prompt import DIGEST, Asking, asking, fault, filled, rewordings


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run would ask for, at most. Every request may be made ``asks`` times if replies are of no use."""

    templates: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A bank, the texts that were refused with their reasons, and why asking ended early, if it did."""

    bank: Bank
    rejects: tuple[dict[str, str], ...]
    unanswered: dict[str, int]
    stopped: str | None


def plan(language: Language, count: int, pattern: str = "*") -> tuple[Asking, ...]:
    """One request for each template of the families that match ``pattern``."""
    return tuple(asking(it, count) for it in templates(language) if fnmatchcase(it.family.id, pattern))


def estimate(asked: Sequence[Asking], price: Price) -> Estimate:
    """The cost of asking once, with ``Request.prompt_tokens`` and the longest replies that are let through."""
    prompt = sum(item.request.prompt_tokens for item in asked)
    completion = sum(item.request.max_tokens for item in asked)
    return Estimate(
        templates=len(asked),
        requests=len(asked),
        prompt_tokens=prompt,
        completion_tokens=completion,
        usd=price.usd(prompt, completion),
    )


def paraphrase(
    language: Language,
    to: Endpoint,
    store: Store,
    *,
    count: int,
    pattern: str,
    limits: Limits,
    caps: Caps,
    price: Price,
    known: Bank | None = None,
    cache_only: bool = False,
    batch: bool = False,
    judge: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Made:
    """Ask for ``count`` rewordings of every template and keep what passes.

    ``known`` is the bank as it was: what others made stays, and what is switched off there stays off. ``judge`` is a
    model of the same server that is asked about each wording that has passed every gate.
    """
    rounds = Rounds(store=store, limits=limits, caps=caps, price=price, cache_only=cache_only, batch=batch)
    asked = plan(language, count, pattern)
    found = rounds.ask(to, [item.request for item in asked], lambda text: fault(text, count), progress)
    foreign, off = _kept(known, to, {item.template.family.id for item in asked})
    taken = {novel(template.wording.text) for template in templates(language)} | {novel(e.text) for e in foreign}
    made: list[Entry] = []
    refusals: list[tuple[str, str, str, str]] = []
    for item, answer in zip(asked, found.answers, strict=True):
        for text, reason in _gated(item, answer, taken):
            if reason is None:
                made.append(_entry(item.template, text, answer, to))
            else:
                refusals.append((*item.template.place[:2], reason, text))
    told = [found]
    if judge is not None:
        made, denied, verdicts = judged(
            made, judge, lambda them, check: rounds.ask(replace(to, model=judge), them, check)
        )
        refusals += [(entry.family, entry.part, reason, entry.text) for entry, reason in denied]
        told.append(verdicts)
    own = [replace(entry, use=(entry.family, entry.part, entry.text) not in off) for entry in made]
    order = {template.place[:2]: number for number, template in enumerate(templates(language))}
    entries = sorted([*foreign, *own], key=lambda entry: order.get((entry.family, entry.part), len(order)))
    return Made(
        bank=Bank(
            language=language.language,
            entries=tuple(entries),
            refused=counted(reason for _, _, reason, _ in refusals),
        ),
        rejects=tuple(dict(zip(("family", "part", "reason", "text"), it, strict=True)) for it in refusals),
        unanswered=counted(why for part in told for answer in part.answers for why in answer.faults),
        stopped=rounds.stopped,
    )


def _kept(known: Bank | None, to: Endpoint, families: set[str]) -> tuple[list[Entry], set[tuple[str, str, str]]]:
    """Entries that this run does not make anew, and the places of all that are switched off."""
    entries = known.entries if known else ()
    mine = (to.model, to.base_url, DIGEST)
    foreign = [e for e in entries if (e.model, e.endpoint, e.prompt) != mine or e.family not in families]
    return foreign, {(e.family, e.part, e.text) for e in entries if not e.use}


def _gated(item: Asking, answer: Answer, taken: set[str]) -> Iterator[tuple[str, str | None]]:
    """Every text of an answer with the reason why it is refused, or None; accepted ones are added to ``taken``."""
    texts = rewordings(answer.reply.text) if answer.reply else None
    for text in texts or ():
        wording = filled(text, item.marks)
        reason = "slots" if wording is None else refused(wording, item.template, taken)
        if wording is not None and reason is None:
            taken.add(novel(wording))
        yield wording or text, reason


def _entry(template: Template, text: str, answer: Answer, to: Endpoint) -> Entry:
    assert answer.reply is not None
    family, part, _ = template.place
    return Entry(
        family=family,
        part=part,
        of=template.wording.text,
        text=text,
        model=to.model,
        endpoint=to.base_url,
        prompt=DIGEST,
        mode=answer.reply.mode,
        date=answer.reply.day,
        verdicts=" ".join(GATES),
    )
