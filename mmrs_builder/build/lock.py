"""The lock of an output folder: held alone by what changes the folder as a whole, shared by tasks that add to it.

Both are ``flock`` on one file, so they exclude each other. A folder is claimed only by a process that is alone in it.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from filelock import FileLock, Timeout

from mmrs_builder.build import folder
from mmrs_builder.errors import ENVIRONMENT, LOCKED, MmrsError

HELD: Final = (errno.EACCES, errno.EAGAIN)
"""What a file system says of a lock that somebody else holds."""

PATIENCE: Final = 10.0
"""Seconds to wait for tasks that claim the folder in the same moment; a build that holds it takes longer."""

PAUSE: Final = 0.05
"""Seconds between two tries."""


@contextmanager
def alone(out: Path, made_with: Mapping[str, object], *, overwrite: bool) -> Iterator[None]:
    """Hold the lock with nobody else, in a folder that is claimed for these settings.

    Raises ``MmrsError`` where another process holds it, or the folder was made with other settings.
    """
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(folder.state(out) / "lock", timeout=0))
        except Timeout:
            raise _locked(out) from None
        folder.claim(out, made_with, overwrite=overwrite)
        yield


@contextmanager
def shared(out: Path, made_with: Mapping[str, object], *, overwrite: bool) -> Iterator[None]:
    """Hold the lock together with others that share it, all with these settings: the first to come claims the folder.

    Raises ``MmrsError`` as ``alone`` does, and where the file system has no lock to share.
    """
    end = time.monotonic() + PATIENCE
    with (folder.state(out) / "lock").open("a+b") as file:
        while not _joined(file, out, made_with, overwrite=overwrite):
            if time.monotonic() > end:
                raise _locked(out)
            time.sleep(PAUSE)
        yield


def _joined(file: IO[bytes], out: Path, made_with: Mapping[str, object], *, overwrite: bool) -> bool:
    """Whether the lock is shared now. Somebody may claim the folder anew until it is, so that is looked at last."""
    if not folder.is_claimed(out, made_with, overwrite=overwrite):
        if not _flock(file, exclusive=True):
            return False
        folder.claim(out, made_with, overwrite=overwrite)
    return _flock(file, exclusive=False) and folder.is_claimed(out, made_with, overwrite=overwrite)


def _flock(file: IO[Any], *, exclusive: bool) -> bool:
    """Take the lock, or exchange it for the other kind, if nobody holds it in a way that forbids that."""
    path = Path(file.name)
    try:
        import fcntl
    except ImportError:
        raise _no_lock(path, "the system has no flock") from None
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in HELD:
            return False
        if not path.stat().st_size:  # made by us: where there is no flock, a lock is a file that exists
            path.unlink()
        raise _no_lock(path, str(error.strerror)) from error
    return True


def _locked(out: Path) -> MmrsError:
    hint = "Wait for it, or choose another --out."
    return MmrsError(f"{out} is being built by another process", code=LOCKED, hint=hint)


def _no_lock(path: Path, why: str) -> MmrsError:
    hint = "Mount the file system with flock (Lustre: -o flock), or build without --stage, in one process at a time."
    return MmrsError(f"{path} cannot be locked by several tasks: {why}", code=ENVIRONMENT, hint=hint)
