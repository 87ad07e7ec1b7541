"""A verified build as a dataset repository of the Hugging Face Hub.

What lies in the repository changes in one commit: readers find the old set or the new one, never a part. Shards are
sent one by one before it; what has arrived once is not sent again, so an interrupted push goes on when it is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mmrs_builder import __version__, withholding
from mmrs_builder.errors import ENVIRONMENT, INTEGRITY, MANUAL, USAGE, MmrsError
from mmrs_builder.types import LicenseClass
from mmrs_builder.verify import integrity, verify
from mmrs_builder.verify.integrity import PUSHED, read_manifest
from mmrs_builder.withholding import Held

SHARD: Final = re.compile(r"(data|qa|preview)/(train|validation|test)-\d{5}-of-\d{5}\.parquet")
BESIDE: Final = frozenset({"README.md", "DATASHEET.md", "croissant.json", "audit.png", "review.json", PUSHED})
MESSAGE: Final = "Publish verified shards"
AGAIN: Final = (
    "What has arrived is kept: run the same command again. `hf auth login` stores a token; REPO is USER/NAME."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What of a build may go to the Hub: bytes by path below it, and the licence class of each source in its rows."""

    files: Mapping[str, int]
    classes: Mapping[str, LicenseClass | None]  # None: a source that is not in the catalogue


def parcel(out: Path, own: Collection[str] = ()) -> Parcel:
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
    files = {name: int(entry["bytes"]) for name, entry in listed.items() if SHARD.fullmatch(name) or name in BESIDE}
    files[PUSHED] = integrity.place(out).stat().st_size  # `mmrs verify` and `mmrs rehydrate` need it
    held = withholding.held(out)
    classes = withholding.license_classes(held)
    _check_licences(out, classes, held, own)
    return Parcel(files=dict(sorted(files.items())), classes=classes)


def push(out: Path, repo: str, files: Collection[str], *, public: bool, sent: Callable[[str], None]) -> str:
    """Send the named files to a dataset repository, which is made if need be, and remove shards of an earlier version.

    ``sent`` is told each file that has arrived. Returns the address of the commit.
    Raises ``MmrsError`` when the Hub cannot be reached or refuses.
    """
    import httpx2
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    hub = HfApi(library_name="mmrs-builder", library_version=__version__)
    coming = [
        CommitOperationAdd(path_in_repo=name, path_or_fileobj=integrity.place(out) if name == PUSHED else out / name)
        for name in sorted(files)
    ]
    try:
        hub.create_repo(repo, repo_type="dataset", visibility="public" if public else "private", exist_ok=True)
        there = hub.list_repo_files(repo, repo_type="dataset")
        for operation in coming:
            hub.preupload_lfs_files(repo, additions=[operation], repo_type="dataset", free_memory=False)
            sent(operation.path_in_repo)
        going = [CommitOperationDelete(path_in_repo=name) for name in stale(there, files)]
        commit = hub.create_commit(repo, [*coming, *going], commit_message=MESSAGE, repo_type="dataset")
    except (
        HfHubHTTPError,
        LocalTokenNotFoundError,
        httpx2.TransportError,
        ConnectionError,
        RuntimeError,  # an upload that failed
        ValueError,  # a name that is none, or an upload that the storage refused
    ) as error:
        raise MmrsError(f"{repo}: {_first_line(error)}", code=ENVIRONMENT, hint=AGAIN) from error
    return str(commit.commit_url)


def stale(there: Collection[str], files: Collection[str]) -> Iterator[str]:
    """Files of an earlier version in a repository: shards and cards that are not sent, and nothing else."""
    return (name for name in sorted(there) if name not in files and (SHARD.fullmatch(name) or name in BESIDE))


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


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
