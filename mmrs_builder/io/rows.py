"""Rows of a local ``datasets`` folder: splits, the files that hold them, and where a row's pictures lie.

Three forms are known: what ``save_to_disk`` writes (Arrow files named by ``state.json``), Parquet files, and folders of
pictures with a ``metadata.jsonl`` or ``metadata.csv``. Only small columns are read here, no picture is.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mmrs_builder.io.official import official_split
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.table import cell, columns, rows, values
from mmrs_builder.vocab import Rejected

METADATA: Final = ("metadata.jsonl", "metadata.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: its place in its split, counted from 0, and where its pictures lie, by column; nowhere if it has none."""

    split: str
    number: int
    table: str
    cells: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, str | None]

    @property
    def official(self) -> str | None:
        """The official split, None for a name that stands for none (``all``)."""
        return official_split([self.split])


def tables(files: Sequence[str]) -> tuple[str, ...]:
    """The files, out of sorted paths, that may hold rows."""
    return tuple(
        path
        for path in files
        if path.endswith(".parquet")
        or PurePosixPath(path).name in METADATA
        or (path.endswith(".arrow") and f"{_above(path)}state.json" in files)
    )


def found_rows(
    root: Path, paths: Sequence[str], pictures: Sequence[str], keys: Sequence[str]
) -> Iterator[Row | Rejected]:
    """The rows of ``tables``, in order; a table that cannot be read is yielded as a refusal.

    ``pictures`` are the columns with the image and the masks, ``keys`` those whose values are wanted.
    """
    counted: dict[str, int] = {}
    for path in paths:
        split = _split(path)
        try:
            found = _listed(root, path, pictures, keys) if _is_list(path) else _tabled(root, path, pictures, keys)
        except Rejected as refused:
            yield refused
            continue
        for cells, held in found:
            number = counted.get(split, 0)
            counted[split] = number + 1
            yield Row(split=split, number=number, table=path, cells=cells, keys=held)


def _is_list(path: str) -> bool:
    return PurePosixPath(path).name in METADATA


def _above(path: str) -> str:
    """The folder of a path, with its slash; '' at the top."""
    folder = path.rpartition("/")[0]
    return f"{folder}/" if folder else ""


def _split(path: str) -> str:
    """The name of the split: of the file (``train-00000-of-00002.parquet``, ``test.parquet``), or of its folder."""
    folder, _, file = path.rpartition("/")
    words: list[str] = re.findall(r"[A-Za-z]+(?:20\d\d)?", PurePosixPath(file).stem)
    inner = folder.split("/")[::-1] if folder else []
    for word in (*words, *inner):
        if official_split([word]):
            return word
    return inner[0] if inner and inner[0] != "data" else "all"


_Found = list[tuple[dict[str, tuple[str, ...]], dict[str, str | None]]]


def _tabled(root: Path, path: str, pictures: Sequence[str], keys: Sequence[str]) -> _Found:
    there = columns(root, path)
    if lacking := [column for column in (*pictures, *keys) if column not in there]:
        raise Rejected("bad_metadata", path, f"no column {lacking[0]!r}; there are {', '.join(there[:12])}")
    held = {key: values(root, path, key) for key in keys}
    return [
        (
            {column: (cell(path, row, column),) for column in pictures},
            {key: _text(column[row]) for key, column in held.items()},
        )
        for row in range(rows(root, path))
    ]


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and str(value) else None


def _listed(root: Path, path: str, pictures: Sequence[str], keys: Sequence[str]) -> _Found:
    """Rows of a metadata file: ``file_name`` is the image, ``mask_file_name`` the column ``mask``, and so on."""
    found: _Found = []
    for entry in _entries(read_bytes(root, path), path):
        cells = {}
        for number, column in enumerate(pictures):
            spellings = (
                f"{column}_file_name",
                f"{column}_file_names",
                column,
                *(("file_name",) if number == 0 else ()),
            )
            given = next((entry[name] for name in spellings if entry.get(name)), None)
            names = given if isinstance(given, list) else [given]
            cells[column] = tuple(_above(path) + name for name in names if isinstance(name, str) and name)
        found.append((cells, {key: _text(entry.get(key)) for key in keys}))
    return found


def _entries(data: bytes, path: str) -> list[dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
        if path.endswith(".csv"):
            return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        entries = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, csv.Error, RecursionError) as error:
        raise Rejected("bad_metadata", path, type(error).__name__) from None
    if not all(isinstance(entry, dict) for entry in entries):
        raise Rejected("bad_metadata", path, "a line that is no object")
    return entries
