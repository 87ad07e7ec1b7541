"""``mmrs build`` in this process, on a drawn corpus, with the seconds of each stage."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.corpora import ORGANS

BUILDS = ("build", "build, two workers", "build, no jitter", "build, no search for copies")


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


def build(corpus: Path, out: Path, way: str = "build", **more: Any) -> dict[str, Spent]:
    """Build ``out`` without previews; returns what each stage took. ``more`` goes into the settings."""
    from mmrs_builder import jitter
    from mmrs_builder.build import Limits, Settings, copies, run

    run.preview.write = lambda *_: None  # of at most 500 views: they would be in the cost of each view of a small corpus
    if way == "build, no jitter":
        jitter.WAYS = ()  # type: ignore[misc,assignment]
    if way == "build, no search for copies":
        copies.find = lambda *_: ((), 0)
    started: list[tuple[str, float, float]] = []

    def stage(name: str, _: int) -> Callable[[int], None]:
        started.append((name, spent(), time.perf_counter()))
        return lambda _: None

    settings = Settings(sources=(choice(corpus),), **more)
    workers = 2 if way == "build, two workers" else 1
    run.build(settings, out, workers=workers, limits=Limits(), overwrite=True, stage=stage)
    ends = [*started[1:], ("", spent(), time.perf_counter())]
    return {
        name: Spent(processor=until[1] - used, clock=until[2] - at)
        for (name, used, at), until in zip(started, ends, strict=True)
    }


def spent() -> float:
    """Seconds of the processors, of children that have ended as well."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in used)


def peak() -> int:
    """The most memory that this process, or one that it waited for, has held, in MB.

    The kernel's own line for this process: ``getrusage`` also counts what its parent held when it was started.
    """
    own = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return max(int(own.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1000
