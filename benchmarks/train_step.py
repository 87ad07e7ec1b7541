"""Time one optimiser step of PRS-Med at the paper's sizes against the published step and against counted work.

    python benchmarks/train_step.py --out step.json     # LLaVA-Med 7B and TinyViT at 1024 px: one GPU with 80 GB
    python benchmarks/train_step.py --shapes small      # the same code in seconds, on a CPU too: its times mean nothing

Weights and inputs are random; nothing is downloaded. A row, never padded, is one picture and K questions of 64 tokens
with answers of 32, whose end token is predicted besides: T = image tokens + 96 K. A step is forward, losses, backward,
clipping and AdamW on inputs that lie on the device; times are medians after warm-up, synchronised.

The published step (``published_step``) runs the language model twice over question and answer, for the states that
condition the mask and for the loss: eager attention, logits at every position, labels on all of the text, masks from
all states of the first pass, one question per row. All else is the same. If it does not fit, its batch is halved, and
said; ``ratio`` is per question.

Utilisation is counted work / time / the rate of a large bfloat16 matrix product that the device reaches here and now.
Counted, two FLOP per multiply-add, and nothing but matrix products and convolutions, nor anything recomputed:
- language model: a frozen weight 2 forward and 2 for its input's gradient (0.2 % too much: the first layer needs none),
  a trained one (LoRA) 6, per token; the output layer for tokens with a label only;
- attention 4 L d T^2 forward and twice that backward: half of it for a ``causal`` kernel, all of it for a ``dense``
  mask, the pairs that see each other for a ``block`` mask;
- what FlopCounterMode counts forward: of the frozen vision tower once, of image encoder, fusion and decoder thrice.
Peak memory is torch's on the device; on a CPU, the largest size of the process so far.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from baselines.prs_med.config import ModelConfig, prs_med_7b
from baselines.prs_med.data import Batch
from baselines.prs_med.model import Output, PRSMed, build
from baselines.prs_med.packing import FIRST, IGNORE, Words, block_mask, pack
from baselines.prs_med.train import optimiser, sums

PROMPT, ANSWER, WARMUP = 64, 33, 3  # tokens, the answer's with its end, which is predicted and not read; steps
autocast = partial(torch.autocast, dtype=torch.bfloat16)
CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # the kernel that torch does not count


def llava_med_7b() -> ModelConfig:
    """The preset, its language model built from LLaVA-Med v1.5's sizes instead of loaded."""
    text = {
        "model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32064, "sliding_window": None,
    }  # fmt: skip
    vision = {
        "model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
        "num_attention_heads": 16, "image_size": 336, "patch_size": 14,
    }  # fmt: skip
    vlm = {
        "model_type": "llava", "text_config": text, "vision_config": vision, "image_token_index": 32000,
        "image_seq_length": 576, "vision_feature_layer": -2, "vision_feature_select_strategy": "default",
    }  # fmt: skip
    return replace(prs_med_7b().model, vlm=None, vlm_config=vlm, vlm_weights="lora")


