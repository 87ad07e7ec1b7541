"""The training benchmark at minute shapes: its code, its counting, and that both steps do the same work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from baselines.prs_med.losses import text_loss  # noqa: E402
from baselines.prs_med.packing import FIRST, IGNORE, SHARED  # noqa: E402
from benchmarks import train_step as bench  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
MEASURED = {"batch", "questions", "tokens", "seconds", "seconds_per_question", "tokens_per_second", "peak_bytes"}
KEYS = {
    "shapes", "device", "threads", "steps", "matrix_flop_per_second", "trained_parameters", "versions", "published",
    "ours",
}  # fmt: skip


@pytest.fixture(scope="module")
def run() -> subprocess.CompletedProcess[str]:
    """The benchmark as a command, without a GPU."""
    return subprocess.run(
        [sys.executable, "benchmarks/train_step.py", "--shapes", "small", "--batch", "2", "--steps", "2"],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def model() -> Any:
    """The small model in float32 without dropout."""
    return bench.made(replace(bench.small(), dtype="float32"), CPU).eval()


def batch(questions: int) -> Any:
    return bench.batch_of(bench.small(), 2, questions, CPU)


def numbers(value: Any) -> list[float]:
    """Every number in nested dictionaries."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers(part)]
    return [value] if isinstance(value, int | float) else []


@pytest.mark.long
def test_small_shapes_run_on_a_cpu(run: subprocess.CompletedProcess[str]) -> None:
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert set(found) == KEYS
    assert set(found["published"]) == MEASURED
    assert set(found["ours"]) == {"1", "3"}
    assert all(set(row) == MEASURED | {"ratio", "utilisation", "flop", "attention"} for row in found["ours"].values())
    assert min(numbers(found)) > 0


@pytest.mark.long
def test_questions_share_a_row(run: subprocess.CompletedProcess[str]) -> None:
    ours = json.loads(run.stdout)["ours"]
    assert [(row["tokens"], row["attention"]) for row in ours.values()] == [(16 + 96, "causal"), (16 + 3 * 96, "dense")]


@pytest.mark.long
def test_the_table_has_a_line_per_step(run: subprocess.CompletedProcess[str]) -> None:
    rows = [line.split(" | ")[0] for line in run.stderr.splitlines() if line.startswith("|")]
    assert [row.strip("| ") for row in rows if "---" not in row] == ["step", "published", "ours", "ours"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine could run them")
def test_the_papers_shapes_are_refused_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([]) == 2
    assert "needs a GPU" in capsys.readouterr().err


def test_the_result_can_go_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--shapes", "small", "--batch", "1", "--steps", "1", "--questions", "2"]
    assert bench.main([*arguments, "--out", str(tmp_path / "step.json")]) == 0
    assert list(json.loads((tmp_path / "step.json").read_text("utf-8"))["ours"]) == ["2"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("questions", [1, 3])
def test_work_of_the_language_model_is_what_torch_counts(model: Any, questions: int) -> None:
    given, language = batch(questions), model.core.model.language_model
    embedded = torch.randn(*given.text.ids.shape, 64, requires_grad=True)
    model.core.set_attn_implementation("eager")  # torch counts each of its products, on every device
    with FlopCounterMode(display=False) as forward:
        states = language(inputs_embeds=embedded).last_hidden_state
        logits = model.core.get_output_embeddings()(states[given.text.labels >= 0])
    with FlopCounterMode(display=False) as backward:
        logits.sum().backward()
    model.core.set_attn_implementation("sdpa")
    found = bench.language_work(model, given, 1.0)
    assert found == pytest.approx((forward.get_total_flops(), backward.get_total_flops()), rel=0.02)


def test_a_causal_kernel_counts_half(model: Any) -> None:
    half, whole = (sum(bench.language_work(model, batch(1), part)) for part in (0.5, 1.0))
    assert whole - half == 3 * 0.5 * 4 * 2 * 64 * 112**2 * 2  # passes, part, FLOP, layers, width, pairs, rows


def test_every_part_has_work() -> None:
    work = bench.counted(bench.made(bench.small(), CPU), batch(1), 0.5)
    assert min(work.values()) > 0
    assert work["total"] == sum(work.values()) / 2


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_both_steps_have_the_same_text_loss_on_the_same_labels(model: Any, implementation: str) -> None:
    given = batch(1)
    model.core.set_attn_implementation(implementation)
    with torch.no_grad():
        published = bench.published_step(model, given)
        model.core.set_attn_implementation("sdpa")
        ours = model(given)
    losses = [float(text_loss(output.text, output.labels)) for output in (published, ours)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    torch.testing.assert_close(published.masks, ours.masks, rtol=1e-3, atol=1e-4)


def test_the_published_step_reads_twice_and_ours_once(model: Any) -> None:
    reads: list[int] = []
    hook = model.core.model.language_model.register_forward_hook(lambda *_: reads.append(1))
    with torch.no_grad():
        model(batch(1))
        once = len(reads)
        bench.published_step(model, batch(1))
    hook.remove()
    assert (once, len(reads) - once) == (1, 2)


def test_the_published_batch_is_asked_for_all_of_the_text() -> None:
    given = batch(1)
    labels, ids = bench.published_batch(given).text.labels, given.text.ids
    before = (given.text.segment == SHARED).sum(1)
    assert [(row != IGNORE).nonzero().flatten().tolist() for row in labels] == [[*range(n - 1, 111)] for n in before]
    assert torch.equal(labels[labels != IGNORE], ids[given.text.segment >= FIRST])
