"""Unpacking an archive that nobody vouches for: regular files and folders only, with limits kept while reading."""

from __future__ import annotations

import bz2
import gzip
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EINVAL
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol, Self, cast

from mmrs_builder.entries import Claims, as_path, is_junk, refused
from mmrs_builder.errors import ENVIRONMENT, MmrsError

CHUNK: Final = 1 << 20
DESCRIBING: Final = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
"""Tar headers that describe the next member."""

LONGEST_HEADER: Final = 1 << 20
"""Bytes of such a header; it is read into memory."""

TAR: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2")
UNREAD: Final = (".7z", ".rar", ".xz", ".txz", ".zst", ".bz2")
"""Endings of archives that are refused: copied, they would be mistaken for a corpus."""

Told = Callable[[int], None]
"""Is told how many bytes came out, piece by piece."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may become. ``ratio`` is bytes out per byte in, and asked only from ``ratio_from`` bytes on."""

    size: int = 2 << 40
    members: int = 2_000_000
    ratio: int = 250
    ratio_from: int = 1 << 28


class Target:
    """A folder that archives are unpacked into, one after another. ``files`` and ``junk`` count members."""

    def __init__(self, root: Path, limits: Limits | None = None) -> None:
        self.root, self.limits = root, limits or Limits()
        self.claims = Claims()
        self.files = self.junk = self.members = self.size = 0


def unpack(archive: Path, name: str, target: Target, folder: str = "", told: Told = lambda _: None) -> None:
    """Unpack a zip, tar, gzip or plain file, called ``name`` where it came from, below ``folder`` of the target.

    Modes, owners and times of the archive are not taken over; junk of macOS is left out and counted. A plain file and
    ``.nii.gz`` are copied. On an error, what was written stays in the target, which the caller throws away.

    Raises ``MmrsError``: links, devices, names that ``entries`` refuses, encryption, damage, more than the limits
    allow; too little room where a zip says how much it needs.
    """
    work = _Unpacking(archive, name, target, as_path(name, folder or "."), told)
    if not work.packed:
        raise refused(name, "it is damaged: there is nothing in it")
    kind = _kind(archive, name)
    with _damage_reported(name):
        if kind == "zip":
            _unzip(work)
        elif kind == "tar":
            _untar(work)
        elif kind == "gz":
            with gzip.open(archive) as stream:
                work.file(name[: -len(".gz")], work.metered(stream))
        else:
            _copy(work)


def _kind(archive: Path, name: str) -> str:
    """By the name; where it has no ending, as in ``…/download``, by the first bytes."""
    lower = name.lower()
    if lower.endswith(TAR):
        return "tar"
    if lower.endswith(".zip"):
        return "zip"
    if lower.endswith(".gz") and not lower.endswith(".nii.gz"):
        return "gz"
    if lower.endswith(UNREAD):
        raise refused(name, "this kind of archive is not unpacked")
    if "." in name:
        return "plain"
    with archive.open("rb") as stream:
        head = stream.read(512)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "tar" if head[257:262] == b"ustar" or head.startswith((b"\x1f\x8b", b"BZh")) else "plain"


class _Unpacking:
    """One archive on its way into a target."""

    def __init__(self, archive: Path, name: str, target: Target, folder: PurePosixPath, told: Told) -> None:
        self.archive, self.name, self.target, self.folder, self.told = archive, name, target, folder, told
        self.packed = archive.stat().st_size
        self.unpacked = 0

    def path(self, member: str) -> PurePosixPath | None:
        """Where a member belongs; None for junk. Counts it."""
        target = self.target
        target.members += 1
        if target.members > target.limits.members:
            raise refused(self.name, f"it has more than {target.limits.members} members")
        path = as_path(self.name, member)
        if is_junk(path):
            target.junk += 1
            return None
        return self.folder / path

    def subfolder(self, member: str) -> None:
        path = self.path(member)
        if path is not None:
            self.target.claims.folder(self.name, path)
            (self.target.root / path).mkdir(parents=True, exist_ok=True)

    def file(self, member: str, stream: _Readable) -> None:
        path = self.path(member)
        if path is None:
            return
        self.target.claims.file(self.name, path)
        to = self.target.root / path
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("xb") as copy:
            while chunk := stream.read(CHUNK):
                copy.write(chunk)
        self.target.files += 1

    def metered(self, stream: _Readable) -> _Metered:
        return _Metered(stream, self.count)

    def count(self, size: int) -> None:
        """Count bytes that came out, before they are written."""
        target, limits = self.target, self.target.limits
        self.unpacked += size
        target.size += size
        if target.size > limits.size:
            raise refused(self.name, f"it unpacks to more than {limits.size} bytes")
        if self.unpacked > limits.ratio_from and self.unpacked > limits.ratio * self.packed:
            raise refused(self.name, f"it unpacks to more than {limits.ratio} times its size")
        self.told(size)


