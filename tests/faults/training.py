"""T1 to T3: the baseline's own tests of resuming and of checkpoints, counted as rows of the suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.build.command import ROOT
from tests.faults.fault import Fault, Trial, Untestable, Verdict

FOLDER: Final = "tests/baselines/prs_med"

RESUMED: Final = (
    "test_train.py::test_a_run_goes_on_in_mid_epoch_as_if_never_interrupted",
    "test_train.py::test_a_streamed_run_goes_on_as_if_never_interrupted",
    "test_train.py::test_adapters_and_their_dropout_go_on_as_if_never_interrupted",
    "test_processes.py::test_two_processes_go_on_as_if_never_interrupted",
    "test_processes.py::test_one_process_goes_on_where_two_were_interrupted",
    "test_processes.py::test_a_run_survives_an_interruption_and_a_kill",
)
REFUSED: Final = (
    "test_checkpoint.py::test_a_damaged_checkpoint_is_refused_with_what_is_damaged",
    "test_checkpoint.py::test_folders_that_are_no_checkpoints_are_refused",
    "test_checkpoint.py::test_a_folder_of_another_model_is_refused",
    "test_checkpoint.py::test_weights_that_do_not_fit_their_configuration_are_refused",
    "test_checkpoint.py::test_a_checkpoint_whose_base_is_gone_is_refused",
    "test_checkpoint.py::test_a_folder_that_could_not_be_written_leaves_the_last_whole",
    "test_checkpoint.py::test_what_a_killed_process_left_is_in_nobodys_way",
    "test_train.py::test_a_loss_that_is_no_number_stops_with_the_views_and_whole_checkpoints",
    "test_train.py::test_resuming_with_other_settings_is_refused",
    "test_train.py::test_resuming_on_other_shards_is_refused",
    "test_train.py::test_resuming_from_a_damaged_checkpoint_is_refused",
    "test_train.py::test_shards_without_a_validation_split_are_refused",
)
KEPT: Final = (
    "test_checkpoint.py::test_a_model_of_random_weights_comes_back_to_the_bit",
    "test_checkpoint.py::test_a_model_on_a_checkpoint_comes_back_to_the_bit",
    "test_checkpoint.py::test_weights_are_safetensors_and_nothing_else",
    "test_checkpoint.py::test_a_checkpoint_answers_as_the_model_that_was_saved",
)


def of(tests: tuple[str, ...]) -> Trial:
    """A trial for each test: it runs and passes."""

    def trial(seed: int, place: Path) -> Verdict:
        name = tests[seed % len(tests)]
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{FOLDER}/{name}"]
        done = subprocess.run(words, cwd=ROOT, env={**os.environ, "TMPDIR": str(place)}, capture_output=True, text=True,
                              check=False)  # fmt: skip
        if "skipped" in done.stdout and "passed" not in done.stdout:
            raise Untestable(f"{name} was skipped")
        return Verdict(lost=None if done.returncode == 0 else f"{name}: {done.stdout[-300:]}")

    return trial


TRAINING = (
    Fault(id="T1", what="training interrupted or killed in mid-epoch, on one and two processes", survives="the same "
          "batches and losses as one that was not", trial=of(RESUMED), trials=len(RESUMED), few=0),
    Fault(id="T2", what="a damaged, partial or foreign checkpoint, a loss that is no number, a missing split",
          survives="refused with what is wrong", trial=of(REFUSED), trials=len(REFUSED), few=0),
    Fault(id="T3", what="weights saved and loaded", survives="the same to the bit, safetensors only", trial=of(KEPT),
          trials=len(KEPT), few=0),
)  # fmt: skip
