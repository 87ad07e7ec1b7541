"""A review in the published build: ``review.json`` beside the shards, and the same numbers in all three cards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmrs_builder.build.added import Texts, add, with_section
from mmrs_builder.build.publish import REVIEW
from mmrs_builder.errors import INTEGRITY, MmrsError
from mmrs_builder.review.decisions import READERS, REASONS
from mmrs_builder.review.key import rows_of
from mmrs_builder.review.merge import results
from mmrs_builder.review.section import ANALYSIS, TITLE, section, sentence

CARD, SHEET, CROISSANT = "README.md", "DATASHEET.md", "croissant.json"


def check_same(out: Path, rows: Mapping[str, str]) -> None:
    """Raise ``MmrsError`` unless a build has the rows that were reviewed."""
    if rows_of(out) != dict(rows):
        hint = "Name the folder that was reviewed with --card, or add --no-card; or draw a sample of the new one."
        raise MmrsError(f"{out} is not the build that was reviewed: its rows are others", code=INTEGRITY, hint=hint)


def publish(out: Path, record: Mapping[str, Any]) -> None:
    """Write a review, as ``merge.record`` makes it, into a build and its cards, in place of an earlier one.

    Raises ``MmrsError`` for a build with other rows, and as ``add`` does.
    """
    check_same(out, record["rows"])
    numbers = record["results"]

    def changed(texts: Texts) -> dict[str, bytes]:
        card = with_section(texts[CARD], TITLE, section(numbers))
        sheet = with_section(texts[SHEET], TITLE, f"{TITLE}\n\n{sentence(numbers)}\n")
        croissant = {**json.loads(texts[CROISSANT]), ANALYSIS: [sentence(numbers)]}
        written = {CARD: card, SHEET: sheet, CROISSANT: json.dumps(croissant, indent=1, ensure_ascii=False) + "\n"}
        text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        return {name: content.encode() for name, content in {REVIEW: text, **written}.items()}

    add(out, changed)


def faults(out: Path, texts: Texts) -> Iterator[str]:
    """What the cards of a build say of a review otherwise than its verdicts, counted again; or without any."""
    croissant = json.loads(texts[CROISSANT])
    if not (out / REVIEW).is_file():
        if any(f"\n{TITLE}\n" in texts[name] for name in (CARD, SHEET)) or ANALYSIS in croissant:
            yield f"the cards speak of a review, and there is no {REVIEW}"
        return
    try:
        found = json.loads((out / REVIEW).read_text(encoding="utf-8"))
        _check_items(found)
        numbers = results(found)
        rows, told = found["rows"], found["results"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield f"{REVIEW}: cannot be read: {type(error).__name__} {error}"
        return
    if told != numbers:
        wrong = sorted(name for name in {*numbers, *told} if numbers.get(name) != told.get(name))
        yield f"{REVIEW}: its numbers are not those of its verdicts: {', '.join(wrong)}"
    if rows_of(out) != rows:
        yield f"{REVIEW}: it is of a build with other rows"
    if section(numbers) not in texts[CARD]:
        yield f"{CARD}: its numbers are not those of the review"
    if sentence(numbers) not in texts[SHEET]:
        yield f"{SHEET}: its numbers are not those of the review"
    if croissant.get(ANALYSIS) != [sentence(numbers)]:
        yield f"{CROISSANT}: its numbers are not those of the review"


def _check_items(found: Any) -> None:
    if not isinstance(found["results"], dict) or not isinstance(found["rows"], dict):
        raise TypeError("results and rows are no objects")
    for item in found["items"]:
        if not isinstance(item["view_id"], str) or {item[reader] for reader in READERS} - {*REASONS, "accept"}:
            raise ValueError(f"verdicts on {item['view_id']}")
