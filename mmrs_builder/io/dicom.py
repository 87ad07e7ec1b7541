"""DICOM images: what an index may know of a file, a series as a volume, a single picture.

Of a file's metadata the tags in ``HEADER_TAGS`` and no others are read. Names, dates, descriptions and private elements
never are. ``Header.patient`` is the PatientID as it stands: it is there for the caller to hash or to rank, is left out
of the record's text, and must not be written anywhere.

The order of files is never trusted: slices are put in order by their position along the normal of their plane.
Directions are patient LPS, positions millimetres, and the evidence of every volume is its header.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.dicom_file import (
    FRAME_TAGS,
    PIXEL_TAGS,
    Dataset,
    Plane,
    code,
    exact,
    frame_planes,
    grey,
    group,
    numbers,
    parse,
    reading,
    rescale,
    scaled,
    single_plane,
    size,
    stored,
    uid,
    vector,
    whole,
)  # fmt: skip
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.volume import RIGHT_ANGLE, lattice
from mmrs_builder.types import Lattice, Vector, Volume, Voxels
from mmrs_builder.vocab import Rejected

MODALITIES: Final = {
    "CT": "ct", "MR": "mri", "DX": "xray", "CR": "xray", "US": "ultrasound", "ES": "endoscopy",
}  # fmt: skip
"""DICOM's code of a modality and ours."""

HEADER_TAGS: Final = (
    *PIXEL_TAGS, "BurnedInAnnotation", "FrameOfReferenceUID", "ImageOrientationPatient", "ImagePositionPatient",
    "ImageType", "ModalityLUTSequence", "Modality", "PatientID", "PatientOrientation", "PixelSpacing",
    "PixelSpacingCalibrationType", "RescaleIntercept", "RescaleSlope", "SeriesInstanceUID", "SliceThickness",
    "StudyInstanceUID",
)  # fmt: skip
"""Everything that is read of an image, besides its pixels and the places of its frames (``FRAME_TAGS``)."""

EVEN: Final = 0.05
"""Part of the distance between slices by which a slice may lie off its even place."""

SAME: Final = 1e-3
"""By how much directions, and as a part spacings, may differ between the slices of a series."""

DIRECTIONS: Final[dict[str, Vector]] = {
    "L": (1.0, 0.0, 0.0), "R": (-1.0, 0.0, 0.0), "P": (0.0, 1.0, 0.0), "A": (0.0, -1.0, 0.0),
    "H": (0.0, 0.0, 1.0), "F": (0.0, 0.0, -1.0),
}  # fmt: skip
"""Codes of PatientOrientation in LPS: towards left, right, back, front, head and feet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What an index may know of a file. ``position`` and ``normal`` are ``None`` where a file has no single place."""

    file: str  # relative to the corpus root
    modality: str  # DICOM's own code, empty when it is none
    series: str
    study: str | None
    frame_of_reference: str | None
    patient: str = field(repr=False)  # to be hashed or ranked, never written
    localiser: bool
    burned_in: bool
    frames: int  # 0 for a file without pixels
    position: Vector | None
    normal: Vector | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The files of one series, in the order of their positions; localisers are a stack of their own."""

    series: str
    localiser: bool
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series as a volume in array order (column, row, slice), slices ascending along right x down."""

    volume: Volume
    modality: str  # DICOM's own code
    series: str
    frame_of_reference: str | None
    burned_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """A single picture: values (H, W), or (H, W, 3) uint8 in RGB.

    ``spacing`` is [down, right] in mm; of a radiograph it is ``None`` unless the header says that it was calibrated,
    as it else holds at the detector and not in the patient. ``right`` and ``down`` are unit vectors in LPS, ``None``
    unless the header states one of the six directions for both.
    """

    values: npt.NDArray[Any]
    spacing: tuple[float, float] | None
    right: Vector | None
    down: Vector | None
    modality: str  # DICOM's own code
    burned_in: bool


def modality(given: str, what: str) -> str:
    """Our name of a modality. Raises ``Rejected`` (``unsupported_modality``)."""
    if given not in MODALITIES:
        raise Rejected("unsupported_modality", what, given)
    return MODALITIES[given]


def headers(root: Path, files: Iterable[str]) -> tuple[Header | Rejected, ...]:
    """For each file its header, or why it has none. Opens no pixels.

    Reasons: those of ``io.paths.read_bytes``, ``not_an_image`` for what is not DICOM, ``truncated``, ``bad_metadata``,
    ``bad_geometry``, ``unsupported_mode`` for a deflated file.
    """

    def result(file: str) -> Header | Rejected:
        try:
            return _header(parse(read_bytes(root, file), file, HEADER_TAGS), file)
        except Rejected as refusal:
            return refusal.with_traceback(None)

    return tuple(result(file) for file in files)


def series(found: Iterable[Header]) -> tuple[Stack, ...]:
    """Headers by series, sorted by its identifier; within a series by position, files without one by name."""
    stacks: dict[tuple[str, bool], list[Header]] = {}
    for header in found:
        stacks.setdefault((header.series, header.localiser), []).append(header)
    return tuple(
        Stack(series=name, localiser=localiser, headers=tuple(sorted(members, key=_along(members))))
        for (name, localiser), members in sorted(stacks.items())
    )


