"""Corpora by their own names: all six modalities from real files, in one recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmrs_builder.vocab import MODALITIES
from tests.build.command import mmrs
from tests.once import once

SAMPLES = {
    "brain_cheng": "figshare-brain-tumor-mat-derived",
    "busi": "busi",
    "covid_qu_ex": "covid-qu-ex",
    "cvc_clinicdb": "cvc-clinicdb",
    "finding_lungs": "finding-lungs-ct",
    "isic2017": "isic2017",
    "kvasir": "kvasir-seg",
    "msd_hippocampus": "msd-hippocampus",
    "posmed": "posmed-subset",
    "tcga_lgg": "lgg-mri",
    "totalsegmentator": "totalsegmentator-ct",
}


@pytest.fixture(scope="module")
def built(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, int]]]:
    root = once(tmp_path_factory, "corpora", lambda place: make(samples, place))
    counts: dict[str, dict[str, int]] = json.loads((root / "counts.json").read_text(encoding="utf-8"))
    return root / "out", counts


def make(samples: Path, root: Path) -> None:
    recipe = root / "recipe.toml"
    blocks = [
        f'[[source]]\nname = "{name}"\ndata = {json.dumps(str(samples / folder))}\n' for name, folder in SAMPLES.items()
    ]
    recipe.write_text("limit = 8\n" + "".join(blocks), encoding="utf-8")
    organs = ("--set", "totalsegmentator.structures=liver+spleen+kidney_left+kidney_right+aorta")
    done = mmrs("build", "--recipe", recipe, *organs, "--out", root / "out", "--workers", 2, "--json")
    assert done.code == 0, done.err
    (root / "counts.json").write_text(json.dumps(json.loads(done.out)["cases"]), encoding="utf-8")


def test_one_recipe_builds_all_six_modalities_from_real_files(built: tuple[Path, dict[str, dict[str, int]]]):
    out, counts = built
    assert counts.keys() == SAMPLES.keys()
    assert all(entry["used"] for entry in counts.values())
    views = json.loads(mmrs("stats", out, "--json").out)["views"]
    assert {entry["modality"] for entry in views} == set(MODALITIES)


def test_every_answer_about_them_is_derived_again(built: tuple[Path, dict[str, dict[str, int]]]):
    done = mmrs("verify", built[0])
    assert done.code == 0, done.err
