"""``mmrs build`` in this process, on a drawn corpus, with the seconds of each stage."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.corpora import ORGANS

LARGE = "build, as in a large corpus"
GROWING = f"{LARGE}, no search for copies"
BUILDS = ("build", "build, two workers", LARGE, "build, no jitter", "build, no search for copies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds of a stage: of the processors, children that have ended included, and by the clock."""

    processor: float
    clock: float


def choice(corpus: Path) -> Any:
    """The source that reads a drawn corpus, by what lies in it."""
    from mmrs_builder.build import SourceChoice

    values = ",".join(f"{value}={name}" for value, name in enumerate(ORGANS, 1))
    given = {"exhaustive": "yes", "modality": "ct"}
    match next((corpus / "masks").iterdir()).suffix:
        case ".jpg":
            name, given = "kvasir", {}
        case ".png":
            name, given = "folder", given | {"values": values}
        case _:
            name, given = "nifti", given | {"masks": "masks/{stem}.nii.gz", "labels": values}
    return SourceChoice(name=name, root=corpus, options=tuple(sorted(given.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build took by stage, and what it counted; ``held`` are the bytes of its folder before it publishes."""

    stages: dict[str, Spent]
    counts: dict[str, Any]
    held: int


def build(
    corpus: Path, out: Path, way: str = "build", sources: tuple[Any, ...] = (), workers: int = 1, **more: Any
) -> Built:
    """Build ``out`` without previews, from a drawn corpus or other ``sources``. ``more`` goes into the settings."""
    from mmrs_builder import jitter
    from mmrs_builder.bindings import LEAST_BINDINGS
    from mmrs_builder.build import Limits, Settings, ask, copies, preview, run

    # No previews: there are 500 at most, and a small corpus would pay for them with each view.
    changed = [mock.patch.object(preview, "write", return_value=None)]
    if way == "build, no jitter":
        changed.append(mock.patch.object(jitter, "WAYS", ()))
    if way.endswith("no search for copies"):
        changed.append(mock.patch.object(copies, "find", return_value=((), 0)))
    if way.startswith(LARGE):
        changed.append(mock.patch.object(ask, "most_bindings", return_value=LEAST_BINDINGS))
    started: list[tuple[str, float, float]] = []
    held = 0

    def stage(name: str, _: int) -> Callable[[int], None]:
        nonlocal held
        held = weight(out) if name == "publish" else held
        started.append((name, spent(), time.perf_counter()))
        return lambda _: None

    settings = Settings(sources=sources or (choice(corpus),), **more)
    workers = 2 if way == "build, two workers" else workers
    with ExitStack() as during:
        for change in changed:
            during.enter_context(change)
        done = run.build(settings, out, workers=workers, limits=Limits(), overwrite=True, stage=stage)
    ends = [*started[1:], ("", spent(), time.perf_counter())]
    stages = {
        name: Spent(processor=until[1] - used, clock=until[2] - at)
        for (name, used, at), until in zip(started, ends, strict=True)
    }
    return Built(stages=stages, counts=done.counts, held=held)


def weight(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def spent() -> float:
    """Seconds of the processors, of children that have ended as well."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in used)


def peak() -> int:
    """The most memory that this process, or one that it waited for, has held, in MB."""
    return max(own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000)


def own_peak() -> int:
    """The most memory that this process has held, in MB.

    The kernel's own line for this process: ``getrusage`` also counts what its parent held when it was started.
    """
    own = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(own.split()[1]) // 1000
