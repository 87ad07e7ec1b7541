"""What it takes to begin: ``mmrs --help``, and ``mmrs build --dry-run`` on a corpus of very many files."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def helped(times: int = 3) -> dict[str, float]:
    """``mmrs --help``: the shortest of some tries."""
    return min((_run("--help") for _ in range(times)), key=lambda it: it["seconds"])


def dry_run(folder: Path, files: int) -> dict[str, Any]:
    """``mmrs build --dry-run`` on half as many pictures and as many masks. They are empty: none is opened."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
        for number in range(files // 2):
            (folder / part / f"{number:07d}.jpg").touch()
    to = ("--out", f"{folder}.out", "--dry-run", "--json")
    took = _run("build", "--source", "kvasir", "--data", str(folder), *to)
    return {"files": files // 2 * 2, "bare": _run("--version"), **took}


def _run(*words: str) -> dict[str, float]:
    """Seconds of a command, of the processors and by the clock, and the lines that it printed."""
    before, at = _children(), time.perf_counter()
    command = [sys.executable, "-m", "mmrs_builder", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {
        "seconds": _children() - before,
        "clock": time.perf_counter() - at,
        "lines": len(done.stdout.splitlines()),
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
