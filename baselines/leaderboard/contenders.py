"""What is configured, run step by step, each in a process of its own, and scored by ``mmrs score``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baselines.prs_med.config import Refused

Steps = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A contender: ``steps`` are modules with their arguments, of which the last writes ``{out}/predictions.jsonl``."""

    name: str
    steps: Steps
    seeds: tuple[int, ...] = ()
    server: str | None = None

    @property
    def folder(self) -> str:
        """Its name, fit for a folder."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A leaderboard: the shards asked, how to build them if they are not there, and the contenders."""

    shards: str
    split: str
    rows: tuple[Row, ...]
    build: tuple[str, ...] = ()
    against: str | None = None


def read(path: Path) -> Config:
    """Read a file. Raises ``Refused`` naming what is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        rows = tuple(_row(item) for item in raw.pop("row"))
        found = Config(rows=rows, build=tuple(raw.pop("build", ())), **raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path}: {error}; docs/benchmark.md section 8 lists the keys") from error
    folders = [row.folder for row in rows]
    if twice := {name for name in folders if folders.count(name) > 1}:
        raise Refused(f"{path}: two rows would share the folder {twice.pop()}; give them other names")
    if found.against is not None and found.against not in {row.name for row in rows}:
        raise Refused(f"{path}: against names {found.against!r}, which is no row")
    return found


def _row(item: dict[str, Any]) -> Row:
    steps = tuple(tuple(map(str, step)) for step in item.pop("steps"))
    return Row(steps=steps, seeds=tuple(item.pop("seeds", ())), **item)


def built(config: Config, root: Path) -> Path:
    """The folder of shards, built if it is not there. Raises ``Refused`` where that is not possible."""
    shards = Path(config.shards.format(root=root))
    if not (shards / "data").is_dir():
        if not config.build:
            raise Refused(f"{shards} holds no shards, and the configuration does not say how to build them")
        code = _run(("mmrs_builder", "build", *config.build, "--out", str(shards)))
        if code:
            raise Refused(f"mmrs build ended with exit code {code}")
    return shards


def runs(row: Row, root: Path) -> list[tuple[int | None, Path]]:
    """Seed and folder of every run of a contender."""
    home = root / row.folder
    return [(seed, home / str(seed)) for seed in row.seeds] or [(None, home)]


def ran(row: Row, config: Config, shards: Path, root: Path) -> list[str]:
    """Run what was not run before, and say what went wrong: a contender that fails costs its row, not the others."""
    wrong = []
    for seed, out in runs(row, root):
        known = {"shards": shards, "split": config.split, "root": root, "out": out, "seed": seed}
        steps = [[word.format(**known, server="{server}") for word in step] for step in row.steps]
        note = out / "steps.json"
        if (out / "predictions.jsonl").is_file() and note.is_file() and json.loads(note.read_text("utf-8")) == steps:
            continue
        out.mkdir(parents=True, exist_ok=True)
        (out / "predictions.jsonl").unlink(missing_ok=True)  # of other steps: if these fail, it is not theirs
        with _served(row.server) as address:
            for step in steps:
                if code := _run([word.replace("{server}", address) for word in step]):
                    wrong.append(f"{step[0]} ended with exit code {code}")
                    break
            else:
                note.write_text(json.dumps(steps, indent=1) + "\n", "utf-8")
    return wrong


def scored(row: Row, config: Config, shards: Path, root: Path) -> dict[str, Any] | None:
    """What ``mmrs score`` says of a contender's predictions, and the command that says it again; None without any."""
    files = [out / "predictions.jsonl" for _, out in runs(row, root)]
    files = [file for file in files if file.is_file()]
    if not files:
        return None
    words = [str(file.relative_to(root)) for file in files]
    rival = next((other for other in config.rows if other.name == config.against and other != row), None)
    options = ["--shards", str(shards), "--split", config.split, "--protocol", "prs-med", "--json"]
    if rival and (root / rival.folder / "predictions.jsonl").is_file():
        options += ["--against", f"{rival.folder}/predictions.jsonl"]
    command = [sys.executable, "-m", "mmrs_builder", "score", *words, *options]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return None
    (root / row.folder / "score.json").write_text(done.stdout, "utf-8")
    return {"command": ["mmrs", "score", *words, *options], **json.loads(done.stdout)}


def _run(step: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", *step], check=False).returncode


@contextmanager
def _served(module: str | None) -> Iterator[str]:
    """A server in a process of its own, which says its address in its first line; "" without one."""
    if module is None:
        yield ""
        return
    with subprocess.Popen([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
