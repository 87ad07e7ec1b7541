"""``make soak``: the long proofs, on phantoms built for it, as tables in Markdown; last all that may go wrong.

``python benchmarks/soak.py [--share 1.0] [--per-kind 3000] [--workers N] [--out runs/soak] [--also OUT ...]``: makes
the builds below, verifies them, counts which families are asked, tells thousands of lies of every kind, answers all
questions again on other hands' masks, and tries all of ``tests/faults``. Ends with 1 if verification disagrees, a lie
is missed, a fault is not survived, or a family is never asked.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from mmrs_builder import resources
from mmrs_builder.templates import load

ROOT: Final = Path(__file__).parent.parent


RARE: Final = (
    "relate.between", "relate.horizontal", "*clock", "size.*share", "distance.*", "logic.*", "halves.*", "patient.*",
    "locate.border", "locate.covers_centre", "locate.side", "locate.quadrant", "locate.zone",
)  # fmt: skip
"""Families about which kinds of lies are told that the others offer seldom."""

SCARCE: Final = ("body.both_left", "chain.largest_of_three_upper")
"""Families that a build of a usual size asks once in a while."""


REAL: Final = frozenset({"extreme.largest_part_quadrant", "segment.largest_part", "segment.smallest_part"})
"""Families about organs of several parts, which no phantom has: builds of real corpora (``--also``) ask them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Flat views, volumes and further options of a build; a ``seed`` of its own makes other phantoms."""

    seed: int
    views: int
    volumes: int = 0
    options: tuple[str, ...] = ()

    def words(self, share: float) -> tuple[str, ...]:
        """Options of ``mmrs build`` for a share of the size."""
        sizes = {"seed": self.seed, "count": max(1, round(self.views * share)), "volumes": round(self.volumes * share)}
        return (*(word for name, size in sizes.items() for word in ("--set", f"phantom.{name}={size}")), *self.options)


def only(*families: str) -> tuple[str, ...]:
    """Options that ask nothing but these families."""
    return tuple(word for pattern in families for word in ("--families", pattern))


BUILDS: Final = {
    "even": Build(seed=0, views=2000, volumes=12),
    "rare": Build(
        seed=1, views=3000, volumes=120, options=("--keep-unbalanced", "--questions-per-view", "20", *only(*RARE))
    ),
    "twins": Build(seed=2, views=3900, options=("--twins",)),
    "scarce": Build(seed=0, views=6000, options=only(*SCARCE)),
}
"""The first is what a user builds; each of the others offers more of what it hardly holds."""


def run(*words: object) -> tuple[int, str]:
    """A command's exit code and what it printed."""
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def asked(out: Path) -> list[dict[str, Any]]:
    """Family, kind and hops of every question."""
    shards = sorted((out / "qa").glob("*.parquet"))
    return [row for path in shards for row in pq.read_table(path, columns=["family", "kind", "difficulty"]).to_pylist()]


def spread(questions: Sequence[dict[str, Any]]) -> tuple[str, list[str]]:
    """How questions are spread over families and hops, in Markdown, and the families that are never asked."""
    families = Counter(str(question["family"]) for question in questions)
    missing = sorted(family.id for family in load(resources.path("templates")).families if family.id not in families)
    hops = Counter(int(question["difficulty"]) for question in questions)
    counts = sorted(families.values())
    lines = [
        f"{len(questions)} questions of {len(families)} families; a family is asked {counts[0]} to {counts[-1]} times,",
        f"{counts[len(counts) // 2]} times in the median. Never asked: {', '.join(missing) or 'none'}.",
        "",
        "| hops | questions |",
        "|---:|---:|",
        *(f"| {number} | {count} |" for number, count in sorted(hops.items())),
    ]
    return "\n".join(lines), missing


def derived(report: dict[str, Any]) -> str:
    """What verification derived again, in a sentence."""
    counts = [f"{count} {name.replace('_', ' ')}" for name, count in report.items() if isinstance(count, int)]
    return f"{', '.join(counts[1:])}; {len(report['faults'])} faults."


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the sizes of all builds, and of the trials")
    parser.add_argument("--per-kind", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("runs/soak"))
    parser.add_argument(
        "--also", nargs="*", type=Path, default=[], help="other builds whose families count, as of samples"
    )
    args = parser.parse_args()
    mmrs, codes = ("-m", "mmrs_builder"), []
    outs = {name: args.out / name for name in BUILDS}
    print("## Verification\n", flush=True)
    for name, build in BUILDS.items():
        words = ("--source", "phantom", *build.words(args.share), "--workers", args.workers, "--out", outs[name])
        codes.append(run(*mmrs, "build", *words)[0])
        code, verified = run(*mmrs, "verify", outs[name], "--json")
        codes.append(code)
        print(f"- {name}: {derived(json.loads(verified))}", flush=True)
    questions = [asked(out) for out in (*outs.values(), *args.also)]
    print(f"\n## Families\n\n{spread(questions[0])[0]}\n\nOf all builds:")
    text, missing = spread([question for build in questions for question in build])
    print(f"\n{text}\n\n## Lies\n", flush=True)
    code, text = run("benchmarks/mutants.py", *outs.values(), "--per-kind", args.per_kind, "--workers", args.workers)
    codes.append(code)
    print(f"{text}\n## Other hands\n", flush=True)
    code, text = run("benchmarks/flips.py", outs["even"])
    codes.append(code)
    print(text, flush=True)
    print("## Faults\n", flush=True)
    code, text = run("-m", "benchmarks.faults", "--share", args.share, "--out", args.out / "faults.json")
    codes.append(code)
    print(text)
    return 1 if any(codes) or {*missing} - REAL else 0


if __name__ == "__main__":
    sys.exit(main())
