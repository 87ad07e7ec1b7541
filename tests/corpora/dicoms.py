"""Series and what was drawn on them for tiny corpora: boxes of known place, bright in the image, as DICOM files.

Every file carries the canary wherever a clinic writes text, names, numbers or dates. Names of files say nothing of the
order of slices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from highdicom import seg
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from tests.corpora.volumes import Box, numbers
from tests.io.dicoms import AXIAL, CANARY, ROOT, encoded, image

SHAPE: Final = (24, 20, 6)  # columns, rows, slices
STEP: Final = (2.0, 2.0, 5.0)  # mm
ORIGIN: Final = (-30.0, 12.0, -400.0)
SHUFFLED: Final = (3, 0, 5, 1, 4, 2)
"""Slices in the order of the names of their files."""
BRIGHT: Final = 900

ORGAN = CodedConcept("123037004", "SCT", "Anatomical Structure")
ABNORMAL = CodedConcept("49755003", "SCT", "Morphologically Abnormal Structure")
LEFT, RIGHT = CodedConcept("7771000", "SCT", "Left"), CodedConcept("24028007", "SCT", "Right")
KIDNEY, LIVER = CodedConcept("64033007", "SCT", "Kidney"), CodedConcept("10200004", "SCT", "Liver")
MASS = CodedConcept("4147007", "SCT", "Mass")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A series' identifiers below ``ROOT``, and whose it is."""

    number: int
    patient: str
    study: int = 1
    frame: int = 1
    modality: str = "CT"
    tags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def series(self) -> str:
        return f"{ROOT}.7.{self.number}"

    def facts(self) -> dict[str, Any]:
        return {
            "PatientID": f"{CANARY}-{self.patient}" if self.patient else "",
            "StudyInstanceUID": f"{ROOT}.8.{self.study}",
            "FrameOfReferenceUID": f"{ROOT}.6.{self.frame}",
        }


def scan(boxes: Mapping[int, Box], seed: int, shape: tuple[int, int, int] = SHAPE) -> npt.NDArray[np.int16]:
    """Dark noise (column, row, slice), bright in the boxes alone."""
    dark = np.random.default_rng(seed).integers(-200, 200, shape, dtype=np.int16)
    return np.where(numbers(boxes, shape) > 0, BRIGHT, dark).astype(np.int16)


def files(place: Place, values: npt.NDArray[np.integer[Any]], spacing: float = STEP[0]) -> list[Dataset]:
    """The slices of a series, from the feet to the head."""
    return [
        image(
            np.ascontiguousarray(values[:, :, k].T),
            number=100 * place.number + k,
            modality=place.modality,
            **place.facts(),
            SeriesInstanceUID=place.series,
            ImagePositionPatient=[ORIGIN[0], ORIGIN[1], ORIGIN[2] + k * STEP[2]],
            ImageOrientationPatient=list(AXIAL),
            PixelSpacing=[spacing, spacing],
            SliceThickness=STEP[2],
            ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
            **place.tags,
        )
        for k in range(values.shape[2])
    ]


def save_slices(folder: Path, slices: Sequence[Dataset], order: Sequence[int] = SHUFFLED) -> list[Path]:
    """Write slices under names in ``order``; returns the files in the order of the slices."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {k: folder / f"1-{number:02d}.dcm" for number, k in enumerate(order, start=1)}
    for k, item in enumerate(slices):
        named[k].write_bytes(encoded(item))
    return [named[k] for k in range(len(slices))]


def segmentation(
    path: Path,
    slices: Sequence[Dataset],
    segments: Sequence[tuple[str, CodedConcept, CodedConcept | None, Box | npt.NDArray[np.bool_]]],
    *,
    number: int,
    category: CodedConcept = ORGAN,
    **tags: Any,
) -> None:
    """Write a SEG: the label of each segment, its type, its side, and its box or voxels (slice, row, column)."""
    layers = [
        numbers({1: drawn}, SHAPE).transpose(2, 1, 0) if isinstance(drawn, tuple) else drawn for *_, drawn in segments
    ]
    found = seg.Segmentation(
        source_images=list(slices),
        pixel_array=np.stack(layers, axis=-1),
        segmentation_type="BINARY",
        segment_descriptions=[
            # A copy: the side is added to it below.
            seg.SegmentDescription(index, label, category, deepcopy(kind), algorithm_type="MANUAL")
            for index, (label, kind, *_) in enumerate(segments, start=1)
        ],
        series_instance_uid=f"{ROOT}.7.{number}",
        series_number=number,
        sop_instance_uid=f"{ROOT}.9.{100 * number}",
        instance_number=1,
        manufacturer=CANARY,
        manufacturer_model_name=CANARY,
        software_versions="1",
        device_serial_number="1",
        content_description=CANARY,
    )
    for item, (_, _, side, _) in zip(found.SegmentSequence, segments, strict=True):
        if side is not None:
            modifier = Dataset()
            modifier.CodeValue, modifier.CodingSchemeDesignator, modifier.CodeMeaning = side.value, "SCT", side.meaning
            item.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = Items([modifier])
    _save(path, found, tags)


def outlines(path: Path, place: Place, regions: Sequence[tuple[str, Box | None]], *, number: int, **tags: Any) -> None:
    """Write an RTSTRUCT of boxes: the name of each region and its voxels; ``None`` for one that is listed only."""
    found = image(np.zeros((8, 8), np.uint16), number=100 * number, modality="RTSTRUCT", **place.facts())
    for keyword in ("Rows", "Columns", "PixelData"):
        delattr(found, keyword)
    found.SeriesInstanceUID = f"{ROOT}.7.{number}"
    named, drawn = [], []
    for index, (name, box) in enumerate(regions, start=1):
        item, lines = Dataset(), Dataset()
        item.ROINumber, item.ROIName = index, name
        item.ReferencedFrameOfReferenceUID = place.facts()["FrameOfReferenceUID"]
        item.ROIDescription = CANARY
        lines.ReferencedROINumber, lines.ContourSequence = index, Items(_contours(box) if box else [])
        named.append(item)
        drawn.append(lines)
    found.StructureSetLabel, found.StructureSetName, found.StructureSetDate = CANARY, CANARY, "20200101"
    found.StructureSetROISequence, found.ROIContourSequence = Items(named), Items(drawn)
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = place.series
    study.RTReferencedSeriesSequence = Items([series])
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = place.facts()["FrameOfReferenceUID"], Items([study])
    found.ReferencedFrameOfReferenceSequence = Items([frame])
    _save(path, found, tags)


def _contours(box: Box) -> list[Dataset]:
    x0, y0, z0, x1, y1, z1 = box
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) - 0.5
    found = []
    for k in range(z0, z1):
        points = np.column_stack([corners, np.full(4, k)]) * STEP + ORIGIN
        item = Dataset()
        item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", 4
        item.ContourData = [f"{value:.3f}" for value in points.ravel()]
        found.append(item)
    return found


def _save(path: Path, found: Dataset, tags: Mapping[str, Any]) -> None:
    for keyword, value in tags.items():
        setattr(found, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(found))
