"""Files of predictions made by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def right(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A line for every question: its own answer, and the union of its targets as ``levels``."""
    return [
        {"question_id": q["question_id"], "said": q["answer"], **_mask(row, q["target"])}
        for row in rows
        for q in row["qa"]
    ]


def _mask(row: Mapping[str, Any], target: list[int] | None) -> dict[str, Any]:
    if target is None:
        return {}
    masks = [np.asarray(Image.open(io.BytesIO(row["masks"][i]["bytes"])).convert("L")) for i in target]
    return {"levels": np.maximum.reduce(masks) if masks else np.zeros((row["height"], row["width"]), np.uint8)}


def write(folder: Path, lines: Iterable[Mapping[str, Any]], name: str = "predictions.jsonl") -> Path:
    """The file, and a PNG for each line with ``levels``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = []
    for line in lines:
        kept = {key: value for key, value in line.items() if key != "levels"}
        if "levels" in line:
            kept["mask"] = f"{line['question_id']}.png"
            Image.fromarray(line["levels"]).save(folder / kept["mask"])
        text.append(json.dumps(kept) + "\n")
    path = folder / name
    path.write_text("".join(text), "utf-8")
    return path
