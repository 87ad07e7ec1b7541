"""The anatomy tables: which organs a body region shows, roughly where, and which lesions grow there.

Positions are fractions of width and height, semi-axes and bends fractions of the width, tilts degrees; as in a
radiological picture the patient's right lies at the viewer's left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Organ:
    """Nominal outline of an organ. ``free`` organs may be displaced, ``spare`` ones may be missing."""

    label: str
    x: float
    y: float
    a: float
    b: float
    tilt: float = 0.0
    bow: float = 0.0
    wobble: float = 0.035
    power: float = 2.0
    free: bool = False
    spare: bool = False
    steady: bool = False  # varies with the body only


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A kind of picture. In a ``solid`` region later organs make room for earlier ones, so that they touch."""

    name: str
    modality: str
    lesions: tuple[str, ...]
    organs: tuple[Organ, ...] = ()
    body: Organ | None = None
    solid: bool = False
    ratio: float = 1.0  # height / width
    carved: tuple[tuple[str, Organ], ...] = ()  # label, and what is taken out of it without being a structure
    extra: tuple[str, ...] = ()  # further labels that may or may not be there


SPINE: Final = Organ(label="spine", x=0.5, y=0.69, a=0.062, b=0.05, wobble=0.06)

ABDOMEN: Final = Region(
    name="abdomen", modality="ct", lesions=("tumour", "cyst"), solid=True,
    body=Organ(label="body", x=0.5, y=0.5, a=0.455, b=0.365, wobble=0.015, power=2.3),
    organs=(
        SPINE,
        Organ(label="aorta", x=0.535, y=0.595, a=0.03, b=0.03, wobble=0.03),
        Organ(label="kidney_right", x=0.31, y=0.65, a=0.055, b=0.088, tilt=-20, bow=-0.02, free=True, spare=True),
        Organ(label="kidney_left", x=0.69, y=0.64, a=0.055, b=0.088, tilt=20, bow=0.02, free=True, spare=True),
        Organ(label="liver", x=0.31, y=0.43, a=0.21, b=0.155, tilt=-28, bow=0.05, wobble=0.05),
        Organ(label="spleen", x=0.82, y=0.5, a=0.055, b=0.125, tilt=12, bow=-0.03, free=True, spare=True),
        Organ(label="stomach", x=0.65, y=0.36, a=0.145, b=0.085, tilt=15, bow=0.03, wobble=0.06, free=True),
    ),
)  # fmt: skip
CHEST: Final = Region(
    name="chest", modality="ct", lesions=("tumour", "cyst"), solid=True,
    body=Organ(label="body", x=0.5, y=0.5, a=0.465, b=0.365, wobble=0.015, power=2.5),
    organs=(
        SPINE,
        Organ(label="aorta", x=0.56, y=0.615, a=0.032, b=0.032, wobble=0.03),
        Organ(label="heart", x=0.55, y=0.42, a=0.135, b=0.115, tilt=35, wobble=0.04),
        Organ(label="lung_right", x=0.275, y=0.5, a=0.155, b=0.255, tilt=6, bow=0.05),
        Organ(label="lung_left", x=0.73, y=0.5, a=0.15, b=0.25, tilt=-6, bow=-0.05),
    ),
)  # fmt: skip
PELVIS: Final = Region(
    name="pelvis", modality="ct", lesions=("tumour", "cyst"), solid=True,
    body=Organ(label="body", x=0.5, y=0.5, a=0.46, b=0.345, wobble=0.015, power=2.4),
    organs=(
        Organ(label="spine", x=0.5, y=0.7, a=0.1, b=0.05, bow=0.0, wobble=0.06),
        Organ(label="bladder", x=0.5, y=0.42, a=0.15, b=0.11, wobble=0.05, free=True),
    ),
)  # fmt: skip
HEAD: Final = Region(
    name="head", modality="mri", lesions=("tumour",),
    body=Organ(label="body", x=0.5, y=0.5, a=0.425, b=0.478, wobble=0.012, steady=True),
    organs=(
        Organ(label="brain", x=0.5, y=0.5, a=0.375, b=0.428, wobble=0.012, steady=True),
        Organ(label="ventricle", x=0.455, y=0.47, a=0.024, b=0.115, tilt=4, bow=-0.04, wobble=0.05, steady=True),
        Organ(label="ventricle", x=0.545, y=0.47, a=0.024, b=0.115, tilt=-4, bow=0.04, wobble=0.05, steady=True),
    ),
)  # fmt: skip
THORAX: Final = Region(
    name="thorax", modality="xray", lesions=("nodule",),
    body=Organ(label="body", x=0.5, y=0.74, a=0.535, b=0.71, wobble=0.012, power=3.4),
    organs=(
        Organ(label="lung_right", x=0.275, y=0.52, a=0.17, b=0.345, tilt=7, bow=0.035, power=2.3),
        Organ(label="lung_left", x=0.735, y=0.51, a=0.16, b=0.345, tilt=-7, bow=-0.035, power=2.3),
        Organ(label="heart", x=0.565, y=0.66, a=0.165, b=0.14, tilt=30, wobble=0.05),
        Organ(label="spine", x=0.5, y=0.5, a=0.045, b=0.75, wobble=0.0, power=6.0),
        Organ(label="clavicle_right", x=0.3, y=0.185, a=0.165, b=0.02, tilt=-13, bow=0.0, wobble=0.03, power=3.0),
        Organ(label="clavicle_left", x=0.7, y=0.185, a=0.165, b=0.02, tilt=13, bow=0.0, wobble=0.03, power=3.0),
    ),
    carved=(
        ("lung_right", Organ(label="diaphragm", x=0.265, y=1.0, a=0.2, b=0.21, tilt=-4, wobble=0.02)),
        ("lung_left", Organ(label="diaphragm", x=0.745, y=1.02, a=0.2, b=0.21, tilt=4, wobble=0.02)),
    ),
)  # fmt: skip
BREAST: Final = Region(name="breast", modality="ultrasound", lesions=("breast_mass", "cyst"), ratio=0.78)
FLANK: Final = Region(
    name="flank", modality="ultrasound", lesions=("cyst",), ratio=0.82,
    organs=(
        Organ(label="kidney_right", x=0.62, y=0.66, a=0.17, b=0.085, tilt=14, wobble=0.05, free=True, spare=True),
        Organ(label="liver", x=0.42, y=0.45, a=0.31, b=0.21, tilt=12, bow=0.05, wobble=0.05),
    ),
    solid=True,
)  # fmt: skip
NECK: Final = Region(
    name="neck", modality="ultrasound", lesions=("cyst",), ratio=0.78,
    organs=(Organ(label="thyroid", x=0.52, y=0.42, a=0.32, b=0.15, bow=0.0, wobble=0.06, free=True),),
)  # fmt: skip
COLON: Final = Region(name="colon", modality="endoscopy", lesions=("polyp",), ratio=0.85, extra=("instrument",))
SKIN: Final = Region(name="skin", modality="dermoscopy", lesions=("skin_lesion",), ratio=0.75)

REGIONS: Final[dict[str, tuple[Region, ...]]] = {
    "ct": (ABDOMEN, CHEST, ABDOMEN, PELVIS),
    "mri": (HEAD,),
    "xray": (THORAX,),
    "ultrasound": (BREAST, FLANK, BREAST, NECK),
    "endoscopy": (COLON,),
    "dermoscopy": (SKIN,),
}
"""Regions of a modality; a patient is given one of them, repeated entries are likelier."""
