"""Programs are untrusted text: what is not in the language does not run."""

from __future__ import annotations

import pytest

from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.grammar import BadProgram, close, frames_of, parse, result_type, steps, unify
from tests.verify.boards import board


@pytest.mark.parametrize(
    "program",
    [
        "",
        "'polyp'",
        "__import__('os')",
        'the("polyp").mask',
        'quadrant(the("polyp")) != "upper_left"',
        'quadrant(the("polyp")) == "upper_left" == "x"',
        'count(all("polyp")) + 1',
        "quadrant(the(A))",
        'quadrant(*the("polyp"))',
        'quadrant(s=the("polyp"))',
        'quadrant("polyp")',
        'quadrant(the("polyp"), the("polyp"))',
        "quadrant()",
        "among()",
        'nearest(all("polyp"), the("polyp"))',
        'within(all("polyp"), "middle")',
        'within(all("polyp"), "above")',
        'every(all("polyp"), "below")',
        'only(the("polyp"), "left")',
        'only(all("polyp"), all("polyp"), "left")',
        'toward(all("polyp"), "upper", to=the("polyp"))',
        'toward(all("polyp"), "left", the("polyp"))',
        'toward(all("polyp"), "left")',
        'between(the("polyp"), the("polyp"))',
        'third_smallest(all("polyp"))',
        "exists(True)",
        'the("polyp") == "0"',
        "1 == 1",
        "exists('p\0')",
        "(" * 400,
        "-" * 500,
        'quadrant(the("' + "p" * 512 + '"))',
        "side(" * 14 + 'the("polyp")' + ")" * 14,
    ],
)
def test_what_is_not_a_program_is_refused(program: str) -> None:
    with pytest.raises(BadProgram):
        evaluate(program, board((20, 20), polyp=[[(1, 1, 4, 5)]]))


@pytest.mark.parametrize(
    ("program", "kind", "hops"),
    [
        ("quadrant(the(A))", "Quadrant", 1),
        ('count(within(all(A), "left"))', "Count", 2),
        ("the(A)", "One", 0),
        ("larger(the(A), nearest(among(B, C), to=the(A)))", "Bool", 2),
        ("count(all(A)) == 2", "Bool", 1),
        ("clock(second_largest(all(A)))", "Clock", 2),
        ("main_direction(the(A), the(B))", "Fourway", 1),
        ("aligned(the(A), the(B))", "Alignment", 1),
        ("between(the(A), the(B), the(C))", "Bool", 1),
        ('toward(all(A), "above", to=the(B))', "Set", 1),
        ('only(the(A), among(A, B, C), "upper")', "Bool", 1),
        # joins are no steps
        ("no(exists(A))", "Bool", 1),
        ('both(every(all(A), "left"), neither(border(the(B)), no(exists(C))))', "Bool", 3),
    ],
)
def test_type_and_difficulty_follow_from_the_program(program: str, kind: str, hops: int) -> None:
    tree = parse(program, slots=True)
    assert (result_type(tree), steps(tree)) == (kind, hops)


@pytest.mark.parametrize(
    ("program", "frames"),
    [
        ("clock(the(A))", {"viewer"}),
        ("main_direction(the(A), the(B))", {"viewer"}),
        ('count(toward(all(A), "above", to=the(B)))', {"viewer"}),
        ('every(all(A), "upper")', {"viewer"}),
        ('only(the(A), among(A, B), "upper")', {"viewer"}),
        ("second_bottommost(all(A))", {"viewer"}),
        ("aligned(the(A), the(B))", set()),
        ("between(the(A), the(B), the(C))", set()),
        ("third_largest(all(A))", set()),
        ('no(body_side(the(A)) == "left")', {"patient"}),
        ('both(body_side(the(A)) == "left", side(the(A)) == "left")', {"viewer", "patient"}),
    ],
)
def test_words_belong_to_the_frame_they_mean_something_in(program: str, frames: set[str]) -> None:
    assert frames_of(parse(program, slots=True)) == frames


def test_closing_a_program_and_reading_it_back_are_inverse() -> None:
    family, labels = "nearest(among(A, B), to=the(C))", {"A": "liver", "B": "spleen", "C": "polyp"}
    closed = close(family, labels)
    assert closed == 'nearest(among("liver", "spleen"), to=the("polyp"))'
    assert unify(parse(family, slots=True), parse(closed)) == labels


@pytest.mark.parametrize(
    "closed",
    ['larger(the("a"), the("b"))', 'horizontal(the("a"), all("b"))', 'horizontal(the("a"), the("b"), the("c"))'],
)
def test_a_program_of_another_form_does_not_match(closed: str) -> None:
    with pytest.raises(BadProgram):
        unify(parse("horizontal(the(A), the(B))", slots=True), parse(closed))


def test_a_slot_stands_for_one_label() -> None:
    with pytest.raises(BadProgram):
        unify(parse("larger(the(A), largest(all(A)))", slots=True), parse('larger(the("a"), largest(all("b")))'))
