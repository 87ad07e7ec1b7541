"""A refusal and its positive stand in a folder together, and say so of each other alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.verify import verify
from mmrs_builder.verify.pairs import Pairs

Row = dict[str, Any]


def faults(out: Path) -> set[tuple[str, str]]:
    return {(fault.code, fault.detail) for fault in verify(out).faults}


def without(row: Row, pair_id: str) -> Row:
    return {**row, "qa": [item for item in row["qa"] if item["pair_id"] != pair_id]}


def moved(row: Row, before: str, after: str) -> Row:
    """The view with the halves of one pair in another, as refusals or their positives."""
    linked = {"pair_id": after, "pair_kind": "negative"}
    return {**row, "qa": [item | linked if item["pair_id"] == before else item for item in row["qa"]]}


def test_views_that_answer_and_refuse_the_same_verify(refused: list[Row], publish: Callable[..., Path]) -> None:
    report = verify(publish(refused))
    assert report.faults == ()
    tally = report.tally
    assert (tally.questions, tally.values, tally.question_texts, tally.answer_texts) == (13, 13, 13, 13)


def test_a_refusal_without_its_positive_is_a_fault(refused: list[Row], publish: Callable[..., Path]) -> None:
    assert faults(publish([without(refused[0], "order"), refused[1]])) == {
        ("pair", "order: 1 questions instead of two")
    }


def test_an_answer_without_its_refusal_is_no_pair(refused: list[Row], publish: Callable[..., Path]) -> None:
    assert faults(publish([refused[0], without(refused[1], "order")])) == {
        ("pair", "order: 1 questions instead of two")
    }


def test_more_than_two_are_no_pair(refused: list[Row], publish: Callable[..., Path]) -> None:
    out = publish([moved(refused[0], "frames", "order"), refused[1]])
    assert faults(out) == {("pair", "order: 4 questions instead of two")}


def test_both_halves_lie_in_one_split(refused: list[Row], publish: Callable[..., Path]) -> None:
    out = publish([refused[0], {**refused[1], "split": "test"}])
    assert {code for code, _ in faults(out)} == {"pair", "picture_split"}  # both halves are of one picture here
    assert any("split 'train' here, 'test' in" in detail or "split 'test' here" in detail for _, detail in faults(out))


def test_both_halves_are_asked_in_the_same_words(refused: list[Row], publish: Callable[..., Path]) -> None:
    side, length = (next(i for i in refused[1]["qa"] if i["pair_id"] == name) for name in ("side", "length"))
    crossed = [{**side, "pair_id": "length"}, {**length, "pair_id": "side"}]
    rest = [item for item in refused[1]["qa"] if item["pair_id"] not in ("side", "length")]
    details = {detail for _, detail in faults(publish([refused[0], {**refused[1], "qa": [*crossed, *rest]}]))}
    assert {detail.split(" ")[1] for detail in details} == {"family", "kind", "text"}


def test_two_that_are_refused_are_no_pair(refused: list[Row]) -> None:
    pairs = Pairs()
    order = {**refused[1], "qa": [item for item in refused[1]["qa"] if item["pair_id"] == "order"]}
    for row in (order, {**order, "view_id": "again"}):
        pairs.add(row)
    (fault,) = pairs.faults()
    assert "is refused as well" in fault.detail


def test_both_halves_are_of_different_views(refused: list[Row]) -> None:
    pairs = Pairs()
    answered = next(item for item in refused[0]["qa"] if item["pair_id"] == "order")
    declined = next(item for item in refused[1]["qa"] if item["pair_id"] == "order")
    pairs.add({**refused[0], "qa": [answered, declined]})
    assert [fault.detail for fault in pairs.faults()] == ["order: both in one view"]


def test_the_other_frame_is_that_of_the_same_view(refused: list[Row]) -> None:
    pairs = Pairs()
    one, other = (item for item in refused[0]["qa"] if item["pair_id"] == "frames")
    pairs.add({**refused[0], "qa": [one]})
    pairs.add({**refused[1], "qa": [other]})
    assert [fault.detail for fault in pairs.faults()] == ["frames: in 2 views instead of one"]


@pytest.mark.parametrize("pair_id", ["side", "frames"])
def test_a_row_is_judged_in_the_place_of_the_one_it_replaces(pair_id: str, refused: list[Row]) -> None:
    pairs = Pairs()
    for row in refused:
        pairs.add(row)
    assert list(pairs.faults()) == list(pairs.faults_with(refused[0])) == []
    broken = list(pairs.faults_with(without(refused[0], pair_id)))
    assert len(broken) == (pair_id == "side")  # the other frame is a matter of the view
