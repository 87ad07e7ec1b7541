"""What may be replaced, what counts as changed, and what a new version leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.build import corpus as frames
from tests.build.command import mmrs, tree


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return frames.write(tmp_path / "home", 6)


def build(home: Path, out: Path, *words: object) -> tuple[int, str]:
    done = mmrs("build", "--source", "kvasir", "--data", home, "--out", out, "--workers", 1, *words)
    return (done.code, done.out + done.err)


def test_a_new_version_without_questions_leaves_no_old_ones(home: Path, tmp_path: Path) -> None:
    """Empty masks of a corpus that does not call itself exhaustive say nothing."""
    out, bare = tmp_path / "out", frames.write(tmp_path / "bare", 2)
    build(home, out)
    assert list((out / "qa").glob("*"))
    for path in sorted((bare / "masks").glob("*")):
        Image.new("L", frames.SIZE).save(path)
    words = ("--source", "folder", "--data", bare, "--set", "folder.label=polyp", "--out", out, "--workers", 1)
    done = mmrs("build", *words, "--overwrite")
    assert done.code == 0, done.err
    assert not (out / "qa").exists()
    assert mmrs("verify", out).code == 0


def test_files_of_the_users_own_among_the_shards_are_not_deleted(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(home, out)
    (out / "data" / "notes.txt").write_text("mine")
    before = tree(out)
    code, text = build(home, out, "--limit", 3, "--overwrite")
    assert code == 2
    assert "notes.txt" in text
    assert tree(out) == before


def test_another_folder_of_the_same_corpus_needs_overwrite(home: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", frames.write(tmp_path / "other", 4)
    build(home, out)
    before = tree(out)
    code, text = build(other, out)
    assert code == 2
    assert "data" in text
    assert tree(out / "data") == {name[5:]: digest for name, digest in before.items() if name.startswith("data/")}


def test_a_mask_changed_behind_the_clock_is_noticed(home: Path, tmp_path: Path) -> None:
    """Copying programs set times of modification back; a changed mask must not pass for the old one."""
    out = tmp_path / "out"
    build(home, out)
    before = tree(out / "data")
    for path in sorted((home / "masks").glob("*")):
        times = path.stat()
        with Image.open(path) as mask:
            flipped = mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        flipped.save(path, quality=95)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    (home / "kavsir_bboxes.json").unlink(missing_ok=True)
    build(home, out)
    assert tree(out / "data") != before
    assert mmrs("verify", out).code == 0


def test_a_grey_picture_and_its_colour_copy_stay_in_one_split(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for number in range(12):
        frames.add(home, f"a{number:02d}", number)
        with Image.open(home / "images" / f"a{number:02d}.jpg") as picture:
            grey = picture.convert("L")
        (home / "images" / f"a{number:02d}.jpg").unlink()
        grey.save(home / "images" / f"a{number:02d}.png")
        grey.convert("RGB").save(home / "images" / f"b{number:02d}.png")
        mask = (home / "masks" / f"a{number:02d}.jpg").read_bytes()
        (home / "masks" / f"b{number:02d}.jpg").write_bytes(mask)
    done = mmrs(
        "build", "--source", "folder", "--data", home, "--set", "folder.label=polyp", "--out", tmp_path / "out",
        "--workers", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    rows = read(tmp_path / "out")
    assert len(rows) == 24
    assert all(rows[f"folder:images/a{n:02d}"] == rows[f"folder:images/b{n:02d}"] for n in range(12))


def read(out: Path) -> dict[str, tuple[str, str]]:
    tables = [pq.read_table(path, columns=["view_id", "split", "group_id"]) for path in (out / "data").glob("*")]
    return {row["view_id"]: (row["split"], row["group_id"]) for table in tables for row in table.to_pylist()}


def test_a_linked_corpus_folder_builds(home: Path, tmp_path: Path) -> None:
    """Researchers keep corpora on another disk and link to them."""
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "Kvasir-SEG").symlink_to(home, target_is_directory=True)
    code, text = build(desk, tmp_path / "out")
    assert code == 0, text


def test_an_output_folder_with_pattern_signs_is_refused(home: Path, tmp_path: Path) -> None:
    """``load_dataset`` would read other folders too."""
    assert build(home, tmp_path / "o*t")[0] == 2
    assert not (tmp_path / "o*t").exists()


def test_folders_whose_names_are_no_unicode_are_read_and_not_written(home: Path, tmp_path: Path) -> None:
    """Disks take any bytes for a name; Arrow, which writes the shards, does not."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff"))
    home.rename(odd)
    code, text = build(odd, odd.with_name("b\udcff"))
    assert code == 2, text
    assert "no UTF-8" in text
    assert not odd.with_name("b\udcff").exists()
    code, text = build(odd, tmp_path / "out")
    assert code == 0, text


def test_an_output_that_can_be_no_folder_is_refused_in_a_sentence(home: Path, tmp_path: Path) -> None:
    """Links that lead in a circle, and names that no disk takes."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for out in (tmp_path / "loop", tmp_path / "loop" / "below", tmp_path / ("x" * 300)):
        code, text = build(home, out)
        assert code == 2, out
        assert "cannot be a folder" in text
