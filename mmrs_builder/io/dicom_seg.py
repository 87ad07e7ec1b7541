"""DICOM segmentations: which segments a file holds, and the voxels of an image that belong to one.

Frames are put where their position and orientation in the patient say, never where their number does: files leave
empty frames out, hold them in any order, and may hold a part of each slice. Segments may overlap.

Which pixels are foreground: BINARY, those of value 1; LABELMAP, those whose value is the segment's number; FRACTIONAL,
those of at least half the greatest value, where values from an eighth to seven eighths of it are doubtful and counted.

The label of a segment and the meanings of its codes are the file's own text: they are there to be looked up in a list
of labels, never to be written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.dicom_file import (
    FRAME_TAGS,
    PIXEL_TAGS,
    Dataset,
    Plane,
    code,
    frame_planes,
    group,
    parse,
    reading,
    size,
    stored,
    uid,
    whole,
)
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.volume import SAME_PLACE
from mmrs_builder.types import Lattice, Mask, Mask3
from mmrs_builder.vocab import Rejected

TAGS: Final = (
    *PIXEL_TAGS, *FRAME_TAGS, "FrameOfReferenceUID", "MaximumFractionalValue", "Modality", "PixelData",
    "ReferencedSeriesSequence", "SegmentSequence", "SegmentationType", "SpecificCharacterSet",
)  # fmt: skip
"""Everything that is read of the file."""

Kind: TypeAlias = Literal["BINARY", "FRACTIONAL", "LABELMAP"]
KINDS: Final[dict[str, Kind]] = {"BINARY": "BINARY", "FRACTIONAL": "FRACTIONAL", "LABELMAP": "LABELMAP"}

LATERALITY: Final[dict[tuple[str, str], Literal["left", "right"]]] = {
    ("SCT", "7771000"): "left", ("SRT", "G-A101"): "left", ("99SDM", "G-A101"): "left", ("SNM3", "G-A101"): "left",
    ("SCT", "24028007"): "right", ("SRT", "G-A100"): "right", ("99SDM", "G-A100"): "right",
    ("SNM3", "G-A100"): "right",
}  # fmt: skip
"""Scheme and value of the codes for left and right."""

DOUBTFUL: Final = (1 / 8, 7 / 8)
"""Parts of the greatest value between which a fractional pixel is doubtful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coded term, as the file has it."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment; ``laterality`` only where a modifier of its type or region states one side."""

    number: int
    label: str
    category: Code | None
    type: Code | None
    laterality: Literal["left", "right"] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """Segments by number; of each frame the segment (``None``: of all) and the place; frames not yet decoded."""

    segments: tuple[Segment, ...]
    kind: Kind
    greatest: int  # the value that stands for 1
    series: tuple[str, ...]  # identifiers of the series it was drawn on
    frame_of_reference: str | None
    frames: tuple[tuple[int | None, Plane], ...] = field(repr=False)
    coded: Any = field(repr=False)  # pixel data and what it takes to decode them, nothing else of the file
    what: str  # the file, for messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a DICOM-SEG is about: its segments by number, and what it was drawn on."""

    segments: tuple[Segment, ...]
    kind: Kind
    greatest: int  # the value that stands for 1
    series: tuple[str, ...]  # identifiers of the series it was drawn on
    frame_of_reference: str | None


def read_contents(root: Path, path: str) -> Contents:
    """What an index may know of a DICOM-SEG. Opens no pixels.

    Raises ``Rejected``: ``unsupported_modality`` for another kind of file, ``truncated``, ``bad_metadata``,
    ``unsupported_mode``, and what ``io.paths.read_bytes`` raises.
    """
    tags = [tag for tag in TAGS if tag != "PixelData" and tag not in FRAME_TAGS]
    return _contents(parse(read_bytes(root, path), path, tags), path)


def read_segmentation(root: Path, path: str) -> Segmentation:
    """What a DICOM-SEG holds; its frames are decoded by ``mask``.

    Raises ``Rejected`` as ``read_contents`` does, and ``bad_geometry``, and ``multi_frame`` when the place of a frame
    is not stated.
    """
    found = parse(read_bytes(root, path), path, TAGS, pixels=True)
    about = _contents(found, path)
    size(found, path)
    planes = frame_planes(found, path)
    numbers = _numbers(found, path) if about.kind != "LABELMAP" else [None] * len(planes)
    return Segmentation(
        segments=about.segments,
        kind=about.kind,
        greatest=about.greatest,
        series=about.series,
        frame_of_reference=about.frame_of_reference,
        frames=tuple(zip(numbers, planes, strict=True)),
        coded=_coded(found, path),
        what=path,
    )


def _contents(found: Dataset, path: str) -> Contents:
    with reading(path):
        if code(found, "Modality") != "SEG":
            raise Rejected("unsupported_modality", path, "no segmentation")
        kind = KINDS.get(code(found, "SegmentationType"))
        if kind is None:
            raise Rejected("unsupported_mode", path, "a kind of segmentation that is not known")
        segments = sorted((_segment(item) for item in found.SegmentSequence), key=lambda segment: segment.number)
        greatest = whole(found, "MaximumFractionalValue", 255) if kind == "FRACTIONAL" else 1
        series = {uid(item, "SeriesInstanceUID") for item in found.get("ReferencedSeriesSequence", None) or ()}
        frame_of_reference = uid(found, "FrameOfReferenceUID")
    if len({segment.number for segment in segments}) < len(segments) or greatest < 1:
        raise Rejected("bad_metadata", path, "two segments of one number, or no greatest value")
    return Contents(
        segments=tuple(segments),
        kind=kind,
        greatest=greatest,
        series=tuple(sorted(name for name in series if name)),
        frame_of_reference=frame_of_reference,
    )


