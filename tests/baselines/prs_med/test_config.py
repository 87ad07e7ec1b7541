"""Presets, changes to them, and the file that keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import torch

from baselines.prs_med import config
from baselines.prs_med.config import PRESETS, Preset, Refused, changed, prs_med_7b, tiny
from baselines.prs_med.model import build

every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


@every_preset
def test_a_preset_comes_back_from_its_file(preset: Callable[[], Preset], tmp_path: Path):
    config.write(tmp_path, preset())
    assert config.read(tmp_path) == preset()


@every_preset
def test_a_preset_holds_only_values_that_are_allowed(preset: Callable[[], Preset]):
    for part in (preset().model, preset().train):
        for name, kind in get_type_hints(type(part)).items():
            allowed = get_args(kind)
            if allowed and all(isinstance(value, str) for value in allowed):
                assert getattr(part, name) in allowed


@every_preset
def test_a_preset_can_be_trained_by_two_processes(preset: Callable[[], Preset]):
    train = preset().train
    assert train.views % 2 == 0
    assert 0 <= train.warmup < train.steps
    assert min(train.views_per_pass, train.questions, train.keep, train.validate_every, train.save_every) >= 1


@every_preset
def test_a_preset_names_its_language_model_or_describes_it(preset: Callable[[], Preset]):
    model = preset().model
    assert bool(model.vlm) != bool(model.vlm_config)
    assert model.vlm or model.vlm_weights == "all"
    assert not (model.encoder and model.encoder_config)


@every_preset
def test_heads_divide_the_width_of_the_image_features(preset: Callable[[], Preset]):
    model = preset().model
    vision = model.encoder_config or model.vlm_config.get("vision_config", {})
    width = vision.get("hidden_size", 256)  # of TinySAM, SAM and SAM 2
    assert width % model.heads == width % model.layer_heads == 0


@pytest.mark.parametrize("name", ["tiny", "small"])
def test_a_preset_of_random_weights_can_be_built(name: str):
    model = PRESETS[name]().model
    text = model.vlm_config["text_config"] | {"vocab_size": 99}
    with torch.device("meta"):
        made = build(replace(model, vlm_config=model.vlm_config | {"text_config": text}), labels=3)
    assert all(weight.requires_grad for weight in made.parameters())
    side = model.image_size // 16
    assert model.vlm_config["image_seq_length"] == side**2


def test_the_papers_model_adapts_13_6_million_weights_of_mistral():
    text = {"model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
            "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32064}  # fmt: skip
    tower = {"model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096, "patch_size": 14,
             "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336}  # fmt: skip
    vlm = {"model_type": "llava", "text_config": text, "vision_config": tower, "vision_feature_layer": -2}
    with torch.device("meta"):
        model = build(replace(prs_med_7b().model, vlm=None, vlm_config=vlm))
    trained = {name: weight.numel() for name, weight in model.named_parameters() if weight.requires_grad}
    adapters = {name: count for name, count in trained.items() if ".lora_" in name}
    assert sum(adapters.values()) == 13_631_488
    assert len(adapters) == 32 * 4 * 2
    assert all("language_model" in name for name in adapters)
    assert {name.split(".")[0] for name in trained.keys() - adapters.keys()} == {
        "image_encoder",
        "fusion",
        "mask_decoder",
    }
    assert sum(weight.numel() for weight in model.core.parameters()) - sum(adapters.values()) > 7.5e9


@pytest.mark.parametrize(
    ("text", "part", "name", "value"),
    [
        ("train.steps=200", "train", "steps", 200),
        ("train.learning_rate=1", "train", "learning_rate", 1),
        ("train.streaming=True", "train", "streaming", True),
        ("model.paper=false", "model", "paper", False),
        ("model.encoder=some/folder", "model", "encoder", "some/folder"),
        ('model.encoder_config={"norm": "batch"}', "model", "encoder_config", {"norm": "batch"}),
    ],
)  # fmt: skip
def test_a_number_can_be_changed(text: str, part: str, name: str, value: Any):
    new = changed(tiny(), [text])
    assert getattr(getattr(new, part), name) == value
    assert replace(new, **{part: getattr(tiny(), part)}) == tiny()


def test_the_last_change_counts():
    assert changed(tiny(), ["train.steps=200", "train.steps=300"]).train.steps == 300


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("steps=200", r"write model.NAME=VALUE or train.NAME=VALUE"),
        ("train.steps", r"write model.NAME=VALUE"),
        ("other.steps=1", r"write model.NAME=VALUE"),
        ("train.stepps=1", r"train has no stepps; it has steps, views"),
        ("train.steps=many", r"int wanted, as in \d+"),
        ("train.steps=1.5", r"int wanted"),
        ("train.steps=true", r"int wanted"),
        ("train.streaming=1", r"bool wanted"),
        ("model.vlm_config=[1]", r"dict wanted"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(text: str, reason: str):
    with pytest.raises(Refused, match=reason):
        changed(tiny(), [text])


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "model": {"depth": 3}, "train": {}}', '"a"', "null"]
)
def test_a_file_that_holds_no_preset_is_refused(content: str, tmp_path: Path):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(Refused, match="is not a checkpoint of this model"):
        config.read(tmp_path)


def test_a_folder_without_the_file_and_another_format_are_refused(tmp_path: Path):
    with pytest.raises(Refused, match="is not a checkpoint of this model"):
        config.read(tmp_path)
    config.write(tmp_path, tiny())
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 2}))
    with pytest.raises(Refused, match=r"another version of this model \(format 2, known: 1\)"):
        config.read(tmp_path)
