"""Shards that cannot be read are named, with what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from mmrs_builder.errors import INTEGRITY, MmrsError


@contextmanager
def readable(shard: Path) -> Iterator[None]:
    """Turn what Arrow or the disk says of a damaged shard into a ``MmrsError`` that names it."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise MmrsError(f"{shard}: {error}", code=INTEGRITY, hint="`mmrs verify` lists what is wrong.") from None
