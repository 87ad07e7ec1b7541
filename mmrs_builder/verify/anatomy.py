"""A view's structures against its masks: measurements, parts, labels, absences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from scipy.ndimage import label as connected

from mmrs_builder.types import Mask
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.measure import NEIGHBOURS, Shape, border_pixels
from mmrs_builder.verify.rows import StoredStructure, StoredView

Finding: TypeAlias = tuple[str, str]  # fault code, detail

CENTROID_TOLERANCE: Final = 1e-6  # px
FRACTION_TOLERANCE: Final = 1e-12


def check_measurements(stored: StoredStructure, shape: Shape) -> Iterator[Finding]:
    """Box, centroid, area and border of one structure against its mask."""
    height, width = shape.mask.shape
    if tuple(stored.bbox) != shape.box:
        yield "bbox", f"{list(stored.bbox)}, measured {list(shape.box)}"
    x, y = stored.centroid
    if not (abs(x - shape.x) <= CENTROID_TOLERANCE and abs(y - shape.y) <= CENTROID_TOLERANCE):
        yield "centroid", f"({x}, {y}), measured ({shape.x}, {shape.y})"
    fraction = shape.area / (width * height)
    if stored.area_px != shape.area or not abs(stored.area_fraction - fraction) <= FRACTION_TOLERANCE:
        yield "area", f"{stored.area_px} px, {stored.area_fraction}; measured {shape.area} px, {fraction}"
    if stored.touches_border != (border_pixels(shape.mask) > 0):
        yield "border", f"touches_border is {stored.touches_border}"


def check_label(stored: StoredStructure, language: Language) -> Iterator[Finding]:
    """Role and side of a structure against its label, when the language knows the label."""
    term = language.labels.get(stored.label)
    if term is not None and (stored.role, stored.side) != (term.role, term.side):
        yield "label", f"{stored.label}: {stored.role}, {stored.side}; the label is {term.role}, {term.side}"


def check_absent(view: StoredView) -> Iterator[Finding]:
    """Labels called absent have no structure and are named once."""
    for label in sorted(set(view.absent) & {s.label for s in view.structures}):
        yield "absent", f"{label} is absent and has a structure"
    if len(set(view.absent)) != len(view.absent):
        yield "absent", "a label is named twice"


def check_parts(structures: Sequence[StoredStructure], masks: Sequence[Mask]) -> Iterator[Finding]:
    """Instances alone, or one whole and, if it falls into two or more, exactly its 8-connected components."""
    for label in sorted({s.label for s in structures}):
        own = [i for i, s in enumerate(structures) if s.label == label]
        wholes = [i for i in own if structures[i].part == "whole"]
        components = [i for i in own if structures[i].part == "component"]
        instances = len(own) - len(wholes) - len(components)
        if len(wholes) + (instances > 0) != 1 or (instances and components):
            yield "part", f"{label}: {len(wholes)} whole, {instances} instances, {len(components)} components"
            continue
        if any(structures[i].parent is not None for i in own if i not in components):
            yield "part", f"{label}: only components have a parent"
        if any(structures[i].parent not in wholes for i in components):
            yield "part", f"{label}: the parent of a component is not its whole"
        elif wholes:
            yield from _check_components(label, masks[wholes[0]], [masks[i] for i in components])


def _check_components(label: str, whole: Mask, listed: Sequence[Mask]) -> Iterator[Finding]:
    regions, number = connected(whole, structure=NEIGHBOURS)
    if number == 1 and not listed:
        return
    if number < 2 or len(listed) != number:
        yield "components", f"{label}: {len(listed)} listed, the whole has {number}"
        return
    found = {int(regions[tuple(np.argwhere(mask)[0])]) for mask in listed}
    equal = all(np.array_equal(mask, regions == regions[tuple(np.argwhere(mask)[0])]) for mask in listed)
    if not equal or found != set(range(1, number + 1)):
        yield "components", f"{label}: a listed component is not a connected component of the whole"
