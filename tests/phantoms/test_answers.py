"""The answers of a phantom build, derived once more from the generator's parameters and from no mask at all."""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder import programs
from mmrs_builder.build import Limits, Settings, SourceChoice, build
from mmrs_builder.phantoms.truth import PhantomTruth, UnitTruth
from mmrs_builder.sources.phantom import configure, truth
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import REFUSALS

COUNT, SIZE = "72", "160"
Rows = list[tuple[dict[str, Any], PhantomTruth]]

PLACES: dict[str, Callable[[UnitTruth, PhantomTruth], object]] = {
    "side": lambda u, t: "left" if u.x < (t.width - 1) / 2 else "right",
    "level": lambda u, t: "upper" if u.y < (t.height - 1) / 2 else "lower",
    "quadrant": lambda u, t: f"{PLACES['level'](u, t)}_{PLACES['side'](u, t)}",
    "near_centre": lambda u, t: math.hypot(2 * (u.x + 0.5) / t.width - 1, 2 * (u.y + 0.5) / t.height - 1) < 0.4,
    "border": lambda u, t: u.border,
    "aspect": lambda u, t: "wider" if u.extent[2] - u.extent[0] > u.extent[3] - u.extent[1] else "taller",
    "extent": lambda u, t: extent(u.area / (t.width * t.height)),
    "clock": lambda u, t: str(
        round(math.degrees(math.atan2(u.x - (t.width - 1) / 2, (t.height - 1) / 2 - u.y)) / 30) % 12 or 12
    ),
}
PICKS: dict[str, Callable[[UnitTruth], float]] = {
    "largest": lambda u: -u.area,
    "smallest": lambda u: u.area,
    "leftmost": lambda u: u.x,
    "rightmost": lambda u: -u.x,
    "topmost": lambda u: u.y,
    "bottommost": lambda u: -u.y,
}
RANKED = {
    f"{place}_{name}": (name, rank)
    for rank, place in enumerate(("second", "third"), start=1)
    for name in ("largest", "smallest", "leftmost", "rightmost", "topmost", "bottommost")
}
JOINS: dict[str, Callable[..., bool]] = {
    "both": lambda p, q: p and q,
    "either": lambda p, q: p or q,
    "neither": lambda p, q: not (p or q),
    "no": lambda p: not p,
}
PAIRS: dict[str, Callable[[UnitTruth, UnitTruth], object]] = {
    "horizontal": lambda a, b: "left" if a.x < b.x else "right",
    "vertical": lambda a, b: "above" if a.y < b.y else "below",
    "larger": lambda a, b: a.area > b.area,
    "main_direction": lambda a, b: SECTORS[2 * round(math.atan2(b.y - a.y, a.x - b.x) / (math.pi / 2)) % 8],
    "direction": lambda a, b: SECTORS[round(math.atan2(b.y - a.y, a.x - b.x) / (math.pi / 4)) % 8],
}
BODY: dict[str, Callable[[UnitTruth, UnitTruth, bool], object]] = {
    # The patient's left is at the viewer's right unless the picture is flipped; slices show the front above, films the
    # head.
    "lateral": lambda a, b, mirrored: "left" if (a.x > b.x) != mirrored else "right",
    "anteroposterior": lambda a, b, _: "posterior" if a.y > b.y else "anterior",
    "craniocaudal": lambda a, b, _: "inferior" if a.y > b.y else "superior",
}
SECTORS = ("right", "upper_right", "above", "upper_left", "left", "lower_left", "below", "lower_right")


def extent(fraction: float) -> str:
    names = {0.05: "under_5", 0.15: "5_to_15", 0.4: "15_to_40"}
    return next((name for bound, name in names.items() if fraction < bound), "over_40")


class Unknown(Exception):
    """A relation that the parameters do not tell."""


def in_half(unit: UnitTruth, half: str, facts: PhantomTruth) -> bool:
    return half in str(PLACES["quadrant"](unit, facts)).split("_")


