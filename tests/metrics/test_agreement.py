"""What a predicted mask shows, and whether it is what was said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mmrs_builder.language import Language, to_json
from mmrs_builder.metrics import (
    LEFT_OUT,
    NOT_SHOWN,
    Agreement,
    Cells,
    Reference,
    Shown,
    partners_of,
    say_show,
    shown_value,
)
from mmrs_builder.types import Box, Mask
from mmrs_builder.vocab import REFUSALS
from tests.metrics.conftest import reference
from tests.scenes import rectangles

SIZE = (40, 40)
PROGRAM = 'quadrant(the("liver"))'


def box(*boxes: Box) -> Mask:
    return rectangles(SIZE, *boxes)


LIVER, BIG, SMALL = box((2, 2, 12, 12)), box((20, 2, 30, 12)), box((20, 30, 24, 34))
VIEW = Reference(
    labels=("liver", "polyp", "polyp", "polyp"),
    parts=("whole", "whole", "component", "component"),
    masks=(LIVER, BIG | SMALL, BIG, SMALL),
)


def show(predicted: Mask, program: str = PROGRAM, target: tuple[int, ...] = (0,), named: str | None = None) -> Shown:
    return shown_value(VIEW, predicted, program=program, target=target, target_program=named)


def answerable(view: dict[str, Any]) -> list[dict[str, Any]]:
    return [question for question in view["qa"] if question["value"] not in REFUSALS]


def test_the_reference_mask_shows_the_stored_value_of_every_question(views: list[dict[str, Any]]):
    shown, reasons, names = 0, set(), ("program", "target", "target_program")
    for drawn, question in ((reference(view), q) for view in views for q in answerable(view) if q["target"]):
        found = shown_value(drawn, drawn.masks[question["target"][0]], **{name: question[name] for name in names})
        assert found.value in (None, question["value"]), question["program"]
        shown, reasons = shown + (found.value is not None), reasons | {found.reason}
    assert shown > 50
    assert reasons <= LEFT_OUT.keys() | {None}


@pytest.mark.parametrize(
    ("program", "target", "predicted", "value"),
    [
        (PROGRAM, 0, box((2, 2, 12, 12)), "upper_left"),
        (PROGRAM, 0, box((22, 22, 38, 38)), "lower_right"),
        (PROGRAM, 0, box((2, 25, 9, 30), (4, 33, 9, 38)), "lower_left"),  # two pieces
        (PROGRAM + ' == "upper_left"', 0, box((22, 22, 38, 38)), "false"),
        ('share(the("liver"))', 0, box((0, 0, 8, 8)), "4.0"),
        ('larger(largest(all("polyp")), the("liver"))', 2, box((20, 2, 36, 14)), "true"),
        ('topology(the("liver"), largest(all("polyp")))', 0, box((12, 2, 20, 12)), "touches"),
        ('horizontal(smallest(all("polyp")), the("liver"))', 3, box((0, 30, 1, 34)), "left"),
        ('count(within(all("polyp"), "left"))', 3, box((2, 30, 6, 34)), "1"),
    ],
)
def test_the_mask_takes_the_place_of_the_target(program: str, target: int, predicted: Mask, value: str):
    assert show(predicted, program, (target,)) == Shown(value=value)


@pytest.mark.parametrize(
    ("program", "target", "reason"),
    [
        (PROGRAM, (), "no_target"),
        ('gap(the("liver"), largest(all("polyp")))', (0, 2), "several_targets"),
        ('largest(all("polyp"))', (2,), "names_structures"),
        ('within(all("polyp"), "left")', (2,), "names_structures"),
        ('exists("liver")', (0,), "not_read"),
        ('count(all("liver")) == 1', (0,), "not_read"),
        (PROGRAM, (2,), "not_read"),
        ('side(largest(all("polyp")))', (1,), "not_read"),  # the whole of several parts is not measured
    ],
)
def test_questions_that_say_nothing_about_agreement_are_left_out(program: str, target: tuple[int, ...], reason: str):
    assert show(LIVER, program, target) == Shown(reason=reason)
    assert reason in LEFT_OUT


@pytest.mark.parametrize(
    ("program", "target", "named", "predicted", "reason"),
    [
        (PROGRAM, 0, 'the("liver")', box(), "empty"),
        (PROGRAM, 0, 'the("liver")', box((15, 15, 25, 25)), "undecided"),
        ('side(largest(all("polyp")))', 2, 'largest(all("polyp"))', box((30, 2, 32, 4)), "other_structure"),
        ('side(largest(all("polyp")))', 2, 'largest(all("polyp"))', box((30, 2, 34, 6)), "undecided"),
    ],
)
def test_a_mask_that_shows_no_value_comes_with_a_reason(
    program: str, target: int, named: str, predicted: Mask, reason: str
):
    assert show(predicted, program, (target,), named) == Shown(reason=reason)
    assert reason in NOT_SHOWN


AXIAL = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
PLACED = Reference(
    labels=("kidney_left", "kidney_right", "liver", "tumour"),
    parts=("whole", "whole", "whole", "whole"),
    masks=(box((30, 20, 34, 24)), box((6, 20, 10, 24)), LIVER, box((26, 10, 30, 14))),
    spacing=(2.0, 0.5),
    direction=AXIAL,
    partners=(("kidney_left", "kidney_right"),),
)


@pytest.mark.parametrize(
    ("program", "predicted", "value"),
    [
        ('lateral(the("tumour"), the("liver"))', box((26, 10, 30, 14)), "left"),
        ('lateral(the("tumour"), the("liver"))', box((0, 20, 3, 24)), "right"),
        ('anteroposterior(the("tumour"), the("liver")) == "posterior"', box((26, 30, 30, 34)), "true"),
        # the midline, at column 19.5, is that of the kidneys, which the program need not name
        ('body_side(the("tumour"))', box((26, 10, 30, 14)), "left"),
        ('body_side(the("tumour"))', box((2, 10, 6, 14)), "right"),
        ('laterality(the("tumour"), the("kidney_left"))', box((2, 10, 6, 14)), "contralateral"),
        # 21 columns of 0.5 mm and 5 rows of 2 mm between centres, 15 columns between edges
        ('distance_mm(the("tumour"), the("liver"))', box((26, 10, 30, 14)), "14.5"),
        ('gap_mm(the("tumour"), the("liver"))', box((26, 10, 30, 14)), "7.5"),
    ],
)
def test_a_mask_shows_its_side_and_its_distance_where_the_reference_says_how_the_picture_lies(
    program: str, predicted: Mask, value: str
):
    assert shown_value(PLACED, predicted, program=program, target=(3,)) == Shown(value=value)


@pytest.mark.parametrize("program", ['lateral(the("tumour"), the("liver"))', 'gap_mm(the("tumour"), the("liver"))'])
def test_what_the_reference_does_not_say_is_not_held_against_a_mask(program: str):
    unplaced = replace(PLACED, spacing=None, direction=None)
    assert shown_value(unplaced, PLACED.masks[3], program=program, target=(3,)) == Shown(reason="not_placed")
    assert "not_placed" in LEFT_OUT


def test_the_partners_of_a_shard_are_the_left_and_right_labels_that_name_each_other(english: Language):
    stored = to_json(english, [], ["kidney_left", "kidney_right", "lung_left", "heart_ventricle_left", "liver"])
    assert partners_of(stored) == (("kidney_left", "kidney_right"),)
    for label in stored["labels"].values():
        del label["partner"]  # a shard from before labels had partners
    assert partners_of(stored) == ()


@pytest.mark.parametrize("predicted", [np.ones((40, 39), dtype=np.bool_), np.ones((40, 40), dtype=np.float32)])
def test_what_is_no_mask_of_the_view_is_refused(predicted: Mask):
    with pytest.raises(ValueError, match="predicted mask"):
        show(predicted)


@pytest.mark.parametrize(
    ("said", "shown", "cell", "agree"),
    [
        ("left", "left", "both", True),
        ("left", "right", "said", False),
        ("right", "left", "shown", False),
        ("right", "right", "neither", True),
        (None, "left", "shown", False),
        (None, "right", "neither", False),
    ],
)
def test_said_and_shown_are_compared_with_the_truth_and_with_each_other(
    said: str | None, shown: str, cell: str, agree: bool
):
    found = say_show(said, Shown(value=shown), value="left")
    assert (found.cell, found.agree) == (cell, agree)


def test_numbers_agree_within_the_tolerance():
    found = say_show("9.0", Shown(value="12.0"), value="10.0", tolerance=2.0)
    assert (found.cell, found.agree) == ("both", False)
    assert say_show("13.0", Shown(value="12.0"), value="10.0", tolerance=2.0).agree


def test_what_is_not_shown_agrees_with_nothing_and_has_no_cell():
    found = say_show("left", Shown(reason="empty"), value="left")
    assert (found.said_right, found.shown_right, found.agree, found.cell) == (True, None, False, None)


def verdicts(*shown: Shown) -> list[Agreement]:
    return [say_show("left", item, value="left") for item in shown]


def test_cells_add_up():
    left, right, empty, uncounted = (
        Shown(value="left"), Shown(value="right"), Shown(reason="empty"), Shown(reason="not_read")
    )  # fmt: skip
    cells = Cells.of(verdicts(left, left, right, empty, uncounted))
    assert (cells.both, cells.said, cells.shown, cells.neither, cells.agree) == (2, 1, 0, 0, 2)
    assert (cells.not_shown, cells.left_out, cells.judged) == ({"empty": 1}, {"not_read": 1}, 4)


def test_a_model_that_draws_nothing_does_not_gain_by_it():
    drawn, empty = Shown(value="left"), Shown(reason="empty")
    assert Cells.of(verdicts(drawn, empty)).agreement == 1 / 2
    assert Cells.of(verdicts(empty)).agreement == 0
    assert Cells.of(verdicts(Shown(reason="not_read"))).agreement is None


@pytest.mark.parametrize("shown", [Shown(value="left"), Shown(reason="not_visible"), Shown(reason="empty")])
def test_a_question_without_an_answer_says_nothing_about_agreement(shown: Shown):
    right, wrong = (say_show(said, shown, value="no_left_right") for said in ("no_left_right", "left"))
    assert (right.said_right, wrong.said_right) == (True, False)
    cells = Cells.of([right, wrong])
    assert (cells.judged, cells.left_out, cells.not_shown) == (0, {"refused": 2}, {})