def mask(segmentation: Segmentation, number: int, lattice: Lattice) -> Mask3:
    """Voxels of a segment, in the shape of the lattice; none where it has no frame.

    Raises ``Rejected``: ``no_mask`` for a number that the file does not have, ``grid_mismatch`` for a frame that lies
    on no slice of the lattice, leaves it, or has pixels of another size or place, ``truncated``, ``unsupported_mode``.
    """
    voxels = np.zeros(lattice.shape, np.bool_)
    shape = (segmentation.coded.Rows, segmentation.coded.Columns)
    for index, plane in _frames(segmentation, number):
        way = _place(plane, shape, lattice)
        if way is None:
            raise Rejected("grid_mismatch", segmentation.what, f"frame {index + 1} lies beside the image's grid")
        start, right, down = way
        rows, columns = np.nonzero(_foreground(segmentation, number, index))
        places = start + columns[:, None] * right + rows[:, None] * down
        voxels[tuple(places.T)] = True
    return voxels


def doubtful(segmentation: Segmentation, number: int) -> int:
    """Pixels of a segment that the threshold had to decide; 0 unless it is fractional. Raises like ``mask``."""
    if segmentation.kind != "FRACTIONAL":
        return 0
    low, high = (part * segmentation.greatest for part in DOUBTFUL)
    values = (stored(segmentation.coded, segmentation.what, index) for index, _ in _frames(segmentation, number))
    return sum(int(np.count_nonzero((frame > low) & (frame < high))) for frame in values)


def _frames(segmentation: Segmentation, number: int) -> list[tuple[int, Plane]]:
    if number not in {segment.number for segment in segmentation.segments}:
        raise Rejected("no_mask", segmentation.what, f"no segment {number}")
    return [(index, plane) for index, (of, plane) in enumerate(segmentation.frames) if of in (None, number)]


def _foreground(segmentation: Segmentation, number: int, index: int) -> Mask:
    values = stored(segmentation.coded, segmentation.what, index)
    if values.ndim != 2:
        raise Rejected("unsupported_mode", segmentation.what, "several samples of a pixel")
    if segmentation.kind == "LABELMAP":
        found: Mask = values == number
    elif segmentation.kind == "BINARY":
        found = values == 1
    else:
        found = 2 * values.astype(np.int64) >= segmentation.greatest
    return found


def _place(
    plane: Plane, shape: tuple[int, int], lattice: Lattice
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """Voxel of a frame's first pixel, and the ways to the next along its rows and columns, in voxels.

    ``None`` for a frame whose corners are off the lattice's voxels by more than ``SAME_PLACE``, or whose pixels do not
    take one voxel each.
    """
    inverse = np.linalg.inv(np.array(lattice.steps))
    start = (np.array(plane.position) - np.array(lattice.origin)) @ inverse
    right = plane.spacing[1] * np.array(plane.right) @ inverse
    down = plane.spacing[0] * np.array(plane.down) @ inverse
    ends = np.array([(0, 0), (0, shape[1] - 1), (shape[0] - 1, 0), (shape[0] - 1, shape[1] - 1)])
    corners = start + ends[:, 1:] * right + ends[:, :1] * down
    first, along, across = (np.rint(part).astype(np.int64) for part in (start, right, down))
    expected = first + ends[:, 1:] * along + ends[:, :1] * across
    fits = (
        np.abs(corners - expected).max() <= SAME_PLACE
        and expected.min() >= 0
        and bool((expected < np.array(lattice.shape)).all())
        and np.abs(along).sum() == np.abs(across).sum() == 1
        and along @ across == 0
    )
    return (first, along, across) if fits else None


def _segment(item: Dataset) -> Segment:
    kinds = item.get("SegmentedPropertyTypeCodeSequence", None) or ()
    regions = item.get("AnatomicRegionSequence", None) or ()
    modifiers = [
        *(part for kind in kinds for part in kind.get("SegmentedPropertyTypeModifierCodeSequence", None) or ()),
        *(part for region in regions for part in region.get("AnatomicRegionModifierSequence", None) or ()),
    ]
    stated = [_code(modifier) for modifier in modifiers]
    sides = {side for term in stated if (side := LATERALITY.get((term.scheme, term.value)))}
    return Segment(
        number=int(item.SegmentNumber),
        label=str(item.get("SegmentLabel", None) or ""),
        category=next((_code(part) for part in item.get("SegmentedPropertyCategoryCodeSequence", None) or ()), None),
        type=next((_code(part) for part in kinds), None),
        laterality=sides.pop() if len(sides) == 1 else None,
    )


def _code(item: Dataset) -> Code:
    names = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
    value, scheme, meaning = (str(item.get(name, None) or "").strip() for name in names)
    return Code(value=value, scheme=scheme, meaning=meaning)


def _numbers(found: Dataset, what: str) -> list[int]:
    """The segment of each frame."""
    with reading(what):
        return [
            int(group(found, item, "SegmentIdentificationSequence").ReferencedSegmentNumber)
            for item in found.PerFrameFunctionalGroupsSequence
        ]


def _coded(found: Dataset, what: str) -> Dataset:
    """A data set of the pixels alone."""
    from pydicom.dataset import Dataset as Elements

    kept = Elements()
    with reading(what):
        for keyword in (*PIXEL_TAGS, "PixelData"):
            if keyword in found:
                kept[keyword] = found[keyword]
    implicit, little = found.original_encoding
    kept.set_original_encoding(implicit, little)
    kept.file_meta = found.file_meta
    return kept
