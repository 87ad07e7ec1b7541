"""Keyed damage to the bytes of a file: the same seed gives the same bytes everywhere.

Some formats hide most of a file behind a checksum or a compression, where plain damage is noticed at once. ``inner``
mutates what lies behind and closes it again, so that readers are reached too.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

Mutation = Callable[[bytes, np.random.Generator], bytes]

PNG: Final = b"\x89PNG\r\n\x1a\n"
GZIP: Final = b"\x1f\x8b"
HEADER: Final = 600
"""Bytes at the start of most formats that hold sizes, offsets and types."""

_EXTREMES: Final = (0, 1, -1, 2, 3, 7, 8, 16, 127, 255, 32767, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)
_TOKEN: Final = re.compile(rb'-?\d+(?:\.\d+)?|"[^"\n]{0,80}"|[{}\[\],:;=<>&\n]')
_WORDS: Final = (
    b"", b"0", b"-1", b"1e999", b"NaN", b"Infinity", b"null", b"true", b'"x"', b"[]", b"{}", b"[[[[[[", b"99999999999",
    b"9" * 400, b"0.5", b"\xff\xfe", b"\0", b'"', b"&amp;", b"&x;", b"<!ENTITY a 'b'>", b"\n", b",", b";", b"../../x",
    b"[" * 20000, b'{"a":' * 20000,
)  # fmt: skip


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Data damaged in one to three ways, in every second file behind the checksums of its format."""
    behind = rng.random() < 0.5
    for _ in range(int(rng.integers(1, 4))):
        names = TEXT if _is_text(data) and rng.random() < 0.7 else ANY
        mutation = names[int(rng.integers(len(names)))]
        data = inner(data, rng, mutation) if behind else mutation(data, rng)
    return data


def inner(data: bytes, rng: np.random.Generator, mutation: Mutation) -> bytes:
    """A mutation behind the checksums: of a chunk of a PNG or of what a gzip file holds; else of the file."""
    if data.startswith(PNG):
        return _in_png(data, rng, mutation)
    if data.startswith(GZIP):
        try:
            return gzip.compress(mutation(gzip.decompress(data), rng), 1, mtime=0)
        except (OSError, EOFError, zlib.error):
            return mutation(data, rng)
    return mutation(data, rng)


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bits."""
    found = bytearray(data or b"\0")
    for _ in range(int(rng.integers(1, 9))):
        found[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(found)


def run(data: bytes, rng: np.random.Generator) -> bytes:
    """A run of bytes: zeros, ones or noise."""
    start, length = _place(data, rng), int(rng.integers(1, 65))
    kind = int(rng.integers(3))
    new = rng.bytes(length) if kind == 2 else bytes([255 * kind]) * length
    return data[:start] + new + data[start + length :]


def splice(data: bytes, rng: np.random.Generator) -> bytes:
    """A piece of the file copied to, or moved into, another place; or cut out."""
    start, to = _place(data, rng), _place(data, rng)
    piece = data[start : start + int(rng.integers(1, max(2, len(data) // 4)))]
    kind = int(rng.integers(3))
    if kind == 0:
        return data[:to] + piece + data[to:]
    return data[:to] + piece + data[to + len(piece) :] if kind == 1 else data[:start] + data[start + len(piece) :]


def number(data: bytes, rng: np.random.Generator) -> bytes:
    """A length, count or offset: an integer of 1 to 8 bytes replaced by an extreme one."""
    width, order = int(2 ** rng.integers(4)), ("little", "big")[int(rng.integers(2))]
    start = _place(data, rng)
    start -= start % width if rng.random() < 0.5 else 0
    value = _EXTREMES[int(rng.integers(len(_EXTREMES)))] % 256**width
    return data[:start] + value.to_bytes(width, order) + data[start + width :]  # type: ignore[arg-type]


def real(data: bytes, rng: np.random.Generator) -> bytes:
    """A number with a point replaced by an extreme one, as headers of volumes hold them."""
    value = (float("nan"), float("inf"), -1.0, 0.0, 1e-30, 1e30, 0.5)[int(rng.integers(7))]
    start = _place(data, rng) // 4 * 4
    return data[:start] + struct.pack("<f", value) + data[start + 4 :]


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """The end is missing."""
    return data[: _place(data, rng)]


def grown(data: bytes, rng: np.random.Generator) -> bytes:
    """Something follows the end."""
    return data + (rng.bytes(int(rng.integers(1, 500))) if rng.random() < 0.5 else data)


def token(data: bytes, rng: np.random.Generator) -> bytes:
    """A word, number or sign of a text replaced by another one, or doubled."""
    found = list(_TOKEN.finditer(data[: 1 << 16]))
    if not found:
        return flip(data, rng)
    here = found[int(rng.integers(len(found)))]
    if rng.random() < 0.3:
        there = found[int(rng.integers(len(found)))]
        return data[: here.start()] + there.group() + data[here.end() :]
    return data[: here.start()] + _WORDS[int(rng.integers(len(_WORDS)))] + data[here.end() :]


ANY: Final[tuple[Mutation, ...]] = (flip, run, splice, number, number, real, cut, grown)
TEXT: Final[tuple[Mutation, ...]] = (token, token, token, splice, cut)


def _is_text(data: bytes) -> bool:
    head = data[:200]
    return bool(head) and sum(byte >= 32 or byte in (9, 10, 13) for byte in head) > 0.95 * len(head)


def _place(data: bytes, rng: np.random.Generator) -> int:
    """A place in the file: in every second case near the start, where headers are."""
    return int(rng.integers(max(1, min(HEADER, len(data)) if rng.random() < 0.5 else len(data))))


def _in_png(data: bytes, rng: np.random.Generator, mutation: Mutation) -> bytes:
    """A chunk's content mutated, its length and checksum made right; of pixel data, what is compressed."""
    chunks = list(_chunks(data))
    if not chunks:
        return mutation(data, rng)
    here = int(rng.integers(len(chunks)))
    kind, content = chunks[here]
    if kind == b"IDAT" and rng.random() < 0.5:
        try:
            content = zlib.compress(mutation(zlib.decompress(content), rng))
        except zlib.error:
            content = mutation(content, rng)
    elif content:
        content = mutation(content, rng)
    chunks[here] = kind, content
    return PNG + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
