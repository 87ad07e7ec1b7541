"""One picture: blind accuracy against chance, a dot for each family."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from mmrs_builder.audit.run import Unit
from mmrs_builder.blind.statistics import MARGIN

SIDE: Final = 560
EDGE: Final = 64
COLOURS: Final = {"UNDECIDED": (150, 150, 150), "PASS": (20, 130, 70), "FAIL": (200, 40, 40)}
"""In the order in which dots are drawn."""

_INK: Final = (30, 30, 30)
_GRID: Final = (225, 225, 225)


def plot(families: Sequence[Unit]) -> bytes:
    """PNG of SIDE + 2·EDGE px. A dot's area grows with the family's number of questions."""
    canvas = Image.new("RGB", (SIDE + 2 * EDGE, SIDE + 2 * EDGE), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    for tick in range(0, 101, 25):
        draw.line([_at(tick / 100, 0), _at(tick / 100, 1)], fill=_GRID)
        draw.line([_at(0, tick / 100), _at(1, tick / 100)], fill=_GRID)
        (x, bottom), (left, y) = _at(tick / 100, 0), _at(0, tick / 100)
        draw.text((x, bottom + 8), f"{tick} %", fill=_INK, font=font, anchor="ma")
        draw.text((left - 8, y), f"{tick} %", fill=_INK, font=font, anchor="rm")
    draw.line([_at(0, 0), _at(1, 1)], fill=_INK)
    draw.line([_at(0, MARGIN), _at(1 - MARGIN, 1)], fill=COLOURS["FAIL"])
    for verdict, colour in COLOURS.items():
        for unit in families:
            if unit.verdict == verdict:
                _dot(draw, unit, colour)
    draw.text((EDGE + SIDE / 2, SIDE + 2 * EDGE - 22), "chance", fill=_INK, font=font, anchor="mm")
    draw.text((8, EDGE / 2), "right without the picture", fill=_INK, font=font, anchor="lm")
    _legend(draw, font)
    out = io.BytesIO()
    canvas.save(out, format="PNG")
    return out.getvalue()


def _at(chance: float, blind: float) -> tuple[float, float]:
    return EDGE + chance * SIDE, EDGE + (1 - blind) * SIDE


def _dot(draw: ImageDraw.ImageDraw, unit: Unit, colour: tuple[int, int, int]) -> None:
    x, y = _at(unit.worst.estimate.chance, unit.worst.estimate.blind)
    radius = min(14.0, 2 + unit.questions**0.5 / 4)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)


def _legend(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    said = {
        "PASS": "PASS: at most 3 points better than chance",
        "FAIL": "FAIL: more than that",
        "UNDECIDED": "UNDECIDED: too few questions",
    }
    for row, (verdict, text) in enumerate(said.items()):
        y = EDGE + SIDE - 20 * (len(said) - row)
        x = EDGE + SIDE / 2
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), outline=COLOURS[verdict], width=2)
        draw.text((x + 12, y), text, fill=_INK, font=font, anchor="lm")
