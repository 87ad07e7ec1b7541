"""``mmrs push s3://…``: a store holds the old version, the new one or none, and never what may not be passed on."""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.io import extras
from tests.build.command import ROOT, mmrs, offline
from tests.build.corpus import write
from tests.export import s3
from tests.export.parcels import expected

LAST = ["PUT mine/croissant.json", "PUT mine/DATASHEET.md", "PUT mine/README.md", "PUT mine/manifest.json"]
FIRST = [line.replace("PUT", "DELETE") for line in reversed(LAST)]


@pytest.fixture(scope="module")
def server() -> Iterator[s3.Server]:
    pytest.importorskip("s3fs", reason="needs the extra s3")
    pytest.importorskip("moto", reason="needs the extra dev: moto")
    with s3.running() as found:
        yield found


@pytest.fixture
def shelf(server: s3.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.Server]:
    """The server with an empty bucket, named in the environment."""
    import fsspec

    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.room(-1)
    system = fsspec.filesystem("s3", use_listings_cache=False)
    for name in system.find(s3.BUCKET):
        system.rm_file(name)
    server.changes()
    yield server
    type(system).clear_instance_cache()


@pytest.fixture
def memory() -> Iterator[dict[str, Any]]:
    """The objects of fsspec's store in memory by path: the same rules without a server."""
    import fsspec

    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system.store
    system.store.clear()


def held(address: str) -> dict[str, str]:
    """SHA-256 of every object below an address, but marks of folders."""
    import fsspec

    system, root = fsspec.core.url_to_fs(address, use_listings_cache=False)
    names = [name for name in system.find(root) if not name.endswith("/")]
    return {name.removeprefix(f"{root}/"): hashlib.sha256(system.cat_file(name)).hexdigest() for name in names}


def fetched(address: str, to: Path) -> Path:
    import fsspec

    system, root = fsspec.core.url_to_fs(address, use_listings_cache=False)
    for name in held(address):
        file = to / name
        file.parent.mkdir(parents=True, exist_ok=True)
        system.get_file(f"{root}/{name}", str(file))
    return to


def test_a_new_version_takes_the_place_of_the_old_one_and_manifest_and_cards_come_last(
    free: Path, dozen: Path, shelf: s3.Server, tmp_path: Path
):
    import fsspec

    (beside := tmp_path / "beside").write_text("nobody's business")
    fsspec.filesystem("s3").put_file(str(beside), f"{s3.BUCKET}/mine-too/README.md")
    fsspec.filesystem("s3").pipe_file(f"{s3.BUCKET}/mine/", b"")  # as a console marks a folder
    old = Path(shutil.copytree(dozen, tmp_path / "old"))
    (old / "secrets.env").write_text("KEY=1\n")
    assert mmrs("push", old, "s3://shelf/mine").code == 0
    assert held("s3://shelf/mine") == expected(dozen)
    shelf.changes()
    done = mmrs("push", free, "s3://shelf/mine/")
    assert done.code == 0, done.err
    assert "published: s3://shelf/mine" in done.out
    assert held("s3://shelf/mine") == expected(free)
    changes = shelf.changes()
    assert (changes[:4], changes[-4:]) == (FIRST, LAST)
    assert {line.split()[1] for line in changes if not line.startswith("PUT mine/")} == {
        f"mine/{name}" for name in expected(dozen).keys() - expected(free).keys()
    } | {line.split()[1] for line in FIRST}
    assert held("s3://shelf/mine-too").keys() == {"README.md"}
    assert mmrs("verify", fetched("s3://shelf/mine", tmp_path / "fetched")).code == 0


def test_an_interrupted_push_leaves_no_manifest_and_sends_no_shard_twice(free: Path, dozen: Path, shelf: s3.Server):
    assert mmrs("push", dozen, "s3://shelf/mine").code == 0
    shelf.changes()
    shelf.room(2)
    cut = mmrs("push", free, "s3://shelf/mine")
    assert cut.code == 8
    assert "s3://shelf/mine: Access Denied" in cut.err
    assert "run the same command again" in cut.err
    assert not held("s3://shelf/mine").keys() & {"README.md", "manifest.json", "croissant.json"}
    shelf.room(-1)
    done = mmrs("push", free, "s3://shelf/mine")
    assert done.code == 0, done.err
    assert held("s3://shelf/mine") == expected(free)
    sent = [line for line in shelf.changes() if line.startswith("PUT")]
    assert sorted(sent) == sorted({f"PUT mine/{name}" for name in expected(free)})
    assert mmrs("push", free, "s3://shelf/mine").code == 0
    assert shelf.changes() == []  # all is there


