"""One request to a server and what came of it: a reply that was paid for, or trouble of a known kind."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import httpx2

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.llm.endpoint import OPENAI, Endpoint
from mmrs_builder.llm.request import Request
from mmrs_builder.llm.store import Reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MODES: Final = ("json_schema", "json_schema_max_tokens", "json_object", "plain")
"""Ways to ask for JSON, the strictest first. Some servers want ``max_completion_tokens``, others ``max_tokens``."""

_BUSY: Final = (408, 409, 425, 429)
_MISUNDERSTOOD: Final = (400, 405, 415, 422, 501)
_BROKE: Final = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")

Verdict: TypeAlias = Literal["again", "unfit", "stop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """No reply. ``again``: it may pass; ``unfit``: the server does not understand this request; ``stop``: hopeless.

    ``wait`` is what the server asks for, in seconds. ``unpaid``: the server refused, so no tokens were used.
    """

    reason: str
    verdict: Verdict
    said: str = ""
    wait: float | None = None
    unpaid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A chat completion. ``fault`` says why its text is of no use; token counts that are not credible are None."""

    text: str
    fault: str | None
    prompt_tokens: int | None
    completion_tokens: int | None


class TooLarge(Exception):
    """A body beyond the limit, or in a coding that hides its size."""


def connect(to: Endpoint, seconds: float, body_bytes: int) -> AsyncOpenAI:
    """The client of an endpoint: no retries of its own, no redirects, bodies up to ``body_bytes``.

    Raises ``MmrsError`` if the library is not installed.
    """
    try:
        from openai import AsyncOpenAI, DefaultAsyncHttpx2Client
    except ImportError:
        hint = "pip install 'mmrs-builder[llm]'"
        raise MmrsError("asking a model needs the openai library", code=USAGE, hint=hint) from None

    async def capped(response: httpx2.Response) -> None:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise TooLarge("coded body")
        response.stream = _Capped(response.stream, body_bytes)

    http = DefaultAsyncHttpx2Client(
        follow_redirects=False,
        timeout=seconds,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [capped]},
    )
    client = AsyncOpenAI(base_url=to.base_url, api_key=to.key, max_retries=0, timeout=seconds, http_client=http)
    if not to.base_url.startswith(OPENAI):  # what the environment says of an account there is nobody else's business
        client.organization = client.project = None
    return client


class _Capped(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, most: int) -> None:
        self._stream, self._left = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise TooLarge("body beyond the limit")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def body(to: Endpoint, request: Request, mode: str) -> dict[str, Any]:
    """The JSON of a request in one of ``MODES``."""
    limit = "max_completion_tokens" if mode == "json_schema" else "max_tokens"
    fields: dict[str, Any] = {"model": to.model, "messages": request.messages(), limit: request.max_tokens}
    if request.temperature is not None:
        fields["temperature"] = request.temperature
    if request.schema and mode.startswith("json_schema"):
        fields["response_format"] = request.json_schema()
    elif request.schema and mode == "json_object":
        fields["response_format"] = {"type": "json_object"}
    return fields


async def attempt(
    client: AsyncOpenAI, to: Endpoint, request: Request, mode: str, seconds: float
) -> Completion | Trouble:
    """Ask once; whatever happens on the way is an outcome, after at most ``seconds``."""
    import openai

    try:
        async with asyncio.timeout(seconds):
            raw = await client.chat.completions.with_raw_response.create(**body(to, request, mode))
            content = raw.http_response.content
    except TimeoutError:
        return Trouble(reason="timeout", verdict="again")
    except openai.APITimeoutError:
        return Trouble(reason="timeout", verdict="again")
    except openai.APIStatusError as error:
        return refusal(to, error.status_code, error.response.headers, error.response.content)
    except (openai.OpenAIError, httpx2.HTTPError, OSError, TooLarge, ValueError) as error:
        causes = [error, error.__cause__, error.__context__]
        large = any(isinstance(cause, TooLarge) for cause in causes)
        return Trouble(reason="too_large" if large else "connection", verdict="again", said=type(error).__name__)
    return completion(to, content)


def refusal(to: Endpoint, status: int, headers: Mapping[str, str], content: bytes) -> Trouble:
    """What an HTTP status other than 2xx means."""
    code, said = _error(content)
    reason, said = f"http_{status}", to.quoted(said)
    if code in _BROKE or status in (401, 402, 403, 404) or 300 <= status < 400:
        named = {401: "bad_key", 403: "forbidden", 404: "not_found"}.get(status, reason)
        reason = code if code in _BROKE else "redirected" if 300 <= status < 400 else named
        return Trouble(reason=reason, verdict="stop", said=said, unpaid=True)
    if status in _BUSY or (status >= 500 and status != 501):
        return Trouble(reason=reason, verdict="again", said=said, wait=_wait(headers), unpaid=True)
    verdict: Verdict = "unfit" if status in _MISUNDERSTOOD and code != "content_filter" else "again"
    return Trouble(reason=reason, verdict=verdict, said=said, unpaid=True)


def completion(to: Endpoint, content: bytes) -> Completion | Trouble:
    """Read the body of a 200 strictly: it is a chat completion, or it is trouble."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return Trouble(reason="not_json", verdict="again")
    if not isinstance(found, dict) or "choices" not in found:
        return Trouble(reason="not_a_completion", verdict="again")
    given = found.get("usage")
    usage = given if isinstance(given, dict) else {}
    text, fault = _text(found["choices"])
    return Completion(
        text=to.redacted(text),
        fault=fault,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def reply_of(done: Completion, mode: str, worst: tuple[int, int]) -> tuple[Reply, int, int]:
    """What is kept of a completion, and its tokens of prompt and reply: where it does not say, the ``worst``."""
    prompt = worst[0] if done.prompt_tokens is None else done.prompt_tokens
    generated = worst[1] if done.completion_tokens is None else done.completion_tokens
    reply = Reply(
        text=done.text,
        mode=mode,
        day=_today(),
        fault=done.fault,
        prompt_tokens=done.prompt_tokens,
        completion_tokens=done.completion_tokens,
    )
    return reply, prompt, generated


def _today() -> str:
    """The day in UTC, or that of ``SOURCE_DATE_EPOCH``."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    return (datetime.fromtimestamp(int(fixed), UTC) if fixed else datetime.now(UTC)).date().isoformat()


def _text(choices: object) -> tuple[str, str | None]:
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        return "", "no_choices"
    if message.get("refusal"):
        return "", "refusal"
    if first.get("finish_reason") in ("length", "content_filter"):
        return "", str(first["finish_reason"])
    text = message.get("content")
    return (text, None) if isinstance(text, str) and text.strip() else ("", "no_content")


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 10**9 else None


def _error(content: bytes) -> tuple[str, str]:
    """Code and message of an error in OpenAI's form, or the beginning of whatever else was sent."""
    text = content[:4096].decode("utf-8", "replace")
    try:
        error = json.loads(content)["error"]
        return str(error.get("code") or error.get("type") or ""), str(error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", text


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After, a number or a date (RFC 9110 section 10.2.3)."""
    text = headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