def chosen(name: str, node: ast.Call, facts: PhantomTruth) -> Any:
    """Words with a place for an argument."""
    units, place = told(node.args[-2], facts), ast.literal_eval(node.args[-1])
    if name == "toward":
        to = told(node.keywords[0].value, facts)
        relation = PAIRS["horizontal" if place in ("left", "right") else "vertical"]
        return [unit for unit in units if unit is not to and relation(unit, to) == place]
    kept = [unit for unit in units if in_half(unit, place, facts)]
    if name == "within":
        return kept
    return len(kept) == len(units) if name == "every" else kept == [told(node.args[0], facts)]


def lies_between(a: UnitTruth, b: UnitTruth, c: UnitTruth) -> bool:
    ways = [math.atan2(other.y - a.y, other.x - a.x) for other in (b, c)]
    return math.cos(ways[0] - ways[1]) < math.cos(math.radians(112.5))  # true from 135, false up to 90 degrees


def told(node: ast.expr, facts: PhantomTruth) -> Any:
    """Value of a program, from the parameters."""
    if isinstance(node, ast.Compare):
        return told(node.left, facts) == ast.literal_eval(node.comparators[0])
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    name = node.func.id
    if name in ("the", "all", "exists", "among"):
        units = [unit for arg in node.args for unit in facts.of(ast.literal_eval(arg))]
        return units[0] if name == "the" else bool(units) if name == "exists" else units
    if name in ("within", "toward", "every", "only"):
        return chosen(name, node, facts)
    known = [told(arg, facts) for arg in node.args]
    if name == "count":
        return len(known[0])
    if name in JOINS:
        return JOINS[name](*known)
    if name in PICKS:
        return min(known[0], key=PICKS[name])
    if name in RANKED:
        base, rank = RANKED[name]
        return sorted(known[0], key=PICKS[base])[rank]
    if name == "between":
        return lies_between(*known)
    if name in PLACES:
        return PLACES[name](known[0], facts)
    if name in PAIRS:
        return PAIRS[name](known[0], known[1])
    if name in BODY:
        return BODY[name](known[0], known[1], facts.mirrored)
    raise Unknown(name)


def stored(row: dict[str, Any], value: Any) -> object:
    """What a row says, in the form in which ``told`` says it."""
    if isinstance(value, bool):
        return row["value"] == "true"
    if isinstance(value, int):
        return int(row["value"])
    return row["value"]


def where(row: dict[str, Any], view: dict[str, Any]) -> list[tuple[float, float]]:
    return [tuple(view["structures"][int(i)]["centroid"]) for i in row["value"].split(",") if i]


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    out = tmp_path_factory.mktemp("phantoms") / "out"
    options = (("count", COUNT), ("size", SIZE))
    choice = SourceChoice(name="phantom", root=None, options=options)
    settings = Settings(sources=(choice,))
    build(settings, out, workers=1, overwrite=False, limits=Limits(), stage=lambda *_: lambda _: None)
    rows = [row for path in sorted((out / "data").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    return {row["case_id"]: row for row in rows}


def questions(views: dict[str, dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], PhantomTruth]]:
    for ref in configure(count=COUNT, size=SIZE).index(Path()):
        assert isinstance(ref, CaseRef)
        view = views[ref.case_id]
        for row in view["qa"]:
            yield row, view, truth(ref)


@pytest.mark.long
def test_answers_agree_with_the_parameters(views: dict[str, dict[str, Any]]) -> None:
    """No mask is looked at; whatever the parameters tell, the shard says too."""
    tested: Counter[str] = Counter()
    for row, view, facts in questions(views):
        if row["value"] in REFUSALS:
            lacking = [label for label in programs.labels(row["program"]) if not facts.of(label)]
            assert (row["value"] == "absent") == (len(lacking) == 1), row["program"]
            continue
        try:
            value = told(ast.parse(row["program"], mode="eval").body, facts)
        except Unknown:
            tested["not told by parameters"] += 1
            continue
        tested["told"] += 1
        if isinstance(value, UnitTruth | list):
            units = value if isinstance(value, list) else [value]
            expected = sorted((unit.x, unit.y) for unit in units)
            assert sorted(where(row, view)) == [pytest.approx(point, abs=1.5) for point in expected], row["program"]
        else:
            assert stored(row, value) == value, (view["view_id"], row["program"])
    assert tested["told"] > 2.5 * tested["not told by parameters"]  # gaps and shares are not
