"""Checkpoints: what is saved comes back to the bit, and what is amiss is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from baselines.prs_med import checkpoint
from baselines.prs_med.config import Preset, Refused, TrainConfig
from baselines.prs_med.data import Reader, Sample
from baselines.prs_med.evaluate import opened
from baselines.prs_med.model import PRSMed, build, load, save
from tests.baselines.prs_med import families, minute


def moved(model: PRSMed) -> PRSMed:
    """The model with every trained weight away from where it began."""
    torch.manual_seed(5)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(0.1 * torch.randn_like(weight))
    return model.eval()


def logits(model: PRSMed, batch: Any) -> list[torch.Tensor]:
    with torch.no_grad():
        output = model(batch)
    return [value for value in (output.masks, output.text, output.cells, output.pixels) if value is not None]


def assert_same(one: PRSMed, other: PRSMed, batch: Any) -> None:
    pairs = list(zip(logits(one, batch), logits(other, batch), strict=True))
    assert [float((a - b).abs().max()) for a, b in pairs] == [0.0] * len(pairs)


def test_a_model_of_random_weights_comes_back_to_the_bit(
    made: tuple[Any, Any, list[str]], reader: Reader, samples: list[Sample], tmp_path: Path
):
    preset = minute.preset()
    model = moved(build(preset.model, made[1].tokenizer, len(made[2])))
    save(tmp_path, model, preset, made[1], made[2])
    loaded, read, processor, labels = load(tmp_path)
    assert (read, labels) == (preset, made[2])
    assert processor.tokenizer.get_vocab() == made[1].tokenizer.get_vocab()
    assert_same(loaded, model, reader.batch(samples, answers=True))


@pytest.mark.parametrize(
    "changes",
    [{}, {"dtype": "bfloat16"}, {"paper": True}, {"encoder_weights": "frozen"}, {"vlm_weights": "frozen"}],
    ids=str,
)
@pytest.mark.parametrize("family", ["llava", "qwen2_5_vl"])
def test_a_model_on_a_checkpoint_comes_back_to_the_bit(
    made: tuple[Any, Any, list[str]], family: str, changes: dict[str, Any], tmp_path: Path
):
    model = moved(families.built(family, tmp_path / "vlm", lora=True, model=changes))
    config = replace(families.config(tmp_path / "vlm", lora=True), **changes)
    save(tmp_path / "saved", model, Preset(model=config, train=TrainConfig()), made[1])
    batch = families.batch(family)
    plain = {name: v.float() if v.is_floating_point() else v for name, v in batch.vision.items()}
    assert_same(load(tmp_path / "saved")[0], model, replace(batch, pixels=batch.pixels.float(), vision=plain))


def test_adapters_of_a_loaded_model_can_be_trained_on(made: tuple[Any, Any, list[str]], tmp_path: Path):
    model = families.built("llava", tmp_path / "vlm", lora=True)
    save(
        tmp_path / "saved",
        model,
        Preset(model=families.config(tmp_path / "vlm", lora=True), train=TrainConfig()),
        made[1],
    )
    trained = [
        {n for n, weight in m.named_parameters() if weight.requires_grad} for m in (model, load(tmp_path / "saved")[0])
    ]
    assert trained[0] == trained[1]


def test_what_is_frozen_and_has_a_checkpoint_is_not_copied(made: tuple[Any, Any, list[str]], tmp_path: Path):
    families.encoder().save_pretrained(tmp_path / "encoder")
    changes = {"encoder": str(tmp_path / "encoder"), "encoder_config": {}, "encoder_weights": "frozen"}
    model = moved(families.built("llava", tmp_path / "vlm", lora=True, model=changes))
    config = replace(families.config(tmp_path / "vlm", lora=True), **changes)
    save(tmp_path / "saved", model, Preset(model=config, train=TrainConfig()), made[1])
    names = load_file(tmp_path / "saved/model.safetensors").keys()
    assert {name.split(".")[0] for name in names} == {"fusion", "mask_decoder", "glance"}
    loaded = load(tmp_path / "saved")[0]
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), model.parameters(), strict=True))


def test_weights_are_safetensors_and_nothing_else(ran: Path):
    kinds = {path.suffix for path in (ran / "best").rglob("*") if path.is_file()}
    assert kinds == {".md", ".json", ".jinja", ".safetensors"}
    step = checkpoint.newest(ran)
    pickled = [path for path in step.rglob("*") if path.is_file() and path.suffix not in kinds]
    assert {path.parent for path in pickled} == {step / "state"}  # the optimiser's and the generators' state
    assert not [path for path in (step / "state").iterdir() if "model" in path.name]


def test_a_checkpoint_answers_as_the_model_that_was_saved(ran: Path, samples: list[Sample]):
    model, _, reader = opened(ran / "best")
    assert not model.training
    assert model.end == reader.end
    assert model.answer(reader.batch(samples, answers=False), 3)[0].isfinite().all()


def flipped(folder: Path, name: str) -> None:
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a weight": (lambda folder: flipped(folder, "model.safetensors"), "model.safetensors is changed"),
    "a word": (lambda folder: flipped(folder, "language/model.safetensors"), "language/model.safetensors is changed"),
    "a number": (lambda folder: flipped(folder, "config.json"), "config.json is changed"),
    "a token": (lambda folder: flipped(folder, "processor/tokenizer.json"), "processor/tokenizer.json is changed"),
    "absent weights": (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors is missing"),
    "absent words": (lambda folder: shutil.rmtree(folder / "language"), "language/config.json is missing"),
    "cut": (lambda folder: (folder / "model.safetensors").write_bytes(b""), "model.safetensors is changed"),
    "more": (lambda folder: (folder / "language/more.bin").write_bytes(b"x"), "language/more.bin is added"),
    "unsealed": (lambda folder: (folder / "digests.json").unlink(), "is not a checkpoint"),
    "not sealed": (lambda folder: (folder / "digests.json").write_text("{"), "is not a checkpoint"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_refused_with_what_is_damaged(kind: str, ran: Path, tmp_path: Path):
    damage, reason = DAMAGE[kind]
    folder = Path(shutil.copytree(ran / "best", tmp_path / "best"))
    damage(folder)
    with pytest.raises(Refused, match=reason):
        opened(folder)


def test_folders_that_are_no_checkpoints_are_refused(ran: Path, tmp_path: Path):
    for folder in (tmp_path, tmp_path / "nowhere", ran, ran / "best/language"):
        with pytest.raises(Refused, match="is not a checkpoint"):
            opened(folder)


def test_a_folder_of_another_model_is_refused(made: tuple[Any, Any, list[str]], tmp_path: Path):
    families.language("llava").save_pretrained(tmp_path)
    made[1].save_pretrained(tmp_path)
    with pytest.raises(Refused, match="is not a checkpoint of this model"):
        load(tmp_path)


def edited(folder: Path, part: str, **changes: Any) -> None:
    raw = json.loads((folder / "config.json").read_text("utf-8"))
    raw[part] |= changes
    (folder / "config.json").write_text(json.dumps(raw), "utf-8")


def test_weights_that_do_not_fit_their_configuration_are_refused(ran: Path, tmp_path: Path):
    folder = Path(shutil.copytree(ran / "best", tmp_path / "best"))
    edited(folder, "model", text_hidden=48)
    with pytest.raises(Refused, match=r"does not fit its config.json: fusion\.project"):
        load(folder)
    edited(folder, "model", text_hidden=32)
    weights = load_file(folder / "model.safetensors")
    save_file(weights | {"fusion.other": torch.ones(1)}, folder / "model.safetensors")
    with pytest.raises(Refused, match=r"does not fit its config.json: fusion\.other"):
        load(folder)


def test_a_checkpoint_whose_base_is_gone_is_refused(made: tuple[Any, Any, list[str]], tmp_path: Path):
    model = families.built("llava", tmp_path / "vlm", lora=True)
    save(
        tmp_path / "saved",
        model,
        Preset(model=families.config(tmp_path / "vlm", lora=True), train=TrainConfig()),
        made[1],
    )
    shutil.rmtree(tmp_path / "vlm")
    with pytest.raises(Refused, match="is not a whole checkpoint"):
        load(tmp_path / "saved")


def written(folder: Path, text: str) -> None:
    checkpoint.publish(folder, lambda fresh: (fresh / "a.txt").write_text(text))


def test_a_published_folder_takes_the_place_of_the_last(tmp_path: Path):
    for text in ("one", "two"):
        written(tmp_path / "best", text)
    checkpoint.check(tmp_path / "best")
    assert (tmp_path / "best/a.txt").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_folder_that_could_not_be_written_leaves_the_last_whole(tmp_path: Path):
    written(tmp_path / "best", "one")
    with pytest.raises(ZeroDivisionError):
        checkpoint.publish(tmp_path / "best", lambda fresh: (fresh / "a.txt").write_text(str(1 / 0)))
    checkpoint.check(tmp_path / "best")
    assert (tmp_path / "best/a.txt").read_text() == "one"


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path):
    written(tmp_path / "best", "one")
    for name in (".best.old", ".best.new"):
        shutil.copytree(tmp_path / "best", tmp_path / name)
        (tmp_path / name / "torn.txt").write_text("half")
    written(tmp_path / "best", "two")
    checkpoint.check(tmp_path / "best")
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


@pytest.mark.parametrize(("keep", "left"), [(1, [12]), (2, [9, 12]), (5, [3, 9, 12])])
def test_the_newest_checkpoints_are_kept(tmp_path: Path, keep: int, left: list[int]):
    for step in (9, 12, 3):
        written(tmp_path / f"checkpoints/step-{step:07d}", "x")
    checkpoint.prune(tmp_path, keep)
    assert [int(folder.name[5:]) for folder in checkpoint.steps(tmp_path)] == left
    assert checkpoint.newest(tmp_path).name == "step-0000012"


def test_a_run_without_checkpoints_has_no_newest(tmp_path: Path):
    with pytest.raises(Refused, match="no checkpoint to go on from"):
        checkpoint.newest(tmp_path)
