"""A view of two rectangles, its mirrored twin, and the two with signs for names, on the picture and on white."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.verify.drawn import Box, Row, asked, bind, draw, rectangle, view

SIZE = (60, 60)  # a sign's cell is one pixel
LIVER, SPLEEN = (4, 4, 28, 28), (34, 30, 56, 54)
AT = {"A": (16, 16), "B": (45, 42)}
PLATES = ((13, 12, 20, 21), (42, 38, 49, 47))
LOOKS = {
    "A": ("       ", "  ###  ", " #   # ", " #   # ", " ##### ", " #   # ", " #   # ", " #   # ", "       "),
    "B": ("       ", " ####  ", " #   # ", " #   # ", " ####  ", " #   # ", " #   # ", " ####  ", "       "),
}


def gallery() -> list[Row]:
    """The original, its mirror image, the marked picture, the canvas."""
    grey = (np.arange(3600, dtype=np.uint32).reshape(60, 60) % 251).astype(np.uint8)
    name = "gallery"
    qa = [located(name, "upper_left", "upper left")]
    original = view(name, "train", grey, **shown((("liver", LIVER), ("spleen", SPLEEN))), qa=qa)
    mirrored = [
        (label, (60 - x1, y0, 60 - x0, y1)) for label, (x0, y0, x1, y1) in (("liver", LIVER), ("spleen", SPLEEN))
    ]
    turned = twin("mirror", grey[:, ::-1], mirrored, [located(f"{name}~mirror", "upper_right", "upper right")])
    marked = (("marked_a", LIVER), ("marked_b", SPLEEN))
    plates = tuple(zip(("marked_a", "marked_b"), PLATES, strict=True))
    signs = [
        {"glyph": glyph, "x": float(x), "y": float(y), "structure": n} for n, (glyph, (x, y)) in enumerate(AT.items())
    ]
    return [
        original,
        turned,
        twin("mark", signed(grey), marked, [beside(f"{name}~mark")], markers=signs),
        twin("canvas", signed(np.full_like(grey, 255)), plates, [beside(f"{name}~canvas")], markers=signs),
    ]


def twin(op: str, pixels: np.ndarray[Any, Any], boxes: Any, qa: list[Row], **other: Any) -> Row:
    row = view(f"gallery~{op}", "train", np.ascontiguousarray(pixels), **shown(boxes), qa=qa, **other)
    made = {"twin_of": "gallery", "transform": {"op": op, "params": []}, "render": f"{op}/1"}
    grey = (np.arange(3600, dtype=np.uint32).reshape(60, 60) % 251).astype(np.uint8)
    found = view("gallery", "train", grey)
    return row | made | {field: found[field] for field in ("case_id", "group_id", "source_sha256")}


def shown(boxes: tuple[tuple[str, Box], ...]) -> Row:
    return {
        "structures": [rectangle(label, "whole", box, SIZE, None) for label, box in boxes],
        "masks": [draw(SIZE, box) for _, box in boxes],
    }


def signed(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    canvas = pixels.copy()
    for (x0, y0, x1, y1), look in zip(PLATES, LOOKS.values(), strict=True):
        canvas[y0:y1, x0:x1] = [[255 * (mark == "#") for mark in row] for row in look]
    return canvas


def located(name: str, value: str, words: str) -> Row:
    # u = 16/60 or 44/60, v = 16/60
    return asked(
        name, "locate.quadrant", "open", 'quadrant(the("liver"))', value, "Which quadrant of the image holds {A}?",
        "{A} lies in the {value} quadrant.", "Which quadrant of the image holds the liver?",
        f"The liver lies in the {words} quadrant.", margin=28 / 60, bindings=bind(A=("the liver", [0])),
        target_program='the("liver")', target=[0], pair_id="p-mirror", pair_kind="opposite",
    )  # fmt: skip


def beside(name: str) -> Row:
    # 29 px between the centroids, 23 or 7 px wide: far beyond overlap
    return asked(
        name, "relate.horizontal", "open", 'horizontal(the("marked_a"), the("marked_b"))', "left",
        "On which side of {B} is {A}?", "{A} is {value} {B}.",
        "On which side of the structure marked B is the structure marked A?",
        "The structure marked A is to the left of the structure marked B.",
        bindings=bind(A=("the structure marked A", [0]), B=("the structure marked B", [1])),
        target_program='the("marked_a")', target=[0], pair_id="p-signs", pair_kind="same",
    )  # fmt: skip
