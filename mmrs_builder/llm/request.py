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


PICTURE: Final = 1600
"""Tokens that a picture of up to 1024 px is reckoned as; how many it takes depends on the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question to a chat model. ``schema`` is the canonical JSON text of the JSON schema that the reply must fit.

    ``picture`` is a picture as a ``data:`` address, sent before the text of ``user``.
    """

    system: str
    user: str
    max_tokens: int
    name: str = ""
    schema: str = ""
    temperature: float | None = None
    picture: str = ""

    def messages(self) -> list[dict[str, Any]]:
        """As the Chat Completions protocol wants them."""
        shown = {"type": "image_url", "image_url": {"url": self.picture}}
        content = [shown, {"type": "text", "text": self.user}] if self.picture else self.user
        return [{"role": "system", "content": self.system}, {"role": "user", "content": content}]

    def json_schema(self) -> dict[str, Any]:
        """The ``response_format`` of the strictest mode."""
        schema = {"name": self.name, "strict": True, "schema": json.loads(self.schema)}
        return {"type": "json_schema", "json_schema": schema}

    @property
    def prompt_tokens(self) -> int:
        """An estimate: one token for three bytes of UTF-8, eight for each message, and ``PICTURE`` for a picture.

        Byte pair encodings need about one for four bytes of English: this is on the safe side.
        """
        texts = (self.system, self.user, self.schema)
        return 16 + math.ceil(sum(len(text.encode()) for text in texts) / 3) + (PICTURE if self.picture else 0)


def key(to: Endpoint, request: Request, number: int) -> str:
    """Identity of the ``number``-th time that something is asked, whatever the mode and the key it is asked with."""
    fields = {name: value for name, value in asdict(request).items() if name != "picture" or value}
    return digest([FORMAT, to.base_url, to.model, fields, number])
