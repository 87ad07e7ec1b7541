"""A build of phantoms, flat and in volumes, asks what a view cannot answer, and the same fact in two frames."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder.metrics import Words, parse
from mmrs_builder.programs import value_type
from mmrs_builder.vocab import REFUSALS, VALUES
from tests.build.command import mmrs
from tests.once import once

Row = dict[str, Any]
WORDS = ("--source", "phantom", "--set", "phantom.count=36", "--set", "phantom.size=96", "--set", "phantom.volumes=2")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "refusals", make) / "out"


def make(place: Path) -> None:
    done = mmrs("build", *WORDS, "--out", place / "out", "--workers", 1)
    assert done.code == 0, done.err


@pytest.fixture(scope="module")
def rows(out: Path) -> list[Row]:
    return read(out / "qa")


def read(folder: Path) -> list[Row]:
    return [row for path in sorted(folder.glob("*")) for row in pq.read_table(path).to_pylist()]


def pairs(rows: list[Row], kind: str) -> list[list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["pair_kind"] == kind:
            found[row["pair_id"]].append(row)
    return list(found.values())


def test_phantoms_are_refused_for_every_reason(rows: list[Row]) -> None:
    assert {row["value"] for row in rows} & {*REFUSALS} == {*REFUSALS}


def test_every_refusal_has_one_positive_in_the_same_words(rows: list[Row]) -> None:
    refused = [row["question_id"] for row in rows if row["value"] in REFUSALS]
    found = pairs(rows, "negative")
    assert len(refused) == len(found) > 40
    for pair in found:
        no, yes = sorted(pair, key=lambda row: row["value"] not in REFUSALS)
        assert no["value"] in REFUSALS
        assert yes["value"] not in REFUSALS
        assert no["view_id"] != yes["view_id"]
        for name in ("question", "kind", "family", "frame", "split", "difficulty"):
            assert no[name] == yes[name]
        assert (no["unit"], no["tolerance"]) == (None, None)


def test_no_view_is_refused_more_than_once(rows: list[Row]) -> None:
    assert max(Counter(row["view_id"] for row in rows if row["value"] in REFUSALS).values()) == 1


def test_a_refusal_says_what_is_true_of_the_view(out: Path, rows: list[Row]) -> None:
    views = {view["view_id"]: view for view in read(out / "data")}
    for row in (row for row in rows if row["value"] in REFUSALS):
        view = views[row["view_id"]]
        if row["value"] == "absent":
            missing = [b for b in row["bindings"] if not b["structures"] and b["slot"] != "image"]
            assert len(missing) == 1
            assert missing[0]["text"].removeprefix("the ") in row["answer"]
            assert sum(f'"{label}"' in row["program"] for label in view["absent"]) == 1
        elif row["value"] == "no_scale":
            assert view["spacing_mm"] is None
        else:
            axis = ("no_left_right", "no_front_back", "no_head_foot").index(row["value"])
            assert max(abs(vector[axis]) for vector in view["direction"]) < 0.2
        assert row["margin"] >= row["min_margin"]


def test_answers_to_refused_questions_are_read_back(out: Path, rows: list[Row]) -> None:
    schema = pq.read_schema(next((out / "qa").glob("*")))
    words = Words.of(json.loads(schema.metadata[b"mmrs.language"]))
    read_back = 0
    for row in (row for row in rows if row["value"] in REFUSALS):
        kind = value_type(row["program"])
        if row["kind"] == "number" or (row["kind"] == "open" and kind in VALUES):
            assert parse(row["answer"], row["kind"], kind, None, words) == row["value"]
            read_back += 1
    assert read_back > 20


def test_a_fact_in_two_frames_is_asked_of_one_view(rows: list[Row]) -> None:
    found = pairs(rows, "other_frame")
    assert len(found) > 20
    for pair in found:
        assert {row["frame"] for row in pair} == {"viewer", "patient"}
        assert len({(row["view_id"], row["kind"], row["split"]) for row in pair}) == 1
        texts = [[b["text"] for b in row["bindings"] if b["slot"] != "image"] for row in pair]
        assert texts[0] == texts[1]


def test_the_two_frames_agree_also_where_the_header_mirrors_the_picture(out: Path, rows: list[Row]) -> None:
    views = {view["view_id"]: view for view in read(out / "data")}
    mirrored = set()
    for pair in pairs(rows, "other_frame"):
        viewer, patient = sorted(pair, key=lambda row: row["frame"] != "viewer")
        down, right = views[viewer["view_id"]]["direction"]
        axis = ("lateral", "anteroposterior", "craniocaudal").index(patient["program"].split("(")[0])
        across = viewer["program"].startswith("horizontal")
        grows = (right if across else down)[axis] > 0
        ahead = patient["value"] in ("left", "posterior", "superior")
        assert viewer["value"] == (("left", "right") if across else ("above", "below"))[ahead == grows]
        mirrored.add(grows)
    assert mirrored == {True, False}


def test_stats_count_pairs_and_reasons(out: Path, rows: list[Row]) -> None:
    found = json.loads(mmrs("stats", out, "--json").out)
    assert {row["pair_kind"]: row["questions"] for row in found["pairs"]} == Counter(
        row["pair_kind"] for row in rows if row["pair_kind"]
    )
    assert {row["reason"]: row["questions"] for row in found["refusals"]} == Counter(
        row["value"] for row in rows if row["value"] in REFUSALS
    )
    assert "no_left_right" in mmrs("stats", out).out


@pytest.mark.long
def test_refusals_do_not_depend_on_the_number_of_workers(out: Path, tmp_path: Path) -> None:
    assert mmrs("build", *WORDS, "--out", tmp_path / "again", "--workers", 2).code == 0
    for config in ("data", "qa"):
        assert [path.read_bytes() for path in sorted((out / config).glob("*"))] == [
            path.read_bytes() for path in sorted((tmp_path / "again" / config).glob("*"))
        ]
