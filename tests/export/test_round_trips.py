"""What is exported is read back by others' readers: every question, every answer, every pixel of every mask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import webdataset
from PIL import Image
from pycocotools.coco import COCO
from skimage import io as images

from mmrs_builder.export import wds
from mmrs_builder.types import Mask
from tests.build.command import mmrs
from tests.export.conftest import Truth, pixels


def export(build: Path, to: str, folder: Path, *options: str) -> dict[str, dict[str, int]]:
    done = mmrs("export", build, "--to", to, "--out", folder, "--json", *options)
    assert done.code == 0, done.err
    counts: dict[str, dict[str, int]] = json.loads(done.out)["counts"]
    return counts


def total(counts: dict[str, dict[str, int]], what: str) -> int:
    return sum(split.get(what, 0) for split in counts.values())


def loaded(folder: Path, cache: Path) -> datasets.DatasetDict:
    files = {path.stem: str(path) for path in folder.glob("*.json*") if path.name != "dataset_info.json"}
    return datasets.load_dataset("json", data_files=files, cache_dir=str(cache))


def check_conversation(row: dict[str, Any], said: list[tuple[str, str]], folder: Path, truth: Truth) -> None:
    """Question, answer, picture and target masks are those of the shard."""
    view = truth.views[row["view_id"]]
    assert len(said) == len(row["asked"])
    for (user, assistant), asked in zip(said, row["asked"], strict=True):
        view_id, question = truth.questions[asked["question_id"]]
        assert view_id == row["view_id"]
        assert user == "\n".join([question["question"], *(f"- {option}" for option in question["choices"] or [])])
        assert assistant == question["answer"]
        assert (asked["target"] is None) == (question["target"] is None)
        for name, index in zip(asked["target"] or [], question["target"] or [], strict=True):
            assert (pixels((folder / name).read_bytes()) == truth.mask(view_id, index)).all()
    (picture,) = row["images"]
    assert (folder / picture).read_bytes() == view["image"]["bytes"]
    assert [row[name] for name in ("source", "license")] == [view[name] for name in ("source", "license")]
    assert (folder / picture).suffix == {b"\xff": ".jpg", b"\x89": ".png"}[view["image"]["bytes"][:1]]


def pairs(turns: list[tuple[str, str]], names: tuple[str, str]) -> list[tuple[str, str]]:
    """Questions and answers out of what two speakers say by turns."""
    assert [speaker for speaker, _ in turns] == list(names) * (len(turns) // 2)
    texts = [text for _, text in turns]
    return list(zip(texts[::2], texts[1::2], strict=True))


def said_in_llava(row: dict[str, Any]) -> list[tuple[str, str]]:
    row["images"] = [row["image"]]
    turns = [(turn["from"], turn["value"]) for turn in row["conversations"]]
    assert turns[0][1].startswith("<image>\n")
    assert sum(text.count("<image>") for _, text in turns) == 1
    return pairs([(turns[0][0], turns[0][1].removeprefix("<image>\n")), *turns[1:]], ("human", "gpt"))


def said_in_messages(row: dict[str, Any]) -> list[tuple[str, str]]:
    assert row["messages"][0]["content"][0]["type"] == "image"
    contents = [[part for part in turn["content"] if part["type"] == "text"] for turn in row["messages"]]
    assert sum(len(turn["content"]) for turn in row["messages"]) == len(contents) + 1
    return pairs(
        [(turn["role"], content[0]["text"]) for turn, content in zip(row["messages"], contents, strict=True)],
        ("user", "assistant"),
    )


def said_with_mark(row: dict[str, Any]) -> list[tuple[str, str]]:
    turns = [(turn["role"], turn["content"]) for turn in row["messages"]]
    assert turns[0][1].startswith("<image>")
    assert sum(text.count("<image>") for _, text in turns) == 1
    return pairs([(turns[0][0], turns[0][1].removeprefix("<image>")), *turns[1:]], ("user", "assistant"))


SAID = {
    "llava": said_in_llava,
    "messages": said_in_messages,
    "ms-swift": said_with_mark,
    "llama-factory": said_with_mark,
}


@pytest.mark.parametrize("to", SAID)
def test_conversations_hold_every_question_once_with_its_picture_and_masks(
    to: str, build: Path, truth: Truth, tmp_path: Path
):
    counts = export(build, to, tmp_path / "out")
    found = loaded(tmp_path / "out", tmp_path / "cache")
    ids = []
    for split, rows in found.items():
        for row in rows:
            check_conversation(row, SAID[to](row), tmp_path / "out", truth)
            assert row["id"] == row["asked"][0]["question_id"]
            assert truth.views[row["view_id"]]["split"] == split
            ids.append(row["id"])
    assert sorted(ids) == sorted(truth.questions)
    assert total(counts, "questions") == total(counts, "conversations") == len(ids)


@pytest.mark.parametrize("to", SAID)
def test_with_multi_turn_a_picture_has_one_conversation(to: str, build: Path, truth: Truth, tmp_path: Path):
    counts = export(build, to, tmp_path / "out", "--multi-turn", "--split", "train")
    found = loaded(tmp_path / "out", tmp_path / "cache")
    asked = {name for name, row in truth.views.items() if row["split"] == "train" and row["qa"]}
    assert list(found) == ["train"]
    assert sorted(row["view_id"] for row in found["train"]) == sorted(asked)
    for row in found["train"]:
        check_conversation(row, SAID[to](row), tmp_path / "out", truth)
    assert total(counts, "questions") == sum(len(truth.views[name]["qa"]) for name in asked)


def test_messages_load_with_pictures_as_the_trainer_wants_them(build: Path, truth: Truth, tmp_path: Path):
    """Paths are made absolute and the column becomes one of pictures: what docs/exports.md says to do."""
    export(build, "messages", tmp_path / "out")
    rows = loaded(tmp_path / "out", tmp_path / "cache")["train"]
    shown = rows.map(lambda row: {"images": [str(tmp_path / "out" / path) for path in row["images"]]})
    row = shown.cast_column("images", datasets.List(datasets.Image()))[0]
    view = truth.views[row["view_id"]]
    assert row["images"][0].size == (view["width"], view["height"])


def test_llama_factory_finds_each_split_by_its_name(build: Path, tmp_path: Path):
    export(build, "llama-factory", tmp_path)
    known = json.loads((tmp_path / "dataset_info.json").read_text())
    assert sorted(known) == ["mmrs_test", "mmrs_train", "mmrs_validation"]
    for entry in known.values():
        row = json.loads((tmp_path / entry["file_name"]).read_text())[0]
        assert entry["formatting"] == "sharegpt"
        assert {row[entry["columns"][name]] is not None for name in ("messages", "images")} == {True}
        turn = row["messages"][0]
        assert turn[entry["tags"]["role_tag"]] == entry["tags"]["user_tag"]
        assert turn[entry["tags"]["content_tag"]].startswith("<image>")


def test_coco_holds_every_whole_mask_and_every_question(build: Path, truth: Truth, tmp_path: Path):
    counts = export(build, "coco", tmp_path)
    masks = questions = 0
    categories = []
    for path in sorted((tmp_path / "annotations").glob("*.json")):
        coco = COCO(str(path))
        names = {entry["id"]: entry["name"] for entry in coco.loadCats(coco.getCatIds())}
        for image in coco.loadImgs(coco.getImgIds()):
            view_id = image["view_id"]
            assert (tmp_path / "images" / image["file_name"]).read_bytes() == truth.views[view_id]["image"]["bytes"]
            found = coco.loadAnns(coco.getAnnIds(image["id"]))
            assert [annotation["structure"] for annotation in found] == truth.wholes(view_id)
            for annotation in found:
                structure = truth.views[view_id]["structures"][annotation["structure"]]
                mask = truth.mask(view_id, annotation["structure"])
                assert (coco.annToMask(annotation).astype(bool) == mask).all()
                assert names[annotation["category_id"]] == structure["label"]
                assert annotation["area"] == mask.sum()
                assert annotation["bbox"] == coco_box(mask)
                masks += 1
        categories.append(coco.dataset["categories"])
        for asked in coco.dataset["questions"]:
            view_id, question = truth.questions[asked["question_id"]]
            assert coco.imgs[asked["image_id"]]["view_id"] == view_id
            assert [asked[name] for name in ("question", "answer", "target")] == [
                question[name] for name in ("question", "answer", "target")
            ]
            if asked["annotation_ids"] is not None:
                assert [coco.anns[i]["structure"] for i in asked["annotation_ids"]] == question["target"]
            questions += 1
    assert categories[1:] == categories[:-1]  # a number means the same in every file
    assert {entry["supercategory"] for entry in categories[0]} >= {"organ", "lesion"}
    assert masks == total(counts, "masks") == sum(len(truth.wholes(view_id)) for view_id in truth.views)
    assert questions == total(counts, "questions") == len(truth.questions)
    assert total(counts, "components_left_out") == structures(truth) - masks > 0


def structures(truth: Truth) -> int:
    return sum(len(row["structures"]) for row in truth.views.values())


def coco_box(mask: Mask) -> list[int]:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]


def by_label(truth: Truth, view_id: str) -> dict[str, Mask]:
    found: dict[str, Mask] = {}
    for index in truth.wholes(view_id):
        label = truth.views[view_id]["structures"][index]["label"]
        found[label] = found.get(label, False) | truth.mask(view_id, index)
    return found


def check_painted(codes: np.ndarray[Any, Any], view_id: str, numbers: dict[str, int], truth: Truth) -> int:
    """Where one label lies alone the map shows it; where several do, the smallest; else nothing. Pixels hidden."""
    masks = by_label(truth, view_id)
    depth = sum((mask.astype(int) for mask in masks.values()), np.zeros(codes.shape, int))
    assert ((codes > 0) == (depth > 0)).all()
    sizes = {label: mask.sum() for label, mask in masks.items()}
    for label, mask in masks.items():
        assert (codes[mask & (depth == 1)] == numbers[label]).all()
        for other, below in masks.items():
            if sizes[other] > sizes[label]:
                assert not (codes[mask & below] == numbers[other]).any()
    return int((depth - (depth > 0)).sum())


def test_nnunet_cases_show_each_label_and_count_what_is_hidden(build: Path, truth: Truth, tmp_path: Path):
    counts = export(build, "nnunet", tmp_path)
    told = json.loads((tmp_path / "dataset.json").read_text())
    cases = [json.loads(line) for line in (tmp_path / "cases.jsonl").read_text().splitlines()]
    assert sorted(case["view_id"] for case in cases) == sorted(truth.views)
    assert told["labels"]["background"] == 0
    assert sorted(told["labels"].values()) == list(range(len(told["labels"])))
    hidden = 0
    for case in cases:
        end = "Ts" if case["split"] == "test" else "Tr"
        picture = images.imread(tmp_path / f"images{end}" / f"{case['case']}_0000.png")
        codes = images.imread(tmp_path / f"labels{end}" / f"{case['case']}.png")
        stored = Image.fromarray(pixels(truth.views[case["view_id"]]["image"]["bytes"])).convert("RGB")
        assert picture.shape[2] == len(told["channel_names"]) == 3
        assert (picture == np.asarray(stored)).all()
        below = check_painted(codes, case["view_id"], told["labels"], truth)
        assert below == case["hidden_px"]
        hidden += below
    assert hidden == total(counts, "hidden_px") > 0
    training = {path.name.removesuffix("_0000.png") for path in (tmp_path / "imagesTr").iterdir()}
    (fold,) = json.loads((tmp_path / "splits_final.json").read_text())
    assert sorted([*fold["train"], *fold["val"]]) == sorted(training)
    assert told["numTraining"] == len(training)


def test_a_monai_datalist_names_pictures_label_maps_and_masks(build: Path, truth: Truth, tmp_path: Path):
    counts = export(build, "monai", tmp_path)
    told = json.loads((tmp_path / "datalist.json").read_text())
    numbers = {label: int(number) for number, label in told["labels"].items()}
    masks = 0
    for item in [item for key in ("training", "validation", "test") for item in told[key]]:
        view = truth.views[item["view_id"]]
        assert (tmp_path / item["image"]).read_bytes() == view["image"]["bytes"]
        check_painted(images.imread(tmp_path / item["label"]), item["view_id"], numbers, truth)
        for index, path in enumerate(item["masks"]):
            assert (images.imread(tmp_path / path).astype(bool) == truth.mask(item["view_id"], index)).all()
        masks += len(item["masks"])
    assert masks == total(counts, "masks") == structures(truth)
    asked = [json.loads(line) for line in (tmp_path / "questions.jsonl").read_text().splitlines()]
    assert sorted(question["question_id"] for question in asked) == sorted(truth.questions)


def test_webdataset_samples_hold_views_with_masks_and_questions(build: Path, truth: Truth, tmp_path: Path):
    counts = export(build, "webdataset", tmp_path)
    masks, asked, views = 0, [], []
    for split in ("train", "validation", "test"):
        tars = [str(path) for path in sorted(tmp_path.glob(f"{split}-*.tar"))]
        for sample in webdataset.WebDataset(tars, shardshuffle=False).decode("pil"):
            view = truth.views[sample["json"]["view_id"]]
            assert view["split"] == split
            picture = sample.get("png") or sample.get("jpg")
            assert picture.size == (view["width"], view["height"])
            found = {name: mask for name, mask in sample.items() if name.startswith("mask")}
            for name, mask in found.items():
                index = int(name.removeprefix("mask").removesuffix(".png"))
                assert (np.asarray(mask.convert("1")) == truth.mask(view["view_id"], index)).all()
            assert len(found) == len(view["masks"])
            masks += len(found)
            views.append(view["view_id"])
            asked += sample["json"]["qa"]
            assert sample["json"]["qa"] == view["qa"]
    assert sorted(views) == sorted(truth.views)
    assert len(asked) == total(counts, "questions") == len(truth.questions)
    assert masks == total(counts, "masks") == structures(truth)


def test_a_large_set_is_spread_over_several_tar_files(
    build: Path, truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wds, "FULL", 20_000)
    export(build, "webdataset", tmp_path, "--split", "train")
    tars = sorted(str(path) for path in tmp_path.glob("*.tar"))
    assert tars == [str(tmp_path / f"train-{number:06d}.tar") for number in range(len(tars))]
    assert len(tars) > 2
    found = [sample["json"]["view_id"] for sample in webdataset.WebDataset(tars, shardshuffle=False).decode("pil")]
    assert found == [view_id for view_id, row in truth.views.items() if row["split"] == "train"]


def brush(data: list[int]) -> np.ndarray[Any, Any]:
    """The values of a brush stroke, read bit by bit as its format says."""
    found: list[int] = []
    bits = "".join(f"{byte:08b}" for byte in data)
    place = 0

    def take(n: int) -> int:
        nonlocal place
        place += n
        return int(bits[place - n : place], 2)

    left, size = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    while left > 0:
        run = take(1)
        length = take(sizes[take(2)]) + 1
        value = take(size) if run else None
        found += [take(size) for _ in range(length)] if value is None else [value] * length
        left -= length
    assert left == 0
    assert len(bits) - place < 8
    return np.array(found, np.uint8)


def test_label_studio_tasks_paint_every_whole_mask(build: Path, truth: Truth, tmp_path: Path):
    counts = export(build, "label-studio", tmp_path)
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    config = (tmp_path / "config.xml").read_text()
    masks = 0
    for task in tasks:
        view_id = task["data"]["view_id"]
        path = task["data"]["image"].removeprefix("/data/local-files/?d=")
        assert (tmp_path / path).read_bytes() == truth.views[view_id]["image"]["bytes"]
        (annotation,) = task["annotations"]
        assert [int(r["id"].removeprefix("structure")) for r in annotation["result"]] == truth.wholes(view_id)
        for region in annotation["result"]:
            index = int(region["id"].removeprefix("structure"))
            shape = (region["original_height"], region["original_width"], 4)
            found = brush(region["value"]["rle"]).reshape(shape)
            assert (found == 255 * truth.mask(view_id, index)[..., None]).all()
            (label,) = region["value"]["brushlabels"]
            assert label == truth.views[view_id]["structures"][index]["label"]
            assert f'<Label value="{label}"' in config
            masks += 1
    asked = [question for task in tasks for question in task["data"]["questions"]]
    assert sorted(question["question_id"] for question in asked) == sorted(truth.questions)
    assert total(counts, "questions") == len(asked)
    assert masks == total(counts, "masks")


def test_fiftyone_samples_hold_boxes_masks_and_questions(build: Path, truth: Truth, tmp_path: Path):
    counts = export(build, "fiftyone", tmp_path)
    samples = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    for sample in samples:
        view = truth.views[sample["facts"]["view_id"]]
        assert (tmp_path / sample["image"]).read_bytes() == view["image"]["bytes"]
        assert sample["questions"] == view["qa"]
        for index, structure in enumerate(sample["structures"]):
            x, y, width, height = structure["bounding_box"]
            x0, y0, x1, y1 = structure["box"]
            corners = [
                (x, view["width"]),
                (y, view["height"]),
                (x + width, view["width"]),
                (y + height, view["height"]),
            ]
            assert [part * side for part, side in corners] == pytest.approx([x0, y0, x1, y1])
            assert [int(part * side) for part, side in corners] == [x0, y0, x1, y1]  # as FiftyOne finds pixels
            inside = pixels((tmp_path / structure["mask"]).read_bytes()).astype(bool)[y0:y1, x0:x1]
            assert inside.sum() == truth.mask(view["view_id"], index).sum()
    assert total(counts, "masks") == sum(len(sample["structures"]) for sample in samples) == structures(truth)
    assert total(counts, "questions") == len(truth.questions)
