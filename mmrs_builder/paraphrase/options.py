"""What ``mmrs build --paraphrase rows`` is told with ``--llm KEY=VALUE``: the options of ``mmrs paraphrase``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.llm import Caps, Limits, endpoint
from mmrs_builder.llm.limits import price
from mmrs_builder.paraphrase.rows import Rewording


def _above(kind: Callable[[str], float], least: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = kind(text)
        if not value >= least:
            raise ValueError(f"at least {least:g}")
        return value

    return read


def _yes_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("yes or no")
    return text == "yes"


_TEXTS: Final = ("model", "base-url", "price", "budget", "key-env")
_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(_TEXTS, str),
    "max-usd": _above(float, 0),
    "max-requests": _above(int, 0),
    "max-tokens": _above(int, 0),
    "concurrency": _above(int, 1),
    "timeout": _above(float, 0.1),
    "deadline": _above(float, 0.1),
    "max-wait": _above(float, 0),
    "max-failures": _above(int, 1),
    "cache-only": _yes_no,
    "batch": _yes_no,
}
_LIMITS: Final = {
    "concurrency": "concurrency",
    "timeout": "seconds",
    "deadline": "deadline",
    "max-wait": "longest_wait",
    "max-failures": "failures",
}


def rewording(options: Sequence[str]) -> Rewording:
    """Who rewords, and within which limits. Raises ``MmrsError`` for slips, and where there is no model or no key."""
    told = _read(options)
    if "model" not in told:
        hint = "Add --llm model=NAME, and --llm base-url=URL unless it is OpenAI's: http://127.0.0.1:8000/v1."
        raise MmrsError("--paraphrase rows needs a model to ask", code=USAGE, hint=hint)
    silent = told.get("cache-only", False)
    caps = Caps(requests=told.get("max-requests"), tokens=told.get("max-tokens"), usd=told.get("max-usd"))
    return Rewording(
        to=endpoint(told["model"], told.get("base-url"), told.get("key-env"), needs_key=not silent),
        limits=Limits(**{field: told[key] for key, field in _LIMITS.items() if key in told}),
        caps=caps,
        price=price(told.get("price"), caps),
        budget=told.get("budget"),
        cache_only=silent,
        batch=told.get("batch", False),
    )


def _read(options: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for option in options:
        key, sign, text = option.partition("=")
        if not sign or key not in _READERS or not text:
            hint = f"It is KEY=VALUE, KEY of {', '.join(_READERS)}."
            raise MmrsError(f"--llm {key if sign else option}", code=USAGE, hint=hint)
        try:
            told[key] = _READERS[key](text)
        except ValueError as error:
            raise MmrsError(f"--llm {option}: {error}", code=USAGE, hint="See `mmrs paraphrase --help`.") from None
    return told
