"""Training in this process: what a run leaves, what it refuses, and what may not change its losses."""

from __future__ import annotations

import json
import math
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

from baselines.prs_med import checkpoint, data, train
from baselines.prs_med.card import card
from baselines.prs_med.config import Preset, Refused
from tests.baselines.prs_med import minute

SHORT = {"steps": 6, "picture_steps": 1} | minute.UNCLIPPED


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No precision is left over from another test."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def short(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six steps."""
    out = tmp_path_factory.mktemp("short") / "run"
    assert minute.train(shards, out, minute.preset(**SHORT)) == 0
    return out


def losses_of(shards: Path, out: Path, preset: Preset, *more: str) -> list[dict[str, Any]]:
    assert minute.train(shards, out, preset, *more) == 0
    return minute.losses(out)


def cut(ran: Path, out: Path, step: int) -> Path:
    """A run as it was before all checkpoints after a step, but for its losses."""
    shutil.copytree(ran, out)
    for folder in checkpoint.steps(out):
        if int(folder.name.split("-")[1]) > step:
            shutil.rmtree(folder)
    return out


def test_a_run_leaves_the_best_and_the_newest_checkpoints(ran: Path):
    assert [folder.name for folder in checkpoint.steps(ran)] == ["step-0000015", "step-0000020"]
    for folder in (*checkpoint.steps(ran), ran / "best"):
        checkpoint.check(folder)
    assert not list(ran.rglob(".*"))


def test_a_run_writes_a_line_per_step(ran: Path):
    lines = minute.losses(ran)
    assert [line["step"] for line in lines] == list(range(1, 21))
    assert all(math.isfinite(line[name]) for line in lines for name in train.NAMES)
    assert all(len(line["views"]) == 4 for line in lines)


def test_the_loss_is_the_weighted_sum_of_its_parts(shards: Path, tmp_path: Path):
    weights = {"text_weight": 0.5, "mask_weight": 2.0, "structure_weight": 0.25}
    for line in losses_of(shards, tmp_path, minute.preset(steps=3, picture_steps=0, **weights)):
        wanted = 0.5 * line["text"] + 2 * line["mask"] + 0.25 * line["structure"]
        assert line["loss"] == pytest.approx(wanted, rel=1e-5)


def test_words_masks_and_structures_are_learnt(ran: Path):
    lines = minute.losses(ran)
    learnt = {name: [line[name] for line in lines if line[name] > 0] for name in train.NAMES[1:]}
    assert all(sum(values[-3:]) < sum(values[:3]) for values in learnt.values())


def test_the_record_says_how_the_model_came_about(ran: Path, shards: Path):
    record = minute.record(ran / "checkpoints/step-0000020")
    assert record["config"] == asdict(minute.ran())
    assert record["shards"] == data.digests_of(shards)
    assert (record["step"], record["processes"], record["device"], record["preset"]) == (20, 1, "cpu", "tiny")
    assert (
        record["versions"]["torch"] == torch.__version__.split("+")[0]
        or record["versions"]["torch"] == torch.__version__
    )
    assert set(record["versions"]) >= {"transformers", "datasets", "accelerate", "peft", "mmrs-builder"}
    assert 0 < record["trained_parameters"] <= record["parameters"]
    assert "train.steps=20" in record["changes"]


def test_the_best_is_the_checkpoint_with_the_highest_score(ran: Path):
    entries = minute.record(ran / "checkpoints/step-0000020")["validation"]
    assert [entry["step"] for entry in entries] == [10, 20]
    best = max(entries, key=lambda entry: entry["score"])
    assert minute.record(ran / "best")["step"] == best["step"]
    assert all(entry["score"] == (entry["dice"] + entry["answers"]) / 2 for entry in entries)


def test_a_checkpoint_carries_a_card(ran: Path, shards: Path):
    card = (ran / "best/README.md").read_text("utf-8")
    assert "not for clinical use" in card
    assert all(digest in card for digest in data.digests_of(shards).values())


