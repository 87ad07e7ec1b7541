"""Segment the targets of a split with a SAM that is told where to look: an upper and a lower reference for masks.

    python -m baselines.prompted_sam shards --model facebook/sam-vit-base --out runs/sam-box
    python -m baselines.prompted_sam shards --model … --positions runs/mine/predictions.jsonl --out runs/sam-mine

With the box around the true mask it says what a segmenter could reach that knew where; with another model's
``predictions.jsonl``, what that model's own position is worth as a prompt. Any ``AutoModelForMaskGeneration`` of
transformers: SAM and SAM-HQ were tried; SAM 2, which was not, needs torchvision. Writes ``predictions.jsonl`` and
``masks/``, which ``mmrs score`` reads.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from PIL import Image
from tqdm import tqdm

from baselines.prompted_sam.prompts import Box, Told, around
from baselines.prs_med import data
from baselines.prs_med.config import Refused
from baselines.prs_med.data import Sample
from mmrs_builder import metrics
from mmrs_builder.metrics.published import Levels


class Segmenter:
    """A model of the SAM family and its processor."""

    def __init__(self, model: Any, processor: Any, device: str = "cpu") -> None:
        self.model, self.processor, self.device = model.to(device).eval(), processor, device

    @torch.inference_mode()
    def levels(self, image: Image.Image, boxes: Sequence[Box]) -> list[Levels]:
        """For each box the grey levels (H, W) of its mask: 256 times the probability."""
        read = self.processor(images=image, input_boxes=[[list(box) for box in boxes]], return_tensors="pt")
        sizes = {name: read.pop(name) for name in ("original_sizes", "reshaped_input_sizes") if name in read}
        inputs = {name: value.to(self.device, torch.float32) for name, value in read.items()}
        logits = self.model(**inputs, multimask_output=False).pred_masks
        (full,) = self.processor.post_process_masks(logits.float().cpu(), **sizes, binarize=False)
        grey = (256 * full[:, 0].sigmoid()).clamp(max=255).to(torch.uint8).numpy()
        return list(grey)


def opened(model: str, device: str) -> Segmenter:
    """A checkpoint. Raises ``Refused`` for what is none of the SAM family."""
    try:
        found = hf.AutoModelForMaskGeneration.from_pretrained(model)
        return Segmenter(found, hf.AutoProcessor.from_pretrained(model), device)
    except (OSError, ValueError) as error:
        raise Refused(f"{model} cannot be opened as a model of the SAM family: {error}") from error


def prompts(item: Sample, told: Told | None, words: metrics.Words) -> Iterator[tuple[str, Box | None]]:
    """Question and box of every question with a mask target."""
    for question, truth in zip(item.questions, item.masks, strict=True):
        if truth is not None:
            box = around(truth) if told is None else told.box(question, words, item.image.width, item.image.height)
            yield question["question_id"], box


def lines(
    segmenter: Segmenter, row: Mapping[str, Any], told: Told | None, words: metrics.Words, out: Path
) -> Iterator[dict[str, Any]]:
    """Predictions for one view; masks are written on the way. Questions with the same box share one."""
    item = data.sample(row, range(len(row["qa"])))
    asked = list(prompts(item, told, words))
    boxes = sorted({box for _, box in asked if box is not None})
    masks = dict(zip(boxes, segmenter.levels(item.image, boxes), strict=True)) if boxes else {}
    for question_id, box in asked:
        name = f"masks/{question_id}.png"
        grey = Image.new("L", item.image.size) if box is None else Image.fromarray(masks[box])
        grey.save(out / name)
        yield {"question_id": question_id, "mask": name, "box": box}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m baselines.prompted_sam", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("shards", type=Path, help="folder made by mmrs build")
    parser.add_argument("--model", required=True, help="a checkpoint of the SAM family: a folder or a name on the Hub")
    parser.add_argument("--positions", type=Path, help="predictions.jsonl whose position is the prompt (the true box)")
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, required=True, help="folder for predictions.jsonl and masks")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    try:
        rows = data.views(args.shards, args.split)
        words = metrics.Words.of(data.language_of(args.shards))
        told = Told.read(args.positions) if args.positions else None
        segmenter = opened(args.model, args.device)
    except Refused as refusal:
        print(f"{refusal}", file=sys.stderr)
        return 2
    (args.out / "masks").mkdir(parents=True, exist_ok=True)
    shown = tqdm(rows, unit="view", desc="segment", file=sys.stderr)
    found = [json.dumps(line) + "\n" for row in shown for line in lines(segmenter, row, told, words, args.out)]
    (args.out / "predictions.jsonl").write_text("".join(found), "utf-8")
    print(args.out / "predictions.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
