"""TinyViT: the published sizes and names, and what training and saving may not change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from baselines.prs_med.encoder import TinyViTConfig, TinyViTModel, channels, features
from tests.baselines.prs_med import families

SMALL: dict[str, Any] = {
    "image_size": 48, "dims": (8, 16, 16, 24), "depths": (1, 2, 2, 1), "heads": (1, 2, 2, 3), "windows": (4, 4, 4, 4),
    "ratio": 2, "hidden_size": 16,
}  # fmt: skip
NORMS = ("batch", "group")


def small(norm: str = "group", **changes: Any) -> TinyViTModel:
    torch.manual_seed(0)
    model = TinyViTModel(TinyViTConfig(**SMALL | changes, norm=norm)).eval()
    for name, weight in model.named_parameters():
        if name.endswith("attention_biases"):
            torch.nn.init.normal_(weight)  # zero at first: which bias is whose would not be seen
    return model


@pytest.fixture(scope="module")
def published() -> TinyViTModel:
    """TinySAM's encoder without its weights."""
    with torch.device("meta"):
        return TinyViTModel(TinyViTConfig())


def test_the_published_size_makes_256_channels_of_64_by_64(published: TinyViTModel):
    found = features(published(torch.empty(1, 3, 1024, 1024, device="meta")))
    assert found.grid.shape == (1, 256, 64, 64)
    assert [tuple(finer.shape) for finer in found.maps] == [(1, 128, 128, 128), (1, 64, 256, 256), (1, 32, 512, 512)]


def test_the_published_size_has_six_million_weights(published: TinyViTModel):
    assert sum(weight.numel() for weight in published.parameters()) == pytest.approx(6e6, rel=0.05)


def test_weights_are_named_and_shaped_as_published(published: TinyViTModel):
    found = {name: tuple(weight.shape) for name, weight in published.state_dict().items()}
    wanted = {
        "patch_embed.seq.0.c.weight": (32, 3, 3, 3), "patch_embed.seq.2.bn.running_mean": (64,),
        "layers.0.blocks.0.conv1.c.weight": (256, 64, 1, 1), "layers.0.blocks.1.conv2.c.weight": (256, 1, 3, 3),
        "layers.0.downsample.conv3.bn.weight": (128,), "layers.1.blocks.0.attn.attention_biases": (4, 49),
        "layers.1.blocks.0.attn.qkv.weight": (384, 128), "layers.1.blocks.1.attn.norm.bias": (128,),
        "layers.2.blocks.5.attn.attention_biases": (5, 196), "layers.2.blocks.0.local_conv.c.weight": (160, 1, 3, 3),
        "layers.3.blocks.1.mlp.fc1.weight": (1280, 320), "layers.3.blocks.0.attn.proj.weight": (320, 320),
        "layers.2.downsample.conv1.c.weight": (320, 160, 1, 1), "neck.0.weight": (256, 320, 1, 1),
        "neck.1.weight": (256,), "neck.2.weight": (256, 256, 3, 3), "neck.3.bias": (256,),
    }  # fmt: skip
    assert {name: found.get(name) for name in wanted} == wanted
    assert not [name for name in found if "offsets" in name or name.startswith("layers.3.downsample")]


def test_training_never_changes_batch_statistics():
    model = small("batch").train()
    before = {name: value.clone() for name, value in model.named_buffers()}
    for _ in range(2):
        model(torch.randn(2, 3, 48, 48)).last_hidden_state.sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())


def test_batch_statistics_stay_even_when_a_whole_model_is_set_to_train():
    around = torch.nn.ModuleList([small("batch")]).train()
    norms = [m for m in around.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert not any(norm.training for norm in norms)


@pytest.mark.parametrize("norm", NORMS)
def test_features_of_a_picture_do_not_depend_on_its_batch_mates(norm: str):
    model, pictures = small(norm).train(), torch.randn(3, 3, 48, 48)
    together = model(pictures).last_hidden_state
    assert (model(pictures[:1]).last_hidden_state - together[:1]).abs().max() < 1e-5


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("positions", [False, True])
def test_a_saved_model_comes_back_with_the_same_output(norm: str, positions: bool, tmp_path: Path):
    model, pictures = small(norm, positions=positions), torch.randn(2, 3, 48, 48)
    model.save_pretrained(tmp_path)
    loaded = hf.AutoModel.from_pretrained(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"config.json", "model.safetensors"}
    assert torch.equal(loaded(pictures).last_hidden_state, model(pictures).last_hidden_state)


def test_positions_tell_places_apart_from_the_first_step_on():
    flat = torch.zeros(1, 3, 48, 48)
    tokens = small(positions=True)(flat).last_hidden_state - small(positions=False)(flat).last_hidden_state
    distances = torch.cdist(tokens[0], tokens[0]) + 9 * torch.eye(9)
    assert distances.min() > 0.1


@pytest.mark.parametrize(("number", "down", "right"), [(0, 0, 0), (1, 0, 1), (4, 1, 0), (9, 2, 1)])
def test_a_bias_belongs_to_an_offset_down_and_right(number: int, down: int, right: int):
    """A token that is drawn to one offset with all its might sees the tokens at that offset and no other."""
    attention = small().layers[1].blocks[0].attn
    with torch.no_grad():
        attention.attention_biases.zero_()[:, number] = 1e4
    tokens = torch.randn(1, 16, 16)
    other = tokens.clone()
    other[0, 4 * 1 + 2] = torch.randn(16)  # row 1, column 2
    moved = (attention(tokens) - attention(other)).abs().amax((0, 2)).view(4, 4) > 1e-4
    wanted = {(1 + a * down, 2 + b * right) for a in (-1, 1) for b in (-1, 1)}
    wanted = {(row, column) for row, column in wanted if 0 <= row < 4 and 0 <= column < 4} | {(1, 2)}  # asks otherwise
    assert {(row, column) for row, column in moved.nonzero().tolist()} == wanted


@pytest.mark.parametrize("side", [32, 48, 80])
def test_grids_that_a_window_does_not_divide_keep_their_size(side: int):
    found = features(small(windows=(7, 7, 5, 3))(torch.randn(1, 3, side, side)))
    assert found.grid.shape[2:] == (side // 16, side // 16)
    assert found.grid.isfinite().all()


@pytest.mark.parametrize("kind", families.ENCODERS)
def test_channels_are_known_before_anything_is_encoded(kind: str):
    encoder, side = families.ENCODERS[kind]
    model = hf.AutoModel.from_config(hf.AutoConfig.for_model(**encoder))
    found = features(model(torch.randn(2, 3, families.SIDE, families.SIDE)))
    assert found.grid.shape == (2, 16, side, side)
    assert channels(model.config) == (16, tuple(finer.shape[1] for finer in found.maps))
    assert [finer.shape[2] for finer in found.maps] == [side * 2 ** (i + 1) for i in range(len(found.maps))]


def test_an_encoder_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="no such image encoder: clip_vision_model; known: TinyViT"):
        channels(hf.CLIPVisionConfig())
