"""Pictures of the version that is published already: what is only put into other words reads no source again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.digests import sha256

Pictures: TypeAlias = Callable[[str], bytes | None]
"""The stored bytes of a picture by its SHA-256, or None where they are not there intact."""

_Place: TypeAlias = tuple[str, int, int]  # file, row group, row in it


def pictures(data: Path) -> Pictures:
    """Finds pictures in the shards that ``data`` holds now."""
    try:
        return partial(_picture, str(data), _state(data))
    except OSError:
        return lambda _: None


def _picture(data: str, version: object, image_sha256: str) -> bytes | None:
    try:
        name, group, row = _places(data, version)[image_sha256]
        found = _pictures(name, group, version)[row]
    except (KeyError, OSError, pa.ArrowException):
        return None
    return found if found is not None and sha256(found) == image_sha256 else None


def _state(data: Path) -> tuple[tuple[str, int], ...]:
    """What tells one published version from the next."""
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(data.glob("*.parquet")))


@lru_cache(maxsize=1)
def _places(data: str, _version: object) -> dict[str, _Place]:
    found: dict[str, _Place] = {}
    for path in sorted(Path(data).glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                digests = file.read_row_group(group, columns=["image_sha256"])["image_sha256"].to_pylist()
                found.update({digest: (str(path), group, row) for row, digest in enumerate(digests)})
    return found


@lru_cache(maxsize=1)
def _pictures(name: str, group: int, _version: object) -> list[bytes | None]:
    with pq.ParquetFile(name) as file:
        return [image["bytes"] for image in file.read_row_group(group, columns=["image"])["image"].to_pylist()]