def test_the_cards_head_is_what_the_hub_reads(ran: Path):
    _, head, body = (ran / "best/README.md").read_text("utf-8").split("---\n", 2)
    assert yaml.safe_load(head)["pipeline_tag"] == "image-text-to-text"
    assert "base_model" not in head
    record = minute.record(ran / "best")
    record["config"]["model"]["vlm"] = "some/model"
    assert yaml.safe_load(card(record).split("---\n")[1])["base_model"] == "some/model"
    assert body.count("| 10 |") == 1


def test_training_and_validation_read_their_own_splits(
    ran: Path, shards: Path, tmp_path: Path, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    views = data.views
    monkeypatch.setattr(
        data, "views", lambda folder, split, **more: (asked.append(split), views(folder, split, **more))[1]
    )
    minute.train(shards, tmp_path, minute.preset(**SHORT))
    assert set(asked) == {"train", "validation"}
    assert {view for line in minute.losses(ran) for view in line["views"]} <= {row["view_id"] for row in rows}


def test_the_same_seed_gives_the_same_run_and_another_does_not(shards: Path, tmp_path: Path, short: Path):
    again = losses_of(shards, tmp_path / "again", minute.preset(**SHORT))
    other = losses_of(shards, tmp_path / "other", minute.preset(**SHORT, seed=1))
    assert again == minute.losses(short)
    assert [line["views"] for line in other] != [line["views"] for line in again]


@pytest.mark.parametrize(
    "change",
    [{"views_per_pass": 1}, {"views_per_pass": 3}, {"workers": 1}, {"checkpointing": True}, {"validate_every": 3}],
    ids=str,
)
def test_how_a_step_is_done_changes_neither_losses_nor_gradients(
    shards: Path, tmp_path: Path, short: Path, change: dict[str, Any]
):
    found, wanted = losses_of(shards, tmp_path, minute.preset(**SHORT, **change)), minute.losses(short)
    assert [line["views"] for line in found] == [line["views"] for line in wanted]
    assert minute.apart(found, wanted) < 1e-5
    torch.testing.assert_close(minute.momentum(tmp_path), minute.momentum(short), rtol=1e-3, atol=1e-3)


def test_mixed_precision_stays_near_full_precision(shards: Path, tmp_path: Path, short: Path):
    found = losses_of(shards, tmp_path, minute.preset(**SHORT, precision="bf16"))
    assert 0 < minute.apart(found, minute.losses(short)) < 0.05


def test_gradients_are_clipped(shards: Path, tmp_path: Path):
    losses_of(shards, tmp_path, minute.preset(steps=1, picture_steps=0, clip=0.01))
    assert minute.momentum(tmp_path).norm() == pytest.approx(0.01 * 0.1, rel=1e-3)  # Adam's mean takes a tenth of it


def test_a_run_goes_on_in_mid_epoch_as_if_never_interrupted(shards: Path, tmp_path: Path, ran: Path):
    out = cut(ran, tmp_path / "run", 15)
    (out / "losses.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in minute.losses(ran)[:18]), "utf-8")
    found = losses_of(shards, out, minute.ran(), "--resume")
    assert [line["views"] for line in found] == [line["views"] for line in minute.losses(ran)]
    assert minute.apart(found, minute.losses(ran)) < 1e-6
    weights, wanted = (load_file(run / "checkpoints/step-0000020/model.safetensors") for run in (out, ran))
    assert all((weights[name] - wanted[name]).abs().max() < 1e-6 for name in wanted)
    assert (
        minute.record(out / "checkpoints/step-0000020")["validation"]
        == minute.record(ran / "checkpoints/step-0000020")["validation"]
    )


def test_a_finished_run_has_nothing_to_go_on_with(shards: Path, tmp_path: Path, ran: Path):
    out = cut(ran, tmp_path / "run", 20)
    assert losses_of(shards, out, minute.ran(), "--resume") == minute.losses(ran)


def test_a_streamed_run_goes_on_as_if_never_interrupted(shards: Path, tmp_path: Path):
    preset = minute.preset(steps=14, streaming=True, buffer=16, save_every=12)
    whole = losses_of(shards, tmp_path / "whole", preset)
    assert len({view for line in whole[:11] for view in line["views"]}) == 44
    found = losses_of(shards, cut(tmp_path / "whole", tmp_path / "run", 12), preset, "--resume")
    assert [line["views"] for line in found] == [line["views"] for line in whole]
    assert minute.apart(found, whole) < 1e-6


def adapted(ran: Path, folder: Path, **train_changes: Any) -> Preset:
    """Adapters with dropout on the language model that a run has left, saved as a checkpoint of transformers."""
    if not folder.exists():
        shutil.copytree(ran / "best/language", folder)
        shutil.copytree(ran / "best/processor", folder, dirs_exist_ok=True)
    model = {"vlm": str(folder), "vlm_config": {}, "vlm_weights": "lora", "lora_rank": 2, "lora_dropout": 0.3}
    return minute.preset(model, **SHORT, **train_changes)


def test_adapters_and_their_dropout_go_on_as_if_never_interrupted(shards: Path, tmp_path: Path, ran: Path):
    preset = adapted(ran, tmp_path / "vlm", save_every=3)
    whole = losses_of(shards, tmp_path / "whole", preset)
    found = losses_of(shards, cut(tmp_path / "whole", tmp_path / "run", 3), preset, "--resume")
    assert minute.apart(found, whole) < 1e-6


def test_only_adapters_of_the_language_model_are_trained_and_saved(shards: Path, tmp_path: Path, ran: Path):
    losses_of(shards, tmp_path / "run", adapted(ran, tmp_path / "vlm"))
    saved = load_file(tmp_path / "run/best/language/adapter_model.safetensors")
    assert all(".lora_" in name for name in saved)
    assert any(weight.abs().max() > 0 for name, weight in saved.items() if ".lora_B." in name)
    assert not any(name.startswith("vlm.") for name in load_file(tmp_path / "run/best/model.safetensors"))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"paper": True}, "structure_weight": 0.0, "picture_steps": 0},
        {"model": {"condition": "image+question"}, "structure_weight": 0.0, "picture_steps": 0},
        {"model": {"vlm_weights": "frozen"}},
    ],
    ids=str,
)
def test_other_ways_to_train_train(shards: Path, tmp_path: Path, changes: dict[str, Any]):
    losses_of(shards, tmp_path, minute.preset(**{**SHORT, **changes}))
    assert checkpoint.steps(tmp_path)


