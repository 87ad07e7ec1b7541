"""Checks of refusals: wordings for every reason, which name the label that is absent and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mmrs_builder.language import Language, Problem
from mmrs_builder.vocab import REFUSALS
from mmrs_builder.wording_checks import Wording, wording_problems

ABSENT: Final = "absent"
"""The reason that is about a label, which its wordings name ``{A}``."""


def refusal_problems(language: Language) -> Iterator[Problem]:
    """Reasons that lack wordings or do not exist, and everything wrong with a wording."""
    refusals = language.terms.refusals
    for reason in REFUSALS:
        if not refusals.get(reason):
            yield _problem(language, reason, "the reason has no wording", f'add {reason} = ["…"]')
    for reason in refusals.keys() - {*REFUSALS}:
        yield _problem(language, reason, "unknown reason", f"use one of {', '.join(REFUSALS)}")
    for wording in refusal_wordings(language):
        yield from wording_problems(wording, language)


def refusal_wordings(language: Language) -> Iterator[Wording]:
    """Each wording of a refusal, as it is checked."""
    for reason, texts in language.terms.refusals.items():
        slots = ("A",) if reason == ABSENT else ()
        for number, text in enumerate(texts, start=1):
            yield Wording(
                file=f"{language.language}/terms.toml",
                owner="refusal",
                frame=None,
                part=reason,
                number=number,
                text=text,
                value_type="",
                slots=slots,
                named=slots,
                literals=frozenset(),
            )


def _problem(language: Language, reason: str, message: str, advice: str) -> Problem:
    file = f"{language.language}/terms.toml"
    return Problem(file=file, family="refusal", field=reason, column=None, message=message, advice=advice)
