"""A small corpus in the layout of Kvasir-SEG, and what tests do to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import mask, picture

SIZE = (64, 48)


def write(root: Path, count: int) -> Path:
    """``count`` frames with a polyp each, some with two."""
    for number in range(count):
        add(root, f"frame{number:03d}", number)
    return root


def add(root: Path, stem: str, seed: int) -> None:
    """One more frame; where its polyps lie follows from ``seed``."""
    picture(root / "images" / f"{stem}.jpg", seed, SIZE)
    mask(root / "masks" / f"{stem}.jpg", *boxes(seed), size=SIZE)


def boxes(seed: int) -> list[tuple[int, int, int, int]]:
    draw = np.random.default_rng([7, seed])
    x, y = int(draw.integers(0, 3)) * 20, int(draw.integers(0, 2)) * 24
    first = (x + 2, y + 2, x + 2 + int(draw.integers(8, 16)), y + 2 + int(draw.integers(8, 16)))
    second = (44 - x, 26 - y, 52 - x, 32 - y)
    return [first, second] if seed % 5 == 4 and x != 20 else [first]
