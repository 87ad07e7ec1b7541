"""Servers that send something else than what was promised: it is never used, and the message says what to do."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import time
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from mmrs_builder.digests import keyed
from mmrs_builder.download import fetch
from mmrs_builder.errors import MmrsError
from mmrs_builder.sources import find
from mmrs_builder.transfer import Patience
from mmrs_builder.types import Download, Source
from tests.faults.fault import Fault as Row
from tests.faults.fault import Verdict
from tests.site import Answering, Fault, Site, cut, overpromised, says, serving

QUICK: Final = Patience(silence=2, pauses=(0, 0))
LOGIN: Final = b"<!DOCTYPE html><html><title>Sign in</title></html>" * 40

NOISE: Final = np.random.default_rng(11).bytes(1 << 16)


@lru_cache(maxsize=1)
def archive() -> bytes:
    """What the site has: about 64 KiB."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("Corpus/noise", NOISE)
        packed.writestr("Corpus/one", b"1")
    return stream.getvalue()


def other() -> bytes:
    """Another release of it, as long as the first."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("Corpus/noise", NOISE[::-1])
        packed.writestr("Corpus/one", b"2")
    return stream.getvalue()


def _answer(status: int, body: bytes, **headers: str) -> Fault:
    """Any answer at all."""

    def fault(answering: Answering) -> None:
        answering.head(status, {name.replace("_", "-"): text for name, text in headers.items()}, len(body))
        answering.wfile.write(body)
        answering.close_connection = True

    return fault


def _drip(answering: Answering) -> None:
    """A few bytes, slowly, and then the end."""
    answering.head(200, {"Content-Type": "application/zip"}, len(archive()))
    for byte in archive()[:8]:
        answering.wfile.write(bytes([byte]))
        time.sleep(0.05)
    answering.close_connection = True


def _silence(answering: Answering) -> None:
    """Longer than anybody waits."""
    time.sleep(QUICK.silence + 0.5)
    answering.close_connection = True


def _without_length(body: bytes) -> Fault:
    """Nothing tells whether the end is the end."""

    def fault(answering: Answering) -> None:
        answering.send_response(200)
        answering.send_header("Content-Type", "application/zip")
        answering.send_header("Connection", "close")
        answering.end_headers()
        answering.wfile.write(body)
        answering.close_connection = True

    return fault


def _broken_chunks(answering: Answering) -> None:
    """A chunk that is shorter than it says."""
    answering.send_response(200)
    answering.send_header("Transfer-Encoding", "chunked")
    answering.end_headers()
    answering.wfile.write(b"FFFF\r\n" + archive()[:900])
    answering.close_connection = True


def _swapped(answering: Answering) -> None:
    """Half of the file, and another file from then on."""
    answering.file(sent=len(archive()) // 2)
    answering.site.files["/a.zip"] = other()


def _range(text: str, body: bytes, status: int = 206) -> Sequence[Fault]:
    """A cut, and an answer to what is asked then."""
    return (cut(len(archive()) // 2), _answer(status, body, Content_Range=text))


def _sequences() -> dict[str, Sequence[Fault]]:
    whole, half, long = archive(), len(archive()) // 2, len(archive())
    html = {"Content_Type": "text/html; charset=utf-8"}
    return {
        "another release": [_answer(200, other())],
        "one flipped bit": [_answer(200, whole[:99] + bytes([whole[99] ^ 1]) + whole[100:])],
        "a byte too many": [_answer(200, whole + b"x")],
        "nothing at all": [_answer(200, b"")] * 9,
        "half of it, called whole": [_answer(200, whole[:half])],
        "half of it, and no length": [_without_length(whole[:half])],
        "packed on the way": [_answer(200, gzip.compress(whole), Content_Encoding="gzip")],
        "a login page": [_answer(200, LOGIN, **html)],
        "a login page that says it is a zip": [_answer(200, LOGIN, Content_Type="application/zip")],
        "a login page after a cut": [cut(half), _answer(200, LOGIN, **html)],
        "a login page as the rest": [*_range(f"bytes {half}-{long - 1}/{long}", LOGIN)],
        "early close": [cut(half)] * 9,
        "early close at once": [cut(0)] * 9,
        "more promised than sent": [overpromised] * 9,
        "slow drip, then nothing": [_drip] * 9,
        "silence": [_silence] * 9,
        "chunks that break off": [_broken_chunks] * 9,
        "changed between two parts": [_swapped],
        "the rest of another file": [*_range(f"bytes {half}-{long - 1}/{long}", other()[half:])],
        "a rest that starts elsewhere": [*_range(f"bytes {half - 7}-{long - 1}/{long}", whole[half - 7 :])],
        "a rest of a longer file": [*_range(f"bytes {half}-{long + 9}/{long + 10}", whole[half:] + b"x" * 10)],
        "a rest without a place": [*_range("bytes", whole[half:])],
        "a rest of nobody's": [_answer(206, whole[half:], Content_Range=f"bytes {half}-{long - 1}/{long}")] * 9,
        "416 for a part": [*_range(f"bytes */{half}", b"", 416)],
        "416 at once": [_answer(416, b"", Content_Range=f"bytes */{long}")] * 9,
        "301 to a file": [_answer(301, b"", Location="file:///etc/passwd")],
        "302 to ftp": [_answer(302, b"", Location="ftp://127.0.0.1/a.zip")],
        "307 to nonsense": [_answer(307, b"", Location="http://[::1")],
        "302 to itself": [_answer(302, b"", Location="/a.zip")] * 40,
        "308 without a place": [_answer(308, b"")],
        "204": [_answer(204, b"")],
        "401": [says(401)],
        "403": [says(403)],
        "404 with a page": [_answer(404, LOGIN, **html)],
        "410": [says(410)],
        "429 for ever": [says(429)] * 9,
        "500 for ever": [says(500)] * 9,
        "503 and then right": [says(503)],
        "a cut and then right": [cut(half)],
    }


SEQUENCES: Final = _sequences()


def trial(seed: int, place: Path) -> Verdict:
    """A corpus from a server with one fault, for later seeds with two; its digest is pinned for even seeds."""
    names, which = list(SEQUENCES), seed // 2
    rng = np.random.default_rng([keyed("downloads"), seed])
    chosen = [names[which]] if which < len(names) else [names[int(i)] for i in rng.integers(len(names), size=2)]
    os.environ["NO_PROXY"] = "127.0.0.1"
    site = Site(files={"/a.zip": archive()}, faults=[fault for name in chosen for fault in SEQUENCES[name]])
    with serving(site):
        return _fetched(site, " + ".join(chosen), place / "cache" / "corpus", pinned=seed % 2 == 0)


def _fetched(site: Site, name: str, folder: Path, *, pinned: bool) -> Verdict:
    digest = hashlib.sha256(archive()).hexdigest() if pinned else None
    source: Source = replace(find("kvasir"), downloads=(Download(url=f"{site.url}/a.zip", sha256=digest),))
    said: list[str] = []
    try:
        fetch(source, folder, lambda *_: None, said.append, QUICK)
    except MmrsError as error:
        wrong = None
        if folder.exists() or list(folder.parent.glob(".*.unpacking")):
            wrong = "refused, and yet there is a corpus"
        elif not error.hint or "a.zip" not in str(error):
            wrong = f"no advice: {error}"
        return Verdict(lost=f"{name}: {wrong}" if wrong else None, where="refused")
    found = (folder / "Corpus" / "noise").read_bytes(), (folder / "Corpus" / "one").read_bytes()
    whole = [(NOISE, b"1")] if pinned else [(NOISE, b"1"), (NOISE[::-1], b"2")]  # nobody can know the right release
    if found not in whole:
        return Verdict(lost=f"{name}: other bytes are used", where="used")
    if not pinned and not any("nobody has pinned" in line for line in said):
        return Verdict(lost=f"{name}: used without a word of its digest", where="used")
    return Verdict(where="arrived whole")


FAULTS: Final = (
    Row(
        id="A2", what="server that sends something else", survives="never used; the right file or advice",
        trial=trial, trials=160, few=8,
    ),
)  # fmt: skip
