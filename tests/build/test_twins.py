"""A build with twins: they verify, stand beside their originals, and give nothing away to a reader of words."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder import programs
from mmrs_builder.digests import keyed
from mmrs_builder.verify.pictures import read_mask, read_pixels
from tests.build.command import mmrs, published, spawned
from tests.once import once

Rows = list[dict[str, Any]]
PHANTOMS = ("build", "--source", "phantom", "--set", "phantom.count=18", "--set", "phantom.size=96")


@pytest.fixture(scope="module")
def twinned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "twins", make) / "shards"


def make(place: Path) -> None:
    done = mmrs(*PHANTOMS, "--twins", "--out", place / "shards", "--workers", 1)
    assert done.code == 0, done.err


@pytest.fixture(scope="module")
def views(twinned: Path) -> Rows:
    return [row for path in sorted((twinned / "data").glob("*")) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="module")
def pairs(views: Rows) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Questions of geometric twins and those of their originals beside them, each with its view."""
    found = defaultdict(list)
    for view in views:
        for question in view["qa"]:
            found[question["pair_id"]].append({**question, "view": view})
    return [
        (twin, next(other for other in found[twin["pair_id"]] if other is not twin))
        for halves in found.values()
        for twin in halves
        if twin["view"]["transform"] and twin["pair_kind"] == "opposite" and twin["view"]["markers"] == []
    ]


def test_a_build_with_twins_verifies_and_its_lies_are_caught(twinned: Path):
    done = mmrs("verify", twinned, "--mutants", 1, "--json")
    found = json.loads(done.out)
    assert done.code == 0, found
    made = {tally["kind"]: tally["made"] for tally in found["mutants"]}
    assert {made[kind] for kind in ("swap_markers", "move_marker", "forget_original")} == {1}


def test_twins_share_split_and_group_with_their_original_and_are_there_only_if_asked(views: Rows):
    by_id = {view["view_id"]: view for view in views}
    twins = [view for view in views if view["twin_of"]]
    assert len(twins) > 18
    for twin in twins:
        original = by_id[twin["twin_of"]]
        assert (twin["split"], twin["group_id"]) == (original["split"], original["group_id"])
        assert twin["qa"]
        assert twin["direction"] is twin["laterality_evidence"] is None


def test_every_left_and_right_is_the_opposite_in_the_mirror(pairs: list[tuple[dict[str, Any], dict[str, Any]]]):
    mirrored = [pair for pair in pairs if pair[0]["view"]["transform"]["op"] == "mirror"]
    sided = [pair for pair in mirrored if pair[0]["kind"] != "yes_no" and "left" in pair[0]["value"] + pair[1]["value"]]
    assert len(sided) > 4
    for twin, original in sided:
        assert exchanged(twin["value"]) == original["value"]


def exchanged(token: str) -> str:
    return token.replace("left", "R").replace("right", "left").replace("R", "right")


def test_a_twin_is_asked_in_the_very_words_and_options_of_its_original_and_never_answers_alike(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]],
):
    assert len(pairs) > 20
    for twin, original in pairs:
        assert twin["view"]["twin_of"] == original["view"]["view_id"]
        assert (twin["question"], twin["choices"]) == (original["question"], original["choices"])
        assert twin["value"] != original["value"]


@pytest.mark.parametrize("seed", range(5))
def test_a_deterministic_text_only_solver_has_no_pair_right(
    seed: int, pairs: list[tuple[dict[str, Any], dict[str, Any]]]
):
    closed = [pair for pair in pairs if pair[0]["kind"] in ("choice", "yes_no")]

    def said(question: dict[str, Any]) -> str:
        options = question["choices"] or ["Yes", "No"]
        return options[keyed(seed, question["question"], options) % len(options)]

    right = Counter(sum(said(half) == half["answer"] for half in pair) for pair in closed)
    assert right[1] > 0
    assert right[2] == 0


def test_every_answer_to_the_same_words_is_asked_equally_often(views: Rows):
    strata: dict[object, Counter[str]] = defaultdict(Counter)
    taken = {view["view_id"]: (view["modality"], view["plane"], view["sequence"]) for view in views}
    for view in views:
        original = taken[view["twin_of"] or view["view_id"]]
        for question in view["qa"]:
            repeated = question["pair_kind"] == "other_frame" and question["frame"] == "viewer"
            if question["kind"] in ("open", "choice") and question["pair_kind"] != "negative" and not repeated:
                names = programs.labels(question["program"])
                key = (view["split"], original, question["family"], question["kind"], names, question["prior_bound"])
                strata[key][question["answer"] if question["choices"] else question["value"]] += 1
    assert len(strata) > 30
    for (*_, bound), counts in strata.items():
        assert len({*counts.values()}) == 1
        assert (len(counts) == 1) == bound


def test_signs_lie_in_their_structures_and_are_drawn_there(views: Rows):
    by_id = {view["view_id"]: view for view in views}
    marked = [view for view in views if view["markers"]]
    assert {view["transform"]["op"] for view in marked} == {"mark", "canvas"}
    for view in marked:
        pixels = read_pixels(view["image"]["bytes"])
        assert sorted(marker["structure"] for marker in view["markers"]) == list(range(len(view["structures"])))
        for marker in view["markers"]:
            mask = read_mask(view["masks"][marker["structure"]]["bytes"], view["width"], view["height"])
            x, y = int(marker["x"]), int(marker["y"])
            assert mask[y, x]
            assert 0 in pixels[y - 4 : y + 5, x - 3 : x + 4]  # its plate is black
        organs = {structure["label"].replace("_", " ") for structure in by_id[view["twin_of"]]["structures"]}
        assert not any(organ in question["question"] for question in view["qa"] for organ in organs)


def test_signs_alone_are_asked_what_the_picture_with_signs_is_asked(views: Rows):
    found = defaultdict(list)
    for view in views:
        for question in view["qa"]:
            if question["pair_kind"] == "same":
                found[question["pair_id"]].append((view["transform"]["op"], question["question"], question["value"]))
    assert found
    assert all(sorted(op for op, *_ in halves) == ["canvas", "mark"] for halves in found.values())
    assert all(len({tuple(said) for _, *said in halves}) == 1 for halves in found.values())


def test_the_card_says_which_twins_there_are(twinned: Path):
    card = (twinned / "README.md").read_text()
    assert "## Twins" in card
    assert "| mirror |" in card


@pytest.mark.long
def test_workers_change_nothing(corpus: Path, tmp_path: Path):
    options = ("build", "--source", "kvasir", "--data", corpus, "--twins", "--limit", 10)
    assert mmrs(*options, "--out", tmp_path / "one", "--workers", 1).code == 0
    assert spawned(*options, "--out", tmp_path / "two", "--workers", 2).code == 0
    assert published(tmp_path / "one") == published(tmp_path / "two")
