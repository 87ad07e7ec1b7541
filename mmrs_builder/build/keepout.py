"""Pictures that must not be in train or validation, nor copies of them: public test sets, named by ``--keep-out``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mmrs_builder.build.copies import Look
from mmrs_builder.build.settings import KeptOut
from mmrs_builder.digests import digest, sha256
from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.executors import Crashed, Workers
from mmrs_builder.io import table
from mmrs_builder.io.listing import listing, pictures
from mmrs_builder.io.raster import read_picture
from mmrs_builder.likeness import Seen, picture_sha256, thumbnail
from mmrs_builder.splits import KEPT_OUT, Member
from mmrs_builder.types import Picture
from mmrs_builder.vocab import Rejected
from mmrs_builder.withholding import require_whole

FILES_PER_JOB: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LookJob:
    """Some files of a set that is kept out; ``name`` tells sets apart."""

    name: str
    root: str
    files: tuple[str, ...]


def named(roots: Sequence[Path]) -> tuple[KeptOut, ...]:
    """The sets, each with the digest of its files. Raises ``MmrsError`` for one that lacks its pictures."""
    for root in roots:
        require_whole(root, "--keep-out")
    return tuple(KeptOut(root=root, digest=_digest(root)) for root in roots)


def _digest(root: Path) -> str:
    files = _files(root)
    if not files:
        raise MmrsError(
            f"--keep-out {root}: no pictures there",
            code=USAGE,
            hint="Name a folder of pictures, a folder made by mmrs build, or one of its files.",
        )
    return digest([[name, sha256((_home(root) / name).read_bytes())] for name in files])


def _home(root: Path) -> Path:
    return root.parent if root.is_file() else root


def _files(root: Path) -> tuple[str, ...]:
    """Picture files, and tables with a column ``image``, below a folder; or the one file."""
    found = (root.name,) if root.is_file() else listing(root).files
    tables = [name for name in found if name.endswith(table.TABLES) and _has_pictures(_home(root), name)]
    return tuple(sorted({*pictures(found), *tables}))


def _has_pictures(home: Path, name: str) -> bool:
    try:
        return "image" in table.columns(home, name)
    except Rejected:
        return False


def looks(sets: Sequence[KeptOut], workers: Workers) -> list[Look]:
    """Every picture of the sets that can be read, as a view of ``KEPT_OUT``."""
    jobs = []
    for kept in sets:
        files = _files(kept.root)
        jobs += [
            LookJob(name=kept.digest[:12], root=str(_home(kept.root)), files=files[i : i + FILES_PER_JOB])
            for i in range(0, len(files), FILES_PER_JOB)
        ]
    found: list[Look] = []
    for result in workers.run(look, jobs):
        if isinstance(result, Crashed):
            raise MmrsError(
                f"reading pictures of --keep-out {result.job.root} took its process down",
                code=ENVIRONMENT,
                hint=f"One of {result.job.files[0]} to {result.job.files[-1]} is damaged, or memory is short.",
            )
        found += result
    return found


def look(job: LookJob) -> list[Look]:
    """The pictures of a job's files; what cannot be read as a picture is left out."""
    found = []
    for path in (path for file in job.files for path in _paths(Path(job.root), file)):
        with suppress(Rejected):
            found.append(_look(f"{job.name}/{path}", read_picture(Path(job.root), path)))
    return found


def _paths(home: Path, file: str) -> list[str]:
    if not file.endswith(table.TABLES):
        return [file]
    return [table.cell(file, row, "image") for row in range(table.rows(home, file))]


def _look(name: str, picture: Picture) -> Look:
    height, width = picture.pixels.shape[:2]
    member = Member(
        view_id=f"{KEPT_OUT}:{name}", source=KEPT_OUT, case_id=name, patient_id=None, group=None, split_official=None,
        picture=picture_sha256(picture.pixels),
    )  # fmt: skip
    return Look(member=member, seen=Seen(thumbnail=thumbnail(picture.pixels), size=(width, height)))
