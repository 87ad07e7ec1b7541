"""An export touches its own folder only, replaces only what it made, and is there whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.build.command import Result, mmrs, tree

STATE = ".mmrs-export"


def export(build: Path, to: str, folder: Path, *options: str) -> Result:
    return mmrs("export", build, "--to", to, "--out", folder, *options)


def shown(folder: Path) -> dict[str, str]:
    """Files by digest, without those that only mmrs export reads."""
    return {name: digest for name, digest in tree(folder).items() if not name.startswith(STATE)}


@pytest.fixture(scope="module")
def coco(free: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coco") / "out"
    assert export(free, "coco", folder).code == 0
    return folder


@pytest.fixture
def mine(coco: Path, tmp_path: Path) -> Path:
    """A copy of an export."""
    return Path(shutil.copytree(coco, tmp_path / "mine"))


@pytest.mark.parametrize("to", ["messages", "webdataset", "nnunet"])
def test_the_same_build_gives_the_same_bytes_in_any_folder(to: str, free: Path, tmp_path: Path):
    moved = Path(shutil.copytree(free, tmp_path / "moved"))
    assert export(free, to, tmp_path / "a").code == 0
    assert export(moved, to, tmp_path / "b" / "deep").code == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b" / "deep")


def test_nothing_but_the_folder_is_written(free: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = tree(free)
    (tmp_path / "beside").mkdir()
    monkeypatch.chdir(tmp_path / "beside")
    assert export(free, "llava", tmp_path / "out").code == 0
    assert tree(free) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside", "out"]
    assert list((tmp_path / "beside").iterdir()) == []


def test_another_format_takes_the_place_of_the_old_one(free: Path, mine: Path, tmp_path: Path):
    assert export(free, "messages", mine).code == 0
    assert export(free, "messages", tmp_path / "new").code == 0
    assert tree(mine) == tree(tmp_path / "new")


@pytest.mark.parametrize("place", ["notes.txt", "images/notes.txt", ".hidden"])
def test_a_file_of_somebody_else_is_never_touched(place: str, free: Path, mine: Path):
    (mine / place).write_text("mine")
    before = tree(mine)
    done = export(free, "messages", mine)
    assert done.code == 2
    assert place in done.err
    assert tree(mine) == before


def test_a_file_that_was_edited_since_is_not_overwritten(free: Path, mine: Path):
    path = mine / "annotations" / "instances_train.json"
    path.write_text(path.read_text() + "\n")
    before = tree(mine)
    done = export(free, "coco", mine)
    assert done.code == 2
    assert "instances_train.json was changed" in done.err
    assert tree(mine) == before


def test_a_link_is_not_followed(free: Path, mine: Path, tmp_path: Path):
    (tmp_path / "photos").mkdir()
    shutil.rmtree(mine / "images")
    (mine / "images").symlink_to(tmp_path / "photos")
    assert export(free, "coco", mine).code == 2
    assert list((tmp_path / "photos").iterdir()) == []


@pytest.mark.parametrize("place", [".", "..", "data", "data/out"])
def test_a_folder_in_or_around_the_build_is_refused(place: str, free: Path):
    before = tree(free)
    assert export(free, "coco", free / place).code == 2
    assert tree(free) == before


def test_a_cut_off_export_leaves_the_old_one_and_can_be_run_again(
    free: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
):
    """Once while files are drafted, and once between any two renames."""
    old = shown(mine)
    writes, renames = Path.write_bytes, Path.rename
    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", lambda path, data: full() if path.suffix == ".png" else writes(path, data))
        assert export(free, "messages", mine).code == 130
    assert shown(mine) == old
    for most in range(1, 4):
        left = iter(range(most))
        with monkeypatch.context() as broken:
            broken.setattr(Path, "rename", lambda path, to, left=left: renames(path, to) if more(left) else full())
            assert export(free, "messages", mine).code == 130
    assert export(free, "messages", mine).code == 0
    assert sorted(shown(mine)) == sorted(json.loads((mine / STATE / "export.json").read_text())["files"])
    assert not list(mine.glob("annotations"))


def full() -> None:
    raise KeyboardInterrupt


def more(left: object) -> bool:
    return next(left, None) is not None  # type: ignore[call-overload]


def test_a_folder_that_is_being_written_is_left_alone(free: Path, mine: Path):
    before = shown(mine)
    with FileLock(mine / STATE / "lock"):
        assert export(free, "messages", mine).code == 7
    assert shown(mine) == before


def test_the_card_goes_along(free: Path, coco: Path):
    assert (coco / "DATA_CARD.md").read_bytes() == (free / "README.md").read_bytes()


def test_a_place_that_cannot_be_is_told(free: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = export(free, "coco", tmp_path / "file" / "out")
    assert done.code == 8
    assert "name another folder" in done.err


def test_a_damaged_build_is_refused(free: Path, tmp_path: Path):
    broken = Path(shutil.copytree(free, tmp_path / "broken"))
    shard = next((broken / "data").glob("train-*"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    done = export(broken, "coco", tmp_path / "out")
    assert done.code == 5
    assert shard.name in done.err
    assert not (tmp_path / "out").exists()


def test_a_copy_from_the_hub_is_exported_without_its_manifest(free: Path, coco: Path, tmp_path: Path):
    copy = Path(shutil.copytree(free, tmp_path / "copy", ignore=shutil.ignore_patterns(".mmrs")))
    assert export(copy, "coco", tmp_path / "out").code == 0
    assert tree(tmp_path / "out") == tree(coco)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--to", "yolo"], "There are llava, messages"),
        (["--to", "coco", "--split", "dev"], "It has train"),
        (["--to", "coco", "--multi-turn"], "It is for llava, messages"),
    ],
)
def test_slips_are_told_with_what_there_is(options: list[str], says: str, free: Path, tmp_path: Path):
    done = mmrs("export", free, "--out", tmp_path / "out", *options)
    assert done.code == 2
    assert says in done.err
    assert not (tmp_path / "out").exists()


def test_help_says_that_questions_of_a_picture_answer_each_other():
    told = " ".join(mmrs("export", "--help").out.replace("│", " ").split())
    assert "They give each other's answers away" in told
