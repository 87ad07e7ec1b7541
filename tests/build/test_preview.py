"""A few views with their masks drawn on them are published beside the shards."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mmrs_builder.build import preview
from mmrs_builder.schema import PREVIEW_FIELDS
from tests.build.reading import reader


def rows(out: Path, folder: str) -> list[dict[str, object]]:
    return [row for path in sorted((out / folder).iterdir()) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize("folder", ["built", "phantoms"])
def test_every_view_of_a_small_build_that_is_asked_about_has_a_preview(request: pytest.FixtureRequest, folder: str):
    out: Path = request.getfixturevalue(folder)
    asked = {(row["view_id"], row["split"]) for row in rows(out, "data") if row["qa"]}
    shown = rows(out, "preview")
    assert {(row["view_id"], row["split"]) for row in shown} == asked
    assert len(shown) == len(asked) > 10
    files = json.loads((out / ".mmrs" / "manifest.json").read_text())["files"]
    assert sum(entry["rows"] for name, entry in files.items() if name.startswith("preview/")) == len(asked)
    for shard in (out / "preview").iterdir():
        assert [(field.name, field.type) for field in pq.read_schema(shard)] == list(PREVIEW_FIELDS)


def test_a_preview_differs_from_its_picture_where_the_masks_are_and_nowhere_else(phantoms: Path):
    views = {row["view_id"]: row for row in rows(phantoms, "data")}
    for row in rows(phantoms, "preview"):
        view = views[row["view_id"]]
        picture = np.array(Image.open(io.BytesIO(view["image"]["bytes"])).convert("RGB"))  # type: ignore[index]
        drawn = np.array(Image.open(io.BytesIO(row["overlay"]["bytes"])))  # type: ignore[index]
        masks = [np.array(Image.open(io.BytesIO(mask["bytes"]))) for mask in view["masks"]]  # type: ignore[union-attr]
        changed = (picture != drawn).any(axis=2)
        assert not (changed & ~np.any(masks, axis=0)).any()
        assert changed.sum() > 0.9 * np.any(masks, axis=0).sum()


def test_few_of_many_are_chosen_by_key_wherever_they_lie(built: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preview, "MOST_PREVIEWS", 5)
    shards = sorted((built / "data").iterdir())
    found = preview.choice(shards, 0)
    names = {name for views in found.values() for name in views}
    assert len(names) == 5
    assert names <= {row["view_id"] for row in rows(built, "data") if row["qa"]}
    assert {name for views in preview.choice(shards[::-1], 0).values() for name in views} == names
    assert {name for views in preview.choice(shards, 1).values() for name in views} != names


def test_previews_load_as_pictures_with_their_questions(built: Path, tmp_path: Path):
    code = """
found = load_dataset(out, "preview", split="train")
row = found[0]
show([found.num_rows, row["overlay"].mode, sorted(row["legend"][0]), type(row["qa"][0]["answer"]).__name__])
"""
    shown = reader(code, tmp_path, built)
    train = [row for row in rows(built, "preview") if row["split"] == "train"]
    assert shown == [len(train), "RGB", ["colour", "label"], "str"]
