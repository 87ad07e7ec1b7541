"""A process that asks a model may be killed at any moment: what was paid for is kept, the outcome is the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.digests import keyed
from mmrs_builder.llm import Endpoint, Store
from mmrs_builder.llm.request import key
from mmrs_builder.paraphrase.run import plan
from mmrs_builder.templates import shipped
from tests.llm import endpoint as bad
from tests.llm.endpoint import Server, serving
from tests.paraphrase import child

PATTERN = "[rt]*"
KILLS = 20


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Processes that start quickly."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["openai", "tests.paraphrase.child"])
    return made


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server(delay=0.01)) as state:
        yield state


def shaky(to: bad.Answering, body: dict[str, Any]) -> None:
    """Fails one time in three, in various ways; whether it does depends on how often it was asked this."""
    again = sum(body["messages"] == other["messages"] for other in to.server_state.bodies)
    draw = keyed("shaky", body["messages"][-1]["content"], again)
    kinds = [bad.status(500), bad.reset, bad.half_json, bad.status(429), bad.text(b"<html>")]
    if draw % 10 < 3:
        kinds[draw % len(kinds)](to, body)
    else:
        to.says(200, bad.rewriter.completion(body))


def left_alone(context: ForkServerContext, server: Server, folder: Path) -> None:
    process = context.Process(target=child.run, args=(server.url, folder, PATTERN))
    process.start()
    process.join()
    assert process.exitcode == 0


def test_a_bank_made_by_a_process_killed_twenty_times_is_that_of_one_left_alone(
    context: ForkServerContext, server: Server, tmp_path: Path
):
    server.always = shaky
    left_alone(context, server, tmp_path / "whole")
    server.bodies.clear()
    asked = plan(shipped("en"), 3, PATTERN)
    identities = {
        item.request.user: key(Endpoint(base_url=server.url, model="rule-based-rewriter"), item.request, 0)
        for item in asked
    }
    (tmp_path / "cut").mkdir()
    committed: set[str] = set()
    for number in range(KILLS):
        process = context.Process(target=child.run, args=(server.url, tmp_path / "cut", PATTERN))
        last = len(server.bodies) + 1 + keyed("kill", number) % (2 * len(asked) // KILLS)
        process.start()

        def killed(count: int, last: int = last, pid: int | None = process.pid) -> None:
            if count == last and pid is not None:
                os.kill(pid, signal.SIGKILL)

        server.asked = killed
        before = len(server.bodies)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert not committed & set(server.prompts()[before:])
        store = Store(tmp_path / "cut" / "llm.sqlite", "test")
        committed = {prompt for prompt, identity in identities.items() if store.reply(identity)}
        assert store.spent().requests >= len(server.bodies)
    assert 0 < len(committed) < len(identities)
    server.asked = lambda _: None
    left_alone(context, server, tmp_path / "cut")
    assert (tmp_path / "cut" / "bank.toml").read_bytes() == (tmp_path / "whole" / "bank.toml").read_bytes()


def test_rows_reworded_by_a_process_killed_six_times_are_those_of_one_left_alone(
    context: ForkServerContext, server: Server, tmp_path: Path
):
    """The kills fall into both rounds, of which the second asks about what came of the first."""
    server.always = shaky
    folders = [tmp_path / "whole", tmp_path / "cut"]
    for folder in folders:
        folder.mkdir()

    def alone(folder: Path) -> int | None:
        process = context.Process(target=child.run_rows, args=(server.url, folder))
        process.start()
        process.join()
        return process.exitcode

    assert alone(folders[0]) == 0
    whole = len(server.bodies)
    server.bodies.clear()
    for number in range(6):
        process = context.Process(target=child.run_rows, args=(server.url, folders[1]))
        last = len(server.bodies) + 1 + keyed("kill", number) % (whole // 6)
        process.start()

        def killed(count: int, last: int = last, pid: int | None = process.pid) -> None:
            if count == last and pid is not None:
                os.kill(pid, signal.SIGKILL)

        server.asked = killed
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert not (folders[1] / "rows.json").exists()
    server.asked = lambda _: None
    assert alone(folders[1]) == 0
    assert (folders[1] / "rows.json").read_bytes() == (folders[0] / "rows.json").read_bytes()
