"""What the evaluation says of models behind a real server whose sight and honesty are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from baselines.endpoint.__main__ import main
from baselines.endpoint.asking import Put, parsed, puts
from baselines.endpoint.run import ask, markdown, results
from baselines.endpoint.shards import Item, items, language_of, picture
from mmrs_builder import metrics
from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store
from mmrs_builder.metrics.replies import answer_of
from tests.baselines.endpoint.conftest import Reply, model, seer
from tests.llm import endpoint as bad
from tests.llm.endpoint import Fault, Server, serving

QUICK = Limits(
    concurrency=8, seconds=5, deadline=60, longest_wait=1, attempts=2, failures=10_000, first_pause=0.01,
    longest_pause=0.02,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state.sqlite", "test")


@pytest.fixture(scope="module")
def words(shards: Path) -> metrics.Words:
    return metrics.Words.of(language_of(shards))


def tell(put: Sequence[Put], reply: Fault | None, words: metrics.Words, store: Store, limits: Limits = QUICK) -> Any:
    with serving(Server(always=reply)) as server:
        to = Endpoint(base_url=server.url, model="m")
        told, stopped = ask(put, words, to, store, limits=limits, caps=Caps(), price=Price(prompt=1, completion=1))
    return told, results(told, stopped, 0)


def one(interval: dict[str, Any] | None) -> float:
    assert interval is not None
    return float(interval["mean"])


def test_who_sees_every_answer_scores_one_and_owes_it_to_the_picture(
    asked: list[Item], words: metrics.Words, store: Store
):
    told, found = tell(puts(asked, circular=True, blank=True), model(seer(asked)), words, store)
    wrong = [it.record for it in told if not it.put.blank and not it.record.correct]
    assert wrong == []
    assert one(found["accuracy"]) == one(found["circular_choice_accuracy"]) == one(found["opposite_pairs"]) == 1
    assert one(found["blind_gap"]) > 0.4
    assert found["refusals"]["declined_wrongly"]["mean"] == 0
    assert found["unanswered"] == {}


def test_who_always_says_the_same_knows_no_choice_and_no_pair(asked: list[Item], words: metrics.Words, store: Store):
    def first(_shown: str, _question: str, options: list[str]) -> str:
        return json.dumps({"answer": "A" if options else "Yes"})

    told, found = tell(puts(asked, circular=True, blank=True), model(first), words, store)
    assert one(found["circular_choice_accuracy"]) == 0
    assert one(found["opposite_pairs"]) == 0
    assert one(found["blind_gap"]) == 0
    halves = [it.record.correct for it in told if it.put.item.question["pair_kind"] == "opposite" and not it.put.blank]
    assert sum(halves) == len(halves) / 2


def test_the_table_for_people_tells_of_twins_where_there_are_any(asked: list[Item], words: metrics.Words, store: Store):
    _, found = tell(puts(asked[:4], circular=False, blank=False), model(seer(asked)), words, store)
    assert found["twins"] is None
    assert "twin" not in markdown(found, "m")
    assert "| the same of an original and its twin | 1.000" in markdown(found | {"twins": found["accuracy"]}, "m")


def test_who_declines_everything_is_right_about_what_cannot_be_answered_only(
    asked: list[Item], words: metrics.Words, store: Store
):
    kinds = {item.question["question"]: item.question["kind"] for item in asked}

    def decline(_shown: str, question: str, options: list[str]) -> str:
        if kinds[question] in ("choice", "yes_no"):
            return json.dumps({"answer": "A" if options else "No"})
        return json.dumps({"answer": "", "cannot_answer": "absent"})

    told, found = tell(puts(asked, circular=False, blank=False), model(decline), words, store)
    assert found["refusals"]["declined_wrongly"]["mean"] == 1
    values = {it.record.value for it in told if it.record.correct and it.record.kind in ("open", "number")}
    assert values == {"absent"}


GARBAGE: dict[str, Reply] = {
    "empty_object": lambda *_: "{}",
    "prose": lambda *_: "As a language model I like all of the options.",
    "everything": lambda *_: json.dumps({"answer": "left right upper lower yes no 1 2 3"}),
    "wrong_letter": lambda *_: json.dumps({"answer": "Q"}),
    "reason_that_is_none": lambda *_: json.dumps({"answer": "", "cannot_answer": "tired"}),
    "half": lambda *_: '{"answer": "le',
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_costs_questions_and_not_the_run(name: str, asked: list[Item], words: metrics.Words, store: Store):
    _, found = tell(puts(asked[:12], circular=False, blank=False), model(GARBAGE[name]), words, store)
    assert found["questions"] == 12
    assert found["stopped"] is None
    assert one(found["accuracy"]) < 0.5


SILENT: dict[str, Fault] = {
    "error": bad.status(500),
    "half": bad.half_json,
    "reset": bad.reset,
    "nothing_said": bad.completing(None),
    "stalls": bad.hang,
    "drips": bad.drip,
    "lies_about_its_length": bad.cut,
    "lies_about_its_form": bad.text("<html>busy</html>"),
}


@pytest.mark.parametrize("fault", SILENT.values(), ids=SILENT)
def test_a_question_without_a_reply_is_wrong_and_says_why(
    fault: Fault, asked: list[Item], words: metrics.Words, store: Store
):
    impatient = replace(QUICK, seconds=0.5)
    told, found = tell(puts(asked[:4], circular=False, blank=False), fault, words, store, impatient)
    assert one(found["accuracy"]) == 0
    assert found["stopped"] is None
    assert sum(found["unanswered"].values()) == 4
    assert all(it.faults for it in told)


def test_a_dead_server_ends_the_run_with_what_there_is(asked: list[Item], words: metrics.Words, store: Store):
    limits = Limits(seconds=1, deadline=20, attempts=1, failures=3, concurrency=1)
    told, found = tell(puts(asked[:10], circular=False, blank=False), bad.status(500), words, store, limits)
    assert len(told) == 10
    assert "3 failures" in found["stopped"]


def replied(item: Item, text: str, words: metrics.Words, turned: int = 0) -> str | None:
    return parsed(Put(item=item, turned=turned), text, words)


def test_a_turned_letter_means_the_option_that_was_shown_there(asked: list[Item], words: metrics.Words):
    item = next(it for it in asked if it.question["kind"] == "choice" and len(it.question["choices"]) > 2)
    size = len(item.question["choices"])
    assert [replied(item, '{"answer": "B"}', words, turned) for turned in range(size)] == [
        str((1 + turned) % size) for turned in range(size)
    ]
    right = item.question["choices"][item.question["answer_index"]]
    for said_as in (right, f"**{right}**", f"It is {right}."):
        assert replied(item, said_as, words, 1) == str(item.question["answer_index"])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"answer": "left"}', ("left", "")),
        ('Let me think. {"answer": "right"} No: {"answer": "left", "cannot_answer": ""}', ("left", "")),
        ('```json\n{"answer": 3}\n```', ("3", "")),
        ('{"answer": "", "cannot_answer": "absent"}', ("", "absent")),
        ("on the left", ("on the left", "")),
        ('{"colour": "red"}', ('{"colour": "red"}', "")),
    ],
)
def test_the_last_object_with_an_answer_counts_else_all_of_the_text(text: str, answer: tuple[str, str]):
    assert answer_of(text) == answer


def test_a_blank_picture_has_the_size_of_the_one_it_stands_for(asked: list[Item]):
    import base64
    import io

    from PIL import Image

    def opened(address: str) -> Image.Image:
        return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))

    full, blank = opened(picture(asked[0])), opened(picture(asked[0], blank=True))
    assert full.size == blank.size
    assert blank.getextrema() == (128, 128)


def test_all_questions_of_a_view_follow_each_other_so_that_its_file_is_not_opened_for_each(asked: list[Item]):
    views = [view for view, _ in groupby(asked, key=lambda item: (item.file, item.number))]
    assert len(views) == len(set(views)) < len(asked)
    assert views == sorted(views)


def test_a_split_without_questions_is_refused(shards: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    some = pq.read_table(next((shards / "data").glob("train-*")))
    pq.write_table(some.slice(0, 0), tmp_path / "data" / "test-00000-of-00001.parquet")
    with pytest.raises(ValueError, match="no question of test"):
        items(tmp_path, "test")


def test_pairs_are_drawn_together(shards: Path):
    drawn, _ = items(shards, "train", 21)
    halves = [it.question["pair_id"] for it in drawn if it.question["pair_kind"] == "opposite"]
    assert 21 <= len(drawn) <= 23
    assert halves
    assert all(halves.count(name) == 2 for name in halves)


def test_the_command_line_writes_results_that_a_second_run_pays_nothing_for(
    shards: Path, asked: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    out = tmp_path / "out"
    with serving(Server(always=model(seer(asked)))) as server:
        words = [str(shards), "--model", "m", "--base-url", server.url, "--split", "train", "--limit", "10"]
        assert main([*words, "--out", str(out)]) == 0
        sent = len(server.bodies)
        first = {path.name: path.read_bytes() for path in out.iterdir()}
        assert main([*words, "--out", str(out)]) == 0
        assert len(server.bodies) == sent
        assert main([*words, "--out", str(tmp_path / "dry"), "--dry-run"]) == 0
        assert len(server.bodies) == sent
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    assert sorted(first) == ["predictions.jsonl", "results.json", "results.md"]
    lines = [json.loads(line) for line in first["predictions.jsonl"].splitlines()]
    assert {line["blank"] for line in lines} == {True, False}
    assert "| model | 1.000" in first["results.md"].decode()
    assert not (tmp_path / "dry").exists()
    assert f"{len(lines)} requests" in capsys.readouterr().out
    assert sent <= len(lines)  # the same words with blanks of the same size are one request


def test_a_cap_on_requests_ends_the_run_and_leaves_its_results(
    shards: Path, asked: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    with serving(Server(always=model(seer(asked)))) as server:
        words = [str(shards), "--model", "m", "--base-url", server.url, "--split", "train", "--limit", "10"]
        assert main([*words, "--max-requests", "3", "--out", str(tmp_path / "out")]) == 6
        assert len(server.bodies) == 3
    assert json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["unanswered"]["stopped"] > 0
    assert "run the same command again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [(["nowhere", "--model", "m"], "holds no shards"), (["{shards}", "--split", "val"], "no split 'val'")],
)
def test_what_is_not_there_is_said(
    words: list[str], why: str, shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    given = [word.replace("{shards}", str(shards)) for word in words]
    assert main([*given, *([] if "--model" in given else ["--model", "m"]), "--out", str(tmp_path / "out")]) == 2
    assert why in capsys.readouterr().err
