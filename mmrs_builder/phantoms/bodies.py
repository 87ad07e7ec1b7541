"""What a phantom volume contains, as frozen parameters: organs and lesions in the patient, and where the scan lies.

Positions are LPS mm from the middle of the body: x to the patient's left, y to the back, z to the head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from math import ceil, radians
from typing import Final

import numpy as np

from mmrs_builder.io.volume import UPRIGHT, lattice
from mmrs_builder.phantoms.anatomy import MISSING, SITUS, swapped
from mmrs_builder.phantoms.blob import Floats
from mmrs_builder.phantoms.scene import generator
from mmrs_builder.phantoms.solids import Solid, axes, level
from mmrs_builder.types import Lattice, Vector

TUMOUR: Final = "tumour"
NONE, ONE, TWO = 0.2, 0.55, 0.8
"""Bounds of the rates of volumes without a tumour, with one, with two; the others have three."""

INSTANCES: Final = 0.5  # tumours annotated one by one
TILT: Final = 15.0  # degrees, largest angle between the array's axes and the body's
FIELD: Final[Vector] = (162.0, 122.0, 128.0)
"""Half widths of the scanned block in mm along L, P, S: all organs but the tubes lie in it, however it is tilted."""

ORDERS: Final = tuple(permutations(range(3)))
"""With three reversals each, the 48 ways to store a volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A region's nominal outline, organs, those of which one may be missing, and those that tumours grow in."""

    outline: Solid
    organs: tuple[Solid, ...]
    spare: tuple[str, ...]
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePlan:
    """A whole volume before any voxel. ``situs``: the anatomy is mirrored; sides in labels stay the patient's."""

    case_id: str
    seed: int
    modality: str
    region: str
    body: Solid
    organs: tuple[Solid, ...]
    lesions: tuple[Solid, ...]
    instances: bool  # tumours are annotated one by one
    lattice: Lattice
    situs: bool
    missing: str

    @property
    def labels(self) -> tuple[str, ...]:
        """What is annotated in this region wherever it is visible, sorted."""
        return labels_of(self.region)


_OUTLINE: Final = Solid(label="body", centre=(0, 0, 0), half=(152, 108, 1), tube=True)
_SPINE: Final = Solid(label="spine", centre=(0, 64, 0), half=(20, 19, 1), tube=True)

BODIES: Final[dict[str, Body]] = {
    "abdomen": Body(
        outline=_OUTLINE,
        organs=(
            _SPINE,
            Solid(label="aorta", centre=(14, 26, 0), half=(9, 9, 1), tube=True),
            Solid(label="inferior_vena_cava", centre=(-19, 25, 0), half=(11, 9, 1), tube=True),
            Solid(label="kidney_right", centre=(-63, 55, -28), half=(24, 19, 46)),
            Solid(label="kidney_left", centre=(63, 54, -24), half=(24, 19, 46)),
            Solid(label="liver", centre=(-76, -18, 32), half=(46, 46, 52)),
            Solid(label="spleen", centre=(98, 20, 50), half=(22, 34, 33)),
            Solid(label="stomach", centre=(50, -42, 22), half=(36, 27, 33)),
        ),
        spare=("kidney_left", "kidney_right", "spleen"),
        hosts=("liver", "liver", "kidney_left", "kidney_right", "spleen"),
    ),
    "chest": Body(
        outline=_OUTLINE,
        organs=(
            _SPINE,
            Solid(label="aorta", centre=(22, 28, 0), half=(10, 10, 1), tube=True),
            Solid(label="heart", centre=(14, -28, -30), half=(35, 31, 36)),
            Solid(label="lung_right", centre=(-78, 4, 4), half=(39, 66, 80)),
            Solid(label="lung_left", centre=(96, 4, 6), half=(34, 64, 78)),
        ),
        spare=(),
        hosts=("lung_left", "lung_right"),
    ),
}  # fmt: skip
"""Nominal anatomy: no two organs touch."""

REGIONS: Final[dict[str, tuple[str, ...]]] = {"ct": ("abdomen", "chest"), "mri": ("abdomen",)}


def labels_of(region: str) -> tuple[str, ...]:
    """The labels of a region, sorted."""
    return tuple(sorted({TUMOUR, *(organ.label for organ in BODIES[region].organs)}))


def volume_plan(case_id: str, number: int, seed: int) -> VolumePlan:
    """Everything that volume ``number`` shows, without voxels."""
    modality = volume_modality(number)
    rng = generator(seed, "volume", number, "body")
    kinds = REGIONS[modality]
    region = kinds[int(rng.integers(len(kinds)))]
    nominal = BODIES[region]
    factor = float(rng.uniform(0.94, 1.04))
    organs = [varied(organ, factor, rng) for organ in nominal.organs]
    missing = str(rng.choice(nominal.spare)) if nominal.spare and rng.random() < MISSING else ""
    organs = [organ for organ in organs if organ.label != missing]
    situs = bool(rng.random() < SITUS)
    if situs:
        organs = [mirrored(organ) for organ in organs]
        missing = swapped(missing)
    body = varied(nominal.outline, factor, rng)
    grown = lesions(nominal, body, organs, generator(seed, "volume", number, "lesions"))
    return VolumePlan(
        case_id=case_id,
        seed=seed,
        modality=modality,
        region=region,
        body=body,
        organs=tuple(organs),
        lesions=grown,
        instances=bool(rng.random() < INSTANCES),
        lattice=scanned(case_id, generator(seed, "volume", number, "lattice")),
        situs=situs,
        missing=missing,
    )


