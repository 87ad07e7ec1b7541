"""Train PRS-Med on shards, with Accelerate: one CPU, one GPU or many from the same script.

    python -m baselines.prs_med.train --data shards --out runs/mine --preset tiny
    accelerate launch --multi_gpu --num_processes 2 -m baselines.prs_med.train --data shards --out runs/mine --resume

The batch of a step is a function of the seed and the step's number alone, split over the processes; losses are divided
by counts over all of them. So the loss curve is the same for any number of processes, and a run that was interrupted
goes on as if it had not been.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers as hf
from accelerate import Accelerator
from accelerate.utils import set_seed
from peft.tuners.lora import LoraLayer
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from baselines.prs_med import checkpoint, data, losses, tokens
from baselines.prs_med.card import card
from baselines.prs_med.config import PRESETS, Preset, Refused, TrainConfig, changed
from baselines.prs_med.data import Batch, Reader
from baselines.prs_med.model import Output, PRSMed, build, load, save
from mmrs_builder.metrics import dice

NAMES = ("loss", "text", "mask", "structure")


class Steps(Dataset[list[Batch]]):
    """The batches of every step that one process has to pass, by the step's number."""

    def __init__(self, rows: Any, config: TrainConfig, reader: Reader, rank: int, processes: int) -> None:
        self.rows, self.config, self.reader, self.rank, self.processes = rows, config, reader, rank, processes

    def __getitem__(self, step: int) -> list[Batch]:
        """One batch per pass of the step."""
        config = self.config
        epoch, numbers = data.plan(len(self.rows), config.views, config.seed, step)
        mine = numbers[self.rank :: self.processes]
        return batches([self.rows[i] for i in mine], epoch, config, self.reader)


def batches(rows: Sequence[Any], epoch: int, config: TrainConfig, reader: Reader) -> list[Batch]:
    """Rows of one step and process, decoded and packed, ``views_per_pass`` at a time."""
    decode_all = config.structure_weight > 0
    samples = [
        data.sample(row, data.chosen(row, config.questions, config.seed, epoch), all_structures=decode_all)
        for row in rows
    ]
    size = config.views_per_pass
    return [reader.batch(samples[i : i + size], answers=True) for i in range(0, len(samples), size)]


def steps_of(folder: Path, config: TrainConfig, reader: Reader, start: int, accelerator: Accelerator) -> Iterator[Any]:
    """The batches of this process, from step ``start`` on, map-style or streamed."""
    rank, processes = accelerator.process_index, accelerator.num_processes
    if config.views % processes:
        raise Refused(f"train.views={config.views} cannot be shared by {processes} processes: choose a multiple")
    if config.streaming:
        for epoch, rows in data.stream(folder, config.views, config.seed, config.buffer, start):
            yield batches(rows[rank::processes], epoch, config, reader)
    rows = data.views(folder, "train").filter(bool, input_columns="qa", keep_in_memory=True)
    steps = Steps(rows, config, reader, rank, processes)
    steps[start]  # refuses too few views in this process, with its reason
    yield from DataLoader(
        steps,
        batch_size=None,
        sampler=range(start, config.steps),  # type: ignore[arg-type]
        num_workers=config.workers,
        generator=torch.Generator(),  # else it draws from the common one at each start, and a resumed run differs
    )


