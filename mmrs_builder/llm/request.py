"""What is asked of a model, and the identity of that."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Final

from mmrs_builder.digests import digest
from mmrs_builder.llm.endpoint import Endpoint

FORMAT: Final = 1
"""Raised when a request of the same fields is put into other words on the wire: replies of before are then not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question to a chat model. ``schema`` is the canonical JSON text of the JSON schema that the reply must fit."""

    system: str
    user: str
    max_tokens: int
    name: str = ""
    schema: str = ""
    temperature: float | None = None

    def messages(self) -> list[dict[str, str]]:
        """As the Chat Completions protocol wants them."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]

    def json_schema(self) -> dict[str, Any]:
        """The ``response_format`` of the strictest mode."""
        schema = {"name": self.name, "strict": True, "schema": json.loads(self.schema)}
        return {"type": "json_schema", "json_schema": schema}

    @property
    def prompt_tokens(self) -> int:
        """An estimate: one token for three bytes of UTF-8, and eight for each message.

        Byte pair encodings need about one for four bytes of English: this is on the safe side.
        """
        texts = (self.system, self.user, self.schema)
        return 16 + math.ceil(sum(len(text.encode()) for text in texts) / 3)


def key(to: Endpoint, request: Request, number: int) -> str:
    """Identity of the ``number``-th time that something is asked, whatever the mode and the key it is asked with."""
    return digest([FORMAT, to.base_url, to.model, asdict(request), number])
