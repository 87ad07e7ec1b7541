"""Answers about the patient, derived from where the generator put the organs, and from no mask and no array at all."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from mmrs_builder import structures
from mmrs_builder.evaluate import NoValue, evaluate, measured
from mmrs_builder.naming import vocabulary
from mmrs_builder.phantoms.solids import reach
from mmrs_builder.phantoms.volume_truth import SolidTruth, VolumeTruth
from mmrs_builder.sources.phantom import configure, load, volume_truth
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import REFUSALS
from tests.build.command import mmrs

VOLUMES = 10
AXES = {"lateral": 0, "anteroposterior": 1, "craniocaudal": 2}
TOKENS = {
    "lateral": ("left", "right"),
    "anteroposterior": ("posterior", "anterior"),
    "craniocaudal": ("superior", "inferior"),
}
PAIRED = ("kidney", "lung")


class Undecided(Exception):
    """The parameters do not tell, or not clearly."""


@dataclass(frozen=True)
class Cut:
    """A volume's truth, and the plane of one slice: a point of it and its normal."""

    facts: VolumeTruth
    point: np.ndarray
    normal: np.ndarray

    def one(self, label: str) -> SolidTruth:
        """The one unit of a label that the slice meets."""
        met = [unit for unit in self.facts.of(label) if self.meets(unit)]
        if len(met) != 1:
            raise Undecided(f"{len(met)} {label}")
        return met[0]

    def meets(self, unit: SolidTruth) -> bool:
        apart = abs(float(self.normal @ (np.asarray(unit.centre) - self.point)))
        return apart < reach(unit.solid, tuple(self.normal.tolist()))

    def compared(self, relation: str, a: str, b: str) -> str:
        """The first token where ``a`` lies further along the axis; undecided below a quarter of both extents."""
        axis, one, other = AXES[relation], self.one(a), self.one(b)
        ahead = one.centre[axis] - other.centre[axis]
        if abs(ahead) <= (one.reach[axis] + other.reach[axis]) / 2:
            raise Undecided(relation)
        return TOKENS[relation][0 if ahead > 0 else 1]

    def side(self, label: str) -> str:
        """The half of the body, from the middle between the paired organs."""
        unit = self.one(label)
        pairs = [[self.one(f"{name}_{side}") for side in ("left", "right")] for name in PAIRED if self.both(name)]
        if not pairs:
            raise Undecided("no pair")
        off = unit.centre[0] - float(np.mean([organ.centre[0] for pair in pairs for organ in pair]))
        if abs(off) <= unit.reach[0] / 2:
            raise Undecided("near the middle")
        return "left" if off > 0 else "right"

    def both(self, name: str) -> bool:
        return all(any(map(self.meets, self.facts.of(f"{name}_{side}"))) for side in ("left", "right"))

    def told(self, program: str) -> str:
        """Value of a program as text."""
        node = ast.parse(program, mode="eval").body
        if isinstance(node, ast.Compare):
            return str(self.value(node.left) == ast.literal_eval(node.comparators[0])).lower()
        return self.value(node)

    def value(self, node: ast.expr) -> str:
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        labels = [named(arg) for arg in node.args]
        if node.func.id in AXES:
            return self.compared(node.func.id, *labels)
        if node.func.id == "body_side":
            return self.side(*labels)
        if node.func.id == "laterality":
            return "ipsilateral" if self.side(labels[0]) == self.side(labels[1]) else "contralateral"
        raise Undecided(node.func.id)


def named(node: ast.expr) -> str:
    """The label in ``the("label")``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "the":
        return str(ast.literal_eval(node.args[0]))
    raise Undecided(ast.unparse(node))


def cut(facts: VolumeTruth, origin: Any, direction: Any) -> Cut:
    down, right = np.asarray(direction)
    return Cut(facts, np.asarray(origin), np.cross(right, down))


def references() -> list[CaseRef]:
    refs = configure(count="1", volumes=str(VOLUMES)).index(Path())
    return [ref for ref in refs if isinstance(ref, CaseRef) and ref.case_id.startswith("volume-")]


def programs(labels: list[str]) -> Iterator[str]:
    for a, b in permutations(labels, 2):
        for relation in (*AXES, "laterality"):
            yield f'{relation}(the("{a}"), the("{b}"))'
    for label in labels:
        yield f'body_side(the("{label}"))'


@pytest.mark.long
def test_every_sure_answer_about_the_patient_agrees_with_the_parameters():
    compared: Counter[str] = Counter()
    for ref in references():
        facts = volume_truth(ref)
        for view in load(ref).views:
            plane = cut(facts, view.grid.origin, view.grid.direction)
            on = measured(structures.scene(view, "phantom", ref.modality, vocabulary())[0], vocabulary())
            for program in programs(sorted({a.label for a in view.annotations})):
                try:
                    told, found = plane.told(program), evaluate(program, on)
                except (Undecided, NoValue):
                    continue
                if found.margin >= 0.1:
                    assert found.value == told, (view.view_id, program)
                    compared[program.partition("(")[0]] += 1
    assert set(compared) == {*AXES, "body_side", "laterality"}
    assert min(compared.values()) > 100, compared


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The views of the volumes, built as a user builds them."""
    out = tmp_path_factory.mktemp("volumes") / "out"
    words = ["--source", "phantom", "--set", "phantom.count=1", "--set", f"phantom.volumes={VOLUMES}"]
    done = mmrs("build", *words, "--questions-per-view", 20, "--out", out, "--workers", 1)
    assert done.code == 0, done.err
    found = [row for path in sorted((out / "data").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    return [row for row in found if row["case_id"].startswith("volume-")]


@pytest.mark.long
def test_published_answers_about_the_patient_agree_with_the_parameters(rows: list[dict[str, Any]]):
    facts = {ref.case_id: volume_truth(ref) for ref in references()}
    compared: Counter[str] = Counter()
    for row in rows:
        plane = cut(facts[row["case_id"]], row["origin_mm"], row["direction"])
        for item in row["qa"]:
            if item["frame"] != "patient" or item["value"] in REFUSALS:
                continue
            try:
                told = plane.told(item["program"])
            except Undecided:
                compared["undecided"] += 1
                continue
            assert item["value"] == told, (row["view_id"], item["program"])
            compared["told"] += 1
    assert compared["told"] > 100, compared
    assert compared["told"] > compared["undecided"]


@pytest.mark.long
def test_every_volume_is_published_in_all_planes(rows: list[dict[str, Any]]):
    planes = {(row["case_id"], row["plane"]) for row in rows}
    assert planes == {(ref.case_id, plane) for ref in references() for plane in ("axial", "coronal", "sagittal")}
    assert {row["laterality_evidence"] for row in rows} == {"header"}
