"""How sure a mean is: a bootstrap over groups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.digests import keyed

Floats = npt.NDArray[np.float64]

_CELLS: Final = 1 << 22
"""Drawn groups that are held in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean and its interval. ``mean`` is None without values, ``low`` and ``high`` with fewer than two groups.

    ``groups`` and ``n`` are the numbers of groups and of values.
    """

    mean: float | None
    low: float | None
    high: float | None
    groups: int
    n: int


def bootstrap(
    values: Sequence[float], groups: Sequence[str], *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Mean over all values with its percentile interval from a cluster bootstrap.

    Each of ``draws`` resamples takes as many groups (patients) as there are, with replacement, and all values of those
    taken: values of one patient are not independent. The bounds are the (1 ± ``level``)/2 quantiles of the resamples'
    means, linearly interpolated (Efron and Tibshirani 1993, chapter 13; Davison and Hinkley 1997, section 3.8).

    The order of values does not matter, and the same seed draws the same groups for another metric on the same data.
    Raises ``ValueError`` for lists of different length, and for values that are not finite.
    """
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values and {len(groups)} groups; give one group for each value")
    if not all(map(math.isfinite, values)):
        raise ValueError("values must be finite: score what failed, do not leave it out")
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"draws is {draws} and level {level}; give at least 1, and a level between 0 and 1")
    members = _members(values, groups)
    mean = math.fsum(values) / len(values) if len(values) else None
    low = high = None
    if len(members) > 1:
        means = _means(members, draws, seed)
        low, high = (float(bound) for bound in np.quantile(means, [(1 - level) / 2, (1 + level) / 2]))
    return Interval(mean=mean, low=low, high=high, groups=len(members), n=len(values))


def _members(values: Sequence[float], groups: Sequence[str]) -> list[list[float]]:
    """The values of each group, groups by name."""
    found: dict[str, list[float]] = {group: [] for group in sorted(set(groups))}
    for value, group in zip(values, groups, strict=True):
        found[group].append(value)
    return list(found.values())


def resamples(groups: int, draws: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """``draws`` resamples of so many groups, in pieces (n, groups) of drawn group numbers that fit into memory."""
    rng, at_once = np.random.default_rng(keyed("bootstrap", seed)), max(1, _CELLS // groups)
    for start in range(0, draws, at_once):
        yield rng.integers(groups, size=(min(at_once, draws - start), groups))


def _means(members: list[list[float]], draws: int, seed: int) -> Floats:
    """(draws,) means of resampled groups."""
    # fsum rounds once, so that the order of values within a group cannot show.
    sums, sizes = np.array([math.fsum(m) for m in members]), np.array([len(m) for m in members])
    drawn = resamples(len(members), draws, seed)
    return np.concatenate([sums[picked].sum(axis=1) / sizes[picked].sum(axis=1) for picked in drawn])
