"""Small DICOM files with known values and places that the tests of the readers share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pydicom = pytest.importorskip("pydicom", reason="needs the optional extra dicom")

from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.sequence import Sequence as Items  # noqa: E402
from pydicom.uid import ExplicitVRLittleEndian  # noqa: E402

CANARY = "CANARY^ZEBEDEE"
ROOT = "1.2.826.0.1.3680043.8.498"
SERIES, STUDY, FRAME = f"{ROOT}.1", f"{ROOT}.2", f"{ROOT}.3"
CT = "1.2.840.10008.5.1.4.1.1.2"
COLUMNS, ROWS, SLICES = 10, 8, 5
STEP = (0.5, 0.75, 2.0)  # mm: column, row, slice
ORIGIN = (-20.0, 30.0, -400.0)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def stored_values() -> npt.NDArray[np.int16]:
    """Stored values (slice, row, column), no two alike."""
    return np.arange(SLICES * ROWS * COLUMNS, dtype=np.int16).reshape(SLICES, ROWS, COLUMNS)


def normal_of(axes: Sequence[float]) -> npt.NDArray[np.float64]:
    return np.cross(axes[:3], axes[3:])


def image(pixels: npt.NDArray[np.generic], *, number: int = 1, modality: str = "CT", **tags: Any) -> Dataset:
    """A file of one frame with the canary wherever a name could hide."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID = CT
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = f"{ROOT}.9.{number}"
    found.PatientName = found.SeriesDescription = found.StudyDescription = CANARY
    found.PatientID = f"{CANARY}-7"
    found.PatientBirthDate, found.PatientSex, found.AccessionNumber = "19500101", "O", CANARY[:16]
    found.StudyDate, found.StudyTime, found.StudyID, found.ReferringPhysicianName = "20200101", "101010", "1", CANARY
    inner = Dataset()
    inner.CodeMeaning = CANARY
    found.ProcedureCodeSequence = Items([inner])
    private = found.private_block(0x0099, CANARY, create=True)
    private.add_new(0x01, "LO", CANARY)
    found.Modality = modality
    found.SeriesInstanceUID, found.StudyInstanceUID, found.FrameOfReferenceUID = SERIES, STUDY, FRAME
    found.SeriesNumber = found.AcquisitionNumber = 1
    found.InstanceNumber = number
    found.Rows, found.Columns = pixels.shape[:2]
    found.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    found.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        found.PlanarConfiguration = 0
    found.BitsAllocated = found.BitsStored = 8 * pixels.itemsize
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = int(pixels.dtype.kind == "i")
    found.PixelData = pixels.tobytes()
    found["PixelData"].VR = "OW" if pixels.itemsize > 1 else "OB"
    for keyword, value in tags.items():
        if value is None:
            delattr(found, keyword)
        else:
            setattr(found, keyword, value)
    return found


def slices(axes: Sequence[float] = AXIAL, **tags: Any) -> list[Dataset]:
    """A series, in the order of its positions along the normal."""
    normal = normal_of(axes)
    places = [np.array(ORIGIN) + k * STEP[2] * normal for k in range(SLICES)]
    return [
        image(
            pixels,
            number=k + 1,
            **{
                "ImagePositionPatient": [float(x) for x in places[k]],
                "ImageOrientationPatient": [float(x) for x in axes],
                "PixelSpacing": [STEP[1], STEP[0]],
                "SliceThickness": STEP[2],
                "RescaleSlope": 1,
                "RescaleIntercept": -1024,
                "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            }
            | tags,
        )
        for k, pixels in enumerate(stored_values())
    ]


def encoded(found: Dataset) -> bytes:
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, found, enforce_file_format=True)
    return stream.getvalue()


def written(root: Path, files: Sequence[Dataset], names: Sequence[str] | None = None) -> list[str]:
    """Write files under ``root`` and return their names."""
    found = list(names or (f"{number:02d}.dcm" for number in range(len(files))))
    for name, item in zip(found, files, strict=True):
        (root / name).write_bytes(encoded(item))
    return found


def multi_frame(places: Sequence[Sequence[float]] | None = None) -> Dataset:
    """An enhanced CT: all slices in one file, last slice first."""
    order = list(range(SLICES))[::-1]
    found = image(stored_values()[order[0]], NumberOfFrames=SLICES)
    found.PixelData = stored_values()[order].tobytes()
    shared, measures, orientation, scale = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [STEP[1], STEP[0]], STEP[2]
    orientation.ImageOrientationPatient = list(AXIAL)
    scale.RescaleSlope, scale.RescaleIntercept = 1, -1024
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Items([measures]), Items([orientation])
    shared.PixelValueTransformationSequence = Items([scale])
    found.SharedFunctionalGroupsSequence = Items([shared])
    items = []
    for place in places or [(ORIGIN[0], ORIGIN[1], ORIGIN[2] + k * STEP[2]) for k in order]:
        item, position = Dataset(), Dataset()
        position.ImagePositionPatient = list(place)
        item.PlanePositionSequence = Items([position])
        items.append(item)
    found.PerFrameFunctionalGroupsSequence = Items(items)
    return found
