"""JSON files of a corpus that say what the label numbers of its masks mean."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mmrs_builder.io.paths import inside, read_bytes
from mmrs_builder.vocab import Rejected

MOST_BYTES: Final = 1 << 20
MOST_FILES: Final = 50


def label_tables(root: Path, files: Iterable[str]) -> dict[str, dict[str, str]]:
    """For each JSON file with such a table, at the top or one level down: names by number, without background."""
    found: dict[str, dict[str, str]] = {}
    for path in [path for path in files if PurePosixPath(path).suffix.casefold() == ".json"][:MOST_FILES]:
        try:
            if inside(root, path).stat().st_size > MOST_BYTES:
                continue
            content = json.loads(read_bytes(root, path))
        except (OSError, ValueError, RecursionError, Rejected):
            continue
        inner = list(content.values()) if isinstance(content, dict) else []
        tables = [names for table in (content, *inner) if (names := _names(table))]
        if tables:
            found[path] = tables[0]
    return found


def _names(table: Any) -> dict[str, str] | None:
    """Names by number of a table that is written either way round; None for anything else."""
    if not isinstance(table, dict) or not table:
        return None
    if all(key.isdecimal() and isinstance(value, str) for key, value in table.items()):
        turned = {str(int(key)): value for key, value in table.items()}
    elif all(type(value) is int for value in table.values()):
        turned = {str(value): key for key, value in table.items()}
    else:
        return None
    named = {number: name for number, name in turned.items() if number != "0"}
    return named if named and all(any(c.isalpha() for c in name) for name in named.values()) else None
