"""How far two readers agree who say yes or no to the same items, and how much of that is more than chance.

All three are computed from the 2 x 2 table of their verdicts. With the shares p of items, p_yes and q_yes those that
each says yes to, and π their mean:

- percent agreement: p_o, the share of items with the same verdict from both;
- Cohen's kappa: (p_o - p_e) / (1 - p_e) with p_e = p_yes q_yes + (1 - p_yes) (1 - q_yes)
  (Cohen 1960, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20:37-46);
- Gwet's AC1: the same with p_e = 2 π (1 - π) (Gwet 2008, Computing inter-rater reliability and its variance in the
  presence of high agreement, British Journal of Mathematical and Statistical Psychology 61:29-48).

Where nearly all verdicts are alike, kappa is low however well readers agree, for p_e is near 1; AC1 is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.metrics.interval import Floats, resamples

DRAWS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number and its interval. ``value`` is None where it is not defined, ``low`` and ``high`` also with fewer than
    two groups."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Agreement of two readers."""

    percent: Estimate
    kappa: Estimate
    ac1: Estimate


def percent(tables: npt.NDArray[Any]) -> Floats:
    """Share of items with the same verdict; of tables (..., 2, 2) of items by the verdicts of the two."""
    return np.asarray((tables[..., 0, 0] + tables[..., 1, 1]) / tables.sum(axis=(-2, -1)), np.float64)


def kappa(tables: npt.NDArray[Any]) -> Floats:
    """Cohen's kappa of tables (..., 2, 2); NaN where both gave one and the same verdict throughout."""
    shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
    return _beyond(percent(tables), (shares.sum(axis=-1) * shares.sum(axis=-2)).sum(axis=-1))


def ac1(tables: npt.NDArray[Any]) -> Floats:
    """Gwet's AC1 of tables (..., 2, 2)."""
    shares = tables / tables.sum(axis=(-2, -1), keepdims=True)
    yes = (shares.sum(axis=-1) + shares.sum(axis=-2))[..., 0] / 2
    return _beyond(percent(tables), 2 * yes * (1 - yes))


def agreed(
    one: Sequence[bool],
    other: Sequence[bool],
    groups: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> Agreed:
    """Agreement of two readers' verdicts on the same items, with percentile intervals from a cluster bootstrap.

    Each of ``draws`` resamples takes as many groups (views) as there are, with replacement, and all items of those
    taken, for items of one picture are not independent. Resamples in which a number is not defined do not count for
    its interval. Raises ``ValueError`` for lists of different length.
    """
    if not len(one) == len(other) == len(groups):
        raise ValueError(f"{len(one)} and {len(other)} verdicts, {len(groups)} groups; give one of each for every item")
    names = {name: number for number, name in enumerate(sorted(set(groups)))}
    tables = np.zeros((len(names), 2, 2), np.int64)
    for yes, also, group in zip(one, other, groups, strict=True):
        tables[names[group], int(not yes), int(not also)] += 1
    drawn = None
    if len(names) > 1:
        drawn = np.concatenate([tables[picked].sum(axis=1) for picked in resamples(len(names), draws, seed)])
    whole = tables.sum(axis=0)
    return Agreed(**{of.__name__: _estimate(of, whole, drawn, level) for of in (percent, kappa, ac1)})


def _estimate(
    of: Callable[[npt.NDArray[Any]], Floats], whole: npt.NDArray[Any], drawn: npt.NDArray[Any] | None, level: float
) -> Estimate:
    found = float(of(whole)) if whole.sum() else math.nan
    values = np.array([]) if drawn is None else of(drawn)
    values = values[~np.isnan(values)]
    if math.isnan(found):
        return Estimate(value=None, low=None, high=None)
    if not len(values):
        return Estimate(value=found, low=None, high=None)
    low, high = (float(x) for x in np.quantile(values, [(1 - level) / 2, (1 + level) / 2]))
    return Estimate(value=found, low=low, high=high)


def _beyond(observed: Floats, chance: Floats) -> Floats:
    """Agreement beyond chance as a share of what could be; NaN where chance alone agrees always."""
    room = 1 - chance
    return np.asarray(np.divide(observed - chance, room, out=np.full_like(room, np.nan), where=room > 1e-12))
