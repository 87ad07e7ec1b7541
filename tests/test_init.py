"""From a folder to a recipe that builds: what is guessed, what is asked, what is written and where."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrs_builder import init
from mmrs_builder.init import words
from mmrs_builder.init.recipe_text import recipe_text
from tests.build.command import mmrs, tree
from tests.corpora import kvasir, mask, picture, save
from tests.corpora.volumes import numbers, scan
from tests.corpora.volumes import save as save_volume

SAMPLES: dict[str, tuple[str, dict[str, str], int]] = {
    "kvasir-seg": ("kvasir", {}, 40),
    "cvc-clinicdb": ("cvc_clinicdb", {}, 35),
    "busi": ("busi", {}, 20),
    "lgg-mri": ("tcga_lgg", {}, 28),
    "isic2017": ("isic2017", {}, 24),
    "finding-lungs-ct": ("finding_lungs", {}, 10),
    "posmed-subset": ("posmed", {}, 94),
    "totalsegmentator-ct": ("totalsegmentator", {}, 1),
    "msd-hippocampus": ("msd_hippocampus", {}, 36),
    "coco-brain-tumor": ("coco", {"modality": "mri"}, 178),
    "figshare-brain-tumor-png": ("folder", {"label": "tumour", "modality": "mri"}, 24),
    "figshare-brain-tumor-mat-derived": ("mat", {}, 6),
    "covid-qu-ex": ("covid_qu_ex", {}, 12),
    "dicom-seg-dcmqi": ("dicom_seg", {}, 1),
}
"""Source, options and number of cases that the real samples must be taken for."""


def corpus(root: Path, count: int = 6) -> Path:
    """Pictures of polyps with masks, in two folders."""
    for number in range(count):
        picture(root / "polyps" / "images" / f"{number}.png", number)
        mask(root / "polyps" / "masks" / f"{number}.png", (4 + number, 6, 24, 30))
    return root


def proposal(root: Path) -> init.Proposal:
    return init.tried(init.propose(root, 200, lambda _name, _total: lambda _: None))


def chosen(found: init.Proposal) -> dict[str, str]:
    return {setting.option: setting.value for setting in found.settings}


def written(root: Path, out: Path, *options: object) -> dict[str, Any]:
    """Run ``mmrs init`` and read the source block of its recipe."""
    done = mmrs("init", root, "--out", out, "--yes", *options)
    assert done.code == 0, done.err
    (source,) = tomllib.loads(out.read_text(encoding="utf-8"))["source"]
    return dict(source)


def test_a_known_layout_needs_no_options(tmp_path: Path):
    kvasir.write(tmp_path)
    found = proposal(tmp_path)
    assert (found.source, found.settings, found.cases > 0) == ("kvasir", (), True)


def test_folders_called_images_and_masks_are_not_a_famous_corpus(tmp_path: Path):
    """The layout of Kvasir-SEG is everybody's: its labels must not be."""
    corpus(tmp_path)
    (tmp_path / "polyps").rename(tmp_path / "thyroids")
    assert proposal(tmp_path / "thyroids").source == "folder"
    (tmp_path / "thyroids").rename(tmp_path / "Kvasir-SEG")
    assert proposal(tmp_path / "Kvasir-SEG").source == "kvasir"


def test_a_folder_is_told_in_options(tmp_path: Path):
    found = proposal(corpus(tmp_path / "mine"))
    assert found.source == "folder"
    assert chosen(found) == {
        "name": "mine", "images": "**/images/*.png", "masks": "{parent}/../masks/{stem}.*", "label": "polyp",
        "modality": "endoscopy", "exhaustive": "no", "ids": "rank", "patient": "", "license": "unknown",
    }  # fmt: skip
    assert (found.cases, found.drops, len(found.tried)) == (6, (), 6)


def test_what_nobody_can_know_is_marked(tmp_path: Path):
    found = proposal(corpus(tmp_path / "mine"))
    doubtful = {setting.option for setting in found.settings if not setting.sure}
    assert doubtful == {"label", "modality", "exhaustive", "patient", "license"}
    text = recipe_text(found, tmp_path / "mine.toml")
    assert text.count("# CHECK: ") == len(doubtful)
    assert sum(line.startswith("? ") for line in init.lines(found)) == len(doubtful)


