"""However a volume is stored, the same pictures, masks, grids and answers come out of it, or a stated refusal."""

from __future__ import annotations

from dataclasses import astuple, replace
from itertools import permutations, product

import numpy as np
import numpy.typing as npt
import pytest

from mmrs_builder import structures
from mmrs_builder.evaluate import NoValue, evaluate, measured
from mmrs_builder.naming import vocabulary
from mmrs_builder.questions import value_text
from mmrs_builder.types import Grid, Lattice, View
from mmrs_builder.vocab import Rejected
from mmrs_builder.volumes import Mask3D
from tests.volumes import block, mask, noise, rotation, rules, views

SHAPE = (14, 22, 26)
LABELS = ("kidney_left", "kidney_right", "liver", "tumour")
ORDERS = tuple(product(permutations(range(3)), product((False, True), repeat=3)))
PROGRAMS = (
    'lateral(the("liver"), the("kidney_left"))',
    'lateral(the("kidney_left"), the("kidney_right"))',
    'anteroposterior(the("liver"), the("kidney_right"))',
    'craniocaudal(the("liver"), the("kidney_right"))',
    'body_side(the("liver"))',
    'laterality(the("liver"), the("kidney_left"))',
    'distance_mm(the("liver"), the("kidney_left"))',
    'gap_mm(the("liver"), the("kidney_left"))',
    'horizontal(the("liver"), the("kidney_left"))',
    'quadrant(the("kidney_left"))',
    'count(all("tumour"))',
    'exists("tumour")',
)
TRUTH = {
    'lateral(the("liver"), the("kidney_left"))': "right",
    'lateral(the("kidney_left"), the("kidney_right"))': "left",
    'anteroposterior(the("liver"), the("kidney_right"))': "anterior",
    'craniocaudal(the("liver"), the("kidney_right"))': "superior",
    'body_side(the("liver"))': "right",
    'laterality(the("liver"), the("kidney_left"))': "contralateral",
}

Stored = tuple[Lattice, list[Mask3D], npt.NDArray[np.int16]]


def scene(degrees: float, axis: tuple[float, float, float] = (1.0, 2.0, -1.5)) -> Stored:
    """Two kidneys, the liver and two tumours in an upright volume, tilted by an angle."""
    grid = block(SHAPE, (4.0, 2.0, 2.0), turn=rotation(axis, degrees))
    masks = [
        mask("kidney_right", (6, 13, 3, 12, 19, 8), grid=grid),
        mask("kidney_left", (6, 13, 18, 12, 19, 23), grid=grid),
        mask("liver", (2, 3, 2, 8, 12, 12), grid=grid),
        mask("tumour", (4, 5, 5, 7, 9, 9), grid=grid, instance=True),
        mask("tumour", (8, 5, 18, 11, 9, 22), grid=grid, instance=True),
    ]
    return grid, masks, noise(SHAPE)


def stored(scene: Stored, order: tuple[int, ...], flips: tuple[bool, ...]) -> Stored:
    """The same scene with the array's axes in another order and direction, and a header that says so."""
    grid, masks, values = scene
    origin, steps = np.asarray(grid.origin), np.asarray(grid.steps)
    for axis in range(3):
        if flips[axis]:
            origin, steps[axis] = origin + (grid.shape[axis] - 1) * steps[axis], -steps[axis]

    def kept(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        flipped = np.flip(array, [axis for axis in range(3) if flips[axis]])
        return np.ascontiguousarray(flipped.transpose(order))

    turned = Lattice(
        shape=tuple(grid.shape[axis] for axis in order),  # type: ignore[arg-type]
        origin=tuple(origin.tolist()),
        steps=tuple(tuple(steps[axis].tolist()) for axis in order),  # type: ignore[arg-type]
        evidence="header",
    )
    return turned, [replace(item, mask=kept(item.mask), lattice=turned) for item in masks], kept(values)


def seen(scene: Stored, coverage: int = 3) -> list[View]:
    grid, masks, values = scene
    return views(grid, masks, rules(*LABELS, coverage=coverage, empty=0.3), values)


def numbers(grid: Grid) -> npt.NDArray[np.float64]:
    assert grid.direction is not None
    return np.hstack([grid.spacing, *grid.direction, grid.origin])


def answers(view: View) -> dict[str, tuple[str, float] | None]:
    """Value and margin of every program."""
    on = measured(structures.scene(view, "test", "ct", vocabulary())[0], vocabulary())
    found: dict[str, tuple[str, float] | None] = {}
    for program in PROGRAMS:
        try:
            result = evaluate(program, on)
            found[program] = value_text(result), round(result.margin, 9)
        except NoValue:
            found[program] = None
    return found


def same(one: View, other: View) -> None:
    assert one.view_id == other.view_id
    assert one.picture.data == other.picture.data
    assert [(a.label, a.instance) for a in one.annotations] == [(a.label, a.instance) for a in other.annotations]
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(one.annotations, other.annotations, strict=True))
    assert np.allclose(numbers(one.grid), numbers(other.grid), rtol=0, atol=1e-9)
    bare = {"spacing": None, "direction": None, "origin": None}
    assert astuple(replace(one.grid, **bare)) == astuple(replace(other.grid, **bare))
    assert (one.absent, one.specks, one.picture.render) == (other.absent, other.specks, other.picture.render)


