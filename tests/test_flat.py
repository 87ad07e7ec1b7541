"""``mmrs_builder.flatten``: a row per question with its picture, made when it is read."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest
from PIL.Image import Image

import mmrs_builder


def load(out: Path, cache: Path, **options: object) -> datasets.DatasetDict:
    return datasets.load_dataset(str(out), cache_dir=str(cache), **options)


def test_rows_are_those_of_config_qa_with_picture_and_masks(free: Path, tmp_path: Path):
    flat = mmrs_builder.flatten(load(free, tmp_path))
    asked = load(free, tmp_path, name="qa")
    assert {split: len(rows) for split, rows in flat.items()} == {split: len(rows) for split, rows in asked.items()}
    for split in asked:
        for row, question in zip(flat[split], asked[split], strict=True):
            assert {name: row[name] for name in question} == question
            assert isinstance(row["image"], Image)
            assert len(row["masks"]) == len(row["structures"])
            assert "qa" not in row


def test_a_stream_stays_a_stream_with_the_same_rows(free: Path, tmp_path: Path):
    flat = mmrs_builder.flatten(load(free, tmp_path, streaming=True))
    assert isinstance(flat, datasets.IterableDatasetDict)
    asked = load(free, tmp_path, name="qa")
    for split in asked:
        assert [row["question_id"] for row in flat[split]] == asked[split]["question_id"]


def test_rows_can_be_shuffled_selected_and_batched(free: Path, tmp_path: Path):
    train = mmrs_builder.flatten(load(free, tmp_path)["train"])
    mixed = train.shuffle(seed=1)
    ids = [row["question_id"] for row in train]
    assert sorted(row["question_id"] for row in mixed) == sorted(ids)
    assert train.select([2, 0])[:2]["question_id"] == [ids[2], ids[0]]


def test_views_that_were_filtered_before_give_their_own_questions_only(free: Path, tmp_path: Path):
    rows = load(free, tmp_path)["train"]
    last = rows.select([len(rows) - 1])
    assert {row["view_id"] for row in mmrs_builder.flatten(last)} == {last[0]["view_id"]}


def test_a_view_without_questions_gives_no_row(free: Path, tmp_path: Path):
    rows = load(free, tmp_path)["train"]
    silent = rows.map(lambda row, i: {"qa": [] if i == 0 else row["qa"]}, with_indices=True)
    expected = [question["question_id"] for row in list(silent)[1:] for question in row["qa"]]
    assert [row["question_id"] for row in mmrs_builder.flatten(silent)] == expected
    assert [row["question_id"] for row in mmrs_builder.flatten(silent.to_iterable_dataset())] == expected


def test_rows_without_nested_questions_are_refused(free: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="rows of views"):
        mmrs_builder.flatten(load(free, tmp_path, name="qa"))
