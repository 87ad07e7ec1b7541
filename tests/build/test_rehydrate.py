"""Recipes: what may not be passed on stays at home, and comes back from everybody's own copy of the corpora."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from baselines.endpoint.shards import items
from mmrs_builder.verify import verify
from mmrs_builder.verify.language import read_language
from mmrs_builder.verify.shards import open_shards, rows_of
from mmrs_builder.verify.views import check_view
from tests.build import corpus as frames
from tests.build.command import ROOT, Result, mmrs, offline, published, tree
from tests.corpora import covid19_ct

PAGE = ROOT / "docs" / "recipes.md"
PHOTOGRAPHS = "kvasir"  # script-only
SCANS = "covid19_ct"  # masks-allowed
DRAWN = "phantom"  # redistributable

Rows = dict[str, dict[str, Any]]


def rows(out: Path, config: str = "data") -> Rows:
    key = "question_id" if config == "qa" else "view_id"
    found = [row for path in sorted((out / config).glob("*")) for row in pq.read_table(path).to_pylist()]
    return {row[key]: row for row in found}


def rehydrate(recipe: Path, corpora: Path, out: Path, *more: object) -> Result:
    data = [word for name in (PHOTOGRAPHS, SCANS) for word in ("--data", f"{name}={corpora / name}")]
    return mmrs("rehydrate", recipe, *data, "--out", out, "--workers", 1, *more)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("corpora")
    frames.write(home / PHOTOGRAPHS, 5)
    covid19_ct.write(home / SCANS)
    return home


@pytest.fixture(scope="module")
def full(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, slices of volumes and drawn pictures, with their twins, in several shards."""
    out = tmp_path_factory.mktemp("full") / "shards"
    done = mmrs(
        "build", "--source", PHOTOGRAPHS, "--source", SCANS, "--source", DRAWN, "--set", f"{DRAWN}.count=2",
        "--set", f"{DRAWN}.size=96",
        "--set", f"{SCANS}.coverage=0", "--set", f"{SCANS}.empty=0", "--twins", "--rows-per-shard", 12,
        "--questions-per-view", 4,
        "--data", f"{PHOTOGRAPHS}={corpora / PHOTOGRAPHS}", "--data", f"{SCANS}={corpora / SCANS}",
        "--out", out, "--workers", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    return out


@pytest.fixture(scope="module")
def recipe(full: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("recipe") / "shards"
    done = mmrs("export", full, "--to", "recipe", "--out", out)
    assert done.code == 0, done.err
    return out


@pytest.fixture
def copy(corpora: Path, tmp_path: Path) -> Path:
    """Somebody else's copy of the corpora."""
    return Path(shutil.copytree(corpora, tmp_path / "copy"))


def test_a_recipe_holds_no_byte_of_a_picture_or_mask_that_may_not_be_passed_on(full: Path, recipe: Path):
    files = [path.read_bytes() for path in recipe.rglob("*") if path.is_file()]
    kept = {PHOTOGRAPHS: 0, SCANS: 0, DRAWN: 0}
    for row in rows(full).values():
        assert any(row["image"]["bytes"] in data for data in files) == (row["source"] == DRAWN)
        for mask in row["masks"]:
            there = any(mask["bytes"] in data for data in files)
            kept[row["source"]] += there
            assert there or row["source"] == PHOTOGRAPHS
    assert kept[SCANS] > 0 == kept[PHOTOGRAPHS]
    overlays = {row["source"] for row in rows(recipe, "preview").values()}
    assert overlays == {DRAWN}


def test_ids_questions_and_programs_of_a_recipe_are_those_of_the_build(full: Path, recipe: Path):
    before, after = rows(full), rows(recipe)
    assert before.keys() == after.keys()
    assert {row["transform"]["op"] for row in after.values() if row["transform"]} >= {"mirror", "mark"}
    for view_id, row in after.items():
        taken = {"image", "masks", "structures"}
        assert {k: v for k, v in row.items() if k not in taken} == {
            k: v for k, v in before[view_id].items() if k not in taken
        }
        names = [(s["label"], s["part"]) for s in before[view_id]["structures"]]
        assert [(s["label"], s["part"]) for s in row["structures"]] == names
        measured = {s["area_px"] is not None for s in row["structures"]}
        assert measured <= {row["source"] != PHOTOGRAPHS}
    assert rows(full, "qa") == rows(recipe, "qa")


def test_load_dataset_opens_a_recipe_with_null_for_what_it_lacks(recipe: Path, tmp_path: Path):
    code = (
        "import sys\nfrom datasets import load_dataset\n"
        "for rows in load_dataset(sys.argv[1]).values():\n"
        "    for row in rows:\n        print(row['source'], row['image'] is None, row['masks'] is None, len(row['qa']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(recipe)], capture_output=True, text=True, env=offline(tmp_path), check=False
    )
    assert ran.returncode == 0, ran.stderr
    lines = [line.split() for line in ran.stdout.splitlines()]
    lacking = {tuple(line[:3]) for line in lines}
    assert lacking == {(PHOTOGRAPHS, "True", "True"), (SCANS, "True", "False"), (DRAWN, "False", "False")}
    assert sum(int(line[3]) for line in lines) == len(rows(recipe, "qa"))


def test_a_recipe_is_verified_as_far_as_it_goes_and_says_what_to_do_first(recipe: Path):
    done = mmrs("verify", recipe, "--json")
    found = json.loads(done.out)
    lacking = [row["source"] for row in rows(recipe).values()]
    assert done.code == 4
    assert found["faults"] == []
    assert found["views_without_masks"] == lacking.count(PHOTOGRAPHS)
    assert found["views_without_picture"] == lacking.count(PHOTOGRAPHS) + lacking.count(SCANS)
    assert 0 < found["values"] < found["questions"]
    assert f"Rehydrate first, from your own copy of the corpora: mmrs rehydrate {recipe}" in done.err


def test_masks_that_may_be_passed_on_are_verified_without_their_pictures(corpora: Path, tmp_path: Path):
    words = ("--source", SCANS, "--data", corpora / SCANS, "--set", f"{SCANS}.coverage=0", "--set", f"{SCANS}.empty=0")
    assert mmrs("build", *words, "--limit", 1, "--out", tmp_path / "full", "--workers", 1).code == 0
    assert mmrs("export", tmp_path / "full", "--to", "recipe", "--out", tmp_path / "recipe").code == 0
    done = mmrs("verify", tmp_path / "recipe")
    assert done.code == 0, done.out
    assert "all that is here agrees" in done.out
    report = verify(tmp_path / "recipe").tally
    assert report.views_without_picture == report.views > 0 == report.views_without_masks
    assert report.values == report.questions > 0


def test_lies_in_what_is_left_of_a_row_are_noticed(recipe: Path):
    shard = open_shards(recipe)[0][0]
    language = read_language(shard.language)
    row = next(row for row in rows_of(shard, []) if row["source"] == PHOTOGRAPHS and row["qa"])
    assert check_view(row, language, recipe=True).faults == ()
    assert {fault.code for fault in check_view(row, language).faults} == {"row"}
    for field, lie, code in (
        ("question", "Where is it?", "question"),
        ("question_id", "0", "question_id"),
        ("template_id", "locate.quadrant:0", "template"),
        ("program", 'quadrant(the("liver"))', "program"),
        ("family", "locate.nowhere", "family"),
        ("text_source", "bank", "provenance"),
    ):
        told = {**row, "qa": [{**row["qa"][0], field: lie}]}
        assert code in {fault.code for fault in check_view(told, language, recipe=True).faults}, field


def test_the_commands_of_the_page_give_the_build_again_byte_for_byte(
    full: Path, corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(full, tmp_path / "shards")
    shutil.copytree(corpora, tmp_path / "corpora")
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    for command in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0].splitlines():
        done = mmrs(*shlex.split(command)[1:])
        assert done.code == 0, f"{command}\n{done.err}"
    out, manifest = tmp_path / "full", Path(".mmrs", "manifest.json")
    assert published(out) == published(full)
    assert (out / manifest).read_bytes() == (full / manifest).read_bytes()
    made = {path: digest for path, digest in tree(tmp_path).items() if not path.startswith(("recipe/", "full/"))}
    assert made == before  # nothing else was written
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    unneeded = ("--data", f"{DRAWN}={tmp_path}")
    again = rehydrate(tmp_path / "recipe", tmp_path / "corpora", out, "--json", *unneeded)
    lacking = [row for row in rows(tmp_path / "recipe").values() if row["source"] != DRAWN]
    assert json.loads(again.out) == {
        "out": str(out), "views": len(rows(full)), "made_whole": len(lacking), "same_rows": True,
    }  # fmt: skip
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")} == times


def test_altered_and_missing_originals_are_named_and_nothing_is_published_until_all_are_there(
    full: Path, recipe: Path, corpora: Path, copy: Path, tmp_path: Path
):
    photographs, out = copy / PHOTOGRAPHS, tmp_path / "out"
    pixels = np.array(Image.open(photographs / "images" / "frame000.jpg"))
    Image.fromarray(255 - pixels).save(photographs / "images" / "frame000.jpg")
    frames.mask(photographs / "masks" / "frame001.jpg", (3, 3, 20, 20), size=frames.SIZE)
    for folder in ("images", "masks"):
        (photographs / folder / "frame002.jpg").unlink()
    place = copy / SCANS / "COVID-19-CT-Seg_20cases" / "coronacases_001.nii.gz"
    scan = nibabel.load(place)
    values = np.asarray(scan.dataobj) + 40.0
    nibabel.save(nibabel.Nifti1Image(values, scan.affine), place)
    done = rehydrate(recipe, copy, out)
    assert done.code == 5
    reasons = {(drop["what"], drop["reason"]) for drop in map(json.loads, _rejects(out))}
    assert reasons == {
        ("images/frame000.jpg", "altered"),
        ("images/frame001.jpg", "masks_altered"),
        ("frame002", "no_original"),
        ("COVID-19-CT-Seg_20cases/coronacases_001.nii.gz", "altered"),
    }
    assert "4 originals" in done.err
    assert all(f"{name}: " in done.err for name, _ in reasons)
    assert [path.name for path in out.iterdir()] == [".mmrs"]
    mended = _as_others_have_it(corpora, tmp_path / "mended")
    done = rehydrate(recipe, mended, out)
    assert done.code == 0, done.err
    assert published(out) == published(full)


def _as_others_have_it(corpora: Path, copy: Path) -> Path:
    """The same pictures: a photograph renamed, a volume packed otherwise."""
    shutil.copytree(corpora, copy)
    for folder in ("images", "masks"):
        (copy / PHOTOGRAPHS / folder / "frame003.jpg").rename(copy / PHOTOGRAPHS / folder / "polyp.jpg")
    packed = copy / SCANS / "COVID-19-CT-Seg_20cases" / "coronacases_001.nii.gz"
    before = packed.read_bytes()
    packed.write_bytes(gzip.compress(gzip.decompress(before), 1))
    assert packed.read_bytes() != before
    return copy


def _rejects(out: Path) -> list[str]:
    return (out / ".mmrs" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()


def test_a_corpus_that_is_not_there_ends_with_4_and_the_way_to_get_it(
    recipe: Path, corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MMRS_CACHE", str(tmp_path / "cache"))
    done = mmrs("rehydrate", recipe, "--data", f"{SCANS}={corpora / SCANS}", "--out", tmp_path / "out")
    assert done.code == 4
    assert "mmrs download kvasir" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    ["view --contact FILE", "view --out FILE", "export --to coco --out FILE", "audit", "verify --mutants 1"],
)
def test_what_needs_pictures_says_so(recipe: Path, words: str, tmp_path: Path):
    command, *options = (tmp_path / "new" if word == "FILE" else word for word in words.split())
    done = mmrs(command, recipe, *options)
    assert done.code == 4
    assert f"it lacks pictures or masks of {SCANS}, {PHOTOGRAPHS}" in done.err
    assert "Rehydrate first" in done.err


def test_a_recipe_is_no_test_set_to_keep_out_and_nothing_to_show_to_a_model(recipe: Path, tmp_path: Path):
    done = mmrs("build", "--source", "phantom", "--keep-out", recipe, "--out", tmp_path / "out")
    assert done.code == 4
    assert "which --keep-out needs" in done.err
    with pytest.raises(ValueError, match="mmrs rehydrate"):
        items(recipe, "train")


def test_the_cards_of_a_recipe_say_what_it_lacks_and_have_its_numbers(recipe: Path):
    for card in ("readme", "croissant", "datasheet"):
        done = mmrs("card", recipe, "--show", card)
        assert done.code == 0, done.err
        text = done.out
        assert f"does not hold the pictures of {SCANS}, {PHOTOGRAPHS}, nor the masks of {PHOTOGRAPHS}" in text
        assert "mmrs rehydrate" in text


def test_a_build_that_may_not_be_pushed_is_told_of_its_recipe(full: Path):
    refused = mmrs("push", full, "me/set", "--dry-run")
    assert refused.code == 4
    assert f"mmrs export {full} --to recipe" in refused.err


def test_what_is_no_recipe_is_not_rehydrated(full: Path, free: Path, tmp_path: Path):
    done = mmrs("rehydrate", full, "--out", tmp_path / "out")
    assert done.code == 2
    assert "is no recipe" in done.err
    done = mmrs("export", free, "--to", "recipe", "--out", tmp_path / "recipe")
    assert done.code == 2
    assert "may be passed on with pictures and masks" in done.err


def test_a_damaged_recipe_is_refused(recipe: Path, corpora: Path, tmp_path: Path):
    broken = Path(shutil.copytree(recipe, tmp_path / "broken"))
    card = broken / "README.md"
    card.write_text(card.read_text().replace("recipe", "build"))
    assert rehydrate(broken, corpora, tmp_path / "out").code == 5
    (broken / ".mmrs" / "manifest.json").unlink()
    done = rehydrate(broken, corpora, tmp_path / "out")
    assert done.code == 2
    assert "hf download" in done.err
