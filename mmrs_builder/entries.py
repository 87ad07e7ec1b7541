"""The names of an archive's members: which of them may become paths below a folder, each only once."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from mmrs_builder.errors import INTEGRITY, MmrsError
from mmrs_builder.io.listing import junk

LONGEST: Final = 255
"""Bytes of one part of a path that common file systems store."""

LONGEST_PATH: Final = 2048
"""Bytes of a path below the cache, which has to fit into 4096 together with the folders above."""

_DRIVE: Final = re.compile(r"[A-Za-z]:")


def refused(archive: str, what: str) -> MmrsError:
    """The error for an archive that is not unpacked."""
    hint = "Nothing of it is used. If you trust it, unpack it by hand and give the folder with --data."
    return MmrsError(f"{archive}: {what}", code=INTEGRITY, hint=hint)


def is_junk(path: PurePosixPath) -> bool:
    """Whether an operating system left it there; no listing of a corpus would show it."""
    return any(map(junk, path.parts))


def as_path(archive: str, name: str) -> PurePosixPath:
    """A member's relative path, ``.`` for the top folder.

    Raises ``MmrsError`` for names that lead out of the folder, mean something else on another system, cannot be stored
    or hide what they are.
    """
    flaw = _flaw(name)
    if flaw:
        raise refused(archive, f"member {name!r} has {flaw}")
    return PurePosixPath(name)


def _flaw(name: str) -> str | None:
    parts = name.split("/")
    if any("\ud800" <= sign <= "\udfff" for sign in name):
        return "a name that is not UTF-8"
    if any(unicodedata.category(sign) == "Cc" for sign in name):
        return "control characters in its name"
    if not name or name.startswith("/") or _DRIVE.match(name):
        return "no relative path"
    if ".." in parts:
        return "'..' in its path"
    if "\\" in name:
        return "a backslash in its path"
    if len(name.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST for part in parts):
        return f"a path longer than {LONGEST_PATH} bytes, or a part of it longer than {LONGEST}"
    return None


class Claims:
    """The paths taken below one folder, as a file system compares them that ignores case and composition."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: dict[str, str] = {}  # its key: how it is spelt

    def folder(self, archive: str, path: PurePosixPath) -> None:
        """Take a folder and those above it; one may be taken again. Raises ``MmrsError`` where two names collide."""
        for part in (*reversed(path.parents), path):
            spelling = str(part)
            key = _key(part)
            if key in self._files or self._folders.setdefault(key, spelling) != spelling:
                raise refused(archive, f"member {str(path)!r} collides with another one at {spelling!r}")

    def file(self, archive: str, path: PurePosixPath) -> None:
        """Take a file and the folders above it. Raises ``MmrsError`` where two names collide."""
        self.folder(archive, path.parent)
        key = _key(path)
        if key in self._files or key in self._folders:
            raise refused(archive, f"member {str(path)!r} collides with another one")
        self._files.add(key)


def _key(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
