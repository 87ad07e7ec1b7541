"""The code that a build's bytes depend on."""

from __future__ import annotations

import sys
import zlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from mmrs_builder import __version__, resources
from mmrs_builder.digests import sha256

LIBRARIES: Final = ("numpy", "pillow", "opencv-python", "scipy", "pyarrow", "pyyaml")
"""What can change the bytes of a shard."""


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """This project's release and the digest of its code, the versions of Python, zlib and ``LIBRARIES``."""
    return {
        "mmrs-builder": __version__,
        "code": _code(),
        "python": ".".join(str(part) for part in sys.version_info[:2]),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        **{name: version(name) for name in LIBRARIES},
    }


def _code() -> str:
    """Digest of the package's source and its data cards: nothing made by others is taken for unchanged."""
    package, texts = Path(__file__).parent.parent, resources.path("data_cards")
    files = [*sorted(package.rglob("*.py")), *sorted(texts.glob("*.md"))]
    return sha256("".join(f"{path.name} {sha256(path.read_bytes())}\n" for path in files).encode())
