"""Where volumes lie: checked lattices, and turning them upright without moving a voxel."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.io.volume import (
    MAX_TILT,
    MAX_VOXELS,
    UPRIGHT,
    corners,
    lattice,
    same_grid,
    spacing,
    turn,
    turned,
    turned_lattice,
    upright,
)  # fmt: skip
from mmrs_builder.types import Lattice, Volume
from mmrs_builder.vocab import Rejected

Floats = npt.NDArray[np.float64]
SHAPE = (4, 5, 6)
STEPS = ((0.0, 0.0, -3.0), (0.0, 1.5, 0.0), (2.0, 0.0, 0.0))


def made(
    shape: tuple[int, ...] = SHAPE,
    origin: tuple[float, ...] = (10.0, -20.0, 30.0),
    steps: tuple[tuple[float, ...], ...] = STEPS,
) -> Lattice:
    return lattice(shape, origin, steps, "header", "scan")


def rotation(axis: tuple[float, float, float], degrees: float) -> Floats:
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(math.radians(degrees)) * cross + (1 - math.cos(math.radians(degrees))) * cross @ cross


def tilted(degrees: float, axis: tuple[float, float, float] = (1.0, 0.0, 0.0)) -> Lattice:
    steps = (np.asarray(STEPS) @ rotation(axis, degrees).T).tolist()
    return made(steps=tuple(map(tuple, steps)))


def places(grid: Lattice) -> Floats:
    """Centre (i, j, k, 3) of every voxel."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return np.asarray(grid.origin) + index @ np.asarray(grid.steps)


def test_a_lattice_keeps_what_it_is_given():
    grid = made()
    assert (grid.shape, grid.origin, grid.steps, grid.evidence) == (SHAPE, (10.0, -20.0, 30.0), STEPS, "header")
    assert spacing(grid) == (3.0, 1.5, 2.0)


def test_negative_zero_becomes_zero():
    grid = made(origin=(-0.0, 0.0, 0.0), steps=((0.0, -0.0, -3.0), (0.0, 1.5, 0.0), (2.0, 0.0, 0.0)))
    assert not np.signbit([grid.origin[0], grid.steps[0][1]]).any()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shape": (4, 5)}, "bad_geometry"),
        ({"shape": (4, 5, 6, 2)}, "bad_geometry"),
        ({"shape": (4, 0, 6)}, "bad_geometry"),
        ({"shape": (4, -5, 6)}, "bad_geometry"),
        ({"origin": (math.nan, 0.0, 0.0)}, "bad_geometry"),
        ({"origin": (0.0, math.inf, 0.0)}, "bad_geometry"),
        ({"steps": ((0.0, 0.0, math.nan), *STEPS[1:])}, "bad_geometry"),
        ({"steps": ((0.0, 0.0, -math.inf), *STEPS[1:])}, "bad_geometry"),
        ({"steps": ((0.0, 0.0, 1e300), *STEPS[1:])}, "bad_geometry"),
        ({"steps": ((0.0, 0.0, 2000.0), *STEPS[1:])}, "bad_geometry"),
        ({"steps": ((0.0, 0.0, 0.0), *STEPS[1:])}, "bad_geometry"),
        ({"steps": (STEPS[1], *STEPS[1:])}, "bad_geometry"),
        ({"steps": ((0.0, 0.3, -3.0), *STEPS[1:])}, "bad_geometry"),
        ({"shape": (1024, 1024, 1025)}, "too_large"),
        ({"shape": (2**31, 2**31, 2**31)}, "too_large"),
    ],
)
def test_what_cannot_be_a_lattice_is_refused(change: dict[str, tuple[int, ...]], reason: str):
    with pytest.raises(Rejected) as refusal:
        made(**change)
    assert (refusal.value.reason, refusal.value.what) == (reason, "scan")


def test_the_limit_on_voxels_holds_for_the_small_integers_of_headers():
    with pytest.raises(Rejected) as refusal:
        lattice(tuple(np.array([30_000] * 3, np.int16)), (0, 0, 0), STEPS, None, "scan")
    assert refusal.value.reason == "too_large"


def test_the_largest_volume_is_allowed():
    assert math.prod(made(shape=(1024, 1024, 1024)).shape) == MAX_VOXELS


def test_axes_a_little_off_a_right_angle_are_what_single_precision_makes():
    assert made(steps=((0.0, 0.0, -3.0), (0.0, 1.5, 0.0001), (2.0, 0.0, 0.0))).steps[1][2] == 0.0001


def test_left_handed_axes_are_allowed():
    assert made(steps=(STEPS[1], STEPS[0], STEPS[2])).steps[0] == STEPS[1]


def test_corners_are_the_outermost_voxels():
    assert {tuple(corner) for corner in corners(made())} == set(product((10.0, 20.0), (-20.0, -14.0), (30.0, 21.0)))


