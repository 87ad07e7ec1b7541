"""Pictures that lie in a table, as the ``datasets`` library stores them: cells of Parquet and Arrow files.

A cell is written like a path that goes through the table's file: ``data/train-00000.parquet/12/image`` is the column
``image`` of row 12 (from 0), and ``…/12/masks/3`` the fourth picture of a list. No real path looks so, since a file
holds no files. Tables are read with ``pyarrow``, one row group at a time; nothing is copied into a cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mmrs_builder.io.paths import inside, read_bytes
from mmrs_builder.vocab import Rejected

TABLES: Final = (".parquet", ".arrow")

_CELL: Final = re.compile(r"(.+\.(?:parquet|arrow))/(\d+)/([^/]+)(?:/(\d+))?", re.DOTALL)


def cell(table: str, row: int, column: str, item: int | None = None) -> str:
    """How a cell is written."""
    return f"{table}/{row}/{column}" + ("" if item is None else f"/{item}")


def read_stored(root: Path, path: str) -> bytes:
    """All bytes of a picture under ``root``: of a file, or of a cell.

    Raises ``Rejected``: what ``paths.read_bytes`` raises; of cells also ``truncated`` for a damaged table,
    ``unsupported_mode`` for a column that holds no pictures, ``no_image`` for an empty cell.
    """
    found = _CELL.fullmatch(path)
    if not found or not inside(root, found[1]).is_file():
        return read_bytes(root, path)
    value = _value(root, found[1], int(found[2]), found[3], path)
    if found[4] is not None:
        if not isinstance(value, list) or int(found[4]) >= len(value):
            raise Rejected("no_image", path)
        value = value[int(found[4])]
    return _bytes(root, found[1], value, path)


def items(root: Path, path: str) -> tuple[str, ...] | None:
    """The cells of a cell that may hold a list of pictures: itself, or one for each; None if it is null.

    Raises ``Rejected`` as ``read_stored`` does.
    """
    found = _CELL.fullmatch(path)
    if not found:
        return (path,)
    value = _value(root, found[1], int(found[2]), found[3], path)
    if isinstance(value, list):
        return tuple(f"{path}/{i}" for i in range(len(value)))
    return None if value is None else (path,)


def rows(root: Path, table: str) -> int:
    """The number of rows. Raises ``Rejected`` for a file that cannot be read."""
    with _refusing(table):
        if table.endswith(".parquet"):
            return int(_parquet(*_stamped(root, table)).metadata.num_rows)
        return int(_arrow(*_stamped(root, table)).num_rows)


def columns(root: Path, table: str) -> tuple[str, ...]:
    """The names of the columns. Raises ``Rejected`` for a file that cannot be read."""
    with _refusing(table):
        if table.endswith(".parquet"):
            return tuple(_parquet(*_stamped(root, table)).schema_arrow.names)
        return tuple(_arrow(*_stamped(root, table)).column_names)


def values(root: Path, table: str, column: str) -> Sequence[object]:
    """A whole column of plain values. Raises ``Rejected`` for a file that cannot be read."""
    with _refusing(table):
        if table.endswith(".parquet"):
            found = _parquet(*_stamped(root, table)).read(columns=[column]).column(0)
        else:
            found = _arrow(*_stamped(root, table)).column(column)
        held: list[object] = found.to_pylist()
        return held


def _value(root: Path, table: str, row: int, column: str, path: str) -> Any:
    with _refusing(path):
        if table.endswith(".arrow"):
            held = _arrow(*_stamped(root, table))
            return held.column(column)[row].as_py()
        where = _stamped(root, table)
        metadata = _parquet(*where).metadata
        for group in range(metadata.num_row_groups):
            count = metadata.row_group(group).num_rows
            if row < count:
                return _column(*where, group, column)[row].as_py()
            row -= count
    raise Rejected("no_image", path, "no such row")


def _bytes(root: Path, table: str, value: Any, path: str) -> bytes:
    """The bytes of ``{"bytes": …, "path": …}`` or of a binary cell; a path alone is relative to the table."""
    if isinstance(value, dict):
        data, file = value.get("bytes"), value.get("path")
        if data is None and isinstance(file, str) and file:
            return read_bytes(root, str(PurePosixPath(table).parent / file))
        value = data
    if value is None:
        raise Rejected("no_image", path)
    if not isinstance(value, bytes):
        raise Rejected("unsupported_mode", path, f"a column of {type(value).__name__}, not of pictures")
    if not value:
        raise Rejected("empty_file", path)
    return value


def _stamped(root: Path, table: str) -> tuple[str, int, int]:
    """A table's file with its size and time, so that a changed one is opened anew."""
    found = inside(root, table)
    status = found.stat()
    return str(found), status.st_size, status.st_mtime_ns


@lru_cache(maxsize=4)
def _parquet(file: str, _size: int, _time: int) -> Any:
    from pyarrow.parquet import ParquetFile

    return ParquetFile(file)


@lru_cache(maxsize=4)
def _arrow(file: str, _size: int, _time: int) -> Any:
    """A memory-mapped table: cells are read from the file when they are asked for."""
    import pyarrow as pa

    return pa.ipc.open_stream(pa.memory_map(file)).read_all()


@lru_cache(maxsize=2)
def _column(file: str, size: int, time: int, group: int, column: str) -> Any:
    """One column of a row group: cases come in order, so that each group is decoded about once."""
    return _parquet(file, size, time).read_row_group(group, columns=[column]).column(0)


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise Rejected("unreadable", what, error.strerror or "") from error
    except KeyError as error:
        raise Rejected("no_image", what, "no such column") from error
    except IndexError as error:
        raise Rejected("no_image", what, "no such row") from error
    except (pa.ArrowException, OSError) as error:
        raise Rejected("truncated", what, type(error).__name__) from error
