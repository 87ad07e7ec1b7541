"""Where a segmenter is told to look: a box, half-open (x0, y0, x1, y1) in px; None says that there is nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from baselines.prs_med.config import Refused
from mmrs_builder import metrics, programs
from mmrs_builder.metrics.published import CUT
from mmrs_builder.vocab import REFUSALS

Box = tuple[float, float, float, float]

_SPANS: Mapping[str, tuple[float, float]] = {
    "upper": (0, 1 / 2), "lower": (1 / 2, 1), "left": (0, 1 / 2), "right": (1 / 2, 1),
}  # fmt: skip
_THIRDS: Mapping[str, tuple[float, float]] = {
    "upper": (0, 1 / 3), "left": (0, 1 / 3), "middle": (1 / 3, 2 / 3), "centre": (1 / 3, 2 / 3),
    "lower": (2 / 3, 1), "right": (2 / 3, 1),
}  # fmt: skip


def around(mask: npt.NDArray[np.bool_]) -> Box | None:
    """The box of a mask (H, W); None of an empty one."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def region(token: str, value_type: str, width: int, height: int) -> Box | None:
    """The part of the picture that a token of a place names; None for tokens that name none."""
    parts = token.split("_")
    if value_type == "Zone":
        down, right = _THIRDS[parts[0]], _THIRDS[parts[-1]]
    elif value_type == "Quadrant":
        down, right = _SPANS[parts[0]], _SPANS[parts[-1]]
    elif value_type == "Side":
        down, right = (0, 1), _SPANS[token]
    elif value_type == "Level":
        down, right = _SPANS[token], (0, 1)
    else:
        return None
    return right[0] * width, down[0] * height, right[1] * width, down[1] * height


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What another model said and drew, by question: the lines of its predictions."""

    folder: Path
    lines: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Told:
        """Read predictions. Raises ``Refused`` for a file that cannot be read."""
        try:
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            raise Refused(f"{path} cannot be read as predictions: {error}") from error
        seen = (line for line in lines if not (line.get("turned") or line.get("blank") or line.get("named")))
        return cls(folder=path.resolve().parent, lines={line["question_id"]: line for line in seen})

    def box(self, question: Mapping[str, Any], words: metrics.Words, width: int, height: int) -> Box | None:
        """The box of what was drawn, else the region that was named, else the whole picture. None where the model
        declined to answer.
        """
        line = self.lines.get(question["question_id"], {})
        parsed = line.get("parsed")
        if parsed in REFUSALS:
            return None
        value_type = programs.value_type(question["program"])
        if (drawn := self._drawn(line)) is not None and (box := around(drawn)) is not None:
            down, right = height / drawn.shape[0], width / drawn.shape[1]
            return box[0] * right, box[1] * down, box[2] * right, box[3] * down
        token = metrics.value_said(parsed, question["kind"], value_type, question["choices"], words)
        named = region(token, value_type, width, height) if token else None
        return named or (0.0, 0.0, float(width), float(height))

    def _drawn(self, line: Mapping[str, Any]) -> npt.NDArray[np.bool_] | None:
        if not line.get("mask"):
            return None
        with Image.open(self.folder / line["mask"], formats=["PNG"]) as image:
            return np.asarray(image.convert("L")) >= CUT
