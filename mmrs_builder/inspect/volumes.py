"""What the headers and voxels of volumes and their masks say, before anything is built from them."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.digests import sha256
from mmrs_builder.io.check import Counts, Refusal, counted
from mmrs_builder.io.extras import need
from mmrs_builder.io.guess import LIBRARIES, first_volume
from mmrs_builder.io.labelmap import whole_numbers
from mmrs_builder.io.mirror import Mirrored, fits, mirrored
from mmrs_builder.io.pairing import without_suffix
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.volume import MAX_TILT, same_grid, spacing
from mmrs_builder.io.volumefile import read_volume
from mmrs_builder.io.window import PERCENTILES
from mmrs_builder.naming import named, sided_pairs
from mmrs_builder.types import Lattice, Pixels, Volume
from mmrs_builder.vocab import Rejected

OBLIQUE: Final = 1.0
"""Degrees from which a volume is called tilted."""

HOUNSFIELD: Final = -200
"""CT in Hounsfield units holds air, which is darker than this; nothing else is."""

_CODES: Final = {0: ("R", "L"), 1: ("A", "P"), 2: ("F", "H")}  # along an LPS axis, against it: towards


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedVolumes:
    """What volumes and their masks say. Counts are sorted, most frequent first."""

    read: int = 0
    needed: str = ""  # what to install so that volumes can be read
    shapes: Counts = ()  # voxels
    spacings: Counts = ()  # mm
    axes: Counts = ()  # where the array's axes lead: LPH is left, back (posterior), head
    codes: Counts = ()  # NIfTI's sform and qform codes
    tilted: Counts = ()  # volumes and their tilt in degrees, rounded
    unplaced: tuple[str, ...] = ()  # volumes whose header says nothing of the patient's axes
    hounsfield: int = 0  # volumes that can only be CT
    labels: Counts = ()  # numbers in the masks, and in how many masks
    empty: tuple[str, ...] = ()  # masks
    wrong_sides: tuple[str, ...] = ()  # left structures that lie to the right of their partner
    right_sides: int = 0  # left structures that lie where they should
    refused: tuple[Refusal, ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()  # volumes with identical files
    mirrored: Mirrored | None = None


@dataclass(slots=True)
class _Tally:
    """What has been found so far."""

    shapes: Counter[str] = field(default_factory=Counter)
    spacings: Counter[str] = field(default_factory=Counter)
    axes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    tilted: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    unplaced: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    twins: dict[str, list[str]] = field(default_factory=dict)
    fits: list[Mapping[str, float]] = field(default_factory=list)
    hounsfield: int = 0
    right: int = 0


def check_volumes(
    root: Path,
    paired: Mapping[str, tuple[str, ...]],
    names: Mapping[str, str] = {},
    advance: Callable[[int], None] = lambda _: None,
) -> CheckedVolumes:
    """Read volumes with their masks. ``names`` are structures by number, for masks that hold several."""
    try:
        need(*LIBRARIES)
    except ValueError as error:
        return CheckedVolumes(needed=str(error))
    tally = _Tally()
    for image, masks in paired.items():
        _look_at_case(root, image, masks, names, tally)
        advance(1)
    return CheckedVolumes(
        read=len(paired),
        shapes=counted(tally.shapes),
        spacings=counted(tally.spacings),
        axes=counted(tally.axes),
        codes=counted(tally.codes),
        tilted=counted(tally.tilted),
        unplaced=tuple(tally.unplaced),
        hounsfield=tally.hounsfield,
        labels=tuple(sorted(tally.labels.items(), key=lambda item: int(item[0]))),
        empty=tuple(tally.empty),
        wrong_sides=tuple(tally.wrong),
        right_sides=tally.right,
        refused=tuple(tally.refused),
        duplicates=tuple(tuple(same) for same in tally.twins.values() if len(same) > 1),
        mirrored=mirrored(tally.fits),
    )


def axis_codes(lattice: Lattice) -> str:
    """Where the three array axes lead: letters of L, R, A, P, H, F; ``?`` where nothing says it."""
    if lattice.evidence is None:
        return "???"
    letters = []
    for step in lattice.steps:
        axis = max(range(3), key=lambda i: abs(step[i]))
        letters.append(_CODES[axis][int(step[axis] > 0)])
    return "".join(letters)


def tilt(lattice: Lattice) -> float:
    """Largest angle in degrees between an array axis and the body axis nearest to it."""
    return max(math.degrees(math.acos(min(1.0, max(map(abs, step)) / math.hypot(*step)))) for step in lattice.steps)


def _look_at_case(root: Path, image: str, masks: tuple[str, ...], names: Mapping[str, str], tally: _Tally) -> None:
    try:
        data = read_bytes(root, image)
        tally.twins.setdefault(sha256(data), []).append(image)
        tally.codes.update(_form_codes(data, image))
        volume = first_volume(root, image)
    except Rejected as refusal:
        tally.refused.append(Refusal(what=refusal.what, reason=refusal.reason, detail=refusal.detail))
        return
    _look_at_lattice(volume.lattice, image, tally)
    tally.hounsfield += float(volume.values.min()) < HOUNSFIELD
    united = np.zeros(volume.lattice.shape, np.bool_)
    places: dict[str, tuple[float, str]] = {}
    for mask in masks:
        united |= _look_at_mask(root, mask, volume, names, places, tally)
    _look_at_sides(places, tally)
    if united.any():
        deepest = int(united.sum(axis=(0, 1)).argmax())
        picture = _greys(volume.values[..., deepest])
        if min(picture.shape) >= 16 and (found := fits(picture, united[..., deepest])):
            tally.fits.append(found)


def _look_at_lattice(lattice: Lattice, image: str, tally: _Tally) -> None:
    tally.shapes[" x ".join(map(str, lattice.shape))] += 1
    tally.spacings[" x ".join(f"{gap:.3g}" for gap in spacing(lattice))] += 1
    tally.axes[axis_codes(lattice)] += 1
    if lattice.evidence is None:
        tally.unplaced.append(image)
    elif (angle := tilt(lattice)) >= OBLIQUE:
        tally.tilted[image] = round(angle)
        if angle > MAX_TILT:
            tally.refused.append(Refusal(what=image, reason="oblique", detail=f"{angle:.0f} degrees"))


def _look_at_mask(
    root: Path,
    path: str,
    image: Volume,
    names: Mapping[str, str],
    places: dict[str, tuple[float, str]],
    tally: _Tally,
) -> npt.NDArray[np.bool_]:
    """The mask's voxels that are not 0, or none if it does not lie on its image's grid."""
    nothing = np.zeros(image.lattice.shape, np.bool_)
    try:
        mask = read_volume(root, path)
        numbers = whole_numbers(mask.values, path)
        if not same_grid(mask.lattice, image.lattice):
            raise Rejected("grid_mismatch", path, _difference(mask.lattice, image.lattice))
    except Rejected as refusal:
        tally.refused.append(Refusal(what=refusal.what, reason=refusal.reason, detail=refusal.detail))
        return nothing
    present = [int(number) for number in np.unique(numbers) if number]
    tally.labels.update(map(str, present))
    tally.empty += [path] * (not present)
    alone = PurePosixPath(without_suffix(path)).name
    for number in present:
        name = names.get(str(number), alone if len(present) == 1 else "")
        if label := _label(name):
            points = np.argwhere(numbers == number).mean(axis=0) @ np.asarray(mask.lattice.steps)[:, 0]
            places[label] = (float(points + mask.lattice.origin[0]), path)
    inside: npt.NDArray[np.bool_] = numbers != 0
    return inside


def _label(name: str) -> str | None:
    try:
        return named(name)[0].id if name else None
    except ValueError:
        return None


def _look_at_sides(places: Mapping[str, tuple[float, str]], tally: _Tally) -> None:
    """The patient's left is where x grows."""
    for left, right in sided_pairs(places):
        apart = places[left][0] - places[right][0]
        if apart < 0:
            tally.wrong.append(f"{places[left][1]}: {left} lies {-apart:.0f} mm to the right of {right}")
        tally.right += apart > 0


