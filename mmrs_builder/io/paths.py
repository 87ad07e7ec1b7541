"""Files of a corpus folder: reached only by regular files that lie inside it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from mmrs_builder.vocab import Rejected

MAX_BYTES: Final = 1 << 30
"""No file is read into memory beyond this size: 100 MP of 16-bit RGB is 0.6 GB."""

# Opening a pipe must not wait for a writer, nor follow a link that replaced the resolved file in the meantime.
_FLAGS: Final = os.O_RDONLY | sum(
    int(getattr(os, name, 0)) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
)


def inside(root: Path, relative: str) -> Path:
    """Resolved path of ``relative`` under ``root``; links are followed as long as they stay inside.

    Raises ``Rejected``: ``outside_root`` for an absolute path, ``..`` or a link that leads out.
    """
    asked = Path(relative)
    if asked.is_absolute() or asked.drive or ".." in asked.parts or "\0" in relative:
        raise Rejected("outside_root", relative, "not a plain relative path")
    base = os.path.realpath(root)
    found = Path(os.path.realpath(Path(base) / relative))
    if not found.is_relative_to(base):
        raise Rejected("outside_root", relative)
    return found


def read_bytes(root: Path, relative: str) -> bytes:
    """All bytes of a regular file under ``root``.

    Raises ``Rejected``: ``outside_root``, ``not_regular`` (folder, pipe, socket, device), ``unreadable`` (missing, no
    permission, link loop, disk error), ``empty_file``, ``too_large`` (more than ``MAX_BYTES``).
    """
    path = inside(root, relative)
    try:
        _check(path.stat(), relative)
        with os.fdopen(os.open(path, _FLAGS), "rb") as stream:
            status = os.fstat(stream.fileno())
            _check(status, relative)
            return stream.read(status.st_size)
    except OSError as error:
        raise Rejected("unreadable", relative, error.strerror or type(error).__name__) from error


def _check(status: os.stat_result, relative: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Rejected("not_regular", relative)
    if status.st_size == 0:
        raise Rejected("empty_file", relative)
    if status.st_size > MAX_BYTES:
        raise Rejected("too_large", relative, f"{status.st_size} bytes, limit {MAX_BYTES}")
