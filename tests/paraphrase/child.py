"""Asking a model, for a bank or for rows, in a process that may be killed at any moment."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store
from mmrs_builder.paraphrase import bank
from mmrs_builder.paraphrase.gates import templates
from mmrs_builder.paraphrase.rows import Rewording, Sentence, reword
from mmrs_builder.paraphrase.run import paraphrase
from mmrs_builder.templates import shipped

WORDS = shipped("en")  # read once, before the processes part
LIMITS = Limits(concurrency=3, first_pause=0.001, longest_pause=0.01, failures=99)
PRICE = Price(prompt=1, completion=1)


def run(url: str, folder: Path, pattern: str) -> None:
    """Make or continue the bank in ``folder``."""
    os.environ.update(NO_PROXY="127.0.0.1", SOURCE_DATE_EPOCH="1700000000")
    to = Endpoint(base_url=url, model="rule-based-rewriter")
    store = Store(folder / "llm.sqlite", "test")
    made = paraphrase(
        WORDS,
        to,
        store,
        count=3,
        pattern=pattern,
        limits=LIMITS,
        caps=Caps(),
        price=PRICE,
    )
    bank.write(folder / "bank.toml", bank.text_of(made.bank))


def run_rows(url: str, folder: Path) -> None:
    """Reword, or go on rewording, two rows of each wording of some families; what came of it lies in ``folder``."""
    os.environ.update(NO_PROXY="127.0.0.1", MMRS_STATE=str(folder))
    to = Endpoint(base_url=url, model="rule-based-rewriter")
    by = Rewording(to=to, limits=LIMITS, caps=Caps(), price=PRICE, budget="test")
    made = reword(rows(), WORDS, by, "out", lambda _: None)
    told = sorted([sentence.family, sentence.text, sentence.of, text] for sentence, text in made.texts.items())
    refused = sorted([sentence.family, sentence.text, sentence.of, why, text] for sentence, why, text in made.refused)
    bank.write(folder / "rows.json", json.dumps([told, refused]))


def rows() -> list[Sentence]:
    """Questions and answers without a value."""
    families = ("locate.quadrant", "locate.side", "locate.zone")
    found = [it for it in templates(WORDS) if it.family.id in families and "{value}" not in it.wording.text]
    return [
        Sentence(family=it.family.id, part=it.wording.part, text=it.wording.text, of=of)
        for it in found
        for of in ("one", "two")
    ]
