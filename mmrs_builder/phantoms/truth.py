"""What is true of a phantom, derived from its parameters and never from its masks."""

from __future__ import annotations

from dataclasses import dataclass

from mmrs_builder.phantoms.scene import Intent, Plan, Shape
from mmrs_builder.phantoms.shapes import Moments, moments


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTruth:
    """One unit of a label: what one instance, one component or the whole must measure.

    ``x``, ``y`` is the centroid and ``area`` the area of the visible part, in px and px²; ``extent`` are the outermost
    positions (x0, y0, x1, y1) reached, in px of the viewer frame. ``intent`` says why it lies where it lies:
    ``inside``, ``overlap`` and ``touch`` speak of the organ ``host``.
    """

    label: str
    unit: int
    x: float
    y: float
    area: float
    extent: tuple[float, float, float, float]
    border: bool
    intent: Intent
    host: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomTruth:
    """The truth of one view. ``mirrored``: the picture is flipped; ``situs``: the anatomy is.

    ``instances`` are the labels annotated one by one. Units of other labels share a mask, whose components they are,
    several px apart.
    """

    case_id: str
    modality: str
    region: str
    width: int
    height: int
    units: tuple[UnitTruth, ...]
    instances: tuple[str, ...]
    absent: tuple[str, ...]
    mirrored: bool
    situs: bool
    displaced: tuple[str, ...]

    def of(self, label: str) -> tuple[UnitTruth, ...]:
        """The units of a label, in the order of annotation; empty if it is not in the picture."""
        return tuple(unit for unit in self.units if unit.label == label)

    def patient_left(self) -> str | None:
        """``left`` or ``right``: the viewer's side on which the patient's left lies; None where nothing tells."""
        if self.modality not in ("ct", "mri", "xray"):
            return None
        return "left" if self.mirrored else "right"


def truth_of(plan: Plan) -> PhantomTruth:
    """The truth of a plan."""
    return PhantomTruth(
        case_id=plan.case_id,
        modality=plan.modality,
        region=plan.region,
        width=plan.field.width,
        height=plan.field.height,
        units=units(plan),
        instances=plan.instances,
        absent=plan.absent,
        mirrored=plan.mirrored,
        situs=plan.situs,
        displaced=plan.displaced,
    )


def units(plan: Plan) -> tuple[UnitTruth, ...]:
    """Units in the order of the plan, counted within their label."""
    seen: dict[str, int] = {}
    found: list[UnitTruth] = []
    for shape in plan.shapes:
        number = seen[shape.label] = seen.get(shape.label, -1) + 1
        found.append(unit(shape, number, moments(shape, plan.field), plan))
    return tuple(found)


def unit(shape: Shape, number: int, part: Moments, plan: Plan) -> UnitTruth:
    """One unit with its measurements; it reaches the border when it reaches into the outermost row or column."""
    x0, y0, x1, y1 = part.extent
    return UnitTruth(
        label=shape.label,
        unit=number,
        x=part.x,
        y=part.y,
        area=part.area,
        extent=part.extent,
        border=min(x0, y0) < 0.0 or x1 > plan.field.width - 1 or y1 > plan.field.height - 1,
        intent=shape.intent,
        host=shape.host,
    )
