"""Asking by the Batch API: everything in one file, answered within a day, at many providers for half the price.

A batch that was handed in is remembered: a run that was killed while waiting goes on waiting for the same batch.
Replies are committed as if they had been asked for one by one, so that whoever asks next finds them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import httpx2

from mmrs_builder.digests import digest
from mmrs_builder.llm.endpoint import Endpoint
from mmrs_builder.llm.limits import Caps, Limits, Price
from mmrs_builder.llm.request import Request, key
from mmrs_builder.llm.store import Exhausted, Store
from mmrs_builder.llm.wire import MODES, TooLarge, Trouble, body, completion, connect, refusal, reply_of

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_ENDED: Final = ("completed", "failed", "expired", "cancelled")
_REPLY_BYTES: Final = 1 << 14
"""What a reply may have on average."""


class Stopped(Exception):
    """The batch could not be handed in, waited for or fetched."""


def fetch(
    requests: Sequence[Request],
    to: Endpoint,
    store: Store,
    *,
    check: Callable[[str], str | None],
    limits: Limits,
    caps: Caps,
    price: Price,
    until: float | None = None,
) -> str | None:
    """Have all requests without a committed reply answered by batches; say why that ended early, or None.

    A second batch asks again where replies are of no use, up to ``limits.asks``. Raises ``MmrsError`` if the library of
    the client is missing.
    """
    run = _Batching(to=to, store=store, limits=limits, caps=caps, price=price)
    run.end = run.end if until is None else until
    try:
        for number in range(limits.asks):
            asked = {
                key(to, request, number): request for request in requests if _open(to, store, request, number, check)
            }
            if asked:
                asyncio.run(run.all(asked))
    except Stopped as stop:
        return str(stop)
    return None


def _open(to: Endpoint, store: Store, request: Request, number: int, check: Callable[[str], str | None]) -> bool:
    """Whether something has to be asked for the ``number``-th time: all replies before were of no use."""
    earlier = [store.reply(key(to, request, before)) for before in range(number)]
    useless = all(reply and (reply.fault or check(reply.text)) for reply in earlier)
    return useless and store.reply(key(to, request, number)) is None


class _Batching:
    """One endpoint, one deadline."""

    def __init__(self, *, to: Endpoint, store: Store, limits: Limits, caps: Caps, price: Price) -> None:
        self.to, self.store, self.limits, self.caps, self.price = to, store, limits, caps, price
        self.end = time.monotonic() + limits.deadline
        self.mode = store.mode(to.base_url, to.model) or MODES[0]

    async def all(self, asked: Mapping[str, Request]) -> None:
        import openai

        most = self.limits.body_bytes + _REPLY_BYTES * len(asked)
        try:
            async with asyncio.timeout(max(0.0, self.end - time.monotonic())):
                async with connect(self.to, self.limits.seconds, most) as client:
                    await self.one(client, asked)
        except TimeoutError:
            raise Stopped(f"--deadline {self.limits.deadline:g} s is over; the batch is waited for next time") from None
        except openai.APIStatusError as error:
            trouble = refusal(self.to, error.status_code, error.response.headers, error.response.content)
            raise Stopped(f"the batch was refused: {trouble.reason} {trouble.said}".strip()) from None
        except (openai.OpenAIError, httpx2.HTTPError, OSError, TooLarge, ValueError) as error:
            raise Stopped(f"the batch failed: {type(error).__name__}") from None

    async def one(self, client: AsyncOpenAI, asked: Mapping[str, Request]) -> None:
        """Hand a batch in, or take the one that was, wait for it, and keep its replies."""
        import openai

        name = digest([self.to.base_url, sorted(asked)])
        known = self.store.batch(name)
        if known is None:
            calls = self.reserved(asked)
            try:
                known = await self.handed_in(client, asked), calls
            except openai.APIStatusError:
                self.unpaid(calls.values())
                raise
            self.store.remember(name, *known)
        output = await self.waited(client, *known)
        if output is not None:
            self.commit(await self.content(client, output), known[1], asked)
        self.store.forget(name)

    def reserved(self, asked: Mapping[str, Request]) -> dict[str, int]:
        """Pay for every request at its worst; for all or for none."""
        worst = [(request.prompt_tokens, request.max_tokens) for request in asked.values()]
        try:
            calls = self.store.reserve_all([(p + c, self.price.usd(p, c)) for p, c in worst], self.caps)
        except Exhausted as error:
            raise Stopped(str(error)) from None
        return dict(zip(asked, calls, strict=True))

    async def handed_in(self, client: AsyncOpenAI, asked: Mapping[str, Request]) -> str:
        lines = [json.dumps(self.line(identity, request)) for identity, request in asked.items()]
        file = await client.files.create(file=("requests.jsonl", "\n".join(lines).encode()), purpose="batch")
        batch = await client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        return batch.id

    def unpaid(self, calls: Iterable[int]) -> None:
        """Requests that were never answered."""
        for call in calls:
            self.store.settle(call, 0, 0.0)

    def line(self, identity: str, request: Request) -> dict[str, object]:
        content = body(self.to, request, self.mode)
        return {"custom_id": identity, "method": "POST", "url": "/v1/chat/completions", "body": content}

    async def waited(self, client: AsyncOpenAI, name: str, calls: Mapping[str, int]) -> str | None:
        """The file with the replies, once the batch has ended; None if it has none, which costs nothing."""
        for turn in range(10**9):
            batch = await client.batches.retrieve(name)
            if batch.status in _ENDED:
                if batch.output_file_id is None:
                    self.unpaid(calls.values())
                return batch.output_file_id
            await asyncio.sleep(min(self.limits.longest_pause, self.limits.first_pause * 2 ** min(turn, 10)))
        return None

    async def content(self, client: AsyncOpenAI, file: str) -> bytes:
        return (await client.files.with_raw_response.content(file)).http_response.content

    def commit(self, content: bytes, calls: Mapping[str, int], asked: Mapping[str, Request]) -> None:
        """Keep every reply of the file; what was not answered costs nothing."""
        open_calls = dict(calls)
        for line in content.splitlines():
            found = json.loads(line) if line.strip() else {}
            identity = found.get("custom_id") if isinstance(found, dict) else None
            response = found.get("response") if identity in open_calls else None
            if not isinstance(identity, str) or not isinstance(response, dict) or response.get("status_code") != 200:
                continue
            done = completion(self.to, json.dumps(response.get("body")).encode())
            if isinstance(done, Trouble):
                continue
            request = asked[identity]
            worst = request.prompt_tokens, request.max_tokens
            reply, prompt, generated = reply_of(done, self.mode, worst)
            cost = self.price.usd(prompt, generated)
            self.store.commit(open_calls.pop(identity), identity, reply, prompt + generated, cost)
        self.unpaid(open_calls.values())
