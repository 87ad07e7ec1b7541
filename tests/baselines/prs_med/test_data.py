"""From shards to samples: which views, which questions, which masks."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baselines.prs_med import data
from baselines.prs_med.config import Refused
from mmrs_builder.schema import RECIPE, SCHEMA_VERSION

SPLITS = ("train", "validation", "test")
Row = dict[str, Any]


def copied(shards: Path, folder: Path) -> Path:
    """The shards alone, to be changed."""
    shutil.copytree(shards / "data", folder / "data")
    shutil.copy(shards / "README.md", folder)
    return folder


def targeted(row: Row, *targets: Sequence[int] | None) -> Row:
    """The row with the first questions aimed at other structures."""
    questions = [{**q, "target": target} for q, target in zip(row["qa"], targets, strict=False)]
    return {**row, "qa": questions}


@pytest.fixture
def crowded(rows: list[Row]) -> Row:
    """A view with three structures or more."""
    return max(rows, key=lambda row: len(row["masks"]))


def test_every_split_is_read_and_no_view_is_in_two(shards: Path):
    views = {split: {row["view_id"] for row in data.views(shards, split)} for split in SPLITS}
    stored = {split: pq.read_table(shards / f"data/{split}-00000-of-00001.parquet")["view_id"] for split in SPLITS}
    assert views == {split: set(column.to_pylist()) for split, column in stored.items()}
    assert len(set.union(*views.values())) == sum(map(len, views.values())) == 60


def test_no_patient_is_in_two_splits(shards: Path):
    groups = [{row["group_id"] for row in data.views(shards, split)} for split in SPLITS]
    assert len(set.union(*groups)) == sum(map(len, groups))


def test_streamed_views_are_the_same_views(shards: Path, rows: list[Row]):
    streamed = list(data.views(shards, "train", streaming=True))
    assert streamed == rows


def test_pictures_stay_coded_until_they_are_needed(rows: list[Row]):
    assert isinstance(rows[0]["image"]["bytes"], bytes)
    assert all(isinstance(mask["bytes"], bytes) for mask in rows[0]["masks"])


def test_only_the_masks_of_targets_are_decoded(crowded: Row, monkeypatch: pytest.MonkeyPatch):
    decoded: list[bytes] = []
    whole = data.mask_of
    monkeypatch.setattr(data, "mask_of", lambda stored: (decoded.append(stored["bytes"]), whole(stored))[1])
    data.sample(targeted(crowded, [1], [1], None), [0, 1, 2])
    assert decoded == [crowded["masks"][1]["bytes"]]


def test_every_mask_is_decoded_for_the_auxiliary_head(crowded: Row):
    found = data.sample(crowded, [0], all_structures=True).structures
    assert found is not None
    assert set(found) == {structure["label"] for structure in crowded["structures"]}
    union = np.logical_or.reduce([data.mask_of(mask) for mask in crowded["masks"]])
    assert np.array_equal(np.logical_or.reduce(list(found.values())), union)


def test_a_mask_is_the_union_of_its_targets(crowded: Row):
    (mask,) = data.sample(targeted(crowded, [0, 2]), [0]).masks
    assert mask is not None
    assert np.array_equal(mask, data.mask_of(crowded["masks"][0]) | data.mask_of(crowded["masks"][2]))


def test_no_target_is_an_empty_mask_and_null_is_none(crowded: Row):
    empty, none = data.sample(targeted(crowded, [], None), [0, 1]).masks
    assert none is None
    assert empty is not None
    assert (empty.shape, empty.any()) == (data.mask_of(crowded["masks"][0]).shape, False)


def test_questions_and_masks_belong_together(rows: list[Row]):
    for row in rows:
        last = len(row["qa"]) - 1
        item = data.sample(row, [last, 0])
        assert [q["question_id"] for q in item.questions] == [row["qa"][i]["question_id"] for i in (last, 0)]
        for question, mask in zip(item.questions, item.masks, strict=True):
            assert (mask is None) == (question["target"] is None)
            if mask is None:
                continue
            wanted = sum(data.mask_of(row["masks"][i]).astype(int) for i in question["target"])
            assert np.array_equal(mask, np.zeros_like(mask) + wanted > 0)


def test_all_kinds_of_questions_are_trained_on(rows: list[Row]):
    kinds = {row["qa"][i]["kind"] for row in rows for i in data.chosen(row, 3, 0, 0)}
    assert kinds == {"open", "choice", "yes_no", "number", "segment"}


def test_all_questions_of_a_view_have_their_turn(rows: list[Row]):
    row = rows[0]
    count = len(row["qa"])
    turns = Counter(i for epoch in range(count) for i in data.chosen(row, 3, 7, epoch))
    assert turns == dict.fromkeys(range(count), 3)


def test_the_choice_of_questions_depends_on_seed_epoch_and_view_alone(rows: list[Row]):
    one, other = [row for row in rows if len(row["qa"]) == 10][:2]
    assert data.chosen(one, 3, 7, 2) == data.chosen({**one, "image": None}, 3, 7, 2)
    keys = [(row, seed, epoch) for row in (one, other) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(data.chosen(row, 3, seed, epoch)) for row, seed, epoch in keys}) == 8


def test_a_view_with_few_questions_gives_each_once(rows: list[Row]):
    row = {**rows[0], "qa": rows[0]["qa"][:2]}
    assert sorted(data.chosen(row, 3, 0, 5)) == [0, 1]


@pytest.mark.parametrize(("count", "views"), [(45, 4), (44, 4), (7, 7)])
def test_an_epoch_shows_every_view_at_most_once(count: int, views: int):
    steps = count // views
    for epoch in (0, 1, 2):
        shown = [data.plan(count, views, 3, epoch * steps + step) for step in range(steps)]
        numbers = [number for _, part in shown for number in part]
        assert {number for number, _ in shown} == {epoch}
        assert len(numbers) == len(set(numbers)) == steps * views
        assert set(numbers) <= set(range(count))


def test_epochs_come_in_different_orders():
    assert len({tuple(data.plan(40, 40, seed, epoch)[1]) for seed in (0, 1) for epoch in (0, 1)}) == 4


def test_a_stream_shows_every_view_at_most_once_per_epoch(shards: Path):
    steps = list(islice(data.stream(shards, 4, 0, 16, 0), 22))
    for epoch in (0, 1):
        shown = [row["view_id"] for number, part in steps if number == epoch for row in part]
        assert len(shown) == len(set(shown)) == 44
    assert steps[0][1][0]["view_id"] != steps[11][1][0]["view_id"]


def test_a_stream_goes_on_where_it_was_left(shards: Path):
    whole = list(islice(data.stream(shards, 4, 0, 16, 0), 15))
    assert list(islice(data.stream(shards, 4, 0, 16, 13), 2)) == whole[13:]


def test_fewer_views_than_a_step_needs_are_refused(shards: Path):
    with pytest.raises(Refused, match=r"47 views are fewer than train.views=48: lower it"):
        data.plan(47, 48, 0, 0)
    with pytest.raises(Refused, match=r"fewer than train.views=48"):
        next(data.stream(shards, 48, 0, 16, 0))


def test_an_empty_folder_is_refused_with_what_to_do(tmp_path: Path):
    with pytest.raises(Refused, match=r"no shards in .*: make some with mmrs build --out"):
        data.views(tmp_path, "train")


def test_a_missing_split_is_refused_with_those_that_exist(shards: Path, tmp_path: Path):
    folder = copied(shards, tmp_path)
    (folder / "data/validation-00000-of-00001.parquet").unlink()
    with pytest.raises(Refused, match="has no split 'validation'; it has test, train"):
        data.views(folder, "validation")


@pytest.mark.parametrize("version", [b"999", None])
def test_shards_of_another_schema_are_refused(shards: Path, tmp_path: Path, version: bytes | None):
    file = copied(shards, tmp_path) / "data/test-00000-of-00001.parquet"
    table = pq.read_table(file)
    metadata = {name: value for name, value in table.schema.metadata.items() if name != b"mmrs.schema_version"}
    metadata |= {} if version is None else {b"mmrs.schema_version": version}
    pq.write_table(table.replace_schema_metadata(metadata), file)
    with pytest.raises(Refused, match=r"schema version (none|999), known is \d+: build the shards again"):
        data.views(tmp_path, "train")


@pytest.mark.parametrize("length", [0, 3, 1000])
def test_a_damaged_shard_is_refused(shards: Path, tmp_path: Path, length: int):
    file = copied(shards, tmp_path) / "data/test-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(Refused, match=r"test-00000-of-00001.parquet cannot be read"):
        data.views(tmp_path, "train")


def test_shards_built_anew_in_their_folder_are_read_anew(shards: Path, tmp_path: Path):
    """Not from a cache of what lay there before."""
    file = copied(shards, tmp_path) / "data/train-00000-of-00001.parquet"
    assert len(data.views(tmp_path, "train")) == 47
    pq.write_table(pq.read_table(file).slice(0, 7), file)
    assert len(data.views(tmp_path, "train")) == 7
    assert len(list(data.views(tmp_path, "train", streaming=True))) == 7


def test_digests_tell_shards_apart(shards: Path, tmp_path: Path):
    file = copied(shards, tmp_path) / "data/test-00000-of-00001.parquet"
    before = data.digests_of(tmp_path)
    pq.write_table(pq.read_table(file), file)
    after = data.digests_of(tmp_path)
    assert before == data.digests_of(shards)
    assert {name for name in before if before[name] != after[name]} == {file.name}


def test_a_recipe_is_refused_with_the_command_that_gives_it_its_pictures(tmp_path: Path):
    told = {"mmrs.schema_version": str(SCHEMA_VERSION), RECIPE: "{}"}
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({}).replace_schema_metadata(told), tmp_path / "data" / "train-00000-of-00001.parquet")
    with pytest.raises(Refused, match=r"a recipe without pictures: mmrs rehydrate .* --data DIR --out FULL"):
        data.files_of(tmp_path)
