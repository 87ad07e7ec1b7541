"""Which questions a scene allows: bindings of labels to slots, decided values, and a reason for every refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmrs_builder.evaluate import Measured
from mmrs_builder.questions import Candidate, Refusal, bindings, candidates, is_claim
from mmrs_builder.templates import Family
from tests.scenes import LABELS, board, rectangles

SIZE = (20, 20)
QUADRANT = Family(
    id="locate.quadrant", theme="locate", frame="viewer", program="quadrant(the(A))", target="the(A)",
    kinds=("open", "yes_no"),
)  # fmt: skip
PAIR = replace(QUADRANT, id="relate.larger", program="larger(the(A), the(B))", kinds=("yes_no",))
AMONG = replace(QUADRANT, id="pick", program="largest(among(A, B))", target=None, kinds=("choice",), symmetric=True)
COUNT = replace(QUADRANT, id="count", program="count(all(A))", target="all(A)", kinds=("number",))
SEGMENT = replace(QUADRANT, id="segment", program='within(all(A), "upper")', target=None, kinds=("segment",))


@pytest.fixture
def on() -> Measured:
    return board(
        liver=rectangles(SIZE, (1, 1, 6, 6)),
        polyp=rectangles(SIZE, (12, 2, 15, 5), (14, 12, 18, 16)),
        clip=[rectangles(SIZE, (9, 3, 11, 5))],
        absent=["kidney"],
    )


def asked(family: Family, on: Measured) -> dict[tuple[str, ...], Candidate]:
    return {c.labels: c for c in candidates(on, (family,), LABELS) if isinstance(c, Candidate)}


def refused(family: Family, on: Measured) -> list[str]:
    return [item.reason for item in candidates(on, (family,), LABELS) if isinstance(item, Refusal)]


def test_each_kind_of_a_family_is_a_candidate_of_its_own(on: Measured):
    found = [c for c in candidates(on, (QUADRANT,), LABELS) if isinstance(c, Candidate)]
    assert [(c.kind, c.labels, c.token) for c in found] == [
        ("open", ("liver",), "upper_left"),
        ("yes_no", ("liver",), "upper_left"),
    ]


def test_a_candidate_carries_the_closed_program_its_value_and_its_target(on: Measured):
    found = asked(QUADRANT, on)["liver",]
    assert (found.program, found.target_program) == ('quadrant(the("liver"))', 'the("liver")')
    assert found.target == (1,)
    assert found.view_id == "v1"


def test_every_binding_is_asked_or_refused_with_a_reason(on: Measured):
    # absent kidney, clip on the midline, polyp in two pieces
    assert refused(QUADRANT, on) == ["undecided", "not_present", "not_unique"]


def test_slots_are_bound_to_different_labels_in_both_orders(on: Measured):
    assert len(list(bindings(PAIR, ["clip", "kidney", "liver", "polyp"], LABELS))) == 12
    assert set(asked(PAIR, on)) == {("clip", "liver"), ("liver", "clip")}


def test_interchangeable_slots_are_bound_once(on: Measured):
    assert set(asked(AMONG, on)) == {("clip", "liver")}


def test_a_family_binds_only_labels_of_the_role_it_asks_for():
    family = replace(PAIR, where=(("A", "lesion"), ("B", "organ")))
    assert list(bindings(family, ["clip", "liver", "polyp", "spleen"], LABELS)) == [
        {"A": "polyp", "B": "liver"},
        {"A": "polyp", "B": "spleen"},
    ]


def test_a_value_inside_the_family_s_margin_is_a_close_call(on: Measured):
    # 25 and 4 px: margin 0.84
    assert set(asked(replace(PAIR, min_margin=0.84), on)) == {("clip", "liver"), ("liver", "clip")}
    assert refused(replace(PAIR, min_margin=0.841), on).count("close_call") == 2


def test_a_choice_among_labels_is_answered_by_a_label_and_valued_by_an_index(on: Measured):
    found = asked(AMONG, on)["clip", "liver"]
    assert (found.token, found.answer) == ("1", "liver")


def test_an_absent_label_is_counted_as_none_with_an_empty_target(on: Measured):
    found = asked(COUNT, on)["kidney",]
    assert (found.token, found.target) == ("0", ())


def test_the_target_of_a_count_is_what_was_counted(on: Measured):
    found = asked(COUNT, on)["polyp",]
    assert (found.token, found.target) == ("2", (3, 4))


def test_a_mask_is_asked_for_by_a_place_that_holds_some_units_and_not_all(on: Measured):
    found = asked(SEGMENT, on)
    assert {labels: c.token for labels, c in found.items()} == {("polyp",): "4"}
    # clip and liver lie above as a whole; there is no kidney
    assert refused(SEGMENT, on) == ["degenerate", "not_present", "degenerate"]


def test_an_empty_set_is_not_asked_for():
    on = board(polyp=rectangles(SIZE, (2, 12, 5, 15), (14, 12, 18, 16)))
    assert refused(SEGMENT, on) == ["not_present"]


def test_all_units_are_asked_for_where_no_place_is_named(on: Measured):
    family = replace(SEGMENT, program="all(A)")
    assert set(asked(family, on)) == {("clip",), ("liver",), ("polyp",)}


@pytest.mark.parametrize(
    ("kind", "value_type", "claim"),
    [("yes_no", "Quadrant", True), ("yes_no", "Bool", False), ("yes_no", "Count", False), ("open", "Quadrant", False)],
)
def test_only_a_closed_set_of_words_is_asked_by_claims(kind: str, value_type: str, claim: bool):
    assert is_claim(kind, value_type) is claim