def edited(shards: Path, out: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    """The shards in a folder of the same name, their rows changed."""
    shutil.copytree(shards, out / "shards", ignore=shutil.ignore_patterns(".mmrs", "qa"))
    for file in (out / "shards/data").iterdir():
        table = pq.read_table(file)
        pq.write_table(pa.Table.from_pylist([change(row) for row in table.to_pylist()], table.schema), file)
    return out / "shards"


def test_shards_without_mask_targets_train_words_alone(shards: Path, tmp_path: Path):
    bare = edited(shards, tmp_path, lambda row: row | {"qa": [q | {"target": None} for q in row["qa"]]})
    lines = losses_of(bare, tmp_path / "run", minute.preset(**SHORT))
    assert {line["mask"] for line in lines} == {0.0}
    assert all(math.isfinite(line["loss"]) for line in lines)


def test_views_without_questions_are_passed_over(shards: Path, tmp_path: Path, rows: list[dict[str, Any]]):
    mute = {row["view_id"] for row in rows[::2]}
    half = edited(shards, tmp_path, lambda row: row | ({"qa": []} if row["view_id"] in mute else {}))
    for streaming in (False, True):
        preset = minute.preset(**SHORT, streaming=streaming)
        seen = [view for line in losses_of(half, tmp_path / str(streaming), preset) for view in line["views"]]
        assert len(seen) == 24
        assert not mute & set(seen)


def test_a_loss_that_is_no_number_stops_with_the_views_and_whole_checkpoints(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    preset = minute.preset(learning_rate=1e30, warmup=0, save_every=1)
    assert minute.train(shards, tmp_path, preset) == 2
    message = capsys.readouterr().err
    assert "nan" in message or "inf" in message
    assert "phantom:" in message
    assert "learning_rate" in message
    assert "Traceback" not in message
    for folder in checkpoint.steps(tmp_path):
        checkpoint.check(folder)


def test_signals_mean_after_a_run_what_they_meant_before(shards: Path, tmp_path: Path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    losses_of(shards, tmp_path, minute.preset(steps=1))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def refused(capsys: pytest.CaptureFixture[str], shards: Path, out: Path, preset: Preset, *more: str) -> str:
    assert minute.train(shards, out, preset, *more) == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    return message


def test_a_folder_that_holds_a_run_is_refused(ran: Path, shards: Path, capsys: pytest.CaptureFixture[str]):
    before = minute.losses(ran)
    assert "add --resume" in refused(capsys, shards, ran, minute.preset())
    assert minute.losses(ran) == before


def test_there_is_nothing_to_resume_in_a_new_folder(shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert "no checkpoint to go on from" in refused(capsys, shards, tmp_path, minute.preset(), "--resume")


def test_a_run_that_may_have_begun_before_begins_or_goes_on(shards: Path, tmp_path: Path):
    preset = minute.preset(steps=2)
    for _ in range(2):
        assert minute.train(shards, tmp_path, preset, "--resume", "auto") == 0
        assert [line["step"] for line in minute.losses(tmp_path)] == [1, 2]


def test_resuming_with_other_settings_is_refused(ran: Path, shards: Path, capsys: pytest.CaptureFixture[str]):
    other = replace(minute.ran(), train=replace(minute.ran().train, learning_rate=1e-3))
    assert "with other settings" in refused(capsys, shards, ran, other, "--resume")


def test_resuming_on_other_shards_is_refused(
    ran: Path, shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    preset = minute.ran()
    assert "other shards" in refused(capsys, edited(shards, tmp_path, dict), ran, preset, "--resume")


def test_resuming_from_a_damaged_checkpoint_is_refused(
    ran: Path, shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = cut(ran, tmp_path / "run", 20)
    file = out / "checkpoints/step-0000020/state/optimizer.bin"
    file.write_bytes(file.read_bytes()[:-1])
    preset = minute.ran()
    assert "is damaged: state/optimizer.bin is changed" in refused(capsys, shards, out, preset, "--resume")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"views": 50, "views_per_pass": 50}, "fewer than train.views=50"),
        ({"model": {"vlm_weights": "lora"}}, "adapts a checkpoint"),
        ({"model": {"paper": True}}, "picture_steps"),
        ({"structure_weight": 0.0}, "picture_steps"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], reason: str
):
    assert reason in refused(capsys, shards, tmp_path, minute.preset(**changes))


def test_shards_without_a_validation_split_are_refused(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(shards / "data", tmp_path / "data", ignore=shutil.ignore_patterns("validation-*"))
    assert "has no split 'validation'" in refused(capsys, tmp_path, tmp_path / "run", minute.preset())


def test_views_that_processes_cannot_share_are_refused(shards: Path, reader: data.Reader):
    three = SimpleNamespace(process_index=0, num_processes=3)
    with pytest.raises(Refused, match=r"train.views=4 cannot be shared by 3 processes"):
        next(train.steps_of(shards, minute.preset().train, reader, 0, three))


@pytest.mark.parametrize("warmup", [0, 10])
def test_the_learning_rate_rises_then_falls_to_its_floor(warmup: int):
    config = minute.preset(steps=100, warmup=warmup, floor=0.1, learning_rate=2.0).train
    rates = [train.rate(step, config) for step in range(101)]
    assert max(rates) == pytest.approx(2.0)
    assert rates[100] == pytest.approx(0.2)
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    assert min(rates) > 0
