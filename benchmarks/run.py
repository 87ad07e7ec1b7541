"""What a build costs beside what it cannot do without, in one run: see ``benchmarks/README.md``.

Every way runs in a process of its own, twice: on all views and on a tenth of them. What a view costs is the difference,
so that start-up is in no number. Seconds are those of the processors, children included; read ratios only. Time by the
clock is told where two workers stand beside one, with the load of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import naive, rephrase, starting
from benchmarks.builds import BUILDS, build, peak, spent, weight
from benchmarks.corpora import SIZES, draw

Way = Callable[[Path, Path], None]
PICTURES: dict[str, Way] = {
    "copy": naive.copy, "floor": naive.floor, "script": naive.script, "pictures": naive.pictures,
}  # fmt: skip
WAYS: dict[str, dict[str, Way]] = {
    "polyps": PICTURES,
    "slices": PICTURES,
    "volumes": {"copy": naive.copy, "floor": naive.volumes},
}
Measured = dict[str, dict[str, dict[str, Any]]]
"""By corpus and way."""

REPHRASED = "re-phrased"
VIEWS_OF_A_VOLUME = 100
"""Pictures for which one volume is drawn."""


def work(kind: str, way: str, corpus: Path) -> dict[str, Any]:
    """One way in this process: seconds of the processors and by the clock, and the most memory of one process in MB.

    ``leading`` are the seconds of this process without its workers. Of a build also: seconds by stage, views,
    candidates and bytes, ``held`` those of the output folder before it publishes.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, at, before = Path(folder), time.perf_counter(), spent()
        if way not in BUILDS:
            WAYS[kind][way](corpus, out)
            more = {}
        else:
            done = build(corpus, out / "shards", way)
            more = {
                "stages": {name: it.processor for name, it in done.stages.items()},
                "views": done.counts["views"]["published"],
                "candidates": done.counts["candidates"]["decided"] + done.counts["candidates"]["unanswerable"],
                "questions": done.counts["candidates"]["asked"],
                "data": weight(out / "shards" / "data"),
                "qa": weight(out / "shards" / "qa"),
                "state": weight(out / "shards" / ".mmrs"),
                "held": done.held,
            }
        clock = time.perf_counter() - at
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": spent() - before, "leading": own.ru_utime + own.ru_stime, "clock": clock, "mb": peak(), **more}


