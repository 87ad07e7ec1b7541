"""One overlay per built folder and plane on one sheet, to be looked at for flips and shifts.

``python benchmarks/sheet.py OUT.png SHARDS...``: of each folder and plane the view with the most structures.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from mmrs_builder.draw import overlay
from mmrs_builder.vocab import COLOURS

SIDE = 224  # px of a picture on the sheet
CAPTION = 30
COLUMNS = 6


def richest(folder: Path) -> list[dict[str, Any]]:
    """Of each plane the view with the most structures, the first of several."""
    rows = [row for path in sorted((folder / "data").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    planes = sorted({row["plane"] or "" for row in rows})
    return [max((row for row in rows if (row["plane"] or "") == plane), key=fullness) for plane in planes]


def fullness(row: dict[str, Any]) -> tuple[int, int]:
    return len({s["label"] for s in row["structures"]}), sum(s["area_px"] for s in row["structures"])


def tile(folder: Path, row: dict[str, Any]) -> Image.Image:
    """A view with its masks, fitted into a square, and what it is."""
    pixels = np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB"))
    labels = sorted({s["label"] for s in row["structures"]})
    drawn = overlay(
        pixels,
        [
            (
                np.asarray(Image.open(io.BytesIO(mask["bytes"])).convert("1")),
                COLOURS[labels.index(s["label"]) % len(COLOURS)],
            )
            for s, mask in zip(row["structures"], row["masks"], strict=True)
        ],
    )
    scale = SIDE / max(drawn.shape[:2])
    size = (max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale)))
    made = Image.new("RGB", (SIDE, SIDE + CAPTION), "white")
    made.paste(Image.fromarray(drawn).resize(size), (0, 0))
    sides = {None: "viewer's sides only"}.get(row["laterality_evidence"], f"patient: {row['laterality_evidence']}")
    ImageDraw.Draw(made).text((2, SIDE + 2), f"{folder.name} {row['plane'] or ''}\n{sides}", fill="black")
    return made


def main(out: str, *folders: str) -> None:
    tiles = [tile(Path(folder), row) for folder in folders for row in richest(Path(folder))]
    lines = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (SIDE + 6), lines * (SIDE + CAPTION + 6)), "white")
    for number, made in enumerate(tiles):
        sheet.paste(made, (number % COLUMNS * (SIDE + 6), number // COLUMNS * (SIDE + CAPTION + 6)))
    sheet.save(out)
    print(f"{out}: {len(tiles)} views")


if __name__ == "__main__":
    main(*sys.argv[1:])