class _Metered:
    """A stream of which every byte read is counted."""

    def __init__(self, stream: _Readable, count: Callable[[int], None]) -> None:
        self._stream, self._count = stream, count

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._count(len(data))
        return data


@contextmanager
def _damage_reported(name: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise refused(name, f"it has a name that is not UTF-8 ({error})") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, struct.error, EOFError, ValueError) as error:
        raise refused(name, f"it is damaged, or not what its name says ({error})") from None
    except RuntimeError as error:  # encryption, a method of compression that zipfile lacks, headers in headers
        raise refused(name, f"it is packed in a way that is not read ({error})") from None
    except OSError as error:
        if error.errno not in (None, EINVAL):  # the disk's, not a decoder's, nor of a place before the file's beginning
            raise
        raise refused(name, f"it is damaged, or not what its name says ({error})") from None


def _copy(work: _Unpacking) -> None:
    if work.name.lower().endswith(".gz"):
        with gzip.open(work.archive) as stream:
            _drained(work.metered(stream))  # only to see that it is whole
    with work.archive.open("rb") as plain:
        work.file(work.name, plain)


def _unzip(work: _Unpacking) -> None:
    with zipfile.ZipFile(work.archive, metadata_encoding="utf-8") as archive:
        members = archive.infolist()
        _check_room(work, sum(member.file_size for member in members))
        for member in members:
            # zipfile cuts ``filename`` at a NUL; what the archive says is in ``orig_filename``.
            name, kind = member.orig_filename, stat.S_IFMT(member.external_attr >> 16)
            is_folder = name.endswith("/")
            if kind not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
                raise refused(work.name, f"member {name!r} is a link, or no regular file")
            if is_folder:
                work.subfolder(name)
                continue
            with archive.open(member) as stream:
                work.file(name, work.metered(stream))


def _check_room(work: _Unpacking, needed: int) -> None:
    free = shutil.disk_usage(work.target.root).free
    if free < needed <= work.target.limits.size:
        raise MmrsError(
            f"{work.name} unpacks to {needed} bytes, but {work.target.root.parent} has {free} bytes free",
            code=ENVIRONMENT,
            hint="Make room, or set MMRS_CACHE to a folder on a larger disk.",
        )


def _untar(work: _Unpacking) -> None:
    with _decompressed(work.archive) as stream:
        metered = work.metered(stream)
        # Read as a stream, the only way in which it does not seek back in what has to be decompressed.
        with tarfile.open(fileobj=cast("IO[bytes]", metered), mode="r|", encoding="utf-8", tarinfo=_Header) as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would remember them all
                _untar_member(work, archive, member)
        if _drained(metered):
            raise refused(work.name, "something follows the end of the archive")


def _untar_member(work: _Unpacking, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    if member.isdir():
        work.subfolder(member.name)
        return
    content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None:
        raise refused(work.name, f"member {member.name!r} is a link, or no regular file")
    with content:
        work.file(member.name, content)


def _decompressed(archive: Path) -> gzip.GzipFile | bz2.BZ2File | IO[bytes]:
    with archive.open("rb") as stream:
        head = stream.read(3)
    if head.startswith(b"\x1f\x8b"):
        return gzip.open(archive)
    return bz2.open(archive) if head == b"BZh" else archive.open("rb")


def _drained(stream: _Metered) -> bool:
    """Read to the end, where checksums are compared. Whether anything but zeros came."""
    found = False
    while chunk := stream.read(CHUNK):
        found = found or any(chunk)
    return found


class _Header(tarfile.TarInfo):
    """A tar header of which no damage passes for the end of the archive, nor a huge one is read into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a block of 512 bytes. Raises ``tarfile.ReadError``."""
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise  # the mark of the end
            raise tarfile.ReadError(f"{error}, where a member or the end should be") from None
        if header.type in DESCRIBING and header.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {header.size} bytes")
        return header
