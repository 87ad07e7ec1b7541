"""Shards of a few phantoms, and a model behind a real server that sees what a test lets it see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from baselines.endpoint.asking import REASONS
from baselines.endpoint.shards import Item, items, picture
from tests.build.command import SMALL, phantom_shards
from tests.llm.endpoint import Answering, Fault, completing
from tests.once import once

Reply = Callable[[str, str, list[str]], str]
"""What a model replies to the digest of a picture, a question and its options."""


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen pictures, most of them to be trained on."""
    return once(tmp_path_factory, "endpoint", lambda place: phantom_shards(place / "shards", 16, *SMALL)) / "shards"


@pytest.fixture(scope="session")
def asked(shards: Path) -> list[Item]:
    """The questions of the train split that are answered in words."""
    return items(shards, "train")[0]


def seen(address: str) -> str:
    """The digest of a picture as it is sent."""
    return hashlib.sha256(address.encode()).hexdigest()


def model(reply: Reply) -> Fault:
    """A server's answer to every request, by what the request shows."""

    def answer(to: Answering, body: Mapping[str, Any]) -> None:
        shown, text = body["messages"][-1]["content"]
        question, *options = text["text"].split("\n")
        completing(reply(seen(shown["image_url"]["url"]), question, options))(to, dict(body))

    return answer


def seer(asked: list[Item]) -> Reply:
    """Knows every answer about a picture that it has seen, and guesses otherwise."""
    known = {
        (seen(picture(it)), it.question["question"], frozenset(it.question["choices"] or ())): it.question
        for it in asked
    }

    def reply(shown: str, question: str, options: list[str]) -> str:
        found = known.get((shown, question, frozenset(option.split(". ", 1)[1] for option in options)))
        if found is None:
            return json.dumps({"answer": options[0][0] if options else "Yes", "cannot_answer": ""})
        if found["value"] in REASONS:
            return json.dumps({"answer": "", "cannot_answer": found["value"]})
        if options:
            right = found["choices"][found["answer_index"]]
            return json.dumps({"answer": next(it[0] for it in options if it.split(". ", 1)[1] == right)})
        return json.dumps({"answer": found["value"] if found["kind"] == "number" else found["answer"]})

    return reply
