"""A corpus and its mirror image are asked the same; left and right change places in the viewer's frame alone.

All that the masks decide is compared, before a choice is made of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.parquet as pq
import pytest

from mmrs_builder import programs, resources
from mmrs_builder.build.stage import scene_from_json
from mmrs_builder.evaluate import measured
from mmrs_builder.naming import vocabulary
from mmrs_builder.questions import Candidate, candidates
from mmrs_builder.templates import Family, load
from mmrs_builder.types import Box, Scene, Vector
from tests.build.command import mmrs
from tests.relations.test_properties import LEFT_RIGHT, Change, exchanged, swapped

ADAPTER = """
from dataclasses import replace

import numpy as np

from mmrs_builder.io.png import encode_pixels
from mmrs_builder.sources.phantom import configure

PLAIN = configure(count="12", volumes="1", size="96")


def header(grid):
    if grid.direction is None or {kept}:
        return grid
    down, right = grid.direction
    return replace(grid, direction=(down, tuple(-x for x in right)))


def mirrored(view):
    pixels = np.ascontiguousarray(view.picture.pixels[:, ::-1])
    picture = replace(view.picture, data=encode_pixels(pixels), pixels=pixels)
    annotations = tuple(replace(a, mask=np.ascontiguousarray(a.mask[:, ::-1])) for a in view.annotations)
    return replace(view, picture=picture, annotations=annotations, grid=header(view.grid))


def load(ref):
    case = PLAIN.load(ref)
    return replace(case, views=tuple(mirrored(view) for view in case.views)) if {turned} else case


SOURCE = replace(PLAIN, load=load)
"""

EVERY = 10_000
"""Bindings to look at: where there are more than are looked at, those of a mirror image are others."""

JOINS = ("both", "either", "neither")
AXES = (("left", "right"), ("posterior", "anterior"), ("superior", "inferior"))
FAMILIES = load(resources.path("templates")).families

Asked: TypeAlias = tuple[object, ...]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[Scene]:
    return scenes(tmp_path_factory.mktemp("plain"), turned=False, kept=True)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], list[Scene]]:
    folder = tmp_path_factory.mktemp("mirrored")
    return lambda kept: scenes(folder / str(kept), turned=True, kept=kept)


def scenes(folder: Path, *, turned: bool, kept: bool) -> list[Scene]:
    """What a whole build measured, by view."""
    folder.mkdir(exist_ok=True)
    adapter = folder / "adapter.py"
    adapter.write_text(ADAPTER.replace("{turned}", str(turned)).replace("{kept}", str(kept)))
    done = mmrs("build", "--adapter", adapter, "--out", folder / "out", "--workers", 1)
    assert done.code == 0, done.err
    parts = sorted((folder / "out" / ".mmrs" / "measure").glob("*/part-*.parquet"))
    rows = [row for part in parts for row in pq.read_table(part, columns=["scene"]).to_pylist()]
    return sorted((scene_from_json(row["scene"]) for row in rows), key=lambda scene: scene.view_id)


def asked(all_scenes: list[Scene], *, turn: bool, patient: bool) -> dict[Asked, float]:
    """Every decided question with its margin, told in the words of the plain corpus.

    ``turn``: the scenes are mirrored; ``patient``: their headers are not, so that the patient has changed sides too.
    """
    return dict(item for scene in all_scenes for item in told(scene, turn=turn, patient=patient))


def told(scene: Scene, *, turn: bool, patient: bool) -> Iterator[tuple[Asked, float]]:
    named = {family.id: family for family in FAMILIES}
    for found in candidates(measured(scene, vocabulary()), FAMILIES, vocabulary(), EVERY):
        if isinstance(found, Candidate):
            family = named[found.family]
            change = None
            if turn and family.frame == "viewer":
                change = LEFT_RIGHT
            elif turn and patient and scene.grid.direction:
                change = across(scene.grid.direction[1])
            shown = tuple(sorted(box(scene, index, turn=turn) for index in found.target or ()))
            yield (scene.view_id, found.kind, *words(found, family, change, scene, turn=turn), shown), found.margin


def across(right: Vector) -> Change:
    """What changes in the patient's frame when the columns of a picture are put in the opposite order."""
    pair = AXES[max(range(3), key=lambda axis: abs(right[axis]))]
    return replace(LEFT_RIGHT, words=swapped(pair), values=exchanged(pair))