def _difference(mask: Lattice, image: Lattice) -> str:
    if mask.shape != image.shape:
        return f"{' x '.join(map(str, mask.shape))} voxels, image {' x '.join(map(str, image.shape))}"
    if axis_codes(mask) != axis_codes(image):
        return f"axes {axis_codes(mask)}, image {axis_codes(image)}"
    return f"spacing {_gaps(mask)} mm, image {_gaps(image)}" if _gaps(mask) != _gaps(image) else "another origin"


def _gaps(lattice: Lattice) -> str:
    return " x ".join(f"{gap:.3g}" for gap in spacing(lattice))


def _greys(plane: npt.NDArray[np.generic]) -> Pixels:
    values = plane.astype(np.float64)
    low, high = np.percentile(values, PERCENTILES)
    grey: Pixels = ((values - low).clip(0, high - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
    return grey


def _form_codes(data: bytes, path: str) -> list[str]:
    """``sform 1, qform 1`` of a NIfTI-1 file; nothing of others."""
    if not path.casefold().endswith((".nii", ".nii.gz")):
        return []
    try:
        packed = data.startswith(b"\x1f\x8b")
        head = gzip.GzipFile(fileobj=io.BytesIO(data)).read(348) if packed else data[:348]
    except (OSError, EOFError, zlib.error):
        return []
    for order in "<>":
        if len(head) == 348 and struct.unpack(f"{order}i", head[:4])[0] == 348:
            qform, sform = struct.unpack(f"{order}2h", head[252:256])
            return [f"sform {sform}, qform {qform}"]
    return []
