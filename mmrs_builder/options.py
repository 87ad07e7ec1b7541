"""Options and arguments that commands take, each with its help."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmrs_builder.errors import USAGE, MmrsError

if TYPE_CHECKING:
    from mmrs_builder.build import Cluster

CPUS = os.cpu_count() or 1


class Engine(StrEnum):
    """What runs the jobs of a build."""

    LOCAL = "local"
    RAY = "ray"


class Step(StrEnum):
    """A stage of a build that can be run by itself."""

    MEASURE = "measure"
    ASK = "ask"
    WRITE = "write"
    FINISH = "finish"


Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of tables.")]
Out = Annotated[Path, typer.Argument(metavar="OUT", help="A folder made by `mmrs build`.")]
Many = list[str] | None
Sources = Annotated[Many, typer.Option("--source", help="A source; repeat for several. See `mmrs sources`.")]
Data = Annotated[Many, typer.Option("--data", help="Its folder: DIR, or NAME=DIR with several sources.")]
Set = Annotated[Many, typer.Option("--set", help="NAME.key=value: an option of a source.")]
Adapter = Annotated[Path | None, typer.Option("--adapter", help="Python file with a source of your own.")]
Recipe = Annotated[
    str | None,
    typer.Option("--recipe", help="TOML file with sources and settings, or a shipped one: mmrs, abdomen, demo."),
]
Exclude = Annotated[
    Path | None,
    typer.Option("--exclude", help="Text file: ids of cases to leave out, one a line; or of questions: question:ID."),
]
Allow = Annotated[str | None, typer.Option("--allow", help="Licences or their classes, by commas; refuse others.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Key of every choice made. [default: 0]")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Use only the first N cases of each source.")]
PerView = Annotated[
    int | None, typer.Option("--questions-per-view", min=1, help="At most N questions per picture. [default: 10]")
]
MaxRows = Annotated[int | None, typer.Option("--max-rows", min=1, help="At most N questions in all.")]
Unbalanced = Annotated[bool, typer.Option("--keep-unbalanced", help="Also ask what cannot be asked evenly, marked.")]
Audit = Annotated[
    bool,
    typer.Option("--audit", help="Leave out families that can be answered without the picture; exit 5 if others can."),
]
Proven = Annotated[
    bool,
    typer.Option(
        "--gate",
        help="As --audit, and leave out what is UNDECIDED too: nothing is asked that is not proven to need the picture "
        "(`mmrs audit --gate`).",
    ),
]
Twins = Annotated[
    bool, typer.Option("--twins", help="Also make twins of views: mirrored, turned, cut, or with signs for names.")
]
Families = Annotated[
    Many,
    typer.Option(
        "--families", help="Ask only families whose ids fit, as 'locate.*'; repeat for several.", metavar="PATTERN"
    ),
]
Language = Annotated[
    str | None, typer.Option("--language", help="Language of questions and answers. [default: en]", metavar="NAME")
]
Splits = Annotated[
    str | None, typer.Option("--splits", help="leak-safe, or official: published splits kept as they are.")
]
KeepOut = Annotated[
    list[Path] | None,
    typer.Option("--keep-out", help="A test set: a folder of pictures or a built one. No copy of it is trained on."),
]
PerShard = Annotated[int | None, typer.Option("--rows-per-shard", min=1, help="Views per file. [default: 1000]")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes; the result is the same.")]
Executor = Annotated[
    Engine,
    typer.Option(
        "--executor", help="Where they run: local, on this machine; ray, on a Ray cluster. docs/cluster.md says how."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="With --executor ray, a running cluster, of which all CPUs are used; auto: the one that this machine "
        "belongs to. Its nodes must see --out and the corpora under the same paths as this machine. "
        "[default: a Ray of its own here, with --workers CPUs]",
    ),
]
OneStage = Annotated[
    Step | None,
    typer.Option(
        "--stage",
        help="Do one stage only, in this order, each with the same options. Jobs that run at the same time can share "
        "measure and write (--shards). docs/cluster.md has a script for Slurm. [default: all]",
    ),
]
Shards = Annotated[
    str | None,
    typer.Option(
        "--shards",
        metavar="A:B",
        help="With --stage measure, the parts A to B-1 of the corpora, counted from 0; with write, the shards. B may "
        "lie past the end; 0:0 says how many there are. [default: all]",
    ),
]
ReadSeconds = Annotated[float, typer.Option("--read-seconds", min=1, help="Refuse a case that takes longer to read.")]
ReadMemory = Annotated[
    float, typer.Option("--read-memory", min=0.5, help="Refuse a case whose reading takes more, in GiB.")
]
Quarantine = Annotated[
    float, typer.Option("--quarantine-max", help="Exit 3 above this part of unreadable files (but at least 3).")
]
Sha256 = Annotated[
    Many, typer.Option("--sha256", help="NAME=HEX: the digest of an archive that you trust, in place of the known one.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List what would be read; open no picture, write nothing.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a folder made with other settings.")]


def cluster(executor: Engine, address: str | None) -> Cluster | None:
    """The cluster that is asked for, if any. Raises ``MmrsError`` for an address that nothing is looked for at."""
    from mmrs_builder.build import Cluster

    if executor is Engine.RAY:
        if address and "://" in address:
            raise MmrsError(
                f"--address {address}: a build is led from a machine of the cluster",
                code=USAGE,
                hint="Run it on a node, with --address auto or HOST:PORT (6379 by default).",
            )
        return Cluster(address=address)
    if address is not None:
        raise MmrsError("--address is for --executor ray", code=USAGE, hint="Add --executor ray, or leave it out.")
    return None


def span(step: Step | None, shards: str | None, executor: Engine) -> slice:
    """The range of parts or shards that is asked for. Raises ``MmrsError`` for options that do not go together."""
    if step and executor is Engine.RAY:
        hint = "Leave one of them out: Ray shares jobs out by itself."
        raise MmrsError("--stage is for jobs without a Ray cluster", code=USAGE, hint=hint)
    if shards is None:
        return slice(None)
    if step not in (Step.MEASURE, Step.WRITE):
        raise MmrsError("--shards is for --stage measure and --stage write", code=USAGE, hint="Leave it out.")
    found = re.fullmatch(r"(\d+):(\d+)", shards, re.ASCII)
    if not found or int(found[1]) > int(found[2]):
        hint = "A:B means A to B-1, counted from 0: --shards 0:16 are the first sixteen."
        raise MmrsError(f"--shards {shards} is no range A:B", code=USAGE, hint=hint)
    return slice(int(found[1]), int(found[2]))


def require_build(out: Path) -> None:
    """Raises ``MmrsError`` for a folder without a finished build."""
    if not (out / "data").is_dir():
        raise MmrsError(f"{out} holds no finished build", code=USAGE, hint="It has no data folder: run mmrs build.")
