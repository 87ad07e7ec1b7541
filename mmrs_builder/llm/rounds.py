"""Several rounds of asking that share one budget and one deadline: what is asked next depends on what was replied."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

from mmrs_builder.llm.ask import Asked, Check, answers
from mmrs_builder.llm.batch import fetch
from mmrs_builder.llm.endpoint import Endpoint
from mmrs_builder.llm.limits import Caps, Limits, Price
from mmrs_builder.llm.request import Request
from mmrs_builder.llm.store import Store


class _Given(TypedDict):
    """What every way of asking is given."""

    check: Check
    limits: Limits
    caps: Caps
    price: Price
    until: float


@dataclass(slots=True, kw_only=True)
class Rounds:
    """Asks round after round. Once a round was stopped nothing more is sent: later ones use the replies that are there.

    ``batch`` asks by the Batch API. ``stopped`` is why asking ended early, if it did.
    """

    store: Store
    limits: Limits
    caps: Caps
    price: Price
    cache_only: bool = False
    batch: bool = False
    stopped: str | None = None
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.limits.deadline

    def ask(
        self, to: Endpoint, requests: Sequence[Request], check: Check, progress: Callable[[int], None] = lambda _: None
    ) -> Asked:
        """The answers of one round, as ``answers`` gives them; what is asked for several times is asked once."""
        distinct = list(dict.fromkeys(requests))
        given: _Given = {
            "check": check, "limits": self.limits, "caps": self.caps, "price": self.price, "until": self.until,
        }  # fmt: skip
        silent = self.cache_only or self.stopped is not None
        why = fetch(distinct, to, self.store, **given) if self.batch and not silent else None
        found = answers(distinct, to, self.store, **given, cache_only=silent or self.batch, progress=progress)
        self.stopped = self.stopped or why or found.stopped
        progress(len(requests) - len(distinct))
        by_request = dict(zip(distinct, found.answers, strict=True))
        return replace(found, answers=tuple(by_request[it] for it in requests), stopped=self.stopped)
