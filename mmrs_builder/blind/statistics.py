"""What an advantage over chance proves: cluster-bootstrap limits, Holm's correction, and verdicts.

Everything is defined in ``docs/audit.md``, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from mmrs_builder.digests import keyed

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]
Verdict: TypeAlias = Literal["PASS", "FAIL", "UNDECIDED"]

MARGIN: Final = 0.03
"""What blind solvers may be better than chance by."""

LEVEL: Final = 0.95
"""Of each one-sided limit, and of all FAIL verdicts together."""

DRAWS: Final = 1000

_AT_ONCE: Final = 1 << 22
"""Cells of drawn groups that are held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The advantage of blind answers over chance on ``n`` questions of ``groups`` groups, as parts of 1.

    ``low`` and ``high`` are one-sided limits, infinite with fewer than two groups. ``p`` is the probability of an
    advantage this large or larger if the true one were ``MARGIN``.
    """

    n: int
    groups: int
    blind: float
    chance: float
    error: float
    low: float
    high: float
    p: float

    @property
    def advantage(self) -> float:
        """Blind accuracy less chance."""
        return self.blind - self.chance


def estimates(
    scores: Sequence[Floats], chances: Sequence[Floats], groups: Sequence[Codes], *, seed: int = 0, draws: int = DRAWS
) -> list[Estimate]:
    """An estimate for each unit, which is a set of questions: their scores in [0, 1], their chances, their groups.

    Groups are numbered from 0 over all units: a resample takes as many groups as there are, with replacement, and all
    questions of those taken (Davison and Hinkley 1997, section 3.8), the same for every unit. The standard error is the
    spread of the resampled advantages, but at least that of independent answers with an advantage of ``MARGIN``: a
    dozen questions that all went wrong have no spread and prove little. Limits use Student's t with one degree of
    freedom less than the unit has groups (Cameron and Miller 2015, section VI).
    """
    total = 1 + max((int(codes.max()) for codes in groups if len(codes)), default=0)
    sums, sizes = np.zeros((total, len(scores))), np.zeros((total, len(scores)))
    for unit, (score, chance, codes) in enumerate(zip(scores, chances, groups, strict=True)):
        np.add.at(sums[:, unit], codes, score - chance)
        np.add.at(sizes[:, unit], codes, 1)
    spread = _spread(sums, sizes, np.random.default_rng(keyed("audit", seed)), draws)
    return [
        _estimate(score, chance, np.unique(codes).size, float(spread[unit]))
        for unit, (score, chance, codes) in enumerate(zip(scores, chances, groups, strict=True))
    ]


def _spread(sums: Floats, sizes: Floats, rng: np.random.Generator, draws: int) -> Floats:
    """(units,) standard deviation of the mean over resampled groups; 0 where no two resamples hold any."""
    total = len(sums)
    both = np.concatenate([sums, sizes], axis=1)
    means = []
    for start in range(0, draws, step := max(1, _AT_ONCE // total)):
        taken = rng.multinomial(total, np.full(total, 1 / total), size=min(step, draws - start)).astype(np.float64)
        drawn = taken @ both
        top, bottom = drawn[:, : sums.shape[1]], drawn[:, sums.shape[1] :]
        means.append(np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0))
    found = np.concatenate(means)
    held = np.isfinite(found).sum(axis=0) > 1
    result = np.zeros(found.shape[1])
    result[held] = np.nanstd(found[:, held], axis=0, ddof=1)
    return result


def _estimate(score: Floats, chance: Floats, groups: int, spread: float) -> Estimate:
    n = len(score)
    blind, luck = (float(np.mean(values)) if n else 0.0 for values in (score, chance))
    if groups < 2:
        return Estimate(
            n=n, groups=groups, blind=blind, chance=luck, error=math.inf, low=-math.inf, high=math.inf, p=1.0
        )
    error = max(spread, independent_error(chance))
    reach = error * float(student.ppf(LEVEL, groups - 1))
    advantage = blind - luck
    return Estimate(
        n=n,
        groups=groups,
        blind=blind,
        chance=luck,
        error=error,
        low=advantage - reach,
        high=advantage + reach,
        p=float(student.sf((advantage - MARGIN) / error, groups - 1)),
    )


def independent_error(chance: Floats) -> float:
    """Standard error of the mean of independent answers that are right with a probability of chance + ``MARGIN``."""
    right = np.minimum(chance + MARGIN, 1)
    return float(np.sqrt(np.sum(right * (1 - right)))) / len(chance)


def holm(p: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Which hypotheses are rejected, so that any is rejected wrongly with a probability of at most 1 - ``level``.

    Holm 1979: the smallest p is compared with (1 - level)/m, the next with (1 - level)/(m - 1), up to the first that is
    larger.
    """
    rejected = [False] * len(p)
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] > (1 - level) / (len(p) - rank):
            break
        rejected[i] = True
    return rejected


def verdicts(units: Sequence[Sequence[Estimate]]) -> list[Verdict]:
    """For each unit with its estimates, one for each way in which it was tested.

    PASS: no upper limit is above ``MARGIN``. FAIL: a lower limit is above it, after Holm's correction over all.
    """
    failed = iter(holm([estimate.p for unit in units for estimate in unit]))
    found: list[Verdict] = []
    for unit in units:
        beaten = [next(failed) for _ in unit]
        safe = bool(unit) and all(estimate.high <= MARGIN for estimate in unit)
        found.append("FAIL" if any(beaten) else "PASS" if safe else "UNDECIDED")
    return found


def needed(estimate: Estimate) -> int | None:
    """The number of such questions at which the same advantage would be decided; None if it is at the margin itself.

    An advantage below 0 is luck, and taken for 0.
    """
    distance = abs(MARGIN - max(estimate.advantage, 0.0))
    if estimate.groups < 2 or distance < 1e-9:
        return None
    return math.ceil(estimate.n * (float(student.ppf(LEVEL, estimate.groups - 1)) * estimate.error / distance) ** 2)


def power(chance: float, effect: float = 1.0, sure: float = 0.8) -> int:
    """Questions after which a unit without any advantage passes with probability ``sure``.

    ((z_level + z_sure) / MARGIN)² · p(1 - p) · effect, p = chance + MARGIN (Farrington and Manning 1990); ``effect`` is
    the design effect of groups: by how much the variance of their questions exceeds that of independent ones.
    """
    right = chance + MARGIN
    z = float(student.ppf(LEVEL, 10**9)) + float(student.ppf(sure, 10**9))
    return math.ceil((z / MARGIN) ** 2 * right * (1 - right) * effect)


def pair_accuracy(right: Mapping[str, Sequence[bool]]) -> float | None:
    """The part of pairs, by their id, whose two questions are both right; None without pairs."""
    pairs = [members for members in right.values() if len(members) == 2]
    return sum(all(members) for members in pairs) / len(pairs) if pairs else None
