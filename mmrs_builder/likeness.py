"""Whether two pictures are one: thumbnails, a descriptor that few other pictures share, and the check of their pixels.

The descriptor is the magnitude of the Fourier transform, which a shift leaves as it is (B. S. Reddy, B. N. Chatterji,
An FFT-based technique for translation, rotation, and scale-invariant image registration, IEEE Trans. Image Process.
5(8), 1996): here that of windowed places of a thumbnail at their lowest frequencies, in a form that mirroring and
quarter turns leave as it is, too. Candidates are registered by maximising the enhanced correlation coefficient
(G. D. Evangelidis, E. Z. Psarakis, IEEE Trans. Pattern Anal. Mach. Intell. 30(10), 2008; OpenCV's
``findTransformECC``).

Pictures of one kind, such as two chest films, agree in what is large and differ in what is small. So details decide,
and most places of a picture must agree: a black frame or a caption that two pictures share is no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mmrs_builder.digests import pixels_sha256
from mmrs_builder.types import Mask, Pixels

SIDE: Final = 64
"""Of a thumbnail, in px. Width and height are stretched to it: an export that squashed a picture shows the same."""

PERIODS: Final = 4
"""Descriptors hold the frequencies of 0 to this many periods in half a side, in both directions."""

LEAST_DETAIL: Final = 0.5
"""Root mean square of the details, in grey levels, below which a picture is too plain to be told from others."""

FAMILIAR: Final = 0.6
"""Correlation of the coarse pictures below which a candidate is not registered."""

SYMMETRIC: Final = 0.05
"""How much worse than in the likeliest way coarse pictures may agree in another one that is tried, too."""

SAME: Final = 0.8
"""Correlation of the details that three quarters of a picture's places must reach."""

HOPEFUL: Final = 0.3
"""The same after a rough registration, below which a fine one is not tried."""

LARGEST_CROP: Final = 0.2
"""Part of a side that a cropped copy may lack."""

PLACES: Final = 4
"""Details are compared in this many places in each direction."""

_FINE, _COARSE = 0.7, 2.0  # sigma in px between which details lie
_STEPS: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 1e-4)

Thumbnail: TypeAlias = npt.NDArray[np.uint8]  # (SIDE, SIDE)
Floats: TypeAlias = npt.NDArray[np.float32]

_AS_IT_IS: Final = np.eye(2, 3, dtype=np.float32)
_WAYS: Final = tuple(product((False, True), range(4)))  # mirrored or not, and by how many quarters it is turned
_PIXELS: Final = np.arange(144).reshape(12, 12)  # of a coarse picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A picture as it is compared: its thumbnail, and its width and height in px."""

    thumbnail: Thumbnail
    size: tuple[int, int]


def thumbnail(pixels: Pixels) -> Thumbnail:
    """A picture, (H, W) or (H, W, 3), in grey and in ``SIDE`` x ``SIDE`` px, each the mean of what it covers."""
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def picture_sha256(pixels: Pixels) -> str:
    """Digest of the pixels in colour: the same for a grey picture and its colour copy."""
    return pixels_sha256(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.ndim == 2 else pixels)


def picture_digests(pixels: Pixels) -> tuple[str, str]:
    """``pixels_sha256`` and ``picture_sha256``, which are one for a picture in colour."""
    stored = pixels_sha256(pixels)
    return stored, picture_sha256(pixels) if pixels.ndim == 2 else stored


