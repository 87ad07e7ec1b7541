"""Lies about twins: another transform than the one that was done, a sign that names or marks something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from mmrs_builder.verify.retell import Changed, Told

Row = dict[str, Any]

SHAPE_KEPT: Final = 2  # quarters after which a picture has its size again


def other_transform(row: Row, _told: Sequence[Told], _rng: np.random.Generator) -> Changed:
    """A mirrored picture is called turned, a turned one mirrored or turned the other way, a cut one cut elsewhere."""
    transform = row["transform"]
    if transform is None or transform["op"] not in ("mirror", "turn", "crop"):
        return None
    params = [dict(item) for item in transform["params"]]
    if transform["op"] == "mirror":
        return {**row, "transform": {"op": "turn", "params": [{"name": "quarters", "value": float(SHAPE_KEPT)}]}}
    if transform["op"] == "turn":
        if params[0]["value"] == SHAPE_KEPT:
            return {**row, "transform": {"op": "mirror", "params": []}}
        params[0]["value"] = 4 - params[0]["value"]
    else:
        params[0]["value"] = abs(params[0]["value"] - 1)
    return {**row, "transform": {**transform, "params": params}}


def swap_markers(row: Row, _told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """Two signs are said to name each other's structure."""
    markers = [dict(item) for item in row["markers"] or ()]
    if len(markers) < 2:
        return None
    a, b = rng.permutation(len(markers))[:2]
    markers[a]["structure"], markers[b]["structure"] = markers[b]["structure"], markers[a]["structure"]
    return {**row, "markers": markers}


def move_marker(row: Row, _told: Sequence[Told], rng: np.random.Generator) -> Changed:
    """A sign is said to be drawn a pixel aside."""
    markers = [dict(item) for item in row["markers"] or ()]
    if not markers:
        return None
    marker = markers[int(rng.integers(len(markers)))]
    marker["x"] += 1.0 if rng.integers(2) else -1.0
    return {**row, "markers": markers}


def forget_original(row: Row, _told: Sequence[Told], _rng: np.random.Generator) -> Changed:
    """A twin is said to be a picture of its own."""
    return None if row["twin_of"] is None else {**row, "twin_of": None, "transform": None}
