"""Reading a build for training: every way gives the same views, and every level has what training needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("webdataset")

from baselines.prs_med import data
from benchmarks import loaders
from benchmarks.loading import export, files, repeat


@pytest.fixture(scope="module")
def place(dozen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve phantoms as the benchmark reads them, twice each."""
    made = tmp_path_factory.mktemp("place")
    export(dozen, made / "exported")
    repeat(files(dozen / "data", "parquet"), made / "shards" / "data", 2)
    repeat(files(made / "exported", "tar"), made / "tars", 2)
    return made


def read(way: str, place: Path) -> list[dict[str, Any]]:
    given = loaders.rows_of(way, place)
    return [given["dataset"][i] for i in given["sampler"]] if "sampler" in given else list(given["dataset"])


@pytest.mark.parametrize("way", loaders.WAYS)
def test_every_way_gives_the_same_views_with_the_same_bytes(way: str, place: Path):
    def known(rows: list[dict[str, Any]]) -> list[Any]:
        return sorted(
            (row["view_id"], row["image"]["bytes"], [mask["bytes"] for mask in row["masks"]], len(row["qa"]))
            for row in rows
        )

    plain, found = read("map", place), read(way, place)
    assert known(found) == known(plain)
    in_order = [row["view_id"] for row in found] == [row["view_id"] for row in plain]
    assert in_order == (way in ("map", "webdataset"))


def test_a_row_of_a_tar_file_trains_like_a_row_of_a_shard(place: Path):
    level = loaders.levels(place / "shards")["tiny"]
    one, other = (level(read(way, place)[:2]) for way in ("map", "webdataset"))
    assert [batch.text.ids.tolist() for batch in one] == [batch.text.ids.tolist() for batch in other]
    assert all((a.masks == b.masks).all() for a, b in zip(one, other, strict=True))


def test_the_papers_level_has_the_papers_sizes(place: Path):
    (batch,) = loaders.levels(place / "shards")["paper"](read("map", place)[:1])
    assert batch.pixels.shape == (1, 3, 1024, 1024)
    assert batch.vision["pixel_values"].shape == (1, 3, 336, 336)
    assert batch.masks.shape == (1, 3, 1024, 1024)
    assert int((batch.text.ids == batch.text.ids[0, 0]).sum()) == 576  # image tokens


def test_workers_read_what_is_asked_for_and_too_few_views_are_noticed(place: Path):
    loaders.read("webdataset", place, loaders.decoded, 1, 8)
    with pytest.raises(AssertionError, match="fewer than 400 views"):
        loaders.read("map", place, loaders.kept, 0, 400)


def test_all_masks_of_a_view_are_decoded(place: Path):
    row = read("map", place)[0]
    (sample,) = loaders.decoded([row])
    assert sample.structures is not None
    assert set(sample.structures) == {structure["label"] for structure in row["structures"]}
    assert sample.image.size == (data.mask_of(row["masks"][0]).shape[1], data.mask_of(row["masks"][0]).shape[0])
