"""How long a training step waits for its pictures: the loader and the step of the bundled baseline, together.

    python -m benchmarks.feeding SHARDS                   # LLaVA-Med 7B and TinyViT at 1024 px: one GPU with 80 GB
    python -m benchmarks.feeding SHARDS --shapes small    # the same code on a CPU: its times mean nothing

``SHARDS`` is a build with a train split. A step takes 4 pictures with 3 questions each, read, decoded and packed by the
loader of ``train.py`` with 0 or more workers; weights are random (``train_step.py``), the tokenizer is learnt from the
shards. *held* are the same steps on batches that lie in memory; they are passed once before, for sizes that a device
sees for the first time take long. Times are means by the clock, synchronised, after steps that are not counted, among
them those whose batches the workers had ready when the first was asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from accelerate import Accelerator
from torch import nn

from baselines.prs_med import data, tokens
from baselines.prs_med.config import Preset, prs_med_7b
from baselines.prs_med.data import Batch, Reader
from baselines.prs_med.model import PRSMed
from baselines.prs_med.train import counts, optimiser, reader_of, steps_of, sums
from benchmarks.train_step import SHAPES, autocast, made

PICTURES, QUESTIONS, WARMUP = 4, 3, 3
AHEAD = 2  # steps that torch keeps ready for each worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """Seconds of a step by the clock, and those of them that the device waited for a batch."""

    step: float
    waited: float


def prepared(shapes: str, shards: Path) -> tuple[Preset, Reader]:
    """The preset of a step, with a reader and a vocabulary that fit each other."""
    texts = [text for row in data.views(shards, "train") for q in row["qa"] for text in (data.asked(q), q["answer"])]
    learnt, config = tokens.learn(texts), SHAPES[shapes]()
    vlm: dict[str, Any] = config.vlm_config  # type: ignore[assignment]
    side, patch = vlm["vision_config"]["image_size"], vlm["vision_config"]["patch_size"]
    images = hf.CLIPImageProcessorPil(size=side, crop_size=side)
    processor = hf.LlavaProcessor(
        images, learnt, patch_size=patch, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=tokens.TEMPLATE,
    )  # fmt: skip
    text = vlm["text_config"] | {"vocab_size": max(vlm["text_config"]["vocab_size"], len(learnt))}
    vlm = vlm | {"text_config": text, "image_token_index": learnt.convert_tokens_to_ids(tokens.IMAGE)}
    train = replace(prs_med_7b().train, views=PICTURES, views_per_pass=PICTURES, questions=QUESTIONS)
    preset = Preset(model=replace(config, vlm_config=vlm), train=train)
    return preset, reader_of(processor, preset)


class Stepper:
    """An optimiser step on the batches of a step."""

    def __init__(self, model: PRSMed, preset: Preset, device: torch.device) -> None:
        self._model, self._paper, self._device = model, preset.model.paper, device
        self._adam = optimiser(model, preset.train)
        self._trained = [weight for weight in model.parameters() if weight.requires_grad]

    def __call__(self, parts: Sequence[Batch]) -> None:
        divisors = torch.tensor(counts(parts), device=self._device).clamp(min=1)
        for part in parts:
            batch = part.to(self._device)
            with autocast(self._device.type):
                output = self._model(batch)
            (sums(output, batch, self._paper) / divisors).sum().backward()
        nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._adam.step()
        self._adam.zero_grad()
        if self._device.type == "cuda":
            torch.cuda.synchronize()


def timed(step: Stepper, given: Iterator[list[Batch]], warmup: int, steps: int) -> Fed:
    """Mean times of ``steps`` steps after ``warmup`` others."""
    waited, start = 0.0, 0.0
    for number in range(warmup + steps):
        if number == warmup:
            waited, start = 0.0, time.perf_counter()
        asked = time.perf_counter()
        parts = next(given)
        waited += time.perf_counter() - asked
        step(parts)
    return Fed(step=(time.perf_counter() - start) / steps, waited=waited / steps)


def run(shapes: str, shards: Path, workers: Sequence[int], steps: int) -> dict[str, Any]:
    """Everything measured."""
    accelerator = Accelerator(mixed_precision="no")
    preset, reader = prepared(shapes, shards)
    step = Stepper(made(preset.model, accelerator.device), preset, accelerator.device)

    def loaded(number: int) -> Iterator[list[Batch]]:
        return steps_of(shards, replace(preset.train, workers=number, steps=10**6), reader, 0, accelerator)

    most = WARMUP + AHEAD * max(workers) + steps
    held = list(islice(loaded(0), most))
    for parts in held:
        step(parts)
    found = {"held": timed(step, iter(held), most - steps, steps)}
    for number in workers:
        given = loaded(number)
        found[f"{number} workers"] = timed(step, given, WARMUP + AHEAD * number, steps)
        del given  # ends its workers
    cuda = accelerator.device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name() if cuda else "cpu", "cores": os.cpu_count(), "shapes": shapes,
        "pictures": PICTURES, "questions": QUESTIONS, "steps": steps,
        "found": {name: {"step": it.step, "waited": it.waited} for name, it in found.items()},
    }  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """The result in Markdown."""
    lines = [f"{found['device']}, {found['cores']} cores, {found['shapes']}", ""]
    lines += ["| loader | s a step | waiting for a batch | against held |", "|---|---|---|---|"]
    held = found["found"]["held"]["step"]
    for name, it in found["found"].items():
        lines.append(f"| {name} | {it['step']:.3f} | {it['waited'] / it['step']:.0%} | {it['step'] / held:.2f} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument("--shapes", choices=SHAPES, default="prs_med_7b", help="(default: prs_med_7b, needs a GPU)")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4], metavar="N", help="(default: 0 1 2 4)")
    parser.add_argument("--steps", type=int, default=30, help="timed steps (default: 30)")
    parser.add_argument("--out", type=Path, help="write the JSON here too")
    args = parser.parse_args(argv)
    if args.shapes != "small" and not torch.cuda.is_available():
        print(f"--shapes {args.shapes} needs a GPU with 80 GB, torch sees none: try --shapes small", file=sys.stderr)
        return 2
    found = run(args.shapes, args.shards, args.workers, args.steps)
    print(table(found))
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
