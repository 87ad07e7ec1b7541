#!/bin/bash
# A build as four Slurm jobs, each after the one before it; measure and write are arrays of TASKS tasks.
#
#   TASKS=50 docs/slurm/build.sh --source kvasir --data /shared/kvasir-seg --out /shared/shards
#
# The arguments are those of `mmrs build`, which must be on PATH. The output folder, the corpora and the folder that this
# is started in must be on storage that every node sees under the same path. Submit it again after a failure: what is
# finished is kept. What the lines below ask of a node can be set from outside: SBATCH_PARTITION, SBATCH_TIMELIMIT, ...
#
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail
export TASKS=${TASKS:-20}

number() { # of parts or shards, from what --json says
    python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"
}

share() { # of so many, those of this task
    echo "$(($1 * SLURM_ARRAY_TASK_ID / TASKS)):$(($1 * (SLURM_ARRAY_TASK_ID + 1) / TASKS))"
}

build() {
    mmrs build --workers "$SLURM_CPUS_PER_TASK" "$@"
}

case ${MMRS_STEP:-submit} in
submit)
    # Says how many parts there are, and remembers the options: tasks with others are refused.
    PARTS=$(mmrs build "$@" --stage measure --shards 0:0 --json | number parts)
    export PARTS
    submitted() {
        sbatch --parsable --export=ALL --kill-on-invalid-dep=yes --job-name="mmrs-$MMRS_STEP" "$@" | cut -d';' -f1
    }
    array=--array=0-$((TASKS - 1))
    measure=$(MMRS_STEP=measure submitted "$array" "$0" "$@")
    export SHARDS=$PWD/mmrs-shards-$measure.json
    ask=$(MMRS_STEP=ask submitted --dependency=afterok:"$measure" "$0" "$@")
    write=$(MMRS_STEP=write submitted "$array" --dependency=afterok:"$ask" "$0" "$@")
    finish=$(MMRS_STEP=finish submitted --dependency=afterok:"$write" "$0" "$@")
    echo "$PARTS parts; jobs: measure $measure, ask $ask, write $write, finish $finish"
    ;;
measure)
    build "$@" --stage measure --shards "$(share "$PARTS")"
    ;;
ask)
    build "$@" --stage ask --json >"$SHARDS"
    ;;
write)
    build "$@" --stage write --shards "$(share "$(number shards <"$SHARDS")")"
    ;;
finish)
    build "$@" --stage finish
    rm "$SHARDS"
    ;;
esac
