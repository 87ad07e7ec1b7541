"""NIfTI volumes. Every size is taken from the header and held against the bytes that are there before any is read.

nibabel interprets the header alone: its own checks mend what they can and log the rest, and data that end too early
are noticed only when somebody touches them. Frame: the header speaks of RAS, what is returned of LPS, both in mm.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.extras import need
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.volume import lattice, same_grid
from mmrs_builder.types import Lattice, Volume, Voxels
from mmrs_builder.vocab import Rejected

MAX_DECODED: Final = 1 << 31
"""No volume is unpacked beyond this many bytes."""

GZIP: Final = b"\x1f\x8b"
_BLOCK: Final = 1 << 20
_SIZES: Final = {1: 348, 2: 540}  # bytes of the header by version of the format
_SINGLE: Final = {1: b"n+1\0", 2: b"n+2\0\r\n\x1a\n"}
_PAIR: Final = {1: b"ni1\0", 2: b"ni2\0\r\n\x1a\n"}
_MILLIMETRES: Final = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # unknown, metre, millimetre, micron
_LPS: Final = np.diag([-1.0, -1.0, 1.0])


def read_nifti(root: Path, path: str, *, channel: int | None = None, placed: bool = True) -> Volume:
    """The volume of a ``.nii`` or ``.nii.gz`` file (NIfTI-1 or NIfTI-2) in the file's own array order.

    Trailing dimensions of length 1 are dropped, a plane becomes a volume of one slice, ``channel`` picks from a fourth
    dimension. Values keep their integer type unless the header's scaling changes them. Position: the sform if stated,
    else the qform; if neither is, or ``placed`` is False for files whose headers are known to be wrong about it, there
    is no evidence of it and steps run along the array's own axes.

    Raises ``Rejected``: what ``read_bytes`` raises; ``not_an_image``; ``truncated`` for any other number of bytes than
    the header declares; ``too_large``; ``multi_frame``; ``unsupported_mode`` (colour, complex, extended precision);
    ``bad_geometry``; ``affine_conflict`` when sform and qform are both stated and differ; ``not_finite``.
    """
    need("nibabel")
    stream = _opened(read_bytes(root, path))
    with _damaged("truncated", path):
        header = _header(stream, path)
        dims = _dims(header, path)
        shape = _frame(dims, channel, path)
        grid = _lattice(header, shape, placed, path)
        values = _voxels(stream, header, dims, path)
    frame = values.reshape(*shape, -1, order="F")[..., channel or 0]
    return Volume(values=_scaled(frame, header, path), lattice=grid)


@contextmanager
def _damaged(reason: str, what: str) -> Iterator[None]:
    """Turn what nibabel and the decompressor raise on damaged input into a rejection."""
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        yield
    except (
        HeaderDataError, WrapStructError, ValueError, LookupError, ArithmeticError, EOFError, OSError, zlib.error,
    ) as error:  # fmt: skip
        raise Rejected(reason, what, f"{type(error).__name__}: {error}") from error


def _opened(data: bytes) -> BinaryIO:
    raw = io.BytesIO(data)
    return gzip.GzipFile(fileobj=raw) if data.startswith(GZIP) else raw  # type: ignore[return-value]


def _read(stream: BinaryIO, size: int) -> bytearray:
    """Up to ``size`` bytes; memory grows with what is there, not with what a header declares."""
    found = bytearray()
    while len(found) < size and (block := stream.read(min(_BLOCK, size - len(found)))):
        found += block
    return found


def _header(stream: BinaryIO, what: str) -> Any:
    """The header as nibabel's structure, unmended: a ``.nii`` of either version and byte order."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    start = _read(stream, 4)
    for sign in "<>":
        size = struct.unpack(f"{sign}i", start)[0] if len(start) == 4 else 0
        version = next((version for version, length in _SIZES.items() if length == size), None)
        if version is None:
            continue
        block = bytes(start + _read(stream, size - 4))
        if len(block) < size:
            raise Rejected("truncated", what, f"{len(block)} of {size} bytes of the header")
        magic = block[344:348] if version == 1 else block[4:12]
        if magic == _PAIR[version]:
            raise Rejected("not_an_image", what, "a header whose voxels lie in another file")
        if magic == _SINGLE[version]:
            kind: Any = Nifti1Header if version == 1 else Nifti2Header
            return kind(block, endianness=sign, check=False)
    raise Rejected("not_an_image", what, "not NIfTI")


