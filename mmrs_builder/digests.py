"""Digests and keyed choices: the only source of identity and of randomness in a build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring
from typing import Any, Final

import numpy as np
import numpy.typing as npt


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def pixels_sha256(pixels: npt.NDArray[np.generic]) -> str:
    """SHA-256 of a decoded array together with its type and shape, e.g. ``uint8 (480, 640, 3)``."""
    head = f"{pixels.dtype.name} {tuple(int(n) for n in pixels.shape)}\n"
    found = hashlib.sha256(head.encode())
    found.update(np.ascontiguousarray(pixels).data)
    return found.hexdigest()


def _plain(item: Any) -> str:
    return sha256(item) if isinstance(item, bytes) else str(item.isoformat())


_ENCODER: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def canonical(value: object) -> str:
    """JSON text that depends on the value alone: sorted keys, no spaces, bytes replaced by their SHA-256."""
    return _ENCODER.encode(value)


def digest(value: object) -> str:
    """SHA-256 of a value's canonical JSON."""
    return sha256(canonical(value).encode())


def keyed(*key: object) -> int:
    """A number in [0, 2**64) that depends on nothing but ``key``: every choice in a build is made with it."""
    return int.from_bytes(hashlib.blake2b(_key(key).encode(), digest_size=8).digest(), "big")


def keyed_after(*begin: object) -> Callable[[object], int]:
    """``keyed`` of many keys that begin alike: ``keyed_after(a, b)(c)`` is ``keyed(a, b, c)``."""
    begun = hashlib.blake2b(f"{_key(begin)[:-1]},".encode(), digest_size=8)

    def ended(last: object) -> int:
        whole = begun.copy()
        whole.update(f"{_key(last)}]".encode())
        return int.from_bytes(whole.digest(), "big")

    return ended


def _key(item: object) -> str:
    """``canonical``, sooner for what keys are made of: an encoder is slow to start, and a build makes many choices."""
    if type(item) is str:
        return encode_basestring(item)
    if type(item) is int:
        return str(item)
    if type(item) is tuple or type(item) is list:
        return f"[{','.join(map(_key, item))}]"
    return canonical(item)


def sealed(manifest: Mapping[str, object]) -> dict[str, object]:
    """A manifest with ``seal``, the digest of everything else in it as JSON keeps it."""
    told = {name: value for name, value in manifest.items() if name != "seal"}
    return {**told, "seal": digest(json.loads(json.dumps(told)))}


def logical_hash(rows: Iterable[Mapping[str, object]]) -> str:
    """Digest of a set of rows that ignores their order, the sharding and the Parquet writer.

    Each row is hashed as canonical JSON with bytes replaced by their SHA-256; the sorted row hashes are hashed.
    """
    return sha256("\n".join(sorted(digest(row) for row in rows)).encode())