def read_series(root: Path, files: Sequence[str]) -> Series:
    """The volume that the files of one series hold: one slice each, or one file with all.

    Values are rescaled: whole numbers as int16 or int32, others as float32. Raises ``Rejected``: ``no_image`` without
    files, ``bad_metadata`` for files of several series, ``missing_slices`` when slices are missing, doubled or uneven,
    ``bad_geometry`` for slices that differ in size, spacing or direction or are not stacked along their normal,
    ``multi_frame`` when the places of frames are not stated, ``unsupported_mode``, ``truncated``, ``too_large``,
    ``changed`` and what ``headers`` gives.
    """
    if not files:
        raise Rejected("no_image", "series", "no files")
    parsed = [(file, parse(read_bytes(root, file), file, (*HEADER_TAGS, *FRAME_TAGS))) for file in files]
    facts = [_header(found, file) for file, found in parsed]
    if len({(header.series, header.modality) for header in facts}) > 1:
        raise Rejected("bad_metadata", files[0], "files of several series")
    slices = [item for file, found in parsed for item in _slices(found, file)]
    normal = _normal(slices[0].plane)
    slices.sort(key=lambda item: float(np.dot(item.plane.position, normal)))
    place = _lattice(slices, normal, files[0])
    return Series(
        volume=Volume(values=_values(root, slices, place), lattice=place),
        modality=facts[0].modality,
        series=facts[0].series,
        frame_of_reference=facts[0].frame_of_reference,
        burned_in=any(header.burned_in for header in facts),
    )


