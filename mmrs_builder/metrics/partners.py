"""Which labels are the two sides of one structure, as a shard says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmrs_builder.relations.patient import couples
from mmrs_builder.types import Label


def partners_of(language: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The labels (left, right) that are each other's partner, from the JSON object under ``mmrs.language``."""
    labels = {
        name: Label(id=name, role="organ", side=label.get("side"), partner=label.get("partner"))
        for name, label in language["labels"].items()
    }
    return couples(labels, labels)
