"""``make soak``: the long proofs, on phantoms built for it, as tables in Markdown; last all that may go wrong.

``python benchmarks/soak.py [--views 2000] [--volumes 12] [--per-kind 3000] [--workers N] [--out runs/soak]``: builds,
verifies, counts which families are asked, tells thousands of lies of every kind, answers all questions again on other
hands' masks, and tries all of ``tests/faults``. Ends with 1 if verification disagrees, a lie is missed, a family is
never asked, or a fault is not survived.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from mmrs_builder import resources
from mmrs_builder.templates import load

ROOT: Final = Path(__file__).parent.parent


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
    parser.add_argument("--views", type=int, default=2000)
    parser.add_argument("--volumes", type=int, default=12)
    parser.add_argument("--per-kind", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("runs/soak"))
    args = parser.parse_args()
    shards = args.out / "shards"
    size = ["--set", f"phantom.count={args.views}", "--set", f"phantom.volumes={args.volumes}"]
    mmrs = ("-m", "mmrs_builder")
    codes = [run(*mmrs, "build", "--source", "phantom", *size, "--workers", args.workers, "--out", shards)[0]]
    code, verified = run(*mmrs, "verify", shards, "--json")
    codes.append(code)
    text, missing = spread(asked(shards))
    print(f"## Families\n\n{text}\n\n## Verification\n\n{derived(json.loads(verified))}\n")
    print("## Lies\n", flush=True)
    for script, options in (("mutants", ("--per-kind", args.per_kind, "--workers", args.workers)), ("flips", ())):
        code, text = run(f"benchmarks/{script}.py", shards, *options)
        codes.append(code)
        print(text, flush=True)
        if script == "mutants":
            print("## Other hands\n", flush=True)
    print("## Faults\n", flush=True)
    code, text = run("-m", "benchmarks.faults", "--out", args.out / "faults.json")
    codes.append(code)
    print(text)
    return 1 if any(codes) or missing else 0


if __name__ == "__main__":
    sys.exit(main())
