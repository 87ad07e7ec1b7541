"""A corpus from a server on this machine into the cache: whole or not at all, whatever happens on the way."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmrs_builder.download import MIRROR, fetch, trusted
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.sources import find
from mmrs_builder.transfer import Patience
from mmrs_builder.types import Download, Source
from tests.site import Site, serving

QUICK = Patience(silence=5, pauses=(0, 0))
NOISE = np.random.default_rng(5).bytes(3 << 20)


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"Corpus/{name}", data)
    return stream.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Site(files={"/a.zip": zipped(one=b"1", noise=NOISE), "/b.zip": zipped(two=b"2")})) as site:
        yield site


def corpus(site: Site, *paths: str, pinned: bool = True) -> Source:
    downloads = [Download(url=site.url + path, sha256=digest(site.files[path]) if pinned else None) for path in paths]
    return replace(find("kvasir"), downloads=tuple(downloads))


def fetched(source: Source, folder: Path) -> list[str]:
    """What is said meanwhile."""
    said: list[str] = []
    assert fetch(source, folder, lambda name, done, total: None, said.append, QUICK) == folder
    return said


def refused(source: Source, folder: Path) -> MmrsError:
    with pytest.raises(MmrsError) as caught:
        fetched(source, folder)
    assert not folder.exists()
    assert not list(folder.parent.glob(".*.unpacking"))
    return caught.value


def test_all_archives_of_a_corpus_become_one_folder_with_a_record_beside_it(site: Site, tmp_path: Path):
    source = corpus(site, "/a.zip", "/b.zip")
    assert fetched(source, tmp_path / "cache" / "it") == []
    files = {str(path.relative_to(tmp_path / "cache")) for path in tmp_path.rglob("*") if path.is_file()}
    assert files - {".downloads/it.lock"} == {"it.json", *(f"it/Corpus/{name}" for name in ("one", "noise", "two"))}
    record = json.loads((tmp_path / "cache" / "it.json").read_text())
    assert record["files"] == 3
    assert record["archives"][1] == {
        "url": f"{site.url}/b.zip",
        "sha256": digest(site.files["/b.zip"]),
        "bytes": len(site.files["/b.zip"]),
        "pinned": True,
        "folder": "",
    }


def test_a_finished_corpus_is_never_downloaded_again(site: Site, tmp_path: Path):
    fetched(corpus(site, "/b.zip"), tmp_path / "it")
    site.files["/b.zip"] = zipped(two=b"changed")
    fetched(corpus(site, "/b.zip"), tmp_path / "it")
    assert (tmp_path / "it" / "Corpus" / "two").read_bytes() == b"2"
    assert len(site.asked) == 1


def test_an_archive_may_go_into_a_folder_of_its_own(site: Site, tmp_path: Path):
    source = corpus(site, "/b.zip")
    fetched(replace(source, downloads=(replace(source.downloads[0], folder="train"),)), tmp_path / "it")
    assert (tmp_path / "it" / "train" / "Corpus" / "two").read_bytes() == b"2"


def test_a_digest_that_nobody_pinned_is_said_and_recorded(site: Site, tmp_path: Path):
    said = fetched(corpus(site, "/b.zip", pinned=False), tmp_path / "it")
    assert digest(site.files["/b.zip"]) in said[0]
    archive = json.loads((tmp_path / "it.json").read_text())["archives"][0]
    assert (archive["sha256"], archive["pinned"]) == (digest(site.files["/b.zip"]), False)


def test_other_bytes_than_the_pinned_ones_are_refused_with_5(site: Site, tmp_path: Path):
    """Only the bad archive is removed; the next try does not download the good one again."""
    source = corpus(site, "/a.zip", "/b.zip")
    good, bad = site.files["/b.zip"], zipped(two=b"tampered with")
    site.files["/b.zip"] = bad
    error = refused(source, tmp_path / "it")
    assert error.code == INTEGRITY
    assert digest(bad) in str(error)
    assert digest(good) in str(error)
    assert f"--sha256 kvasir={digest(bad)}" in error.hint
    assert source.url in error.hint
    site.files["/b.zip"] = good
    fetched(source, tmp_path / "it")
    assert len(site.asked) == 3


def test_a_digest_of_the_user_takes_the_place_of_the_pinned_one(site: Site, tmp_path: Path):
    source = corpus(site, "/b.zip")
    site.files["/b.zip"] = zipped(two=b"newer")
    refused(source, tmp_path / "it")
    fetched(trusted(source, [digest(site.files["/b.zip"]).upper()]), tmp_path / "it")
    assert (tmp_path / "it" / "Corpus" / "two").read_bytes() == b"newer"


@pytest.mark.parametrize("digests", [["abc"], ["g" * 64], [], ["a" * 64, "b" * 64]])
def test_digests_that_do_not_fit_are_refused(site: Site, digests: list[str]):
    with pytest.raises(MmrsError) as caught:
        trusted(corpus(site, "/b.zip"), digests)
    assert caught.value.code == USAGE


def test_a_hostile_archive_leaves_no_corpus_and_is_not_kept(site: Site, tmp_path: Path):
    site.files["/b.zip"] = zipped(**{"../../evil": b"x"})
    assert "'..'" in str(refused(corpus(site, "/a.zip", "/b.zip", pinned=False), tmp_path / "cache" / "it"))
    assert list(tmp_path.glob("evil")) == list((tmp_path / "cache").glob("evil")) == []
    site.files["/b.zip"] = zipped(two=b"2")
    fetched(corpus(site, "/a.zip", "/b.zip", pinned=False), tmp_path / "cache" / "it")
    assert len(site.asked) == 3  # the sound one only once


def test_a_place_that_is_taken_by_a_file_is_refused(site: Site, tmp_path: Path):
    (tmp_path / "it").write_text("mine")
    with pytest.raises(MmrsError, match="no folder"):
        fetched(corpus(site, "/b.zip"), tmp_path / "it")
    assert (tmp_path / "it").read_text() == "mine"


def test_a_mirror_is_asked_in_place_of_every_server(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What it has must still have the pinned digest, and the record names the original."""
    monkeypatch.setenv(MIRROR, site.url)
    there = Download(url="https://example.org/b.zip", sha256=digest(site.files["/b.zip"]))
    fetched(replace(find("kvasir"), downloads=(there,)), tmp_path / "it")
    assert json.loads((tmp_path / "it.json").read_text())["archives"][0]["url"] == there.url
    other = replace(there, sha256="0" * 64)
    assert refused(replace(find("kvasir"), downloads=(other,)), tmp_path / "other").code == INTEGRITY


