"""What a user may set for any source of volumes: window, planes, and which slices become views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from mmrs_builder.io.options import fraction, one_of
from mmrs_builder.io.window import WINDOWS, window_for
from mmrs_builder.slices import PLANES, Plan

MOST_SLICES: Final = 1000

Window: TypeAlias = Annotated[
    str, f"how CT is shown: auto (by the labels), {', '.join(WINDOWS)}; MRI is shown by percentiles of the scan"
]
Planes: TypeAlias = Annotated[str, "planes to cut, joined by +: axial, coronal, sagittal"]
Coverage: TypeAlias = Annotated[
    str, "slices per plane at even distances through the annotated part, beside the one with most of each label"
]
Empty: TypeAlias = Annotated[str, "slices without any structure, per slice with one (with exhaustive=yes)"]
Exhaustive: TypeAlias = Annotated[
    str, "yes: every visible structure has a mask; else no counts, no 'every', no absence"
]
Sides: TypeAlias = Annotated[
    str,
    "header: patient sides are as the files' headers say; unknown: headers turn pictures upright, but prove no side",
]
MinimumArea: TypeAlias = Annotated[str, "smallest kept connected component, as a fraction of the slice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a source says of its volumes. ``minimum_area`` is a fraction of a slice."""

    labels: tuple[str, ...]
    exhaustive: bool
    minimum_area: float
    window: str
    plan: Plan
    sided: bool = True  # headers are trusted to tell the patient's sides


def rules(
    labels: Iterable[str],
    *,
    window: str,
    planes: str,
    coverage: str,
    empty: str,
    exhaustive: str,
    minimum_area: str,
    sides: str,
) -> Rules:
    """The rules that options set. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    known = tuple(labels)
    if not coverage.isdecimal() or int(coverage) > MOST_SLICES:
        raise ValueError(f"coverage={coverage!r}: must be a whole number from 0 to {MOST_SLICES}")
    named = planes.split("+")
    for plane in named:
        one_of("planes", plane, PLANES)
    complete = one_of("exhaustive", exhaustive, ("no", "yes")) == "yes"
    rate = fraction("empty", empty)
    chosen = one_of("window", window, ("auto", *WINDOWS))
    return Rules(
        labels=known,
        exhaustive=complete,
        minimum_area=fraction("minimum_area", minimum_area),
        window=window_for(known) if chosen == "auto" else chosen,
        plan=Plan(
            planes=tuple(plane for plane in PLANES if plane in named),
            coverage=int(coverage),
            empty=rate if complete else 0.0,
        ),
        sided=one_of("sides", sides, ("header", "unknown")) == "header",
    )
