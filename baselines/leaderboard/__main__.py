"""Run contenders on the same questions, score them all by ``mmrs score``, and write one table.

    python -m baselines.leaderboard baselines/leaderboard/demo.toml --out runs/leaderboard

What is finished is not run again; a contender that fails costs its row. Writes ``leaderboard.json``,
``leaderboard.md`` and ``leaderboard.png``, and for each contender its predictions and ``score.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from baselines.leaderboard.contenders import built, ran, read, scored
from baselines.leaderboard.page import markdown, picture
from baselines.prs_med.config import Refused


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m baselines.leaderboard", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("config", type=Path, help="TOML file that names shards and contenders")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is made")
    args = parser.parse_args(argv)
    try:
        config = read(args.config)
        args.out.mkdir(parents=True, exist_ok=True)
        root = args.out.resolve()
        shards = built(config, root).resolve()
    except Refused as refusal:
        print(f"{refusal}", file=sys.stderr)
        return 2
    failed = {row.name: ran(row, config, shards, root) for row in config.rows}
    found = {row.name: scored(row, config, shards, root) for row in config.rows}
    for name, values in found.items():
        failed[name] += [] if values else ["no predictions that can be scored"]
    text = markdown(found, failed, config.against)
    whole = {"split": config.split, "against": config.against, "failed": failed, "rows": found}
    (root / "leaderboard.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (root / "leaderboard.md").write_text(text, "utf-8")
    picture(found, root / "leaderboard.png")
    print(text)
    return 1 if any(failed.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
