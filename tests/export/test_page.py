"""The commands and snippets of docs/exports.md are run as they stand there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mmrs_builder
from baselines.endpoint.__main__ import main as evaluate
from mmrs_builder.export import FORMATS
from tests.build.command import mmrs, offline
from tests.export import vlm
from tests.export.conftest import read
from tests.llm.endpoint import Server, completing, serving

ROOT = Path(mmrs_builder.__file__).parent.parent
PAGE = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.long
def test_commands_and_snippets_of_the_page_run(free: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(free, tmp_path / "shards")
    monkeypatch.chdir(tmp_path)
    for command in "".join(blocks("sh")).splitlines():
        done = mmrs(*shlex.split(command)[1:])
        assert done.code == 0, f"{command}\n{done.err}"
    messages = [json.loads(line)["messages"] for line in Path("messages/train.jsonl").read_text().splitlines()]
    texts = [part["text"] for said in messages for turn in said for part in turn["content"] if part["type"] == "text"]
    vlm.write(Path("vlm"), " ".join(texts).split())
    code = "\nprint('---')\n".join(blocks("python"))
    env = {**offline(tmp_path), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert ran.returncode == 0, ran.stderr
    assert all(said.strip() for said in ran.stdout.split("---\n"))


def test_the_model_behind_a_server_is_asked_as_the_page_says(
    free: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(free, tmp_path / "shards")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMRS_STATE", str(tmp_path / "state"))
    (line,) = [line for line in "".join(blocks("console")).splitlines() if "baselines.endpoint" in line]
    with serving(Server(always=completing('{"answer": "Yes"}'))) as server:
        words = shlex.split(line.replace("http://127.0.0.1:8000/v1", server.url))
        assert words[:4] == ["$", "python", "-m", "baselines.endpoint"]
        assert evaluate(words[4:]) == 0
    answered = Path("eval", "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [question for row in read(free).views.values() if row["split"] == "train" for question in row["qa"]]
    worded = {question["question_id"] for question in asked if question["kind"] in ("choice", "yes_no", "number")}
    assert worded <= {json.loads(record)["question_id"] for record in answered}


def test_the_page_lists_every_format_of_others():
    assert re.findall(r"^\| `([a-z-]+)` \| [^|]* \| (?:2250|none) ", PAGE, re.MULTILINE) == [
        name for name, entry in FORMATS.items() if not entry.build
    ]