def volume_modality(number: int) -> str:
    """CT and MRI take turns."""
    return ("ct", "mri")[number % 2]


def varied(solid: Solid, factor: float, rng: np.random.Generator) -> Solid:
    """One person's version of a nominal solid; ``factor`` is what the whole body varies by."""
    shift, size = rng.uniform(-2.5, 2.5, 3), rng.uniform(0.93, 1.05, 3)
    turn = rng.uniform(-8, 8, 2) * (not solid.tube)
    return replace(
        solid,
        centre=_vector(factor * (np.asarray(solid.centre) + shift)),
        half=_vector(factor * size * solid.half),
        yaw=radians(turn[0]),
        roll=radians(turn[1]),
    )


def mirrored(solid: Solid) -> Solid:
    """The solid on the other side of the body; what is named by its side takes the other name."""
    x, y, z = solid.centre
    return replace(solid, label=swapped(solid.label), centre=(-x, y, z), yaw=-solid.yaw, roll=-solid.roll)


def lesions(nominal: Body, body: Solid, organs: list[Solid], rng: np.random.Generator) -> tuple[Solid, ...]:
    """Tumours, each wholly inside an organ or outside of all, and apart; fewer where there is no room."""
    wanted = int(np.searchsorted((NONE, ONE, TWO), rng.random(), side="right"))
    hosts = {organ.label: organ for organ in organs if organ.label in nominal.hosts}
    found: list[Solid] = []
    for _ in range(40 * wanted):
        if len(found) == wanted:
            break
        half = rng.uniform(6.5, 13.0) * rng.uniform(0.85, 1.15, 3)
        host = hosts.get(str(rng.choice(nominal.hosts))) if rng.random() < 0.4 else None
        centre = within(host, half, rng) if host else around(body, rng)
        lesion = Solid(label=TUMOUR, centre=_vector(centre), half=_vector(half), host=host.label if host else None)
        if all(apart(lesion, other) for other in (*found, *(o for o in organs if o is not host))):
            found.append(lesion)
    return tuple(found)


def within(host: Solid, half: Floats, rng: np.random.Generator) -> Floats:
    """A centre from which a lesion of semi-axes ``half`` stays within its host."""
    step = rng.standard_normal(3)
    step *= rng.random() ** (1 / 3) / np.linalg.norm(step)
    room = np.maximum(0.0, 0.85 * np.asarray(host.half) - float(half.max()))
    return np.asarray(host.centre + (step * room) @ axes(host), np.float64)


def around(body: Solid, rng: np.random.Generator) -> Floats:
    """A centre anywhere in the body, as far as scans reach."""
    angle, radius = rng.uniform(0, 2 * np.pi), 0.8 * np.sqrt(rng.random())
    flat = radius * np.array([np.cos(angle), np.sin(angle)]) * body.half[:2]
    return np.array([body.centre[0] + flat[0], body.centre[1] + flat[1], rng.uniform(-75, 75)])


def apart(lesion: Solid, other: Solid) -> bool:
    """Whether a lesion keeps some mm from another solid."""
    grown = replace(other, half=_vector(np.asarray(other.half) + max(lesion.half) + 6.0))
    return bool(level(grown, lesion.centre) > 1.0)


def scanned(case_id: str, rng: np.random.Generator) -> Lattice:
    """Where the voxels lie: a tilted block around the body's middle, stored in one of the 48 orders of its axes."""
    in_plane, across = rng.uniform(2.4, 3.1), rng.uniform(3.0, 6.0)
    gaps = np.array([across, in_plane, in_plane])
    sizes = [ceil(2 * half / gap) for half, gap in zip(FIELD[::-1], gaps, strict=True)]
    steps = (np.asarray(UPRIGHT) * gaps[:, None]) @ tilted(rng).T
    origin = rng.uniform(-4, 4, 3) - (np.asarray(sizes) - 1) / 2 @ steps
    order = ORDERS[int(rng.integers(len(ORDERS)))]
    reverse = rng.random(3) < 0.5
    for axis in range(3):
        if reverse[axis]:
            origin = origin + (sizes[axis] - 1) * steps[axis]
            steps[axis] = -steps[axis]
    return lattice([sizes[axis] for axis in order], origin.tolist(), steps[list(order)].tolist(), "header", case_id)


def tilted(rng: np.random.Generator) -> Floats:
    """A rotation matrix by up to ``TILT`` degrees about any axis (Rodrigues' formula)."""
    x, y, z = (axis := rng.standard_normal(3)) / np.linalg.norm(axis)
    angle = radians(rng.uniform(0, TILT))
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross, np.float64)


def _vector(values: Floats) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