def small() -> ModelConfig:
    """The same parts at sizes that a CPU passes in no time."""
    config = llava_med_7b()
    vlm = config.vlm_config
    size = {"hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4}
    vlm = vlm | {
        "text_config": vlm["text_config"] | size | {"num_key_value_heads": 2, "vocab_size": 320},
        "vision_config": vlm["vision_config"] | size | {"image_size": 56},
        "image_token_index": 319, "image_seq_length": 16,
    }  # fmt: skip
    encoder = config.encoder_config | {
        "image_size": 64, "dims": (16, 32, 40, 64), "heads": (2, 4, 5, 4), "depths": (1, 1, 1, 1), "hidden_size": 32,
    }  # fmt: skip
    return replace(config, vlm_config=vlm, encoder_config=encoder, image_size=64, text_hidden=64)


SHAPES: dict[str, Callable[[], ModelConfig]] = {"prs_med_7b": llava_med_7b, "small": small}


def made(config: ModelConfig, device: torch.device) -> PRSMed:
    """The model, made where it is used: frozen parts in their own precision, trained ones in float32."""
    torch.manual_seed(0)
    with device:
        return build(config).train()


def batch_of(config: ModelConfig, rows: int, questions: int, device: torch.device) -> Batch:
    """Random pictures, masks and token ids."""
    vlm, side = config.vlm_config, config.image_size
    image, tower = vlm["image_token_index"], vlm["vision_config"]["image_size"]
    seeded = torch.Generator().manual_seed(0)
    ids = torch.randint(1, image, (rows, questions, PROMPT + ANSWER), generator=seeded).tolist()
    words = [[Words(prompt=both[:PROMPT], answer=both[PROMPT:]) for both in row] for row in ids]
    return Batch(
        views=(),
        pixels=torch.randn(rows, 3, side, side, generator=seeded),
        vision={"pixel_values": torch.randn(rows, 3, tower, tower, generator=seeded)},
        text=pack([[image] * vlm["image_seq_length"]] * rows, words, config.condition),
        masks=torch.rand(rows, questions, side, side, generator=seeded) > 0.5,
        known=torch.ones(rows, questions, dtype=torch.bool),
    ).to(device)


def published_batch(batch: Batch) -> Batch:
    """One question per row as published: labels on all of the text, masks conditioned on every token."""
    text = batch.text
    labels = torch.where(text.segment.roll(-1, 1) >= FIRST, text.ids.roll(-1, 1), IGNORE)
    words = torch.arange(text.ids.shape[1], device=text.ids.device).expand(len(text.ids), 1, -1)
    return replace(batch, text=replace(text, labels=labels, words=words, known=words >= 0))


def published_step(model: PRSMed, batch: Batch) -> Output:
    """Forward as published: one pass for the states, another for the loss. The caller sets eager attention."""
    seen, inputs = model.look(batch)
    masks = model.masks(batch, seen, model.read(batch, dict(inputs)).last_hidden_state)[0]
    logits = model.core.get_output_embeddings()(model.read(batch, dict(inputs)).last_hidden_state)
    return Output(masks=masks, text=logits.flatten(0, 1), labels=batch.text.labels.flatten())


def seconds(call: Callable[[], object], count: int, device: torch.device) -> float:
    """Median time of a call."""
    times, wait = [], torch.cuda.synchronize if device.type == "cuda" else torch.cpu.synchronize
    for _ in range(WARMUP + count):
        wait()
        start = time.perf_counter()
        call()
        wait()
        times.append(time.perf_counter() - start)
    return median(times[WARMUP:])


def matrix_rate(device: torch.device) -> float:
    """FLOP per second of a large bfloat16 matrix product."""
    side, repeats = (8192, 10) if device.type == "cuda" else (512, 1)
    a, b, out = torch.randn(3, side, side, device=device).bfloat16()
    return repeats * 2 * side**3 / seconds(lambda: [torch.mm(a, b, out=out) for _ in range(repeats)], 15, device)


def attention_of(model: PRSMed, batch: Batch) -> tuple[str, float]:
    """What mask the language model's attention is given, and which part of all T x T pairs it has to work through."""
    given: list[Any] = []
    layer = model.core.model.language_model.layers[0]
    hook = layer.register_forward_pre_hook(lambda _, __, named: given.append(named["attention_mask"]), with_kwargs=True)
    with torch.no_grad(), autocast(batch.pixels.device.type):
        model(batch)
    hook.remove()
    if not isinstance(given[0], Tensor | None):
        return "block", float(block_mask(batch.text.segment).float().mean())
    return ("causal", 0.5) if given[0] is None else ("dense", 1.0)


def language_work(model: PRSMed, batch: Batch, part: float) -> tuple[float, float]:
    """FLOP of the language model, forward and backward; attention works through ``part`` of all pairs."""
    config = model.core.config.get_text_config()
    rows, length = batch.text.ids.shape
    weights = [m.weight for m in model.core.model.language_model.modules() if type(m) is nn.Linear]
    trained = rows * length * sum(w.numel() for w in weights if w.requires_grad)
    frozen = rows * length * sum(w.numel() for w in weights if not w.requires_grad)
    frozen += int((batch.text.labels >= 0).sum()) * model.core.get_output_embeddings().weight.numel()
    width = config.num_attention_heads * config.head_dim
    attention = 4 * config.num_hidden_layers * width * length**2 * rows * part
    return 2 * (frozen + trained) + attention, 2 * frozen + 4 * trained + 2 * attention


def counted(model: PRSMed, batch: Batch, part: float) -> dict[str, float]:
    """FLOP of a step, forward and backward, by part of the model."""
    device, kernels = batch.pixels.device, {CPU_ATTENTION: lambda q, k, v, *_, **__: sdpa_flop_count(q, k, v)}

    def forward(call: Callable[[], object]) -> float:
        with FlopCounterMode(display=False, custom_mapping=kernels) as counter, torch.no_grad(), autocast(device.type):
            call()
        return float(counter.get_total_flops())

    with torch.no_grad(), autocast(device.type):
        seen, _ = model.look(batch)
    states = torch.zeros(*batch.text.ids.shape, model.core.config.get_text_config().hidden_size, device=device)
    work = {
        "language": sum(language_work(model, batch, part)),
        "vision_tower": forward(lambda: model.core.get_image_features(**batch.vision)),
        "encoder": 3 * forward(lambda: model.look(batch)),
        "decoder": 3 * forward(lambda: model.masks(batch, seen, states)),
    }
    return work | {"total": sum(work.values())}


def timed(model: PRSMed, batch: Batch, forward: Callable[[Batch], Output], paper: bool, steps: int) -> dict[str, Any]:
    """Time and memory of a step with this forward pass."""
    device, adam = batch.pixels.device, optimiser(model, prs_med_7b().train)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    divisors = torch.tensor([int((batch.text.labels >= 0).sum()), batch.known.numel(), 1], device=device)

    def step() -> None:
        with autocast(device.type):
            output = forward(batch)
        (sums(output, batch, paper) / divisors).sum().backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        adam.step()
        adam.zero_grad()

    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    took, (rows, questions) = seconds(step, steps, device), batch.known.shape
    size = torch.cuda.max_memory_allocated() if device.type == "cuda" else 1024 * getrusage(RUSAGE_SELF).ru_maxrss
    return {
        "batch": rows, "questions": questions, "tokens": batch.text.ids.shape[1], "seconds": took, "peak_bytes": size,
        "seconds_per_question": took / (rows * questions), "tokens_per_second": batch.text.ids.numel() / took,
    }  # fmt: skip


def published(model: PRSMed, config: ModelConfig, rows: int, steps: int, device: torch.device) -> dict[str, Any]:
    """Time of the published step, its batch halved until it fits."""
    model.core.set_attn_implementation("eager")
    try:
        batch = published_batch(batch_of(config, rows, 1, device))
        found = timed(model, batch, lambda given: published_step(model, given), config.paper, steps)
    except torch.OutOfMemoryError:
        if rows == 1:
            raise
        found = None
    model.zero_grad()
    model.core.set_attn_implementation(config.attention)
    return found or published(model, config, rows // 2, steps, device)


def run(name: str, batch: int, steps: int, questions: Sequence[int], device: torch.device) -> dict[str, Any]:
    """Everything measured."""
    config = SHAPES[name]()
    model = made(config, device)
    rate, peer = matrix_rate(device), published(model, config, batch, steps, device)
    ours = {}
    for k in questions:
        rows = batch_of(config, batch, k, device)
        attention, part = attention_of(model, rows)
        found = timed(model, rows, model, config.paper, steps) | {"flop": counted(model, rows, part)}
        found["ratio"] = peer["seconds_per_question"] / found["seconds_per_question"]
        found["utilisation"] = found["flop"]["total"] / found["seconds"] / rate
        ours[str(k)] = found | {"attention": attention}
    return {
        "shapes": name, "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(), "steps": steps, "matrix_flop_per_second": rate,
        "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "versions": {package: version(package) for package in ("torch", "transformers", "peft")},
        "published": peer, "ours": ours,
    }  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """The result in Markdown."""
    lines = [
        f"{found['device']}, {found['shapes']}; matrix product: {found['matrix_flop_per_second'] / 1e12:.3g} TFLOP/s\n",
        "| step | pictures | questions | tokens of a row | attention | s | ratio | utilisation | tokens/s | peak GiB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in (("published", found["published"]), *(("ours", row) for row in found["ours"].values())):
        part = f"{row['utilisation']:.1%}" if "utilisation" in row else "–"
        cells = (name, row["batch"], row["questions"], row["tokens"], row.get("attention", "eager"),
                 f"{row['seconds']:.4f}", f"{row.get('ratio', 1):.2f}", part, f"{row['tokens_per_second']:.0f}",
                 f"{row['peak_bytes'] / 2**30:.2f}")  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shapes", choices=SHAPES, default="prs_med_7b", help="(default: prs_med_7b, needs a GPU)")
    parser.add_argument("--batch", type=int, default=4, help="pictures per step (default: 4)")
    parser.add_argument("--steps", type=int, default=10, help="timed steps (default: 10)")
    parser.add_argument("--questions", type=int, nargs="+", default=[1, 3], metavar="K", help="(default: 1 3)")
    parser.add_argument("--out", type=Path, help="write the JSON here (default: stdout)")
    args = parser.parse_args(argv)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if args.shapes != "small" and device.type == "cpu":
        print(f"--shapes {args.shapes} needs a GPU with 80 GB, torch sees none: try --shapes small", file=sys.stderr)
        return 2
    try:
        found = run(args.shapes, args.batch, args.steps, args.questions, device)
    except torch.OutOfMemoryError as error:
        print(f"too little memory on the device: lower --batch or --questions ({error})", file=sys.stderr)
        return 2
    print(table(found), file=sys.stderr)
    text = json.dumps(found, indent=1) + "\n"
    sys.stdout.write(text) if args.out is None else args.out.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
