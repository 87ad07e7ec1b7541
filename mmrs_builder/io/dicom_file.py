"""One DICOM file: the parts of it that are asked for, where its frames lie, and their stored values.

Only tags on the caller's list are kept; everything else, private elements and names included, is left behind while the
file is parsed. What pydicom would print or log about a file can hold its values and is silenced. A file is rejected
with a reason whatever is wrong with it: pydicom takes a file that ends too early for a shorter one, so ends are
checked here.
"""

from __future__ import annotations

import io
import logging
import math
import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.decode import MAX_PIXELS
from mmrs_builder.io.extras import need
from mmrs_builder.io.volume import RIGHT_ANGLE
from mmrs_builder.types import Vector
from mmrs_builder.vocab import Rejected

Dataset: TypeAlias = Any  # pydicom ships no types that are there without it

PIXEL_TAGS: Final = (
    "BitsAllocated", "BitsStored", "Columns", "HighBit", "NumberOfFrames", "PhotometricInterpretation",
    "PixelRepresentation", "PlanarConfiguration", "Rows", "SamplesPerPixel",
)  # fmt: skip
"""What it takes to decode pixels, besides the pixels."""

FRAME_TAGS: Final = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
"""Where a file of several frames keeps the place of each."""

UNIT: Final = 0.01
"""By how much the length of a direction may differ from 1."""

