"""Language models of every family, minute and at random: packed questions are worth as many sequences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from baselines.prs_med import config, losses
from baselines.prs_med.model import PRSMed, build
from baselines.prs_med.packing import Words
from tests.baselines.prs_med import families
from tests.baselines.prs_med.families import ASKED, END, FAMILIES

ALONE = [(view, words) for view, row in enumerate(ASKED) for words in row]


@pytest.fixture(scope="module", params=[(family, lora) for family in FAMILIES for lora in (False, True)], ids=str)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, PRSMed]:
    family, lora = request.param
    return family, families.built(family, tmp_path_factory.mktemp(family), lora=lora).double()


@pytest.fixture
def family(made: tuple[str, PRSMed]) -> str:
    return made[0]


@pytest.fixture
def model(made: tuple[str, PRSMed]) -> PRSMed:
    return made[1].train()


def learnt(model: PRSMed, batch: Any) -> tuple[Any, float, float, dict[str, torch.Tensor]]:
    """Output, losses and gradients of a step."""
    model.zero_grad(set_to_none=True)
    output = model(batch)
    text = losses.text_loss(output.text, output.labels)
    mask = losses.mask_loss(output.masks, batch.masks, batch.known)
    (text + mask).backward()
    return output, text.item(), mask.item(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return ((one - other).abs().max() / other.abs().max().clamp(min=1)).item()


def test_packed_questions_are_worth_as_many_sequences(family: str, model: PRSMed):
    together = families.batch(family)
    alone = families.batch(family, [[words] for _, words in ALONE], views=[view for view, _ in ALONE])
    packed, single = learnt(model, together), learnt(model, alone)
    assert apart(packed[0].masks[together.known], single[0].masks[alone.known]) < 1e-5
    assert packed[1:3] == pytest.approx(single[1:3], rel=1e-5)
    assert packed[3].keys() == single[3].keys()
    assert max(apart(packed[3][name], single[3][name]) for name in packed[3]) < 1e-5


def test_a_question_does_not_see_its_siblings(family: str, model: PRSMed):
    other = [[ASKED[0][0], Words(prompt=[35, 36, 37, 38], answer=[34, END]), ASKED[0][2]], ASKED[1]]
    with torch.no_grad():
        before, after = model(families.batch(family)), model(families.batch(family, other))
    moved = (before.masks - after.masks).abs().amax((2, 3))
    assert moved[0, 1] > 1e-3
    moved[0, 1] = 0
    assert moved.max() < 1e-6
    same = [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert apart(before.text[same], after.text[same]) < 1e-6


def test_one_question_is_read_as_transformers_reads_it(family: str, model: PRSMed):
    """Positions and mask, given by us, are those that the model gives itself when it is not told."""
    batch = families.batch(family, [[ASKED[0][0]]], views=[0])
    picture = (batch.text.ids == families.IMAGE).long()
    kinds = {"qwen2_5_vl": "mm_token_type_ids", "gemma3": "token_type_ids"}
    told = {kinds[family]: picture} if family in kinds else {}
    with torch.no_grad():
        ours = model.read(batch, dict(batch.vision)).last_hidden_state
        theirs = model.core.model(input_ids=batch.text.ids, **batch.vision, **told).last_hidden_state
    assert apart(ours, theirs) < 1e-5


@pytest.mark.parametrize("condition", ["question", "image+question"])
def test_an_answer_is_what_one_gets_without_packing_and_cache(family: str, model: PRSMed, condition: Any):
    model.eval()
    batch = families.batch(family, families.unanswered(ASKED), condition=condition)
    masks, said = model.answer(batch, limit=4)
    with torch.no_grad():
        known = model(families.batch(family, condition=condition)).masks
    assert apart(masks[batch.known], known[batch.known]) < 1e-5
    words: list[list[int]] = [[] for _ in ALONE]
    for _ in range(4):
        asked = [[Words(prompt=w.prompt, answer=[*so_far, END])] for (_, w), so_far in zip(ALONE, words, strict=True)]
        one = families.batch(family, asked, views=[view for view, _ in ALONE], condition=condition)
        with torch.no_grad():
            found = model(one).text.argmax(-1).view(len(ALONE), -1)[:, -1]
        words = [[*so_far, int(token)] for so_far, token in zip(words, found, strict=True)]
    assert [said[view][ASKED[view].index(w)] for view, w in ALONE] == words


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_are_in_the_language_model_alone(family: str, tmp_path: Path):
    model = families.built(family, tmp_path, lora=True)
    trained = {name for name, weight in model.vlm.named_parameters() if weight.requires_grad}
    adapted = {name.split(".lora_")[0] for name in trained if ".lora_" in name}
    assert all(".lora_" in name for name in trained)
    assert len(adapted) == 8  # q, k, v and o of either layer
    assert not any("vision" in name or "visual" in name for name in adapted)


def test_the_language_model_runs_once_per_step(family: str, model: PRSMed):
    calls: list[str] = []
    layer = next(m for n, m in model.core.named_modules() if n.endswith(("language_model", "text_model")))
    with layer.register_forward_hook(lambda *_: calls.append("read")):
        learnt(model, families.batch(family))
    assert calls == ["read"]


def test_recomputed_activations_give_the_same_gradients(family: str, model: PRSMed):
    batch = families.batch(family)
    kept = learnt(model, batch)[3]
    model.core.gradient_checkpointing_enable()
    recomputed = learnt(model, batch)[3]
    model.core.gradient_checkpointing_disable()
    assert kept.keys() == recomputed.keys()
    assert max(apart(recomputed[name], kept[name]) for name in kept) < 1e-5


def test_a_row_may_be_longer_than_the_window_of_attention(tmp_path: Path):
    """Gemma 3 looks back over a window; a row is longer than a picture and a question."""
    model = families.built("gemma3", tmp_path, sliding_window=16).double().eval()
    batch = families.batch("gemma3", families.unanswered(ASKED))
    masks, said = model.answer(batch, limit=3)
    alone = [model.answer(families.batch("gemma3", [[w]], views=[v]), limit=3)
             for v, w in ((v, Words(prompt=w.prompt)) for v, w in ALONE)]  # fmt: skip
    assert [tokens for row, asked in zip(said, ASKED, strict=True) for tokens in row[: len(asked)]] == [
        one[1][0][0] for one in alone
    ]
    assert apart(masks[batch.known], torch.cat([one[0][0] for one in alone])) < 1e-5


@pytest.mark.parametrize("glance", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_weights_in_half_precision_need_no_autocast(family: str, glance: bool, tmp_path: Path):
    """As ``predict`` and ``evaluate`` run what was trained with ``dtype`` bfloat16."""
    changes = {"dtype": "bfloat16", "glance": glance}
    model = families.built(family, tmp_path, lora=True, model=changes).eval()
    assert {p.dtype for p in model.core.parameters()} == {torch.bfloat16, torch.float32}  # adapters are float32
    batch = families.batch(family, families.unanswered(ASKED))
    batch = replace(batch, pixels=batch.pixels.float(),
                    vision={n: v.float() if v.is_floating_point() else v for n, v in batch.vision.items()})  # fmt: skip
    masks, said = model.answer(batch, limit=2)
    assert masks.isfinite().all()
    assert len(said[1]) == 3


@pytest.mark.parametrize("paper", [False, True])
@pytest.mark.parametrize("kind", families.ENCODERS)
def test_masks_come_from_any_image_encoder(kind: str, paper: bool, tmp_path: Path):
    encoder, side = families.ENCODERS[kind]
    changes = {"encoder_config": encoder, "paper": paper, "stages": 2}
    model = families.built("llava", tmp_path, lora=True, model=changes).double()
    batch = families.batch("llava")
    output = learnt(model, batch)[0]
    assert output.masks.shape == (2, 3, *[side if paper else 4 * side] * 2)
    silent = [name for name, weight in model.named_parameters() if weight.requires_grad and weight.grad is None]
    if (kind, paper) != ("sam2", True):  # whose finer maps the published decoder does not look at
        assert not silent  # processes wait for each other's gradients


def test_the_encoder_of_a_whole_sam_checkpoint_is_taken(tmp_path: Path):
    prompt = {"hidden_size": 16, "image_size": 32, "patch_size": 8, "mask_input_channels": 4}
    decoder = {
        "hidden_size": 16,
        "mlp_dim": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": 8,
    }
    whole = hf.SamModel(
        hf.SamConfig(vision_config=families.SAM, prompt_encoder_config=prompt, mask_decoder_config=decoder)
    )
    whole.bfloat16().save_pretrained(tmp_path / "sam")
    changes = {"encoder": str(tmp_path / "sam"), "encoder_config": {}}
    encoder = families.built("llava", tmp_path / "vlm", model=changes).image_encoder
    assert sum(p.numel() for p in encoder.parameters()) == sum(p.numel() for p in whole.vision_encoder.parameters())
    assert torch.equal(encoder.neck.conv1.weight, whole.vision_encoder.neck.conv1.weight.float())
    assert {weight.dtype for weight in encoder.parameters()} == {torch.float32}


def test_a_model_whose_pictures_see_the_question_is_refused():
    wanted = config.ModelConfig(vlm_config={"model_type": "paligemma", "text_config": {}, "vision_config": {}})
    with pytest.raises(config.Refused, match="both directions"):
        build(wanted)
