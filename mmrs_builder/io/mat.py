"""MATLAB 7.3 files of the brain tumour corpus: one group ``cjdata`` with a slice, its mask, a label and a patient.

Such a file is HDF5, which can point at other files in three ways (external links, external storage, virtual data
sets); none is followed. MATLAB stores columns first: what HDF5 shows is the picture turned about its diagonal.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.digests import sha256
from mmrs_builder.io.decode import MAX_PIXELS
from mmrs_builder.io.extras import need
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MaskReading
from mmrs_builder.io.window import drawn
from mmrs_builder.types import Mask, Picture
from mmrs_builder.vocab import Rejected

MAX_NAME: Final = 64
"""Characters of a patient's id."""

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_STARTS: Final = (0, 512, 1024, 2048)  # MATLAB's own header takes the first 512 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mat:
    """A slice (H, W) of any plain number type and its mask (H, W), row 0 at the top; what is not stated is ``None``."""

    image: npt.NDArray[Any]
    mask: Mask
    label: int | None
    patient: str | None


def read_mat(root: Path, path: str) -> Mat:
    """The slice of a MATLAB 7.3 file in the layout ``cjdata/{image, tumorMask, label, PID}``.

    Raises ``Rejected``: what ``read_bytes`` raises; ``not_an_image`` (no HDF5); ``truncated``; ``bad_metadata`` for
    missing or misshapen fields and anything that points elsewhere; ``too_large``; ``unsupported_mode``;
    ``not_finite``; ``mask_not_binary``; ``size_mismatch``.
    """
    with _opened(root, path) as group:
        image = _picture(_dataset(group, "image", path), path)
        mask = _picture(_dataset(group, "tumorMask", path), path)
        label = _label(_optional(group, "label", path), path)
        patient = _patient(_optional(group, "PID", path), path)
    if mask.shape != image.shape:
        raise Rejected("size_mismatch", path, f"{image.shape} and {mask.shape}")
    if not ((mask == 0) | (mask == 1)).all():
        raise Rejected("mask_not_binary", path)
    return Mat(image=image, mask=mask.astype(np.bool_), label=label, patient=patient)


def read_mat_pair(root: Path, path: str, modality: str) -> tuple[Picture, MaskReading]:
    """The slice of such a file as the picture that will be stored, and its mask. Raises ``Rejected`` as ``read_mat``
    does.
    """
    found = read_mat(root, path)
    picture = drawn(found.image, modality, "soft_tissue", path, sha256(read_bytes(root, path)))
    return picture, MaskReading(mask=found.mask, doubtful_px=0)


def read_mat_facts(root: Path, path: str) -> tuple[int | None, str | None]:
    """Label and patient of such a file; its matrices stay unread. Raises ``Rejected`` as ``read_mat`` does for them."""
    with _opened(root, path) as group:
        return _label(_optional(group, "label", path), path), _patient(_optional(group, "PID", path), path)


@contextmanager
def _opened(root: Path, path: str) -> Iterator[Any]:
    """The group ``cjdata``."""
    need("h5py")
    import h5py

    data = read_bytes(root, path)
    if not any(data.startswith(_SIGNATURE, start) for start in _STARTS):
        raise Rejected("not_an_image", path, "not a MATLAB 7.3 file")
    with _damaged(path), h5py.File(io.BytesIO(data), "r") as file:
        yield _member(file, "cjdata", h5py.Group, path)


@contextmanager
def _damaged(what: str) -> Iterator[None]:
    """Turn what h5py raises on damaged input into a rejection; its texts hold memory addresses."""
    try:
        yield
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise Rejected("truncated", what, type(error).__name__) from error


def _member(group: Any, name: str, kind: type, what: str) -> Any:
    """A group or data set that is stored in ``group`` itself."""
    import h5py

    if name not in group or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise Rejected("bad_metadata", what, f"no {name}, or only a link to one")
    found = group[name]
    if not isinstance(found, kind):
        raise Rejected("bad_metadata", what, f"{name} is of another kind")
    if isinstance(found, h5py.Dataset) and (found.external or found.is_virtual):
        raise Rejected("bad_metadata", what, f"{name} lies in another file")
    return found


def _dataset(group: Any, name: str, what: str) -> Any:
    import h5py

    return _member(group, name, h5py.Dataset, what)


def _optional(group: Any, name: str, what: str) -> Any:
    return _dataset(group, name, what) if name in group else None


def _picture(stored: Any, what: str) -> npt.NDArray[Any]:
    """A stored matrix as rows of a picture."""
    if stored.dtype.kind not in "iuf" or stored.dtype.itemsize > 8:
        raise Rejected("unsupported_mode", what, f"values of type {stored.dtype.kind}{stored.dtype.itemsize}")
    if stored.ndim != 2 or min(stored.shape) < 1:
        raise Rejected("bad_metadata", what, f"{stored.ndim} dimensions")
    if math.prod(stored.shape) > MAX_PIXELS:
        raise Rejected("too_large", what, f"{' x '.join(map(str, stored.shape))}, limit {MAX_PIXELS} pixels")
    if _blocks_missing(stored):
        raise Rejected("truncated", what, "values that were never written")
    values: npt.NDArray[Any] = stored[()]
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Rejected("not_finite", what)
    return np.ascontiguousarray(values.T, values.dtype.newbyteorder("="))


def _blocks_missing(stored: Any) -> bool:
    """HDF5 reads zeros where no block was stored, whatever size is declared."""
    if stored.chunks is None:
        return bool(stored.id.get_storage_size() < stored.size * stored.dtype.itemsize)
    blocks = math.prod(-(-side // step) for side, step in zip(stored.shape, stored.chunks, strict=True))
    return bool(stored.id.get_num_chunks() < blocks)


def _label(stored: Any, what: str) -> int | None:
    if stored is None or stored.size == 0:
        return None
    if stored.size != 1 or stored.dtype.kind not in "iuf":
        raise Rejected("bad_metadata", what, "the label is no number")
    value = float(np.asarray(stored[()]).item())
    if not value.is_integer():
        raise Rejected("bad_metadata", what, "the label is no whole number")
    return int(value)


def _patient(stored: Any, what: str) -> str | None:
    """MATLAB stores text as one 16-bit number per character, and a matrix' shape in place of an empty text."""
    if stored is None or stored.attrs.get("MATLAB_empty", 0) or stored.size == 0:
        return None
    if stored.size > MAX_NAME or stored.dtype != np.uint16:
        raise Rejected("bad_metadata", what, "the patient's id is no text, or a long one")
    name = "".join(map(chr, np.asarray(stored[()]).ravel())).strip()
    if not (name.isascii() and name.isprintable()):
        raise Rejected("bad_metadata", what, "the patient's id is no plain text")
    return name or None
