"""The file of predictions: a JSON object a line, and PNG files of masks beside it (``docs/benchmark.md`` section 1)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from PIL import Image

from mmrs_builder.digests import sha256
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.metrics.published import Levels

MOST_PIXELS: Final = 1 << 26
"""Of a mask that is opened."""

_TYPES: Final = {"said": str, "parsed": str, "mask": str, "turned": int, "blank": bool, "named": bool}

HINT: Final = "docs/benchmark.md section 1 defines the file: a JSON object a line, with question_id, and said or mask."


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was said and drawn when a question was put once.

    ``said`` is the whole reply, None without one. ``parsed`` stands for it where nothing was ever said in words: a
    token, a number, or the index of an option. ``mask`` is a PNG's path beside the file.
    """

    question_id: str
    words: bool  # the line answers in words, whatever it says
    said: str | None = None
    parsed: str | None = None
    mask: str | None = None
    turned: int = 0
    blank: bool = False
    named: bool = False
    fault: str | None = None  # why there is no reply


Key: TypeAlias = tuple[int, bool, bool]
"""How a question was put: places that its options were turned by, without its picture, with names for signs."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """All lines of a file, by question and by how it was put."""

    path: Path
    digest: str
    lines: Mapping[str, Mapping[Key, Line]]

    @cached_property
    def says(self) -> bool:
        """Whether it answers in words at all."""
        return any(line.words for line in self._all())

    @cached_property
    def draws(self) -> bool:
        """Whether it draws masks at all."""
        return any(line.mask is not None for line in self._all())

    def _all(self) -> Iterator[Line]:
        return (line for ways in self.lines.values() for line in ways.values())

    def without_masks(self) -> Predictions:
        """What it answers in words, which is judged in a fraction of the time."""
        lines = {
            name: {key: replace(line, mask=None) for key, line in ways.items()} for name, ways in self.lines.items()
        }
        return Predictions(path=self.path, digest=self.digest, lines=lines)

    def levels(self, name: str, shape: tuple[int, int]) -> Levels | None:
        """The grey levels of a mask (H, W), nearest to ``shape`` if it has another size; None if it cannot be read.

        Of a picture of one bit, what is not 0 is 255. A path that leaves the folder of the file is not read.
        """
        folder = self.path.resolve().parent
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(path, formats=["PNG"]) as image:
                    if image.width * image.height > MOST_PIXELS or image.mode not in ("1", "L"):
                        return None
                    grey = image.convert("L")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            return None  # whatever is wrong with it: a damaged mask costs its question
        if grey.size != (shape[1], shape[0]):
            grey = grey.resize((shape[1], shape[0]), Image.Resampling.NEAREST)
        return np.asarray(grey)


def read(path: Path) -> Predictions:
    """Read a file of predictions. Raises ``MmrsError`` naming the line for what is none, or a question put twice."""
    try:
        data = path.read_bytes()
        rows = data.decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MmrsError(f"{path} cannot be read as text: {error}", code=USAGE, hint=HINT) from None
    lines: dict[str, dict[Key, Line]] = {}
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        line = _line(row, f"{path}, line {number}")
        ways = lines.setdefault(line.question_id, {})
        key = (line.turned, line.blank, line.named)
        if key in ways:
            raise MmrsError(
                f"{path}, line {number}: {line.question_id} is answered a second time", code=USAGE,
                hint="One line for each time that a question is put: by turned, blank and named.",
            )  # fmt: skip
        ways[key] = line
    if not lines:
        raise MmrsError(f"{path} holds no prediction", code=USAGE, hint=HINT)
    return Predictions(path=path, digest=sha256(data), lines=lines)


def _line(text: str, where: str) -> Line:
    try:
        item = json.loads(text)
    except ValueError as error:
        raise MmrsError(f"{where}: no JSON: {error}", code=USAGE, hint=HINT) from None
    if not isinstance(item, dict) or not isinstance(item.get("question_id"), str):
        raise MmrsError(f"{where}: no object with a question_id", code=USAGE, hint=HINT)
    for name, kind in _TYPES.items():
        if item.get(name) is not None and type(item[name]) is not kind:  # a bool is an int, but no number of places
            raise MmrsError(f"{where}: {name} is {item[name]!r}, not of type {kind.__name__}", code=USAGE, hint=HINT)
    return Line(
        question_id=item["question_id"],
        words="said" in item or "parsed" in item,
        said=item.get("said"),
        parsed=None if "said" in item else item.get("parsed"),
        mask=item.get("mask"),
        turned=item.get("turned") or 0,
        blank=bool(item.get("blank")),
        named=bool(item.get("named")),
        fault=_last(item),
    )


def _last(item: Mapping[str, Any]) -> str | None:
    faults = item.get("faults")
    return str(faults[-1]) if isinstance(faults, list) and faults else None