def rate(step: int, config: TrainConfig) -> float:
    """Learning rate of a step: linear warm-up, then a cosine to ``floor`` of the peak."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    part = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * (config.floor + (1 - config.floor) * (1 + math.cos(math.pi * min(1.0, part))) / 2)


def optimiser(model: PRSMed, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW over what is trained; vectors (norms, biases) do not decay."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), eps=1e-6)


def sums(output: Output, batch: Batch, paper: bool) -> Tensor:
    """Summed losses of a batch: text, mask, structure (3,). What was not computed is nought."""
    text = mask = structure = torch.zeros((), device=batch.pixels.device)
    if output.cells is not None and output.pixels is not None and batch.structures is not None:
        assert batch.shown is not None
        parts = F.adaptive_avg_pool2d(batch.structures.float(), output.cells.shape[2:])
        cells = F.binary_cross_entropy_with_logits(output.cells.float(), parts, reduction="none")
        structure = losses.mask_loss(output.pixels, batch.structures, batch.shown) + 2 * cells.mean((2, 3)).sum()
    if len(output.masks):
        text = losses.text_loss(output.text, output.labels)
        mask = losses.mask_loss(output.masks, batch.masks, batch.known, paper=paper)
    return torch.stack([text, mask, structure])


def counts(parts: Sequence[Batch]) -> list[int]:
    """What the summed losses are divided by: answer tokens, masks, structures shown."""
    return [
        sum(int((batch.text.labels >= 0).sum()) for batch in parts),
        sum(int(batch.known.sum()) for batch in parts),
        sum(0 if batch.shown is None else int(batch.shown.sum()) for batch in parts),
    ]


def step_losses(
    model: Any, parts: Sequence[Batch], preset: Preset, accelerator: Accelerator, *, stop: bool, picture_only: bool
) -> tuple[Tensor, bool]:
    """Forward and backward of a step: the losses over all processes (loss, text, mask, structure), and whether any
    process was asked to stop."""
    train = preset.train
    divisors = torch.tensor([*counts(parts), int(stop)], dtype=torch.float64, device=accelerator.device)
    *divisors, stopped = accelerator.reduce(divisors, "sum")
    weights = torch.tensor([train.text_weight, train.mask_weight, train.structure_weight], device=accelerator.device)
    scale = weights / torch.stack(divisors).clamp(min=1).float()
    total = torch.zeros(3, device=accelerator.device)
    for i, part_of_step in enumerate(parts):
        batch = part_of_step.to(accelerator.device)
        last = i == len(parts) - 1
        with nullcontext() if last else accelerator.no_sync(model):
            part = sums(model(batch, structures_only=picture_only), batch, preset.model.paper)
            accelerator.backward((part * scale).sum() * accelerator.num_processes)
        total += part.detach()
    parts_of = accelerator.reduce(total * scale, "sum") / weights.clamp(min=1e-12)
    return torch.cat([(parts_of * weights).sum()[None], parts_of]), bool(stopped)


@torch.no_grad()
def validate(model: PRSMed, rows: Any, preset: Preset, reader: Reader, accelerator: Accelerator) -> dict[str, float]:
    """Mean Dice of the masks and the part of answers that are right token by token, on validation views.

    ``score``, the mean of both, decides which checkpoint is the best.
    """
    model.eval()
    spread = np.linspace(0, len(rows) - 1, min(len(rows), preset.train.validation_views)).astype(int).tolist()
    views = spread[accelerator.process_index :: accelerator.num_processes]
    totals = torch.zeros(4, dtype=torch.float64, device=accelerator.device)
    for i in views:
        row = rows[i]
        item = data.sample(row, data.chosen(row, 4 * preset.train.questions, preset.train.seed, 0))
        batch = reader.batch([item], answers=True).to(accelerator.device)
        with accelerator.autocast():
            output = model(batch)
        drawn = (F.interpolate(output.masks.float(), batch.masks.shape[2:], mode="bilinear") > 0).cpu()
        pairs = zip(drawn[batch.known.cpu()], batch.masks[batch.known].cpu(), strict=True)
        overlaps = [dice(p.numpy(), t.numpy()) for p, t in pairs]
        owner = batch.text.segment[batch.text.labels >= 0]
        wrong = owner[output.text.argmax(-1) != output.labels].unique()
        totals += torch.tensor(
            [sum(overlaps), len(overlaps), len(item.questions) - len(wrong), len(item.questions)], device=totals.device
        )
    model.train()
    shown, masks, right, questions = accelerator.reduce(totals, "sum").clamp(min=1e-9).tolist()
    found = {"dice": shown / masks, "answers": right / questions}
    return {**found, "score": (found["dice"] + found["answers"]) / 2}


def prepared(args: argparse.Namespace, preset: Preset) -> tuple[PRSMed, Any, list[str]]:
    """A new model with its processor and the labels of its auxiliary head."""
    language = data.language_of(args.data)
    labels = sorted(language["labels"]) if preset.train.structure_weight > 0 else []
    if preset.model.vlm:
        processor = hf.AutoProcessor.from_pretrained(preset.model.vlm, trust_remote_code=False)
        return build(preset.model, labels=len(labels)), processor, labels
    if preset.model.vlm_weights == "lora":
        raise Refused("model.vlm_weights=lora adapts a checkpoint: name one with model.vlm, or train all weights")
    texts = (text for row in data.views(args.data, "train") for q in row["qa"] for text in (data.asked(q), q["answer"]))
    vision = preset.model.vlm_config["vision_config"]
    processor = tokens.processor(tokens.learn(texts), vision["image_size"], vision.get("patch_size", 16))
    return build(preset.model, processor.tokenizer, len(labels)), processor, labels


def record(args: argparse.Namespace, preset: Preset, model: PRSMed, accelerator: Accelerator) -> dict[str, Any]:
    """All that is needed to say how a model came about."""
    packages = ("torch", "transformers", "datasets", "accelerate", "peft", "mmrs-builder")
    return {
        "preset": args.preset,
        "changes": args.set,
        "config": asdict(preset),
        "shards": data.digests_of(args.data),
        "versions": {name: version(name) for name in packages},
        "processes": accelerator.num_processes,
        "device": accelerator.device.type,
        "parameters": sum(p.numel() for p in model.parameters()),
        "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "validation": [],
    }


def reader_of(processor: Any, preset: Preset, labels: Sequence[str] = ()) -> Reader:
    """The reader that a preset asks for."""
    own = bool(preset.model.encoder or preset.model.encoder_config)
    return Reader(
        processor, image_size=preset.model.image_size, condition=preset.model.condition, own_pixels=own, labels=labels
    )


def run(args: argparse.Namespace) -> int:
    """Train; returns the exit code. Raises ``Refused``."""
    preset = changed(PRESETS[args.preset](), args.set)
    config = preset.train
    accelerator = Accelerator(
        mixed_precision=config.precision,
        log_with=None if args.tracker == "none" else args.tracker,
        project_dir=args.out,
    )
    set_seed(config.seed)
    start, log = 0, None
    goes_on = args.resume == "always" or (args.resume == "auto" and bool(checkpoint.steps(args.out)))
    if goes_on:
        folder = checkpoint.newest(args.out)
        checkpoint.check(folder)
        model, saved, processor, labels = load(folder)
        log = json.loads((folder / "run.json").read_text("utf-8"))
        if saved != preset or log["shards"] != data.digests_of(args.data):
            raise Refused(f"{folder} was trained with other settings or on other shards: repeat those, or begin anew")
        start = log["step"]
    elif checkpoint.steps(args.out):
        raise Refused(f"{args.out} holds a run already: add --resume to go on, or name another folder")
    else:
        model, processor, labels = prepared(args, preset)
    reader = reader_of(processor, preset, labels)
    if config.picture_steps and model.structures is None:
        raise Refused("train.picture_steps needs train.structure_weight above 0 and a decoder with stages (not paper)")
    if config.precision != "no":  # autocast chooses the type: frozen activations stay as they are
        for module in model.modules():
            if isinstance(module, LoraLayer):
                module.cast_input_dtype_enabled = False
    if config.checkpointing:
        model.core.gradient_checkpointing_enable()
    validation = data.views(args.data, "validation").filter(bool, input_columns="qa", keep_in_memory=True)
    log = log or record(args, preset, model, accelerator)
    wrapped, optimizer = accelerator.prepare(model, optimiser(model, config))
    # Weights are saved by ``save``, which leaves out what is frozen; the state is the optimiser's and the generators'.
    accelerator.register_save_state_pre_hook(lambda _models, weights, _folder: weights.clear())
    accelerator.register_load_state_pre_hook(lambda models, _folder: models.clear())
    if goes_on:
        accelerator.load_state(str(folder / "state"))
    if args.tracker != "none":
        accelerator.init_trackers("prs_med")
    with noted(signal.SIGINT, signal.SIGTERM) as asked_to_stop:
        return loop(args, preset, wrapped, optimizer, reader, validation, log, start, accelerator, asked_to_stop)


@contextmanager
def noted(*signals: signal.Signals) -> Iterator[list[int]]:
    """Signals that arrive, noted instead of obeyed: a step is never torn."""
    arrived: list[int] = []
    before = {number: signal.signal(number, lambda number, _frame: arrived.append(number)) for number in signals}
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def loop(
    args: argparse.Namespace, preset: Preset, model: Any, optimizer: Any, reader: Reader, validation: Any,
    log: dict[str, Any], start: int, accelerator: Accelerator, asked_to_stop: list[int],
) -> int:  # fmt: skip
    """Step after step, in the order of events."""
    config, main = preset.train, accelerator.is_main_process
    written = args.out / "losses.jsonl"
    if main:
        args.out.mkdir(parents=True, exist_ok=True)
        lines = written.read_text("utf-8").splitlines(keepends=True) if written.exists() else []
        written.write_text("".join(lines[:start]), "utf-8")  # steps after the checkpoint are taken again
    bar = tqdm(total=config.steps, initial=start, disable=not main, unit="step", file=sys.stderr)
    model.train()
    stopped, clock = False, time.monotonic()
    for step, parts in enumerate(steps_of(args.data, config, reader, start, accelerator), start):
        if step >= config.steps:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(step, config)
        found, stopped = step_losses(
            model, parts, preset, accelerator, stop=bool(asked_to_stop), picture_only=step < config.picture_steps
        )
        norm = accelerator.clip_grad_norm_(model.parameters(), config.clip)
        values = dict(zip(NAMES, found.tolist(), strict=True))
        if not math.isfinite(values["loss"]) or not math.isfinite(float(norm)):
            views = [view for batch in parts for view in batch.views]
            raise Refused(
                f"step {step}: {', '.join(f'{k} {v}' for k, v in values.items())}, gradient {float(norm)}; views "
                f"{', '.join(views)}. The last checkpoint is whole: lower train.learning_rate, or look at these views"
            )
        optimizer.step()
        optimizer.zero_grad()
        done = step + 1
        speed = config.views * (done - start) / (time.monotonic() - clock)
        bar.update()
        bar.set_postfix({k: f"{v:.3f}" for k, v in values.items()} | {"views/s": f"{speed:.1f}"})
        accelerator.log({**values, "learning_rate": rate(step, config), "views_per_second": speed}, step=done)
        if main:
            with written.open("a", encoding="utf-8") as out:
                views = [view for batch in parts for view in batch.views]
                out.write(json.dumps({"step": done, **values, "views": views}) + "\n")
        last = done == config.steps or stopped
        if last or (done % config.validate_every == 0 and done > config.picture_steps):
            scores = validate(accelerator.unwrap_model(model), validation, preset, reader, accelerator)
            best = max((entry["score"] for entry in log["validation"]), default=-1.0)
            log["validation"].append({"step": done, **scores})
            accelerator.log({f"validation/{k}": v for k, v in scores.items()}, step=done)
            if scores["score"] > best:
                keep(args.out / "best", preset, model, reader, log | {"step": done}, accelerator, state=False)
        if last or done % config.save_every == 0:
            name = args.out / "checkpoints" / f"step-{done:07d}"
            keep(name, preset, model, reader, log | {"step": done}, accelerator, state=True)
            if main:
                checkpoint.prune(args.out, config.keep)
        if stopped:
            break
    bar.close()
    accelerator.end_training()
    return 128 + (asked_to_stop or [signal.SIGTERM])[0] if stopped else 0


def keep(
    folder: Path,
    preset: Preset,
    model: Any,
    reader: Reader,
    log: dict[str, Any],
    accelerator: Accelerator,
    *,
    state: bool,
) -> None:
    """Publish a checkpoint; with ``state``, one that training can go on from."""
    accelerator.wait_for_everyone()
    scratch = folder.with_name(f".{folder.name}.state")
    if state:
        accelerator.save_state(str(scratch))
        accelerator.wait_for_everyone()
    weights = accelerator.get_state_dict(model)
    if accelerator.is_main_process:

        def write(fresh: Path) -> None:
            save(fresh, accelerator.unwrap_model(model), preset, reader.processor, list(reader.labels), weights)
            (fresh / "run.json").write_text(json.dumps(log, indent=1) + "\n", "utf-8")
            (fresh / "README.md").write_text(card(log), "utf-8")
            if state:
                scratch.rename(fresh / "state")

        checkpoint.publish(folder, write)
    accelerator.wait_for_everyone()


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m baselines.prs_med.train", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="shards made by mmrs build")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoints, best, losses.jsonl")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="tiny", help="model and schedule (default: tiny)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="train.NAME=VALUE", help="change a number of the preset; repeats"
    )
    parser.add_argument(
        "--resume", nargs="?", const="always", choices=("always", "auto"),
        help="go on from the newest checkpoint of --out; auto: begin if there is none",
    )  # fmt: skip
    parser.add_argument("--tracker", choices=("tensorboard", "wandb", "trackio", "none"), default="tensorboard")
    args = parser.parse_args(argv)
    try:
        return run(args)
    except Refused as refusal:
        print(f"{refusal}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
