"""How fast the shards are read for training, beside WebDataset tar files, and what the size of row groups costs.

    python -m benchmarks.loading --views 320

Everything is measured on a build of drawn pictures. Each way is a process; in it each level reads few views and then
more: what a view costs is the difference, in seconds of the processors, workers included, so that no start-up is in it.
``load_dataset`` copies what is read with random access to an Arrow file first; that is in a row of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import builds, row_groups
from benchmarks.corpora import draw

STEP = 0.371
"""Seconds of a training step of 4 pictures with 3 questions each on an H200: ``README.md``."""

LIBRARIES = ("datasets", "pyarrow", "torch", "transformers", "webdataset", "pillow")
TAR_BYTES = 2 * 2**20
"""So many tar files that each worker has some: an export begins a new one after 256 MB."""


def prepared(folder: Path, views: int, least: int) -> dict[str, Any]:
    """A build and its export, both repeated by links until there are ``least`` views to read; what they weigh."""
    from mmrs_builder.export import wds

    draw("polyps", folder / "corpus", views)
    builds.build(folder / "corpus", folder / "built", rows_per_shard=50)
    with mock.patch.object(wds, "FULL", TAR_BYTES):
        export(folder / "built", folder / "exported")
    shards, tars = files(folder / "built" / "data", "parquet"), files(folder / "exported", "tar")
    rows = sum(row_groups.pq.read_metadata(path).num_rows for path in shards)
    times = -(-least // rows)
    repeat(shards, folder / "shards" / "data", times)
    repeat(tars, folder / "tars", times)
    weighed = {"shards": shards, "tars": tars, "qa": files(folder / "built" / "qa", "parquet")}
    return {
        "views": rows,
        "bytes": {name: sum(path.stat().st_size for path in held) / rows for name, held in weighed.items()},
    }


def export(built: Path, out: Path) -> None:
    """``mmrs export --to webdataset`` in this process."""
    from typer.testing import CliRunner

    from mmrs_builder.cli import app

    done = CliRunner().invoke(app, ["export", str(built), "--to", "webdataset", "--out", str(out)])
    assert done.exit_code == 0, done.output


def files(folder: Path, suffix: str) -> list[Path]:
    """The files of the train split."""
    return sorted(folder.glob(f"train-*.{suffix}"))


def repeat(found: list[Path], out: Path, times: int) -> None:
    """The same files several times under new names, without a copy of their bytes."""
    out.mkdir(parents=True)
    for number in range(times * len(found)):
        path = found[number % len(found)]
        total = f"-of-{times * len(found):05d}" if path.suffix == ".parquet" else ""
        os.link(path, out / f"train-{number:05d}{total}{path.suffix}")


def way(name: str, place: Path, parts: list[str]) -> dict[str, Any]:
    """One way in this process: milliseconds of the processors a view, by level and number of workers."""
    import torch

    from benchmarks import loaders

    torch.set_num_threads(1)
    before = builds.spent()
    loaders.rows_of(name, place)
    copied = builds.spent() - before
    every, found = loaders.levels(place / "shards"), {}
    for level in parts:
        loaders.read(name, place, every[level], 0, loaders.BATCH)  # what is done once
        for workers in loaders.WORKERS:
            took, clock = [], []
            for views in loaders.LEVELS[level]:
                spent, at = builds.spent(), time.perf_counter()
                loaders.read(name, place, every[level], workers, views)
                took.append(builds.spent() - spent)
                clock.append(time.perf_counter() - at)
            few, many = loaders.LEVELS[level]
            found[f"{level}/{workers}"] = {
                "ms": 1000 * (took[1] - took[0]) / (many - few),
                "clock_ms": 1000 * (clock[1] - clock[0]) / (many - few),
            }
    return {"opened_s": copied, "levels": found, "peak_mb": builds.peak()}


def apart(folder: Path, *arguments: str) -> dict[str, Any]:
    """Part of the measurement in a process of its own, with a cache of its own."""
    command = [sys.executable, "-m", "benchmarks.loading", *arguments, "--place", str(folder)]
    told = {**os.environ, "HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=told)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measured(folder: Path, views: int, parts: list[str]) -> dict[str, Any]:
    """Everything, process by process."""
    from benchmarks import loaders

    least = max(loaders.LEVELS[part][1] for part in parts) + loaders.SPARE
    found: dict[str, Any] = {**told(), "load": [os.getloadavg()[0]], **prepared(folder, views, least)}
    found["ways"] = {}
    for name in loaders.WAYS:
        found["ways"][name] = apart(folder, "--way", name, "--levels", *parts)
        print(f"{name}: {json.dumps(found['ways'][name])}", file=sys.stderr)
    found["row_groups"] = {}
    for size in row_groups.SIZES:
        row_groups.rewrite(files(folder / "built" / "data", "parquet"), size, folder / f"rows{size}.parquet")
        found["row_groups"][str(size)] = apart(folder, "--group", str(size))
    found["load"].append(os.getloadavg()[0])
    return found


def told() -> dict[str, Any]:
    """Machine and versions."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "processor": cpu[0].split(":")[1].strip() if cpu else platform.machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def table(found: dict[str, Any]) -> list[str]:
    """Both tables, and what follows for the number of workers, in Markdown."""
    each = {name: it["levels"] for name, it in found["ways"].items()}
    names = list(dict.fromkeys(level.split("/")[0] for it in each.values() for level in it))
    workers = sorted({level.split("/")[1] for it in each.values() for level in it})
    lines = [
        f"| views per second of one core, {' / '.join(workers)} workers | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for name, it in each.items():
        cells = (" / ".join(rate(it[f"{level}/{number}"]["ms"]) for number in workers) for level in names)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    weights = ", ".join(f"{name} {size / 1000:.1f} kB" for name, size in found["bytes"].items())
    lines += ["", f"{found['views']} views; each takes: {weights}. Seconds until a way is opened, imports not counted:"]
    lines += [", ".join(f"{name} {it['opened_s']:.2f}" for name, it in found["ways"].items()) + ".", ""]
    lines += [
        "| rows a group | kB a view | streamed, ms a view | peak MB | one view reached: ms | kB read | requests |",
        "|---|---|---|---|---|---|---|",
    ]
    for size, it in found["row_groups"].items():
        lines.append(
            f"| {size} | {it['bytes'] / 1000:.1f} | {it['streamed_ms']:.2f} | {it['peak_mb']} "
            f"| {it['reached_ms']:.1f} | {it['reached_bytes'] / 1000:.0f} | {it['requests']:.1f} |"
        )
    return [*lines, "", *needed(found)]


def rate(ms: float) -> str:
    """Views a second of one core, in two digits; – where the machine was too busy for a difference to show."""
    return "–" if ms <= 0 else f"{float(f'{1000 / ms:.2g}'):.0f}"


def needed(found: dict[str, Any]) -> list[str]:
    """How many cores feed one GPU at the measured step, by way."""
    lines = []
    for name, it in found["ways"].items():
        ms = it["levels"].get("paper/1", {"ms": 0.0})["ms"]
        if ms > 0:
            cores = ms / 1000 * 4 / STEP
            lines.append(f"{name}: {4 / STEP:.1f} views a second for one GPU take {cores:.2f} cores")
    return lines


def main() -> None:
    """Measure and print; ``--out`` keeps the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--views", type=int, default=320)
    parser.add_argument("--levels", nargs="+", default=["bytes", "decoded", "tiny", "paper"])
    parser.add_argument("--out", type=Path, default=Path("runs/loading"))
    parser.add_argument("--way", help="one way, in this process: what the table is made of")
    parser.add_argument("--group", type=int, help="one size of row groups, in this process")
    parser.add_argument("--place", type=Path, help="what was prepared, for --way and --group")
    given = parser.parse_args()
    if given.way:
        print(json.dumps(way(given.way, given.place, given.levels)))
        return
    if given.group:
        print(json.dumps(row_groups.measured(given.place / f"rows{given.group}.parquet")))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.out) as folder:
        found = measured(Path(folder), given.views, given.levels)
    (given.out / "loading.json").write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
