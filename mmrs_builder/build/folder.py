"""The output folder: whose it is, what it was made with, and what may not be touched."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from mmrs_builder.build.settings import CONFIGS, STATE, difference
from mmrs_builder.build.stage import put, read_json, write_json
from mmrs_builder.digests import canonical
from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.types import Drop

SETTINGS: Final = "settings.json"
SHARD: Final = re.compile(r"(train|validation|test)-\d{5}-of-\d{5}\.parquet")
MINE: Final = "Name a folder that is new, empty, or made by mmrs build."


def check(out: Path, roots: Sequence[Path]) -> None:
    """Refuse, before anything is written, an output that is a file, foreign, or tangled up with a source."""
    try:
        place, is_there = out.resolve(), out.exists()
    except (OSError, RuntimeError) as error:  # a name that is too long, a loop of links
        why = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise MmrsError(f"--out {out} cannot be a folder: {why}", code=USAGE, hint="Choose another place.") from None
    if os.fsencode(place) != str(place).encode(errors="replace"):  # Arrow takes paths in UTF-8 only
        raise MmrsError(
            f"--out {str(place)!a} is no UTF-8: Parquet files cannot be written there",
            code=USAGE,
            hint="Choose another name.",
        )
    if any(mark in str(place) for mark in ("[", "*", "?", "::")):
        raise MmrsError(
            f"--out {out}: load_dataset takes '[', '*', '?' and '::' in a path for patterns",
            code=USAGE,
            hint="Choose another name.",
        )
    if is_there and not out.is_dir():
        raise MmrsError(f"--out {out} is a file", code=USAGE, hint=MINE)
    for root in roots:
        _apart(out, root)
    if out.is_dir() and {entry.name for entry in out.iterdir()} - {STATE} and not (out / STATE / SETTINGS).exists():
        raise MmrsError(
            f"--out {out} holds files that mmrs build did not make",
            code=USAGE,
            hint=f"Nothing was touched. {MINE}",
        )
    foreign = [path for name in CONFIGS for path in sorted((out / name).glob("*")) if not SHARD.fullmatch(path.name)]
    if foreign:
        raise MmrsError(
            f"{foreign[0]} was not made by mmrs build, and its folder is replaced as a whole",
            code=USAGE,
            hint="Nothing was touched. Move it elsewhere.",
        )


def _apart(out: Path, root: Path) -> None:
    place, source = out.resolve(), root.resolve()
    if place == source or source in place.parents:
        raise MmrsError(
            f"--out {out} lies inside the source {root}",
            code=USAGE,
            hint="Sources are never written to; choose another place.",
        )
    if place in source.parents:
        raise MmrsError(
            f"--out {out} contains the source {root}", code=USAGE, hint="Choose a folder beside the source."
        )


def state(out: Path) -> Path:
    """The folder of our own below ``out``, made if need be. Raises ``MmrsError`` where nothing can be written."""
    try:
        (out / STATE).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MmrsError(
            f"cannot write to {out}: {error.strerror}", code=ENVIRONMENT, hint="Check its permissions and its disk."
        ) from error
    return out / STATE


def is_claimed(out: Path, made_with: Mapping[str, object], *, overwrite: bool) -> bool:
    """Whether the folder is known to be made with this.

    Raises ``MmrsError`` when it was made with other settings and ``overwrite`` is not set.
    """
    known = read_json(out / STATE / SETTINGS)
    changes = [] if known is None else difference(known, made_with)
    if changes and not overwrite:
        raise MmrsError(
            f"{out} was made with other settings:\n  " + "\n  ".join(changes),
            code=USAGE,
            hint="Add --overwrite to replace it (unchanged stages are kept), or choose another --out.",
        )
    return known is not None and not changes


def claim(out: Path, made_with: Mapping[str, object], *, overwrite: bool) -> None:
    """Remember what the folder is made with. Raises ``MmrsError`` as ``is_claimed`` does."""
    if not is_claimed(out, made_with, overwrite=overwrite):
        write_json(out / STATE / SETTINGS, made_with)


def write_rejects(state: Path, drops: Sequence[Drop]) -> None:
    """List every file that was not used, a JSON line each."""
    put(state / "rejects.jsonl", "".join(canonical(asdict(drop)) + "\n" for drop in drops).encode())
