"""What is drawn for a review, what is planted in it, and what the pages tell of that."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder.review.sample import STRATA, Item, in_order, sampled, spread
from mmrs_builder.verify.folder import verify
from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.verify.reseal import write_manifest, write_shard
from mmrs_builder.verify.rows import project
from mmrs_builder.verify.shards import open_shards
from tests.build.command import mmrs, tree
from tests.gallery.conftest import blocks
from tests.review.conftest import NUMBER, key_of

Row = dict[str, Any]


def rows(out: Path, folder: str) -> list[Row]:
    return [row for path in sorted((out / folder).iterdir()) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize("number", [1, 37, 200])
def test_every_source_modality_kind_and_family_has_its_share_to_within_one_question(number: int):
    every = [
        {"view_id": f"v{n % 77}", "question_id": f"q{n}", "source": "abbb"[n % 4], "modality": "ct" if n % 3 else "mri",
         "kind": f"k{n * n % 5}", "family": f"f{n * n % 11}"}
        for n in range(900)
    ]  # fmt: skip
    chosen = spread(every, number, seed=1)
    assert len({row["question_id"] for row in chosen}) == number
    for depth in range(1, len(STRATA) + 1):
        whole, part = (Counter(tuple(row[name] for name in STRATA[:depth]) for row in some) for some in (every, chosen))
        assert all(abs(part[key] - number * n / len(every)) < 1 for key, n in whole.items())


def test_one_in_twenty_is_wrong_and_nobody_meets_a_question_twice(built: Path, drawn: Path):
    entries = key_of(drawn)["entries"]
    assert len(entries) == NUMBER
    assert sum(entry["planted"] is not None for entry in entries) == NUMBER // 20
    asked = {(row["view_id"], row["question_id"]) for row in rows(built, "qa")}
    met = {(entry["view_id"], entry["question_id"]) for entry in entries}
    assert len(met) == len({entry["id"] for entry in entries}) == NUMBER
    assert met <= asked


def test_what_was_not_planted_is_shown_as_it_is_stored(built: Path, drawn: Path):
    stored = {row["question_id"]: row for row in rows(built, "qa")}
    shown = {item["id"]: item for item in blocks(drawn / "reader-a.html")["records"]["items"]}
    names = ("kind", "frame", "question", "choices", "answer_index", "answer")
    for entry in key_of(drawn)["entries"]:
        item, row = shown[entry["id"]], stored[entry["question_id"]]
        true = all(item[name] == row[name] for name in names) and item["fill"] == row["target"]
        assert true == (entry["planted"] is None)


def test_every_planted_error_is_found_by_verification(built: Path, tmp_path: Path):
    """Put in place of the questions they were made from, one a view, and sealed again."""
    views = {row["view_id"]: row for row in rows(built, "data")}
    lies = {item.view_id: item for item in sampled(built, 80, seed=3) if item.lie}
    assert len({item.lie.kind for item in lies.values() if item.lie}) > 1
    changed = []
    for view_id, item in lies.items():
        assert item.lie is not None
        kept = [q for q in views[view_id]["qa"] if q["question_id"] != item.question_id]
        changed.append({**views[view_id], "split": "train", "qa": [*kept, item.lie.item]})
    (language,) = {shard.language for shard in open_shards(built)[0]}
    for config, folder, found in (
        ("default", "data", changed),
        ("qa", "qa", [row for view in changed for row in project(view)]),
    ):
        write_shard(tmp_path / folder / "train-00000-of-00001.parquet", config, json.loads(language), found)
    write_manifest(tmp_path, json.loads((built / MANIFEST).read_text()))
    wrong = [fault for fault in verify(tmp_path).faults if fault.code in ("value", "target")]
    assert {fault.where.rpartition("/")[0] for fault in wrong} == set(lies)


def test_nothing_on_a_page_tells_which_questions_were_made_wrong(built: Path, drawn: Path):
    key = key_of(drawn)
    for reader in "ab":
        text = (drawn / f"reader-{reader}.html").read_text(encoding="utf-8")
        items = blocks(drawn / f"reader-{reader}.html")["records"]["items"]
        assert len({(*item,) for item in items}) == 1  # all have the same fields
        data = "".join(re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL))
        told = ("planted", *(name for entry in key["entries"] for name in (entry["question_id"], entry["family"])))
        assert [word for word in told if f'"{word}' in data] == []


def test_planted_errors_lie_anywhere():
    """The places of five items among a hundred, over 400 orders: their mean is the middle."""
    items = [Item(id=f"{n:012x}", view_id="v", question_id=f"q{n}", stratum=()) for n in range(100)]
    planted = {item.id for item in items[:5]}
    places = [n for seed in range(400) for n, it in enumerate(in_order(items, seed, "a")) if it.id in planted]
    assert abs(sum(places) / len(places) - 49.5) < 3 * 100 / math.sqrt(12 * len(places))


def test_the_readers_meet_the_same_questions_in_different_order(drawn: Path):
    one, other = ([item["id"] for item in blocks(drawn / f"reader-{r}.html")["records"]["items"]] for r in "ab")
    assert sorted(one) == sorted(other)
    assert sum(a == b for a, b in zip(one, other, strict=True)) < NUMBER / 10


def test_the_same_seed_draws_the_same_review_and_another_seed_another(built: Path, drawn: Path, tmp_path: Path):
    shutil.copytree(built, tmp_path / "shards")
    for name, seed in (("review", 0), ("other", 1)):
        done = mmrs("review", "sample", tmp_path / "shards", "--n", NUMBER, "--to", tmp_path / name, "--seed", seed)
        assert done.code == 0, done.err
    assert tree(tmp_path / "review") == tree(drawn)
    ids = [{entry["question_id"] for entry in key_of(folder)["entries"]} for folder in (drawn, tmp_path / "other")]
    assert ids[0] != ids[1]


def test_a_review_in_progress_is_not_overwritten(built: Path, drawn: Path):
    before = tree(drawn)
    done = mmrs("review", "sample", built, "--n", 40, "--to", drawn)
    assert (done.code, "holds a review already" in done.err) == (2, True)
    assert tree(drawn) == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--n", 1500), 2, "too few for --n 1500"),
        (("--n", 40, "--to", "/proc/nowhere"), 8, "cannot write"),
    ],
)
def test_mistakes_are_told(built: Path, tmp_path: Path, words: tuple[object, ...], code: int, said: str):
    done = mmrs("review", "sample", built, "--to", tmp_path / "review", *words)
    assert (done.code, said in done.err) == (code, True), done.err


def test_a_build_with_nothing_left_to_falsify_is_told(built: Path, tmp_path: Path):
    number = len(rows(built, "qa"))
    done = mmrs("review", "sample", built, "--to", tmp_path / "review", "--n", number)
    assert (done.code, "errors could be planted" in done.err) == (2, True)
    assert not (tmp_path / "review").exists()
