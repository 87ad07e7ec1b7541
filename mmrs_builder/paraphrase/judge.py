"""An optional last gate: a second model is asked whether two sentences say the same. It sees no more than the first."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from mmrs_builder.digests import canonical
from mmrs_builder.language import pieces
from mmrs_builder.llm import Asked, Request
from mmrs_builder.paraphrase.bank import Entry

SYSTEM: Final = """You compare two sentences of a data set about positions in medical images.

Both hold marks such as ⟦A⟧, which stand for the same words in both. Decide whether the two ask for exactly the same, \
or state exactly the same, whatever the marks stand for: the same directions, sizes, counts, denials, the same thing \
compared with the same other thing. If in doubt they do not.

Reply with a JSON object {"same": true} or {"same": false}, and nothing else."""

SCHEMA: Final = canonical(
    {
        "type": "object",
        "properties": {"same": {"type": "boolean"}},
        "required": ["same"],
        "additionalProperties": False,
    }
)

Ask = Callable[[Sequence[Request], Callable[[str], str | None]], Asked]
"""Asks the judge, given the requests and what makes a reply useless."""


def judged(entries: Sequence[Entry], model: str, ask: Ask) -> tuple[list[Entry], list[tuple[Entry, str]], Asked]:
    """Entries that the judge lets through, the others with the reason ``judge`` or ``unjudged``, and its answers."""
    found = ask([_request(entry) for entry in entries], lambda text: None if _same(text) is not None else "wrong_form")
    kept, refused = [], []
    for entry, answer in zip(entries, found.answers, strict=True):
        same = _same(answer.reply.text) if answer.reply else None
        if same:
            kept.append(replace(entry, verdicts=f"{entry.verdicts} judge:{model}"))
        else:
            refused.append((entry, "unjudged" if same is None else "judge"))
    return kept, refused, found


def _request(entry: Entry) -> Request:
    shown = json.dumps({"first": _hidden(entry.of), "second": _hidden(entry.text)}, ensure_ascii=False, indent=1)
    return Request(system=SYSTEM, user=shown, max_tokens=64, name="verdict", schema=SCHEMA)


def _hidden(wording: str) -> str:
    return "".join(literal + (f"⟦{field}⟧" if field else "") for literal, field, _ in pieces(wording))


def _same(reply: str) -> bool | None:
    try:
        found = json.loads(reply)
    except (ValueError, RecursionError):
        return None
    verdict = found.get("same") if isinstance(found, dict) else None
    return verdict if isinstance(verdict, bool) else None
