"""``mmrs build --paraphrase rows``: new words for single rows, and templates where a model fails or lies."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.build import corpus as frames
from tests.build.command import Result, mmrs, published, spawned, tree
from tests.llm import endpoint as bad
from tests.llm.endpoint import KEY, Server, serving

pytestmark = pytest.mark.long

FRAMES = 10


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus and its shards in the words of the templates."""
    desk = tmp_path_factory.mktemp("plain")
    frames.write(desk / "PAYLOAD patient 7", FRAMES)
    done = build(desk)
    assert done.code == 0, done.err
    return desk


@pytest.fixture
def desk(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to work on, with a state folder and a key of its own."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MMRS_LLM_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    shutil.copytree(plain, tmp_path / "desk")
    return tmp_path / "desk"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


def given(desk: Path, *more: object, workers: int = 1) -> tuple[object, ...]:
    return ("build", "--source", "kvasir", "--data", desk / "PAYLOAD patient 7", "--out", desk / "shards",
            "--rows-per-shard", 4, "--workers", workers, *more)  # fmt: skip


def build(desk: Path, *more: object, workers: int = 1) -> Result:
    return mmrs(*given(desk, *more, workers=workers))


def in_rows(server: Server, *more: str) -> tuple[str, ...]:
    told = ("model=m", f"base-url={server.url}", "max-failures=4", *more)
    return ("--paraphrase", "rows", "--overwrite", *(word for option in told for word in ("--llm", option)))


def questions(desk: Path) -> dict[str, dict[str, Any]]:
    rows = [row for path in sorted((desk / "shards" / "qa").glob("*")) for row in pq.read_table(path).to_pylist()]
    return {row["question_id"]: row for row in rows}


def without_words(row: dict[str, Any]) -> dict[str, Any]:
    """What a question is besides its words; the picture is named where they name it."""
    named = [binding for binding in row["bindings"] if binding["slot"] != "image"]
    gone = {"question", "answer", "template_id", "text_source", "bindings"}
    return {**{name: value for name, value in row.items() if name not in gone}, "bindings": named}


def test_a_build_is_reworded_row_by_row_and_can_be_derived_again(server: Server, desk: Path):
    before = questions(desk)
    done = build(desk, *in_rows(server), "--json")
    assert done.code == 0, done.err
    after, told = questions(desk), json.loads(done.out)["reworded"]
    assert [without_words(row) for row in after.values()] == [without_words(before[name]) for name in after]
    changed = {name for name, row in after.items() if row["text_source"] == "row"}
    assert len(changed) > len(after) / 5
    assert {row["text_source"] for row in after.values()} == {"row", "template"}
    assert {name for name in after if after[name]["question"] != before[name]["question"]} <= changed
    assert told["sentences"] == told["reworded"] + sum(told["kept"].values())
    rejects = [
        json.loads(line) for line in (desk / "shards/.mmrs/reword-rejects.jsonl").read_text("utf-8").splitlines()
    ]
    assert Counter(reject["reason"] for reject in rejects) == told["kept"]
    card = (desk / "shards" / "README.md").read_text("utf-8")
    assert f"Of {told['sentences']} sentences a model reworded {told['reworded']}." in card
    verified = mmrs("verify", desk / "shards", "--mutants", 2)
    assert verified.code == 0, verified.out


def test_members_of_a_pair_keep_one_wording(server: Server, desk: Path):
    assert build(desk, *in_rows(server)).code == 0
    pairs: dict[str, list[dict[str, Any]]] = {}
    for row in questions(desk).values():
        if row["pair_kind"] in ("opposite", "negative"):
            pairs.setdefault(row["pair_id"], []).append(row)
    assert any(row["text_source"] == "row" for pair in pairs.values() for row in pair)
    assert [
        {row["question"] for row in pair} for pair in pairs.values() if len({r["question"] for r in pair}) > 1
    ] == []


def test_the_same_replies_give_the_same_bytes_for_any_number_of_workers_and_without_a_server(
    server: Server, desk: Path
):
    options = in_rows(server)
    assert build(desk, *options).code == 0
    before, asked = published(desk / "shards"), len(server.bodies)
    assert "Unchanged" in build(desk, *options).out
    server.always = bad.status(500)
    shutil.rmtree(desk / "shards")
    done = spawned(*given(desk, *options, "--llm", "cache-only=yes", workers=2))
    assert done.code == 0, done.err
    assert published(desk / "shards") == before
    assert len(server.bodies) == asked


@pytest.mark.parametrize("fault", [bad.half_json, bad.echo], ids=["half_json", "key_in_401"])
def test_a_build_goes_through_on_templates_when_its_server_fails_and_later_in_new_words(
    server: Server, desk: Path, fault: bad.Fault
):
    before = {name: row["question"] for name, row in questions(desk).items()}
    server.always = fault
    done = build(desk, *in_rows(server, "timeout=2"))
    assert done.code == 6
    assert "Everything is published" in done.err
    assert "Traceback" not in done.err
    assert {name: row["question"] for name, row in questions(desk).items()} == before
    assert mmrs("verify", desk / "shards").code == 0
    assert KEY not in done.out + done.err
    assert KEY.encode() not in b"".join(path.read_bytes() for path in desk.parent.rglob("*") if path.is_file())
    server.always = None
    assert build(desk, *in_rows(server)).code == 0
    assert any(row["text_source"] == "row" for row in questions(desk).values())


def test_a_spent_budget_publishes_what_passed_and_a_later_run_the_rest(server: Server, desk: Path):
    assert build(desk, *in_rows(server)).code == 0
    whole, asked = published(desk / "shards"), len(server.bodies)
    with serving() as other:
        done = build(desk, *in_rows(other, f"max-requests={asked - 9}", "budget=b"))
        assert (done.code, len(other.bodies)) == (6, asked - 9)
        assert "--max-requests" in done.err
        some = {row["text_source"] for row in questions(desk).values()}
        assert build(desk, *in_rows(other, "budget=b")).code == 0
        assert len(other.bodies) == asked
    assert some == {"row", "template"}
    assert published(desk / "shards") == whole


def test_no_path_label_or_answer_of_a_row_is_sent(server: Server, desk: Path):
    assert build(desk, *in_rows(server)).code == 0
    sent = json.dumps([server.bodies, sorted(server.headers)]).casefold()
    for secret in ("payload", "patient 7", "frame0", "polyp", "kvasir", str(desk.parent).casefold(), KEY.casefold()):
        assert secret not in sent.replace("bearer", "")
    assert not any(name in sent for name in questions(desk))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--paraphrase", "rows"), "needs a model"),
        (("--paraphrase", "rows", "--llm", "model=m"), "OPENAI_API_KEY"),
        (("--paraphrase", "rows", "--llm", "model=m", "--llm", "base-url=x"), "--base-url x"),
        (("--llm", "model=m"), "--paraphrase rows only"),
        (("--paraphrase", "rows", "--bank", "b.toml"), "--paraphrase bank only"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_done(desk: Path, options: tuple[str, ...], said: str):
    before = tree(desk)
    done = build(desk, *options, "--overwrite")
    assert done.code == 2
    assert said in done.err
    assert tree(desk) == before
