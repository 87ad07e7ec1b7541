"""A build in another language: a folder of templates is all that it takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from mmrs_builder import resources
from mmrs_builder.templates import load
from tests.build import corpus as frames
from tests.build.command import ROOT

FAMILIES = """
[[family]]
id         = "locate.level"
frame      = "viewer"
program    = "level(the(A))"
kinds      = ["open", "yes_no"]
question   = ["¿en qué mitad de la {image} está el centro {A.of}?"]
claim      = ["¿está {A} en la mitad {value} de la {image}?"]
statement  = ["{A} está en la mitad {value} de la {image}."]
"""

TERMS = """
[form.un]
the = "el {name}"
a = "un {name}"
of = "del {name}"

[form.una]
the = "la {name}"
a = "una {name}"
of = "de la {name}"

[image]
any = ["imagen"]

[refusal]
absent = ["No hay {A.name} en la {image}."]
no_left_right = ["La {image} mira de lado a lado."]
no_front_back = ["La {image} mira de delante a atrás."]
no_head_foot = ["La {image} mira de cabeza a pies."]
no_scale = ["La {image} no tiene escala."]

"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a second, tiny language: a form of its own, and articles that English names do not have."""
    place = tmp_path_factory.mktemp("tree")
    for name in ("mmrs_builder", "templates", "data_cards"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "templates" / "xx").mkdir()
    (place / "templates" / "xx" / "locate.toml").write_text(FAMILIES, encoding="utf-8")
    english = (resources.path("templates") / "en" / "terms.toml").read_text(encoding="utf-8")
    labels = "".join(
        f'[label.{label}]\nname = "{label}o"\nplural = "{label}os"\narticle = "{("un", "una")[number % 2]}"\n\n'
        for number, label in enumerate(load(resources.path("templates")).terms.labels)
    )
    values = english[english.index("[value.Quadrant]") :].replace('"upper"', '"superior"', 1)
    (place / "templates" / "xx" / "terms.toml").write_text(labels + TERMS + values, encoding="utf-8")
    return place


def mmrs(tree: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mmrs_builder", *map(str, words)], cwd=tree, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tree)},
    )  # fmt: skip


def test_a_build_in_another_language_says_so_and_speaks_it(tree: Path, tmp_path: Path):
    out = tmp_path / "out"
    words = ("build", "--source", "phantom", "--set", "phantom.count=24", "--workers", 1, "--out", out)
    done = mmrs(tree, *words, "--language", "xx")
    assert done.returncode == 0, done.stderr
    shards = [pq.ParquetFile(path) for path in sorted((out / "data").glob("*.parquet"))]
    questions = [q for shard in shards for row in shard.read(columns=["qa"]).to_pylist() for q in row["qa"]]
    assert {q["kind"] for q in questions} == {"open", "yes_no"}
    for q in questions:
        assert q["question"].startswith(("¿En qué mitad de la imagen está el centro de", "¿Está "))
        structure, picture = q["bindings"]
        assert structure["text"].startswith(("el ", "la "))
        assert (picture["slot"], picture["text"]) == ("image", "imagen")
    stored = json.loads(shards[0].schema_arrow.metadata[b"mmrs.language"])
    assert (stored["language"], stored["forms"]["una"]["of"]) == ("xx", "de la {name}")
    assert json.loads((out / ".mmrs" / "manifest.json").read_text(encoding="utf-8"))["settings"]["language"] == "xx"
    assert yaml.safe_load((out / "README.md").read_text(encoding="utf-8").split("---\n")[1])["language"] == ["xx"]
    assert mmrs(tree, *words).returncode == 2  # in English it is another build


def test_a_label_of_ones_own_needs_a_name_in_the_language_of_the_build(tree: Path, tmp_path: Path):
    home = frames.write(tmp_path / "home", 3)
    words = ["build", "--source", "folder", "--data", home, "--language", "xx", "--out", tmp_path / "out"]
    for option in ("masks=masks/{stem}.jpg", "label=wart", "noun=wart", "plural=warts"):
        words += ["--set", f"folder.{option}"]
    done = mmrs(tree, *words)
    assert done.returncode == 2
    assert "wart, article: 'wart' has the article 'a', which the language 'xx' lacks; give its noun" in done.stderr
    assert not (tmp_path / "out").exists()
    done = mmrs(tree, *words, "--set", "folder.article=una")
    assert done.returncode == 0, done.stderr


def test_families_of_another_language_are_listed_and_checked(tree: Path):
    rows = json.loads(mmrs(tree, "families", "--language", "xx", "--json").stdout)
    assert [row["id"] for row in rows] == ["locate.level"]
    assert mmrs(tree, "families", "--language", "xx", "--check").stderr == "families and terms are in order\n"
