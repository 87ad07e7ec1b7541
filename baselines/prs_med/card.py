"""The model card of a checkpoint, made from its run record alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(log: Mapping[str, Any]) -> str:
    """Markdown with the front matter that the hub reads."""
    model, train = log["config"]["model"], log["config"]["train"]
    base = f"base_model: {model['vlm']}\n" if model["vlm"] and "/" in model["vlm"] else ""
    rows = "\n".join(f"| {e['step']} | {e['dice']:.3f} | {e['answers']:.3f} |" for e in log["validation"])
    shards = "\n".join(f"- `{name}` sha256 `{digest}`" for name, digest in log["shards"].items())
    versions = ", ".join(f"{name} {number}" for name, number in log["versions"].items())
    size = f"{log['trained_parameters']:,} of {log['parameters']:,} parameters trained"
    return f"""---
library_name: mmrs
pipeline_tag: image-text-to-text
tags: [medical-imaging, segmentation, visual-question-answering]
{base}---

# PRS-Med, preset `{log["preset"]}`

Answers a question about where something lies in a medical picture, in words and with a mask.
**Research only, not for clinical use.**

Trained for {log["step"]} of {train["steps"]} steps of {train["views"]} views, {train["questions"]} questions each, on
{log["processes"]} {log["device"]} process(es); {size}; seed {train["seed"]}; changes to the preset:
{", ".join(log["changes"]) or "none"}.

| step | validation Dice | answers right, word by word given the right beginning |
|---|---|---|
{rows}

Use:

    python -m baselines.prs_med.predict --model THIS_FOLDER --image PICTURE --question "Where is the polyp?"

Versions: {versions}. Shards it was trained on:

{shards}
"""
