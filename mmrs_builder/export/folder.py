"""The folder that an export goes into: whose it is, and how a new version takes the place of the old one.

All is written below ``DIR/.mmrs-export`` and renamed from there, so nothing outside of ``DIR`` is ever touched. Files
beside it come last and go first: they list what lies in the folders. The mark, ``.mmrs-export/export.json``, names
every file with its digest; what it does not name is somebody else's, and the folder is left alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from filelock import FileLock, Timeout

from mmrs_builder.errors import ENVIRONMENT, LOCKED, USAGE, MmrsError

STATE: Final = ".mmrs-export"
MARK: Final = "export.json"
MINE: Final = "Nothing was touched. Name a folder that is new, empty, or made by mmrs export and not changed since."

Files: TypeAlias = Mapping[str, str]
"""SHA-256 by path below the folder."""

Add: TypeAlias = Callable[[object], None]


class Draft:
    """A version that is being written; ``counts`` says what it holds, by split and kind of thing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.counts: Counter[tuple[str, str]] = Counter()

    def put(self, name: str, data: bytes) -> str:
        """Write a file; its name is given back."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return name

    def put_json(self, name: str, value: object) -> None:
        """Write readable JSON."""
        self.put(name, f"{json.dumps(value, indent=1, ensure_ascii=False)}\n".encode())

    def open(self, name: str) -> BinaryIO:
        """A new file, to be written piece by piece."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")

    @contextmanager
    def lines(self, name: str) -> Iterator[Add]:
        """A function that adds a value to a file of JSON lines."""
        with self.open(name) as stream:
            yield lambda value: _write(stream, f"{_line(value)}\n")

    @contextmanager
    def array(self, name: str) -> Iterator[Add]:
        """A function that adds a value to a file of one JSON array."""
        with self.open(name) as stream:
            started = False

            def add(value: object) -> None:
                nonlocal started
                _write(stream, f"{',' if started else '['}\n{_line(value)}")
                started = True

            yield add
            _write(stream, "\n]\n" if started else "[]\n")

    def count(self, split: str, **found: int) -> None:
        """Note what was written of a view."""
        self.counts.update({(split, name): n for name, n in found.items()})


@contextmanager
def drafting(folder: Path, out: Path, made: Mapping[str, object]) -> Iterator[Draft]:
    """A draft that becomes the content of ``folder`` when the block ends well; else the old content stays.

    ``out`` is the build that is exported, ``made`` what the mark says of the export.
    Raises ``MmrsError`` for a folder that is not ours, lies in the build, or is in use.
    """
    _check_place(folder, out)
    known = _known(folder)
    _check_files(folder, known)
    state = _state(folder)
    try:
        with FileLock(state / "lock", timeout=0):
            for rest in ("draft", "retired"):
                shutil.rmtree(state / rest, ignore_errors=True)
            draft = Draft(state / "draft")
            draft.root.mkdir()
            yield draft
            _publish(folder, draft, known, made)
    except Timeout:
        raise MmrsError(f"{folder} is being written by another process", code=LOCKED, hint="Wait for it.") from None


def _state(folder: Path) -> Path:
    """The folder of our own below ``folder``, made if need be."""
    try:
        (folder / STATE).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Check its permissions and its disk, or name another folder."
        raise MmrsError(f"cannot write to {folder}: {error.strerror}", code=ENVIRONMENT, hint=hint) from error
    return folder / STATE


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _write(stream: BinaryIO, text: str) -> None:
    stream.write(text.encode())


def _check_place(folder: Path, out: Path) -> None:
    place, build = folder.resolve(), out.resolve()
    if folder.exists() and not folder.is_dir():
        raise MmrsError(f"--out {folder} is a file", code=USAGE, hint=MINE)
    if place == build or place in build.parents or build in place.parents:
        hint = "Nothing was touched. Choose a folder beside it."
        raise MmrsError(f"--out {folder} and the build {out} lie in each other", code=USAGE, hint=hint)


def _known(folder: Path) -> dict[str, set[str]]:
    """The digests that each file of ours may have: two while one version takes the place of another."""
    try:
        mark = json.loads((folder / STATE / MARK).read_text(encoding="utf-8"))
        versions = [mark["files"], mark.get("before", {})]
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return {}
    names = {name for version in versions for name in version}
    return {name: {version[name] for version in versions if name in version} for name in names}


def _check_files(folder: Path, known: Mapping[str, set[str]]) -> None:
    for name, path in _files(folder):
        if path.is_symlink() or name not in known:
            raise MmrsError(f"{path} was not made by mmrs export", code=USAGE, hint=MINE)
        if _sha256(path) not in known[name]:
            raise MmrsError(f"{path} was changed since mmrs export made it", code=USAGE, hint=MINE)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file and link below a folder but what lies in ``STATE``, with its path below it, sorted."""
    found = sorted(folder.rglob("*")) if folder.is_dir() else []
    for path in found:
        name = path.relative_to(folder)
        if name.parts[0] != STATE and (path.is_symlink() or not path.is_dir()):
            yield name.as_posix(), path


def _publish(folder: Path, draft: Draft, known: Mapping[str, set[str]], made: Mapping[str, object]) -> None:
    state = folder / STATE
    files = {name: _sha256(path) for name, path in _files(draft.root)}
    before = {name: _sha256(path) for name, path in _files(folder)} if known else {}
    mark = {**made, "counts": counts(draft), "files": files}
    _mark(state, {**mark, "before": before})  # a version that was cut off half way is still known to be ours
    (state / "retired").mkdir()
    for path in sorted(_entries(folder), key=lambda path: (path.is_dir(), path.name)):
        path.rename(state / "retired" / path.name)
    for path in sorted(_entries(draft.root), key=lambda path: (not path.is_dir(), path.name)):
        path.rename(folder / path.name)
    _mark(state, mark)
    for rest in ("draft", "retired"):
        shutil.rmtree(state / rest)


def counts(draft: Draft) -> dict[str, dict[str, int]]:
    """What a draft holds, split by split."""
    splits = dict.fromkeys(split for split, _ in draft.counts)
    return {split: {name: n for (of, name), n in draft.counts.items() if of == split} for split in splits}


def _entries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != STATE]


def _mark(state: Path, mark: Mapping[str, object]) -> None:
    draft = state / f"{MARK}.draft"
    draft.write_text(f"{json.dumps(mark, indent=1, ensure_ascii=False, sort_keys=True)}\n", encoding="utf-8")
    draft.replace(state / MARK)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
