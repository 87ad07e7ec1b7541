"""Shards of a few phantoms with twins, and predictions of contenders whose skill is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.build.command import SMALL, mmrs, phantom_shards
from tests.scoring import predictions


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = (*SMALL, "--twins", "--questions-per-view", 5)
    return phantom_shards(tmp_path_factory.mktemp("scoring") / "shards", 10, *options)


@pytest.fixture(scope="session")
def rows(shards: Path) -> list[dict[str, Any]]:
    """The views to train on."""
    return [row for path in sorted((shards / "data").glob("train-*")) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="session")
def oracle(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines of whoever is always right, with masks as arrays."""
    return predictions.right(rows)


@pytest.fixture(scope="session")
def told(oracle: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same without masks: quicker to score."""
    return [{key: value for key, value in line.items() if key != "levels"} for line in oracle]


@pytest.fixture
def scored(shards: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What ``mmrs score`` says of some lines."""

    def score(lines: Iterable[dict[str, Any]], *more: object) -> dict[str, Any]:
        path = predictions.write(tmp_path, lines)
        done = mmrs("score", path, "--shards", shards, "--split", "train", "--json", *more)
        assert done.code == 0, done.err
        return json.loads(done.out)

    return score
