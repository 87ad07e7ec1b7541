"""Artefacts of the stages: scenes as text, and tables of which a group of rows is read without the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mmrs_builder.build.stage import GROUP, read_group, scene_from_json, scene_published, scene_to_json, write_table
from mmrs_builder.language import unworded
from mmrs_builder.templates import shipped
from mmrs_builder.types import Jitter, Marker, Pair, Scene, Twin
from tests.scenes import board, rectangles

PLAIN = board(liver=rectangles((20, 20), (1, 1, 6, 6)), polyp=rectangles((20, 20), (12, 2, 15, 5), (14, 12, 18, 16)))
MOVED = tuple(replace(pair, gap_px=pair.gap_px + 0.1) for pair in PLAIN.scene.pairs)
HANDS = tuple(
    Jitter(way=way, structures=PLAIN.scene.structures[::-1], pairs=pairs)
    for way, pairs in (("grown", MOVED), ("up_left", PLAIN.scene.pairs))
)
TWIN = Twin(of="v", op="markers", params=(("x", 1.0),), markers=(Marker(glyph="A", x=1, y=2, structure=0),))


@pytest.mark.parametrize("scene", [PLAIN.scene, replace(PLAIN.scene, jitter=HANDS), replace(PLAIN.scene, twin=TWIN)])
def test_a_scene_is_read_as_it_was_written_and_in_part_without_what_only_asking_needs(scene: Scene) -> None:
    text = scene_to_json(scene)

    assert scene_from_json(text) == scene
    assert scene_published(text) == replace(scene, pairs=(), jitter=())
    assert all(isinstance(pair, Pair) for hand in scene_from_json(text).jitter for pair in hand.pairs)


def test_a_group_of_rows_is_read_without_the_others(tmp_path: Path) -> None:
    rows = [{"n": n, "text": str(n)} for n in range(GROUP + 2)]
    write_table(tmp_path / "table.parquet", rows, pa.schema([("n", pa.int32()), ("text", pa.string())]))

    assert read_group(tmp_path / "table.parquet", 0) == rows[:GROUP]
    assert read_group(tmp_path / "table.parquet", 1, ["n"]) == [{"n": GROUP}, {"n": GROUP + 1}]


def test_without_wordings_a_language_is_the_same_whatever_its_wordings() -> None:
    plain = shipped()
    families = tuple(replace(it, question=("?",), statement=("!",), bank=("?",)) for it in plain.families)

    assert unworded(replace(plain, families=families)) == unworded(plain)
    assert unworded(replace(plain, families=plain.families[1:])) != unworded(plain)


@pytest.mark.parametrize(
    "changed",
    [
        {"kinds": ("text",)}, {"min_margin": 0.11}, {"tolerance": 9.0}, {"program": 'count("liver")'},
        {"theme": "other"}, {"choices": 7}, {"unordered": ("Z",)}, {"target": 'the("liver")'},
        {"other_frame": ("count.all",)},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_what_decides_questions_is_still_told_apart_without_wordings(changed: dict[str, Any]) -> None:
    plain = shipped()
    first, *others = plain.families
    altered = replace(plain, families=(replace(first, **changed), *others))
    assert altered != plain
    assert unworded(altered) != unworded(plain)