def test_from_folder_to_verified_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    corpus(tmp_path / "corpora" / "mine", 20)
    before = tree(tmp_path / "corpora")
    assert mmrs("init", "corpora/mine", "--yes").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpora", "mine.png", "mine.toml"]
    assert tree(tmp_path / "corpora") == before
    done = mmrs("build", "--recipe", "mine.toml", "--out", "shards", "--workers", 1, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["cases"]["mine"] == {"found": 20, "used": 20, "rejected": 0}
    assert mmrs("verify", "shards").code == 0


def test_no_file_name_of_the_corpus_gets_into_the_shards(tmp_path: Path):
    root = corpus(tmp_path / "ward", 12)
    for path in sorted(root.rglob("*.png")):
        path.rename(path.with_name(f"zebedee-{path.name}"))
    written(root, tmp_path / "r.toml")
    assert mmrs("build", "--recipe", tmp_path / "r.toml", "--out", tmp_path / "out", "--workers", 1).code == 0
    published = [path for folder in ("data", "qa") for path in (tmp_path / "out" / folder).iterdir()]
    assert published
    assert all(b"zebedee" not in path.read_bytes() for path in [*published, tmp_path / "out" / "README.md"])


def test_the_preview_shows_pictures_with_masks(tmp_path: Path):
    written(corpus(tmp_path / "mine"), tmp_path / "r.toml", "--preview", tmp_path / "look.png")
    with Image.open(tmp_path / "look.png") as sheet:
        assert (sheet.width, sheet.height > 500) == (1216, True)
        yellow = (np.abs(np.asarray(sheet.convert("RGB")).astype(int) - (255, 200, 40)).max(axis=2) < 30).sum()
    assert yellow > 500


def test_nothing_is_overwritten_unasked(tmp_path: Path):
    root = corpus(tmp_path / "mine")
    (tmp_path / "r.toml").write_text("mine", encoding="utf-8")
    assert mmrs("init", root, "--out", tmp_path / "r.toml", "--yes").code == 2
    assert (tmp_path / "r.toml").read_text(encoding="utf-8") == "mine"
    assert written(root, tmp_path / "r.toml", "--overwrite")["name"] == "folder"
    (tmp_path / "s.png").write_bytes(b"mine")
    assert mmrs("init", root, "--out", tmp_path / "s.toml", "--yes").code == 2
    assert not (tmp_path / "s.toml").exists()


def test_the_corpus_is_written_to_only_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = corpus(tmp_path / "mine")
    monkeypatch.chdir(root)
    refused = mmrs("init", ".", "--yes")
    assert (refused.code, "would lie in the corpus" in refused.err) == (2, True)
    assert written(root, root / "recipe.toml")["data"] == "."


@pytest.mark.parametrize("place", ["nowhere", "empty", "masks"])
def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path, place: str):
    (tmp_path / "empty").mkdir()
    mask(tmp_path / "masks" / "masks" / "a.png", (0, 0, 9, 9))
    done = mmrs("init", tmp_path / place, "--out", tmp_path / "r.toml", "--yes")
    assert (done.code, (tmp_path / "r.toml").exists()) == (2, False)


def test_numbers_in_masks_become_values_named_by_a_json_file(tmp_path: Path):
    labels = np.zeros((48, 64), np.uint8)
    labels[4:12, 4:12], labels[20:30, 20:40] = 1, 2
    for number in range(3):
        picture(tmp_path / "images" / f"{number}.png", number)
        save(tmp_path / "masks" / f"{number}.png", labels)
    assert chosen(proposal(tmp_path))["values"] == "1=structure 1,2=structure 2"
    (tmp_path / "classes.json").write_text('{"liver": 1, "left_kidney": 2}', encoding="utf-8")
    found = proposal(tmp_path)
    assert chosen(found)["values"] == "1=liver,2=left kidney"
    assert {item.label for case in found.tried for item in case.views[0].annotations} == {"liver", "kidney_left"}


def test_numbers_in_volumes_become_labels(tmp_path: Path):
    for seed in range(2):
        save_volume(tmp_path / "imagesTr" / f"ct_{seed}_0000.nii.gz", scan(seed))
        save_volume(
            tmp_path / "labelsTr" / f"ct_{seed}.nii.gz", numbers({1: (2, 2, 2, 9, 9, 9), 5: (12, 2, 2, 19, 9, 9)})
        )
    found = proposal(tmp_path)
    assert (found.source, found.cases) == ("nifti", 2)
    assert chosen(found)["labels"] == "1=structure 1,5=structure 5"
    assert (chosen(found)["stem"], chosen(found)["modality"]) == ("(.+)_0000", "ct")


def test_patients_and_splits_are_told_by_paths_that_repeat(tmp_path: Path):
    for number in range(12):
        split = "train" if number < 8 else "test"
        name = f"p{number // 3:02d}_{number}.png"
        picture(tmp_path / split / "images" / name, number)
        mask(tmp_path / split / "masks" / name, (4, 4, 20, 20))
    found = proposal(tmp_path)
    assert (chosen(found)["patient"], chosen(found)["split"]) == ("([^/]+)_[^_/]+$", words.SPLIT_RULE)
    refs = [case.ref for case in found.tried]
    assert {ref.patient_id for ref in refs} <= {"p0001", "p0002", "p0003", "p0004"}
    assert {ref.split_official for ref in refs} == {"train", "test"}


