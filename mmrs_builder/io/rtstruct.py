"""RTSTRUCT: outlines drawn on the slices of a series, and the voxels they hold.

A voxel belongs to a region when its centre lies inside, by the half-open rule of ``io.outline``; nothing is
interpolated between slices. The outlines of one plane combine by exclusive or, so one within another is a hole, drawn
apart or joined to the outside by a channel. An outline belongs to the slice nearest to it, exactly half way to the
later one; where outlines of several planes share a slice, those of the plane nearest to its centre count.

The name of a region is the file's own text: it is there to be looked up in a list of labels, never to be written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.dicom_file import Dataset, code, parse, reading, uid, whole
from mmrs_builder.io.outline import filled
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.types import Lattice, Mask3
from mmrs_builder.vocab import Rejected

TAGS: Final = (
    "Modality", "ROIContourSequence", "ReferencedFrameOfReferenceSequence", "SpecificCharacterSet",
    "StructureSetROISequence",
)  # fmt: skip
"""Everything that is read of the file."""

CLOSED: Final = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
"""Kinds of contour that enclose something."""

PARALLEL: Final = 0.05
"""Part of the distance between slices by which an outline may leave its plane, and two be of one plane."""

THICKER: Final = 1.5
"""Slices between the closest two of three or more planes from which the outlines were drawn on thicker slices."""

TIE: Final = 6
"""Decimals of a voxel that places are rounded to: an outline through voxel centres lies on them, whatever the last
bits of the arithmetic say. Files hold a thousandth of a millimetre."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Closed outlines, each (n, 3) in patient LPS mm, n at least 3.

    ``ignored`` counts contours that enclose nothing: points, open lines, closed ones of one or two points.
    """

    number: int
    name: str
    frame_of_reference: str | None
    contours: tuple[npt.NDArray[np.float64], ...]
    ignored: int
    what: str  # the file, for messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Structures:
    """The regions of a file, by number, and the identifiers of the series they were drawn on."""

    regions: tuple[Region, ...]
    series: tuple[str, ...]


def read_regions(root: Path, path: str) -> Structures:
    """All regions of an RTSTRUCT.

    Raises ``Rejected``: ``unsupported_modality`` for another kind of file, ``truncated``, ``bad_metadata``,
    ``bad_outline`` for contours that are not what their count of points says or not finite, and what
    ``io.paths.read_bytes`` raises.
    """
    found = parse(read_bytes(root, path), path, TAGS)
    with reading(path):
        if code(found, "Modality") != "RTSTRUCT":
            raise Rejected("unsupported_modality", path, "no RTSTRUCT")
        named = found.get("StructureSetROISequence", None)
        drawn = found.get("ROIContourSequence", None)
        if not named or drawn is None:
            raise Rejected("truncated", path, "no regions")
        outlines: dict[int, list[Dataset]] = {}
        for item in drawn:
            outlines.setdefault(whole(item, "ReferencedROINumber", -1), []).extend(
                item.get("ContourSequence", None) or ()
            )
        regions = [_region(item, outlines, path) for item in named]
        if len({region.number for region in regions}) < len(regions):
            raise Rejected("bad_metadata", path, "two regions of one number")
        series = tuple(sorted(set(_series(found))))
    return Structures(regions=tuple(sorted(regions, key=lambda region: region.number)), series=series)


def fill(region: Region, lattice: Lattice) -> Mask3:
    """Voxels inside the region, in the shape of the lattice, whose slices lie along axis 2 as ``read_series`` has it.

    Raises ``Rejected``: ``bad_outline`` for outlines that are not parallel to the slices, ``grid_mismatch`` for
    outlines more than half a slice before the first or beyond the last, or drawn on thicker slices.
    """
    steps = np.linalg.inv(np.array(lattice.steps))
    planes: list[tuple[float, npt.NDArray[np.float64]]] = []
    for contour in region.contours:
        index = ((contour - np.array(lattice.origin)) @ steps).round(TIE)
        if np.ptp(index[:, 2]) > PARALLEL:
            raise Rejected("bad_outline", region.what, "an outline is not parallel to the slices")
        planes.append((float(index[:, 2].mean()), index[:, :2]))
    mask = np.zeros(lattice.shape, np.bool_)
    for number, outlines in _by_slice(planes, lattice.shape[2], region.what).items():
        mask[:, :, number] = filled(outlines, lattice.shape[0], lattice.shape[1]).T
    return mask


def _region(item: Dataset, outlines: dict[int, list[Dataset]], what: str) -> Region:
    number = whole(item, "ROINumber", -1)
    contours = [_contour(outline, what) for outline in outlines.get(number, ())]
    return Region(
        number=number,
        name=str(item.get("ROIName", None) or ""),
        frame_of_reference=uid(item, "ReferencedFrameOfReferenceUID"),
        contours=tuple(contour for contour in contours if contour is not None),
        ignored=sum(contour is None for contour in contours),
        what=what,
    )


def _contour(outline: Dataset, what: str) -> npt.NDArray[np.float64] | None:
    """Points (n, 3), ``None`` for a contour that encloses nothing."""
    if code(outline, "ContourGeometricType") not in CLOSED:
        return None
    raw: Any = outline.get_item("ContourData") if "ContourData" in outline else None
    # Straight from the file's text: a number object for each of a million coordinates takes seconds.
    text = bytes(raw.value or b"") if raw is not None and isinstance(raw.value, bytes | None) else None
    values = np.array(outline.ContourData if text is None else text.split(b"\\") if text.strip() else [], np.float64)
    if values.size != 3 * whole(outline, "NumberOfContourPoints", values.size // 3) or not np.isfinite(values).all():
        raise Rejected("bad_outline", what, "not the number of points it states")
    return values.reshape(-1, 3) if values.size >= 9 else None


def _series(found: Dataset) -> Iterable[str]:
    for frame in found.get("ReferencedFrameOfReferenceSequence", None) or ():
        for study in frame.get("RTReferencedStudySequence", None) or ():
            for item in study.get("RTReferencedSeriesSequence", None) or ():
                if name := uid(item, "SeriesInstanceUID"):
                    yield name


def _by_slice(
    planes: Iterable[tuple[float, npt.NDArray[np.float64]]], count: int, what: str
) -> dict[int, list[npt.NDArray[np.float64]]]:
    """Outlines by slice, of the plane nearest to each slice's centre. ``planes`` are places in slices and outlines."""
    ordered = sorted(planes, key=lambda plane: plane[0])
    groups: list[tuple[float, list[npt.NDArray[np.float64]]]] = []
    for place, outline in ordered:
        if not groups or place - groups[-1][0] > PARALLEL:
            groups.append((place, []))
        groups[-1][1].append(outline)
    gaps = np.diff([place for place, _ in groups])
    if gaps.size > 1 and gaps.min() > THICKER:
        raise Rejected("grid_mismatch", what, f"outlines lie {gaps.min():.2f} slices apart")
    nearest: dict[int, tuple[float, list[npt.NDArray[np.float64]]]] = {}
    for place, outlines in groups:
        number = int(np.floor(place + 0.5))
        if not 0 <= number < count:
            raise Rejected("grid_mismatch", what, "an outline lies on no slice of the image")
        if number not in nearest or abs(place - number) < abs(nearest[number][0] - number):
            nearest[number] = (place, outlines)
    return {number: outlines for number, (_, outlines) in nearest.items()}