@pytest.mark.parametrize("mirror", ["mirror", "file:///srv", "http://", "http://me:secret@host", "http://host/path"])
def test_a_mirror_that_is_no_server_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str
):
    monkeypatch.setenv(MIRROR, mirror)
    assert refused(corpus(site, "/b.zip"), tmp_path / "it").code == USAGE


CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from mmrs_builder.download import fetch
from mmrs_builder.sources import find
from mmrs_builder.types import Download

url, folder, halt = sys.argv[1:]

def progress(name, done, total):
    if name == halt and done > 1_000_000:
        print("here", flush=True)
        sys.stdin.read()

def say(line):
    print(line, flush=True)

source = replace(find("kvasir"), downloads=(Download(url=url),))
fetch(source, Path(folder), progress, say)
print("done", flush=True)
"""


@pytest.fixture
def child(site: Site, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts processes that download into one folder, and halt in the middle of what is named."""
    started: list[subprocess.Popen[str]] = []

    def start(halt: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", CHILD, f"{site.url}/a.zip", str(tmp_path / "it"), halt]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, cwd=Path(__file__).parent.parent))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def killed(process: subprocess.Popen[str]) -> None:
    while line(process) != "here":
        pass
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_a_killed_download_goes_on_where_it_was(
    site: Site, tmp_path: Path, child: Callable[[str], subprocess.Popen[str]]
):
    killed(child("a.zip"))
    assert not (tmp_path / "it").exists()
    fetched(corpus(site, "/a.zip"), tmp_path / "it")
    assert (tmp_path / "it" / "Corpus" / "noise").read_bytes() == NOISE
    assert len(site.asked) == 2
    assert int((site.asked[1] or "bytes=0-")[6:-1]) > 900_000


def test_a_killed_unpacking_leaves_nothing_that_looks_complete(
    site: Site, tmp_path: Path, child: Callable[[str], subprocess.Popen[str]]
):
    killed(child("unpack a.zip"))
    assert not (tmp_path / "it").exists()
    assert not (tmp_path / "it.json").exists()
    fetched(corpus(site, "/a.zip"), tmp_path / "it")
    assert {path.name for path in (tmp_path / "it" / "Corpus").iterdir()} == {"one", "noise"}
    assert not list(tmp_path.glob(".*.unpacking"))
    assert len(site.asked) == 1


def test_of_two_processes_one_downloads_and_the_other_waits(
    site: Site, tmp_path: Path, child: Callable[[str], subprocess.Popen[str]]
):
    first = child("unpack a.zip")
    while line(first) != "here":
        pass
    second = child("")
    assert "waiting" in line(second)
    first.communicate("")
    assert line(second) == "done"
    assert (first.wait(), second.wait()) == (0, 0)
    assert len(site.asked) == 1