# Inflated while it is parsed, without a limit; hardly any archive uses it.
_DEFLATED: Final = b"1.2.840.10008.1.2.1.99"
_UID: Final = re.compile(r"[0-9.]{1,64}")
_CODE: Final = re.compile(r"[A-Z0-9_ ]{1,16}")
_FAULTS: Final = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError, struct.error,
    zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Where a frame lies: patient LPS in mm.

    ``position`` is the centre of its first pixel; ``right`` and ``down`` are unit vectors along its rows and columns;
    ``spacing`` is [down, right]; ``thickness`` that of the slice, ``None`` when not stated.
    """

    position: Vector
    right: Vector
    down: Vector
    spacing: tuple[float, float]
    thickness: float | None


class _Stream(io.BytesIO):
    """Bytes of a file that refuse to give less than they are asked for.

    A short read of nothing, or of the eight bytes of an element's head, is how parsing ends, or ends in an error.
    """

    def __init__(self, data: bytes, what: str) -> None:
        super().__init__(data)
        self.what = what

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if size is not None and len(data) < size and size != 8 and (data or size > 8):
            raise Rejected("truncated", self.what)
        return data


@contextmanager
def reading(what: str, reason: str = "bad_metadata") -> Iterator[None]:
    """Turn what pydicom raises into ``Rejected`` with ``reason``, and keep it silent.

    Only the kind of a fault is told: its text may quote the file.
    """
    from pydicom import config
    from pydicom.errors import BytesLengthException, InvalidDicomError

    log = logging.getLogger("pydicom")
    disabled, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings(), config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    except InvalidDicomError:
        raise Rejected("not_an_image", what, "no DICOM file") from None
    except RecursionError:
        raise Rejected("bad_metadata", what, "sequences nested too deep") from None
    except (*_FAULTS, BytesLengthException) as error:
        raise Rejected(reason, what, type(error).__name__) from None
    finally:
        log.disabled = disabled


def parse(data: bytes, what: str, tags: Sequence[str], *, pixels: bool = False) -> Dataset:
    """The elements of a DICOM file that ``tags`` (keywords) name, and its transfer syntax.

    With ``pixels`` the file must hold pixel data; without, it must go on where they begin if it states a size.

    Raises ``Rejected``: ``not_an_image``, ``truncated``, ``bad_metadata``, ``unsupported_mode`` for a deflated file.
    """
    need("pydicom")
    from pydicom import dcmread
    from pydicom.dataset import Dataset as Elements
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    if data[128:132] != b"DICM":
        raise Rejected("not_an_image", what, "no DICOM file")
    if _DEFLATED in data:
        raise Rejected("unsupported_mode", what, "deflated")
    stream = _Stream(data, what)
    with reading(what, "truncated"):
        found = dcmread(stream, stop_before_pixels=not pixels, specific_tags=list(tags))
        ended = "PixelData" not in found if pixels else "Rows" in found and stream.tell() == len(data)
        if ended or stream.tell() > len(data):
            raise Rejected("truncated", what)
    with reading(what):
        kept = Elements({element.tag: element for element in found.elements()})
        implicit, little = found.original_encoding
        kept.set_original_encoding(implicit, little, found.original_character_set)
        kept.file_meta = FileMetaDataset()
        kept.file_meta.TransferSyntaxUID = UID(uid(found.file_meta, "TransferSyntaxUID") or "")
    return kept


def uid(item: Dataset, keyword: str) -> str | None:
    """A unique identifier, ``None`` when it is missing or is none."""
    text = str(item.get(keyword, None) or "").strip("\0 ")
    return text if _UID.fullmatch(text) else None


def code(item: Dataset, keyword: str) -> str:
    """A code string in capitals, empty when it is missing or is none."""
    text = str(item.get(keyword, None) or "").strip().upper()
    return text if _CODE.fullmatch(text) else ""


def whole(item: Dataset, keyword: str, otherwise: int) -> int:
    """A whole number; raises ``ValueError`` or ``TypeError`` for what is none."""
    value = item.get(keyword, None)
    return otherwise if value is None or value == "" else int(value)


def numbers(item: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """``count`` finite numbers, ``None`` when the element is missing or empty; raises ``ValueError`` otherwise."""
    value = item.get(keyword, None)
    if value is None or value == "" or value == []:
        return None
    found = tuple(float(part) for part in ([value] if count == 1 else value))
    if len(found) != count or not all(map(math.isfinite, found)):
        raise ValueError(keyword)
    return found


def single_plane(found: Dataset, what: str) -> Plane | None:
    """The place of a file's only frame; ``None`` when position, orientation or spacing is not stated.

    Raises ``Rejected`` (``bad_geometry``).
    """
    return _plane(found, found, found, what)


def frame_planes(found: Dataset, what: str) -> tuple[Plane, ...]:
    """The place of each frame of a file of several.

    Raises ``Rejected``: ``multi_frame`` when the place of a frame is not stated, ``bad_geometry``.
    """
    with reading(what, "multi_frame"):
        items = list(found.get("PerFrameFunctionalGroupsSequence", None) or ())
        count = whole(found, "NumberOfFrames", 1)
    if len(items) != count:
        raise Rejected("multi_frame", what, f"the place of {len(items)} of {count} frames is stated")
    planes = []
    for item in items:
        places = (group(found, item, f"Plane{name}Sequence") for name in ("Position", "Orientation"))
        with reading(what, "multi_frame"):
            position, orientation = places
            measures = group(found, item, "PixelMeasuresSequence")
        plane = _plane(position, orientation, measures, what)
        if plane is None:
            raise Rejected("multi_frame", what, "frames without a place in the patient")
        planes.append(plane)
    return tuple(planes)


def group(found: Dataset, item: Dataset, keyword: str) -> Dataset:
    """A functional group of a frame, its own or the one that all share; empty when there is none."""
    shared: Dataset = found.get("SharedFunctionalGroupsSequence", None) or ({},)
    for holder in (item, shared[0]):
        if sequence := holder.get(keyword, None):
            return sequence[0]
    return {}


def _plane(positions: Dataset, orientations: Dataset, measures: Dataset, what: str) -> Plane | None:
    with reading(what, "bad_geometry"):
        position = numbers(positions, "ImagePositionPatient", 3)
        axes = numbers(orientations, "ImageOrientationPatient", 6)
        spacing = numbers(measures, "PixelSpacing", 2)
        thickness = numbers(measures, "SliceThickness", 1)
    if position is None or axes is None or spacing is None:
        return None
    right, down = np.array(axes[:3]), np.array(axes[3:])
    lengths = np.linalg.norm(right), np.linalg.norm(down)
    if max(abs(length - 1) for length in lengths) > UNIT or abs(right @ down) > RIGHT_ANGLE:
        raise Rejected("bad_geometry", what, "the axes are no unit vectors at right angles")
    if min(spacing) <= 0:
        raise Rejected("bad_geometry", what, f"spacing {spacing[0]:g}, {spacing[1]:g} mm")
    return Plane(
        position=vector(position),
        right=vector(right / lengths[0]),
        down=vector(down / lengths[1]),
        spacing=(spacing[0], spacing[1]),
        thickness=thickness[0] if thickness and thickness[0] > 0 else None,
    )


def vector(values: Sequence[float] | npt.NDArray[np.float64]) -> Vector:
    """Three numbers as a tuple, without negative zeros."""
    x, y, z = (float(value) + 0.0 for value in values)
    return x, y, z


def size(found: Dataset, what: str) -> tuple[int, int, int]:
    """Rows, columns and frames. Raises ``Rejected``: ``not_an_image`` without pixels, ``too_large`` for a frame."""
    with reading(what):
        rows, columns, frames = (whole(found, name, 0) for name in ("Rows", "Columns", "NumberOfFrames"))
    if min(rows, columns) < 1:
        raise Rejected("not_an_image", what, "no rows and columns")
    if rows * columns > MAX_PIXELS:
        raise Rejected("too_large", what, f"{columns} x {rows}, limit {MAX_PIXELS} pixels")
    return rows, columns, max(frames, 1)


def rescale(found: Dataset, holder: Dataset, what: str) -> tuple[float, float]:
    """Slope and intercept, from the file or the functional group that states them.

    Raises ``Rejected``: ``unsupported_mode`` for a table in their place or a slope that is not positive.
    """
    with reading(what):
        slope = numbers(holder, "RescaleSlope", 1) or (1.0,)
        intercept = numbers(holder, "RescaleIntercept", 1) or (0.0,)
    if slope[0] <= 0 or "ModalityLUTSequence" in found:
        raise Rejected("unsupported_mode", what, "values without a rising linear scale")
    return slope[0], intercept[0]


def exact(slope: float, intercept: float) -> bool:
    """Whether rescaled values of 16 bits are whole numbers that fit in 32."""
    return slope.is_integer() and intercept.is_integer() and slope < 2**14 and abs(intercept) < 2**15


def scaled(values: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[Any]:
    """Rescaled values: int32 where they are whole numbers, else float32."""
    if exact(slope, intercept):
        return values.astype(np.int32) * np.int32(slope) + np.int32(intercept)
    return (values.astype(np.float64) * slope + intercept).astype(np.float32)


def grey(found: Dataset, what: str, index: int = 0) -> npt.NDArray[Any]:
    """Stored values (H, W) of a frame, high for bright.

    Raises ``Rejected``: ``unsupported_mode`` for colours and for more than 16 bits, and what ``stored`` raises.
    """
    with reading(what):
        kind = code(found, "PhotometricInterpretation")
        bits, signed = whole(found, "BitsStored", 0), whole(found, "PixelRepresentation", 0)
    if kind not in ("MONOCHROME1", "MONOCHROME2") or not 1 <= bits <= 16:
        raise Rejected("unsupported_mode", what, f"{kind or 'unknown'}, {bits} bits")
    values = stored(found, what, index)
    if values.ndim != 2:
        raise Rejected("unsupported_mode", what, "several samples of a grey pixel")
    if kind == "MONOCHROME1":
        values = (-1 if signed else 2**bits - 1) - values.astype(np.int32)
    return values


def stored(found: Dataset, what: str, index: int = 0) -> npt.NDArray[Any]:
    """Stored values of one frame: (H, W), or (H, W, 3) in RGB.

    Raises ``Rejected``: ``unsupported_mode`` for a coding that cannot be decoded here, ``truncated`` for pixels that
    are missing or damaged.
    """
    from pydicom.pixels.decoders.base import get_decoder

    syntax = found.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:  # a syntax that pydicom does not know
        decoder = None
    if decoder is None or not decoder.is_available:
        raise Rejected("unsupported_mode", what, f"transfer syntax {syntax}")
    with reading(what, "truncated"):
        values, _ = decoder.as_array(found, index=index)
    expected = (int(found.Rows), int(found.Columns))
    if values.shape not in (expected, (*expected, 3)):
        raise Rejected("truncated", what, "another size than stated")
    result: npt.NDArray[Any] = values
    return result
