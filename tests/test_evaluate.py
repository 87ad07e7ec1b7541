"""Programs on scenes: references, the reasons for no value, and the margin of a whole program."""

from __future__ import annotations

import pytest

from mmrs_builder.evaluate import REASONS, Measured, NoValue, evaluate
from mmrs_builder.programs import ProgramError
from tests.scenes import ask, board, rectangles

SIZE = (20, 20)


@pytest.fixture
def on() -> Measured:
    return board(
        liver=rectangles(SIZE, (1, 1, 6, 6)),
        polyp=rectangles(SIZE, (12, 2, 15, 5), (2, 12, 6, 16)),
        clip=[rectangles(SIZE, (9, 9, 11, 11))],
        absent=["kidney"],
    )


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ('quadrant(the("kidney"))', "not_present"),
        ('quadrant(the("spleen"))', "not_present"),
        ('count(all("spleen"))', "not_present"),
        ('exists("spleen")', "not_present"),
        ('largest(among("liver", "kidney"))', "not_present"),
        ('count(within(all("kidney"), "left"))', "not_present"),
        ('quadrant(the("polyp"))', "not_unique"),
        ('largest(among("liver", "polyp"))', "not_unique"),
        ('largest(all("clip"))', "too_few"),
        ('largest(all("kidney"))', "too_few"),
        ('nearest(all("clip"), to=the("liver"))', "too_few"),
        ('nearest(all("polyp"), to=largest(all("polyp")))', "too_few"),
        ('direction(the("liver"), the("liver"))', "same_structure"),
        ('larger(largest(all("polyp")), bottommost(all("polyp")))', "same_structure"),
        ('side(the("clip"))', "undecided"),
        ('largest(within(all("clip"), "left"))', "undecided"),
        ('second_largest(all("polyp"))', "too_few"),
        ('second_topmost(all("polyp"))', "too_few"),
        ('every(all("clip"), "left")', "too_few"),
        ('only(the("clip"), all("clip"), "left")', "too_few"),
        ('only(the("clip"), all("polyp"), "left")', "not_member"),
        ('toward(all("kidney"), "left", to=the("liver"))', "not_present"),
        ('toward(all("clip"), "left", to=the("clip"))', "not_present"),
        ('toward(all("polyp"), "left", to=the("kidney"))', "not_present"),
        ('between(the("liver"), the("clip"), the("liver"))', "same_structure"),
        ('between(largest(all("polyp")), the("clip"), bottommost(all("polyp")))', "same_structure"),
        ('clock(the("clip"))', "undecided"),
        ('either(exists("liver"), exists("spleen"))', "not_present"),
        ('either(exists("liver"), side(the("clip")) == "left")', "undecided"),
        ('both(exists("kidney"), side(the("clip")) == "left")', "undecided"),
    ],
)
def test_no_value_comes_with_a_reason(on: Measured, program: str, reason: str):
    with pytest.raises(NoValue) as refused:
        evaluate(program, on)
    assert refused.value.reason == reason
    assert reason in REASONS


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ('lateral(the("liver"), the("clip"))', "no_frame"),
        ('lateral(the("liver"), the("kidney"))', "no_frame"),
        ('lateral(the("kidney"), the("liver"))', "not_present"),
        ('body_side(largest(all("clip")))', "too_few"),
        ('gap_mm(the("liver"), the("clip"))', "no_spacing"),
        ('distance_mm(the("liver"), the("liver"))', "same_structure"),
    ],
)
def test_a_picture_of_unknown_place_and_scale_tells_no_sides_and_no_lengths(on: Measured, program: str, reason: str):
    with pytest.raises(NoValue) as refused:
        evaluate(program, on)
    assert refused.value.reason == reason
    assert reason in REASONS


def test_all_of_a_label_needs_a_corpus_that_annotates_all(on: Measured):
    partly = board(liver=rectangles(SIZE, (1, 1, 6, 6)), exhaustive=False)
    with pytest.raises(NoValue) as refused:
        evaluate('count(all("liver"))', partly)
    assert refused.value.reason == "incomplete"
    assert ask('quadrant(the("liver"))', partly) == ask('quadrant(the("liver"))', on)


