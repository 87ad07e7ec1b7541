"""A model's server may do what it likes: asking ends in time, within the budget, and with a reason for each failure."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.digests import keyed
from mmrs_builder.llm import Asked, Caps, Endpoint, Limits, Price, Request, Store, answers
from tests.llm import endpoint as bad
from tests.llm.endpoint import KEY, Server, serving

QUICK = Limits(
    seconds=0.5, deadline=4, longest_wait=1, attempts=2, failures=50, first_pause=0.01, longest_pause=0.02,
    body_bytes=1 << 16,
)  # fmt: skip
PRICE = Price(prompt=1, completion=1)

FAULTS = {
    "storm": (bad.status(429), "http_429"),
    "storm_now": (bad.status(429, {"Retry-After": "0"}), "http_429"),
    "storm_date": (bad.status(429, {"Retry-After": formatdate(usegmt=True)}), "http_429"),
    "storm_nonsense": (bad.status(429, {"Retry-After": "soon"}), "http_429"),
    "storm_long": (bad.status(429, {"Retry-After": "600"}), "stopped"),
    "quota": (bad.status(429, code="insufficient_quota"), "stopped"),
    "busy": (bad.status(408), "http_408"),
    "broken": (bad.status(500), "http_500"),
    "gateway": (lambda to, _: to.says(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}), "http_502"),
    "hang": (bad.hang, "timeout"),
    "drip": (bad.drip, "timeout"),
    "reset": (bad.reset, "connection"),
    "cut": (bad.cut, "connection"),
    "html": (bad.text(b"<html>log in</html>", "text/html"), "not_json"),
    "html_as_json": (bad.text(b"<html>log in</html>"), "not_json"),
    "half_json": (bad.half_json, "not_json"),
    "nothing": (bad.text(b""), "not_json"),
    "not_text": (bad.text(b"\xff\xfe\x00"), "not_json"),
    "nested": (bad.text(b"[" * 50_000), "not_json"),
    "a_list": (bad.text([1, 2]), "not_a_completion"),
    "an_error_with_200": (bad.text({"error": {"message": "overloaded"}}), "not_a_completion"),
    "null_choices": (bad.changed(choices=None), "no_choices"),
    "no_choices": (bad.changed(choices=[]), "no_choices"),
    "odd_choices": (bad.changed(choices=["x"]), "no_choices"),
    "null_content": (bad.completing(None), "no_content"),
    "blank": (bad.completing("  "), "no_content"),
    "a_number": (bad.completing(7), "no_content"),
    "refusal": (bad.completing(None, refusal="I cannot help with that"), "refusal"),
    "length": (bad.completing('{"wordings": ["a', finish="length"), "length"),
    "filtered": (bad.completing("", finish="content_filter"), "content_filter"),
    "huge": (bad.huge, "too_large"),
    "huge_error": (bad.huge_error, "too_large"),
    "bomb": (bad.bomb, "too_large"),
    "key_in_401": (bad.echo, "stopped"),
    "key_in_500": (bad.echo_in_500, "http_500"),
    "no_model": (bad.status(404, code="model_not_found"), "stopped"),
    "unfit": (bad.status(400), "stopped"),
}


def request(number: int = 0) -> Request:
    shown = json.dumps({"sentence": f"Segment ⟦S1⟧ number {number}.", "number": 1})
    return Request(system="Reword.", user=shown, max_tokens=100, name="wordings", schema='{"type":"object"}')


@pytest.fixture(autouse=True)
def _local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


def ask(server: Server, folder: Path, count: int = 3, **other: Any) -> tuple[Asked, Store]:
    store = Store(folder / "llm.sqlite", "test")
    given = {"check": lambda _: None, "limits": QUICK, "caps": Caps(), "price": PRICE, **other}
    to = Endpoint(base_url=server.url, model="m", key=KEY)
    return answers([request(n) for n in range(count)], to, store, **given), store


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_every_reply_arrives_with_its_price(server: Server, tmp_path: Path):
    found, store = ask(server, tmp_path, count=10)
    assert [answer.reply is not None for answer in found.answers] == [True] * 10
    assert found.stopped is None
    assert server.keys == {f"Bearer {KEY}"}
    assert store.spent().requests == len(server.bodies) == 10
    assert 0 < store.spent().usd < 10 * 1e-3


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_the_server_does_the_run_ends_in_time_with_a_reason(server: Server, tmp_path: Path, name: str):
    server.always, reason = FAULTS[name]
    start = time.monotonic()
    found, store = ask(server, tmp_path)
    assert time.monotonic() - start < QUICK.deadline + 1
    assert [answer.reply for answer in found.answers] == [None] * 3
    assert {answer.faults[-1] for answer in found.answers} <= {reason, "stopped"}
    assert reason in {answer.faults[-1] for answer in found.answers}
    assert store.spent().requests == len(server.bodies)
    assert KEY.encode() not in everything_written(tmp_path) + str(found).encode()


def test_failures_that_pass_are_made_good(server: Server, tmp_path: Path):
    """All of them, one after another, while fifty things are asked."""
    server.faults = [fault for fault, reason in FAULTS.values() if reason != "stopped"]
    limits = replace(QUICK, seconds=1, attempts=9, asks=9, deadline=30, concurrency=8)
    found, _ = ask(server, tmp_path, count=50, limits=limits)
    assert server.faults == []
    assert all(answer.reply for answer in found.answers)
    assert found.stopped is None


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(server: Server, tmp_path: Path, code: int):
    with serving() as other:
        server.always = bad.status(code, {"Location": f"{other.url}/chat/completions"})
        found, _ = ask(server, tmp_path)
        assert (found.stopped or "").startswith("redirected")
        assert (other.bodies, other.paths) == ([], [])


def test_nobody_listening_is_a_failure_like_another(tmp_path: Path):
    with serving() as gone:
        pass
    found, _ = ask(gone, tmp_path)
    assert {answer.faults for answer in found.answers} == {("connection",)}


def test_the_pause_that_a_server_asks_for_is_kept_by_all(server: Server, tmp_path: Path):
    server.faults = [bad.status(429, {"Retry-After": "0.6"})]
    start = time.monotonic()
    found, _ = ask(server, tmp_path)
    assert time.monotonic() - start >= 0.6
    assert all(answer.reply for answer in found.answers)


def test_the_deadline_holds_for_everything_together(server: Server, tmp_path: Path):
    server.always = bad.hang
    limits = Limits(seconds=9, deadline=0.6, attempts=9, concurrency=2)
    start = time.monotonic()
    found, _ = ask(server, tmp_path, count=20, limits=limits)
    assert time.monotonic() - start < 2
    assert "--deadline" in (found.stopped or "")


def test_failures_in_a_row_break_the_circuit(server: Server, tmp_path: Path):
    server.always = bad.status(500)
    limits = Limits(failures=4, attempts=3, concurrency=1, first_pause=0.01)
    found, _ = ask(server, tmp_path, count=30, limits=limits)
    assert len(server.bodies) == 4
    assert (found.stopped or "").startswith("4 failures")


def test_a_model_that_only_refuses_breaks_the_circuit_too(server: Server, tmp_path: Path):
    server.always = bad.completing(None, refusal="no")
    found, _ = ask(server, tmp_path, count=30, limits=Limits(failures=6, concurrency=1))
    assert len(server.bodies) == 6
    assert found.stopped is not None


def test_a_server_without_schemas_is_asked_in_its_own_way_and_remembered(server: Server, tmp_path: Path):
    server.always = bad.only_plain
    found, _ = ask(server, tmp_path, count=4)
    assert {answer.reply.mode for answer in found.answers if answer.reply} == {"plain"}
    assert len(server.bodies) == 3 + 4
    server.bodies.clear()
    ask(server, tmp_path, count=6)
    assert len(server.bodies) == 2


def test_a_reply_is_never_paid_for_twice(server: Server, tmp_path: Path):
    first, _ = ask(server, tmp_path)
    server.always = bad.status(500)
    again, store = ask(server, tmp_path)
    assert again.answers == first.answers
    assert store.spent().requests == len(server.bodies) == 3


def test_a_reply_of_no_use_is_asked_for_once_more_and_never_again(server: Server, tmp_path: Path):
    server.always = bad.completing(None, refusal="no")
    found, _ = ask(server, tmp_path, count=1)
    assert found.answers[0].faults == ("refusal", "refusal")
    ask(server, tmp_path, count=1)
    assert len(server.bodies) == 2


def test_without_the_network_only_what_is_known_is_used(server: Server, tmp_path: Path):
    ask(server, tmp_path, count=2)
    found, _ = ask(server, tmp_path, count=3, cache_only=True)
    assert [answer.reply is not None for answer in found.answers] == [True, True, False]
    assert found.answers[2].faults == ("not_cached",)
    assert len(server.bodies) == 2


def test_a_cap_of_requests_counts_failures_and_survives_a_restart(server: Server, tmp_path: Path):
    server.faults = [bad.status(500), bad.reset, bad.text(b"<html>")]
    found, _ = ask(server, tmp_path, count=20, caps=Caps(requests=7))
    assert len(server.bodies) == 7
    assert "--max-requests 7" in (found.stopped or "")
    ask(server, tmp_path, count=20, caps=Caps(requests=7))
    assert len(server.bodies) == 7


@pytest.mark.parametrize("caps", [Caps(usd=0.002), Caps(tokens=2000)])
def test_with_a_third_of_all_requests_failing_a_cap_is_exceeded_by_nothing(server: Server, tmp_path: Path, caps: Caps):
    kinds = [bad.status(500), bad.reset, bad.half_json, bad.text(b""), bad.completing(None)]

    def shaky(to: bad.Answering, body: dict[str, Any]) -> None:
        draw = keyed("shaky", len(server.bodies))
        if draw % 10 < 3:
            kinds[draw % len(kinds)](to, body)
        else:
            to.says(200, bad.rewriter.completion(body))

    server.always = shaky
    for _ in range(4):
        found, store = ask(server, tmp_path, count=80, caps=caps, limits=Limits(first_pause=0.001, failures=99))
        assert found.stopped is not None
    assert store.spent().usd <= (caps.usd or 1)
    assert store.spent().tokens <= (caps.tokens or 10**9)
    assert len(server.bodies) > 3


def test_a_lie_about_usage_costs_what_was_reserved(server: Server, tmp_path: Path):
    server.always = bad.changed(usage={"prompt_tokens": -5, "completion_tokens": "many"})
    _, store = ask(server, tmp_path, count=1)
    assert store.spent().tokens == request().prompt_tokens + request().max_tokens


def test_a_timeout_costs_what_was_reserved_and_a_refusal_nothing(server: Server, tmp_path: Path):
    server.faults = [bad.hang, bad.status(500)]
    limits = Limits(seconds=0.3, attempts=2, first_pause=0.01)
    _, store = ask(server, tmp_path, count=1, limits=limits)
    assert store.spent().requests == 2
    assert store.spent().tokens == request().prompt_tokens + request().max_tokens


def test_a_key_in_a_reply_is_not_kept(server: Server, tmp_path: Path):
    server.always = bad.echo_in_reply
    found, _ = ask(server, tmp_path, count=1)
    assert found.answers[0].reply is not None
    assert "[key]" in found.answers[0].reply.text
    assert KEY.encode() not in everything_written(tmp_path)


def test_what_an_angry_server_says_is_told_in_one_line_without_the_key(server: Server, tmp_path: Path):
    said = f"\x1b[31mno\u202e {KEY} sk-someothersecret {'x' * 500}\nnext"
    server.always = lambda to, _: to.says(403, {"error": {"message": said}})
    found, _ = ask(server, tmp_path, count=1)
    assert found.stopped is not None
    assert found.stopped.startswith("forbidden:")
    assert found.stopped.isprintable()
    assert len(found.stopped) < 250
    assert "sk-" not in found.stopped


def test_two_budgets_are_counted_apart(server: Server, tmp_path: Path):
    ask(server, tmp_path, count=2)
    other = Store(tmp_path / "llm.sqlite", "other")
    assert other.spent().requests == 0