@pytest.mark.parametrize(("shift", "same"), [(0.0, True), (0.37, True), (0.38, False), (30.0, False)])
def test_grids_are_one_up_to_a_quarter_of_the_smallest_voxel_side(shift: float, same: bool):
    grid = made()
    moved = replace(grid, origin=(10.0 + shift, -20.0, 30.0))
    assert same_grid(grid, moved) == same_grid(moved, grid) == same


def test_grids_of_other_shape_or_axes_are_not_one():
    grid = made()
    assert not same_grid(grid, made(shape=(4, 5, 7)))
    assert not same_grid(made(shape=(5, 5, 5)), made(shape=(5, 5, 5), steps=(STEPS[1], STEPS[0], STEPS[2])))
    assert not same_grid(grid, made(steps=((0.0, 0.0, -3.2), *STEPS[1:])))


def test_a_grid_that_runs_away_is_found_at_its_far_end():
    """Equal origins, and a spacing off by 1 %: 3 mm after 100 slices."""
    assert not same_grid(made(shape=(100, 5, 6)), made(shape=(100, 5, 6), steps=((0.0, 0.0, -3.03), *STEPS[1:])))


def test_an_upright_lattice_stays_as_it_is():
    grid = made()
    assert turn(grid, "scan") == ((0, 1, 2), (False, False, False))
    assert turned_lattice(grid, *turn(grid, "scan")) == grid


def test_without_evidence_slices_lie_one_after_the_other_and_nothing_is_reversed():
    values = np.arange(24).reshape(2, 3, 4)
    grid = replace(made(shape=(2, 3, 4), steps=((-1.0, 0, 0), (0, -2.0, 0), (0, 0, -3.0))), evidence=None)
    found = upright(Volume(values=values, lattice=grid), "scan")
    assert found.lattice.shape == found.values.shape == (4, 3, 2)
    assert found.values[1].tolist() == [[values[x, y, 1] for x in range(2)] for y in range(3)]
    assert spacing(found.lattice) == (3.0, 2.0, 1.0)
    assert found.lattice.evidence is None


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, -1.0, 0.0)])
def test_a_tilt_is_allowed_up_to_the_limit(axis: tuple[float, float, float]):
    assert turn(tilted(MAX_TILT - 0.1, axis), "scan") == ((0, 1, 2), (False, False, False))
    for degrees in (MAX_TILT + 0.1, 44.0, 45.0, 46.0, 69.9):
        with pytest.raises(Rejected) as refusal:
            turn(tilted(degrees, axis), "scan")
        assert refusal.value.reason == "oblique"


def test_a_quarter_turn_is_no_tilt():
    assert turn(tilted(90.0), "scan") == ((1, 0, 2), (True, False, False))


def test_nothing_is_copied():
    values = np.zeros((2, 3, 4))
    assert np.shares_memory(turned(values, (2, 0, 1), (True, False, True)), values)


@given(
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    order=st.permutations(range(3)),
    signs=st.tuples(*[st.sampled_from((-1.0, 1.0))] * 3),
    gaps=st.tuples(*[st.floats(0.2, 9.0)] * 3),
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: math.hypot(*v) > 0.1),
    degrees=st.floats(0, 19.5),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_turning_moves_no_voxel_in_the_patient(
    shape: tuple[int, int, int],
    order: list[int],
    signs: tuple[float, float, float],
    gaps: tuple[float, float, float],
    axis: tuple[float, float, float],
    degrees: float,
    origin: tuple[float, float, float],
):
    steps = np.asarray(UPRIGHT)[order] * (np.asarray(signs) * gaps)[:, None] @ rotation(axis, degrees).T
    grid = lattice(shape, origin, steps.tolist(), "header", "scan")
    names = np.arange(math.prod(shape)).reshape(shape)
    before = dict(zip(names.ravel().tolist(), places(grid).reshape(-1, 3), strict=True))
    found = upright(Volume(values=names, lattice=grid), "scan")
    assert found.values.shape == found.lattice.shape
    after = dict(zip(found.values.ravel().tolist(), places(found.lattice).reshape(-1, 3), strict=True))
    assert all(np.allclose(after[name], place, rtol=0, atol=1e-9) for name, place in before.items())
    along = np.asarray(found.lattice.steps) / np.asarray(spacing(found.lattice))[:, None] * np.asarray(UPRIGHT)
    assert (along.sum(axis=1) >= math.cos(math.radians(MAX_TILT))).all()


def test_all_48_orders_of_the_axes_become_the_same_upright_volume():
    expected = Volume(values=np.arange(120).reshape(SHAPE), lattice=tilted(10.0))
    found = set()
    for order, flips in product(permutations(range(3)), product((False, True), repeat=3)):
        grid = turned_lattice(expected.lattice, order, flips)
        volume = upright(Volume(values=turned(expected.values, order, flips), lattice=grid), "scan")
        assert np.array_equal(volume.values, expected.values)
        assert np.allclose(
            [volume.lattice.origin, *volume.lattice.steps], [expected.lattice.origin, *expected.lattice.steps]
        )
        found.add((grid.origin, grid.steps))
    assert len(found) == 48
