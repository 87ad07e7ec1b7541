"""The card says what the shards hold, and no more."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from mmrs_builder.cards import table
from tests.build import corpus as frames
from tests.build.command import mmrs, sha256
from tests.build.reading import reader


def card(out: Path) -> tuple[dict[str, Any], str]:
    """The YAML head and the text of a card."""
    _, head, text = (out / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), text


def rows(out: Path, folder: str, split: str) -> int:
    return sum(pq.ParquetFile(path).metadata.num_rows for path in (out / folder).glob(f"{split}-*"))


@pytest.mark.parametrize("folder", ["built", "phantoms"])
def test_numbers_in_the_card_are_those_of_the_shards(request: pytest.FixtureRequest, folder: str):
    out: Path = request.getfixturevalue(folder)
    _, text = card(out)
    stated = {
        split: (int(views), int(questions))
        for split, views, questions in re.findall(
            r"^\| (train|validation|test) \| (\d+) \| (\d+) \|$", text, re.MULTILINE
        )
    }
    splits = {path.name.split("-")[0] for path in (out / "data").iterdir()}
    assert stated == {split: (rows(out, "data", split), rows(out, "qa", split)) for split in splits}


@pytest.mark.parametrize("folder", ["built", "phantoms"])
def test_the_card_names_only_splits_that_exist(request: pytest.FixtureRequest, folder: str):
    out: Path = request.getfixturevalue(folder)
    head, _ = card(out)
    for config, place in zip(head["configs"], ("data", "qa", "preview"), strict=True):
        named = [item["split"] for item in config["data_files"]]
        assert sorted(named) == sorted({path.name.split("-")[0] for path in (out / place).iterdir()})
        assert all(list(out.glob(item["path"])) for item in config["data_files"])
    assert [config.get("default", False) for config in head["configs"]] == [True, False, False]


def test_a_build_without_questions_has_one_config_that_loads(tmp_path: Path):
    root, out = frames.write(tmp_path / "corpus", 3), tmp_path / "out"
    for path in (root / "masks").iterdir():
        frames.mask(path, size=frames.SIZE)
    words = ("--source", "folder", "--data", root, "--set", "folder.label=polyp", "--out", out, "--workers", 1)
    assert mmrs("build", *words).code == 0
    assert [config["config_name"] for config in card(out)[0]["configs"]] == ["default"]
    code = "found = load_dataset(out)\nshow(sum(split.num_rows for split in found.values()))"
    assert reader(code, tmp_path, out) == 3


def test_the_card_states_source_licence_and_what_is_not_known(built: Path):
    _, text = card(built)
    for fact in ("Kvasir-SEG", "research and education", "No patient ids", "not for clinical use", "0.02 %"):
        assert fact in text


def test_rejected_files_are_counted_in_the_card_by_reason(tmp_path: Path):
    root, out = frames.write(tmp_path / "corpus", 4), tmp_path / "out"
    (root / "masks" / "frame000.jpg").unlink()
    (root / "masks" / "frame001.jpg").unlink()
    (root / "images" / "frame002.jpg").write_bytes(b"")
    assert mmrs("build", "--source", "kvasir", "--data", root, "--out", out, "--workers", 1).code == 0
    _, text = card(out)
    assert "| kvasir | no_mask | image without a mask | 2 |" in text
    assert "| kvasir | empty_file | the file has no bytes | 1 |" in text


def test_published_splits_that_are_kept_are_marked(corpus: Path, tmp_path: Path, built: Path):
    words = ("--source", "kvasir", "--data", corpus, "--splits", "official", "--limit", 3, "--workers", 1)
    assert mmrs("build", *words, "--out", tmp_path / "out").code == 0
    assert "published splits were kept" in card(tmp_path / "out")[1]
    assert "published splits were kept" not in card(built)[1]


@pytest.mark.parametrize("text", ["x --- y", "**bold**", "é ≥ 日本", "'quoted' \"twice\"", "key: value # no comment"])
def test_odd_texts_of_ones_own_corpus_leave_the_card_readable(corpus: Path, tmp_path: Path, text: str):
    words = ("--source", "folder", "--data", corpus, "--set", "folder.label=polyp", "--set", f"folder.license={text}")
    done = mmrs("build", *words, "--limit", 2, "--out", tmp_path / "out", "--workers", 1)
    assert done.code == 0, done.err
    head, prose = card(tmp_path / "out")
    assert head["license"] == "other"
    sources = prose.split("## Sources")[1].split("\n## ")[0]
    lines = [line for line in sources.splitlines() if line.startswith("| folder |")]
    assert [text in line for line in lines] == [True]


def test_a_bar_or_a_line_break_does_not_end_a_cell():
    assert table(["name"], [["a | b"], ["a\n- b"]]).splitlines()[2:] == [r"| a \| b |", "| a - b |"]


def test_the_manifest_states_settings_and_versions(built: Path):
    manifest = json.loads((built / ".mmrs" / "manifest.json").read_text())
    assert manifest["settings"]["rows_per_shard"] == 7
    assert manifest["settings"]["language"] == "en"
    assert card(built)[0]["language"] == ["en"]
    assert {"mmrs-builder", "numpy", "pyarrow"} <= manifest["versions"].keys()


def test_the_card_names_whom_the_corpus_asks_to_be_named(built: Path):
    assert "Jha et al., Kvasir-SEG" in card(built)[1]


def test_the_card_says_which_way_up_pictures_lie(tmp_path: Path):
    out = tmp_path / "out"
    options = ("--set", "phantom.count=6", "--set", "phantom.volumes=1")
    assert mmrs("build", "--source", "phantom", *options, "--out", out, "--workers", 1).code == 0
    found: dict[tuple[str, ...], int] = {}
    for line in card(out)[1].split("## How pictures are shown")[1].split("\n## ")[0].splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if len(cells) == 7 and cells[0] == "phantom":
            found[cells[1:5]] = found.get(cells[1:5], 0) + int(cells[6])
    views = [row for path in (out / "data").iterdir() for row in pq.read_table(path).to_pylist()]
    assert sum(found.values()) == len(views)
    for (modality, plane, ways, known), n in found.items():
        assert n == sum(lies(row) == (plane, ways, known) for row in views if row["modality"] == modality)
    assert ("axial", "back, left", "header") in {way[1:] for way in found}


def lies(row: dict[str, Any]) -> tuple[str, str, str]:
    """A row's plane, where down and right of its picture lie in the patient, and how that is known."""
    names = {"+x": "left", "-x": "right", "+y": "back", "-y": "front", "+z": "head", "-z": "feet"}
    ways = []
    for vector in row["direction"] or ():
        size, axis = max((abs(value), axis) for axis, value in zip("xyz", vector, strict=True))
        ways.append(names[("+" if size == vector["xyz".index(axis)] else "-") + axis])
    return row["plane"] or "not known", ", ".join(ways) or "not known", row["laterality_evidence"] or "none"


