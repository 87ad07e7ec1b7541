"""Checkpoints: whole folders that appear by rename, with a digest of every file, refused when anything is amiss."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from baselines.prs_med.config import Refused

DIGESTS = "digests.json"


def publish(folder: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a new folder, seal it, and put it in the place of ``folder``."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    write(fresh)
    (fresh / DIGESTS).write_text(json.dumps(digests(fresh), indent=1) + "\n", "utf-8")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)  # of a process that was killed here
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but the list itself."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != DIGESTS)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def check(folder: Path) -> None:
    """Raise ``Refused`` unless the folder holds exactly what was sealed."""
    try:
        sealed = json.loads((folder / DIGESTS).read_text("utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise Refused(f"{folder} is not a checkpoint: its {DIGESTS} cannot be read ({error})") from error
    found = digests(folder)
    if wrong := sorted(name for name in sealed.keys() | found.keys() if sealed.get(name) != found.get(name)):
        what = "missing" if wrong[0] not in found else "added" if wrong[0] not in sealed else "changed"
        raise Refused(f"{folder} is damaged: {wrong[0]} is {what}; use another checkpoint or train again")


def newest(run: Path) -> Path:
    """The newest checkpoint of a run. Raises ``Refused`` if there is none."""
    found = steps(run)
    if not found:
        raise Refused(f"{run} has no checkpoint to go on from: start it without --resume")
    return found[-1]


def steps(run: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted((run / "checkpoints").glob("step-*"))


def prune(run: Path, keep: int) -> None:
    """Remove all but the ``keep`` newest checkpoints of a run."""
    for folder in steps(run)[:-keep] if keep else []:
        shutil.rmtree(folder)
