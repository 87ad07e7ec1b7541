"""Real corpora end to end: every pair is used or its refusal explained, and what comes out verifies."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.build.command import mmrs

FOLDERS = {
    "cvc-clinicdb": ["images=CVC-ClinicDB/images/*.png", "masks=CVC-ClinicDB/masks/{stem}.png", "label=polyp"],
    "isic2017": [
        "images=ISIC-2017_Training_Data/*.jpg",
        "masks=ISIC-2017_Training_Part1_GroundTruth/{stem}_segmentation.png",
        "label=skin_lesion",
        "modality=dermoscopy",
    ],
    "busi": [
        "images=Dataset_BUSI_with_GT/*/*).png",
        "masks={parent}/{stem}_mask*.png",
        "instances=yes",
        "exhaustive=yes",
        "label=breast_mass",
        "modality=ultrasound",
    ],
}


def words(name: str) -> list[str]:
    return [word for option in FOLDERS[name] for word in ("--set", f"folder.{option}")]


def cases(out: Path, *arguments: object) -> dict[str, dict[str, int]]:
    """Build, verify, and return found, used and rejected by source."""
    done = mmrs("build", *arguments, "--out", out, "--workers", 1, "--json")
    assert done.code == 0, done.err
    checked = mmrs("verify", out)
    assert checked.code == 0, checked.out
    found: dict[str, dict[str, int]] = json.loads(done.out)["cases"]
    return found


def rejects(out: Path) -> dict[str, str]:
    lines = (out / ".mmrs" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return {drop["what"]: drop["reason"] for drop in map(json.loads, lines)}


def test_every_kvasir_pair_is_used_or_explained(samples: Path, tmp_path: Path):
    found = cases(tmp_path / "out", "--source", "kvasir", "--data", samples / "kvasir-seg")["kvasir"]
    assert found["found"] == 40 == found["used"] + len(rejects(tmp_path / "out"))
    assert found["used"] > 36


@pytest.mark.parametrize("name", FOLDERS)
def test_a_well_known_corpus_needs_no_code(samples: Path, tmp_path: Path, name: str):
    found = cases(tmp_path / "out", "--source", "folder", "--data", samples / name, *words(name))["folder"]
    reasons = list(rejects(tmp_path / "out").values())
    assert found["used"] + len(reasons) == found["found"] > 9
    assert found["used"] > 4 * (len(reasons) - reasons.count("not_matched"))


def test_normal_ultrasounds_are_views_in_which_no_mass_is_shown(samples: Path, tmp_path: Path):
    out = tmp_path / "out"
    cases(out, "--source", "folder", "--data", samples / "busi", *words("busi"))
    shards = [pd.read_parquet(path, columns=["view_id", "absent", "structures"]) for path in (out / "data").iterdir()]
    views = pd.concat(shards)
    normal = views[views["view_id"].str.contains("normal")]
    assert len(normal) == 3
    assert [(list(row.absent), len(row.structures)) for row in normal.itertuples()] == [(["breast_mass"], 0)] * 3
    assert sum(len(absent) for absent in views["absent"]) == 3


def test_several_corpora_are_built_from_one_recipe(samples: Path, tmp_path: Path):
    sources = [
        f'[[source]]\nname = "kvasir"\ndata = {json.dumps(str(samples / "kvasir-seg"))}\n',
        *(block(samples / name, name) for name in FOLDERS),
        '[[source]]\nname = "phantom"\noptions = { count = 12 }\n',
    ]
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("limit = 12\n" + "".join(sources), encoding="utf-8")
    found = cases(tmp_path / "out", "--recipe", recipe)
    assert found.keys() == {"kvasir", "phantom", *FOLDERS}
    assert all(entry["used"] > 5 for entry in found.values())


def block(folder: Path, name: str) -> str:
    options = [option.split("=", 1) for option in FOLDERS[name]]
    table = ", ".join(f"{key} = {json.dumps(value)}" for key, value in [*options, ("name", name)])
    return f'[[source]]\nname = "folder"\ndata = {json.dumps(str(folder))}\noptions = {{ {table} }}\n'
