"""Every bad file is used rightly or refused with its own reason; the others are published."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.build import corpus as frames
from tests.build.command import Result, mmrs
from tests.corpora import mask
from tests.io.drawing import coloured, encoded, exif, grey, square, stored_as

GOOD = 5
IMAGE, MASK = "images/bad.jpg", "masks/bad.jpg"
Damage = Callable[[Path], object]


def build(root: Path, out: Path, *options: object) -> Result:
    return mmrs("build", "--source", "kvasir", "--data", root, "--out", out, "--workers", 1, "--json", *options)


def rejects(out: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (out / ".mmrs" / "rejects.jsonl").read_text().splitlines()]


def views(out: Path) -> dict[str, dict[str, Any]]:
    shards = sorted((out / "data").glob("*.parquet"))
    return {row["case_id"]: row for shard in shards for row in pq.read_table(shard).to_pylist()}


def write(path: str, data: bytes) -> Damage:
    return lambda root: (root / path).write_bytes(data)


def picture(mode: str, path: str = IMAGE, kind: str = "PNG") -> Damage:
    """Replace a file by the same picture in another mode."""

    def damage(root: Path) -> None:
        with Image.open(root / path) as image:
            converted = image.convert(mode)
        (root / path).write_bytes(encoded(converted, kind))

    return damage


def cut(path: str) -> Damage:
    return lambda root: (root / path).write_bytes((root / path).read_bytes()[:-200])


def link_out(root: Path) -> None:
    (root / IMAGE).rename(root.parent / "elsewhere.jpg")
    (root / IMAGE).symlink_to(root.parent / "elsewhere.jpg")


def link_to_itself(root: Path) -> None:
    (root / IMAGE).unlink()
    (root / IMAGE).symlink_to("bad.jpg")


def pipe(root: Path) -> None:
    (root / IMAGE).unlink()
    os.mkfifo(root / IMAGE)


def second(root: Path) -> None:
    (root / "images" / "bad.png").write_bytes((root / IMAGE).read_bytes())


def transparent() -> bytes:
    pixels = np.dstack([coloured(*frames.SIZE), np.full(frames.SIZE[::-1], 255, np.uint8)])
    pixels[5, 5, 3] = 10
    return encoded(pixels)


def white(root: Path) -> None:
    mask(root / MASK, (0, 0, *frames.SIZE), size=frames.SIZE)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "cut image": (cut(IMAGE), "truncated"),
    "cut mask": (cut(MASK), "truncated"),
    "mask of another size": (lambda root: mask(root / MASK, (2, 2, 20, 20), size=(32, 48)), "size_mismatch"),
    "missing mask": (lambda root: (root / MASK).unlink(), "no_mask"),
    "missing image": (lambda root: (root / IMAGE).unlink(), "no_image"),
    "two images": (second, "duplicate_stem"),
    "empty mask": (lambda root: mask(root / MASK, size=frames.SIZE), "mask_empty"),
    "white mask": (white, "mask_full"),
    "coloured mask": (write(MASK, encoded(coloured(*frames.SIZE))), "mask_coloured"),
    "grey mask": (write(MASK, encoded(coloured(*frames.SIZE)[:, :, 0])), "mask_not_binary"),
    "transparent image": (write(IMAGE, transparent()), "transparent"),
    "no byte": (write(IMAGE, b""), "empty_file"),
    "one pixel": (write(IMAGE, encoded(Image.new("L", (1, 1)))), "too_small"),
    "text": (write(IMAGE, b"this is not a picture\n" * 40), "not_an_image"),
    "link out of the corpus": (link_out, "outside_root"),
    "link to itself": (link_to_itself, "unreadable"),
    "pipe": (pipe, "not_regular"),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_cannot_be_used_is_named_with_its_reason_and_the_build_goes_on(
    tmp_path: Path, damage: Damage, reason: str
):
    root, out = frames.write(tmp_path / "corpus", GOOD), tmp_path / "out"
    frames.add(root, "bad", 99)
    damage(root)
    done = build(root, out)
    assert done.code == 0, done.err
    assert [(drop["reason"], "bad" in drop["what"]) for drop in rejects(out)] == [(reason, True)]
    assert json.loads(done.out)["cases"]["kvasir"] == {"found": GOOD + 1, "used": GOOD, "rejected": 1}
    assert len(views(out)) == GOOD


CONVERSIONS: dict[str, tuple[Damage, str | None]] = {
    "opaque RGBA": (picture("RGBA"), "rgb8/1"),
    "palette": (picture("P"), "rgb8/1"),
    "CMYK": (picture("CMYK", kind="JPEG"), "rgb8:cmyk/1"),
    "16-bit": (picture("I;16"), "grey16:p0.5-99.5/1"),
    "grey": (picture("L"), None),
    "one-bit mask": (picture("1", MASK), None),
    "RGB mask": (picture("RGB", MASK), None),
    "palette mask": (picture("P", MASK), None),
}


@pytest.mark.parametrize(("change", "render"), CONVERSIONS.values(), ids=CONVERSIONS.keys())
def test_an_unusual_pixel_type_is_used_and_the_rendering_stated(tmp_path: Path, change: Damage, render: str | None):
    root, out = frames.write(tmp_path / "corpus", GOOD), tmp_path / "out"
    frames.add(root, "bad", 99)
    (x0, y0, x1, y1), *_ = frames.boxes(99)
    change(root)
    assert build(root, out).code == 0
    row = views(out)["bad"]
    assert rejects(out) == []
    assert row["render"] == render
    with Image.open(io.BytesIO(row["image"]["bytes"])) as image:
        assert image.size == frames.SIZE
        assert image.mode in ("L", "RGB")
    assert row["structures"][0]["area_px"] == pytest.approx((x1 - x0) * (y1 - y0), rel=0.02)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user who may be refused; root may not")
def test_a_file_without_permission_is_named(tmp_path: Path):
    root, out = frames.write(tmp_path / "corpus", GOOD), tmp_path / "out"
    (root / "masks" / "frame001.jpg").chmod(0)
    assert build(root, out).code == 0
    assert [drop["reason"] for drop in rejects(out)] == ["unreadable"]


def test_unreadable_files_above_the_limit_end_with_3_and_the_others_are_published(tmp_path: Path):
    root, out = frames.write(tmp_path / "corpus", GOOD), tmp_path / "out"
    for number in range(4):
        frames.add(root, f"cut{number}", number)
        (root / "images" / f"cut{number}.jpg").write_bytes(b"")
    done = build(root, out)
    assert done.code == 3
    assert "4 of 9" in done.err
    assert str(out / ".mmrs" / "rejects.jsonl") in done.err
    assert len(views(out)) == GOOD
    assert build(root, out, "--quarantine-max", 0.5).code == 0


def test_three_unreadable_files_are_always_tolerated(tmp_path: Path):
    root = frames.write(tmp_path / "corpus", GOOD)
    for number in range(3):
        frames.add(root, f"cut{number}", number)
        (root / "masks" / f"cut{number}.jpg").write_bytes(b"")
    assert build(root, tmp_path / "out", "--quarantine-max", 0).code == 0


def test_pairs_refused_by_rule_never_count_against_the_limit(tmp_path: Path):
    root, out = frames.write(tmp_path / "corpus", GOOD), tmp_path / "out"
    for number in range(6):
        frames.add(root, f"refused{number}", number)
        mask(root / "masks" / f"refused{number}.jpg", size=frames.SIZE)
    assert build(root, out, "--quarantine-max", 0).code == 0
    assert {drop["reason"] for drop in rejects(out)} == {"mask_empty"}


def test_a_corpus_without_any_usable_file_publishes_nothing(tmp_path: Path):
    root, out = frames.write(tmp_path / "corpus", 2), tmp_path / "out"
    for path in (root / "images").iterdir():
        path.write_bytes(b"")
    done = build(root, out)
    assert done.code not in (0, 1)
    assert not (out / "data").exists()
    assert len(rejects(out)) == 2


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """One photograph stored in each of the eight ways that EXIF knows, and its mask likewise."""
    folder = tmp_path_factory.mktemp("turned")
    for number in range(1, 9):
        for name, pixels in (("images", coloured()), ("masks", grey(square()))):
            path = folder / "corpus" / name / f"way{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            stored = encoded(stored_as(pixels, number), "JPEG", quality=100, subsampling=0, exif=exif(number))
            path.write_bytes(stored)
    done = build(folder / "corpus", folder / "out", "--questions-per-view", 1000)
    assert done.code == 0, done.err
    return views(folder / "out")


@pytest.mark.parametrize("number", range(1, 9))
def test_a_turned_picture_is_stored_upright_without_its_tag(turned: dict[str, dict[str, Any]], number: int):
    with Image.open(io.BytesIO(turned[f"way{number}"]["image"]["bytes"])) as image:
        assert not image.getexif()
        assert np.abs(np.asarray(image).astype(int) - coloured()).max() < 8


def test_the_structure_of_a_turned_picture_is_that_of_the_upright_one(turned: dict[str, dict[str, Any]]):
    found = [turned[f"way{number}"]["structures"][0] for number in range(1, 9)]
    assert [structure["bbox"] for structure in found] == [[3, 4, 13, 12]] * 8


def test_a_turned_picture_is_answered_as_the_upright_one(turned: dict[str, dict[str, Any]]):
    asked = [item for row in turned.values() for item in row["qa"] if item["program"] == 'quadrant(the("polyp"))']
    assert len(asked) > 1
    assert {item["value"] for item in asked} == {"upper_left"}


@pytest.mark.parametrize(
    ("source", "files"),
    [("nnunet", {}), ("nnunet", {"dataset.json": '{"labels":'}), ("nifti", {"labels.json": "{"}), ("nifti", {})],
)
def test_a_corpus_that_does_not_say_what_its_labels_mean_ends_with_2(
    tmp_path: Path, source: str, files: dict[str, str]
):
    (tmp_path / "corpus").mkdir()
    for name, text in files.items():
        (tmp_path / "corpus" / name).write_text(text, encoding="utf-8")
    option = ("--set", "nifti.labels=labels.json") if source == "nifti" else ()
    done = mmrs("build", "--source", source, "--data", tmp_path / "corpus", "--out", tmp_path / "out", *option)
    assert (done.code, "Traceback" in done.err) == (2, False)
    assert "mmrs inspect" in done.err