@pytest.mark.parametrize("folder", ["built", "phantoms"])
def test_the_croissant_file_is_valid_and_lists_every_shard(request: pytest.FixtureRequest, folder: str):
    mlc = pytest.importorskip("mlcroissant", reason="needs the extra dev: mlcroissant")
    out: Path = request.getfixturevalue(folder)
    metadata = mlc.Dataset(jsonld=out / "croissant.json").metadata
    assert list(metadata.ctx.issues.errors) == []
    # no date is known that would not change the bytes of the same build
    assert {text.split('"')[1] for text in metadata.ctx.issues.warnings} <= {"https://schema.org/datePublished"}
    assert str(metadata.ctx.conforms_to.value).endswith("croissant/1.1")
    listed = {item.content_url: (item.sha256, item.content_size) for item in metadata.file_objects}
    shards = [path for place in ("data", "qa", "preview") for path in (out / place).iterdir()]
    assert listed == {path.relative_to(out).as_posix(): (sha256(path), f"{path.stat().st_size} B") for path in shards}
    for said in ("data_collection", "data_limitations", "data_biases", "personal_sensitive_information"):
        assert getattr(metadata, said)


def test_records_can_be_read_by_the_croissant_file(built: Path):
    mlc = pytest.importorskip("mlcroissant", reason="needs the extra dev: mlcroissant")
    dataset = mlc.Dataset(jsonld=built / "croissant.json")
    found = {record["qa/question_id"].decode() for record in dataset.records("qa")}
    assert found == {
        name for path in (built / "qa").iterdir() for name in pq.read_table(path)["question_id"].to_pylist()
    }
    view = next(iter(dataset.records("default")))
    assert view["default/image"].size == (view["default/width"], view["default/height"])


@pytest.mark.parametrize("show", ["readme", "croissant", "datasheet"])
def test_cards_are_printed_when_their_numbers_are_those_of_the_shards(built: Path, show: str):
    done = mmrs("card", built, "--show", show)
    assert done.code == 0, done.err
    name = {"readme": "README.md", "croissant": "croissant.json", "datasheet": "DATASHEET.md"}[show]
    assert done.out == (built / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("README.md", r"(?<=\| train \| )\d+"),
        ("DATASHEET.md", r"(?<=\| train \| )\d+"),
        ("croissant.json", r"\d+(?= questions\.\")"),
        ("croissant.json", r'(?<="contentSize": ")\d+'),
        ("croissant.json", r'(?<="sha256": ")[0-9a-f]'),
    ],
)
def test_a_wrong_number_in_a_card_is_noticed(built: Path, tmp_path: Path, name: str, number: str):
    out = shutil.copytree(built, tmp_path / "out", ignore=shutil.ignore_patterns(".mmrs"))
    text = (out / name).read_text(encoding="utf-8")
    changed = re.sub(number, lambda found: "7" if found[0] != "7" else "8", text, count=1)
    assert changed != text
    (out / name).write_text(changed, encoding="utf-8")
    done = mmrs("card", out)
    assert done.code == 5
    assert name in done.err


def test_the_datasheet_answers_for_whom_it_is_whose_it_is_and_what_is_missing(built: Path):
    text = (built / "DATASHEET.md").read_text(encoding="utf-8")
    for said in (
        "## Motivation",
        "## Composition",
        "not for clinical use",
        "Kvasir-SEG",
        "No patient ids",
        "script-only",
    ):
        assert said in text
    assert re.search(r"Of 30 cases found 30 were used and 0 rejected", text)
