"""Tables in text files that are too long for memory: rows are read one after the other, and found again by their place.

A cell in quotes may hold line ends, so that a row is more than a line.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mmrs_builder.io.paths import inside
from mmrs_builder.vocab import Rejected


def read_rows(root: Path, path: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a table below ``root``: where each begins, in bytes, and its cells by column.

    Raises ``Rejected``, after the rows before: ``outside_root``, ``unreadable``, and ``bad_metadata`` for text that is
    not UTF-8, for a quote that is never closed and for a row that is not as long as the first.
    """
    with _opened(root, path) as stream:
        rows = _rows(stream)
        _, head = next(rows, (0, []))
        for place, cells in rows:
            yield place, _named(head, cells, path)


def read_row(root: Path, path: str, place: int) -> Mapping[str, str]:
    """The row that ``read_rows`` found at a place. Raises ``Rejected`` as that does, ``changed`` if there is none."""
    with _opened(root, path) as stream:
        _, head = next(_rows(stream), (0, []))
        stream.seek(place)
        _, cells = next(_rows(stream), (0, []))
    if not cells:
        raise Rejected("changed", path, "no row where there was one")
    return _named(head, cells, path)


@contextmanager
def _opened(root: Path, path: str) -> Iterator[BinaryIO]:
    found = inside(root, path)
    if found.exists() and not found.is_file():
        raise Rejected("not_regular", path)
    csv.field_size_limit(sys.maxsize)  # run lengths of a whole film are longer than the default of 128 KiB
    try:
        with found.open("rb") as stream:
            yield stream
    except OSError as error:
        raise Rejected("unreadable", path, error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise Rejected("bad_metadata", path, "not UTF-8") from error
    except csv.Error as error:
        raise Rejected("bad_metadata", path, str(error)) from error


def _rows(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Rows from where the stream stands, without empty ones, and the place at which each begins."""
    read = start = stream.tell()

    def lines() -> Iterator[str]:
        nonlocal read
        for line in iter(stream.readline, b""):
            read += len(line)
            yield line.decode("utf-8-sig" if read == len(line) else "utf-8")

    for cells in csv.reader(lines(), strict=True):  # takes no more lines than a row needs
        if cells:
            yield start, [cell.strip() for cell in cells]
        start = read


def _named(head: list[str], cells: list[str], path: str) -> Mapping[str, str]:
    if len(cells) != len(head):
        raise Rejected("bad_metadata", path, f"a row of {len(cells)} cells, not {len(head)}")
    return dict(zip(head, cells, strict=True))