@pytest.mark.parametrize(
    ("path", "modality", "label"),
    [
        ("Kvasir-SEG/masks", "endoscopy", "polyp"),
        ("ISIC2018_Task1_Training_GroundTruth", "dermoscopy", "skin_lesion"),
        ("chest X-Ray/lung masks", "xray", "lung"),
        ("BraTS2021/BraTS2021_00000", "mri", "tumour"),
        ("thyroid ultrasound/nodules", "ultrasound", "thyroid_nodule"),
        ("LiTS/liver", "ct", "liver"),
    ],
)
def test_words_of_paths_speak_for_modality_and_structure(path: str, modality: str, label: str):
    assert words.modality(Path(), [path], []).value == modality
    assert words.label([path]).value == label


def test_a_word_that_pixels_contradict_is_doubted(tmp_path: Path):
    pixels = np.full((48, 64, 3), (200, 90, 60), np.uint8)
    save(tmp_path / "a.png", pixels)
    assert "pictures are in colour" in words.modality(tmp_path, ["ct scans"], ["a.png"]).why


def answering(answers: dict[str, str]) -> tuple[Callable[[str, str], str], list[str]]:
    """Somebody who answers questions by their first word, and a record of what was asked."""
    asked: list[str] = []

    def ask(question: str, proposed: str) -> str:
        asked.append(question)
        return answers.get(question.split()[0], proposed)

    return ask, asked


def test_a_person_is_asked_four_questions_and_heard(tmp_path: Path):
    ask, asked = answering({"Modality": "dermoscopy", "What": "Bowen disease", "Does": "y", "May": "yes"})
    found = init.tried(init.asked(proposal(corpus(tmp_path / "mine")), ask))
    assert len(asked) == 4
    heard = {key: chosen(found)[key] for key in ("modality", "label", "noun", "plural", "exhaustive", "ids")}
    assert heard == {
        "modality": "dermoscopy", "label": "bowen_disease", "noun": "bowen disease", "plural": "bowen diseases",
        "exhaustive": "yes", "ids": "path",
    }  # fmt: skip
    assert (found.cases, found.trouble) == (6, ())


def test_an_answer_of_no_sense_is_asked_again(tmp_path: Path):
    answers = iter(["telepathy", "mri", "polyp", "no", "no"])
    found = init.asked(proposal(corpus(tmp_path / "mine")), lambda _question, _proposed: next(answers))
    assert chosen(found)["modality"] == "mri"


def test_who_takes_every_proposal_gets_what_yes_gives(tmp_path: Path):
    found = proposal(corpus(tmp_path / "mine"))
    assert chosen(init.asked(found, lambda _question, proposed: proposed)) == chosen(found)


def test_what_was_noticed_stands_in_the_recipe(tmp_path: Path):
    root = corpus(tmp_path / "mine")
    picture(root / "polyps" / "images" / "5.png", 0)
    text = recipe_text(proposal(root), tmp_path / "mine.toml")
    assert "# - 1 groups of images have identical pixels" in text
    assert "polyps/images/0.png = polyps/images/5.png" in " ".join(text.replace("#", " ").split())


def test_names_of_any_kind_survive_the_recipe(tmp_path: Path):
    root = tmp_path / 'a "b" \\ [c] ümlaut'
    corpus(root)
    assert written(root, tmp_path / "r.toml")["data"] == root.name
    assert init.identifier(root) == "a-b-c-mlaut"


@pytest.mark.parametrize("name", SAMPLES)
def test_real_corpora_are_taken_for_what_they_are(samples: Path, tmp_path: Path, name: str):
    """From a downloaded folder to verified shards, without a word of help."""
    source, options, cases = SAMPLES[name]
    found = written(samples / name, tmp_path / "r.toml")
    assert found["name"] == source
    assert {key: found.get("options", {}).get(key) for key in options} == options
    plan = mmrs("build", "--recipe", tmp_path / "r.toml", "--out", tmp_path / "out", "--dry-run", "--json")
    assert [entry["cases"] for entry in json.loads(plan.out)] == [cases]
    if options:  # corpora by their own names are built in tests/build/test_corpora.py
        done = mmrs("build", "--recipe", tmp_path / "r.toml", "--out", tmp_path / "out", "--workers", 1, "--limit", 40)
        assert done.code == 0, done.err
        assert mmrs("verify", tmp_path / "out").code == 0