def test_an_object_of_the_right_size_and_other_bytes_is_sent_again(free: Path, memory: Mapping[str, Any]):
    assert mmrs("push", free, "memory://shelf/mine").code == 0
    name = "/shelf/mine/data/train-00000-of-00001.parquet"
    memory[name].seek(100)
    memory[name].write(b"\0\0\0\0")
    done = mmrs("push", free, "memory://shelf/mine")
    assert done.code == 0
    assert [line for line in done.err.splitlines() if "data/train" in line] == [f"sent {name[12:]}"]
    assert held("memory://shelf/mine") == expected(free)


def test_the_documented_lines_load_the_rows_from_the_store(free: Path, shelf: s3.Server, tmp_path: Path):
    assert mmrs("push", free, "s3://shelf/mine").code == 0
    text = (ROOT / "docs" / "cluster.md").read_text("utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert "s3://bucket/prefix/" in snippet
    code = f"""{snippet.replace("s3://bucket/prefix", "s3://shelf/mine")}
here = load_dataset("parquet", data_files={{"train": {str(free / "data" / "train-*.parquet")!r}}})
assert shards["train"].features == here["train"].features
assert len(here["train"]) and shards["train"].to_list() == here["train"].to_list()
"""
    # on loopback only: the library takes any store for the network that it was told to leave alone
    environment = offline(tmp_path, HF_HUB_OFFLINE="0", HF_DATASETS_OFFLINE="0", HF_ENDPOINT="http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_prefix_with_files_of_something_else_is_refused(free: Path, memory: dict[str, Any], tmp_path: Path):
    import fsspec

    (other := tmp_path / "notes.md").write_text("mine")
    fsspec.filesystem("memory").put_file(str(other), "/shelf/mine/notes.md")
    done = mmrs("push", free, "memory://shelf/mine")
    assert done.code == 2
    assert "memory://shelf/mine holds files that are of no build: notes.md" in done.err
    assert list(memory) == ["/shelf/mine/notes.md"]
    done = mmrs("push", free, "memory://shelf/mine/notes.md")
    assert done.code == 2
    assert "itself a file" in done.err


def test_a_build_that_does_not_verify_changes_nothing_there(free: Path, memory: dict[str, Any], tmp_path: Path):
    broken = Path(shutil.copytree(free, tmp_path / "broken"))
    (broken / "README.md").write_text("all is well")
    done = mmrs("push", broken, "memory://shelf/mine")
    assert (done.code, memory) == (5, {})


def test_a_bucket_of_ones_own_takes_only_what_may_be_passed_on(memory: dict[str, Any], tmp_path: Path):
    corpus, out = write(tmp_path / "Kvasir-SEG", 2), tmp_path / "shards"
    assert mmrs("build", "--source", "kvasir", "--data", corpus, "--out", out, "--workers", 1).code == 0
    done = mmrs("push", out, "memory://shelf/mine")
    assert (done.code, memory) == (4, {})
    assert "kvasir may not be pushed: its licence class is script-only" in done.err


def test_a_dry_run_asks_no_store(free: Path, memory: dict[str, Any]):
    done = mmrs("push", free, "memory://shelf/mine", "--dry-run")
    assert (done.code, memory) == (0, {})
    assert all(name in done.out for name in expected(free))


def test_what_the_store_refuses_is_told_in_a_sentence(free: Path, shelf: s3.Server, monkeypatch: pytest.MonkeyPatch):
    import s3fs

    done = mmrs("push", free, "s3://nowhere/mine")
    assert done.code == 8
    assert "s3://nowhere/mine: The specified bucket does not exist" in done.err
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    done = mmrs("push", free, "s3://shelf/mine")
    assert done.code == 8
    assert "s3://shelf/mine: Could not connect" in done.err


@pytest.mark.parametrize(
    "address",
    ["file:///tmp/mine", "s3://", "hf://datasets/me/set", "nope://shelf/mine", "reference://mine", "zip::s3://a/b"],
)
def test_an_address_of_no_store_is_refused_before_anything_is_read(address: str, tmp_path: Path):
    pytest.importorskip("s3fs", reason="needs the extra s3")
    done = mmrs("push", tmp_path, address)
    assert done.code == 2
    assert address in done.err
    assert "verifying" not in done.err


def test_a_missing_driver_is_named_with_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    done = mmrs("push", tmp_path, "s3://shelf/mine")
    assert done.code == 2
    assert "s3fs is not installed: pip install 'mmrs-builder[s3]'" in done.err


def test_nobody_makes_a_bucket_public(tmp_path: Path):
    done = mmrs("push", tmp_path, "memory://shelf/mine", "--public")
    assert done.code == 2
    assert "--public is for the Hub" in done.err
