"""How flat pictures lie in the patient, where somebody vouches for it.

A picture file says nothing of the patient's sides. A source may cite a convention of its corpus (``convention``), or
let the structures speak that are named left and right (``annotation``). Otherwise there is only the viewer's frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np

from mmrs_builder.naming import sided_pairs
from mmrs_builder.types import Annotation, Evidence, Grid, Vector
from mmrs_builder.vocab import Rejected

Shown: TypeAlias = Literal["", "axial", "coronal", "frontal", "sagittal", "by_sides"]
"""``axial``, ``coronal``, ``frontal`` (films) and ``sagittal``: in the radiological convention, head or front above,
the patient's left at the viewer's right; sagittal with the face to the viewer's left. ``by_sides``: a frontal film,
head above, but only where structures named left and right prove which side is which; where they lie on each other's
side, the film is mirrored or the names mean the viewer's sides, and nothing tells which: such a picture is refused."""

ShownOption: TypeAlias = Annotated[
    str,
    "how pictures are shown, if a document of the corpus says so: axial, coronal, frontal (films) or sagittal, in "
    "the radiological convention; by_sides: frontal, where structures named left and right prove it; '': not known",
]
SHOWN: Final[dict[str, Shown]] = {
    "": "", "axial": "axial", "coronal": "coronal", "frontal": "frontal", "sagittal": "sagittal",
    "by_sides": "by_sides",
}  # fmt: skip

_LEFT: Final[Vector] = (1.0, 0.0, 0.0)
_BACK: Final[Vector] = (0.0, 1.0, 0.0)
_FEET: Final[Vector] = (0.0, 0.0, -1.0)
_DIRECTIONS: Final[dict[str, tuple[Vector, Vector]]] = {
    "axial": (_BACK, _LEFT), "coronal": (_FEET, _LEFT), "frontal": (_FEET, _LEFT),
    "sagittal": (_FEET, _BACK),
}  # fmt: skip
CLEAR: Final = 0.05
"""Part of the picture's width by which a left structure must lie apart from its right partner to say anything."""


def placed(
    width: int,
    height: int,
    annotations: Sequence[Annotation],
    shown: Shown,
    what: str,
    spacing: tuple[float, float] | None = None,
) -> Grid:
    """The grid of a flat picture. ``spacing`` is [down, right] in mm, if known.

    Raises ``Rejected`` (``sides_contradict``) when structures named left and right lie on each other's side.
    """
    plane = "frontal" if shown == "by_sides" else shown
    sides = _sides(annotations, width) if plane in ("axial", "coronal", "frontal") else set[bool]()
    if False in sides:
        raise Rejected("sides_contradict", what, f"not shown as {plane} in the radiological convention")
    if not shown or (shown == "by_sides" and not sides):
        return Grid(width=width, height=height, spacing=spacing)
    evidence: Evidence = "annotation" if shown == "by_sides" else "convention"
    return Grid(
        width=width, height=height, spacing=spacing, direction=_DIRECTIONS[plane], plane=plane, evidence=evidence
    )


def _sides(annotations: Sequence[Annotation], width: int) -> set[bool]:
    """For each pair of a left and a right structure that lie clearly apart: is the left one at the viewer's right?"""
    across: dict[str, float] = {}
    for label in {item.label for item in annotations}:
        masks = [item.mask for item in annotations if item.label == label]
        across[label] = float(np.nonzero(np.logical_or.reduce(masks))[1].mean())
    apart = [across[left] - across[right] for left, right in sided_pairs(across)]
    return {gap > 0 for gap in apart if abs(gap) > CLEAR * width}
