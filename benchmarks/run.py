"""What a build costs beside what it cannot do without, in one run: see ``benchmarks/README.md``.

Every way runs in a process of its own, twice: on all views and on a tenth of them. What a view costs is the difference,
so that start-up is in no number, and the previews, of at most 500 views, are left out. Seconds are those of the
processors, children included; read ratios only.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks import naive

SIZES = {"polyps": (600, 500), "slices": (512, 512)}
ORGANS = (
    "liver", "spleen", "kidney_left", "kidney_right", "pancreas", "stomach", "gallbladder", "aorta", "duodenum",
    "bladder",
)  # fmt: skip
WAYS: dict[str, Callable[[Path, Path], None]] = {
    "copy": naive.copy, "floor": naive.floor, "script": naive.script, "pictures": naive.pictures,
}  # fmt: skip
FIXED = ("preview",)
"""Stages that cost the same however many views there are: at most 500 are drawn. They are in no number of a view."""

BUILDS = ("build", "build, no jitter", "build, no search for copies")


def draw(kind: str, corpus: Path, views: int) -> None:
    """A corpus of pictures that are alike in size and bytes to the real ones, and to no other of theirs."""
    width, height = SIZES[kind]
    for folder in ("images", "masks"):
        (corpus / folder).mkdir(parents=True)
    for view in range(views):
        rng = np.random.default_rng((hash_of(kind), view))
        rough = rng.integers(40, 216, (height // 25, width // 25, 3), np.uint8)
        noise = rng.integers(0, 12, (height, width, 3), np.uint8)
        picture = cv2.add(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), noise)
        mask = np.zeros((height, width), np.uint8)
        for value in range(1, 2 if kind == "polyps" else len(ORGANS) + 1):
            centre = (int(rng.integers(60, width - 60)), int(rng.integers(60, height - 60)))
            axes = (int(rng.integers(20, 60)), int(rng.integers(20, 60)))
            cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255 if kind == "polyps" else value, -1)
        if kind == "polyps":
            Image.fromarray(picture).save(corpus / "images" / f"{view:06d}.jpg", quality=80)
            Image.fromarray(mask).save(corpus / "masks" / f"{view:06d}.jpg")
        else:
            Image.fromarray(picture[..., 0]).save(corpus / "images" / f"{view:06d}.png")
            Image.fromarray(mask).save(corpus / "masks" / f"{view:06d}.png")


def hash_of(kind: str) -> int:
    """A number for a kind of corpus."""
    return sorted(SIZES).index(kind)


def build(corpus: Path, out: Path, way: str) -> dict[str, float]:
    """``mmrs build`` in this process; returns the seconds of each stage."""
    from mmrs_builder import jitter
    from mmrs_builder.build import Limits, Settings, SourceChoice, copies, run

    if way == "build, no jitter":
        jitter.WAYS = ()  # type: ignore[misc,assignment]
    if way == "build, no search for copies":
        copies.find = lambda *_: ((), 0)
    values = ",".join(f"{value}={name}" for value, name in enumerate(ORGANS, 1))
    given = {"exhaustive": "yes", "modality": "ct", "values": values}
    polyps = (corpus / "masks" / "000000.jpg").exists()
    choice = SourceChoice(
        name="kvasir" if polyps else "folder", root=corpus, options=() if polyps else tuple(sorted(given.items()))
    )
    started: list[tuple[str, float]] = []

    def stage(name: str, _: int) -> Callable[[int], None]:
        started.append((name, spent()))
        return lambda _: None

    run.build(Settings(sources=(choice,)), out / "shards", workers=1, limits=Limits(), overwrite=False, stage=stage)
    ends = [*(at for _, at in started[1:]), spent()]
    return {name: end - at for (name, at), end in zip(started, ends, strict=True)}


def spent() -> float:
    """Seconds of the processors, of children that have ended as well."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in used)


def work(way: str, corpus: Path) -> dict[str, Any]:
    """One way in this process: seconds of the processors, the most memory of one process in MB, seconds by stage."""
    with tempfile.TemporaryDirectory() as folder:
        stages = build(corpus, Path(folder), way) if way in BUILDS else WAYS[way](corpus, Path(folder))
    most = max(resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "seconds": spent() - sum((stages or {}).get(name, 0.0) for name in FIXED),
        "mb": most // 1000,
        "stages": stages or {},
    }


def apart(way: str, corpus: Path) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.run", "--way", way, "--corpus", str(corpus)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measured(kind: str, views: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Seconds for 1000 views, most memory, and seconds of each stage for 1000 views, way by way."""
    few = max(views // 10, 1)
    for number in (few, views):
        draw(kind, folder / f"{kind}{number}", number)
    found = {}
    for way in (*WAYS, *BUILDS):
        one, other = (apart(way, folder / f"{kind}{number}") for number in (few, views))
        each = 1000 / (views - few)
        found[way] = {
            "seconds": (other["seconds"] - one["seconds"]) * each,
            "mb": other["mb"],
            "stages": {name: (end - one["stages"][name]) * each for name, end in other["stages"].items()},
        }
        print(f"{kind}: {way}", file=sys.stderr)
    return found


def table(kind: str, found: dict[str, dict[str, Any]]) -> list[str]:
    """Rows of Markdown: every way against the floor and the naive script."""
    floor, script = (found[way]["seconds"] for way in ("floor", "script"))
    lines = [f"| {kind} | against the floor | against the script | peak MB |", "|---|---|---|---|"]
    for way, it in found.items():
        lines.append(f"| {way} | {it['seconds'] / floor:.2f} | {it['seconds'] / script:.2f} | {it['mb']} |")
    return [*lines, ""]


def plot(found: dict[str, dict[str, dict[str, Any]]], path: Path) -> None:
    """A bar for each corpus: which part of a build goes into which stage."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 0.8 + 0.6 * len(found)))
    names = list(dict.fromkeys(name for it in found.values() for name in it["build"]["stages"] if name not in FIXED))
    for row, it in enumerate(found.values()):
        each = {name: max(it["build"]["stages"].get(name, 0.0), 0.0) for name in names}
        left = 0.0
        for column, name in enumerate(names):
            share = each[name] / sum(each.values())
            axes.barh(row, share, left=left, color=f"C{column}", label=name if row == 0 else None)
            left += share
    axes.set(yticks=range(len(found)), yticklabels=list(found), xlim=(0, 1), xlabel="part of the time of a build")
    axes.legend(ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure all ways on all corpora and print the tables; ``--out`` keeps the numbers and the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    parser.add_argument("--way", help="one way, in this process: what the others are made of")
    parser.add_argument("--corpus", type=Path, help="the corpus for --way")
    given = parser.parse_args()
    if given.way:
        print(json.dumps(work(given.way, given.corpus)))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        found = {kind: measured(kind, given.views, Path(folder)) for kind in SIZES}
    (given.out / "bench.json").write_text(json.dumps({"views": given.views, "found": found}, indent=1) + "\n")
    plot(found, given.out / "bench.png")
    print("\n".join(line for kind, it in found.items() for line in table(kind, it)))


if __name__ == "__main__":
    main()