@pytest.fixture(scope="module", params=[0.0, 10.0], ids=["straight", "oblique"])
def upright(request: pytest.FixtureRequest) -> Stored:
    return scene(request.param)


@pytest.fixture(scope="module")
def expected(upright: Stored) -> list[tuple[View, dict[str, tuple[str, float] | None]]]:
    return [(view, answers(view)) for view in seen(upright)]


@pytest.mark.parametrize(("order", "flips"), ORDERS)
def test_all_48_orders_of_the_axes_give_the_same_views_and_answers(
    upright: Stored,
    expected: list[tuple[View, dict[str, tuple[str, float] | None]]],
    order: tuple[int, ...],
    flips: tuple[bool, ...],
):
    found = seen(stored(upright, order, flips))
    assert len(found) == len(expected) > 9
    for one, (other, told) in zip(found, expected, strict=True):
        same(one, other)
        assert answers(one) == told


def test_the_answers_are_true_in_the_patient(upright: Stored):
    told = [(program, answer) for view in seen(upright, 9) for program, answer in answers(view).items()]
    checked = [(program, answer[0]) for program, answer in told if answer and program in TRUTH and answer[1] >= 0.1]
    assert dict(checked) == TRUTH
    assert all(TRUTH[program] == value for program, value in checked)
    assert len(checked) > 20


def test_a_plane_tells_nothing_of_the_axis_it_lies_across(upright: Stored):
    hidden = {"axial": "craniocaudal", "coronal": "anteroposterior", "sagittal": "lateral"}
    for view in seen(upright):
        assert view.grid.plane is not None
        told = {program for program, answer in answers(view).items() if answer}
        assert not any(program.startswith(hidden[view.grid.plane]) for program in told)


@pytest.mark.parametrize(("order", "flips"), ORDERS[::7])
def test_beyond_twenty_degrees_every_order_is_refused(order: tuple[int, ...], flips: tuple[bool, ...]):
    seen(stored(scene(19.0, (0.0, 0.0, 1.0)), order, flips))
    for degrees in (20.5, 30.0, 45.0):
        with pytest.raises(Rejected) as refusal:
            seen(stored(scene(degrees, (0.0, 0.0, 1.0)), order, flips))
        assert refusal.value.reason == "oblique"


@pytest.mark.parametrize(("order", "flips"), ORDERS[::5])
def test_a_header_with_left_and_right_exchanged_is_refused(
    upright: Stored, order: tuple[int, ...], flips: tuple[bool, ...]
):
    """The voxels stay; what the header calls left becomes right."""
    grid, masks, values = stored(upright, order, flips)
    wrong = replace(
        grid,
        origin=(-grid.origin[0], *grid.origin[1:]),
        steps=tuple((-step[0], *step[1:]) for step in grid.steps),  # type: ignore[arg-type]
    )
    with pytest.raises(Rejected) as refusal:
        seen((wrong, [replace(item, lattice=wrong) for item in masks], values))
    assert refusal.value.reason == "sides_contradict"


def test_what_a_header_says_decides_not_how_the_voxels_lie():
    """Left, right, front and back exchanged: another patient, whose liver is on the left and behind the kidneys."""
    grid, masks, values = scene(0.0)
    turned = replace(grid, steps=tuple((-step[0], -step[1], step[2]) for step in grid.steps))  # type: ignore[arg-type]
    swap = {"kidney_left": "kidney_right", "kidney_right": "kidney_left"}
    named = [replace(item, lattice=turned, label=swap.get(str(item.label), item.label)) for item in masks]
    told = [item for view in seen((turned, named, values)) for item in answers(view).items()]
    sure = {program: answer[0] for program, answer in told if answer and answer[1] >= 0.1}
    assert sure['anteroposterior(the("liver"), the("kidney_right"))'] == "posterior"
    assert sure['lateral(the("kidney_left"), the("kidney_right"))'] == "left"
    assert sure['body_side(the("liver"))'] == "left"
    assert sure['laterality(the("liver"), the("kidney_left"))'] == "ipsilateral"
