"""``make baseline-train``: build phantoms, train PRS-Med on them, evaluate on patients it never saw, ask it something.

Everything lies in ``runs/demo``. Two corpora are built, with different seeds and so without a common patient: one to
train on, one that is only tested on. ``--smoke`` is the short form; it fails unless the model's
masks beat the mean mask.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch

from baselines.prs_med import data, evaluate, predict, train

SIZES = {"full": (6000, 24, 2400, 40), "smoke": (480, 24, 120, 24)}
"""Views and questions per view: to train on, to test on."""

ENOUGH = 400
"""Questions out of which one is shown: one about a quadrant if there is one."""


def built(out: Path, seed: int, views: int, questions: int) -> None:
    """Phantoms of the size the model sees, as shards; nothing happens if they are there already."""
    settings = [f"phantom.{name}={value}" for name, value in (("count", views), ("seed", seed), ("size", 128))]
    command = [sys.executable, "-m", "mmrs_builder", "build", "--source", "phantom", "--overwrite"]
    command += [word for text in settings for word in ("--set", text)]
    subprocess.run([*command, "--questions-per-view", str(questions), "--out", str(out)], check=True)


def asked(run: Path, shards: Path) -> None:
    """One question about one phantom of the test corpus, answered in words and with an overlay."""
    found = ((row, q) for row in data.views(shards, "test") for q in row["qa"] if q["kind"] in ("open", "choice"))
    row, question = max(
        islice(found, ENOUGH), key=lambda item: (item[1]["family"] == "locate.quadrant", item[1]["kind"])
    )
    (run / "phantom.png").write_bytes(row["image"]["bytes"])
    print(f"\n{question['question']}\n  reference: {question['answer']}\n  model:     ", end="", flush=True)
    words = ["--image", str(run / "phantom.png"), "--question", question["question"]]
    predict.main(["--model", str(run / "model" / "best"), *words, "--out", str(run / "overlay.png")])


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/demo"))
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches")
    parser.add_argument("--smoke", action="store_true", help="some minutes: does it learn at all?")
    args = parser.parse_args(argv)
    run = args.out / ("smoke" if args.smoke else "baseline" if args.seed == 0 else f"baseline-{args.seed}")
    views, questions, test_views, test_questions = SIZES["smoke" if args.smoke else "full"]
    shards, held_out = (args.out / f"{name}{'-smoke' if args.smoke else ''}" for name in ("train", "held-out"))
    built(shards, 0, views, questions)
    built(held_out, 1, test_views, test_questions)
    preset = "small" if torch.cuda.is_available() else "tiny"
    words = ["--data", str(shards), "--out", str(run / "model"), "--preset", preset, "--set", f"train.seed={args.seed}"]
    words += ["--resume", "auto"]
    if args.smoke:
        words += ["--set", "train.steps=400", "--set", "train.picture_steps=160", "--set", "train.validation_views=16"]
    if code := train.main(words):
        return code
    out = args.out if run.name == "baseline" else run
    splits = [word for name in ("train", "validation", "test") for word in ("--split", name)]
    options = ["--train", str(shards), "--questions", "4", "--batch", "24", "--out", str(out), *splits]
    if code := evaluate.main(["--model", str(run / "model" / "best"), "--data", str(held_out), *options]):
        return code
    asked(run, held_out)
    found = json.loads((out / "results.json").read_text("utf-8"))
    model, plain = found["dice"], found["rows"]["majority answer, mean mask"]["dice"]["mean"]
    print(f"\n{out}/results.json, results.md, results.png, predictions.jsonl; overlay in {run}/overlay.png")
    if model <= plain:
        print(f"Dice {model:.3f} does not beat the mean mask's {plain:.3f}: something is broken", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
