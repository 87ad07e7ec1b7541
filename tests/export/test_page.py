"""The commands and snippets of docs/exports.md are run as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mmrs_builder
from mmrs_builder.export import FORMATS
from tests.build.command import mmrs, offline

ROOT = Path(mmrs_builder.__file__).parent.parent
PAGE = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_commands_and_snippets_of_the_page_run(free: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(free, tmp_path / "shards")
    monkeypatch.chdir(tmp_path)
    for command in "".join(blocks("sh")).splitlines():
        done = mmrs(*shlex.split(command)[1:])
        assert done.code == 0, f"{command}\n{done.err}"
    code = "\nprint('---')\n".join(blocks("python"))
    env = {**offline(tmp_path), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert ran.returncode == 0, ran.stderr
    assert all(said.strip() for said in ran.stdout.split("---\n"))


def test_the_page_lists_every_format():
    assert re.findall(r"^\| `([a-z-]+)` \| [^|]* \| (?:2250|none) ", PAGE, re.MULTILINE) == list(FORMATS)
