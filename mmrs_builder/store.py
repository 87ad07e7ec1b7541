"""A verified build in an object store: S3, and what else ``fsspec`` writes to.

A store has no commits. So the manifest and the cards of an earlier version leave first and the new ones come last, the
manifest at the very end: who follows a manifest finds the old version, the new one or none, and no mixture that
verifies. What lies there already, byte for byte, is not sent again, so an interrupted push goes on when it is repeated.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final

from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.io.extras import need
from mmrs_builder.parcel import BESIDE, is_ours, origin, stale
from mmrs_builder.verify.integrity import PUSHED

DRIVERS: Final = {"s3": "s3fs", "s3a": "s3fs"}
"""Libraries that an extra of the installation brings; the others fsspec names itself."""

NO_STORES: Final = ("file", "local", "http", "https", "hf")
"""What fsspec also calls a file system, and cannot be written to or has a way of its own."""

REFUSALS: Final = (
    ("aiohttp", "ClientError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("azure.core.exceptions", "AzureError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
)
"""What drivers raise beside errors of the system."""

AGAIN: Final = (
    "Bucket and credentials are those that the driver finds: for S3 in AWS_PROFILE or AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL.\n"
    "What has arrived is kept: run the same command again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A place for objects: what lies below ``root`` in an fsspec file system."""

    address: str
    root: str
    system: Any

    def sizes(self) -> dict[str, int]:
        """Bytes by path below the root."""
        found = self.system.find(self.root, detail=True)
        return {
            name.removeprefix(self.root).lstrip("/"): int(entry["size"])
            for name, entry in found.items()
            if entry["size"] or not name.endswith("/")  # else a mark that stands for a folder
        }

    def holds(self, name: str, file: Path) -> bool:
        """Whether the object has the bytes of a file; both are read."""
        with self.system.open(self._path(name), "rb") as there, file.open("rb") as here:
            return _sha256(there) == _sha256(here)

    def put(self, name: str, file: Path) -> None:
        """Send a file."""
        self.system.put_file(str(file), self._path(name))

    def remove(self, name: str) -> None:
        """Remove an object."""
        self.system.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"


def store(address: str) -> Store:
    """The store at an address; nothing is asked of it yet.

    Raises ``MmrsError`` for an address that leads to none, and without its driver.
    """
    from fsspec.core import url_to_fs

    scheme = address.partition("://")[0]
    if scheme in NO_STORES or "::" in address:
        hint = "Name a bucket and a prefix, as in s3://BUCKET/PREFIX, or USER/NAME for the Hub."
        raise MmrsError(f"{address} is no address of an object store", code=USAGE, hint=hint)
    try:
        if scheme in DRIVERS:
            need(DRIVERS[scheme])
        system, root = url_to_fs(address, use_listings_cache=False)
    except (ImportError, TypeError, ValueError) as error:  # a type error: what leads to another file system
        raise MmrsError(f"{address}: {_sentence(error)}", code=USAGE) from error
    if not root.strip("/"):
        raise MmrsError(f"{address} names no place", code=USAGE, hint="Name a bucket and a prefix in it.")
    return Store(address=address, root=root.rstrip("/"), system=system)


def push(out: Path, files: Mapping[str, int], *, to: Store, told: Callable[[str], None]) -> str:
    """Send the named files of a verified build, with their sizes, in the place of an earlier version.

    ``told`` hears of each file that has arrived, was there, or was removed. Returns the address.
    Raises ``MmrsError`` where there are files of something else, and when the store cannot be reached or refuses.
    """
    try:
        there = to.sizes()
        _check_is_ours(to, there)
        kept = {name for name in files if there.get(name) == files[name] and to.holds(name, origin(out, name))}
        if len(kept) < len(files) or any(stale(there, files)):
            _replace(out, to, files, there=there, kept=kept, told=told)
    except _refusals() as error:
        raise MmrsError(f"{to.address}: {_sentence(error)}", code=ENVIRONMENT, hint=AGAIN) from error
    return to.address


def _replace(
    out: Path,
    to: Store,
    files: Mapping[str, int],
    *,
    there: Collection[str],
    kept: Collection[str],
    told: Callable[[str], None],
) -> None:
    """Take manifest and cards away, change the shards, and put the new cards and manifest there."""
    for name in reversed(BESIDE):
        if name in there:
            to.remove(name)
    for name in files:
        if name not in BESIDE:
            if name not in kept:
                to.put(name, origin(out, name))
            told(f"{'there already:' if name in kept else 'sent'} {name}")
    for name in stale(there, files):
        if name not in BESIDE:
            to.remove(name)
            told(f"removed {name}")
    for name in BESIDE:
        if name in files:
            if name == PUSHED:
                _check_sizes(to, {name: size for name, size in files.items() if name != PUSHED})
            to.put(name, origin(out, name))
            told(f"sent {name}")
    _check_sizes(to, files)


def _check_is_ours(to: Store, there: Collection[str]) -> None:
    """Nothing is put among files of something else, of which nobody knows what they are for."""
    foreign = sorted(name for name in there if not is_ours(name))
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise MmrsError(
            f"{to.address} holds files that are of no build: {foreign[0] or 'itself a file'}{more}",
            code=USAGE,
            hint="Nothing was changed. Name a prefix of its own, empty or with an earlier version.",
        )


def _check_sizes(to: Store, files: Mapping[str, int]) -> None:
    """Raises ``MmrsError`` unless the store has these files in these sizes, and no others."""
    there = to.sizes()
    wrong = sorted(name for name in {*files, *there} if there.get(name) != files.get(name))
    if wrong:
        raise MmrsError(
            f"{to.address}: {wrong[0]} has {there.get(wrong[0])} bytes there and {files.get(wrong[0])} here",
            code=ENVIRONMENT,
            hint="Does somebody else write there? Run the same command again.",
        )


def _refusals() -> tuple[type[Exception], ...]:
    """Errors of the system, and what the drivers that are loaded raise beside them; the others are not looked for."""
    own = (getattr(sys.modules[module], name) for module, name in REFUSALS if module in sys.modules)
    return (OSError, ValueError, RuntimeError, *own)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _sha256(file: BufferedIOBase) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()
