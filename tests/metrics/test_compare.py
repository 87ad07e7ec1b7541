"""Parts of the questions, and what guessing gets right of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from mmrs_builder.metrics import compare
from mmrs_builder.metrics.score import Record
from mmrs_builder.vocab import VALUES
from tests.metrics.test_score import record

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmark.md"


def test_parts_add_up():
    records = [record(i, modality=m, dice=d) for i, (m, d) in enumerate([("ct", 1.0), ("mri", 0.0), ("mri", 0.5)])]
    found = compare.by(records, [], "modality")
    assert {name: (part["questions"], part["dice"]["mean"]) for name, part in found.items()} == {
        "ct": (1, 1.0),
        "mri": (2, 0.25),
    }


def test_every_number_is_told_of_a_part():
    said = {"correct": 1.0, "dice": 1.0, "iou": 1.0, "hd95": 0.0, "nsd": 1.0, "agree": 1.0, "pair_kind": "opposite"}
    seen = [
        record(0, kind="choice", options=4, pair_id="a", **said),
        record(1, kind="choice", options=4, pair_id="a", op="mirror", **said),
        record(2, kind="yes_no", value_type="Bool", **said | {"correct": 0.0}),
    ]
    blank = [record(i, kind=item.kind, correct=0.0, blank=True) for i, item in enumerate(seen)]
    part = compare.by(seen, blank, "family")["locate.quadrant"]
    means = {name: value["mean"] for name, value in part.items() if isinstance(value, dict) and "mean" in value}
    assert means == {
        "dice": 1, "iou": 1, "hd95_px": 0, "nsd_2px": 1, "accuracy": 0.6667, "position_accuracy": 1,
        "choice_accuracy": 1, "yes_no_accuracy": 0, "say_show_agreement": 1, "blind_gap": 0.6667, "twins": 1,
    }  # fmt: skip
    assert part["chance"] == {"choice_accuracy": 0.25, "position_accuracy": 0.25, "yes_no_accuracy": 0.5}


def test_who_only_draws_gains_and_loses_nothing_over_answers():
    answered = [record(i, correct=float(i % 2)) for i in range(4)]
    drawn = [record(i, dice=1.0) for i in range(4)]
    assert compare.gap(drawn, answered) is compare.gap(answered, drawn) is None
    assert compare.gap(answered, answered)["mean"] == 0


@pytest.mark.parametrize(
    ("changes", "chance"),
    [
        ({"value_type": "Zone"}, {"open_accuracy": 0.1111, "position_accuracy": 0.1111}),
        ({"value_type": "Extent"}, {"open_accuracy": 0.25}),
        ({"kind": "choice", "options": 3, "value_type": "Topology"}, {"choice_accuracy": 0.3333}),
        ({"kind": "number", "value_type": "Count"}, {}),
        ({"value": "absent"}, {}),
        ({"correct": None}, {}),
    ],
)
def test_chance_is_one_of_what_could_be_answered(changes: dict[str, Any], chance: dict[str, float]):
    item: Record = record(**({"correct": 0.0} | changes))
    assert compare.chance([item]) == chance


@pytest.mark.parametrize("name", [name for name in VALUES if name != "Bool"])
def test_the_page_says_what_chance_is_for_every_type_of_answer(name: str):
    stated = re.search(rf"^\| ([^|]*\b)?{name}\b[^|]*\|[^|]*\| 1/(\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert stated is not None
    assert int(stated[2]) == len(VALUES[name])
