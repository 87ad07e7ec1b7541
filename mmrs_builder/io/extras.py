"""Libraries that only some formats need: absent from a core installation."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

EXTRAS: Final = {
    "SimpleITK": "volumes",
    "nibabel": "volumes",
    "pydicom": "dicom",
    "highdicom": "dicom",
    "h5py": "formats",
    "pycocotools": "formats",
    "s3fs": "s3",
    "sklearn": "audit",
}
"""Which extra of the installation brings a library."""


def need(*libraries: str) -> None:
    """Raise ``ValueError``, saying what to install, unless all libraries are there. Nothing is imported."""
    missing = [library for library in libraries if find_spec(library) is None]
    if missing:
        extras = ",".join(sorted({EXTRAS[library] for library in missing}))
        raise ValueError(f"{' and '.join(missing)} is not installed: pip install 'mmrs-builder[{extras}]'")