def descriptors(thumbnails: Sequence[Thumbnail]) -> Floats:
    """What copies share, also cropped, mirrored and turned ones: unit vectors (n, 9, 50), close together for them.

    The nine parts stand for windows of half a side, three by three, row by row. Mirrored and turned copies have the
    same ones in another order.
    """
    found = np.array([thumb - _blurred(thumb.astype(np.float32), 6) for thumb in thumbnails], np.float32)
    starts = range(0, SIDE - SIDE // 2 + 1, SIDE // 4)
    parts = [_spectra(found[:, y : y + SIDE // 2, x : x + SIDE // 2]) for y in starts for x in starts]
    places = np.stack(parts, axis=1)
    return np.asarray(places / np.maximum(np.linalg.norm(places, axis=(1, 2))[:, None, None], 1e-6))


def _spectra(pictures: Floats) -> Floats:
    """Square pictures (n, side, side) as vectors (n, 50) that do not know up from down, left from right, or rows from
    columns."""
    window = np.hanning(pictures.shape[1] + 2)[1:-1]
    found = np.abs(np.fft.rfft2(pictures * np.outer(window, window))).astype(np.float32)
    ways = np.arange(PERIODS + 1)
    rising, falling = (np.sqrt(found[:, rows][:, :, ways]) for rows in (ways, -ways))
    return np.concatenate([_turned(part) for part in _mixed(rising, falling)], axis=1)


def _mixed(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Sum and difference of what mirroring exchanges: lengths stay, and the order of the two is forgotten."""
    return (one + other) / np.float32(np.sqrt(2)), np.abs(one - other) / np.float32(np.sqrt(2))


def _turned(spectra: Floats) -> Floats:
    """(n, k, k) as vectors (n, k*k) that do not know rows from columns."""
    rows, columns = np.triu_indices(spectra.shape[1], 1)
    both = _mixed(spectra[:, rows, columns], spectra[:, columns, rows])
    return np.concatenate([*both, np.diagonal(spectra, axis1=1, axis2=2)], axis=1)


def outlooks(thumbnails: Sequence[Thumbnail]) -> Floats:
    """Coarse pictures (n, 144) as vectors of which the product is their correlation: what ``familiar`` compares."""
    found = np.array([_reduced(thumb.astype(np.float32)).ravel() for thumb in thumbnails], np.float32).reshape(-1, 144)
    found -= found.mean(axis=1, keepdims=True)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-3), np.float32)


def familiar(ones: Floats, others: Floats) -> npt.NDArray[np.bool_]:
    """Which pairs of rows of ``outlooks`` may pass the first look of ``likeness``; for all others it says None."""
    ways = [_shown(_PIXELS, *way).ravel().astype(np.intp) for way in _WAYS]
    best = np.max([np.einsum("ij,ij->i", ones, others[:, order]) for order in ways], axis=0)
    return np.asarray(best >= FAMILIAR - 0.01)  # less: these were reduced before they were turned, and rounding differs


def is_plain(seen: Seen) -> bool:
    """Whether a picture has too few details to be told from others: nearly black, all of one grey."""
    return float(_details(seen.thumbnail.astype(np.float32), _grain(seen, seen)).std()) < LEAST_DETAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How a copy shows what is in an original. ``agreement`` is what three quarters of its places reach.

    ``turn`` are quarter turns after a possible reflection; ``lacks`` is the part of a side that one of the two lacks;
    ``gain`` and ``bias`` map grey levels of one to the other.
    """

    agreement: float
    mirrored: bool
    turn: int
    lacks: float
    gain: float
    bias: float


def likeness(one: Seen, other: Seen) -> Likeness | None:
    """How ``other`` shows the picture ``one``; None if they are two pictures."""
    still = one.thumbnail.astype(np.float32)
    shown = {way: _shown(other.thumbnail, *way) for way in _WAYS}
    coarse = dict(zip(_WAYS, _correlations(_reduced(still), [_reduced(shown[way]) for way in _WAYS]), strict=True))
    least = max(FAMILIAR, max(coarse.values()) - SYMMETRIC)
    likely = [way for way in sorted(_WAYS, key=lambda way: (-coarse[way], way)) if coarse[way] >= least][:2]
    grain = _grain(one, other)
    fine = _details(still, grain)
    for way, place in product(likely, ("as it is", "registered")):
        warp = _AS_IT_IS if place == "as it is" else _registered(still, shown[way], fine, grain)
        if warp is not None and (agreement := _agreement(fine, shown[way], warp, grain)) >= SAME:
            gain, bias = _greys(still, shown[way], warp)
            return Likeness(agreement=agreement, mirrored=way[0], turn=way[1], lacks=_lacks(warp), gain=gain, bias=bias)
    return None


def _brought(moved: Floats, warp: Floats) -> tuple[Floats, Mask]:
    """A picture brought over another by ``warp``, and where it has pixels there."""
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    brought = cv2.warpAffine(moved, warp, (SIDE, SIDE), flags=way, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones_like(moved), warp, (SIDE, SIDE), flags=way)
    return np.asarray(brought, np.float32), np.asarray(inside) > 0.99


def _agreement(fine: Floats, moved: Floats, warp: Floats, grain: float) -> float:
    """The lower quartile of the correlations of details, over the places where one of the two has some; ``fine`` are
    those of one picture."""
    brought, inside = _brought(moved, warp)
    a, b = (_placed(np.where(inside, details, 0)) for details in (fine, _details(brought, grain)))
    own, others = (a * a).sum(-1), (b * b).sum(-1)
    power = np.maximum(own, others)
    counted = (power > 0.02 * power.mean()) & (_placed(inside.astype(np.float32)).mean(-1) > 0.5)
    joint = np.sort(((a * b).sum(-1) / np.sqrt(np.maximum(own * others, 1e-6)))[counted])
    return float(joint[len(joint) // 4]) if len(joint) >= PLACES else 0.0


def _greys(still: Floats, moved: Floats, warp: Floats) -> tuple[float, float]:
    """Gain and bias that map the greys of one picture to those of the other, by least squares."""
    brought, inside = _brought(moved, warp)
    a, b = still[inside], brought[inside]
    gain = float(((a - a.mean()) * (b - b.mean())).sum() / max(float(((a - a.mean()) ** 2).sum()), 1e-6))
    return gain, float(b.mean() - gain * a.mean())


def _placed(picture: Floats) -> Floats:
    """(SIDE, SIDE) as (places, pixels)."""
    edge = SIDE // PLACES
    return picture.reshape(PLACES, edge, PLACES, edge).transpose(0, 2, 1, 3).reshape(PLACES**2, edge**2)


def _registered(still: Floats, moved: Floats, fine: Floats, grain: float) -> Floats | None:
    """The affine map from ``still`` to ``moved``; None where none is found, or none that a crop explains."""
    rough = _aligned(_halved(still), _halved(moved), _AS_IT_IS)
    if rough is None:
        return None
    rough[:, 2] = 2 * rough[:, 2] + 0.5 - rough[:, :2].sum(axis=1) / 2  # pixel centres of halves lie between pixels
    found = _aligned(still, moved, rough) if _agreement(fine, moved, rough, grain) >= HOPEFUL else None
    if found is None or np.abs(found[:, :2] - np.eye(2)).max() > LARGEST_CROP or _lacks(found) > LARGEST_CROP:
        return None
    return found


def _aligned(still: Floats, moved: Floats, start: Floats) -> Floats | None:
    everywhere = np.ones(still.shape, np.uint8)
    try:
        _, warp = cv2.findTransformECC(still, moved, start.copy(), cv2.MOTION_AFFINE, _STEPS, everywhere, 3)
    except cv2.error:  # the two have nothing in common
        return None
    return np.asarray(warp, np.float32)


def _halved(picture: Floats) -> Floats:
    return np.asarray(cv2.resize(picture, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA), np.float32)


def _lacks(warp: Floats) -> float:
    """The largest part of a side by which corners of one picture lie outside of the other or inside of it."""
    corners = np.array([(0, 0, 1), (SIDE - 1, 0, 1), (0, SIDE - 1, 1), (SIDE - 1, SIDE - 1, 1)], np.float32)
    return float(np.abs(corners @ warp.T - corners[:, :2]).max() / SIDE)


def _shown(picture: npt.NDArray[Any], mirrored: bool, turn: int) -> Floats:
    return np.ascontiguousarray(np.rot90(picture[:, ::-1] if mirrored else picture, turn), np.float32)


def _grain(one: Seen, other: Seen) -> float:
    """How much coarser than a thumbnail the smaller of two pictures is: details that it lacks are not compared."""
    return max(1.0, SIDE / max(1, min(*one.size, *other.size)))


def _details(picture: Floats, grain: float) -> Floats:
    return _blurred(picture, _FINE * grain) - _blurred(picture, _COARSE * grain)


def _blurred(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _reduced(picture: Floats) -> Floats:
    return np.asarray(cv2.resize(picture, (12, 12), interpolation=cv2.INTER_AREA), np.float32)


def _correlations(one: Floats, others: Sequence[Floats]) -> list[float]:
    """Of a picture with each of some others."""
    a, b = one.ravel() - one.mean(), np.stack([other.ravel() for other in others])
    b = b - b.mean(axis=1, keepdims=True)
    lengths = np.sqrt((a * a).sum() * (b * b).sum(axis=1))
    return [float(part) for part in (b @ a) / np.maximum(lengths, 1e-6)]
