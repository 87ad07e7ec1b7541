"""Config ``preview`` is drawn again from pictures and masks; whatever else it shows is a fault."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.preview import preview_row
from mmrs_builder.verify import verify
from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.verify.reseal import replace_view, write_manifest, write_shard
from tests.verify.drawn import draw, rectangle, view

Row = dict[str, Any]


@pytest.fixture
def shown(folder: Path, rows: list[Row], language_json: Row) -> Callable[[list[Row]], Path]:
    """Adds preview rows to a sound folder and seals it."""

    def add(previews: list[Row]) -> Path:
        write_shard(folder / "preview" / "train-00000-of-00001.parquet", "preview", language_json, previews)
        write_manifest(folder, json.loads((folder / MANIFEST).read_text()))
        return folder

    return add


def faults(out: Path) -> list[str]:
    found = verify(out).faults
    assert {fault.code for fault in found} <= {"preview"}
    return [fault.detail for fault in found]


def png(pixels: np.ndarray[Any, Any]) -> Row:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return {"bytes": stream.getvalue(), "path": None}


def test_previews_that_show_their_views_verify(rows: list[Row], shown: Callable[[list[Row]], Path]):
    assert faults(shown([preview_row(rows[0])])) == []


def test_a_folder_without_previews_verifies(folder: Path):
    assert faults(folder) == []


def test_a_pixel_painted_over_is_noticed(rows: list[Row], shown: Callable[[list[Row]], Path]):
    row = preview_row(rows[0])
    pixels = np.array(Image.open(io.BytesIO(row["overlay"]["bytes"])))  # type: ignore[index]
    pixels[3, 4, 1] ^= 8
    assert faults(shown([{**row, "overlay": png(pixels)}])) == ["1 pixels of the overlay differ, the first at (4, 3)"]


def test_another_size_is_noticed(rows: list[Row], shown: Callable[[list[Row]], Path]):
    row = {**preview_row(rows[0]), "overlay": png(np.zeros((5, 7, 3), np.uint8))}
    assert faults(shown([row])) == ["overlay of 7 x 5 instead of 40 x 20 in RGB"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "elsewhere"),
        ("license", None),
        ("legend", [{"label": "liver", "colour": "#000000"}]),
        ("qa", []),
        ("overlay", {"bytes": b"no picture", "path": None}),
        ("overlay", None),
    ],
)
def test_what_the_view_does_not_say_is_noticed(
    field: str, value: object, rows: list[Row], shown: Callable[[list[Row]], Path]
):
    (detail,) = faults(shown([{**preview_row(rows[0]), field: value}]))
    assert detail.startswith(field)


def test_a_preview_of_no_view_one_twice_and_one_in_another_split_are_noticed(
    rows: list[Row], shown: Callable[[list[Row]], Path]
):
    row, other = preview_row(rows[0]), preview_row(rows[1])
    assert faults(shown([row, row, {**row, "view_id": "nowhere"}, other])) == [
        "occurs twice", "test in a shard of train", "no such view in data/",
    ]  # fmt: skip


def test_a_view_that_was_changed_and_sealed_again_has_its_new_preview(
    rows: list[Row], shown: Callable[[list[Row]], Path]
):
    out = shown([preview_row(rows[0])])
    changed = {**rows[0], "structures": [{**s, "touches_border": True} for s in rows[0]["structures"]]}
    replace_view(out, {**changed, "source": "elsewhere"})
    assert {fault.code for fault in verify(out).faults} == {"border"}


def test_pictures_that_are_too_large_are_reduced_and_thin_masks_stay_visible(
    publish: Callable[..., Path], language_json: Row
):
    size, line = (1100, 700), (1097, 100, 1098, 600)
    noise = np.random.default_rng(0).integers(0, 256, (700, 1100, 3), dtype=np.uint8)
    large = view(
        "large", "train", noise, structures=[rectangle("liver", "whole", line, size, None)],
        masks=[draw(size, line)], qa=[],
    )  # fmt: skip
    out, row = publish([large]), preview_row(large)
    write_shard(out / "preview" / "train-00000-of-00001.parquet", "preview", language_json, [row])
    write_manifest(out, json.loads((out / MANIFEST).read_text()))
    assert faults(out) == []
    pixels = np.array(Image.open(io.BytesIO(row["overlay"]["bytes"])))  # type: ignore[index]
    assert pixels.shape == (234, 367, 3)
    assert (pixels == (255, 200, 40)).all(axis=2).sum() == len(range(100 // 3, 600 // 3))
