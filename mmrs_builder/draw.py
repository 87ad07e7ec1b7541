"""Pictures to look at: masks drawn over images, with questions below."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont

from mmrs_builder.errors import ENVIRONMENT, INTEGRITY, USAGE, MmrsError
from mmrs_builder.readable import readable
from mmrs_builder.types import Mask, Pixels
from mmrs_builder.vocab import COLOURS

WIDTH: Final = 384
"""Width of a drawn picture in px."""

GAP: Final = 16
"""Space between pictures in px."""


def overlay(pixels: Pixels, masks: Sequence[tuple[Mask, tuple[int, int, int]]]) -> Pixels:
    """The picture (H, W, 3) with every mask outlined and slightly tinted in its colour."""
    canvas = (np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels).copy(order="C")
    for mask, colour in masks:
        canvas[mask] = (0.75 * canvas[mask] + 0.25 * np.array(colour)).astype(np.uint8)
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, contours, -1, colour, thickness=max(1, max(mask.shape) // 200))
    return canvas


def contact_sheet(out: Path, path: Path, view_ids: Sequence[str], questions: int, limit: int = 6) -> None:
    """Write a PNG with the named views, or the first of each source and modality, and some of their questions.

    Raises ``MmrsError`` for a view that is not there or cannot be drawn, for a folder without views, and for a place
    that cannot be written.
    """
    rows = list(_rows(out, view_ids, limit, asked=True)) or list(_rows(out, view_ids, limit, asked=False))
    if missing := sorted(set(view_ids) - {row["view_id"] for row in rows}):
        raise MmrsError(
            f"no view {', '.join(missing)} in {out}", code=USAGE, hint="View ids are in the column view_id."
        )
    if not rows:
        raise MmrsError(f"{out} has no view to draw", code=USAGE, hint="Build it again.")
    sheet = tiled([_card(row, questions, out) for row in rows], columns=3)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path, format="PNG")
    except OSError as error:
        raise MmrsError(f"cannot write {path}: {error.strerror}", code=ENVIRONMENT, hint="Name another file.") from None


def tiled(cards: Sequence[Image.Image], columns: int) -> Image.Image:
    """Cards in rows, each row as high as its highest card."""
    rows = [cards[i : i + columns] for i in range(0, len(cards), columns)]
    tops = list(accumulate((max(item.height for item in row) + GAP for row in rows), initial=GAP))
    sheet = Image.new("RGB", (min(columns, len(cards)) * (WIDTH + GAP) + GAP, tops[-1]), "white")
    for row, top in zip(rows, tops, strict=False):
        for column, item in enumerate(row):
            sheet.paste(item, (GAP + column * (WIDTH + GAP), top))
    return sheet


def _card(row: dict[str, Any], questions: int, out: Path) -> Image.Image:
    try:
        return card(row, questions)
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:  # as by a null
        detail = f"{out}: view {row['view_id']} cannot be drawn: {error}"
        raise MmrsError(detail, code=INTEGRITY, hint=f"See: mmrs verify {out}") from None


def card(row: dict[str, Any], questions: int) -> Image.Image:
    """One view: the picture with its masks, a legend, and questions with their answers."""
    pixels = np.asarray(_opened(row["image"]["bytes"]))
    labels = list(dict.fromkeys(s["label"] for s in row["structures"]))
    colour = {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(labels)}
    masks = [
        (np.asarray(_opened(mask["bytes"])).astype(bool), colour[s["label"]])
        for mask, s in zip(row["masks"], row["structures"], strict=True)
        if s["part"] != "component"
    ]
    drawn = Image.fromarray(overlay(pixels, masks))
    drawn = drawn.resize((WIDTH, round(WIDTH * drawn.height / drawn.width)), Image.Resampling.LANCZOS)
    lines = [
        (f"{row['view_id']} ({row['split']})", (110, 110, 110)),
        *((label.replace("_", " "), colour[label]) for label in labels),
    ]
    text = [(line, (0, 0, 0)) for item in _varied(row["qa"], questions) for line in wrapped(item)]
    return below(drawn, lines, text)


def _varied(items: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    """Up to ``n`` questions, different kinds first."""
    ranked = [(sum(other["kind"] == item["kind"] for other in items[:i]), i) for i, item in enumerate(items)]
    return [items[i] for _, i in sorted(ranked)[:n]]


def wrapped(item: dict[str, Any]) -> list[str]:
    """Lines that say a question with its options, and its answer."""
    options = f" ({' / '.join(item['choices'])})" if item["choices"] else ""
    return [*textwrap.wrap(f"Q: {item['question']}{options}", 62), *textwrap.wrap(f"A: {item['answer']}", 62), ""]


def below(
    picture: Image.Image, legend: list[tuple[str, tuple[int, int, int]]], text: list[tuple[str, tuple[int, int, int]]]
) -> Image.Image:
    """A picture with a legend and lines of text below it; the first of the legend has no colour field."""
    font = ImageFont.load_default(13)
    canvas = Image.new("RGB", (picture.width, picture.height + 18 * (len(legend) + len(text)) + 24), "white")
    canvas.paste(picture, (0, 0))
    draw = ImageDraw.Draw(canvas)
    y = picture.height + 8
    for number, (line, colour) in enumerate(legend):
        if number:
            draw.rectangle((0, y + 3, 10, y + 13), fill=colour, outline=(120, 120, 120))
        draw.text((0 if not number else 16, y), line, fill=colour if not number else (0, 0, 0), font=font)
        y += 18
    for line, colour in text:
        draw.text((0, y + 6), line, fill=colour, font=font)
        y += 18
    return canvas


def _opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    return image if image.mode in ("L", "1") else image.convert("RGB")


def _rows(out: Path, view_ids: Sequence[str], limit: int, *, asked: bool) -> Iterator[dict[str, Any]]:
    """The named views, or one (``asked``: with questions) for each source and modality, at most ``limit``."""
    met: set[tuple[str, str]] = set()
    for path in sorted((out / "data").glob("*.parquet")):
        with readable(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=32):
                for row in batch.to_pylist():
                    key = (row["source"], row["modality"])
                    example = (row["qa"] or not asked) and key not in met and len(met) < limit
                    if row["view_id"] in view_ids or (example and not view_ids):
                        met.add(key)
                        yield row
