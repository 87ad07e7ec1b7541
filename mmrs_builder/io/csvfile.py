"""Tables in text files, as corpora bring them along: patients, sequences, splits, run lengths."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmrs_builder.io.paths import read_bytes
from mmrs_builder.vocab import Rejected


def read_csv(root: Path, path: str, columns: Sequence[str], delimiter: str = ",") -> tuple[Mapping[str, str], ...]:
    """The rows of a table below ``root``: the text of ``columns``, without spaces around names and values.

    Raises ``Rejected``: what ``read_bytes`` raises, and ``bad_metadata`` for text that is not UTF-8, for a missing
    column and for a row that is too short.
    """
    try:
        text = read_bytes(root, path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Rejected("bad_metadata", path, f"not UTF-8 at byte {error.start}") from error
    csv.field_size_limit(sys.maxsize)  # run lengths of a whole film are longer than the default of 128 KiB
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Rejected("bad_metadata", path, str(error)) from error
    head = [name.strip() for name in lines[0]] if lines else []
    if missing := [column for column in columns if column not in head]:
        raise Rejected("bad_metadata", path, f"no column {missing[0]!r}")
    places = {column: head.index(column) for column in columns}
    rows = [line for line in lines[1:] if any(cell.strip() for cell in line)]
    if short := [line for line in rows if len(line) <= max(places.values())]:
        raise Rejected("bad_metadata", path, f"a row of {len(short[0])} cells")
    return tuple({column: row[place].strip() for column, place in places.items()} for row in rows)
