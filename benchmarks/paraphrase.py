"""The whole way of other words on this machine: endpoint, bank, shards in its words and in words of rows, verification.

The endpoint is the rule-based rewriter beside this file, which is no language model: what is shown is the way, not the
quality of a model's paraphrases. Run by ``make demo-paraphrase``; with ``--audit`` it also compares what blind solvers
answer before and after.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.rewriter import MODEL, Answering

PORT = 8899  # the same each time: replies are kept by address
PHANTOMS = ("--source", "phantom", "--set", "phantom.count=240")


def mmrs(*arguments: object, **environment: str) -> None:
    command = [str(argument) for argument in arguments]
    print(f"\n$ mmrs {' '.join(command)}", flush=True)
    subprocess.run([sys.executable, "-m", "mmrs_builder", *command], check=True, env={**os.environ, **environment})


def questions(out: Path) -> dict[str, dict[str, str]]:
    columns = ["question_id", "question", "answer", "value", "text_source"]
    rows = [row for path in sorted((out / "qa").glob("*")) for row in pq.read_table(path, columns=columns).to_pylist()]
    return {row["question_id"]: row for row in rows}


def main() -> None:
    out, audited = Path(sys.argv[1]), "--audit" in sys.argv[2:]
    home = out.parent
    home.mkdir(parents=True, exist_ok=True)
    mmrs("build", *PHANTOMS, "--out", out, "--overwrite")
    before, measured = questions(out), stamps(out)
    gaps = {"templates": blind(out)} if audited else {}

    server = ThreadingHTTPServer(("127.0.0.1", PORT), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"\nA rule-based rewriter, which is no language model, listens on port {PORT}.")
    bank, state = home / "rewriter.toml", {"MMRS_STATE": str(home / "state"), "NO_PROXY": "127.0.0.1"}
    url = f"http://127.0.0.1:{PORT}/v1"
    mmrs("paraphrase", "--model", MODEL, "--base-url", url, "--bank", bank, **state)
    in_rows = ("--paraphrase", "rows", "--llm", f"model={MODEL}", "--llm", f"base-url={url}")
    sound = True
    for name, how in (("bank", ("--paraphrase", "bank", "--bank", bank)), ("row", in_rows)):
        mmrs("build", *PHANTOMS, "--out", out, "--overwrite", *how, **state)
        mmrs("verify", out)
        sound &= report(before, questions(out), name, kept=stamps(out) == measured)
        gaps |= {name: blind(out)} if audited else {}
    server.shutdown()
    if audited:
        compare(gaps)
    if not sound:
        sys.exit(1)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Of the questions of a kind that were judged: number, and how many of each are right in the mean.

    ``words`` are the answers of the solver that reads the words alone.
    """

    judged: int
    chance: float
    blind: float
    words: float


def blind(out: Path) -> dict[str, Gap]:
    """What ``mmrs audit`` says by kind: learnt on the other splits, weighted by the number of questions."""
    print(f"\n$ mmrs audit {out} --json", flush=True)
    command = [sys.executable, "-W", "ignore", "-m", "mmrs_builder", "audit", str(out), "--json"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for pool in told["pools"]:
        found = [it for it in pool["tested"] if it["division"] == "splits" and it["estimate"]["n"]]
        kinds[pool["name"].split()[-1]] += found
    return {kind: _gap(found) for kind, found in sorted(kinds.items()) if found}


def _gap(found: list[dict[str, Any]]) -> Gap:
    judged = sum(it["estimate"]["n"] for it in found)

    def mean(value: Callable[[dict[str, Any]], float]) -> float:
        return sum(value(it) * it["estimate"]["n"] for it in found) / judged

    chance = mean(lambda it: it["estimate"]["chance"])
    return Gap(
        judged=judged,
        chance=chance,
        blind=mean(lambda it: it["estimate"]["blind"]),
        words=chance + mean(lambda it: it["solvers"].get("words", 0.0)),
    )


def compare(gaps: dict[str, dict[str, Gap]]) -> None:
    """How much is answered without looking, by the origin of the words."""
    print("\n| kind | words from | judged | chance | blind | by words alone |\n|---|---|---|---|---|---|")
    for kind in sorted({kind for gap in gaps.values() for kind in gap}):
        for name, gap in gaps.items():
            if kind in gap:
                it = gap[kind]
                parts = (f"{100 * part:.1f} %" for part in (it.chance, it.blind, it.words))
                print(f"| {kind} | {name} | {it.judged} | {' | '.join(parts)} |")


def stamps(out: Path) -> dict[str, int]:
    """When each measured part was written."""
    return {path.name: path.stat().st_mtime_ns for path in sorted((out / ".mmrs" / "measure").rglob("*.parquet"))}


def report(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]], source: str, *, kept: bool) -> bool:
    """Say what changed, and whether it is words only."""
    changed = [key for key in sorted(after) if after[key]["text_source"] == source]
    same = before.keys() == after.keys() and all(before[key]["value"] == after[key]["value"] for key in before)
    print(f"\nNothing was measured again: {kept}. The same questions with the same values: {same}.")
    print(f"Words from: {dict(Counter(row['text_source'] for row in after.values()))}")
    for key in changed[:: max(1, len(changed) // 5)][:5]:
        print(f"\n  was: {before[key]['question']} | {before[key]['answer']}")
        print(f"  is:  {after[key]['question']} | {after[key]['answer']}")
    return kept and same and bool(changed)


if __name__ == "__main__":
    main()
