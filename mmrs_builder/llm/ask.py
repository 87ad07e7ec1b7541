"""Asking many things at once, within the limits: what is known is not asked again, what fails is, and then no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mmrs_builder.llm.endpoint import Endpoint
from mmrs_builder.llm.limits import Caps, Limits, Price
from mmrs_builder.llm.request import Request, key
from mmrs_builder.llm.store import Exhausted, Reply, Store
from mmrs_builder.llm.wire import MODES, Completion, Trouble, attempt, connect, reply_of

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Check: TypeAlias = Callable[[str], str | None]
"""Says why the text of a reply is of no use, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The reply to a request, or the reason why there is none. ``faults`` are all replies that were of no use."""

    reply: Reply | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Answers in the order of the requests, and why asking was stopped, if it was."""

    answers: tuple[Answer, ...]
    stopped: str | None


class _Stop(Exception):
    """Nothing more is asked."""


def answers(
    requests: Sequence[Request],
    to: Endpoint,
    store: Store,
    *,
    check: Check,
    limits: Limits,
    caps: Caps,
    price: Price,
    cache_only: bool = False,
    until: float | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Asked:
    """Ask all of them. No failure of the server, and no reply of its, raises an exception.

    ``until`` is when everything ends, on the monotonic clock; by default ``limits.deadline`` seconds from now. A reply
    is committed to ``store`` before it is used, and what is committed is never asked again. ``MmrsError`` is raised
    only if the client's library is missing.
    """
    asking = _Asking(to=to, store=store, check=check, limits=limits, caps=caps, price=price, cache_only=cache_only)
    asking.end = asking.end if until is None else until
    try:
        return asyncio.run(asking.all(requests, progress))
    except ExceptionGroup as group:  # of the disk: the network raises none
        raise group.exceptions[0] from None


class _Asking:
    """The state of one run: what is in flight, how often it failed in a row, and whether it has ended."""

    def __init__(
        self, *, to: Endpoint, store: Store, check: Check, limits: Limits, caps: Caps, price: Price, cache_only: bool
    ) -> None:
        self.to, self.store, self.check = to, store, check
        self.limits, self.caps, self.price, self.cache_only = limits, caps, price, cache_only
        self.stopped: str | None = None
        self.failures = 0
        self.not_before = 0.0
        self.end = time.monotonic() + limits.deadline
        self.mode = store.mode(to.base_url, to.model)
        self.probing = asyncio.Lock()
        self.client: AsyncOpenAI | None = None

    async def all(self, requests: Sequence[Request], progress: Callable[[int], None]) -> Asked:
        waiting = iter(enumerate(requests))
        found: dict[int, Answer] = {}

        async def work() -> None:
            for number, request in waiting:
                found[number] = await self.one(request)
                progress(1)

        async with AsyncExitStack() as stack:
            if not self.cache_only:
                connected = connect(self.to, self.limits.seconds, self.limits.body_bytes)
                self.client = await stack.enter_async_context(connected)
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.limits.concurrency, len(requests))):
                    group.create_task(work())
        return Asked(answers=tuple(found[number] for number in range(len(requests))), stopped=self.stopped)

    async def one(self, request: Request) -> Answer:
        """Ask until a reply is of use, at most ``limits.asks`` times."""
        faults: list[str] = []
        for number in range(self.limits.asks):
            identity = key(self.to, request, number)
            reply = self.store.reply(identity)
            if reply is None:
                if self.cache_only:
                    return Answer(reply=None, faults=(*faults, "not_cached"))
                try:
                    outcome = await self.paid(request, identity)
                except _Stop:
                    return Answer(reply=None, faults=(*faults, "stopped"))
                if isinstance(outcome, Trouble):
                    return Answer(reply=None, faults=(*faults, outcome.reason))
                reply = outcome
                self.count(failed=self.fault(reply) is not None, why="replies without use")
            fault = self.fault(reply)
            if fault is None:
                return Answer(reply=reply, faults=tuple(faults))
            faults.append(fault)
        return Answer(reply=None, faults=tuple(faults))

    def fault(self, reply: Reply) -> str | None:
        return reply.fault or self.check(reply.text)

    async def paid(self, request: Request, identity: str) -> Reply | Trouble:
        """One reply, over as many attempts as it takes and is allowed. Raises ``_Stop``."""
        trouble = Trouble(reason="not_tried", verdict="again")
        for number in range(self.limits.attempts):
            outcome = await self.attempt(request, identity)
            if isinstance(outcome, Reply):
                return outcome
            trouble = outcome
            self.count(failed=True, why=f"failures, the last: {trouble.reason} {trouble.said}".strip())
            if trouble.verdict == "unfit":
                return trouble
            if trouble.wait is not None and trouble.wait > self.limits.longest_wait:
                raise self.stop(f"the server asks to wait {trouble.wait:.0f} s, more than --max-wait")
            pause = self.limits.pause(identity, number) if trouble.wait is None else trouble.wait
            self.not_before = max(self.not_before, time.monotonic() + (trouble.wait or 0))
            if number + 1 < self.limits.attempts:
                await asyncio.sleep(min(pause, max(0.0, self.end - time.monotonic())))
        return trouble

    async def attempt(self, request: Request, identity: str) -> Reply | Trouble:
        """Ask once, in the mode that is known to work, else in the first that does."""
        async with self.probing:
            outcome = None if self.mode else await self.probe(request, identity)
        return await self.send(request, identity, self.mode or MODES[0]) if outcome is None else outcome

    async def probe(self, request: Request, identity: str) -> Reply | Trouble:
        """Find the strictest mode that the server understands, on the first request that has to be made anyway."""
        trouble: Trouble | None = None
        for mode in MODES:
            outcome = await self.send(request, identity, mode)
            if isinstance(outcome, Reply):
                self.mode = mode
                self.store.learn(self.to.base_url, self.to.model, mode)
                return outcome
            if outcome.verdict != "unfit":
                return outcome
            trouble = outcome
        assert trouble is not None
        raise self.stop(f"the server understands no way of asking: {trouble.reason} {trouble.said}".strip())

    async def send(self, request: Request, identity: str, mode: str) -> Reply | Trouble:
        await asyncio.sleep(max(0.0, min(self.not_before, self.end) - time.monotonic()))
        seconds = min(self.limits.seconds, self.end - time.monotonic())
        if self.stopped:
            raise _Stop
        if seconds <= 0:
            raise self.stop(f"--deadline {self.limits.deadline:g} s is over")
        worst = (request.prompt_tokens, request.max_tokens)
        try:
            call = self.store.reserve(sum(worst), self.price.usd(*worst), self.caps)
        except Exhausted as error:
            raise self.stop(str(error)) from None
        assert self.client is not None
        outcome = await attempt(self.client, self.to, request, mode, seconds)
        if isinstance(outcome, Trouble):
            if outcome.unpaid:
                self.store.settle(call, 0, 0.0)
            if outcome.verdict == "stop":
                raise self.stop(f"{outcome.reason}: {outcome.said}" if outcome.said else outcome.reason)
            return outcome
        return self.committed(call, identity, mode, worst, outcome)

    def committed(self, call: int, identity: str, mode: str, worst: tuple[int, int], done: Completion) -> Reply:
        reply, prompt, completion = reply_of(done, mode, worst)
        self.store.commit(call, identity, reply, prompt + completion, self.price.usd(prompt, completion))
        return reply

    def count(self, *, failed: bool, why: str) -> None:
        """The circuit breaker: enough failures in a row, whatever they are, end the run."""
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= self.limits.failures and not self.stopped:
            self.stopped = f"{self.failures} {why}"

    def stop(self, why: str) -> _Stop:
        """End the run; the first reason is told."""
        self.stopped = self.stopped or why
        return _Stop()