def words(
    found: Candidate, family: Family, change: Change | None, scene: Scene, *, turn: bool
) -> tuple[object, object]:
    """Program and value in the words of the plain corpus."""
    kind = programs.value_type(family.program)
    if kind in ("One", "Set"):
        members = [int(index) for index in found.token.split(",") if index]
        value: object = tuple(sorted(box(scene, index, turn=turn) for index in members))
    else:
        value = change.token(kind, found.token) if change else found.token
    return in_one_order(change.program(found.program) if change else found.program), value


def box(scene: Scene, index: int, *, turn: bool) -> Box:
    """Where a structure lies in the picture that is not mirrored."""
    x0, y0, x1, y1 = scene.structures[index].box
    return (scene.grid.width - x1, y0, scene.grid.width - x0, y1) if turn else (x0, y0, x1, y1)


def unnamed(program: str) -> str:
    """A program whichever names its slots have."""
    slots = programs.slots(program)
    renamed = [dict(zip(slots, order, strict=True)) for order in permutations(slots)]
    return min(in_one_order(re.sub(r"\b[ABC]\b", lambda slot, to=to: to[slot[0]], program)) for to in renamed)


def in_one_order(program: str) -> str:
    """A program whose joined parts, which may change places, stand in the order of the alphabet."""
    tree = ast.parse(program, mode="eval")
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in JOINS:
            call.args.sort(key=ast.unparse)
    return ast.unparse(tree)


def differing(one: dict[Asked, float], other: dict[Asked, float]) -> list[Any]:
    """Questions of one corpus only, and those with another margin."""
    margins = [key for key in one.keys() & other.keys() if one[key] != pytest.approx(other[key], abs=1e-9)]
    return [*sorted(map(str, one.keys() ^ other.keys())), *margins]


def test_what_is_asked_of_one_side_is_asked_of_the_other():
    programs_asked = {unnamed(family.program) for family in FAMILIES}
    sided = [family for family in FAMILIES if family.frame == "viewer"]
    lacking = [f.id for f in sided if unnamed(LEFT_RIGHT.program(f.program)) not in programs_asked]
    assert lacking == []


@pytest.mark.long
def test_a_mirrored_picture_with_its_header_mirrored_too_changes_the_viewers_sides_alone(
    plain: list[Scene], mirrored: Callable[[bool], list[Scene]]
):
    before = asked(plain, turn=False, patient=False)
    assert len({key[2] for key in before}) > 500
    assert any("lateral(" in str(key[2]) for key in before)
    assert differing(before, asked(mirrored(False), turn=True, patient=False)) == []


@pytest.mark.long
def test_under_a_header_that_was_not_mirrored_the_patient_changes_sides_too(
    plain: list[Scene], mirrored: Callable[[bool], list[Scene]]
):
    before, after = (
        asked(straight(plain), turn=False, patient=False),
        asked(straight(mirrored(True)), turn=True, patient=True),
    )
    assert any("lateral(" in str(key[2]) for key in before)
    assert differing(without_midline(before), without_midline(after)) == []


def straight(found: list[Scene]) -> list[Scene]:
    """Views whose columns lie along an axis of the patient: across a tilted one no mirror lies."""
    return [scene for scene in found if scene.grid.direction and max(map(abs, scene.grid.direction[1])) > 1 - 1e-9]


def test_no_side_of_the_body_is_asked_for_where_left_and_right_organs_have_changed_places(
    mirrored: Callable[[bool], list[Scene]],
):
    after = asked(mirrored(True), turn=True, patient=True)
    assert without_midline(after) == after


def without_midline(found: dict[Asked, float]) -> dict[Asked, float]:
    return {key: margin for key, margin in found.items() if not re.search("body_side|laterality", str(key[2]))}
