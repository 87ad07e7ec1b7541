"""Evaluation from end to end: by an oracle, by a trained model, and by what a published script got wrong."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from baselines.prs_med import data, evaluate
from baselines.prs_med.data import Reader, Sample
from mmrs_builder.metrics.score import Record
from mmrs_builder.vocab import VALUES

FILES = {"results.json", "results.md", "results.png", "predictions.jsonl", "masks"}
FIELDS = ("dice", "quadrant_accuracy", "question_only_quadrant_accuracy")


def told(sample: Sample) -> list[tuple[str, Any]]:
    """The true answers and masks of a sample's own questions; an empty mask where no structure is meant."""
    found = [(q["answer"], data.sample(sample.row, [sample.row["qa"].index(q)]).masks[0]) for q in sample.questions]
    nothing = np.zeros((sample.image.height, sample.image.width), np.bool_)
    return [(answer, np.uint8(255) * (nothing if mask is None else mask)) for answer, mask in found]


@contextmanager
def right(model: Any, reader: Reader) -> Iterator[None]:
    """Whoever always answers right stands in for a checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "opened", lambda *_: (model, None, reader))
        patch.setattr(evaluate, "answers", lambda _model, _reader, part, *_: [told(item) for item in part])
        yield


@pytest.fixture
def oracle(model: Any, reader: Reader) -> Iterator[None]:
    with right(model, reader):
        yield


@pytest.fixture(scope="module")
def best(model: Any, reader: Reader, shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is written about whoever always answers right, on every split."""
    out = tmp_path_factory.mktemp("best")
    with right(model, reader):
        evaluated(shards, out)
    return out


