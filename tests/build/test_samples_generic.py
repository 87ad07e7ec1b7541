"""Real corpora in generic formats end to end: every picture is used or its refusal explained, and all verifies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from datasets import Dataset, Features, Image, Value

from tests.build.command import mmrs
from tests.corpora.hf import box, dataset
from tests.once import once

CORPORA = {
    "coco-brain-tumor": (["coco.labels=object=tumour", "coco.modality=mri"], 178, {}),
    "covid-cxr-structures": (["coco.shown=by_sides"], 22, {"not_matched": 140}),
    "sam-med2d-demo": ([], 4, {"no_mask": 1}),
    "biomedparse-demo": ([], 9, {}),
}
"""Options, pictures used and reasons for what is not."""

SOURCES = {"sam-med2d-demo": "sam_med2d", "biomedparse-demo": "biomedparse"}


def built(out: Path, source: str, data: Path, options: list[str], *flags: str) -> dict[str, Any]:
    """Build, verify, and return the counts."""
    words = [word for option in options for word in ("--set", option)]
    done = mmrs("build", "--source", source, "--data", data, *words, *flags, "--out", out, "--workers", 1, "--json")
    assert done.code == 0, done.err
    checked = mmrs("verify", out)
    assert checked.code == 0, checked.out
    counts: dict[str, Any] = json.loads(done.out)
    return counts


@pytest.fixture
def whole(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A corpus in shards, and its ``counts.json`` beside them."""

    def make(name: str, place: Path) -> None:
        # All of it: in small corpora not every answer is there often enough for all to be asked equally often.
        counts = built(place / "out", source(name), samples / name, CORPORA[name][0], "--keep-unbalanced")
        (place / "counts.json").write_text(json.dumps(counts), encoding="utf-8")

    return lambda name: once(tmp_path_factory, name, lambda place: make(name, place)) / "out"


def source(name: str) -> str:
    return SOURCES.get(name, "coco")


def reasons(out: Path) -> dict[str, int]:
    lines = (out / ".mmrs" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return dict(Counter(json.loads(line)["reason"] for line in lines))


def table(out: Path, config: str, *columns: str) -> pd.DataFrame:
    return pd.concat(pd.read_parquet(path, columns=list(columns)) for path in (out / config).iterdir())


@pytest.mark.parametrize("name", CORPORA)
def test_every_picture_is_used_or_explained(whole: Callable[[str], Path], name: str):
    _, used, refused = CORPORA[name]
    out = whole(name)
    counts, lost = json.loads(out.with_name("counts.json").read_text()), sum(refused.values())
    assert counts["cases"][source(name)] == {"found": used + lost, "used": used, "rejected": lost}
    assert reasons(out) == refused
    assert len(table(out, "qa", "question")) > 7 * used


def test_films_speak_of_the_patients_sides_only_where_lungs_prove_them(whole: Callable[[str], Path]):
    out = whole("covid-cxr-structures")
    proven = table(out, "data", "view_id", "laterality_evidence")
    asked = table(out, "qa", "view_id", "frame")
    unproven = set(proven[proven["laterality_evidence"] != "annotation"]["view_id"])
    assert len(unproven) == 1
    assert set(asked[asked["frame"] == "patient"]["view_id"]).isdisjoint(unproven)
    assert (asked["frame"] == "patient").any()


@pytest.mark.parametrize("name", ["sam-med2d-demo", "biomedparse-demo"])
def test_slices_that_were_turned_have_no_patients_sides(samples: Path, tmp_path: Path, name: str):
    counts = built(tmp_path / "out", source(name), samples / name, [])
    asked = table(tmp_path / "out", "qa", "frame")["frame"]
    assert set(asked) == {"viewer"}
    check_number(len(asked), counts, CORPORA[name][1])


@pytest.mark.long
@pytest.mark.parametrize("name", ["coco-brain-tumor", "covid-cxr-structures"])
def test_larger_corpora_verify_without_what_is_uneven_too(samples: Path, tmp_path: Path, name: str):
    options, used, _ = CORPORA[name]
    counts = built(tmp_path / "out", "coco", samples / name, options)
    check_number(len(table(tmp_path / "out", "qa", "question")), counts, used)


def check_number(asked: int, counts: dict[str, Any], used: int) -> None:
    """Asking all answers of a stratum equally often costs questions of small corpora: what it costs is counted."""
    assert asked + counts["dropped"].get("uneven", 0) > 7 * used
    assert asked > 6.5 * used


def test_copies_of_a_picture_stay_together(whole: Callable[[str], Path]):
    views = table(whole("coco-brain-tumor"), "data", "view_id", "group_id", "split", "split_official")
    assert views.groupby("group_id")["split"].nunique().max() == 1
    assert (views[views["split_official"] == "test"]["split"] == "test").all()


def test_a_corpus_in_a_table_says_the_same_as_in_files(samples: Path, tmp_path: Path):
    home = samples / "kvasir-seg" / "Kvasir-SEG"
    names = sorted(path.name for path in (home / "images").iterdir())[:12]
    columns: dict[str, list[object]] = {
        "image": [{"bytes": (home / "images" / name).read_bytes(), "path": None} for name in names],
        "mask": [{"bytes": (home / "masks" / name).read_bytes(), "path": None} for name in names],
        "who": list(names),
    }
    features = Features({"image": Image(), "mask": Image(), "who": Value("string")})
    (tmp_path / "table").mkdir()
    Dataset.from_dict(columns, features=features).to_parquet(tmp_path / "table" / "train-00000-of-00001.parquet")
    for folder in ("images", "masks"):
        (tmp_path / "files" / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / "files" / folder / name).write_bytes((home / folder / name).read_bytes())
    found = built(tmp_path / "a", "hf", tmp_path / "table", ["hf.label=polyp", "hf.group=who"])["cases"]["hf"]
    assert found == built(tmp_path / "b", "folder", tmp_path / "files", ["folder.label=polyp"])["cases"]["folder"]
    assert found["used"] > 9
    seen = [set(table(tmp_path / out, "data", "pixels_sha256", "image_sha256").itertuples(index=False)) for out in "ab"]
    assert seen[0] == seen[1]


def test_a_table_that_changed_is_measured_again(tmp_path: Path):
    (tmp_path / "data").mkdir()
    out, options = tmp_path / "out", ["hf.mask=masks", "hf.label=polyp"]
    for side in (16, 20):
        dataset([[box(4, 4, 4 + side, 4 + side)]] * 3, ["a", "b", "c"]).to_parquet(tmp_path / "data" / "train.parquet")
        built(out, "hf", tmp_path / "data", options)
        areas = {item["area_px"] for items in table(out, "data", "structures")["structures"] for item in items}
        assert areas == {side * side}
