"""``mmrs push``: verified shards reach the repository whole, and only those that may."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build.command import Result, mmrs, spawned
from tests.build.corpus import write
from tests.export import hub as hubs
from tests.export.parcels import expected

FOREIGN = "notes/method.md"


@pytest.fixture
def shards(free: Path, tmp_path: Path) -> Path:
    """A build that anybody may pass on, with a file beside it that is nobody's business."""
    out = Path(shutil.copytree(free, tmp_path / "shards"))
    (out / "secrets.env").write_text("KEY=1\n")
    return out


@pytest.fixture
def hub() -> Iterator[hubs.Hub]:
    with hubs.running() as found:
        yield found


def push(out: Path, hub: hubs.Hub, *options: str, token: str = hubs.TOKEN) -> Result:
    """In a process of its own: the library reads its settings once."""
    home = str(out.parent / "hf")
    return spawned(
        "push", out, "me/set", *options,
        HF_ENDPOINT=hub.address, HF_TOKEN=token, HF_HOME=home, HF_HUB_DISABLE_XET="1", HF_HUB_OFFLINE="0",
        NO_PROXY="127.0.0.1",
    )  # fmt: skip


def test_shards_and_card_arrive_in_one_commit_and_nothing_else(shards: Path, hub: hubs.Hub):
    hub.files = {".gitattributes": "0", FOREIGN: "0", "data/train-00000-of-00009.parquet": "0"}
    done = push(shards, hub)
    assert done.code == 0, done.err
    assert hub.files == {**expected(shards), ".gitattributes": "0", FOREIGN: "0"}
    assert hub.commits == 1
    assert hub.visibility == "private"
    assert hubs.TOKEN not in done.out + done.err


def test_an_interrupted_push_shows_nothing_and_sends_no_file_twice(shards: Path, hub: hubs.Hub):
    hub.room = 2
    cut = push(shards, hub)
    assert cut.code == 8
    assert "run the same command again" in cut.err
    assert (hub.files, hub.commits) == ({}, 0)
    hub.room = None
    assert push(shards, hub, "--public").code == 0
    assert hub.files == expected(shards)
    assert hub.visibility == "private"  # it was made by the first call
    assert sorted(hub.uploads) == sorted(set(hub.uploads))


def test_a_token_that_the_hub_does_not_know_is_told(shards: Path, hub: hubs.Hub):
    done = push(shards, hub, token="hf_wrong")  # opens nothing
    assert done.code == 8
    assert "hf auth login" in done.err
    assert "Traceback" not in done.err
    assert "hf_wrong" not in done.err


def test_a_dry_run_lists_what_would_be_sent(shards: Path):
    done = mmrs("push", shards, "me/set", "--dry-run")
    assert done.code == 0, done.err
    assert all(name in done.out for name in expected(shards))
    assert "secrets.env" not in done.out
    assert "Nothing was sent." in done.out


def test_a_build_that_does_not_verify_is_not_sent(free: Path, tmp_path: Path):
    broken = Path(shutil.copytree(free, tmp_path / "broken"))
    card = broken / "README.md"
    card.write_text(card.read_text().replace("redistributable", "public domain"))
    done = mmrs("push", broken, "me/set", "--dry-run")
    assert done.code == 5
    assert "README.md" in done.err


def test_rows_that_may_not_be_passed_on_are_refused_whoever_asks(tmp_path: Path):
    corpus = write(tmp_path / "Kvasir-SEG", 2)
    out = tmp_path / "shards"
    assert mmrs("build", "--source", "kvasir", "--data", corpus, "--out", out, "--workers", 1).code == 0
    done = mmrs("push", out, "me/set", "--dry-run")
    assert done.code == 4
    assert "kvasir may not be pushed: its licence class is script-only" in done.err
    assert mmrs("push", out, "me/set", "--dry-run", "--own", "kvasir").code == 2


def test_data_of_ones_own_need_a_word_that_they_may_be_published(tmp_path: Path):
    corpus = write(tmp_path / "mine", 2)
    out = tmp_path / "shards"
    options = ["images=images/*", "masks=masks/{stem}.*", "label=polyp"]
    done = mmrs(
        "build", "--source", "folder", "--data", corpus, "--out", out, "--workers", 1,
        *(word for option in options for word in ("--set", f"folder.{option}")),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert mmrs("push", out, "me/set", "--dry-run").code == 4
    assert mmrs("push", out, "me/set", "--dry-run", "--own", "folder").code == 0


def test_what_was_fetched_can_be_verified(shards: Path, tmp_path: Path):
    """The Hub has no folder ``.mmrs``; the manifest lies beside the cards."""
    fetched = tmp_path / "fetched"
    shutil.copytree(shards, fetched)
    (fetched / ".mmrs" / "manifest.json").rename(fetched / "manifest.json")
    shutil.rmtree(fetched / ".mmrs")
    done = spawned("verify", fetched)
    assert done.code == 0, done.err
    (fetched / "manifest.json").unlink()
    assert spawned("verify", fetched).code == 5