def read_flat(root: Path, file: str) -> Flat:
    """A single picture. Grey values are rescaled as in ``read_series``, and turned if the file shows black as high.

    Raises ``Rejected``: ``multi_frame``, ``unsupported_mode``, ``truncated``, ``too_large`` and what ``headers`` gives.
    """
    found = parse(read_bytes(root, file), file, (*HEADER_TAGS, "PixelData"), pixels=True)
    header = _header(found, file)
    _, _, frames = size(found, file)
    if frames > 1:
        raise Rejected("multi_frame", file, f"{frames} frames")
    right, down = _directions(found, file)
    with reading(file, "bad_geometry"):
        spacing = numbers(found, "PixelSpacing", 2)
        calibrated = bool(code(found, "PixelSpacingCalibrationType"))
    if spacing and (min(spacing) <= 0 or (MODALITIES.get(header.modality) == "xray" and not calibrated)):
        spacing = None
    return Flat(
        values=_flat_values(found, file),
        spacing=(spacing[0], spacing[1]) if spacing else None,
        right=right,
        down=down,
        modality=header.modality,
        burned_in=header.burned_in,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """A frame and how its stored values become values."""

    file: str
    index: int  # of the frame in its file
    size: tuple[int, int]  # rows, columns
    plane: Plane
    slope: float
    intercept: float


def _header(found: Dataset, file: str) -> Header:
    with reading(file):
        name = uid(found, "SeriesInstanceUID")
        if name is None:
            raise Rejected("bad_metadata", file, "no series")
        frames = max(whole(found, "NumberOfFrames", 1), 1) if "Rows" in found else 0
        kinds = found.get("ImageType", None) or ()
        plane = single_plane(found, file) if frames == 1 else None
        return Header(
            file=file,
            modality=code(found, "Modality"),
            series=name,
            study=uid(found, "StudyInstanceUID"),
            frame_of_reference=uid(found, "FrameOfReferenceUID"),
            patient=str(found.get("PatientID", None) or ""),
            localiser="LOCALIZER" in ([kinds] if isinstance(kinds, str) else kinds),
            burned_in=code(found, "BurnedInAnnotation") == "YES",
            frames=frames,
            position=plane.position if plane else None,
            normal=vector(_normal(plane)) if plane else None,
        )


def _along(members: Sequence[Header]) -> Any:
    """Sorting key: the way along the first normal that any of the files states, in order of their names."""
    named = sorted(members, key=lambda header: header.file)
    normal = next((header.normal for header in named if header.normal), (0.0, 0.0, 1.0))

    def key(header: Header) -> tuple[bool, float, str]:
        return header.position is None, float(np.dot(header.position or (0.0, 0.0, 0.0), normal)), header.file

    return key


def _normal(plane: Plane) -> npt.NDArray[np.float64]:
    return np.cross(plane.right, plane.down)


def _slices(found: Dataset, file: str) -> list[_Slice]:
    rows, columns, frames = size(found, file)
    if frames == 1 and (alone := single_plane(found, file)):
        planes: tuple[Plane, ...] = (alone,)
        items: list[Dataset] = [{}]
    elif "PerFrameFunctionalGroupsSequence" in found:
        planes = frame_planes(found, file)
        with reading(file):
            items = list(found.PerFrameFunctionalGroupsSequence)
    elif frames > 1:
        raise Rejected("multi_frame", file, f"{frames} frames")
    else:
        raise Rejected("bad_geometry", file, "no position, orientation or spacing")
    slices = []
    for index, (plane, item) in enumerate(zip(planes, items, strict=True)):
        slope, intercept = rescale(found, group(found, item, "PixelValueTransformationSequence") or found, file)
        slices.append(
            _Slice(file=file, index=index, size=(rows, columns), plane=plane, slope=slope, intercept=intercept)
        )
    return slices


def _lattice(slices: Sequence[_Slice], normal: npt.NDArray[np.float64], what: str) -> Lattice:
    """Where the sorted slices lie together, checked."""
    first = slices[0]
    for item in slices:
        _check_alike(first, item)
    points = np.array([item.plane.position for item in slices])
    shape = (first.size[1], first.size[0], len(slices))
    steps = (first.plane.spacing[1] * np.array(first.plane.right), first.plane.spacing[0] * np.array(first.plane.down))
    if len(slices) > 1:
        step = _even_step(points, normal, min(first.plane.spacing), what)
    elif first.plane.thickness is not None:
        step = first.plane.thickness * normal
    else:
        raise Rejected("bad_geometry", what, "a single slice of unknown thickness")
    return lattice(shape, [float(x) for x in points[0]], [vector(axis) for axis in (*steps, step)], "header", what)


def _check_alike(first: _Slice, item: _Slice) -> None:
    if item.size != first.size:
        raise Rejected("bad_geometry", item.file, "slices of different sizes")
    if not np.allclose(item.plane.spacing, first.plane.spacing, rtol=SAME, atol=0):
        raise Rejected("bad_geometry", item.file, "slices of different spacing")
    axes, expected = (np.array([plane.right, plane.down]) for plane in (item.plane, first.plane))
    if np.abs(axes - expected).max() > SAME:
        raise Rejected("bad_geometry", item.file, "slices of different orientation")


def _even_step(
    points: npt.NDArray[np.float64], normal: npt.NDArray[np.float64], pixel: float, what: str
) -> npt.NDArray[np.float64]:
    """The way from one slice to the next."""
    step: npt.NDArray[np.float64] = (points[-1] - points[0]) / (len(points) - 1)
    gap = float(step @ normal)
    off = points - points[0] - np.arange(len(points))[:, None] * step
    if gap <= 0 or np.abs(off @ normal).max() > EVEN * gap:
        gaps = np.diff(points @ normal)
        raise Rejected("missing_slices", what, f"{gaps.min():.3f} to {gaps.max():.3f} mm between {len(points)} slices")
    tilt = float(np.linalg.norm(step - gap * normal)) / gap
    aside = float(np.linalg.norm(off - np.outer(off @ normal, normal), axis=1).max())
    if tilt > RIGHT_ANGLE or aside > pixel / 4:
        raise Rejected("bad_geometry", what, "slices are not stacked along their normal")
    return step


def _values(root: Path, slices: Sequence[_Slice], place: Lattice) -> Voxels:
    """Values (column, row, slice) of slices whose order is that of the lattice."""
    integer = all(exact(item.slope, item.intercept) for item in slices)
    columns, rows, count = place.shape
    values = np.empty((count, rows, columns), np.int32 if integer else np.float32)
    by_file: dict[str, list[int]] = {}
    for number, item in enumerate(slices):
        by_file.setdefault(item.file, []).append(number)
    for file, members in by_file.items():
        found = parse(read_bytes(root, file), file, (*HEADER_TAGS, *FRAME_TAGS, "PixelData"), pixels=True)
        if _slices(found, file) != sorted((slices[n] for n in members), key=lambda item: item.index):
            raise Rejected("changed", file)
        for number in members:
            item = slices[number]
            values[number] = scaled(grey(found, file, item.index), item.slope, item.intercept)
    if integer and values.min() >= -(2**15) and values.max() < 2**15:
        values = values.astype(np.int16)
    turned: Voxels = values.transpose(2, 1, 0)
    return turned


def _flat_values(found: Dataset, file: str) -> npt.NDArray[Any]:
    with reading(file):
        coloured = whole(found, "SamplesPerPixel", 1) == 3
        kind, bits = code(found, "PhotometricInterpretation"), whole(found, "BitsAllocated", 0)
    if coloured:
        if bits != 8 or not (kind == "RGB" or kind.startswith("YBR")):
            raise Rejected("unsupported_mode", file, f"{kind or 'unknown'}, {bits} bits")
        return stored(found, file)
    slope, intercept = rescale(found, found, file)
    return scaled(grey(found, file), slope, intercept)


def _directions(found: Dataset, file: str) -> tuple[Vector, Vector] | tuple[None, None]:
    """Where rows and columns run in the patient."""
    if plane := single_plane(found, file):
        return plane.right, plane.down
    with reading(file):
        codes = found.get("PatientOrientation", None) or ()
        names = [codes] if isinstance(codes, str) else [str(part).strip() for part in codes]
    if len(names) != 2 or not all(name in DIRECTIONS for name in names):
        return None, None
    right, down = DIRECTIONS[names[0]], DIRECTIONS[names[1]]
    return (right, down) if np.dot(right, down) == 0 else (None, None)
