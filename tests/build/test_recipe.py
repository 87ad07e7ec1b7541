"""Recipes: several sources and their settings in one file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mmrs_builder.recipe import SHIPPED, choices, known
from mmrs_builder.vocab import MODALITIES
from tests.build.command import mmrs, published


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


TWO = """
seed = 7
limit = 4
rows_per_shard = 3
[[source]]
name = "kvasir"
data = "corpora/mine"
[[source]]
name = "phantom"
options = { count = 9 }
"""


def test_a_recipe_builds_what_the_same_options_build(corpus: Path, tmp_path: Path):
    recipe = written(tmp_path / "recipes", TWO)
    shutil.copytree(corpus, tmp_path / "recipes" / "corpora" / "mine")
    done = mmrs("build", "--recipe", recipe, "--out", tmp_path / "one", "--workers", 1)
    assert done.code == 0, done.err
    words = ("--source", "kvasir", "--data", f"kvasir={corpus}", "--source", "phantom", "--set", "phantom.count=9")
    options = ("--seed", 7, "--limit", 4, "--rows-per-shard", 3, "--workers", 1)
    assert mmrs("build", *words, *options, "--out", tmp_path / "two").code == 0
    assert published(tmp_path / "one") == published(tmp_path / "two")


def test_an_option_of_the_command_line_wins_over_the_recipe(corpus: Path, tmp_path: Path):
    recipe = written(tmp_path / "recipes", TWO)
    shutil.copytree(corpus, tmp_path / "recipes" / "corpora" / "mine")
    done = mmrs("build", "--recipe", recipe, "--limit", 2, "--out", tmp_path / "out", "--workers", 1, "--json")
    assert {entry["used"] for entry in json.loads(done.out)["cases"].values()} == {2}


def test_a_recipe_and_a_source_of_the_command_line_are_joined(corpus: Path, tmp_path: Path):
    recipe = written(tmp_path, '[[source]]\nname = "phantom"\noptions = { count = "3" }\n')
    words = ("--source", "kvasir", "--data", corpus, "--limit", 3)
    done = mmrs("build", "--recipe", recipe, *words, "--out", tmp_path / "out", "--workers", 1, "--json")
    assert set(json.loads(done.out)["cases"]) == {"phantom", "kvasir"}


def test_folders_of_a_recipes_sources_are_told_on_the_command_line(corpus: Path, tmp_path: Path):
    recipe = written(tmp_path, '[[source]]\nname = "kvasir"\n[[source]]\nname = "phantom"\noptions = { count = 3 }\n')
    words = ("--data", f"kvasir={corpus}", "--set", "phantom.count=2", "--limit", 3, "--json")
    done = mmrs("build", "--recipe", recipe, *words, "--out", tmp_path / "out", "--workers", 1)
    assert {name: entry["used"] for name, entry in json.loads(done.out)["cases"].items()} == {"kvasir": 3, "phantom": 2}


def test_a_folder_of_a_source_that_is_there_twice_is_not_guessed(corpus: Path, tmp_path: Path):
    two = "".join(f'[[source]]\nname = "folder"\noptions = {{ name = "{name}" }}\n' for name in ("one", "two"))
    done = mmrs("build", "--recipe", written(tmp_path, two), "--data", f"folder={corpus}", "--out", tmp_path / "out")
    assert done.code == 2
    assert "folder is there twice" in done.err


def test_a_recipe_that_is_shipped_goes_by_its_name(tmp_path: Path):
    words = ("--set", "phantom.count=6", "--workers", 1, "--json")
    done = mmrs("build", "--recipe", "demo", *words, "--out", tmp_path / "out")
    assert json.loads(done.out)["cases"]["phantom"]["used"] == 6


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.toml")))
def test_every_shipped_recipe_names_sources_and_options_that_exist(name: str):
    chosen, settings = choices([], [], [], None, name)
    assert settings == {}
    assert all(known(choice).name == choice.name for choice in chosen)


def test_the_papers_recipe_has_its_six_modalities():
    chosen, _ = choices([], [], [], None, "mmrs")
    assert {known(choice).modality for choice in chosen} == set(MODALITIES)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seed = ", "recipe.toml"),
        ("sed = 3", "sed"),
        ('[[source]]\nname = "kvassir"', "did you mean 'kvasir'"),
        ('[[source]]\ndata = "x"', "without a name"),
        ('[[source]]\nname = "phantom"\nfolder = "x"', "unknown keys folder"),
        ('[[source]]\nname = "phantom"\noptions = { number = 3 }', "number"),
        ('[[source]]\nname = "kvasir"\ndata = "nowhere"', "nowhere is not a folder"),
        ('source = "phantom"', "[[source]]"),
        ('source = ["phantom"]', "[[source]]"),
        ('[[source]]\nname = 3', "name"),
        ('[[source]]\nname = "phantom"\noptions = "count=3"', "options"),
        ('limit = 0\n[[source]]\nname = "phantom"', "limit"),
        ('twins = "mirror"\n[[source]]\nname = "phantom"', "true or false"),
        ('seed = "seven"\n[[source]]\nname = "phantom"', "seed"),
        ('rows_per_shard = 2.5\n[[source]]\nname = "phantom"', "rows_per_shard"),
        ('questions_per_view = true\n[[source]]\nname = "phantom"', "questions_per_view"),
        ('splits = "random"\n[[source]]\nname = "phantom"', "leak-safe or official"),
        ('language = "xx"\n[[source]]\nname = "phantom"', "xx"),
    ],
)  # fmt: skip
def test_a_slip_in_a_recipe_ends_with_2_and_says_which(tmp_path: Path, text: str, complaint: str):
    done = mmrs("build", "--recipe", written(tmp_path / "recipes", text), "--out", tmp_path / "out")
    assert done.code == 2
    assert complaint in done.err
    assert not (tmp_path / "out").exists()


def test_a_recipe_that_is_not_there_ends_with_2(tmp_path: Path):
    done = mmrs("build", "--recipe", tmp_path / "none.toml", "--out", tmp_path / "out")
    assert done.code == 2
    assert "none.toml" in done.err
    assert "abdomen, demo, mmrs" in done.err
