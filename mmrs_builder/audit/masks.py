"""How well masks are drawn blind: the mean mask of a label, from other patients' pictures."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from PIL import Image

from mmrs_builder.blind.trial import FOLDS
from mmrs_builder.digests import keyed
from mmrs_builder.metrics import bootstrap, dice
from mmrs_builder.readable import readable

SIDE: Final = 64
"""Masks are compared in SIDE x SIDE cells, whatever the picture's size."""

_BLANK: Final = np.zeros((SIDE, SIDE))


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskPrior:
    """Mean Dice of a label's mean mask on its segment requests, with a 95 % interval over groups."""

    source: str
    label: str
    requests: int
    dice: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    source: str
    label: str
    group: str
    cells: npt.NDArray[np.bool_]  # (SIDE, SIDE)

    @property
    def part(self) -> int:
        return keyed("fold", self.group) % FOLDS


def mask_priors(out: Path) -> tuple[MaskPrior, ...]:
    """For every source and label: a request is answered with the mean of the masks asked for in other groups' requests,
    cut at half of its highest value. Requests for nothing, and for several labels at once, are left out."""
    by_label: dict[tuple[str, str], list[_Asked]] = defaultdict(list)
    for item in _requests(out):
        by_label[item.source, item.label].append(item)
    return tuple(_prior(*key, by_label[key]) for key in sorted(by_label))


def _prior(source: str, label: str, items: list[_Asked]) -> MaskPrior:
    drawn = [
        _cut(sum((other.cells.astype(np.float64) for other in items if other.part != part), _BLANK))
        for part in range(FOLDS)
    ]
    scores = [dice(drawn[item.part], item.cells) for item in items]
    interval = bootstrap(scores, [item.group for item in items])
    return MaskPrior(
        source=source,
        label=label,
        requests=len(items),
        dice=float(interval.mean or 0.0),
        low=interval.low,
        high=interval.high,
    )


def _cut(total: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Where a sum of masks exceeds half of its highest value; nowhere if there was no mask."""
    return total > max(1e-9, float(total.max()) / 2)


def _requests(out: Path) -> Iterator[_Asked]:
    columns = ["source", "group_id", "structures", "masks", "qa"]
    for path in sorted((out / "data").glob("*.parquet")):
        with readable(path), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64, columns=columns):
                for row in batch.to_pylist():
                    yield from _of_view(row)


def _of_view(row: dict[str, Any]) -> Iterator[_Asked]:
    asked = [question["target"] for question in row["qa"] if question["kind"] == "segment" and question["target"]]
    for target in asked:
        labels = {row["structures"][i]["label"] for i in target}
        if len(labels) == 1:
            cells = np.any([_small(row["masks"][i]["bytes"]) for i in target], axis=0)
            yield _Asked(source=row["source"], label=labels.pop(), group=row["group_id"], cells=cells)


def _small(data: bytes) -> npt.NDArray[np.bool_]:
    """A stored mask in cells that it covers by half; a smaller one in the cells that it covers most."""
    mask = Image.open(io.BytesIO(data)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    cover = np.asarray(mask, dtype=np.float64)
    return cover >= max(1e-9, min(127.5, float(cover.max())))
