"""The diagnosis of a folder before its first build."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.inspect import inspect, to_json
from mmrs_builder.inspect.text import lines
from mmrs_builder.sources.phantom import configure
from tests.corpora import kvasir, mask, picture, save
from tests.io.drawing import exif


def test_a_known_layout_is_recognised(tmp_path: Path):
    kvasir.write(tmp_path)
    assert ("kvasir", 6) in [(fit.source, fit.cases) for fit in inspect(tmp_path).fits]


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
    assert (found.layout.pairs, found.layout.masks, found.layout.unmatched) == (1, rule, ())


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
    refused = {refusal.what: (refusal.reason, refusal.detail) for refusal in found.checked.refused}
    assert refused["masks/c.png"] == ("size_mismatch", "9 x 48, image 64 x 48")
    assert refused["masks/d.png"][0] == "mask_not_binary"
    assert (len(found.checked.values), dict(found.checked.not_binary)) == (256, {"masks/d.png": 256})
    assert found.checked.photographs == ("masks/d.png",)
    assert found.layout.without_mask == ("images/lonely.png",)


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
    assert json.loads(to_json(found))["layout"]["masks"] == found.layout.masks
    assert any(found.layout.masks in line for line in lines(found))


def test_the_twin_among_the_real_ultrasounds_is_found(samples: Path):
    found = inspect(samples / "busi")
    assert [[path[-9:-4] for path in same] for same in found.checked.duplicates] == [["(433)", "(145)"]]
    assert (found.layout.pairs, len(found.checked.empty), len(found.checked.overlays)) == (20, 3, 16)


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


def test_masks_without_an_image_and_pictures_of_neither_kind_are_named(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    for name in ("a", "orphan"):
        mask(tmp_path / "masks" / f"{name}.png", (0, 0, 9, 9))
    picture(tmp_path / "logo" / "b.jpg", 2)
    layout = inspect(tmp_path).layout
    assert (layout.without_image, layout.unmatched) == (("masks/orphan.png",), ("logo/b.jpg",))


def test_an_image_that_is_a_mask_is_named(tmp_path: Path):
    for seed, name in enumerate("abc"):
        picture(tmp_path / "images" / f"{name}.png", seed)
        mask(tmp_path / "masks" / f"{name}.png", (0, 0, 9, 9))
    mask(tmp_path / "images" / "c.png", (5, 5, 20, 20))
    assert inspect(tmp_path).checked.masklike == ("images/c.png",)


def test_one_name_in_several_folders_is_named(tmp_path: Path):
    for seed, folder in enumerate(("benign", "malignant")):
        picture(tmp_path / folder / "images" / "1.png", seed)
        mask(tmp_path / folder / "masks" / "1.png", (0, 0, 9, 9))
    assert inspect(tmp_path).layout.same_names == (("benign/images/1.png", "malignant/images/1.png"),)


def test_label_numbers_colours_and_palettes_are_told(tmp_path: Path):
    numbers = np.zeros((48, 64), np.uint8)
    numbers[4:12, 4:12], numbers[20:30, 20:30] = 1, 2
    palette = Image.fromarray(numbers, "L").convert("P")
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    picture(tmp_path / "images" / "a.png", 1)
    (tmp_path / "masks").mkdir()
    palette.save(tmp_path / "masks" / "a.png")
    found = inspect(tmp_path)
    assert found.checked.palettes == ("masks/a.png",)
    assert dict(found.checked.codes) == {"0": 48 * 64 - 164, "1": 64, "2": 100}
    assert "say values='1=?,2=?'" in "\n".join(lines(found))


def test_a_mirrored_corpus_is_suspected_and_an_upright_one_is_not(tmp_path: Path):
    source = configure(count="60")
    for ref in source.index(Path()):
        if ref.modality == "xray":
            (view,) = source.load(ref).views
            for way, step in (("right", 1), ("wrong", -1)):
                save(tmp_path / way / "images" / f"{ref.case_id}.png", view.picture.pixels)
                drawn = view.annotations[0].mask[:, ::step].astype(np.uint8) * 255
                save(tmp_path / way / "masks" / f"{ref.case_id}.png", drawn)
    assert inspect(tmp_path / "right").checked.mirrored is None
    found = inspect(tmp_path / "wrong")
    assert found.checked.mirrored is not None
    assert (found.checked.mirrored.turn, found.checked.mirrored.decided) == ("mirrored left to right", 10)
    assert any(line.startswith("suspicion: masks fit better mirrored") for line in lines(found))


def test_the_side_of_masks_named_left_is_told(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    mask(tmp_path / "masks" / "a_left_lung.png", (40, 4, 60, 40))
    mask(tmp_path / "masks" / "a_right_lung.png", (4, 4, 24, 40))
    assert inspect(tmp_path).checked.sides == (("left structures at the viewer's right", 1),)


def test_no_more_pairs_are_opened_than_asked_for(tmp_path: Path):
    kvasir.write(tmp_path)
    found = inspect(tmp_path, most=2)
    assert (found.checked.read, found.layout.pairs > 2) == (2, True)


def test_nothing_is_written(tmp_path: Path):
    kvasir.write(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    inspect(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_real_corpora_raise_the_alarms_they_deserve(samples: Path):
    """JPEG masks and text in Kvasir-SEG, stray greys in CVC-ClinicDB, empty slices in TCGA-LGG; nothing is mirrored."""
    found = inspect(samples / "kvasir-seg")
    assert (len(found.checked.lossy), len(found.checked.overlays), found.checked.mirrored) == (40, 35, None)
    found = inspect(samples / "cvc-clinicdb")
    assert (dict(found.checked.kinds), found.checked.overlays) == ({"binary": 27, "fringed": 8}, ())
    found = inspect(samples / "lgg-mri")
    assert (found.layout.pairs, len(found.checked.empty), found.checked.mirrored) == (28, 17, None)
    found = inspect(samples / "finding-lungs-ct")
    assert len(found.checked.masklike) == 10, "the upstream conversion wrapped the grey values"


def test_rotated_slices_are_told_by_their_sides(samples: Path):
    """SAM-Med2D holds TotalSegmentator slices turned by 180 degrees: left structures lie at the viewer's left."""
    assert inspect(samples / "sam-med2d-demo").checked.sides == (("left structures at the viewer's left", 8),)
