"""What of a finished build is passed on, whoever takes it: verified shards, cards and manifest, as licences allow."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mmrs_builder import withholding
from mmrs_builder.errors import INTEGRITY, MANUAL, USAGE, MmrsError
from mmrs_builder.types import LicenseClass
from mmrs_builder.verify import integrity, verify
from mmrs_builder.verify.integrity import PUSHED, read_manifest
from mmrs_builder.withholding import Held

SHARD: Final = re.compile(r"(data|qa|preview)/(train|validation|test)-\d{5}-of-\d{5}\.parquet")
BESIDE: Final = ("audit.png", "review.json", "croissant.json", "DATASHEET.md", "README.md", PUSHED)
"""What lies beside the shards, in the order in which it comes; it leaves in the opposite order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What of a build may leave: bytes by path where it arrives, and the licence class of each source in its rows."""

    files: Mapping[str, int]
    classes: Mapping[str, LicenseClass | None]  # None: a source that is not in the catalogue


def pack(out: Path, own: Collection[str] = ()) -> Parcel:
    """What to send of the build ``out``. ``own`` names sources whose data are the user's to pass on.

    Raises ``MmrsError`` for a build that does not verify, and where a licence forbids to pass on pictures or masks.
    """
    if not (out / "data").is_dir():
        raise MmrsError(f"{out} holds no finished build", code=USAGE, hint="It has no data folder: run mmrs build.")
    report = verify(out)
    if not report.ok:
        hint = f"`mmrs verify {out}` lists all faults. Build or fetch it again."
        raise MmrsError(f"{out} did not verify: {report.faults[0]}", code=INTEGRITY, hint=hint)
    listed: Mapping[str, Mapping[str, int]] = read_manifest(out)["files"]
    files = {name: int(entry["bytes"]) for name, entry in listed.items() if is_ours(name)}
    files[PUSHED] = integrity.place(out).stat().st_size  # `mmrs verify` and `mmrs rehydrate` need it
    held = withholding.held(out)
    classes = withholding.license_classes(held)
    _check_licences(out, classes, held, own)
    return Parcel(files=dict(sorted(files.items())), classes=classes)


def origin(out: Path, name: str) -> Path:
    """The file of the build ``out`` that arrives as ``name``."""
    return integrity.place(out) if name == PUSHED else out / name


def is_ours(name: str) -> bool:
    """Whether a build has a file of this name."""
    return SHARD.fullmatch(name) is not None or name in BESIDE


def stale(there: Collection[str], files: Collection[str]) -> Iterator[str]:
    """Files of an earlier version where this one arrives: shards and cards that are not sent, and nothing else."""
    return (name for name in sorted(there) if name not in files and is_ours(name))


def _check_licences(
    out: Path, classes: Mapping[str, LicenseClass | None], held: Mapping[str, Held], own: Collection[str]
) -> None:
    """Only what the licence class of its source lets pass on may leave, seen in the rows themselves."""
    for name in sorted(own):
        if name not in classes:
            there = ", ".join(classes)
            raise MmrsError(f"--own {name}: no such source in the rows", code=USAGE, hint=f"There is {there}.")
        if (known := classes[name]) is not None:
            raise MmrsError(
                f"--own {name}: that is a public corpus ({known})", code=USAGE, hint="--own is for data of your own."
            )
    for name, known in classes.items():
        if known is None:
            if name not in own:
                what, hint = (
                    "nobody has said that it may be passed on",
                    f"If its data are yours to publish: --own {name}.",
                )
                raise MmrsError(f"{name} may not be pushed: {what}", code=MANUAL, hint=hint)
        elif forbidden := _forbidden(known, held[name]):
            raise MmrsError(
                f"{name} may not be pushed: its licence class is {known}, and the rows hold its {forbidden}",
                code=MANUAL,
                hint=f"Push a recipe, which leaves them out: mmrs export {out} --to recipe --out RECIPE\n"
                "Or build without it, for instance with --allow redistributable; `mmrs sources` lists the classes.",
            )


def _forbidden(known: LicenseClass, there: Held) -> str:
    """What is in the rows of a source and may not be passed on."""
    pictures = there.pictures and known != "redistributable"
    masks = there.masks and known == "script-only"
    return " and ".join(word for word, found in (("pictures", pictures), ("masks", masks)) if found)
