"""The Batch API: handed in once, waited for, paid for once, whatever the server does with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.llm import Caps, Endpoint, Limits, Price, Store, answers, fetch
from tests.llm import endpoint as bad
from tests.llm.endpoint import KEY, Batches, Server, serving
from tests.llm.test_ask import request

LIMITS = Limits(first_pause=0.01, longest_pause=0.05, deadline=8, seconds=2)
PRICE = Price(prompt=1, completion=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Server(batches=Batches())) as state:
        yield state


def batched(server: Server, folder: Path, count: int = 5, **other: Any) -> tuple[str | None, list[bool], Store]:
    """Why it ended early, which requests have a reply, and the ledger."""
    store = Store(folder / "llm.sqlite", "test")
    to = Endpoint(base_url=server.url, model="m", key=KEY)
    requests = [request(n) for n in range(count)]
    given = {"check": lambda _: None, "limits": LIMITS, "caps": Caps(), "price": PRICE, **other}
    why = fetch(requests, to, store, **given)
    found = answers(requests, to, store, cache_only=True, **given)
    return why, [answer.reply is not None for answer in found.answers], store


def parts(server: Server) -> Batches:
    assert server.batches is not None
    return server.batches


def test_all_replies_of_a_batch_are_kept_and_paid_for_at_their_price(server: Server, tmp_path: Path):
    why, replied, store = batched(server, tmp_path)
    assert (why, replied, parts(server).made) == (None, [True] * 5, 1)
    assert store.spent().requests == 5
    assert 0 < store.spent().tokens < 5 * (request().prompt_tokens + request().max_tokens)
    assert server.bodies == []


def test_what_is_known_is_not_handed_in_again(server: Server, tmp_path: Path):
    batched(server, tmp_path, count=3)
    batched(server, tmp_path, count=5)
    assert [len({line["custom_id"] for line in parts(server).requests}), len(parts(server).requests)] == [5, 5]


def test_a_run_that_ends_while_it_waits_goes_on_with_the_same_batch(server: Server, tmp_path: Path):
    parts(server).turns = 10**6
    why, replied, store = batched(server, tmp_path, limits=Limits(first_pause=0.01, longest_pause=0.05, deadline=0.8))
    assert "--deadline" in str(why)
    assert replied == [False] * 5
    reserved = store.spent()
    parts(server).turns = 0
    why, replied, store = batched(server, tmp_path)
    assert (why, replied, parts(server).made) == (None, [True] * 5, 1)
    assert store.spent().requests == reserved.requests == 5
    assert store.spent().tokens < reserved.tokens


@pytest.mark.parametrize("ends", ["failed", "expired", "cancelled"])
def test_a_batch_that_comes_to_nothing_costs_nothing_and_may_be_tried_again(server: Server, tmp_path: Path, ends: str):
    parts(server).ends = ends
    _, replied, store = batched(server, tmp_path)
    assert replied == [False] * 5
    assert store.spent().tokens == 0
    parts(server).ends = "completed"
    assert batched(server, tmp_path)[1] == [True] * 5


def test_a_batch_beyond_the_budget_is_not_handed_in(server: Server, tmp_path: Path):
    why, _, store = batched(server, tmp_path, caps=Caps(requests=4))
    assert "--max-requests 4" in str(why)
    assert store.spent().requests == 0
    assert parts(server).requests == []


@pytest.mark.parametrize("fault", [bad.status(401), bad.status(500), bad.reset, bad.text(b"<html>"), bad.hang])
def test_a_server_that_takes_no_batch_is_told_of_and_raises_nothing(server: Server, tmp_path: Path, fault: bad.Fault):
    parts(server).refusal = fault
    why, replied, _ = batched(server, tmp_path)
    assert why is not None
    assert KEY not in why
    assert replied == [False] * 5


def half(replies: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(reply) for reply in replies[:2]).encode()


def strange(replies: list[dict[str, Any]]) -> bytes:
    """Two good ones among a foreign id, an error, a list, nothing, and one that comes twice."""
    first, second, third = replies[:3]
    lines = [{**third, "custom_id": "other"}, {**third, "response": {"status_code": 500, "body": {}}}, [1], {}, first,
             second, first, {**third, "response": None}]  # fmt: skip
    return "\n\n".join(json.dumps(line) for line in lines).encode()


@pytest.mark.parametrize("spoil", [half, strange])
def test_of_a_spoilt_file_the_good_replies_are_kept(server: Server, tmp_path: Path, spoil: Any):
    parts(server).spoil = spoil
    _, replied, store = batched(server, tmp_path)
    assert sum(replied) == 2
    assert store.spent().tokens < 2 * (request().prompt_tokens + request().max_tokens)


@pytest.mark.parametrize("content", [b"<html>", b'{"custom_id": ', b"\xff\xfe", b""])
def test_a_file_that_is_none_is_told_of(server: Server, tmp_path: Path, content: bytes):
    parts(server).spoil = lambda _: content
    _, replied, _ = batched(server, tmp_path)
    assert replied == [False] * 5
