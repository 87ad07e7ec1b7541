from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mmrs_builder.io.paths import inside, read_bytes
from mmrs_builder.vocab import Rejected


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "secret.png").write_bytes(b"outside")
    root = tmp_path / "corpus"
    (root / "images").mkdir(parents=True)
    (root / "images" / "a.png").write_bytes(b"inside")
    return root


def reason_for(root: Path, relative: str) -> str:
    with pytest.raises(Rejected) as caught:
        read_bytes(root, relative)
    assert caught.value.what == relative
    return caught.value.reason


@pytest.mark.parametrize("name", ["a b", "a\nb", "é😀.png", "-rf", "[x].png", "a::b", "CON", "a.", "a" * 255])
def test_odd_names_are_read(corpus: Path, name: str):
    (corpus / name).write_bytes(b"odd")
    assert read_bytes(corpus, name) == b"odd"


@pytest.mark.parametrize("relative", ["../secret.png", "images/../../secret.png", "images/../images/a.png", "a\0.png"])
def test_paths_with_steps_upwards_are_refused(corpus: Path, relative: str):
    assert reason_for(corpus, relative) == "outside_root"


def test_an_absolute_path_is_refused_even_into_the_corpus(corpus: Path):
    assert reason_for(corpus, str(corpus / "images" / "a.png")) == "outside_root"


def test_links_inside_the_corpus_are_followed(corpus: Path):
    (corpus / "file.png").symlink_to("images/a.png")
    (corpus / "folder").symlink_to("images")
    assert read_bytes(corpus, "file.png") == read_bytes(corpus, "folder/a.png") == b"inside"


@pytest.mark.parametrize("target", ["../secret.png", "../absent.png", "/dev/zero", "/"])
def test_links_that_lead_out_are_refused(corpus: Path, target: str):
    (corpus / "link.png").symlink_to(target)
    assert reason_for(corpus, "link.png") == "outside_root"


def test_a_linked_folder_that_leads_out_is_refused(corpus: Path):
    (corpus / "folder").symlink_to("..")
    assert reason_for(corpus, "folder/secret.png") == "outside_root"


def test_a_folder_whose_name_begins_like_the_root_is_outside(corpus: Path):
    sibling = corpus.with_name("corpus-2")
    sibling.mkdir()
    (corpus / "link").symlink_to(sibling)
    with pytest.raises(Rejected, match="leads out"):
        inside(corpus, "link")


def test_the_root_itself_may_be_a_link(corpus: Path, tmp_path: Path):
    (tmp_path / "alias").symlink_to(corpus)
    assert read_bytes(tmp_path / "alias", "images/a.png") == b"inside"


def test_a_pipe_is_refused_and_does_not_hang(corpus: Path):
    os.mkfifo(corpus / "pipe.png")
    assert reason_for(corpus, "pipe.png") == "not_regular"


def test_folders_and_sockets_are_refused(corpus: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(corpus)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.png")
        assert [reason_for(corpus, name) for name in ("images", "", "s.png")] == ["not_regular"] * 3


def test_a_link_to_itself_is_unreadable(corpus: Path):
    (corpus / "loop.png").symlink_to("loop.png")
    assert reason_for(corpus, "loop.png") == "unreadable"


def test_a_missing_file_is_unreadable(corpus: Path):
    assert reason_for(corpus, "images/b.png") == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_unreadable(corpus: Path):
    (corpus / "images" / "a.png").chmod(0)
    assert reason_for(corpus, "images/a.png") == "unreadable"


def test_an_empty_file_is_refused(corpus: Path):
    (corpus / "empty.png").touch()
    assert reason_for(corpus, "empty.png") == "empty_file"


def test_a_huge_file_is_refused_unread(corpus: Path):
    with (corpus / "sparse.png").open("wb") as stream:
        stream.truncate(1 << 40)
    assert reason_for(corpus, "sparse.png") == "too_large"
