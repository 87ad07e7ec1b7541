"""A patient's organs: the nominal table, varied, at stated rates mirrored, displaced, missing or seen close up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians
from typing import Final

import numpy as np

from mmrs_builder.phantoms.blob import Blob, Motion, Wave, level, moved, outline, reflected, scaled
from mmrs_builder.phantoms.regions import Organ, Region
from mmrs_builder.phantoms.scene import Field, Shape, generator, visible
from mmrs_builder.phantoms.shapes import moments

SITUS: Final = 0.12  # mirrored anatomy, of patients with organs
DISPLACED: Final = 0.3  # one organ moved far from its place, of patients whose region has such an organ
MISSING: Final = 0.12  # one organ absent, likewise
CLOSE_UP: Final = 0.2  # enlarged so that organs reach the border, of CT and MRI patients
SMALLEST: Final = 0.004  # least visible part of the picture that an organ must have to be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """The organs of a patient in the radiological view, before lesions and before the picture is mirrored."""

    body: Blob | None
    organs: tuple[Shape, ...]
    situs: bool
    displaced: tuple[str, ...]


def anatomy(region: Region, field: Field, key: tuple[object, ...]) -> Anatomy:
    """Organs of the patient that ``key`` names. Deterministic; positions in px of ``field``."""
    rng = generator(*key, "anatomy")
    spared = [o for o in region.organs if o.spare]
    missing = spared[rng.integers(len(spared))].label if spared and rng.random() < MISSING else ""
    frame = Motion(
        x=0.5 * field.width,
        y=0.5 * field.height,
        factor=float(rng.uniform(0.95, 1.03)),
        dx=float(rng.normal(0, 0.012) * field.width),
        dy=float(rng.normal(0, 0.012) * field.height),
    )
    body = varied(region.body, field, frame, rng) if region.body else None
    organs = [(o.label, varied(o, field, frame, rng)) for o in region.organs]
    carved = [(label, varied(o, field, frame, rng)) for label, o in region.carved]
    organs, displaced = displace(region, organs, body, field, rng)
    organs = [organ for organ in organs if organ[0] != missing]
    situs = bool(region.organs) and region.modality != "ultrasound" and rng.random() < SITUS
    if situs:
        organs = [(swapped(label), reflected(blob, field.width)) for label, blob in organs]
        carved = [(swapped(label), reflected(blob, field.width)) for label, blob in carved]
    motion = close_up(field, rng) if region.modality in ("ct", "mri") and rng.random() < CLOSE_UP else None
    if motion is not None:
        organs, body = [(label, moved(blob, motion)) for label, blob in organs], body and moved(body, motion)
    shapes = tuple(shape for shape in cut(organs, carved, region.solid) if seen(shape, field))
    return Anatomy(body=body, organs=shapes, situs=situs, displaced=displaced)


def swapped(label: str) -> str:
    """The label's partner on the other side of the body; the label itself if it has none."""
    stem, _, side = label.rpartition("_")
    return {"left": f"{stem}_right", "right": f"{stem}_left"}.get(side, label)


def varied(organ: Organ, field: Field, frame: Motion, rng: np.random.Generator) -> Blob:
    """One person's version of a nominal organ; ``frame`` is what the whole body varies by."""
    width, height = field.width, field.height
    vary = 0.0 if organ.steady else 1.0
    x, y = organ.x + vary * rng.normal(0, 0.008), organ.y + vary * rng.normal(0, 0.01)
    size = 1.0 + vary * rng.uniform(-0.07, 0.07)
    blob = Blob(
        x=x * width,
        y=y * height,
        a=organ.a * width * size * (1.0 + vary * rng.uniform(-0.07, 0.07)),
        b=organ.b * width * size * (1.0 + vary * rng.uniform(-0.07, 0.07)),
        tilt=radians(organ.tilt + vary * rng.normal(0, 3)),
        bow=organ.bow * width * rng.uniform(0.7, 1.3),
        power=organ.power,
        waves=waves(rng, organ.wobble),
    )
    return moved(blob, frame)


def waves(rng: np.random.Generator, strength: float, orders: int = 5) -> tuple[Wave, ...]:
    """Harmonics 2, 3, … of falling amplitude: the irregularity of a living outline."""
    return tuple(
        (order, float(strength * rng.uniform(0.4, 1.3) * 2.0 / order), float(rng.uniform(0, 2 * np.pi)))
        for order in range(2, 2 + orders)
        if strength > 0.0
    )


def displace(
    region: Region,
    organs: list[tuple[str, Blob]],
    body: Blob | None,
    field: Field,
    rng: np.random.Generator,
) -> tuple[list[tuple[str, Blob]], tuple[str, ...]]:
    """Moves one free organ to another place where it is in nobody's way, or nothing."""
    free = [i for i, organ in enumerate(region.organs) if organ.free]
    if not free or rng.random() >= DISPLACED:
        return organs, ()
    chosen = int(rng.choice(free))
    label, blob = organs[chosen]
    others = [other for i, (_, other) in enumerate(organs) if i != chosen]
    for _ in range(30):
        x, y = rng.uniform(0.15, 0.85) * field.width, rng.uniform(0.2, 0.8) * field.height
        far = np.hypot(x - blob.x, y - blob.y) > 0.16 * field.width
        there = replace(blob, x=float(x), y=float(y), tilt=float(blob.tilt + rng.normal(0, 0.4)))
        if far and fits(there, others, body, field):
            return [*organs[:chosen], (label, there), *organs[chosen + 1 :]], (label,)
    return organs, ()


def fits(blob: Blob, others: list[Blob], body: Blob | None, field: Field) -> bool:
    """Whether the blob lies in the body (or the field) and its core in none of the others."""
    x, y = outline(blob, 24)
    home = level(body, x, y) < 0.93 if body else visible(field, x, y)
    inner = outline(scaled(blob, 0.7), 24)
    return bool(home.all()) and all(bool((level(other, *inner) > 1.0).all()) for other in others)


def close_up(field: Field, rng: np.random.Generator) -> Motion:
    """A magnification about a point off the centre, as if only a part had been imaged."""
    x, y = rng.uniform(0.2, 0.8) * field.width, rng.uniform(0.2, 0.8) * field.height
    return Motion(x=float(x), y=float(y), factor=float(rng.uniform(1.35, 1.75)))


def cut(organs: list[tuple[str, Blob]], carved: list[tuple[str, Blob]], solid: bool) -> list[Shape]:
    """Shapes of the organs less what is carved out; in a solid region each gives way to those before it."""
    shapes: list[Shape] = []
    for i, (label, blob) in enumerate(organs):
        earlier = [other for _, other in organs[:i]] if solid else []
        earlier += [other for owner, other in carved if owner == label]
        cuts = tuple(other for other in earlier if bool((level(blob, *outline(other)) < 1.02).any()))
        shapes.append(Shape(label=label, blob=blob, cuts=cuts))
    return shapes


def seen(shape: Shape, field: Field) -> bool:
    """Whether enough of the shape is in the picture."""
    return moments(shape, field, angles=60, rings=16).area >= SMALLEST * field.width * field.height
