"""Where a model is asked, and with which key. Keys come out of the environment and are never written anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from mmrs_builder.errors import USAGE, MmrsError

OPENAI: Final = "https://api.openai.com/v1"
OPENAI_KEY: Final = "OPENAI_API_KEY"
OTHER_KEY: Final = "MMRS_LLM_KEY"
"""The variable for every other server: the key of one provider is not shown to another."""

NO_KEY: Final = "none"
"""Sent where there is no key; servers on one's own machine ask for none."""

_SECRET: Final = re.compile(r"\bsk-[\w-]{6,}|(?<=Bearer )\S+", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_LENGTH: Final = 200
_SHORTEST: Final = 6
"""Of a key that is a secret; shorter ones are words such as ``none``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server that speaks the Chat Completions protocol, and one of its models."""

    base_url: str
    model: str
    key: str = field(default=NO_KEY, repr=False)

    def redacted(self, text: str) -> str:
        """A text without the key, or anything that looks like one."""
        hidden = text.replace(self.key, "[key]") if len(self.key) >= _SHORTEST else text
        return _SECRET.sub("[key]", hidden)

    def quoted(self, text: str) -> str:
        """What a server said, fit for a message: one short line without key and control characters."""
        line = _CONTROL.sub(" ", self.redacted(text)).strip()
        return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…"


def endpoint(
    model: str,
    base_url: str | None,
    key_variable: str | None,
    environment: Mapping[str, str] | None = None,
    *,
    needs_key: bool = True,
) -> Endpoint:
    """The endpoint of a command line; without ``base_url`` OpenAI's.

    The key is that of ``key_variable``, by default ``OPENAI_API_KEY`` for OpenAI and ``MMRS_LLM_KEY`` for all others.
    Without ``needs_key`` nothing will be sent. Raises ``MmrsError`` for an address that is none or holds a secret, and
    for a key that is missing.
    """
    address = (base_url or OPENAI).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise MmrsError(f"--base-url {address}", code=USAGE, hint="It looks like http://127.0.0.1:8000/v1.")
    if parts.username or parts.password:
        hint = f"Put the key into ${OTHER_KEY} and leave it out of the address."
        raise MmrsError("--base-url holds a user name or a password", code=USAGE, hint=hint)
    hosted = parts.hostname == urlsplit(OPENAI).hostname
    variable = key_variable or (OPENAI_KEY if hosted else OTHER_KEY)
    key = (os.environ if environment is None else environment).get(variable, "").strip()
    if needs_key and not key and (hosted or key_variable):
        raise MmrsError(f"no key in ${variable}", code=USAGE, hint=f"export {variable}=…, then run it again.")
    return Endpoint(base_url=address, model=model, key=key or NO_KEY)
