"""A build of coloured JPEG and of grey and coloured PNG with overlapping masks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mmrs_builder.types import Mask
from tests.build import corpus as frames
from tests.build.command import mmrs


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the shards hold, read with nothing of this project."""

    views: dict[str, dict[str, Any]]

    @property
    def questions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """View id and question by question id."""
        return {q["question_id"]: (view_id, q) for view_id, row in self.views.items() for q in row["qa"]}

    def mask(self, view_id: str, index: int) -> Mask:
        return pixels(self.views[view_id]["masks"][index]["bytes"]).astype(bool)

    def wholes(self, view_id: str) -> list[int]:
        return [i for i, s in enumerate(self.views[view_id]["structures"]) if s["part"] != "component"]


def pixels(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)))


def read(out: Path) -> Truth:
    paths = sorted((out / "data").glob("*.parquet"))
    rows: Iterator[dict[str, Any]] = (row for path in paths for row in pq.read_table(path).to_pylist())
    return Truth(views={row["view_id"]: row for row in rows})


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("export")
    corpus = frames.write(home / "Kvasir-SEG", 9)
    done = mmrs(
        "build", "--source", "phantom", "--set", "phantom.count=8", "--source", "kvasir", "--data", f"kvasir={corpus}",
        "--rows-per-shard", 8, "--questions-per-view", 6, "--workers", 1, "--out", home / "shards",
    )  # fmt: skip
    assert done.code == 0, done.err
    return home / "shards"


@pytest.fixture(scope="session")
def truth(build: Path) -> Truth:
    found = read(build)
    assert {row["image"]["bytes"][:3] for row in found.views.values()} == {b"\xff\xd8\xff", b"\x89PN"}
    assert len(found.questions) == sum(len(row["qa"]) for row in found.views.values()) > 50
    assert any(s["part"] == "component" for row in found.views.values() for s in row["structures"])
    return found