def apart(*arguments: str) -> dict[str, Any]:
    """Part of the measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def numbers(kind: str, views: int) -> tuple[int, int]:
    """How many pictures or volumes are drawn, for the short run and for the long one."""
    many = max(views // VIEWS_OF_A_VOLUME, 3) if kind == "volumes" else views
    return max(many // 10, 1), many


def between(few: dict[str, Any], many: dict[str, Any], each: float) -> dict[str, Any]:
    """The difference of two runs, multiplied; but of memory what the longer run held."""
    found: dict[str, Any] = {}
    for name, value in many.items():
        if isinstance(value, dict):
            found[name] = between({**dict.fromkeys(value, 0.0), **few[name]}, value, each)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = value if name == "mb" else (value - few[name]) * each
        else:
            found[name] = value
    return found


def measured(kind: str, views: int, folder: Path, wordings: Path) -> dict[str, dict[str, Any]]:
    """What 1000 pictures or volumes cost, way by way."""
    few, many = numbers(kind, views)
    corpora = [folder / f"{kind}{number}" for number in (few, many)]
    for number, corpus in zip((few, many), corpora, strict=True):
        draw(kind, corpus, number)
    found = {}
    for way in (*WAYS[kind], *BUILDS, REPHRASED):
        load = os.getloadavg()[0]
        told = ("--kind", kind, "--way", way, "--bank", str(wordings))
        one, other = (apart(*told, "--corpus", str(corpus)) for corpus in corpora)
        found[way] = {**between(one, other, 1000 / (many - few)), "load": [load, os.getloadavg()[0]]}
        print(f"{kind}: {way}", file=sys.stderr)
    return found


def table(kind: str, found: dict[str, dict[str, Any]]) -> list[str]:
    """Rows of Markdown: every way against the floor and, where there is one, the naive script."""
    floor, script = found["floor"]["seconds"], found.get("script", {}).get("seconds")
    lines = [f"| {kind} | against the floor | against the script | peak MB |", "|---|---|---|---|"]
    for way, it in found.items():
        if way != REPHRASED:
            beside = "–" if script is None else f"{it['seconds'] / script:.2f}"
            lines.append(f"| {way} | {it['seconds'] / floor:.2f} | {beside} | {it['mb']} |")
    return [*lines, "", side_by_side(found), reworded(found), ""]


def side_by_side(found: dict[str, dict[str, Any]]) -> str:
    """Two workers against one."""
    one, two = found["build"], found["build, two workers"]
    load = " to ".join(f"{value:.1f}" for value in two["load"])
    return (
        f"Two workers against one, at a load of {load} on {os.cpu_count()} cores: {two['clock'] / one['clock']:.2f} of"
        f" the time by the clock, {two['seconds'] / one['seconds']:.2f} of the processors' seconds,"
        f" {two['leading'] / two['seconds']:.2f} of them in the leading process."
    )


def reworded(found: dict[str, dict[str, Any]]) -> str:
    """A build in other words against a copy of its shards and a new build."""
    words = found[REPHRASED]
    return (
        f"Other words: {words['seconds'] / words['copy']:.0f} times a copy of the shards,"
        f" {words['seconds'] / found['build']['seconds']:.2f} of a build; files of the corpus opened:"
        f" {len(words['opened'])}; measured again: {'yes' if words['measured_again'] else 'no'}; with the corpus moved"
        f" away: {words['moved']}"
    )


def plot(found: Measured, path: Path, before: Measured) -> None:
    """A bar for each corpus, after one for what was measured ``before``: which stage costs how often the floor."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    bars = [
        (f"{kind}{when}", {name: value / it["floor"]["seconds"] for name, value in it["build"]["stages"].items()})
        for kind in found
        for when, those in ((", before", before), ("", found))
        if (it := those.get(kind))
    ]
    names = list(dict.fromkeys(name for _, stages in bars for name in stages))
    figure, axes = plt.subplots(figsize=(8, 0.8 + 0.5 * len(bars)))
    for column, name in enumerate(names):
        lengths = [max(stages.get(name, 0.0), 0.0) for _, stages in bars]
        starts = [sum(max(stages.get(other, 0.0), 0.0) for other in names[:column]) for _, stages in bars]
        axes.barh(range(len(bars)), lengths, left=starts, color=f"C{column}", label=name)
    axes.set(yticks=range(len(bars)), yticklabels=[name for name, _ in bars], xlabel="processor time, in floors")
    axes.invert_yaxis()
    axes.legend(ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def begun(folder: Path, files: int | None) -> tuple[dict[str, Any], list[str]]:
    """What beginning takes, and in words."""
    found: dict[str, Any] = {"help": starting.helped()}
    lines = [f"`mmrs --help`: {found['help']['seconds']:.2f} s of the processors."]
    if files is not None:
        found["dry_run"] = dry = starting.dry_run(folder / "many", files)
        lines.append(
            f"`mmrs build --dry-run` on {dry['files']} files: {dry['seconds']:.1f} s of the processors,"
            f" {dry['bare']['seconds']:.2f} s of them as long as `mmrs --version`."
        )
    return found, lines


def options() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=2000, help="pictures; of volumes a hundredth (default: 2000)")
    parser.add_argument("--kinds", nargs="+", choices=SIZES, default=list(SIZES), help="(default: all)")
    parser.add_argument("--files", type=int, help="also a dry run on so many files; 100000 take minutes")
    parser.add_argument("--before", type=Path, help="bench.json of an earlier version, for the plot")
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    parser.add_argument("--way", help="one way, in this process: what the others are made of")
    parser.add_argument("--kind", choices=SIZES, help="the kind of corpus for --way")
    parser.add_argument("--corpus", type=Path, help="the corpus for --way")
    parser.add_argument("--bank", type=Path, help="other wordings for --way")
    return parser.parse_args()


def main() -> None:
    """Measure all ways on all corpora and print the tables; ``--out`` keeps the numbers and the plot."""
    given = options()
    if given.way:
        words = given.way == REPHRASED
        told = rephrase.rephrased(given.corpus, given.bank) if words else work(given.kind, given.way, given.corpus)
        print(json.dumps(told))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        wordings = Path(folder) / "bank.toml"
        rephrase.bank(wordings)
        begin, lines = begun(Path(folder), given.files)
        found = {kind: measured(kind, given.views, Path(folder), wordings) for kind in given.kinds}
    whole = {"views": given.views, "cores": os.cpu_count(), "found": found, "begin": begin}
    (given.out / "bench.json").write_text(json.dumps(whole, indent=1) + "\n")
    before: Measured = json.loads(given.before.read_text())["found"] if given.before else {}
    plot(found, given.out / "bench.png", before)
    print("\n".join([*(line for kind, it in found.items() for line in table(kind, it)), *lines]))


if __name__ == "__main__":
    main()
