"""A twin is what was done to its original, asked the opposite or the same beside it, or verification says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrs_builder.verify import verify
from tests.verify.drawn import draw, png, sha
from tests.verify.gallery import SIZE, gallery

Row = dict[str, Any]
Publish = Callable[..., Path]

MIRROR, MARK, CANVAS = 1, 2, 3
WHOLE = {"x": 0.0, "y": 0.0, "width": 60.0, "height": 60.0}


def codes(folder: Path) -> set[str]:
    return {fault.code for fault in verify(folder).faults}


def changed(number: int, **fields: Any) -> list[Row]:
    rows = gallery()
    rows[number] |= fields
    return rows


def repainted(number: int, pixels: np.ndarray[Any, Any]) -> list[Row]:
    data = png(pixels)
    digest = sha(f"{pixels.dtype.name} {pixels.shape}\n".encode() + pixels.tobytes())
    image = {"image": {"bytes": data, "path": None}, "image_sha256": sha(data), "pixels_sha256": digest}
    return changed(number, **image)


def with_answer(number: int, **fields: Any) -> list[Row]:
    rows = gallery()
    rows[number]["qa"] = [{**item, **fields} for item in rows[number]["qa"]]
    return rows


def with_marker(**fields: Any) -> list[Row]:
    rows = gallery()
    for number in (MARK, CANVAS):
        rows[number]["markers"] = [rows[number]["markers"][0] | fields, rows[number]["markers"][1]]
    return rows


def test_sound_twins_verify_without_a_fault(twinned: list[Row], publish: Publish) -> None:
    report = verify(publish(twinned))
    assert [str(fault) for fault in report.faults] == []
    assert (report.tally.views, report.tally.values) == (4, 4)


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (3, 2, 1, 0)])
def test_twins_may_come_before_their_original(order: tuple[int, ...], publish: Publish) -> None:
    rows = gallery()
    assert codes(publish([rows[n] for n in order])) == set()


@pytest.mark.parametrize(
    "transform",
    [
        {"op": "turn", "params": [{"name": "quarters", "value": 2.0}]},
        {"op": "turn", "params": [{"name": "quarters", "value": 1e9}]},
        {"op": "turn", "params": [{"name": "quarters", "value": float("nan")}]},
        {"op": "crop", "params": [{"name": name, "value": value} for name, value in WHOLE.items()]},
        {"op": "crop", "params": [{"name": name, "value": value + 9 * (name == "x")} for name, value in WHOLE.items()]},
        {"op": "crop", "params": [{"name": name, "value": 1e12} for name in WHOLE]},
    ],
    ids=str,
)
def test_another_transform_does_not_give_the_picture_of_the_twin(transform: Row, publish: Publish) -> None:
    rows = changed(MIRROR, transform=transform, render=f"{transform['op']}/1")
    details = {fault.detail.split(":")[0] for fault in verify(publish(rows)).faults if fault.code == "twin"}
    assert details & {
        "its picture is not what was done to that of its original",
        "it cannot be compared with its original",
    }


@pytest.mark.parametrize(
    ("transform", "render"),
    [
        ({"op": "mirror", "params": [{"name": "quarters", "value": 2.0}]}, "mirror/1"),
        ({"op": "stretch", "params": []}, "stretch/1"),
        ({"op": "mirror", "params": []}, None),
        (None, "mirror/1"),
        (None, None),
    ],
)
def test_a_twin_that_contradicts_itself_is_caught(transform: Row | None, render: str | None, publish: Publish) -> None:
    assert "twin" in codes(publish(changed(MIRROR, transform=transform, render=render)))


def test_a_mirrored_twin_whose_picture_is_not_mirrored_is_caught(publish: Publish) -> None:
    grey = (np.arange(3600, dtype=np.uint32).reshape(60, 60) % 251).astype(np.uint8)
    assert codes(publish(repainted(MIRROR, grey))) == {"twin"}


def test_a_mirrored_twin_with_another_mask_is_caught(publish: Publish) -> None:
    rows = gallery()
    rows[MIRROR]["masks"] = [draw(SIZE, (32, 4, 56, 28)), draw(SIZE, (5, 30, 27, 54))]
    rows[MIRROR]["structures"][1] |= {"bbox": [5, 30, 27, 54], "centroid": [15.5, 41.5]}
    assert codes(publish(rows)) == {"twin"}


def test_a_sign_that_is_not_drawn_where_the_row_says_is_caught(publish: Publish) -> None:
    assert codes(publish(with_marker(x=17.0))) >= {"twin"}


def test_a_sign_with_another_look_is_caught(publish: Publish) -> None:
    rows = gallery()
    pixels = np.full((60, 60), 255, np.uint8)
    pixels[12:21, 13:20] = 0
    pixels[38:47, 42:49] = 0
    assert codes(publish(repainted(CANVAS, pixels))) == {"twin"}
    assert codes(publish(rows)) == set()


@pytest.mark.parametrize(
    "lie",
    [
        {"x": 45.0, "y": 42.0},  # in the other structure
        {"structure": 1},  # two signs on one
        {"structure": 7},
        {"glyph": "B"},
        {"glyph": "1"},
        {"glyph": "Z"},
        {"x": 1.0},  # its plate leaves the picture
        {"x": 16.5},
        {"x": float("nan")},
    ],
    ids=str,
)
def test_a_sign_that_names_something_else_is_caught(lie: Row, publish: Publish) -> None:
    assert "marker" in codes(publish(with_marker(**lie)))


def test_a_twin_without_its_original_is_caught(publish: Publish) -> None:
    rows = gallery()
    assert codes(publish(rows[MARK:])) == {"twin"}
    assert codes(publish(rows[:2])) == set()


@pytest.mark.parametrize(
    "field", [{"split": "test"}, {"group_id": "other"}, {"spacing_mm": [1.0, 1.0]}, {"absent": ["kidney"]},
              {"direction": [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], "laterality_evidence": "header"}], ids=str
)  # fmt: skip
def test_a_twin_has_from_its_original_what_it_cannot_have_of_its_own(field: Row, publish: Publish) -> None:
    assert "twin" in codes(publish(changed(MIRROR, **field)))


def test_a_twins_question_is_asked_beside_that_of_its_original(publish: Publish) -> None:
    assert codes(publish(with_answer(MIRROR, pair_id=None, pair_kind=None))) >= {"twin", "pair"}
    assert codes(publish(with_answer(MIRROR, pair_id="another"))) == {"pair"}
    assert codes(publish(with_answer(CANVAS, pair_kind="opposite"))) >= {"twin", "pair"}
    rows = gallery()
    rows[0]["qa"] = []
    assert codes(publish(rows)) == {"pair"}


def test_a_mirrored_picture_is_not_asked_about_sides_that_names_tell(publish: Publish) -> None:
    rows = gallery()
    for row in rows[:2]:
        for structure in row["structures"]:
            if structure["label"] == "liver":
                structure |= {"label": "left_kidney", "side": "left"}
        question = row["qa"][0]
        row["qa"] = [
            {
                **question,
                "program": 'quadrant(the("left_kidney"))',
                "target_program": 'the("left_kidney")',
                "question": question["question"].replace("liver", "left kidney"),
                "answer": question["answer"].replace("liver", "left kidney"),
                "question_id": sha(f'{row["view_id"]}\nopen\nquadrant(the("left_kidney"))')[:16],
                "bindings": [{**question["bindings"][0], "text": "the left kidney"}],
            }
        ]
    assert codes(publish(rows[:2])) == {"twin"}
    assert codes(publish(rows[:1])) == {"pair"}
