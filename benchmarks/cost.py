"""What a build of very many views would cost, from what a view costs: prints the tables of ``docs/cluster.md``.

    python -m benchmarks.cost runs/bench/bench.json few.json many.json

The last two are what ``python -m benchmarks.choosing`` printed for two numbers of candidates. Nothing of these sizes
was ever built: it is multiplication, and the square where a part grows with the square.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZES = (10_000_000, 100_000_000)
CORES = (64, 1000)
HOUR, GB, TB = 3600, 1e9, 1e12
SEARCHED = 100_000
"""Pictures among which copies were searched: ``docs/splits.md``, ``python -m benchmarks.duplicates --size 100000``."""
DESCRIBED, COMPARED = 29.0, 118.0  # s of one core: descriptors, and the product of every picture with every other one
CHECKED = 290_000 * 0.004  # s of all workers: the pairs that came out, among pictures more alike than those of corpora
LOOK = 4096 + 7000
"""Bytes of a view in the leading process, at the least: its thumbnail, and its descriptor with what is made of it."""
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one view of a kind costs: seconds, bytes, candidates."""

    total: float
    leading: float
    candidates: float
    shards: float
    state: float
    held: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """What a candidate costs while questions are chosen, in the leading process: seconds, bytes."""

    seconds: float
    held: float


def view(found: dict[str, Any], choice: Choosing) -> View:
    """A view, from a corpus of a bench: questions as in a large corpus, the leading process as with two workers.

    Choosing, of which a large corpus has less, is taken out of the leading process: it is counted by itself.
    """
    large, two = found["build, as in a large corpus"], found["build, two workers"]
    each = {name: large[name] / large["views"] for name in ("seconds", "candidates", "data", "qa", "state", "held")}
    return View(
        total=each["seconds"],
        leading=max(two["leading"] - choice.seconds * two["candidates"], 0.0) / two["views"],
        candidates=each["candidates"],
        shards=each["data"] + each["qa"],
        state=each["state"],
        held=each["held"],
    )


def choosing(few: dict[str, Any], many: dict[str, Any]) -> Choosing:
    """From two runs of ``benchmarks.choosing``."""
    more = many["candidates"] - few["candidates"]
    held = many["peak_mb"]["choosing"] - few["peak_mb"]["choosing"]
    return Choosing(seconds=(many["processor_seconds"] - few["processor_seconds"]) / more, held=1e6 * held / more)


def costs(one: View, choice: Choosing, views: int) -> dict[str, float]:
    """Everything about so many views, by name."""
    square = (views / SEARCHED) ** 2
    chosen, checked = choice.seconds * one.candidates * views, CHECKED * square
    compared = DESCRIBED * views / SEARCHED + COMPARED * square
    shared = (one.total - one.leading) * views - chosen
    leading, all_shared = one.leading * views + chosen, shared + compared + checked
    return {
        "workers: core hours of measuring, asking, writing": shared / HOUR,
        "workers: core hours of comparing pictures": compared / HOUR,
        "workers: core hours of checking pairs of pictures": checked / HOUR,
        "leading process: hours of what grows evenly": one.leading * views / HOUR,
        "leading process: hours of choosing questions": chosen / HOUR,
        **{f"days in all with {cores} cores": (all_shared / cores + leading) / DAY for cores in CORES},
        "leading process: GB of candidates": choice.held * one.candidates * views / GB,
        "leading process: GB of thumbnails and descriptors": LOOK * views / GB,
        "TB of shards": one.shards * views / TB,
        "TB of state that is kept": one.state * views / TB,
        "TB in all before it is published": one.held * views / TB,
    }


def breaks(one: View, choice: Choosing) -> list[str]:
    """At which number of views the search for copies takes over, and memory ends."""
    memory = choice.held * one.candidates + LOOK
    rest = one.total - one.leading - choice.seconds * one.candidates
    more = rest * SEARCHED**2 / (COMPARED + CHECKED)
    return [
        f"comparing all pictures is more work than all else from {more / 1e6:.2f} million views on;",
        *(
            f"{size} GB of the leading process are full at {size * GB / memory / 1e6:.1f} million views;"
            for size in (64, 1000)
        ),
    ]


def tables(bench: dict[str, Any], choice: Choosing) -> list[str]:
    """Assumptions, costs and limits, in Markdown."""
    kinds = {kind: view(found, choice) for kind, found in bench["found"].items() if kind != "volumes"}
    rows = {
        "processor seconds": lambda it: f"{it.total:.3f}",
        "of them in the leading process, without choosing": lambda it: f"{it.leading:.4f}",
        "candidates": lambda it: f"{it.candidates:.0f}",
        "shards, kB": lambda it: f"{it.shards / 1000:.1f}",
        "state kept, kB": lambda it: f"{it.state / 1000:.1f}",
        "whole folder while building, kB": lambda it: f"{it.held / 1000:.1f}",
    }
    lines = [f"| a view | {' | '.join(kinds)} |", f"|---|{'---|' * len(kinds)}"]
    lines += [f"| {name} | {' | '.join(text(it) for it in kinds.values())} |" for name, text in rows.items()]
    lines += ["", f"Choosing: {1e6 * choice.seconds:.2f} µs and {choice.held:.0f} bytes a candidate.", ""]
    found = {f"{kind}, {size // 10**6} M": costs(it, choice, size) for kind, it in kinds.items() for size in SIZES}
    lines += [f"| views | {' | '.join(found)} |", f"|---|{'---|' * len(found)}"]
    for name in next(iter(found.values())):
        lines.append(f"| {name} | {' | '.join(_short(it[name]) for it in found.values())} |")
    return [*lines, *(line for kind, it in kinds.items() for line in ("", f"{kind}:", *breaks(it, choice)))]


def _short(value: float) -> str:
    """Two digits, as no more is known."""
    return f"{float(f'{value:.2g}'):,.{1 if value < 9.5 else 0}f}"


def main() -> None:
    """Print the tables."""
    bench, few, many = (json.loads(Path(name).read_text()) for name in sys.argv[1:4])
    print("\n".join(tables(bench, choosing(few, many))))


if __name__ == "__main__":
    main()
