"""The commands and snippets of docs/exports.md are run as they stand there, from top to bottom."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import mmrs_builder
from mmrs_builder.export import FORMATS
from tests.build.command import mmrs, offline

ROOT = Path(mmrs_builder.__file__).parent.parent
PAGE = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


def test_commands_and_snippets_of_the_page_run(free: Path, tmp_path: Path, monkeypatch):
    shutil.copytree(free, tmp_path / "shards")
    monkeypatch.chdir(tmp_path)
    for language, text in re.findall(r"```(sh|python)\n(.*?)```", PAGE, re.DOTALL):
        if language == "sh":
            for command in text.splitlines():
                done = mmrs(*shlex.split(command)[1:])
                assert done.code == 0, f"{command}\n{done.err}"
        else:
            env = {**offline(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT)])}
            ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=env, check=False)
            assert ran.returncode == 0, f"{text}\n{ran.stderr}"
            assert ran.stdout


def test_the_page_lists_every_format():
    assert re.findall(r"^\| `([a-z-]+)` \| [^|]* \| (?:2250|none) ", PAGE, re.MULTILINE) == list(FORMATS)
