"""What counts as a file of a corpus."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmrs_builder.io.listing import listed_once, listing


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_junk_of_operating_systems_is_ignored(tmp_path: Path):
    for name in ("a.png", "._a.png", ".DS_Store", "Thumbs.db", "__MACOSX/a.png", ".cache/b.png"):
        touch(tmp_path / name)
    assert listing(tmp_path).files == ("a.png",)


def test_files_behind_a_link_inside_are_listed_once(tmp_path: Path):
    touch(tmp_path / "real" / "a.png")
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    assert listing(tmp_path).files == ("real/a.png",)


@pytest.mark.parametrize("target", ["..", "/"])
def test_a_link_that_leads_out_is_named_and_not_followed(tmp_path: Path, target: str):
    touch(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "out").symlink_to(target if target == "/" else tmp_path)
    found = listing(tmp_path / "in")
    assert (found.files, found.outside) == (("a.png",), ("out",))


def test_a_link_that_leads_to_itself_does_no_harm(tmp_path: Path):
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert listing(tmp_path).outside == ()


def test_a_missing_folder_holds_nothing(tmp_path: Path):
    assert listing(tmp_path / "nowhere").files == ()


def test_a_folder_given_by_a_link_is_listed_like_the_folder(tmp_path: Path):
    touch(tmp_path / "real" / "in" / "a.png")
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    assert listing(tmp_path / "alias") == listing(tmp_path / "real")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"bad\xff.png", "bad\\xff.png"),
        (b"two\nlines.png", "two\\nlines.png"),
        (b"bell\x07.png", "bell\\x07.png"),
        ("para\u2029graph.png".encode(), "para\\u2029graph.png"),
    ],
)
def test_names_that_cannot_be_stored_or_printed_are_listed_apart(tmp_path: Path, name: bytes, shown: str):
    touch(tmp_path / os.fsdecode(name))
    found = listing(tmp_path)
    assert (found.files, found.misnamed) == ((), (shown,))


@pytest.mark.parametrize("name", ["é😀.png", "日本.png", "a\\b.png", "a b.png", "👩‍⚕️.png"])
def test_names_in_any_script_are_ordinary(tmp_path: Path, name: str):
    touch(tmp_path / name)
    assert listing(tmp_path).files == (name,)


def test_who_asks_many_sources_walks_a_folder_once_and_then_anew(tmp_path: Path):
    touch(tmp_path / "a.png")
    with listed_once():
        assert listing(tmp_path).files == ("a.png",)
        touch(tmp_path / "b.png")
        assert listing(tmp_path).files == ("a.png",)
        assert listing(tmp_path / "elsewhere").files == ()
    assert listing(tmp_path).files == ("a.png", "b.png")
