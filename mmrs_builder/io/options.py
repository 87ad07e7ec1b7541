"""Checks of what a user may set for a source. Each raises ``ValueError``, naming the option and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

MAX_TEXT: Final = 80
"""Characters of a word or phrase: more is no name, and no table could show it."""

_MARKUP: Final = "{}[]<>|"
"""They mean something in wordings (placeholders), tables and cards."""


def one_of(option: str, value: str, allowed: Sequence[str]) -> str:
    """The value, if it is allowed."""
    if value not in allowed:
        raise ValueError(f"{option}={value!r}: must be {' or '.join(item or repr(item) for item in allowed)}")
    return value


def fraction(option: str, text: str) -> float:
    """The number from 0 up to 1 that a text stands for."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise ValueError(f"{option}={text!r}: must be a number from 0 up to 1")
    return number


def expression(option: str, text: str) -> str:
    """The text, if it is a regular expression with a group, or empty."""
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"{option}={text!r}: {error}") from error
    if text and not groups:
        raise ValueError(f"{option}={text!r}: put the part that is meant in parentheses")
    return text


def identifier(option: str, value: str, *, hyphens: bool = False) -> str:
    """The value, if it is a small letter followed by small letters, digits, underscores and, if allowed, hyphens."""
    if len(value) > MAX_TEXT or not re.fullmatch(r"[a-z][a-z0-9_-]*" if hyphens else r"[a-z][a-z0-9_]*", value):
        signs = "small letters, digits, '_' and '-'" if hyphens else "small letters, digits and '_'"
        raise ValueError(f"{option}={value!r}: must be {signs}, a letter first, at most {MAX_TEXT} characters")
    return value


def phrase(option: str, value: str) -> str:
    """The value, if it can stand in a sentence, a table and a card: short, printable, without markup. May be empty."""
    if len(value) > MAX_TEXT or not value.isprintable() or value != value.strip() or set(value) & set(_MARKUP):
        raise ValueError(
            f"{option}={value!r}: must be printable text without {' '.join(_MARKUP)} or space around it, "
            f"at most {MAX_TEXT} characters"
        )
    return value
