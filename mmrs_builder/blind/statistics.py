"""What an advantage over chance proves: limits that respect patients and pairs, Holm's correction, and verdicts.

Everything is defined in ``docs/audit.md``, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]
Verdict: TypeAlias = Literal["PASS", "FAIL", "UNDECIDED"]

MARGIN: Final = 0.03
"""What blind solvers may be better than chance by."""

LEVEL: Final = 0.95
"""Of each one-sided limit, and of all FAIL verdicts together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The advantage of blind answers over chance on ``n`` questions of ``groups`` groups, as parts of 1.

    ``low`` and ``high`` are one-sided limits, infinite with fewer than two groups; to be worse than chance is luck, and
    does not lower ``high``. ``p`` is the probability of an advantage this large or larger if the true one were
    ``MARGIN``.
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


def estimate(score: Floats, chance: Floats, groups: Codes, pairs: Codes) -> Estimate:
    """The estimate for a set of questions: their scores in [0, 1], their chances, the numbers of their groups, and of
    their pairs, -1 for a question without a partner.

    The standard error is that which resampling whole groups converges to, G/(G - 1) · Σ_g S_g² / n², S_g the sum of a
    group's residuals (Cameron and Miller 2015, section II). Two questions of a pair are one observation, which belongs
    to the groups of both: Σ E² over pairs in two groups is taken off again (Aronow, Samii and Assenova 2015).
    So that few questions prove little, independent questions have at least the variance that they would have at
    ``MARGIN``, and four pairs are added that are no ties (Agresti and Coull 1998). Limits use Student's t with G - 1
    degrees of freedom.
    """
    n, count = len(score), np.unique(groups).size
    blind, luck = (float(np.mean(values)) if n else 0.0 for values in (score, chance))
    known = {"n": n, "groups": count, "blind": blind, "chance": luck}
    if count < 2:
        return Estimate(**known, error=math.inf, low=-math.inf, high=math.inf, p=1.0)  # type: ignore[arg-type]
    advantage = blind - luck
    joined = _partners(pairs)
    spread = _spread(score - chance - advantage, groups, joined) * count / (count - 1)
    alone = np.clip(chance[joined < 0] + MARGIN, MARGIN, 1 - MARGIN)
    least = float(np.sum(alone * (1 - alone)))
    error = math.sqrt(max(spread, least) + (4 if np.any(joined >= 0) else 0)) / n
    reach = error * float(student.ppf(LEVEL, count - 1))
    return Estimate(
        n=n,
        groups=count,
        blind=blind,
        chance=luck,
        error=error,
        low=advantage - reach,
        high=max(advantage, 0.0) + reach,
        p=float(student.sf((advantage - MARGIN) / error, count - 1)),
    )


def _partners(pairs: Codes) -> Codes:
    """The row of each question's partner, -1 where it is not among the questions."""
    found = np.full(len(pairs), -1, dtype=np.intp)
    order = np.argsort(pairs, kind="stable")
    first, second = order[:-1], order[1:]
    both = (pairs[first] == pairs[second]) & (pairs[first] >= 0)
    found[first[both]], found[second[both]] = second[both], first[both]
    return found


def _spread(residuals: Floats, groups: Codes, joined: Codes) -> float:
    """Σ S_g² less what pairs in two groups count twice; never below 0."""
    paired = joined >= 0
    total = residuals + np.where(paired, residuals[joined], 0.0)
    within = paired & (groups == groups[joined])
    total[within & (np.arange(len(joined)) > joined)] = 0.0  # a pair within a group counts there once
    sums = np.bincount(groups, weights=total)
    twice = 0.5 * float(np.sum(total[paired & ~within] ** 2))
    return max(0.0, float(np.sum(sums**2)) - twice)


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
    failed = iter(holm([one.p for unit in units for one in unit]))
    found: list[Verdict] = []
    for unit in units:
        beaten = [next(failed) for _ in unit]
        safe = bool(unit) and all(one.high <= MARGIN for one in unit)
        found.append("FAIL" if any(beaten) else "PASS" if safe else "UNDECIDED")
    return found


def needed(unit: Sequence[Estimate], hypotheses: int = 1) -> int | None:
    """The number of such questions at which a unit with the same advantages would be decided.

    Above the margin that is FAIL by one of the ways, as the first of so many ``hypotheses``; else PASS by all. An
    advantage below 0 is luck, and taken for 0. None where there are too few groups to say.
    """
    above = [_reached(one, (1 - LEVEL) / hypotheses) for one in unit if one.advantage > MARGIN]
    below = [_reached(one, 1 - LEVEL) for one in unit if one.advantage <= MARGIN]
    known = [n for n in above or below if n is not None]
    return (min(known) if above else max(known)) if known else None


def _reached(found: Estimate, level: float) -> int | None:
    distance = abs(MARGIN - max(found.advantage, 0.0))
    if found.groups < 2 or distance < 1e-9:
        return None
    return math.ceil(found.n * (float(student.isf(level, found.groups - 1)) * found.error / distance) ** 2)


def power(chance: float, effect: float = 1.0, sure: float = 0.8) -> int:
    """Questions after which a unit without any advantage passes with probability ``sure``.

    ((z_level + z_sure) / MARGIN)² · p(1 - p) · effect, p = chance + MARGIN (Farrington and Manning 1990); ``effect`` is
    the design effect of groups: by how much the variance of their questions exceeds that of independent ones.
    """
    right = chance + MARGIN
    z = float(student.ppf(LEVEL, 10**9)) + float(student.ppf(sure, 10**9))
    return math.ceil((z / MARGIN) ** 2 * right * (1 - right) * effect)
