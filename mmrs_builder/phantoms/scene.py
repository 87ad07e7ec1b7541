"""What a phantom picture contains, as frozen parameters: the records that looks, masks and truth share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder import digests
from mmrs_builder.phantoms.blob import Blob, Floats

VERSION: Final = 1
"""Part of every random key: raised whenever the pictures of a seed change."""

Intent: TypeAlias = Literal["organ", "inside", "overlap", "touch", "border", "free"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """Sector of a curved ultrasound probe: apex (x, y), inner and outer radius in px, half opening in radians."""

    x: float
    y: float
    near: float
    far: float
    half: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where the picture shows anything. ``corner`` px are cut off each corner; ``fan`` limits to a sector."""

    width: int
    height: int
    corner: float = 0.0
    fan: Fan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One unit of a label: its outline, what is taken out of it, and why it lies where it lies.

    ``host`` is the label that ``intent`` speaks of: a lesion ``inside`` the liver, ``touch``-ing the stomach.
    """

    label: str
    blob: Blob
    cuts: tuple[Blob, ...] = ()
    intent: Intent = "organ"
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole view before any pixel. ``mirrored``: the picture is flipped; ``situs``: the anatomy is."""

    case_id: str
    seed: int
    modality: str
    region: str
    sequence: str | None
    field: Field
    body: Blob | None
    shapes: tuple[Shape, ...]
    instances: tuple[str, ...]
    absent: tuple[str, ...]
    mirrored: bool
    situs: bool
    displaced: tuple[str, ...]


def generator(*key: object) -> np.random.Generator:
    """A generator that depends on nothing but ``key``."""
    return np.random.default_rng(digests.keyed("phantom", VERSION, *key))


def visible(field: Field, x: Floats, y: Floats, margin: float = 0.0) -> npt.NDArray[np.bool_]:
    """Which positions (px) the field shows, at least ``margin`` px from its edge."""
    low, right, bottom = margin - 0.5, field.width - 0.5 - margin, field.height - 0.5 - margin
    shown = (x >= low) & (x < right) & (y >= low) & (y < bottom)
    if field.corner:
        across = np.minimum(x + 0.5, field.width - 0.5 - x) + np.minimum(y + 0.5, field.height - 0.5 - y)
        shown &= across >= field.corner + margin * np.sqrt(2.0)
    if field.fan is not None:
        fan = field.fan
        radius, angle = np.hypot(x - fan.x, y - fan.y), np.abs(np.arctan2(x - fan.x, y - fan.y))
        shown &= (radius >= fan.near + margin) & (radius <= fan.far - margin)
        shown &= (angle <= fan.half) & (radius * np.sin(fan.half - angle) >= margin)
    return np.asarray(shown, dtype=np.bool_)