def _dims(header: Any, what: str) -> tuple[int, ...]:
    """Lengths of all dimensions, without trailing ones beyond the third; two are a volume of one slice."""
    count, *lengths = (int(n) for n in header["dim"])
    if not 2 <= count <= 7:
        raise Rejected("bad_geometry", what, f"{count} dimensions")
    dims = lengths[:count]
    if min(dims) < 1:
        raise Rejected("bad_geometry", what, f"{' x '.join(map(str, dims))} voxels")
    while len(dims) > 3 and dims[-1] == 1:
        dims.pop()
    return (*dims, 1) if len(dims) == 2 else tuple(dims)


def _frame(dims: tuple[int, ...], channel: int | None, what: str) -> tuple[int, int, int]:
    """The shape of one volume; ``channel`` has to say which, where there are several."""
    count = math.prod(dims[3:])
    if len(dims) > 4 or (channel is None and count > 1) or not 0 <= (channel or 0) < count:
        asked = "" if channel is None else f", channel {channel} asked for"
        raise Rejected("multi_frame", what, f"{' x '.join(map(str, dims))} voxels{asked}")
    return dims[0], dims[1], dims[2]


def _voxels(stream: BinaryIO, header: Any, dims: tuple[int, ...], what: str) -> Voxels:
    """All stored numbers (flat) in the machine's byte order, unscaled."""
    with _damaged("unsupported_mode", what):
        dtype = np.dtype(header.get_data_dtype())
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise Rejected("unsupported_mode", what, f"voxels of NIfTI type {int(header['datatype'])}")
    size = math.prod(dims) * dtype.itemsize
    start, offset = header.template_dtype.itemsize, float(header["vox_offset"])
    if not (offset >= start and offset == math.floor(offset)):
        raise Rejected("not_an_image", what, f"voxels start at byte {offset:g}")
    if size + offset > MAX_DECODED:
        raise Rejected("too_large", what, f"{size} bytes of voxels, limit {MAX_DECODED}")
    gap = int(offset) - start
    data = _read(stream, size) if len(_read(stream, gap)) == gap else bytearray()
    if len(data) < size or stream.read(1):
        found = f"{len(data)} of" if len(data) < size else "more than"
        raise Rejected("truncated", what, f"{found} {size} bytes of voxels")
    return np.frombuffer(data, dtype).astype(dtype.newbyteorder("="), copy=False)


def _scaled(values: Voxels, header: Any, what: str) -> Voxels:
    """Values in the header's unit. The standard lets slope 0 mean "as stored"; nibabel writes NaN for it."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not (slope == 0 or math.isnan(slope) or (slope, intercept) == (1, 0)):
        wide: npt.DTypeLike = np.result_type(values.dtype, np.float32)
        with np.errstate(all="ignore"):  # what overflows is refused below
            values = values.astype(wide, copy=False)  # our own copy of the file: changed in place
            values *= slope
            values += intercept
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Rejected("not_finite", what, f"{int(values.size - np.isfinite(values).sum())} of {values.size} voxels")
    return values


def _lattice(header: Any, shape: tuple[int, int, int], placed: bool, what: str) -> Lattice:
    scale = _MILLIMETRES.get(int(header["xyzt_units"]) & 7)
    if scale is None:
        raise Rejected("bad_geometry", what, "unknown unit of length")
    with _damaged("bad_geometry", what), np.errstate(all="ignore"):
        stated = [_placed(affine, shape, scale, what) for affine in (_affines(header) if placed else [])]
    if len(stated) == 2 and not same_grid(*stated):
        raise Rejected("affine_conflict", what, "sform and qform")
    return stated[0] if stated else _unplaced(header, shape, scale, what)


def _affines(header: Any) -> list[npt.NDArray[np.float64]]:
    """Stated voxel-to-RAS matrices (4, 4), the preferred one first."""
    pixdim = header["pixdim"]
    if pixdim[0] == 0:  # the standard's way to say 1
        pixdim[0] = 1
    if header["dim"][0] == 2 and pixdim[3] == 0:  # a plane has no step to a next slice; the matrix needs some length
        pixdim[3] = 1
    affines = []
    if header["sform_code"] > 0:
        affines.append(header.get_sform())
    if header["qform_code"] > 0:
        affines.append(header.get_qform())
    return affines


def _placed(affine: npt.NDArray[np.float64], shape: tuple[int, int, int], scale: float, what: str) -> Lattice:
    moved = _LPS @ affine[:3] * scale
    return lattice(shape, moved[:, 3].tolist(), moved[:, :3].T.tolist(), "header", what)


def _unplaced(header: Any, shape: tuple[int, int, int], scale: float, what: str) -> Lattice:
    lengths = np.asarray(header["pixdim"][1:4], np.float64) * scale
    if not lengths.min() > 0:
        raise Rejected("bad_geometry", what, f"spacing {', '.join(f'{length:g}' for length in lengths)} mm")
    return lattice(shape, (0.0, 0.0, 0.0), np.diag(lengths).tolist(), None, what)
