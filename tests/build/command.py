"""The command line as a user meets it: in this process for speed, or in one of its own."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mmrs_builder
from mmrs_builder import cli

ROOT = Path(mmrs_builder.__file__).parent.parent
MMRS = (sys.executable, "-c", "from mmrs_builder.cli import main; main()")
PUBLISHED = ("data", "qa", "preview", "README.md", "croissant.json", "DATASHEET.md")


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def mmrs(*arguments: object) -> Result:
    """Run ``mmrs`` in this process."""
    out, err = io.StringIO(), io.StringIO()
    code, argv, handler = 0, sys.argv, signal.getsignal(signal.SIGTERM)
    sys.argv = ["mmrs", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = argv
        signal.signal(signal.SIGTERM, handler)
    return Result(code=code, out=out.getvalue(), err=err.getvalue())


def phantom_shards(out: Path, count: int, *options: object) -> Path:
    """Build shards of so many generated pictures in this process."""
    done = mmrs(
        "build", "--source", "phantom", "--set", f"phantom.count={count}", *options, "--out", out, "--workers", 1
    )
    assert done.code == 0, done.err
    return out


SMALL = ("--set", "phantom.size=96")
"""Pictures that are drawn and measured quickly."""


def started(*arguments: object, cwd: Path = ROOT, **environment: str) -> subprocess.Popen[str]:
    """``mmrs`` in a process group of its own."""
    return subprocess.Popen(
        [*MMRS, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def spawned(*arguments: object, cwd: Path = ROOT, **environment: str) -> Result:
    """Run ``mmrs`` in a process of its own, to its end."""
    process = started(*arguments, cwd=cwd, **environment)
    out, err = process.communicate()
    return Result(code=process.returncode, out=out, err=err)


def offline(folder: Path, **environment: str) -> Mapping[str, str]:
    """An environment in which Hugging Face libraries reach no network and cache below ``folder``."""
    hidden = {"HF_HOME": str(folder / "hf"), "HF_DATASETS_CACHE": str(folder / "hf" / "datasets")}
    return {**os.environ, **hidden, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", **environment}


def tree(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, and the target of every link."""
    return {
        str(path.relative_to(folder)): f"-> {path.readlink()}" if path.is_symlink() else sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() or path.is_symlink()
    }


def published(out: Path) -> dict[str, str]:
    """SHA-256 of the files whose bytes are promised."""
    return {name: digest for name, digest in tree(out).items() if name.split("/")[0] in PUBLISHED}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
