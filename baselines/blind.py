"""Answer the questions of a split without looking: what a model has to beat.

    python -m baselines.blind shards --row question-only --out runs/question-only

Learns from the train split alone. Writes ``predictions.jsonl`` and ``masks/``, which ``mmrs score`` reads: the most
frequent answer and the mean mask of training questions that are alike.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from baselines.prs_med import data
from baselines.prs_med.config import Refused
from baselines.prs_med.trivial import (
    Frequent,
    Key,
    chosen,
    same_family,
    same_metadata,
    same_metadata_and_structures,
    same_question,
)
from mmrs_builder import metrics, programs

ROWS: Mapping[str, tuple[Key, ...]] = {
    "majority": (),
    "question-only": (same_question, same_family),
    "metadata-only": (same_metadata_and_structures, same_metadata),
}
"""What a row knows, the most telling first; after all of them, kind and type of the answer."""


def lines(
    frequent: Frequent, rows: Iterable[Mapping[str, Any]], words: metrics.Words, out: Path
) -> Iterator[dict[str, Any]]:
    """A prediction for every question of every view; masks are written on the way."""
    (out / "masks").mkdir(parents=True, exist_ok=True)
    for row in rows:
        for question in row["qa"]:
            line: dict[str, Any] = {"question_id": question["question_id"]}
            if metrics.is_closed(question["kind"], programs.value_type(question["program"])):
                line["parsed"] = chosen(frequent, question, words, row)
            if question["target"] is not None:
                line["mask"] = f"masks/{question['question_id']}.png"
                mask = frequent.mask(question, (row["height"], row["width"]), row)
                Image.fromarray(mask.astype(np.uint8) * 255).save(out / line["mask"])
            yield line


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m baselines.blind", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("shards", type=Path, help="folder made by mmrs build, with a train split")
    parser.add_argument("--row", choices=[*ROWS], required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--train", type=Path, help="shards whose train split is known (default: the same)")
    parser.add_argument("--out", type=Path, required=True, help="folder for predictions.jsonl and masks")
    args = parser.parse_args(argv)
    try:
        asked = data.views(args.shards, args.split, facts=True)
        known = data.views(args.train or args.shards, "train", facts=True)
        words = metrics.Words.of(data.language_of(args.shards))
    except Refused as refusal:
        print(f"{refusal}", file=sys.stderr)
        return 2
    frequent = Frequent(*ROWS[args.row]).learn(tqdm(known, unit="view", desc=args.row, file=sys.stderr))
    found = [json.dumps(line) + "\n" for line in lines(frequent, asked, words, args.out)]
    (args.out / "predictions.jsonl").write_text("".join(found), "utf-8")
    print(args.out / "predictions.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
