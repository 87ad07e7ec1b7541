"""The releases that a build's bytes depend on."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from mmrs_builder import __version__

LIBRARIES: Final = ("numpy", "pillow", "opencv-python", "scipy", "pyarrow")
"""What can change the bytes of a shard."""


def versions() -> dict[str, str]:
    """This project's release and those of ``LIBRARIES``."""
    return {"mmrs-builder": __version__, **{name: version(name) for name in LIBRARIES}}
