"""The tiny preset at a size that trains twenty steps in two seconds, and the trainer's command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.prs_med import checkpoint
from baselines.prs_med import train as trainer
from baselines.prs_med.config import Preset, tiny

SIDE = 64
VISION = {
    "image_size": SIDE, "dims": [8, 12, 16, 16], "depths": [1, 1, 1, 1], "heads": [1, 1, 2, 2], "windows": [4, 4, 4, 4],
    "ratio": 2, "hidden_size": 32,
}  # fmt: skip
LANGUAGE = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2,
}  # fmt: skip
MODEL = {"image_size": SIDE, "text_hidden": 32, "heads": 2, "layer_heads": 2, "stages": 2}
TRAIN = {
    "steps": 20, "picture_steps": 2, "views": 4, "views_per_pass": 4, "questions": 3, "warmup": 2,
    "validate_every": 1000, "save_every": 1000, "validation_views": 4,
}  # fmt: skip
UNCLIPPED = {"clip": 1e9}  # so that the optimiser's state tells the size of gradients, which Adam's steps do not


def preset(model: dict[str, Any] | None = None, **train: Any) -> Preset:
    """A minute ``tiny``, with changes."""
    start = tiny()
    vlm = start.model.vlm_config
    vlm = vlm | {"vision_config": vlm["vision_config"] | VISION, "text_config": vlm["text_config"] | LANGUAGE}
    vlm["image_seq_length"] = (SIDE // 16) ** 2
    return Preset(
        model=replace(start.model, **{"vlm_config": vlm} | MODEL | (model or {})),
        train=replace(start.train, **TRAIN | train),
    )


def words(shards: Path, out: Path, wanted: Preset) -> list[str]:
    """The command line that trains a preset, told in its differences from ``tiny``."""
    line = ["--data", str(shards), "--out", str(out), "--preset", "tiny", "--tracker", "none"]
    for part in ("model", "train"):
        old, new = getattr(tiny(), part), getattr(wanted, part)
        for name in (item.name for item in fields(old) if getattr(old, item.name) != getattr(new, item.name)):
            value = getattr(new, name)
            line += ["--set", f"{part}.{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return line


def train(shards: Path, out: Path, wanted: Preset, *more: str) -> int:
    """Train in this process; the exit code."""
    return trainer.main([*words(shards, out, wanted), *more])


def losses(out: Path) -> list[dict[str, Any]]:
    """What a run wrote, a line per step."""
    return [json.loads(line) for line in (out / "losses.jsonl").read_text("utf-8").splitlines()]


def record(folder: Path) -> dict[str, Any]:
    """The run record of a checkpoint."""
    return json.loads((folder / "run.json").read_text("utf-8"))


def momentum(run: Path) -> Tensor:
    """Adam's running mean of all gradients, at the newest checkpoint of a run."""
    state = torch.load(checkpoint.newest(run) / "state/optimizer.bin", weights_only=True)["state"]
    return torch.cat([state[number]["exp_avg"].flatten() for number in sorted(state)])


def apart(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> float:
    """The greatest relative difference of any loss of any step of two runs of the same steps."""
    assert [line["step"] for line in one] == [line["step"] for line in other]
    pairs = [(a[name], b[name]) for a, b in zip(one, other, strict=True) for name in trainer.NAMES]
    return max(abs(a - b) / max(1.0, abs(b)) for a, b in pairs)


def ran() -> Preset:
    """The preset of the run that many tests look at."""
    return preset(save_every=5, validate_every=10, **UNCLIPPED)
