"""A finished build, seen by somebody who knows the questions and not the pictures."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder import programs
from mmrs_builder.vocab import REFUSALS
from tests.build.command import SMALL, phantom_shards
from tests.once import once

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return read(once(tmp_path_factory, "balance", lambda place: phantom_shards(place / "out", 90, *SMALL)) / "out")


def read(out: Path) -> Rows:
    return [row for path in sorted((out / "qa").glob("*")) for row in pq.read_table(path).to_pylist()]


def labels(row: dict[str, Any]) -> tuple[str, ...]:
    """Whatever names a question uses."""
    return programs.labels(row["program"])


def test_every_answer_to_the_same_words_is_asked_equally_often(asked: Rows) -> None:
    strata: dict[object, Counter[str]] = defaultdict(Counter)
    for row in asked:
        repeated = row["pair_kind"] == "other_frame" and row["frame"] == "viewer"
        free = row["prior_bound"] or row["value"] in REFUSALS or repeated
        if row["kind"] in ("open", "choice") and not free:
            strata[row["split"], row["family"], row["kind"], labels(row)][
                row["answer" if row["choices"] else "value"]
            ] += 1
    assert len(strata) > 50
    for counts in strata.values():
        assert len(counts) > 1
        assert len({*counts.values()}) == 1


def test_knowing_the_words_of_a_yes_no_question_gives_half(asked: Rows) -> None:
    answers: dict[object, Counter[str]] = defaultdict(Counter)
    for row in asked:
        if row["kind"] == "yes_no" and not row["prior_bound"]:
            answers[row["split"], row["question"], row["pair_id"]][row["answer"]] += 1
    assert len(answers) > 30
    assert all(counts == {"Yes": 1, "No": 1} for counts in answers.values())


def test_options_come_in_no_preferred_place(asked: Rows) -> None:
    places: dict[int, Counter[int]] = defaultdict(Counter)
    for row in asked:
        if row["kind"] == "choice":
            places[len(row["choices"])][row["answer_index"]] += 1
    for size, counts in places.items():
        assert max(counts.values()) < 1.5 * counts.total() / size + 5


def test_a_view_is_asked_for_a_mask_once(asked: Rows) -> None:
    masks = Counter((row["view_id"], *row["target"]) for row in asked if row["kind"] == "segment")
    assert max(masks.values()) == 1


def test_what_has_one_possible_answer_is_said_to_be_unbalanced_and_not_in_test(asked: Rows) -> None:
    assert all(row["balanced"] != row["prior_bound"] for row in asked)
    assert not any(row["prior_bound"] for row in asked if row["split"] == "test")


@pytest.mark.long
def test_a_limit_on_rows_keeps_the_kinds_in_proportion(asked: Rows, tmp_path: Path) -> None:
    fewer = read(phantom_shards(tmp_path / "out", 90, *SMALL, "--max-rows", 300))
    assert 270 <= len(fewer) <= 300
    before, after = Counter(row["kind"] for row in asked), Counter(row["kind"] for row in fewer)
    for kind, n in before.items():
        assert after[kind] / len(fewer) == pytest.approx(n / len(asked), abs=0.04)
