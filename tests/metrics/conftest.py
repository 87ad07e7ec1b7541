"""Shards of 24 phantoms with the words of their language, and all wordings with labels that name a side."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mmrs_builder import resources, templates
from mmrs_builder.language import Language, to_json
from mmrs_builder.metrics import Reference, Words


@pytest.fixture(scope="session")
def shards(phantoms: Path) -> list[Path]:
    """The files of views of a published folder."""
    return sorted(phantoms.glob("data/*.parquet"))


@pytest.fixture(scope="session")
def views(shards: list[Path]) -> list[dict[str, Any]]:
    """The rows of all views."""
    return [row for shard in shards for row in pq.read_table(shard).to_pylist()]


@pytest.fixture(scope="session")
def stored_words(shards: list[Path]) -> Words:
    """The words that the shards carry."""
    return Words.of(json.loads(pq.read_schema(shards[0]).metadata[b"mmrs.language"]))


@pytest.fixture(scope="session")
def english() -> Language:
    """All of English."""
    return templates.load(resources.path("templates"))


@pytest.fixture(scope="session")
def words(english: Language) -> Words:
    """The words of all of English."""
    return Words.of(to_json(english, [], english.terms.labels))


def reference(row: dict[str, Any]) -> Reference:
    """The structures of a view's row."""
    return Reference(
        labels=tuple(s["label"] for s in row["structures"]),
        parts=tuple(s["part"] for s in row["structures"]),
        masks=tuple(np.asarray(Image.open(io.BytesIO(mask["bytes"]))).astype(np.bool_) for mask in row["masks"]),
    )
