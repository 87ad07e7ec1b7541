"""Shards are read with nothing of this project installed, by every reader that users name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.build import corpus as frames
from tests.build.command import mmrs
from tests.build.reading import reader


def totals(out: Path) -> dict[str, int]:
    """Rows by split as the manifest states them, for the view rows."""
    files = json.loads((out / ".mmrs" / "manifest.json").read_text())["files"]
    counts: dict[str, int] = {}
    for name, entry in files.items():
        folder, _, shard = name.partition("/")
        if folder == "data":
            counts[shard.split("-")[0]] = counts.get(shard.split("-")[0], 0) + entry["rows"]
    return counts


SIZES = """
row = next(iter(found["train"]))
show({
    "rows": {split: sum(1 for _ in found[split]) for split in found},
    "image": row["image"].size, "expected": [row["width"], row["height"]],
    "masks": [[mask.size[0], mask.size[1], mask.mode] for mask in row["masks"]],
    "areas": [sum(mask.convert("L").histogram()[1:]) for mask in row["masks"]],
    "stated": [structure["area_px"] for structure in row["structures"]],
    "question": type(row["qa"][0]["question"]).__name__, "bindings": type(row["qa"][0]["bindings"]).__name__,
})
"""


@pytest.mark.parametrize("how", ["", ", streaming=True"], ids=["map", "streaming"])
@pytest.mark.parametrize("folder", ["built", "phantoms"])
def test_views_load_with_pictures_masks_and_nested_questions(
    request: pytest.FixtureRequest, folder: str, how: str, tmp_path: Path
):
    out: Path = request.getfixturevalue(folder)
    shown = reader(f"found = load_dataset(out{how})\n{SIZES}", tmp_path, out)
    assert isinstance(shown, dict)
    assert shown["rows"] == totals(out)
    assert shown["image"] == shown["expected"]
    assert shown["masks"] == [[*shown["expected"], "1"]] * len(shown["stated"])
    assert shown["areas"] == shown["stated"] != []
    assert (shown["question"], shown["bindings"]) == ("str", "list")


@pytest.mark.parametrize("how", ["", ", streaming=True"], ids=["map", "streaming"])
def test_questions_load_as_flat_rows(built: Path, tmp_path: Path, how: str):
    code = f"""
found = load_dataset(out, "qa"{how})
rows = [row for split in found for row in found[split]]
show([len(rows), sorted({{type(row["answer"]).__name__ for row in rows}}), len({{row["view_id"] for row in rows}})])
"""
    questions = json.loads((built / ".mmrs" / "manifest.json").read_text())["report"]["candidates"]["asked"]
    assert reader(code, tmp_path, built) == [questions, ["str"], frames_with_questions(built)]


def frames_with_questions(out: Path) -> int:
    views = pd.concat([pd.read_parquet(path, columns=["qa"]) for path in (out / "data").glob("*.parquet")])
    return int((views["qa"].map(len) > 0).sum())


@pytest.mark.parametrize("how", ["", ", streaming=True"], ids=["map", "streaming"])
def test_columns_can_be_chosen(built: Path, tmp_path: Path, how: str):
    code = f"""
found = load_dataset(out, columns=["view_id", "qa"], split="train"{how})
row = next(iter(found))
show([sorted(row), row["view_id"].partition(":")[0]])
"""
    assert reader(code, tmp_path, built) == [["qa", "view_id"], "kvasir"]


def test_the_data_folder_loads_without_the_card(built: Path, tmp_path: Path):
    shutil.copytree(built / "data", tmp_path / "bare" / "data")
    shown = reader(f"found = load_dataset(out)\n{SIZES}", tmp_path, tmp_path / "bare")
    assert isinstance(shown, dict)
    assert shown["rows"] == totals(built)
    assert shown["areas"] == shown["stated"]


def test_a_first_shard_without_masks_and_questions_loads(tmp_path: Path):
    root = tmp_path / "mine"
    for seed, stem in enumerate(("a", "b", "c", "d", "e", "f")):
        frames.add(root, stem, seed)
    out, options = tmp_path / "out", ("label=polyp", "split=(train)", "images=images/train*.jpg")
    for path in sorted(root.rglob("*.jpg")):
        path.rename(path.with_name(f"train-{path.name}"))
    for stem in ("train-a", "train-b"):
        frames.mask(root / "masks" / f"{stem}.jpg", size=frames.SIZE)
    chosen = [word for option in options for word in ("--set", f"folder.{option}")]
    done = mmrs("build", "--source", "folder", "--data", root, "--out", out, "--rows-per-shard", 2, *chosen,
                "--workers", 1)  # fmt: skip
    assert done.code == 0, done.err
    code = """
found = load_dataset(out, split="train")
show([[len(row["masks"]) > 0, len(row["qa"]) > 0, row["absent"]] for row in found])
"""
    assert reader(code, tmp_path, out) == [[False, False, []]] * 2 + [[True, True, []]] * 4


def test_pandas_reads_a_shard(built: Path):
    views = pd.read_parquet(next((built / "data").glob("train-*")))
    assert views["image"].map(lambda image: image["bytes"][:2] == b"\xff\xd8").all()
    assert views["structures"].map(lambda items: items[0]["label"] == "polyp").all()


def test_duckdb_counts_answers(built: Path):
    questions = json.loads((built / ".mmrs" / "manifest.json").read_text())["report"]["candidates"]["asked"]
    found = asked_of_duckdb(f"select count(*), count(distinct view_id) from '{built}/qa/*.parquet'")
    assert found == (questions, frames_with_questions(built))


def test_duckdb_unnests_questions(built: Path):
    nested = asked_of_duckdb(f"select count(q.question) from (select unnest(qa) q from '{built}/data/*.parquet')")
    assert nested == asked_of_duckdb(f"select count(*) from '{built}/qa/*.parquet'")


def asked_of_duckdb(query: str) -> object:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchone()


def test_a_folder_built_anew_is_not_read_from_the_cache_of_the_old_one(tmp_path: Path):
    """``datasets`` finds its cache by what the card says: cards of different shards must differ."""
    out, seen = tmp_path / "shards", []
    for seed in (0, 1):
        words = ("--set", "phantom.count=6", "--set", f"phantom.seed={seed}", "--set", "phantom.size=96")
        done = mmrs("build", "--source", "phantom", *words, "--out", out, "--overwrite", "--workers", 1)
        assert done.code == 0, done.err
        stored = [digest for path in (out / "data").iterdir() for digest in pd.read_parquet(path)["pixels_sha256"]]
        code = 'found = load_dataset(out)\nshow([row["pixels_sha256"] for split in found.values() for row in split])'
        shown = reader(code, tmp_path, out)
        assert isinstance(shown, list)
        assert sorted(shown) == sorted(stored)
        seen.append(sorted(stored))
    assert seen[0] != seen[1]
