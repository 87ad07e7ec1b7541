"""Reading a folder as its users do: in a fresh interpreter that cannot import this project."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.build.command import offline

PRELUDE = """
import json, os, sys
from datasets import load_dataset
out = sys.argv[1]
def show(value):
    assert "mmrs_builder" not in sys.modules
    print(json.dumps(value))
"""

ENDING = """
sys.stdout.flush()
os._exit(0)
"""
# Before Python 3.14 the interpreter aborts if a thread of pyarrow is still busy with a stream when it ends, whether or
# not the stream was read to its end (apache/arrow#45214). Code that raised does not come here.

ROWS = """
def rows(folder):
    try:
        found = load_dataset(folder, columns=["view_id"])
    except Exception as error:
        return type(error).__name__
    return sorted(row["view_id"] for split in found for row in found[split])
show({folder: rows(folder) for folder in sys.argv[1:]})
"""


def reader(code: str, cache: Path, *folders: Path) -> object:
    """What the code shows. ``load_dataset``, ``show`` and, as ``out``, the first folder are known to it."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", PRELUDE + code + ENDING, *map(str, folders)],
        cwd=cache, env=offline(cache), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def views(cache: Path, *folders: Path) -> list[list[str] | str]:
    """The view ids that ``load_dataset`` finds in each folder, or the name of the error it raises."""
    shown = reader(ROWS, cache, *folders)
    assert isinstance(shown, dict)
    return [shown[str(folder)] for folder in folders]