def read(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Results and predictions."""
    lines = (out / "predictions.jsonl").read_text("utf-8").splitlines()
    return json.loads((out / "results.json").read_text("utf-8")), [json.loads(line) for line in lines]


def evaluated(
    shards: Path, out: Path, *more: str, model: Path | None = None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Results and predictions of a run, on every split unless told otherwise."""
    splits = [word for name in ("train", "validation", "test") for word in ("--split", name)]
    line = ["--model", str(model or "oracle"), "--data", str(shards), "--out", str(out), "--device", "cpu"]
    assert evaluate.main([*line, *(more or splits)]) == 0
    return read(out)


def test_who_is_always_right_scores_one_everywhere(best: Path):
    found, _ = read(best)
    row = found["rows"]["model"]
    scores = {name: value["mean"] for name, value in row.items() if isinstance(value, dict)}
    assert scores.pop("hd95_px") == 0
    assert set(scores.values()) == {1.0}
    assert set(scores) >= {"dice", "iou", "quadrant_accuracy_all", "choice_accuracy", "say_show_agreement"}
    assert row["unparsed"] == 0
    assert found["say_show"]["said"] == found["say_show"]["shown"] == found["say_show"]["neither"] == 0
    assert found["say_show"]["both"] > 0


def test_who_answers_another_question_scores_less(best: Path):
    rows = read(best)[0]["rows"]
    assert rows["questions shuffled"]["dice"]["mean"] < 0.9
    assert rows["questions shuffled"]["position_accuracy"]["mean"] < 0.9
    assert rows["question only"]["dice"]["mean"] < 0.9
    assert {row["questions"] for row in rows.values()} == {rows["model"]["questions"]}


def test_results_are_written_with_the_agreed_names(best: Path, shards: Path):
    found, lines = read(best)
    assert {path.name for path in best.iterdir()} == FILES
    assert [found[name] for name in FIELDS] == [1.0, None, None]  # these few quadrant questions are not balanced
    assert found["splits"] == ["train", "validation", "test"]
    asked = sum(pq.read_metadata(file).num_rows for file in (shards / "qa").glob("*.parquet"))
    assert len(lines) == found["rows"]["model"]["questions"] == asked > 0


def test_a_table_and_a_picture_are_made_for_people(best: Path):
    text = (best / "results.md").read_text("utf-8")
    assert all(f"| {name} |" in text for name in read(best)[0]["rows"])
    assert "not for clinical use" in text
    assert Image.open(best / "results.png").size[0] > 600


def test_main_numbers_are_those_of_the_model_and_of_the_question_alone():
    said = {"model": [1.0, 1.0, 1.0, 0.0], "question only": [1.0, 0.0, 0.0, 0.0]}
    records = {name: list(map(quadrant, VALUES["Quadrant"], range(4), right)) for name, right in said.items()}
    found = evaluate.results(records, [], ["test"])
    assert [found[name] for name in FIELDS] == [0.5, 0.75, 0.25]


def quadrant(value: str, number: int, correct: float) -> Record:
    """A judged quadrant question."""
    names = ("view_id", "group_id", "source", "modality", "family")
    return Record(
        **dict.fromkeys(names, str(number)), question_id=str(number), kind="open", program="p", value=value,
        value_type="Quadrant", several=False, empty=False, correct=correct, dice=0.5,
    )  # fmt: skip


@pytest.mark.usefixtures("oracle")
def test_a_prediction_is_told_by_its_question_and_not_by_its_place(
    shards: Path, tmp_path: Path, rows: list[dict[str, Any]]
):
    _, lines = evaluated(shards, tmp_path, "--split", "train", "--batch", "3")
    answers = {q["question_id"]: (q["answer"], row["view_id"]) for row in rows for q in row["qa"]}
    assert {line["question_id"]: (line["said"], line["view_id"]) for line in lines} == answers


@pytest.mark.usefixtures("oracle")
def test_views_and_questions_can_be_limited(shards: Path, tmp_path: Path):
    found, lines = evaluated(shards, tmp_path, "--split", "train", "--views", "7", "--questions", "3")
    assert found["rows"]["model"]["views"] == 7
    shown = {line["view_id"] for line in lines}
    views = [view for view in data.views(shards, "train") if view["view_id"] in shown]
    assert len(views) == 7
    assert len(lines) == sum(min(3, len(view["qa"])) for view in views) > 14


@pytest.mark.usefixtures("oracle")
def test_running_again_writes_the_same_and_adds_nothing(shards: Path, best: Path, tmp_path: Path):
    for _ in range(2):
        evaluated(shards, tmp_path, "--split", "test")
    mine = [
        line for line in read(best)[1] if line["question_id"] in {again["question_id"] for again in read(tmp_path)[1]}
    ]
    assert read(tmp_path)[1] == mine


def test_a_trained_model_is_evaluated(ran: Path, shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    found, lines = evaluated(shards, tmp_path, "--split", "test", model=ran / "best")
    assert 0 <= found["dice"] <= 1
    assert len({line["question_id"] for line in lines}) == len(lines) == found["rows"]["model"]["questions"]
    assert "| model |" in capsys.readouterr().out


def test_batches_do_not_change_what_a_model_says(ran: Path, rows: list[dict[str, Any]]):
    model, _, reader = evaluate.opened(ran / "best")
    samples = [data.sample(row, range(k + 1)) for k, row in enumerate(rows[:3])]
    together = evaluate.answers(model, reader, samples, 8)
    for found, item in zip(together, samples, strict=True):
        (alone,) = evaluate.answers(model, reader, [item], 8)
        assert [text for text, _ in alone] == [text for text, _ in found]
        assert np.mean([(a >= 128) != (b >= 128) for (_, a), (_, b) in zip(alone, found, strict=True)]) < 1e-3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (["--model", "{ran}/best", "--split", "tset"], "has no split 'tset'"),
        (["--model", "{ran}", "--split", "test"], "is not a checkpoint"),
        (["--model", "{ran}/best", "--split", "test", "--data", "{ran}"], "no shards in"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    ran: Path, shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: list[str], reason: str
):
    words = ["--data", str(shards), *(word.format(ran=ran) for word in line), "--out", str(tmp_path)]
    assert evaluate.main(words) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


class Sure:
    """A model whose mask logits are everywhere the same but for their last digits, and which says nothing."""

    def __init__(self, level: float) -> None:
        self.level = level

    def parameters(self) -> Iterator[torch.Tensor]:
        yield torch.zeros(1)

    def answer(self, batch: Any, limit: int) -> tuple[torch.Tensor, list[list[list[int]]]]:
        b, k = batch.known.shape
        return self.level + 0.01 * torch.rand(b, k, 16, 16), [[[]] * k] * b


@pytest.mark.parametrize(("level", "part"), [(-5.0, 0.0), (-0.02, 0.0), (0.02, 1.0)])
def test_a_mask_is_cut_at_one_half_and_not_stretched(level: float, part: float, reader: Reader, samples: list[Sample]):
    for row in evaluate.answers(Sure(level), reader, samples):
        assert {float((mask >= 128).mean()) for _, mask in row} == {part}


def test_masks_have_the_pictures_own_size(reader: Reader, samples: list[Sample]):
    wide = replace(samples[0], image=Image.new("RGB", (70, 31)))
    ((_, mask),) = evaluate.answers(Sure(1.0), reader, [wide])[0]
    assert mask.shape == (31, 70)


def test_quadrant_questions_are_picked_first(rows: list[dict[str, Any]]):
    def wanted(question: dict[str, Any]) -> bool:
        return "quadrant" in question["program"] and question["kind"] in ("open", "choice")

    for row in rows:
        mine = {i for i, question in enumerate(row["qa"]) if wanted(question)}
        found = evaluate.picked(row, 3)
        assert len(found) == min(3, len(row["qa"]))
        assert mine <= set(found) or set(found) <= mine
    assert any(any(map(wanted, row["qa"])) for row in rows)


def test_all_questions_are_picked_without_a_limit(rows: list[dict[str, Any]]):
    assert all(evaluate.picked(row, 0) == list(range(len(row["qa"]))) for row in rows)


def test_picking_does_not_depend_on_the_order_of_questions(rows: list[dict[str, Any]]):
    row = rows[0]
    turned = {**row, "qa": row["qa"][::-1]}
    ids = [{r["qa"][i]["question_id"] for i in evaluate.picked(r, 4)} for r in (row, turned)]
    assert ids[0] == ids[1]


def test_a_question_is_swapped_for_one_with_another_target(rows: list[dict[str, Any]]):
    for row in rows:
        item = data.sample(row, range(len(row["qa"])))
        other = evaluate.swapped(item)
        assert other.masks is item.masks
        for before, after in zip(item.questions, other.questions, strict=True):
            targets = [q["target"] for q in item.questions]
            assert after["target"] != before["target"] or all(target == before["target"] for target in targets)


def test_a_question_is_swapped_for_another_where_all_have_one_target(rows: list[dict[str, Any]]):
    item = data.sample({**rows[0], "qa": [{**q, "target": [0]} for q in rows[0]["qa"][:3]]}, range(3))
    pairs = zip(item.questions, evaluate.swapped(item).questions, strict=True)
    assert all(before["question_id"] != after["question_id"] for before, after in pairs)
    alone = data.sample(rows[0], [0])
    assert evaluate.swapped(alone).questions == alone.questions


def test_a_model_is_shown_the_picture_and_not_the_mask(rows: list[dict[str, Any]], reader: Reader):
    item = data.sample(rows[0], [0])
    whole = Image.open(io.BytesIO(rows[0]["image"]["bytes"])).convert("RGB")
    assert np.array_equal(np.asarray(item.image), np.asarray(whole))
    assert reader.batch([item], answers=False).pixels.unique().numel() > 9
