"""The baseline on a GPU: what a CPU cannot show. Skipped where torch sees none."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device", allow_module_level=True)

from baselines.prs_med.config import tiny  # noqa: E402
from baselines.prs_med.data import Batch  # noqa: E402
from baselines.prs_med.model import build  # noqa: E402
from baselines.prs_med.packing import Words, pack  # noqa: E402
from baselines.prs_med.train import optimiser, sums  # noqa: E402
from benchmarks import train_step as bench  # noqa: E402

CPU, GPU = torch.device("cpu"), torch.device("cuda")
IMAGE, VOCABULARY, LABELS = 1, 64, 3


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Float32 means float32 in convolutions too, as it does in matrix products anyway."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def model() -> Any:
    """The tiny preset with a vocabulary of its own."""
    torch.manual_seed(0)
    config = tiny().model
    text = config.vlm_config["text_config"] | {"vocab_size": VOCABULARY, "pad_token_id": 0, "eos_token_id": 3}
    vlm = config.vlm_config | {"text_config": text, "image_token_index": IMAGE}
    return build(replace(config, vlm_config=vlm), labels=LABELS).train()


def batch(*, answers: bool = True) -> Batch:
    """Two views with two questions each, of unequal length; discs are to be segmented."""
    side, count = tiny().model.image_size, tiny().model.vlm_config["image_seq_length"]
    asked = [
        [Words(prompt=range(4, 9), answer=(20, 21, 3)), Words(prompt=range(9, 12), answer=(22, 3))],
        [Words(prompt=range(12, 18), answer=(23, 24, 25, 3)), Words(prompt=range(4, 8), answer=(20, 3))],
    ]
    words = asked if answers else [[Words(prompt=question.prompt) for question in row] for row in asked]
    grid = torch.arange(side)
    far = ((grid - side // 2) ** 2 + (grid[:, None] - side // 3) ** 2).sqrt()
    discs = torch.stack([far < side * part for part in (0.1, 0.2, 0.15, 0.3)]).view(2, 2, side, side)
    pixels = 0.1 * torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0)) + discs[:, :1]
    return Batch(
        views=(),
        pixels=pixels,
        vision={"pixel_values": pixels},
        text=pack([[IMAGE] * count] * 2, words, "question"),
        masks=discs,
        known=torch.ones(2, 2, dtype=torch.bool),
        structures=discs[:, [0, 1, 1]],
        shown=torch.ones(2, LABELS, dtype=torch.bool),
    )


def loss_of(trained: Any, given: Batch, *, half: bool) -> Any:
    with torch.autocast("cuda", torch.bfloat16, enabled=half):
        output = trained(given)
    return sums(output, given, False).sum()


def test_mixed_precision_learns_two_views() -> None:
    trained, given = model().to(GPU), batch().to(GPU)
    adam, losses = optimiser(trained, tiny().train), []
    for _ in range(30):
        loss = loss_of(trained, given, half=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0, error_if_nonfinite=True)
        adam.step()
        adam.zero_grad()
        losses.append(loss.item())
    assert all(torch.isfinite(torch.tensor(losses)))
    assert losses[-1] < 0.7 * losses[0]


def test_a_gpu_computes_what_a_cpu_does() -> None:
    on_cpu, given = model().eval(), batch()
    on_gpu = copy.deepcopy(on_cpu).to(GPU)
    with torch.no_grad():
        expected, found = on_cpu(given), on_gpu(given.to(GPU))
    for name in ("masks", "text", "cells", "pixels"):
        torch.testing.assert_close(getattr(found, name).cpu(), getattr(expected, name), rtol=1e-3, atol=1e-3)


def test_recomputing_activations_changes_nothing() -> None:
    plain, given = model().to(GPU), batch().to(GPU)
    saving = copy.deepcopy(plain)
    saving.core.gradient_checkpointing_enable()
    losses = [loss_of(each, given, half=False) for each in (plain, saving)]
    for loss in losses:
        loss.backward()
    torch.testing.assert_close(losses[1], losses[0])
    for ours, theirs in zip(saving.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)


def test_questions_are_answered_on_a_gpu() -> None:
    on_cpu, given = model().eval(), batch(answers=False)
    expected, _ = on_cpu.answer(given, limit=1)
    masks, said = copy.deepcopy(on_cpu).to(GPU).answer(given.to(GPU), limit=6)
    torch.testing.assert_close(masks.cpu(), expected, rtol=1e-3, atol=1e-3)
    assert [[len(ids) for ids in row] for row in said] == [[6, 6], [6, 6]]
    assert all(0 <= token < VOCABULARY for row in said for ids in row for token in ids)


def test_the_benchmark_runs_on_a_gpu(tmp_path: Path) -> None:
    out = tmp_path / "step.json"
    assert bench.main(["--shapes", "small", "--batch", "2", "--steps", "2", "--out", str(out)]) == 0
    found = json.loads(out.read_text("utf-8"))
    assert found["device"] == torch.cuda.get_device_name()
    assert [row["attention"] for row in found["ours"].values()] == ["causal", "dense"]
