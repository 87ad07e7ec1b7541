"""What it takes to begin: ``mmrs --help``, and ``mmrs build --dry-run`` on a corpus of very many files."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def helped(times: int = 3) -> dict[str, Any]:
    """``mmrs --help``: the shortest of some tries."""
    return min((_run("--help")[0] for _ in range(times)), key=lambda it: it["seconds"])


def dry_run(folder: Path, files: int) -> dict[str, Any]:
    """``mmrs build --dry-run`` on half as many pictures and as many masks. They are empty: none is opened."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
        for number in range(files // 2):
            (folder / part / f"{number:07d}.jpg").touch()
    to = ("--out", f"{folder}.out", "--dry-run", "--json")
    took, output = _run("build", "--source", "kvasir", "--data", str(folder), *to)
    (plan,) = json.loads(output)
    return {"files": files // 2 * 2, "cases": plan["cases"], "bare": _run("--version")[0], **took}


def _run(*words: str) -> tuple[dict[str, Any], str]:
    """Seconds of a command, of the processors and by the clock, and what it printed."""
    before, at = _children(), time.perf_counter()
    command = [sys.executable, "-m", "mmrs_builder", *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {"seconds": _children() - before, "clock": time.perf_counter() - at}, done.stdout


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
