"""What a page says of a whole build in numbers, counted from its columns without any picture."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.readable import readable

CELLS: Final = 9
"""Cells of a heat map along a side: three for each third of the picture."""

BINS: Final = 20
"""Bars of a histogram of margins, from 0 to 1."""

MAPS: Final = 24
"""Heat maps shown: the labels with most structures."""

ANSWERS: Final = 60
"""Families whose answers are shown: those with most questions."""

VALUES: Final = 12
"""Answers told apart in a family; the others are counted together."""

CLOSED: Final = ("choice", "yes_no", "open", "number")


def counted(out: Path) -> dict[str, Any]:
    """Counts by split, source, modality and kind; answers by family; margins by kind; where structures lie by label."""
    questions = _columns(out / "qa", ["split", "source", "modality", "kind", "family", "value", "margin"])
    rows = list(zip(*questions.values(), strict=True)) if questions else []
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("split", "source", "modality", "kind")}
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    margins: dict[str, list[int]] = defaultdict(lambda: [0] * BINS)
    for split, source, modality, kind, family, value, margin in rows:
        for name, item in (("split", split), ("source", source), ("modality", modality), ("kind", kind)):
            counts[name][str(item)] += 1
        if kind in CLOSED:
            answers[f"{family} ({kind})"][str(value)] += 1
        if margin is not None and math.isfinite(margin):
            margins[str(kind)][min(BINS - 1, max(0, int(margin * BINS)))] += 1
    return {
        "questions": len(rows),
        **{name: found.most_common() for name, found in counts.items()},
        "answers": _answers(answers),
        "margins": sorted(margins.items()),
        **_places(out),
    }


def _answers(found: Mapping[str, Counter[str]]) -> list[dict[str, Any]]:
    largest = sorted(found.items(), key=lambda item: (-item[1].total(), item[0]))[:ANSWERS]
    return [
        {
            "family": family,
            "questions": values.total(),
            "values": values.most_common(VALUES),
            "rest": values.total() - sum(n for _, n in values.most_common(VALUES)),
        }
        for family, values in sorted(largest)
    ]


def _places(out: Path) -> dict[str, Any]:
    """How many views there are, and for each label how many of its structures have their centroid in each cell."""
    columns = _columns(out / "data", ["width", "height", "structures"])
    maps: dict[str, list[int]] = defaultdict(lambda: [0] * CELLS**2)
    views = list(zip(*columns.values(), strict=True)) if columns else []
    for width, height, structures in views:
        for structure in structures or ():
            x, y = structure["centroid"]
            if structure["part"] != "component" and width and height and math.isfinite(x) and math.isfinite(y):
                column, row = (min(CELLS - 1, max(0, int(CELLS * t))) for t in ((x + 0.5) / width, (y + 0.5) / height))
                maps[str(structure["label"])][CELLS * row + column] += 1
    most = sorted(maps.items(), key=lambda item: (-sum(item[1]), item[0]))[:MAPS]
    return {"views": len(views), "labels": len(maps), "places": most, "cells": CELLS}


def _columns(folder: Path, names: list[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for path in sorted(folder.glob("*.parquet")):
        with readable(path):
            table = pq.read_table(path, columns=names).to_pydict()
        for name in names:
            found.setdefault(name, []).extend(table[name])
    return found


def audited(path: Path) -> list[dict[str, Any]]:
    """What ``mmrs audit OUT --json`` said of each theme and kind. Raises ``MmrsError`` for another file."""
    try:
        pools = json.loads(path.read_text(encoding="utf-8"))["pools"]
        return [_pool(pool) for pool in pools]
    except OSError as error:
        raise MmrsError(
            f"cannot read {path}: {error.strerror}", code=USAGE, hint="mmrs audit OUT --json > FILE"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MmrsError(f"{path} is no audit", code=USAGE, hint="Make one: mmrs audit OUT --json > FILE") from None


def _pool(pool: Mapping[str, Any]) -> dict[str, Any]:
    worst = max((test["estimate"] for test in pool["tested"]), key=lambda it: float(it["blind"]) - float(it["chance"]))
    return {
        "name": str(pool["name"]),
        "questions": int(pool["questions"]),
        "verdict": str(pool["verdict"]),
        "blind": float(worst["blind"]),
        "chance": float(worst["chance"]),
    }
