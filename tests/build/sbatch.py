"""A stand-in for Slurm's ``sbatch``, not Slurm: it runs at once what it is given, and then says the job's number.

The tasks of an array run at the same time; one that is killed is run again once, as Slurm does when a node was lost. A
job is refused unless all it depends on ended well. In the folder that MMRS_TEST_SLURM names lie a copy of each script
and the exit codes of each job's tasks.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

KILLED = 137


def main() -> None:
    """Understand only what the script of the docs needs, and refuse anything else."""
    parser = argparse.ArgumentParser(prog="sbatch", allow_abbrev=False)
    parser.add_argument("--parsable", action="store_true", required=True)
    parser.add_argument("--export", choices=["ALL"], required=True)
    parser.add_argument("--kill-on-invalid-dep", choices=["yes"], required=True)
    parser.add_argument("--job-name", required=True)
    parser.add_argument("--array", default="")
    parser.add_argument("--dependency")
    parser.add_argument("script", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    home = Path(os.environ["MMRS_TEST_SLURM"])
    if asked.dependency and not _ended_well(home, asked.dependency):
        sys.exit(f"sbatch: error: Job dependency problem: {asked.dependency}")
    job = len(list(home.glob("*.sh"))) + 1
    script = home / f"{job}.sh"  # jobs run a copy: they do not see where the script was
    shutil.copy(asked.script, script)
    command = [str(script), *asked.arguments]
    indexes = _indexes(asked.array)
    tasks = [_started(command, job, index) for index in indexes]
    codes = [[task.wait()] for task in tasks]
    for index, code in zip(indexes, codes, strict=True):
        if code == [KILLED]:
            code.append(_started(command, job, index, SLURM_RESTART_COUNT="1").wait())
    (home / f"{job}.ended").write_text(", ".join(" ".join(map(str, code)) for code in codes))
    print(f"{job};cluster")  # noqa: T201


def _ended_well(home: Path, dependency: str) -> bool:
    kind, _, job = dependency.partition(":")
    ended = home / f"{job}.ended"
    return kind == "afterok" and all(codes.split()[-1] == "0" for codes in ended.read_text().split(","))


def _indexes(array: str) -> list[str]:
    """Those of ``0-3``; without an array one that is none."""
    first, dash, last = array.partition("-")
    return [str(index) for index in range(int(first), int(last) + 1)] if dash else [""]


def _started(command: list[str], job: int, index: str, **told: str) -> subprocess.Popen[bytes]:
    line = next(it for it in Path(command[0]).read_text().splitlines() if it.startswith("#SBATCH --cpus-per-task="))
    told |= {"SLURM_JOB_ID": str(job), "SLURM_CPUS_PER_TASK": line.partition("=")[2]}
    if index:
        told |= {"SLURM_ARRAY_JOB_ID": str(job), "SLURM_ARRAY_TASK_ID": index}
    with Path(f"slurm-{job}_{index}.out").open("ab") as log:
        return subprocess.Popen(command, env=os.environ | told, stdout=log, stderr=log)


if __name__ == "__main__":
    main()
