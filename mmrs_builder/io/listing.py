"""Which files a corpus folder holds. Opens none of them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder.types import Drop

PICTURES: Final = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Suffixes, in lower case, of files that may be pictures."""

VOLUMES: Final = (".mha", ".mhd", ".nhdr", ".nii", ".nii.gz", ".nrrd")
"""Endings, in lower case, of files that may be volumes."""

UNREAD: Final = (
    ".avif", ".dcm", ".dicom", ".heic", ".ima", ".jfif", ".jp2", ".mha", ".mhd", ".nii", ".nii.gz", ".npy", ".npz",
    ".nrrd", ".pbm", ".pnm", ".svs",
)  # fmt: skip
"""Endings, in lower case, of files that a user would call pictures and that are not read here."""

_CONTROL: Final = frozenset({"Cc", "Zl", "Zp"})  # Unicode categories: control characters, line and paragraph ends
_JUNK: Final = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Paths relative to a folder, sorted. ``outside`` are links that lead out of it, to files or folders.

    ``misnamed`` are files and links with a name that is not UTF-8 or holds control characters, written with
    backslashes in place of such bytes; they are in no other field.
    """

    files: tuple[str, ...]
    outside: tuple[str, ...]
    misnamed: tuple[str, ...] = ()


def junk(name: str) -> bool:
    """Whether a file or folder is left there by an operating system (``._a.jpg``, ``.DS_Store``, ``Thumbs.db``)."""
    return name.startswith(".") or name.casefold() in _JUNK


_HELD: Final[ContextVar[dict[Path, Listing] | None]] = ContextVar("listings", default=None)


@contextmanager
def listed_once() -> Iterator[None]:
    """As long as it lasts every folder is walked once, whoever asks: its files must not change meanwhile."""
    token = _HELD.set({})
    try:
        yield
    finally:
        _HELD.reset(token)


def listing(root: Path) -> Listing:
    """Everything below ``root`` except folders and junk; nothing if there is no such folder.

    A linked folder is not entered: if it lies inside ``root`` its files are listed where they are, if not the link is
    named in ``outside``. Raises ``OSError`` for a folder that cannot be read, since its cases would vanish silently.
    """
    held = _HELD.get()
    if held is None:
        return _walked(root)
    if root not in held:
        held[root] = _walked(root)
    return held[root]


def _walked(root: Path) -> Listing:
    if not root.is_dir():
        return Listing(files=(), outside=())
    home = Path(os.path.realpath(root))
    files: list[str] = []
    outside: list[str] = []
    misnamed: list[str] = []
    for folder, folders, names in os.walk(root, onerror=_stop):
        folders[:] = [name for name in folders if not junk(name)]
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*links, *(name for name in names if not junk(name))):
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if (shown := _shown(relative)) != relative:
                misnamed.append(shown)
            elif path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(home):
                outside.append(relative)
            elif name not in links:
                files.append(relative)
    return Listing(files=tuple(sorted(files)), outside=tuple(sorted(outside)), misnamed=tuple(sorted(misnamed)))


def _stop(error: OSError) -> None:
    raise error


def _shown(name: str) -> str:
    """A name as it can be stored and printed: equal to it unless bytes or characters had to be replaced."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in _CONTROL else c for c in text)


def pictures(paths: Iterable[str]) -> tuple[str, ...]:
    """Those paths whose suffix is one of ``PICTURES``, in any case."""
    return tuple(path for path in paths if PurePosixPath(path).suffix.casefold() in PICTURES)


def volumes(paths: Iterable[str]) -> tuple[str, ...]:
    """Those paths that end like a file of ``VOLUMES``, in any case."""
    return tuple(path for path in paths if path.casefold().endswith(VOLUMES))


def leftovers(source: str, paths: Iterable[str], taken: Iterable[str], read: Iterable[str] = ()) -> Iterator[Drop]:
    """A drop (``not_matched``) for each of ``paths`` that a user would call a picture and that is not ``taken``.

    Those in ``read`` are of a kind that the source reads.
    """
    known, kind = frozenset(taken), frozenset(read)
    for path in paths:
        if path in known:
            continue
        if path in kind or PurePosixPath(path).suffix.casefold() in PICTURES:
            yield Drop(source=source, what=path, reason="not_matched")
        elif path.casefold().endswith(UNREAD):
            yield Drop(source=source, what=path, reason="not_matched", detail="files of this kind are not read")


def by_stem(found: Listing, folder: str) -> dict[str, tuple[str, ...]]:
    """Pictures directly in one folder, links out of the corpus included, by file name without extension."""
    stems: dict[str, tuple[str, ...]] = {}
    for path in pictures(sorted((*found.files, *found.outside))):
        if str(PurePosixPath(path).parent) == folder:
            stem = PurePosixPath(path).stem
            stems[stem] = (*stems.get(stem, ()), path)
    return stems


def refusal(images: Sequence[str], masks: Sequence[str], outside: Sequence[str]) -> str | None:
    """Why files of one name are not a pair of one image and one mask: a code of ``vocab.REASONS``; None if they are."""
    if len(images) > 1 or len(masks) > 1:
        return "duplicate_stem"
    if not images or not masks:
        return "no_mask" if images else "no_image"
    return "outside_root" if {*images, *masks} & {*outside} else None
