"""A finished build in other words: its cost beside a copy of the shards, and whether it opens the corpus again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.builds import build, choice, spent
from benchmarks.rewriter import MODEL, Answering


def bank(path: Path, families: str = "*") -> None:
    """Other wordings, by the rule-based rewriter behind a real endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    command = ["paraphrase", "--model", MODEL, "--base-url", url, "--bank", str(path), "--families", families]
    told = {**os.environ, "MMRS_STATE": str(path.parent / "state"), "NO_PROXY": "127.0.0.1"}
    try:
        subprocess.run([sys.executable, "-m", "mmrs_builder", *command], check=True, capture_output=True, env=told)
    finally:
        server.shutdown()


def rephrased(corpus: Path, wordings: Path) -> dict[str, Any]:
    """Build, copy the shards, build again with a bank: seconds of the processors, and files of the corpus opened.

    ``moved`` says what becomes of a third build, with the corpus moved away.
    """
    from mmrs_builder.errors import MmrsError
    from mmrs_builder.paraphrase.bank import read

    with tempfile.TemporaryDirectory() as folder:
        out, words, sources = Path(folder) / "shards", read(wordings), (choice(corpus),)
        build(corpus, out)
        kept = stamps(out)
        before = spent()
        for part in ("data", "qa"):
            shutil.copytree(out / part, Path(folder) / "copy" / part)
        copied = spent() - before
        before = spent()
        with Opened(corpus) as opened:
            done = build(corpus, out, bank=words)
        again = spent() - before
        away = corpus.rename(corpus.with_name(f"{corpus.name}.away"))
        try:
            build(corpus, out, sources=sources)
            moved = "built"
        except MmrsError as refused:
            moved = str(refused).replace(str(corpus), "CORPUS")
        finally:
            away.rename(corpus)
        return {
            "copy": copied,
            "seconds": again,
            "stages": {name: it.processor for name, it in done.stages.items()},
            "measured_again": stamps(out) != kept,
            "opened": sorted(opened.files),
            "moved": moved,
        }


class Opened:
    """Notes files below a folder that this process opens."""

    def __init__(self, folder: Path) -> None:
        self.files: set[str] = set()
        self._folder, self._on = str(folder), False
        sys.addaudithook(self._note)  # for good: there is no way to take it back

    def __enter__(self) -> Opened:
        self._on = True
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._on and event == "open" and str(arguments[0]).startswith(self._folder):
            self.files.add(str(arguments[0]))


def stamps(out: Path) -> dict[str, int]:
    """When each measured part was written."""
    return {path.name: path.stat().st_mtime_ns for path in sorted((out / ".mmrs" / "measure").rglob("*.parquet"))}
