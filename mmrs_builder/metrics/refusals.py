"""Sentences that say why a question has no answer, as a shard words them (``docs/language.md`` sections 7a and 8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mmrs_builder.metrics.texts import Tokens, folded

_PLACEHOLDER: Final = re.compile(r"\{(image|A(?:\.([a-z]+))?)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A reason of ``vocab.REFUSALS``, and the label that a sentence calls absent."""

    reason: str
    label: str | None = None


def refusals_of(language: Mapping[str, Any]) -> dict[Tokens, Refused]:
    """Every refusal that a shard's language can make, folded: by whatever names of structures and pictures."""
    images = {name for names in language.get("images", {}).values() for name in names}
    found = {}
    for reason, wordings in language.get("refusals", {}).items():
        for wording in wordings:
            for label, forms in _named(language, wording):
                for image in images if "{image}" in wording else ("",):
                    found[folded(_filled(wording, image, forms))] = Refused(reason=reason, label=label)
    return found


def _filled(wording: str, image: str, forms: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda field: image if field[1] == "image" else forms[field[2] or "the"], wording)


def _named(language: Mapping[str, Any], wording: str) -> Iterator[tuple[str | None, dict[str, str]]]:
    """The labels that a wording may speak of, and the forms of each of their names; None if it names no label."""
    if "{A" not in wording:
        yield None, {}
        return
    for label, term in language["labels"].items():
        for name in (term, *term.get("also", ())):
            patterns = language["forms"][name["article"]]
            forms = {form: pattern.replace("{name}", name["name"]) for form, pattern in patterns.items()}
            yield label, {"name": name["name"], "plural": name["plural"], **forms}
