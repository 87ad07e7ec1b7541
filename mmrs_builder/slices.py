"""Which slices of a volume become views.

For each plane: the slice with the largest area of each label, slices at even distances through the annotated part
(coverage), and slices without any structure at a stated rate, for questions whose answer is "no". What is chosen
depends on the masks and the case id alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.digests import keyed

PLANES: Final = ("axial", "coronal", "sagittal")
"""The planes across array axis 0, 1 and 2 of an upright volume."""

Areas: TypeAlias = npt.NDArray[np.int64]  # pixels of a label in each slice along one axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is wanted of each volume. ``coverage`` slices are spread evenly; ``empty`` is the number of slices without
    structure per slice with one.
    """

    planes: tuple[str, ...] = ("axial",)
    coverage: int = 5
    empty: float = 0.1


def chosen(
    areas: Mapping[str, Areas], usable: npt.NDArray[np.bool_], plan: Plan, case_id: str, plane: str
) -> tuple[int, ...]:
    """Indices of the slices to show along one axis, sorted: only ``usable`` ones. ``areas`` holds every label's."""
    areas = {label: area * usable for label, area in areas.items()}
    total = np.sum([*areas.values(), np.zeros(usable.size, np.int64)], axis=0)
    filled = np.flatnonzero(total)
    if not filled.size:
        return ()
    wanted = {int(area.argmax()) for area in areas.values() if area.any()}
    wanted.update(int(filled[round((i + 0.5) * filled.size / plan.coverage - 0.5)]) for i in range(plan.coverage))
    bare = sorted(
        np.flatnonzero(usable & (total == 0)), key=lambda index: keyed("empty slice", case_id, plane, int(index))
    )
    return tuple(sorted([*wanted, *(int(index) for index in bare[: int(plan.empty * len(wanted) + 0.5)])]))
