"""One file from a web server to the disk: whole, and resumed where it was cut, if it is still the same file there."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx2

from mmrs_builder import __version__
from mmrs_builder.errors import ENVIRONMENT, MANUAL, MmrsError

CHUNK: Final = 1 << 20
HEADWAY: Final = 1 << 20
"""Bytes beyond the farthest so far after which the tries are counted anew: slow lines are not given up."""

REDIRECTS: Final = 10
BUSY: Final = (408, 425, 429)
"""Answers besides 5xx after which the same request may succeed."""

Progress = Callable[[int, int | None], None]
"""Is told how many bytes are there, and of how many if that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a server to say something, and the pauses between tries, both in seconds."""

    silence: float = 60
    pauses: tuple[float, ...] = (1, 2, 4, 8, 16)


class _Again(Exception):
    """Went wrong, and may not go wrong the next time."""


def receive(url: str, to: Path, progress: Progress, say: Callable[[str], None], patience: Patience) -> str:
    """Download into ``to`` and return its SHA-256. What is left of an earlier try, beside ``to``, is gone on with.

    Raises ``MmrsError``: a refusal of the server, a redirect that leaves https or http, too little room on the disk, a
    connection that is cut again and again.
    """
    part = _Part(to, url)
    failures, farthest = 0, part.size
    with httpx2.Client(timeout=patience.silence, headers=_HEADERS) as client:
        while True:
            try:
                _attempt(client, url, part, progress)
                return part.finished()
            except (_Again, httpx2.TransportError) as error:
                why = str(error) or type(error).__name__
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise _refusal(url, f"its certificate is not valid ({error})") from None
                if part.size >= farthest + HEADWAY:
                    failures, farthest = 0, part.size
                if failures == len(patience.pauses):
                    raise _given_up(url, why, failures + 1, part.size) from None
                say(f"{url}: {why}; trying again in {patience.pauses[failures]} s")
                time.sleep(patience.pauses[failures])
                failures += 1


_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": f"mmrs-builder/{__version__}"}


def _attempt(client: httpx2.Client, url: str, part: _Part, progress: Progress) -> None:
    with _answer(client, url, part.wanted()) as answer:
        status, total = answer.status_code, _total(answer)
        if status >= 500 or status in BUSY:
            raise _Again(f"the server answered {status} {answer.reason_phrase}")
        if status == 416 and total == part.size and part.goes_on(answer):
            return
        if status == 416 or (status == 206 and not (_start(answer) == part.size and part.goes_on(answer))):
            part.restart("")
            raise _Again("the server has another file than before")
        if status not in (200, 206):
            raise _refusal(url, f"the server answered {status} {answer.reason_phrase}")
        if answer.headers.get("Content-Type", "").startswith("text/html") and not url.endswith((".html", ".htm")):
            raise _refusal(url, "the server sent a web page in place of the file")
        if status == 200:
            part.restart(_validator(answer))
        part.check_room(total)
        progress(part.size, total)
        for size in part.append(answer.iter_raw()):
            progress(size, total)
    if total is not None and part.size != total:
        raise _Again(f"the connection ended after {part.size} of {total} bytes")


@contextmanager
def _answer(client: httpx2.Client, start: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
    """The answer at the end of all redirects. Raises ``MmrsError`` for one that must not be followed."""
    url = _joined(start, start, start)
    for _ in range(REDIRECTS):
        with client.stream("GET", url, headers=headers, follow_redirects=False) as answer:
            if not answer.has_redirect_location:
                yield answer
                return
            target = _joined(start, str(url), answer.headers["Location"])
        if url.scheme == "https" and target.scheme == "http":
            raise _refusal(start, f"it leads from https to {target}, where anybody could change the file")
        url = target
    raise _refusal(start, f"more than {REDIRECTS} redirects")


def _joined(start: str, url: str, target: str) -> httpx2.URL:
    try:
        joined = httpx2.URL(urljoin(url, target))
    except (httpx2.InvalidURL, ValueError) as error:
        raise _refusal(start, f"it leads to {target!r} ({error})") from None
    if joined.scheme not in ("http", "https") or not joined.host:
        raise _refusal(start, f"it leads to {target!r}, and only http and https are downloaded from")
    return joined


class _Part:
    """What is there of a file: its bytes, their digest, and by what the server can tell that it still has that file."""

    def __init__(self, to: Path, url: str) -> None:
        self._to, self._url = to, url
        self._path = to.with_name(f"{to.name}.part")
        self._note = to.with_name(f"{to.name}.part.json")
        self._sha256 = hashlib.sha256()
        self.size = 0
        self._mark = self._noted()
        if self._mark:
            with self._path.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    self._sha256.update(chunk)
                    self.size += len(chunk)
        else:
            self.restart("")

    def _noted(self) -> str:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return ""
        known = isinstance(note, dict) and note.get("url") == self._url and self._path.is_file()
        return str(note["mark"]) if known and note.get("mark") else ""

    def wanted(self) -> dict[str, str]:
        """Headers that ask for the rest, or for all of it if the file has changed."""
        return {"Range": f"bytes={self.size}-", "If-Range": self._mark} if self._mark and self.size else {}

    def goes_on(self, answer: httpx2.Response) -> bool:
        """Whether an answer speaks of the same file; servers that do not say are believed."""
        return _validator(answer) in ("", self._mark)

    def restart(self, mark: str) -> None:
        self._path.write_bytes(b"")
        self._note.write_text(json.dumps({"url": self._url, "mark": mark}), encoding="utf-8")
        self._sha256, self.size, self._mark = hashlib.sha256(), 0, mark

    def append(self, chunks: Iterator[bytes]) -> Iterator[int]:
        """Write bytes as they come, and say how many there are. What came before an error is kept."""
        with self._path.open("ab") as stream:
            for chunk in chunks:
                stream.write(chunk)
                self._sha256.update(chunk)
                self.size += len(chunk)
                yield self.size

    def check_room(self, total: int | None) -> None:
        needed, free = (total or 0) - self.size, shutil.disk_usage(self._path.parent).free
        if needed > free:
            raise MmrsError(
                f"{self._to.name} needs {needed} more bytes, but {self._path.parent} has {free} bytes free",
                code=ENVIRONMENT,
                hint="Make room, or set MMRS_CACHE to a folder on a larger disk.",
            )

    def finished(self) -> str:
        self._path.replace(self._to)
        self._note.unlink()
        return self._sha256.hexdigest()


def _validator(answer: httpx2.Response) -> str:
    """A strong ETag, else the date of change, else nothing."""
    tag = str(answer.headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(answer.headers.get("Last-Modified", ""))


def _total(answer: httpx2.Response) -> int | None:
    """Size of the whole file, which a partial answer says in another header."""
    if answer.status_code in (206, 416):
        found = re.search(r"/(\d+)$", answer.headers.get("Content-Range", ""))
        return int(found[1]) if found else None
    length = str(answer.headers.get("Content-Length", ""))
    return int(length) if length.isdecimal() else None


def _start(answer: httpx2.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _refusal(url: str, why: str) -> MmrsError:
    hint = "Open the page of the corpus, download it by hand and give its folder with --data."
    return MmrsError(f"{url}: {why}", code=MANUAL, hint=hint)


def _given_up(url: str, why: str, tries: int, size: int) -> MmrsError:
    hint = (
        f"Is the network there? The same command goes on after the {size} bytes that have arrived.\n"
        "Or download it by hand and give its folder with --data."
    )
    return MmrsError(f"{url}: {why} (tried {tries} times)", code=ENVIRONMENT, hint=hint)
