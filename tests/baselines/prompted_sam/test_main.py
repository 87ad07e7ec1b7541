"""A segmenter of random weights, prompted from the command line, and where it is told to look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
hf = pytest.importorskip("transformers")

from baselines.prompted_sam import prompts, tiny  # noqa: E402
from baselines.prompted_sam.__main__ import Segmenter, main  # noqa: E402
from mmrs_builder.metrics import Words  # noqa: E402
from tests.build.command import SMALL, mmrs, phantom_shards  # noqa: E402


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return phantom_shards(tmp_path_factory.mktemp("sam") / "shards", 6, *SMALL, "--keep-unbalanced")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    tiny.write(folder)
    return folder


def run(shards: Path, checkpoint: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    assert (
        main([str(shards), "--model", str(checkpoint), "--split", "train", "--device", "cpu", "--out", str(out), *more])
        == 0
    )
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text("utf-8").splitlines()]


def test_every_question_with_a_mask_gets_one_that_mmrs_scores(shards: Path, checkpoint: Path, tmp_path: Path):
    lines = run(shards, checkpoint, tmp_path)
    scored = mmrs("score", tmp_path / "predictions.jsonl", "--shards", shards, "--split", "train", "--json")
    assert scored.code == 0, scored.err
    found = json.loads(scored.out)
    assert found["rows"]["model"]["dice"]["n"] == len(lines)
    assert found["unread_masks"] == 0
    assert "accuracy" not in found["rows"]["model"]


def test_a_question_without_a_target_draws_nothing(shards: Path, checkpoint: Path, tmp_path: Path):
    for line in run(shards, checkpoint, tmp_path):
        assert line["box"] is not None or not np.asarray(Image.open(tmp_path / line["mask"])).any()


def test_the_position_that_another_model_named_is_the_prompt(shards: Path, checkpoint: Path, tmp_path: Path):
    first = run(shards, checkpoint, tmp_path / "box")
    told = tmp_path / "told.jsonl"
    told.write_text("".join(json.dumps({"question_id": line["question_id"], "parsed": None}) + "\n" for line in first))
    second = run(shards, checkpoint, tmp_path / "position", "--positions", str(told))
    # nothing was said: the whole picture, however high it is
    assert {tuple(line["box"][:3]) for line in second} == {(0.0, 0.0, 96.0)}


@pytest.mark.parametrize(
    ("token", "kind", "box"),
    [
        ("upper_left", "Quadrant", (0, 0, 30, 20)),
        ("lower_right", "Quadrant", (30, 20, 60, 40)),
        ("centre", "Zone", (20, 40 / 3, 40, 80 / 3)),
        ("upper_middle", "Zone", (20, 0, 40, 40 / 3)),
        ("middle_right", "Zone", (40, 40 / 3, 60, 80 / 3)),
        ("left", "Side", (0, 0, 30, 40)),
        ("lower", "Level", (0, 20, 60, 40)),
        ("left", "Horizontal", None),
    ],
)
def test_a_place_is_a_part_of_the_picture(token: str, kind: str, box: tuple[float, ...] | None):
    found = prompts.region(token, kind, 60, 40)
    assert found == (None if box is None else pytest.approx(box))


def test_what_was_drawn_goes_before_what_was_said_and_who_declined_gets_nothing(tmp_path: Path, words: Words):
    mask = np.zeros((20, 30), np.uint8)
    mask[5:9, 10:12] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    lines = [
        {"question_id": "drawn", "parsed": "upper_left", "mask": "m.png"},
        {"question_id": "said", "parsed": "upper_left"},
        {"question_id": "declined", "parsed": "absent"},
    ]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    told = prompts.Told.read(tmp_path / "p.jsonl")
    program = 'quadrant(the("cyst"))'
    asked = [{"question_id": it["question_id"], "kind": "open", "program": program, "choices": None} for it in lines]
    boxes = [told.box(question, words, 60, 40) for question in asked]
    assert boxes == [(20.0, 10.0, 24.0, 18.0), (0.0, 0.0, 30.0, 20.0), None]


@pytest.fixture(scope="module")
def words(shards: Path) -> Words:
    from baselines.endpoint.shards import language_of

    return Words.of(language_of(shards))


class Upright:
    """A processor and a model that draw exactly the box they are told, in the picture's own size."""

    def __call__(self, *, images: Image.Image, input_boxes: Any, return_tensors: str) -> dict[str, Any]:
        return {
            "pixel_values": torch.zeros(1),
            "original_sizes": [images.size[::-1]],
            "input_boxes": torch.tensor(input_boxes),
        }

    def post_process_masks(self, logits: Any, original_sizes: Any, *, binarize: bool) -> Any:
        height, width = original_sizes[0]
        down, right = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        inside = [(right >= x0) & (right < x1) & (down >= y0) & (down < y1) for x0, y0, x1, y1 in logits[0]]
        return [torch.stack(inside)[:, None].float() * 20 - 10]


class Passing(torch.nn.Module):
    def forward(self, *, pixel_values: Any, input_boxes: Any, multimask_output: bool) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(pred_masks=input_boxes)


def test_masks_lie_where_the_box_was(tmp_path: Path):
    boxes = [(3.0, 5.0, 9.0, 7.0), (0.0, 0.0, 20.0, 1.0)]
    found = Segmenter(Passing(), Upright()).levels(Image.new("RGB", (20, 10)), boxes)
    assert [prompts.around(levels >= 128) for levels in found] == boxes
