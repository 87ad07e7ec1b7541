"""A corpus from its web site into the cache: downloaded, compared with its digest, unpacked, and only then there.

Beside the corpus folder ``NAME`` lie ``NAME.json``, which says what it was made from, and while it is made
``.NAME.unpacking`` and the archives in ``.downloads/NAME``. A killed download goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from filelock import FileLock, Timeout

from mmrs_builder.build.stage import flush_folder, read_json, write_json
from mmrs_builder.digests import sha256
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.transfer import Patience, receive
from mmrs_builder.types import Download, Source
from mmrs_builder.unpack import Target, unpack

MIRROR: Final = "MMRS_MIRROR"
"""Environment variable: ``http(s)://host[:port]`` that is asked in place of every server."""

PATIENCE: Final = Patience()

Progress = Callable[[str, int, int | None], None]
"""Is told what is worked on, how many bytes of it are done, and of how many if that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """A downloaded archive, complete."""

    download: Download
    path: Path
    name: str
    sha256: str


def fetch(
    source: Source,
    folder: Path,
    progress: Progress,
    say: Callable[[str], None],
    patience: Patience = PATIENCE,
) -> Path:
    """Make ``folder`` the corpus of a source, unless it is there, and return it.

    Nothing outside of the folder's parent is written or removed. Of several processes one works and the others wait.
    Raises ``MmrsError`` for a download that fails, another digest than the pinned one, and an archive that
    ``unpack`` refuses; there is no ``folder`` then.
    """
    if folder.is_dir():
        return folder
    if folder.exists() or folder.is_symlink():
        raise MmrsError(f"{folder} is no folder", code=USAGE, hint="Move it elsewhere: the corpus is to lie there.")
    work = folder.parent / ".downloads" / folder.name
    work.mkdir(parents=True, exist_ok=True)
    with _alone(work.with_name(f"{folder.name}.lock"), f"{source.title} is being downloaded by another process", say):
        if not folder.is_dir():
            work.mkdir(exist_ok=True)
            got = [_got(source, nr, work, progress, say, patience) for nr in range(len(source.downloads))]
            _publish(source, got, folder, progress)
            shutil.rmtree(work)
    return folder


def record(folder: Path) -> dict[str, Any] | None:
    """What a corpus folder was made from, if it was downloaded here."""
    return read_json(_record_of(folder))


def trusted(source: Source, digests: Sequence[str]) -> Source:
    """The source with other SHA-256 of its archives, in their order. Raises ``MmrsError`` where they do not fit."""
    digests = [digest.lower() for digest in digests]
    for digest in digests:
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise MmrsError(f"--sha256 {source.name}={digest}", code=USAGE, hint="It is 64 digits from 0 to f.")
    if len(digests) != len(source.downloads):
        raise MmrsError(
            f"--sha256: {len(digests)} of {source.name}, which has {len(source.downloads)} archives",
            code=USAGE,
            hint="\n".join(["Repeat it for each of them, in this order:", *(item.url for item in source.downloads)]),
        )
    pairs = zip(source.downloads, digests, strict=True)
    return replace(source, downloads=tuple(replace(download, sha256=digest) for download, digest in pairs))


def address(download: Download) -> str:
    """Where it is downloaded from: its address, or the same path on the mirror. Raises ``MmrsError`` for no mirror."""
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return download.url
    server = urlsplit(mirror)
    if server.scheme not in ("http", "https") or not server.hostname or "@" in server.netloc or server.path.strip("/"):
        raise MmrsError(f"{MIRROR}={mirror}", code=USAGE, hint="It is http://HOST:PORT or https://HOST:PORT.")
    return urlunsplit(urlsplit(download.url)._replace(scheme=server.scheme, netloc=server.netloc))


@contextmanager
def _alone(lock: Path, busy: str, say: Callable[[str], None]) -> Iterator[None]:
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        say(f"{busy}; waiting for it")
        held.acquire()
    try:
        yield
    finally:
        held.release()


def _got(
    source: Source, nr: int, work: Path, progress: Progress, say: Callable[[str], None], patience: Patience
) -> Got:
    download = source.downloads[nr]
    url = address(download)
    name = unquote(PurePosixPath(urlsplit(download.url).path).name) or "archive"
    path = work / f"{nr}-{sha256(download.url.encode())[:16]}"
    if path.is_file():
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    else:
        found = receive(url, path, lambda done, total: progress(name, done, total), say, patience)
    if download.sha256 is None:
        say(f"{name}: nobody has pinned its SHA-256; this one has {found}")
    elif found != download.sha256:
        path.unlink()
        raise MmrsError(
            f"{url}: SHA-256 is {found}, expected {download.sha256}",
            code=INTEGRITY,
            hint="It was removed: damaged on its way, tampered with, or a newer release.\n"
            f"Try again; look at {source.url}; if you trust this one, add --sha256 {source.name}={found}",
        )
    return Got(download=download, path=path, name=name, sha256=found)


def _publish(source: Source, got: Sequence[Got], folder: Path, progress: Progress) -> None:
    staged = folder.with_name(f".{folder.name}.unpacking")
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir()
    target = Target(staged)
    try:
        for archive in got:
            _unpack(archive, target, progress)
        write_json(_record_of(folder), _record(source, got, target))
        os.sync()  # what is renamed must be on the disk: a corpus folder that is there is whole
        staged.rename(folder)
        flush_folder(folder.parent)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def _unpack(archive: Got, target: Target, progress: Progress) -> None:
    try:
        unpack(
            archive.path,
            archive.name,
            target,
            archive.download.folder,
            lambda _: progress(f"unpack {archive.name}", target.size, None),
        )
    except MmrsError as error:
        # With a pinned digest it is what it should be, and a second download would bring the same.
        if error.code == INTEGRITY and archive.download.sha256 is None:
            archive.path.unlink()
        raise


def _record_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _record(source: Source, got: Sequence[Got], target: Target) -> dict[str, object]:
    """What a corpus folder was made from: enough to pin it, and nothing of when or by whom."""
    archives = [
        {
            "url": archive.download.url,
            "sha256": archive.sha256,
            "bytes": archive.path.stat().st_size,
            "pinned": archive.download.sha256 is not None,
            "folder": archive.download.folder,
        }
        for archive in got
    ]
    return {
        "source": source.name,
        "version": source.version,
        "archives": archives,
        "files": target.files,
        "junk_skipped": target.junk,
    }
