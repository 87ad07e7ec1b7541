"""How often would another hand's masks change an answer? Counted on finished shards, by family and by way.

``python benchmarks/flips.py OUT [--views N] [--json FILE]``: every question of N views is answered again by the second
implementation, on masks moved by a pixel to each of eight sides, grown and shrunk by a pixel, grown and shrunk as
building tries them, and redrawn along a wavy line that strays as far as annotators do. A question has *flipped* when
its program gets another value (a number: one beyond its tolerance), and is *undecided* when it gets none. Ends with 1
where more than 0.5 % of a family flip on masks that are changed as building tries.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from mmrs_builder.digests import keyed
from mmrs_builder.geometry import patch, whole
from mmrs_builder.jitter import REACH, jittered
from mmrs_builder.types import Mask, Question
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.evaluate import evaluate
from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.measure import measure
from mmrs_builder.verify.pictures import read_mask
from mmrs_builder.verify.rows import StoredView, read_view
from mmrs_builder.verify.shards import open_shards, rows_of
from mmrs_builder.verify.values import NoValue, Value, value_text
from mmrs_builder.verify.views import boarded

Way: TypeAlias = Callable[[Mask, tuple[object, ...]], Mask]
"""A change of a mask (H, W); what else it is given keys its chance."""

SQUARE: Final = np.ones((3, 3), np.uint8)
MOST: Final = 0.005  # flips that a family may have on masks that are changed as building tries
SHOWN: Final = 25  # families in a table
FIXED: Final = 1e-6  # values and numbers are read back from text


def moved(down: int, right: int) -> Way:
    """All masks of a picture go the same way; what leaves it is lost."""

    def move(mask: Mask, _key: tuple[object, ...]) -> Mask:
        height, width = mask.shape
        there = np.zeros_like(mask)
        there[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = mask[
            max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
        ]
        return there

    return move


def wavy(mask: Mask, key: tuple[object, ...]) -> Mask:
    """The outline strays by a smooth random distance, whose spread is the reach of ``jitter`` (a pixel at least)."""
    radius = float(np.sqrt(mask.sum() / np.pi))
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    noise = gaussian_filter(np.random.default_rng(keyed(*key)).standard_normal(mask.shape), max(1.0, radius / 2))
    redrawn: Mask = inside - outside + noise / noise.std() * max(1.0, REACH * radius) > 0
    return redrawn


WAYS: Final[dict[str, Way]] = {
    **{
        f"moved {name}": moved(down, right)
        for name, down, right in (
            ("up", -1, 0), ("down", 1, 0), ("left", 0, -1), ("right", 0, 1),
            ("up left", -1, -1), ("up right", -1, 1), ("down left", 1, -1), ("down right", 1, 1),
        )
    },
    "grown by a pixel": lambda mask, _: cv2.dilate(mask.astype(np.uint8), SQUARE) > 0,
    "shrunk by a pixel": lambda mask, _: cv2.erode(mask.astype(np.uint8), SQUARE, borderValue=1) > 0,
    "grown": lambda mask, _: whole(jittered(patch(mask), "grown")),
    "shrunk": lambda mask, _: whole(jittered(patch(mask), "shrunk")),
    "redrawn": wavy,
}  # fmt: skip


TRIED: Final = "as building tries"
SQUARE_PIXEL: Final = ("grown by a pixel", "shrunk by a pixel")
HANDS: Final = {
    TRIED: [way for way in WAYS if way not in (*SQUARE_PIXEL, "redrawn")],
    "a pixel larger or smaller, diagonals too": SQUARE_PIXEL,
    "redrawn": ["redrawn"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question on one change of its masks."""

    family: str
    way: str
    number: bool
    flipped: bool
    undecided: bool


