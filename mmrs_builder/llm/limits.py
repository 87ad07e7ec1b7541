"""How long, how often and for how much a model may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mmrs_builder.digests import keyed
from mmrs_builder.errors import USAGE, MmrsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens."""

    prompt: float
    completion: float

    def usd(self, prompt: int, completion: int) -> float:
        """What that many tokens cost."""
        return (self.prompt * prompt + self.completion * completion) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Hard limits of all that was ever spent under one budget; None: no limit."""

    requests: int | None = None
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times are in seconds."""

    concurrency: int = 4
    seconds: float = 60  # for one reply, from the first byte sent to the last received
    deadline: float = 3600  # for everything
    longest_wait: float = 60  # the longest Retry-After that is honoured
    attempts: int = 5  # of one request, while it fails in ways that may pass
    asks: int = 2  # of one thing, while the reply is of no use
    failures: int = 20  # in a row, then nothing more is tried
    first_pause: float = 1
    longest_pause: float = 30
    body_bytes: int = 1 << 20

    def pause(self, key: str, attempt: int) -> float:
        """How long to wait after a failed attempt: full jitter (https://aws.amazon.com/builders-library/
        timeouts-retries-and-backoff-with-jitter/), drawn by the request's key."""
        longest = min(self.longest_pause, self.first_pause * 2**attempt)
        return float(longest) * keyed("pause", key, attempt) / 2**64


FREE: Final = Price(prompt=0, completion=0)


def price(text: str | None, caps: Caps) -> Price:
    """The price of ``--price PROMPT:COMPLETION``. Raises ``MmrsError`` for a cap in dollars without one."""
    if text is None:
        if caps.usd is not None:
            hint = "Look them up and add --price PROMPT:COMPLETION, in USD per million tokens, such as 0.25:2."
            raise MmrsError("--max-usd needs the model's prices, which change", code=USAGE, hint=hint)
        return FREE
    try:
        prompt, completion = (float(part) for part in text.split(":"))
    except ValueError:
        prompt = completion = -1.0
    if not (0 <= prompt < 1e6 and 0 <= completion < 1e6):
        raise MmrsError(
            f"--price {text}", code=USAGE, hint="It is PROMPT:COMPLETION, in USD per million tokens: 0.25:2"
        )
    return Price(prompt=prompt, completion=completion)