@pytest.mark.parametrize(
    ("program", "value"),
    [
        # stored: clip, liver, polyp whole, then its components by size
        ('the("clip")', "0"),
        ('the("liver")', "1"),
        ('all("polyp")', "3,4"),
        ('all("clip")', "0"),
        ('among("liver", "clip")', "0,1"),
        ('smallest(all("polyp"))', "4"),
        ('within(all("polyp"), "right")', "4"),
        ('side(the("liver")) == "left"', "true"),
        ('side(the("liver")) == "right"', "false"),
        ('count(all("polyp")) == 2', "true"),
        ('topology(the("liver"), the("clip")) == "apart"', "true"),
        ('main_direction(smallest(all("polyp")), the("liver")) == "right"', "true"),
        ('clock(smallest(all("polyp"))) == "1"', "true"),
        ('toward(all("polyp"), "left", to=the("clip"))', "3"),
        ('count(toward(all("polyp"), "above", to=the("clip")))', "1"),
        ('count(toward(all("polyp"), "left", to=smallest(among("liver", "clip"))))', "1"),
        ('level(nearest(all("polyp"), to=the("liver")))', None),
    ],
)
def test_values(on: Measured, program: str, value: str | None):
    assert (ask(program, on) or (None,))[0] == value


def test_a_claim_is_as_certain_as_the_relation_whether_true_or_false(on: Measured):
    plain = ask('quadrant(the("liver"))', on)
    assert plain is not None
    assert ask('quadrant(the("liver")) == "upper_left"', on) == ("true", plain[1])
    assert ask('quadrant(the("liver")) == "lower_left"', on) == ("false", plain[1])


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (True, True, {"both": "true", "either": "true", "neither": "false"}),
        (True, False, {"both": "false", "either": "true", "neither": "false"}),
        (False, True, {"both": "false", "either": "true", "neither": "false"}),
        (False, False, {"both": "false", "either": "false", "neither": "true"}),
    ],
)
def test_joined_relations_are_as_certain_as_the_less_certain_one(
    on: Measured, first: bool, second: bool, said: dict[str, str]
):
    # 25 and 4 px; what is missing is missing for certain
    larger = 'larger(the("liver"), the("clip"))' if first else 'larger(the("clip"), the("liver"))'
    exists = 'exists("liver")' if second else 'exists("kidney")'
    assert {name: ask(f"{name}({larger}, {exists})", on) for name in said} == {
        name: (value, 21 / 25) for name, value in said.items()
    }
    assert {name: ask(f"{name}({exists}, {larger})", on) for name in said} == {
        name: (value, 21 / 25) for name, value in said.items()
    }
    assert ask(f"no({larger})", on) == ("false" if first else "true", 21 / 25)


def test_the_margin_is_the_smallest_on_the_way(on: Measured):
    inner, outer = ask('largest(all("polyp"))', on), ask('direction(the("liver"), largest(all("polyp")))', on)
    assert inner is not None
    assert outer is not None
    assert outer[1] == min(inner[1], 1.0) == 7 / 16


def test_the_reference_of_nearest_counts_for_the_margin():
    clips = [rectangles(SIZE, box) for box in ((1, 1, 6, 5), (9, 1, 14, 6), (17, 17, 18, 18))]
    found = ask('nearest(all("clip"), to=largest(all("clip")))', board(clip=clips))
    # 25 against 20 px; the distances alone would give more
    assert found == ("1", pytest.approx(0.2))


def test_a_relation_of_two_can_be_asked_in_either_order(on: Measured):
    assert ask('gap(the("clip"), the("liver"))', on) == ask('gap(the("liver"), the("clip"))', on)


def test_an_ill_typed_program_is_an_error_and_not_a_missing_value(on: Measured):
    with pytest.raises(ProgramError):
        evaluate('quadrant(all("liver"))', on)