def answered(view: StoredView, language: Language) -> Iterator[Answered]:
    """All questions of a view on all changes of its masks. A mask that would vanish stays as it was."""
    masks = [read_mask(data, view.width, view.height) for data in view.masks]
    for way, change in WAYS.items():
        changed = [change(mask, (way, view.view_id, index)) for index, mask in enumerate(masks)]
        kept = [after if after.any() else before for before, after in zip(masks, changed, strict=True)]
        board = boarded(view, [measure(mask) for mask in kept], language)
        for question in view.questions:
            if not refused(question):
                value = value_of(question.program, board)
                yield Answered(
                    family=question.family,
                    way=way,
                    number=question.kind == "number",
                    flipped=value is not None and not agrees(value, question),
                    undecided=value is None,
                )


def refused(question: Question) -> bool:
    """Whether the answer is that the view cannot answer: then no mask has said so."""
    return question.value == "absent" or question.value.startswith("no_")


def value_of(program: str, board: Board) -> Value | None:
    """The value of a closed program, None where it has none."""
    try:
        return evaluate(program, board)[0]
    except NoValue:
        return None


def agrees(value: Value, question: Question) -> bool:
    """Whether a value answers the question as its stored one does."""
    if isinstance(value, Decimal) and question.tolerance is not None:
        return abs(float(value) - float(question.value)) <= question.tolerance + FIXED
    return value_text(value) == question.value


def sampled(out: Path, number: int) -> tuple[list[dict[str, Any]], Language]:
    """Views of a folder, by key, and their language."""
    shards = [shard for shard in open_shards(out)[0] if shard.config == "default"]
    rows = (row for shard in shards for row in rows_of(shard, []))
    chosen = heapq.nsmallest(number, rows, key=lambda row: keyed("flips", row["view_id"]))
    return chosen, read_language(shards[0].language)


def rates(found: list[Answered], by: Callable[[Answered], str]) -> list[dict[str, Any]]:
    """Tries, flips and undecided ones of each group, the group with most flips first."""
    tries = Counter(by(one) for one in found)
    flips = Counter(by(one) for one in found if one.flipped)
    undecided = Counter(by(one) for one in found if one.undecided)
    rows = [
        {"name": name, "tries": n, "flipped": flips[name] / n, "undecided": undecided[name] / n}
        for name, n in tries.items()
    ]
    return sorted(rows, key=lambda row: (-float(row["flipped"]), str(row["name"])))


def table(title: str, rows: list[dict[str, Any]]) -> str:
    """Rates as a table in Markdown."""
    lines = [f"| {title} | answered again | flipped | undecided |", "|---|---:|---:|---:|"]
    lines += [
        f"| {row['name']} | {row['tries']} | {100 * row['flipped']:.2f} % | {100 * row['undecided']:.2f} % |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, help="a built folder")
    parser.add_argument("--views", type=int, default=100_000, help="no more views than these, by key")
    parser.add_argument("--json", type=Path, help="where all counts go")
    args = parser.parse_args()
    rows, language = sampled(args.out, args.views)
    found = [one for row in rows for one in answered(read_view(row), language)]
    by_family = {
        title: rates([one for one in found if one.way in ways], lambda one: one.family) for title, ways in HANDS.items()
    }
    many = [row["name"] for row in by_family[TRIED] if row["flipped"] + row["undecided"] > MOST]
    print(table("way", rates([one for one in found if not one.number], lambda one: one.way)))
    print()
    print(table("numbers, by way", rates([one for one in found if one.number], lambda one: one.way)))
    for title, rows in by_family.items():
        flipped = [row for row in rows if row["flipped"]]
        print(f"\n{table(f'family, {title}', flipped[:SHOWN])}\n\n{len(flipped)} of {len(rows)} families flip.")
    print(f"\n{TRIED}: over {100 * MOST} % flip or are undecided in {', '.join(many) or 'no family'}.")
    if args.json:
        args.json.write_text(json.dumps([asdict(one) for one in found], indent=0), encoding="utf-8")
    return 1 if many else 0


if __name__ == "__main__":
    sys.exit(main())
