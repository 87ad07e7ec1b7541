"""From a case number to a plan: patients, their views, instruments, and the picture's small motion."""

from __future__ import annotations

from dataclasses import replace
from math import radians
from typing import Final

import numpy as np

from mmrs_builder.phantoms.anatomy import Anatomy, anatomy
from mmrs_builder.phantoms.blob import Blob, Motion, moved, reflected
from mmrs_builder.phantoms.lesions import Ground, lesions
from mmrs_builder.phantoms.regions import REGIONS, Region
from mmrs_builder.phantoms.scene import Fan, Field, Plan, Shape, generator
from mmrs_builder.vocab import MODALITIES

MIRRORED: Final = 0.15  # pictures flipped left to right
INSTRUMENT: Final = 0.4  # endoscopic views with an instrument
PATIENT_VIEWS: Final = (0, 1, 1, 2, 3, 3, 3, 4)
"""Which of five patients each of eight consecutive views of a modality belongs to: they own 1, 2, 1, 3 and 1 views."""
SEQUENCES: Final = ("T1", "T2", "FLAIR")


def modality_of(number: int) -> str:
    """Modalities take turns."""
    return MODALITIES[number % len(MODALITIES)]


def patient_of(number: int) -> str:
    """Name of the patient that view ``number`` shows; consecutive views of a modality may share one."""
    turn = number // len(MODALITIES)
    index = turn // 8 * 5 + PATIENT_VIEWS[turn % 8]
    return f"{modality_of(number)}-p{index:05d}"


def sequence_of(number: int, seed: int) -> str | None:
    """MRI sequence of a view; None for other modalities."""
    return str(generator(seed, number, "sequence").choice(SEQUENCES)) if modality_of(number) == "mri" else None


def plan(case_id: str, number: int, seed: int, size: int) -> Plan:
    """Everything that view ``number`` shows, without pixels. The same patient has the same organs and lesions."""
    key = (seed, patient_of(number))
    modality = modality_of(number)
    kinds = REGIONS[modality]
    region = kinds[int(generator(*key, "region").integers(len(kinds)))]
    field = field_of(region, size, generator(*key, "field"))
    body = anatomy(region, field, key)
    grown, instances = lesions(Ground(region=region, field=field, body=soil(body), organs=body.organs), key)
    shapes = (*body.organs, *grown, *instrument(region, field, generator(seed, number, "instrument")))
    rng = generator(seed, number, "view")
    mirrored = bool(rng.random() < MIRRORED)
    view = viewed(body, shapes, field, motion_of(field, rng), mirrored)
    return Plan(
        case_id=case_id,
        seed=seed,
        modality=modality,
        region=region.name,
        sequence=sequence_of(number, seed),
        field=field,
        body=view[0],
        shapes=view[1],
        instances=instances,
        absent=absent(region, shapes),
        mirrored=mirrored,
        situs=body.situs,
        displaced=body.displaced,
    )


def soil(body: Anatomy) -> Blob | None:
    """What lesions must lie in: the brain if there is one, else the body if the picture shows its outline."""
    return next((organ.blob for organ in body.organs if organ.label == "brain"), body.body)


def field_of(region: Region, size: int, rng: np.random.Generator) -> Field:
    """Size of the picture and the part of it that shows anything."""
    width, height = size, round(size * region.ratio)
    if region.modality == "endoscopy":
        return Field(width=width, height=height, corner=float(rng.uniform(0.1, 0.2) * width))
    if region.name == "flank" or (region.name == "breast" and rng.random() < 0.25):
        near = rng.uniform(0.2, 0.3) * width
        half = rng.uniform(0.62, 0.74)
        top = 0.02 * height - near * np.cos(half)
        fan = Fan(x=(width - 1) / 2, y=float(top), near=float(near), far=float(height * 0.97 - top), half=float(half))
        return Field(width=width, height=height, fan=fan)
    return Field(width=width, height=height)


def instrument(region: Region, field: Field, rng: np.random.Generator) -> tuple[Shape, ...]:
    """A rod that enters from beyond the frame and ends in the picture, at a rate."""
    if "instrument" not in region.extra or rng.random() >= INSTRUMENT:
        return ()
    width, height = field.width, field.height
    tip = rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height
    angle = float(rng.uniform(0, 2 * np.pi))
    half = 0.55 * width
    x, y = tip[0] + half * np.cos(angle), tip[1] + half * np.sin(angle)
    rod = Blob(x=float(x), y=float(y), a=half, b=float(rng.uniform(0.024, 0.04) * width), tilt=angle, power=7.0)
    return (Shape(label="instrument", blob=rod, intent="border"),)


def motion_of(field: Field, rng: np.random.Generator) -> Motion:
    """How far the patient has moved since the last view: at most 2 % of the width, 3 degrees and 2 % in size."""
    dx, dy = rng.uniform(-0.014, 0.014, 2) * field.width
    turn, factor = radians(rng.uniform(-3, 3)), rng.uniform(0.98, 1.02)
    centre = (field.width - 1) / 2, (field.height - 1) / 2
    return Motion(x=centre[0], y=centre[1], angle=float(turn), factor=float(factor), dx=float(dx), dy=float(dy))


def viewed(
    body: Anatomy, shapes: tuple[Shape, ...], field: Field, motion: Motion, mirrored: bool
) -> tuple[Blob | None, tuple[Shape, ...]]:
    """Body and shapes after the view's motion and, if the picture is mirrored, after the flip."""

    def seen(blob: Blob) -> Blob:
        there = moved(blob, motion)
        return reflected(there, field.width) if mirrored else there

    turned = tuple(replace(s, blob=seen(s.blob), cuts=tuple(map(seen, s.cuts))) for s in shapes)
    return seen(body.body) if body.body else None, turned


def absent(region: Region, shapes: tuple[Shape, ...]) -> tuple[str, ...]:
    """Labels that this kind of picture could show, is exhaustively annotated for, and does not show."""
    palette = {*region.lesions, *region.extra, *(organ.label for organ in region.organs)}
    return tuple(sorted(palette - {shape.label for shape in shapes}))
