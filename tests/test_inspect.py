"""The diagnosis of a folder before its first build."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.inspect import inspect, lines, to_json
from tests.corpora import kvasir, mask, picture, save
from tests.io.drawing import exif


def test_a_known_layout_is_recognised(tmp_path: Path):
    kvasir.write(tmp_path)
    assert [(source, cases) for source, cases, _ in inspect(tmp_path).fits] == [("kvasir", 6)]


@pytest.mark.parametrize(
    ("image", "masked", "rule"),
    [
        ("images/a.png", "masks/a.png", "{parent}/../masks/{stem}.*"),
        ("a.jpg", "a_mask.png", "{parent}/{stem}_mask*.*"),
        ("x/Original/1.tif", "x/Ground Truth/1.tif", "{parent}/../Ground Truth/{stem}.*"),
        ("in [1]/s.png", "out/s_segmentation.png", "{parent}/../out/{stem}_segmentation.*"),
        ("scans/a.png", "scans/mask_a.png", "{parent}/mask_{stem}.*"),
    ],
)
def test_the_pairing_rule_is_guessed(tmp_path: Path, image: str, masked: str, rule: str):
    picture(tmp_path / image, 1)
    mask(tmp_path / masked, (0, 0, 9, 9))
    found = inspect(tmp_path)
    assert (found.pairs, found.masks, found.unmatched) == (1, rule, ())


def test_defects_are_named(tmp_path: Path):
    for seed, name in ((1, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "lonely")):
        picture(tmp_path / "images" / f"{name}.png", seed)
    mask(tmp_path / "masks" / "a.png", (0, 0, 9, 9))
    mask(tmp_path / "masks" / "b.png")
    mask(tmp_path / "masks" / "c.png", (0, 0, 9, 9), size=(9, 48))
    save(tmp_path / "masks" / "d.png", np.arange(48 * 64).reshape(48, 64).astype(np.uint8))
    found = inspect(tmp_path)
    assert found.checked.duplicates == (("images/a.png", "images/b.png"),)
    assert found.checked.empty == ("masks/b.png",)
    assert dict(found.checked.refused) == {"masks/c.png": "size_mismatch", "masks/d.png": "mask_not_binary"}
    assert len(found.checked.values) == 256
    assert found.unmatched == ("images/lonely.png",)


def test_jpeg_masks_junk_and_links_are_named(tmp_path: Path):
    picture(tmp_path / "images" / "a.jpg", 1)
    mask(tmp_path / "masks" / "a.jpg", (0, 0, 9, 9))
    (tmp_path / "images" / "._a.jpg").write_bytes(b"")
    (tmp_path / "out").symlink_to(tmp_path.parent)
    found = inspect(tmp_path)
    assert (found.checked.lossy, found.junk, found.outside) == (("masks/a.jpg",), 1, ("out",))


def test_a_folder_without_pictures_is_described(tmp_path: Path):
    (tmp_path / "README").write_text("nothing here", encoding="utf-8")
    assert list(lines(inspect(tmp_path))) == [f"{tmp_path}: 1 (none)"]


def test_what_is_no_folder_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="is not a folder"):
        inspect(tmp_path / "nowhere")


def test_json_says_what_the_lines_say(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    mask(tmp_path / "masks" / "a.png", (0, 0, 9, 9))
    found = inspect(tmp_path)
    assert json.loads(to_json(found))["masks"] == found.masks
    assert any(str(found.masks) in line for line in lines(found))


def test_the_twin_among_the_real_ultrasounds_is_found(samples: Path):
    found = inspect(samples / "busi")
    assert [[path[-9:-4] for path in same] for same in found.checked.duplicates] == [["(433)", "(145)"]]
    assert (found.pairs, len(found.checked.empty)) == (20, 3)


def test_what_to_say_of_private_data_and_turned_pictures_is_suggested(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    Image.open(tmp_path / "images" / "a.png").save(tmp_path / "images" / "a.png", exif=exif(3))
    mask(tmp_path / "masks" / "a.png", (0, 0, 9, 9))
    text = "\n".join(lines(inspect(tmp_path)))
    assert "ids='rank'" in text
    assert "mask_grid='stored'" in text


def test_a_name_that_cannot_be_printed_is_named_with_its_bytes(tmp_path: Path):
    (tmp_path / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    assert any("bad\\xff.png" in line for line in lines(inspect(tmp_path)))
