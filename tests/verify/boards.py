"""Boards of rectangles: ``board((W, H), liver=[[box, box]], clip=[[box], [box]])`` lists the structures of labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmrs_builder.types import Part, Vector
from mmrs_builder.verify.board import Board
from mmrs_builder.verify.measure import measure

Box = tuple[int, int, int, int]


def board(
    size: tuple[int, int],
    part: Part = "whole",
    absent: Sequence[str] = (),
    direction: tuple[Vector, Vector] | None = None,
    spacing: tuple[float, float] | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    **labels: Sequence[Sequence[Box]],
) -> Board:
    """Each label's structures, all of one part; a structure is the union of its boxes.

    ``pairs`` names labels that are each other's partner, the patient's left one first.
    """
    shapes, names = [], []
    for label, structures in labels.items():
        for boxes in structures:
            mask = np.zeros((size[1], size[0]), dtype=np.bool_)
            for x0, y0, x1, y1 in boxes:
                mask[y0:y1, x0:x1] = True
            shapes.append(measure(mask))
            names.append(label)
    sides = {label: side for pair in pairs for label, side in zip(pair, ("left", "right"), strict=True)}
    return Board(
        width=size[0],
        height=size[1],
        shapes=shapes,
        labels=names,
        parts=[part] * len(shapes),
        absent=absent,
        sides=[sides.get(name) for name in names],
        partners={**dict(pairs), **{right: left for left, right in pairs}},
        direction=direction,
        spacing=spacing,
    )
