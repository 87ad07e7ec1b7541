"""From templates to a bank: ask, gate what comes back, file what passes. The bank follows from the replies alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from mmrs_builder.language import Language
from mmrs_builder.llm import Answer, Caps, Endpoint, Limits, Price, Store, answers, fetch
from mmrs_builder.paraphrase.bank import Bank, Entry, counted
from mmrs_builder.paraphrase.gates import GATES, Template, novel, refused, templates
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
    progress: Callable[[int], None] = lambda _: None,
) -> Made:
    """Ask for ``count`` rewordings of every template and keep what passes.

    ``known`` is the bank as it was: what others made stays, and what is switched off there stays off.
    """
    asked = plan(language, count, pattern)
    requests = [item.request for item in asked]
    stopped = None
    if batch and not cache_only:
        stopped = fetch(
            requests, to, store, check=lambda text: fault(text, count), limits=limits, caps=caps, price=price
        )
    found = answers(
        requests,
        to,
        store,
        check=lambda text: fault(text, count),
        limits=limits,
        caps=caps,
        price=price,
        cache_only=cache_only or batch,
        progress=progress,
    )
    foreign, off = _kept(known, to, {item.template.family.id for item in asked})
    taken = {novel(template.wording.text) for template in templates(language)} | {novel(e.text) for e in foreign}
    entries, rejects = list(foreign), []
    for item, answer in zip(asked, found.answers, strict=True):
        for text, reason in _judged(item, answer, taken):
            if reason is None:
                entry = _entry(item.template, text, answer, to)
                entries.append(replace(entry, use=(entry.family, entry.part, entry.text) not in off))
            else:
                family, part, _ = item.template.place
                rejects.append({"family": family, "part": part, "reason": reason, "text": text})
    order = {template.place[:2]: number for number, template in enumerate(templates(language))}
    entries.sort(key=lambda entry: order.get((entry.family, entry.part), len(order)))
    bank = Bank(
        language=language.language, entries=tuple(entries), refused=counted(reject["reason"] for reject in rejects)
    )
    unanswered = counted(why for answer in found.answers for why in answer.faults)
    return Made(bank=bank, rejects=tuple(rejects), unanswered=unanswered, stopped=stopped or found.stopped)


def _kept(known: Bank | None, to: Endpoint, families: set[str]) -> tuple[list[Entry], set[tuple[str, str, str]]]:
    """Entries that this run does not make anew, and the places of all that are switched off."""
    entries = known.entries if known else ()
    mine = (to.model, to.base_url, DIGEST)
    foreign = [e for e in entries if (e.model, e.endpoint, e.prompt) != mine or e.family not in families]
    return foreign, {(e.family, e.part, e.text) for e in entries if not e.use}


def _judged(item: Asking, answer: Answer, taken: set[str]) -> Iterator[tuple[str, str | None]]:
    """Every text of an answer with the reason why it is refused, or None; accepted ones are added to ``taken``."""
    texts = rewordings(answer.reply.text) if answer.reply else None
    for text in texts or ():
        wording = filled(text, item.marks)
        reason = "slots" if wording is None else refused(wording, item.template, frozenset(taken))
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
