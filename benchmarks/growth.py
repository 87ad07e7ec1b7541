"""Whether a view costs the same in a small and in a large corpus, and whether memory stays flat.

    python -m benchmarks.growth --sizes 1000 10000 100000 --workers 2

Polyp pictures are drawn once, all different; smaller corpora are its first pictures, linked. Each size is built in a
process of its own, with as few combinations of structures as in a large corpus, so that all sizes are asked alike, and
without the search for copies, which compares every picture with every other one and is timed by
``benchmarks.duplicates``. Seconds are those of the processors per 1000 views, start-up in them; what further views cost
is the difference between two sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from itertools import islice, pairwise
from pathlib import Path

from benchmarks import naive
from benchmarks.builds import GROWING, build, own_peak, spent
from benchmarks.corpora import draw


def part(corpus: Path, size: int, out: Path) -> Path:
    """The first pictures of a corpus and their masks, as links."""
    for name in ("images", "masks"):
        (out / name).mkdir(parents=True)
        for path in islice(sorted((corpus / name).iterdir()), size):
            os.link(path, out / name / path.name)
    return out


def work(way: str, corpus: Path, out: Path, workers: int) -> dict[str, float]:
    """One way on one corpus in this process: seconds, and the most memory of this process and of one of its workers."""
    before = spent()
    if way == "floor":
        naive.floor(corpus, out)
    else:
        build(corpus, out / "shards", GROWING, workers=workers)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000
    return {"seconds": spent() - before, "leading_mb": own_peak(), "worker_mb": children}


def apart(way: str, corpus: Path, folder: Path, workers: int) -> dict[str, float]:
    """The same in a process of its own, whose output is removed."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        words = ("--way", way, "--corpus", str(corpus), "--out", out, "--workers", str(workers))
        command = [sys.executable, "-m", "benchmarks.growth", *words]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def table(found: dict[int, dict[str, dict[str, float]]]) -> list[str]:
    """Rows of Markdown."""
    lines = [
        "| views | s per 1000 | against the floor | further views | leading MB | worker MB |",
        "|---|---|---|---|---|---|",
    ]
    further = {more: _further(found, few, more) for few, more in pairwise(found)}
    for size, ways in found.items():
        it, floor = ways["build"], ways["floor"]
        ratio = further.get(size)
        lines.append(
            f"| {size} | {1000 * it['seconds'] / size:.1f} | {it['seconds'] / floor['seconds']:.1f}"
            f" | {'–' if ratio is None else f'{ratio:.1f}'} | {it['leading_mb']:.0f} | {it['worker_mb']:.0f} |"
        )
    return lines


def _further(found: dict[int, dict[str, dict[str, float]]], few: int, more: int) -> float:
    """What views beyond the smaller size cost, against the floor's."""
    build_, floor = (found[more][way]["seconds"] - found[few][way]["seconds"] for way in ("build", "floor"))
    return build_ / floor


def main() -> None:
    """Measure all sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--corpus", type=Path, help="where the pictures lie or are to be drawn (default: for this run)")
    parser.add_argument("--out", type=Path, default=Path("runs/growth"))
    parser.add_argument("--way", choices=("floor", "build"), help="one way, in this process")
    given = parser.parse_args()
    if given.way:
        print(json.dumps(work(given.way, given.corpus, given.out, given.workers)))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    found: dict[int, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        corpus = given.corpus or Path(folder) / "corpus"
        if not corpus.exists():
            draw("polyps", corpus, max(given.sizes))
        for size in sorted(given.sizes):
            held = part(corpus, size, Path(folder) / str(size))
            found[size] = {way: apart(way, held, Path(folder), given.workers) for way in ("floor", "build")}
            print(f"{size}: {found[size]}", file=sys.stderr, flush=True)
    whole = {"workers": given.workers, "cores": os.cpu_count(), "found": found}
    (given.out / "growth.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
