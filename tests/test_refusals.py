"""What a view cannot answer, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from mmrs_builder import resources
from mmrs_builder.evaluate import Measured, measured
from mmrs_builder.jitter import WAYS
from mmrs_builder.questions import Candidate, candidates
from mmrs_builder.refusals import MOST_BINDINGS, refusals
from mmrs_builder.templates import Family, load
from mmrs_builder.types import Jitter, Label, Mask, Vector
from tests.scenes import LABELS, board, rectangles

SIZE = (60, 60)
LIVER, SPLEEN = rectangles(SIZE, (4, 4, 20, 20)), rectangles(SIZE, (36, 34, 52, 50))
POLYPS = rectangles(SIZE, (2, 40, 14, 52), (40, 4, 46, 10))
AXIAL = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
SAGITTAL = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
CORONAL = ((0.0, 0.0, -1.0), (1.0, 0.0, 0.0))

QUADRANT = Family(
    id="quadrant", theme="t", frame="viewer", program="quadrant(the(A))", target="the(A)", kinds=("open", "yes_no")
)
BESIDE = replace(QUADRANT, id="beside", program="horizontal(the(A), the(B))", kinds=("open", "choice"))
OUTLINE = replace(QUADRANT, id="outline", program="all(A)", target="all(A)", kinds=("segment",))
COUNT = replace(QUADRANT, id="count", program="count(all(A))", target="all(A)", kinds=("number",))
UPPER = replace(COUNT, id="upper", program='count(within(all(A), "upper"))')
LATERAL = replace(BESIDE, id="lateral", frame="patient", program="lateral(the(A), the(B))")
FRONT = replace(LATERAL, id="front", program="anteroposterior(the(A), the(B))")
HEAD = replace(LATERAL, id="head", program="craniocaudal(the(A), the(B))")
FAR = replace(BESIDE, id="far", program="distance_mm(the(A), the(B))", target=None, kinds=("number",))
GAP = replace(FAR, id="gap", program="gap_mm(the(A), the(B))")


def found(family: Family, on: Measured) -> list[Candidate]:
    return list(refusals(on, (family,), LABELS))


def reasons(family: Family, on: Measured) -> dict[tuple[str, ...], str | None]:
    return {c.labels: c.reason for c in found(family, on)}


def shown(
    *,
    absent: tuple[str, ...] = (),
    direction: tuple[Vector, Vector] | None = None,
    spacing: tuple[float, float] | None = None,
    **drawn: Mask,
) -> Measured:
    drawn = drawn or {"liver": LIVER, "spleen": SPLEEN}
    return board(absent=absent, direction=direction, spacing=spacing, **drawn)


def test_where_a_structure_lies_that_is_not_there_has_no_answer():
    (refused,) = found(QUADRANT, shown(absent=("polyp",)))
    assert (refused.labels, refused.kind, refused.reason) == (("polyp",), "open", "absent")
    assert (refused.token, refused.answer, refused.margin) == ("absent", "absent", 1.0)
    assert refused.program == 'quadrant(the("polyp"))'
    assert (refused.target_program, refused.target) == ('the("polyp")', ())


def test_without_absent_labels_there_is_nothing_to_refuse():
    language = load(resources.path("templates"))
    on = shown(direction=AXIAL, spacing=(1.0, 1.0))
    unseen = [c for c in refusals(on, language.families, LABELS) if c.reason != "no_head_foot"]
    assert unseen == []


def test_a_structure_that_is_unlabelled_and_not_promised_is_not_called_absent():
    assert found(QUADRANT, shown(absent=())) == []


def test_one_of_two_structures_is_absent_and_the_other_may_be_shown():
    assert reasons(BESIDE, shown(absent=("polyp", "colon"), liver=LIVER)) == {
        ("polyp", "liver"): "absent", ("liver", "polyp"): "absent",
        ("colon", "liver"): "absent", ("liver", "colon"): "absent",
    }  # fmt: skip
    targets = {c.labels: c.target for c in found(BESIDE, shown(absent=("polyp",), liver=LIVER))}
    assert targets == {("polyp", "liver"): (), ("liver", "polyp"): (0,)}


def test_only_open_questions_numbers_and_segment_requests_are_refused():
    every = replace(QUADRANT, kinds=("open", "choice", "yes_no"))
    assert [c.kind for c in found(every, shown(absent=("polyp",)))] == ["open"]
    assert [c.kind for c in found(OUTLINE, shown(absent=("polyp",)))] == ["segment"]


def test_what_has_an_answer_though_a_structure_is_absent_is_not_refused():
    # None is a number of polyps, in the upper half as in the whole picture; none lie to the left of no liver either.
    assert found(COUNT, shown(absent=("polyp",))) == []
    assert found(UPPER, shown(absent=("polyp",))) == []
    beside = replace(COUNT, id="beside", program='count(toward(all(A), "left", to=the(B)))')
    assert reasons(beside, shown(absent=("polyp",), liver=LIVER)) == {("liver", "polyp"): "absent"}


def test_an_absent_structure_must_have_the_role_that_is_asked_for():
    lesion = replace(QUADRANT, where=(("A", "lesion"),))
    assert reasons(lesion, shown(absent=("polyp", "colon"))) == {("polyp",): "absent"}


def test_interchangeable_slots_are_refused_in_one_order():
    family = replace(BESIDE, program="largest(among(A, B))", target="largest(among(A, B))", symmetric=True)
    assert reasons(family, shown(absent=("colon", "polyp"), liver=LIVER)) == {
        ("colon", "liver"): "absent", ("liver", "polyp"): "absent",
    }  # fmt: skip


def test_of_very_many_absent_structures_a_few_are_looked_at():
    labels = LABELS | {f"part{i}": Label(id=f"part{i}", role="organ") for i in range(100)}
    absent = tuple(name for name in labels if name.startswith("part"))
    views = [board(absent=absent, view_id=view, liver=LIVER, spleen=SPLEEN) for view in ("v1", "v2")]
    one, other = ([c.labels for c in refusals(on, (BESIDE,), labels)] for on in views)
    assert 1 < len(one) <= MOST_BINDINGS
    assert one == [c.labels for c in refusals(views[0], (BESIDE,), labels)]
    assert one != other


def test_what_the_names_tell_is_not_refused_either():
    on = shown(absent=("kidney_left",), direction=AXIAL, kidney_right=LIVER)
    assert found(LATERAL, on) == []


@pytest.mark.parametrize(
    ("direction", "unseen"),
    [(AXIAL, "no_head_foot"), (SAGITTAL, "no_left_right"), (CORONAL, "no_front_back")],
)
def test_the_axis_that_runs_through_the_picture_cannot_be_seen_in_it(direction: tuple[Vector, Vector], unseen: str):
    on = shown(direction=direction)
    assert {c.reason for family in (LATERAL, FRONT, HEAD) for c in found(family, on)} == {unseen}
    refused = {c.labels: c for family in (LATERAL, FRONT, HEAD) for c in found(family, on)}["liver", "spleen"]
    assert (refused.margin, refused.target) == (1.0, (0,))


@pytest.mark.parametrize(("tilt", "margin"), [(0.1, 0.5), (0.17, 0.15), (0.19, None), (0.3, None)])
def test_an_axis_is_not_seen_as_far_as_the_picture_lies_across_it(tilt: float, margin: float | None):
    on = shown(direction=((0.0, 0.0, -1.0), (tilt, (1 - tilt**2) ** 0.5, 0.0)))
    assert [c.margin for c in found(LATERAL, on)] == ([] if margin is None else [pytest.approx(margin)] * 2)


def test_without_knowing_how_the_picture_lies_no_axis_is_said_to_run_through_it():
    assert found(LATERAL, shown()) == []


def test_sides_of_an_absent_structure_are_refused_only_where_sides_can_be_seen():
    assert reasons(LATERAL, shown(absent=("polyp",), direction=AXIAL, liver=LIVER)) == {
        ("polyp", "liver"): "absent", ("liver", "polyp"): "absent",
    }  # fmt: skip
    assert reasons(LATERAL, shown(absent=("polyp",), direction=SAGITTAL, liver=LIVER)) == {}


def test_millimetres_are_refused_where_the_size_of_a_pixel_is_not_known():
    assert set(reasons(FAR, shown()).values()) == {"no_scale"}
    assert found(FAR, shown(spacing=(1.0, 1.0))) == []


def test_a_gap_is_not_asked_for_in_any_unit_where_there_is_none():
    touching = {"liver": LIVER, "spleen": rectangles(SIZE, (20, 4, 30, 20))}
    assert found(GAP, shown(**touching)) == []
    assert set(reasons(GAP, shown()).values()) == {"no_scale"}


def test_a_hidden_answer_needs_structures_that_are_one_each():
    on = shown(direction=SAGITTAL, liver=LIVER, polyp=POLYPS)
    assert found(LATERAL, on) == []
    largest = replace(LATERAL, program="lateral(largest(all(A)), the(B))", target="largest(all(A))")
    (refused,) = found(largest, on)
    assert (refused.labels, refused.reason) == (("polyp", "liver"), "no_left_right")
    assert refused.margin == pytest.approx(1 - 36 / 144)  # the largest polyp is by so much the largest


def test_a_hidden_answer_is_about_structures_that_other_hands_would_mean_too():
    on = shown(direction=SAGITTAL, liver=LIVER, polyp=POLYPS)
    largest = replace(LATERAL, program="lateral(largest(all(A)), the(B))", target="largest(all(A))")
    first, second = (i for i in on.units["polyp"])

    def exchanged(structures: Mapping[int, object]) -> dict[int, object]:
        return {**structures, first: structures[second], second: structures[first]}

    as_they_are = dict(enumerate(on.scene.structures))
    other = Jitter(way=WAYS[0], structures=tuple(exchanged(as_they_are).values()), pairs=on.scene.pairs)  # type: ignore[arg-type]
    jittered = measured(replace(on.scene, jitter=(other,)), LABELS)
    assert found(largest, on)
    assert found(largest, jittered) == []


def test_no_question_is_refused_and_answered_at_once():
    language = load(resources.path("templates"))
    on = shown(absent=("polyp", "colon"), direction=CORONAL)
    decided = {(c.kind, c.program) for c in candidates(on, language.families, LABELS) if isinstance(c, Candidate)}
    refused = {(c.kind, c.program) for c in refusals(on, language.families, LABELS)}
    assert len(decided) > 50
    assert len(refused) > 50
    assert not decided & refused
