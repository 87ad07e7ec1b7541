"""Whether the masks of a corpus fit its pictures better the other way round: mirrored, turned or transposed.

A mask's edge should lie where its picture changes, and in the same direction everywhere: the structure is brighter
than what is around it, or darker, in some channel. The fit of a pair is the cosine between the gradient of the picture
and that of the mask, over all pixels; of the channels the best one counts. A single pair proves nothing: a round
lesion fits in many ways, and another edge may lie there by chance. Only a clear majority of a corpus is reported.

Measured: on 8 extracts of public corpora (10 to 40 pairs each) no way round beats the stored one in more than 2 of 18
decided pairs; with all masks mirrored, the mirror wins in at least 31 of 32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from mmrs_builder.types import Mask, Pixels

SIDE: Final = 256
"""Pictures are compared at this length of their longer side, in px."""

DECIDED: Final = 0.02
"""Difference between two fits from which a pair says something."""

FEWEST: Final = 6
"""Decided pairs without which nothing is said."""

MAJORITY: Final = 0.8

STORED: Final = "as stored"

_Floats = npt.NDArray[np.float32]

TURNS: Final[dict[str, Callable[[_Floats], _Floats]]] = {
    "mirrored left to right": lambda a: a[:, ::-1],
    "mirrored top to bottom": lambda a: a[::-1],
    "turned by 180 degrees": lambda a: a[::-1, ::-1],
    "transposed": lambda a: a.T,
    "turned by 90 degrees to the left": np.rot90,
    "turned by 90 degrees to the right": lambda a: np.rot90(a, -1),
    "transposed and turned by 180 degrees": lambda a: a[::-1, ::-1].T,
}
"""What would have to be done to the masks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """A suspicion: after ``turn`` the masks fit better in ``better`` of ``decided`` pairs, by ``gain`` on average."""

    turn: str
    better: int
    decided: int
    gain: float


def fits(pixels: Pixels, mask: Mask) -> dict[str, float]:
    """How well a mask (H, W) fits its picture, (H, W) or (H, W, 3), from 0 to 1: as stored and after each turn.

    Turns by 90 degrees are tried on square pictures only. Empty for a mask without an edge.
    """
    scale = SIDE / max(mask.shape)
    size = (max(8, round(mask.shape[1] * scale)), max(8, round(mask.shape[0] * scale)))
    soft = _soft(mask.astype(np.float32), size)
    if float(np.ptp(soft)) == 0:
        return {}
    channels = [pixels] if pixels.ndim == 2 else [pixels[..., i] for i in range(3)]
    slopes = [_slope(_soft(channel.astype(np.float32), size)) for channel in channels]
    ways = {STORED: soft, **{name: np.ascontiguousarray(turn(soft)) for name, turn in TURNS.items()}}
    return {
        name: max(_cosine(slope, _slope(way)) for slope in slopes)
        for name, way in ways.items()
        if way.shape == soft.shape
    }


def mirrored(found: Sequence[Mapping[str, float]]) -> Mirrored | None:
    """The turn that a clear majority of pairs speaks for, given the fits of each; None if there is none."""
    suspects = [suspect for turn in TURNS if (suspect := _suspect(turn, found))]
    return max(suspects, key=lambda suspect: suspect.better * suspect.gain, default=None)


def _suspect(turn: str, found: Sequence[Mapping[str, float]]) -> Mirrored | None:
    gains = [fit[turn] - fit[STORED] for fit in found if turn in fit]
    decided = [gain for gain in gains if abs(gain) > DECIDED]
    better = sum(gain > 0 for gain in decided)
    mean = sum(decided) / len(decided) if decided else 0.0
    if len(decided) < FEWEST or better < MAJORITY * len(decided) or mean < 2 * DECIDED:
        return None
    return Mirrored(turn=turn, better=better, decided=len(decided), gain=round(mean, 3))


def _soft(values: _Floats, size: tuple[int, int]) -> _Floats:
    small = cv2.resize(np.ascontiguousarray(values), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.5), np.float32)


def _slope(values: _Floats) -> _Floats:
    """Gradient (2, H, W), its longest vectors cut so that no single bright edge decides."""
    slope = np.stack([cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1)])
    length = np.hypot(slope[0], slope[1])
    limit = float(np.percentile(length[length > 0], 95)) if (length > 0).any() else 1.0
    cut: _Floats = slope * (np.minimum(length, limit) / np.maximum(length, 1e-6)).astype(np.float32)
    return cut


def _cosine(a: _Floats, b: _Floats) -> float:
    """Absolute, since a structure may be darker or brighter than what is around it, but the same everywhere."""
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return abs(float((a * b).sum())) / norm if norm else 0.0
