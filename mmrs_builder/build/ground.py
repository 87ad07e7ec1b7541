"""Who works for a build, and what each of them must find: the same folders under the same paths, and the same code."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from mmrs_builder.build.settings import STATE, Settings
from mmrs_builder.build.stage import put
from mmrs_builder.build.versions import versions
from mmrs_builder.digests import digest
from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.executors import Processes, Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Ray, in place of processes of our own: the cluster at ``address``, or one that lasts as long as the build."""

    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What lies before the process that leads a build. ``folder`` is where relative paths start from; ``token`` is a
    file of the output folder that holds ``word``; ``places`` are what it reads, each with what is seen of it.
    """

    folder: str
    token: str
    word: str
    places: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]


@contextmanager
def workers(number: int, cluster: Cluster | None, settings: Settings, out: Path) -> Iterator[Workers]:
    """So many processes for a build into ``out``, or those of a cluster.

    Raises ``MmrsError`` where Ray is needed and not installed.
    """
    if cluster is None:
        with Processes(number) as processes:
            yield processes
        return
    try:
        from mmrs_builder.executors.ray import Tasks
    except ImportError:
        hint = "pip install 'mmrs-builder[ray]'"
        raise MmrsError("--executor ray needs the ray library", code=USAGE, hint=hint) from None
    token, word = out / STATE / "cluster.tmp", secrets.token_hex(16)
    put(token, word.encode())
    try:
        with Tasks(cluster.address, number, partial(stand_on, ground_of(token, word, _read(settings)))) as tasks:
            yield tasks
    finally:
        token.unlink(missing_ok=True)


def _read(settings: Settings) -> list[Path]:
    """All that the processes of a build read."""
    roots = [choice.root for choice in settings.sources] + [kept.root for kept in settings.keep_out]
    adapters = [choice.adapter for choice in settings.sources]
    return [path for path in (*roots, *adapters) if path is not None]


def ground_of(token: Path, word: str, read: Sequence[Path]) -> Ground:
    """What this process sees."""
    return Ground(
        folder=str(Path.cwd()),
        token=str(token),
        word=word,
        places=tuple((str(path), _seen(path)) for path in read),
        versions=tuple(versions().items()),
    )


@lru_cache(maxsize=1)
def stand_on(ground: Ground) -> None:
    """Take one's place in a process that works for a build.

    Raises ``MmrsError`` where it sees other files or runs other code than the process that leads the build: what it
    wrote would be lost, it would refuse cases that are there, or it would write other bytes.
    """
    node, hint = os.uname().nodename, "Every node must see --out and what is read under the same paths as this one."
    try:
        os.chdir(ground.folder)
        is_here = Path(ground.token).read_text(encoding="utf-8") == ground.word
    except OSError:
        is_here = False
    if not is_here:
        raise MmrsError(f"{node} does not see the folder of {ground.token}", code=ENVIRONMENT, hint=hint)
    for place, seen in ground.places:
        if _seen(Path(place)) != seen:
            raise MmrsError(f"{node} does not see {place} as this machine does", code=ENVIRONMENT, hint=hint)
    if other := _differing(dict(ground.versions), versions()):
        raise MmrsError(
            f"{node} runs other code: {', '.join(other)}",
            code=ENVIRONMENT,
            hint="Install the same release, constraints.txt and zlib on every node, or bytes would differ.",
        )


def _seen(path: Path) -> str:
    """What tells a folder or file from another one of its name: the names in it, or its size."""
    try:
        if path.is_dir():
            return digest(sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(".")))
        return str(path.stat().st_size)
    except OSError:
        return "nothing"


def _differing(here: Mapping[str, str], there: Mapping[str, str]) -> Sequence[str]:
    return [f"{name} {there.get(name)}, here {here[name]}" for name in here if there.get(name) != here[name]]
