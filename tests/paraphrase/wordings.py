"""Paraphrases that people wrote, with the templates that they belong to."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from mmrs_builder.paraphrase.gates import Template, templates
from mmrs_builder.templates import shipped


@lru_cache(maxsize=1)
def every_template() -> dict[tuple[str, str, str], Template]:
    """The templates by family, part and wording."""
    return {(t.family.id, t.wording.part, t.wording.text): t for t in templates(shipped("en"))}


@lru_cache(maxsize=1)
def good() -> tuple[tuple[Template, str], ...]:
    """Each good paraphrase with its template."""
    blocks = Path(__file__).with_name("good.txt").read_text("utf-8").split("\n\n")[1:]
    found = []
    for block in blocks:
        place, original, *texts = block.strip().splitlines()
        family, part = place.split()
        template = every_template()[family, part, original.removeprefix("= ")]
        found += [(template, text.removeprefix("- ")) for text in texts]
    return tuple(found)
