"""What is true of a phantom volume in the patient, derived from its parameters and never from its masks."""

from __future__ import annotations

from dataclasses import dataclass

from mmrs_builder.phantoms.bodies import VolumePlan
from mmrs_builder.phantoms.solids import Solid, reach
from mmrs_builder.types import Lattice, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class SolidTruth:
    """One unit of a label: its centre in LPS mm, how far it reaches from there along L, P and S (without end along a
    tube), the organ it lies in, if it is a lesion in one, and its formula.
    """

    label: str
    centre: Vector
    reach: Vector
    host: str | None
    solid: Solid


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeTruth:
    """The truth of one volume. ``situs``: the anatomy is mirrored; ``missing``: the organ left out, or "".

    ``lattice`` is where the stored voxels lie; ``instances``: tumours are annotated one by one, else in one mask.
    """

    case_id: str
    modality: str
    region: str
    lattice: Lattice
    units: tuple[SolidTruth, ...]
    labels: tuple[str, ...]
    instances: bool
    situs: bool
    missing: str

    def of(self, label: str) -> tuple[SolidTruth, ...]:
        """The units of a label, in the order of annotation; empty if the volume has none."""
        return tuple(unit for unit in self.units if unit.label == label)


def volume_truth_of(plan: VolumePlan) -> VolumeTruth:
    """The truth of a plan."""
    return VolumeTruth(
        case_id=plan.case_id,
        modality=plan.modality,
        region=plan.region,
        lattice=plan.lattice,
        units=tuple(unit(solid) for solid in (*plan.organs, *plan.lesions)),
        labels=plan.labels,
        instances=plan.instances,
        situs=plan.situs,
        missing=plan.missing,
    )


def unit(solid: Solid) -> SolidTruth:
    """One unit with its place and extents."""
    along = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    left, back, head = (reach(solid, axis) for axis in along)
    return SolidTruth(label=solid.label, centre=solid.centre, reach=(left, back, head), host=solid.host, solid=solid)
