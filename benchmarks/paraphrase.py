"""The whole way of a paraphrase bank on this machine: endpoint, bank, shards in new words, verification.

The endpoint is the rule-based rewriter beside this file, which is no language model: what is shown is the way, not the
quality of a model's paraphrases. Run by ``make demo-paraphrase``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from http.server import ThreadingHTTPServer
from pathlib import Path

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
    out = Path(sys.argv[1])
    home = out.parent
    home.mkdir(parents=True, exist_ok=True)
    mmrs("build", *PHANTOMS, "--out", out, "--overwrite")
    before, measured = questions(out), stamps(out)

    server = ThreadingHTTPServer(("127.0.0.1", PORT), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"\nA rule-based rewriter, which is no language model, listens on port {PORT}.")
    bank, state = home / "rewriter.toml", {"MMRS_STATE": str(home / "state"), "NO_PROXY": "127.0.0.1"}
    mmrs("paraphrase", "--model", MODEL, "--base-url", f"http://127.0.0.1:{PORT}/v1", "--bank", bank, **state)
    server.shutdown()

    mmrs("build", *PHANTOMS, "--out", out, "--overwrite", "--paraphrase", "bank", "--bank", bank)
    mmrs("verify", out)
    report(before, questions(out), kept=stamps(out) == measured)


def stamps(out: Path) -> dict[str, int]:
    """When each measured part was written."""
    return {path.name: path.stat().st_mtime_ns for path in sorted((out / ".mmrs" / "measure").rglob("*.parquet"))}


def report(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]], *, kept: bool) -> None:
    changed = [key for key in sorted(after) if after[key]["text_source"] == "bank"]
    same = before.keys() == after.keys() and all(before[key]["value"] == after[key]["value"] for key in before)
    print(f"\nNothing was measured again: {kept}. The same questions with the same values: {same}.")
    print(f"Words from: {dict(Counter(row['text_source'] for row in after.values()))}")
    for key in changed[:: max(1, len(changed) // 5)][:5]:
        print(f"\n  was: {before[key]['question']} | {before[key]['answer']}")
        print(f"  is:  {after[key]['question']} | {after[key]['answer']}")
    if not (kept and same and changed):
        sys.exit(1)


if __name__ == "__main__":
    main()
