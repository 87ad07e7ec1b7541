"""Copies across corpora go to one split, sets that are kept out stay out, and a report says what was found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmrs_builder.sources import phantom
from tests.build.command import mmrs, published
from tests.corpora import mask, save

COPIED = ("a00", "a01", "a02")
SIZE = (128, 128)


def frame(number: int) -> np.ndarray:
    """A picture unlike those of other numbers: one phantom of each patient."""
    refs = {ref.patient_id: ref for ref in phantom.configure(count="60", size="128").index(Path())}
    return phantom.load(list(refs.values())[number]).views[0].picture.pixels


def corpus(root: Path, pictures: dict[str, np.ndarray]) -> Path:
    for name, pixels in pictures.items():
        save(root / "images" / f"{name}.png", pixels)
        mask(root / "masks" / f"{name}.png", (20, 24, 60, 70), size=(pixels.shape[1], pixels.shape[0]))
    return root


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("first"), {f"a{i:02d}": frame(i) for i in range(12)})


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other pictures, and three of the first corpus: mirrored, smaller, and with less contrast."""
    copies = [frame(0)[:, ::-1], np.asarray(Image.fromarray(frame(1)).resize((96, 96))), frame(2) // 2 + 40]
    own = {f"b{i:02d}": frame(12 + i) for i in range(6)}
    return corpus(tmp_path_factory.mktemp("second"), {**{f"copy{i}": c for i, c in enumerate(copies)}, **own})


def recipe(path: Path, first: Path, second: Path) -> Path:
    blocks = [
        f'[[source]]\nname = "folder"\ndata = {json.dumps(str(root))}\n'
        f'options = {{ label = "polyp", modality = "endoscopy", name = "{name}" }}\n'
        for name, root in (("first", first), ("second", second))
    ]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(first: Path, second: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("built")
    done = mmrs("build", "--recipe", recipe(home / "r.toml", first, second), "--out", home / "out", "--workers", 1)
    assert done.code == 0, done.err
    return home / "out"


def views(out: Path) -> pd.DataFrame:
    columns = ["view_id", "group_id", "split", "source"]
    return pd.concat(pd.read_parquet(path, columns=columns) for path in sorted((out / "data").iterdir()))


def leaks(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / ".mmrs" / "leak-report.json").read_text(encoding="utf-8"))
    return found


def test_copies_in_another_corpus_share_group_and_split(built: Path):
    groups = views(built).set_index("view_id").rename(index=lambda name: name.replace("images/", ""))
    for number, name in enumerate(COPIED):
        one, other = groups.loc[f"first:{name}"], groups.loc[f"second:copy{number}"]
        assert (one["group_id"], one["split"]) == (other["group_id"], other["split"])
    assert groups["group_id"].nunique() == len(groups) - len(COPIED)
    assert mmrs("verify", built).code == 0


def test_the_report_names_what_was_found_and_the_card_counts_it(built: Path):
    found = leaks(built)
    assert {kind: n for kind, n in found["pairs"].items() if n} == {"mirrored": 1, "resized": 1, "brightness": 1}
    assert found["across_sources"] == [{"sources": ["first", "second"], "pairs": 3}]
    assert found["clusters"]["largest"] == 2
    assert found["examples"]["mirrored"][0]["views"] == ["first:images/a00", "second:images/copy0"]
    assert "| mirrored | 1 |" in (built / "README.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_more_workers_find_the_same(built: Path, first: Path, second: Path, tmp_path: Path):
    done = mmrs("build", "--recipe", recipe(tmp_path / "r", first, second), "--out", tmp_path / "o", "--workers", 2)
    assert done.code == 0, done.err
    assert published(tmp_path / "o") == published(built)
    assert leaks(tmp_path / "o") == leaks(built)


def kept_out(first: Path, out: Path, *sets: Path) -> tuple[set[str], dict[str, Any]]:
    words = [word for kept in sets for word in ("--keep-out", kept)]
    options = ("--set", "folder.label=polyp", "--set", "folder.modality=endoscopy", "--workers", 1, "--json")
    done = mmrs("build", "--source", "folder", "--data", first, *options, *words, "--out", out)
    assert done.code == 0, done.err
    return {Path(name).name for name in views(out)["view_id"]}, json.loads(done.out)["views"]


def test_copies_of_a_set_that_is_kept_out_are_dropped_and_counted(first: Path, tmp_path: Path):
    for name in COPIED:
        pixels = np.asarray(Image.open(first / "images" / f"{name}.png"))
        save(tmp_path / "benchmark" / "deep" / f"x{name}.jpg", pixels[:, ::-1])
    (tmp_path / "benchmark" / "broken.png").write_bytes(b"no picture")
    names, counts = kept_out(first, tmp_path / "out", tmp_path / "benchmark")
    assert names == {f"a{i:02d}" for i in range(3, 12)}
    assert counts["measured"] == counts["published"] + counts["kept_out"] == 12
    assert counts["kept_out"] == 3
    assert leaks(tmp_path / "out")["views"]["kept_out"] == 3


def test_a_built_folder_can_be_kept_out(built: Path, first: Path, tmp_path: Path):
    shard = next(iter(sorted((built / "data").glob("train-*"))))
    kept = {Path(name).name for name in pd.read_parquet(shard)["view_id"] if name.startswith("first:")}
    assert kept
    names, _ = kept_out(first, tmp_path / "one shard", shard)
    assert names == {f"a{i:02d}" for i in range(12)} - kept
    words = ("--source", "folder", "--data", first, "--set", "folder.label=polyp", "--workers", 1)
    done = mmrs("build", *words, "--keep-out", built, "--out", tmp_path / "all")
    assert done.code == 4
    assert "every view was dropped" in done.err


def test_another_set_to_keep_out_is_another_build(first: Path, tmp_path: Path):
    save(tmp_path / "one" / "x.png", frame(30))
    before, _ = kept_out(first, tmp_path / "out", tmp_path / "one")
    save(tmp_path / "one" / "y.png", np.asarray(Image.open(first / "images" / "a05.png")))
    options = ("--set", "folder.label=polyp", "--set", "folder.modality=endoscopy", "--workers", 1)
    words = ("build", "--source", "folder", "--data", first, *options, "--keep-out", tmp_path / "one")
    refused = mmrs(*words, "--out", tmp_path / "out")
    assert refused.code == 2
    assert "keep_out" in refused.err
    assert mmrs(*words, "--out", tmp_path / "out", "--overwrite").code == 0
    assert {Path(name).name for name in views(tmp_path / "out")["view_id"]} == before - {"a05"}


def test_a_folder_without_pictures_cannot_be_kept_out(first: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    done = mmrs(
        "build", "--source", "folder", "--data", first, "--keep-out", tmp_path / "empty", "--out", tmp_path / "o"
    )
    assert done.code == 2
    assert "no pictures there" in done.err
