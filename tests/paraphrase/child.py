"""A run of ``mmrs paraphrase`` in a process that may be killed at any moment."""

from __future__ import annotations

import os
from pathlib import Path

from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store
from mmrs_builder.paraphrase import bank
from mmrs_builder.paraphrase.run import paraphrase
from mmrs_builder.templates import shipped

WORDS = shipped("en")  # read once, before the processes part
LIMITS = Limits(concurrency=3, first_pause=0.001, longest_pause=0.01, failures=99)


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
        price=Price(prompt=1, completion=1),
    )
    bank.write(folder / "bank.toml", bank.text_of(made.bank))
