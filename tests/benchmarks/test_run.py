"""``make bench``: what it multiplies, what it prints, and what a way measures."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import naive, starting
from benchmarks.corpora import draw
from benchmarks.rephrase import Opened, bank, rephrased
from benchmarks.run import between, numbers, table, work


def one(seconds: float, **more: object) -> dict[str, object]:
    return {"seconds": seconds, "leading": seconds / 4, "clock": seconds, "mb": 100, "load": [1.0, 2.0], **more}


FOUND = {
    "floor": one(2.0),
    "build": one(8.0),
    "build, two workers": one(10.0, clock=5.0),
    "re-phrased": {"seconds": 4.0, "copy": 0.5, "opened": [], "measured_again": False, "moved": "no images"},
}


def test_what_a_view_costs_is_the_difference_of_two_runs_and_memory_is_that_of_the_longer():
    few = {"seconds": 3.0, "mb": 50, "stages": {"ask": 1.0}, "opened": [], "kept": True}
    many = {"seconds": 12.0, "mb": 70, "stages": {"ask": 4.0, "write": 2.0}, "opened": ["a"], "kept": False}
    assert between(few, many, 10.0) == {
        "seconds": 90.0, "mb": 70, "stages": {"ask": 30.0, "write": 20.0}, "opened": ["a"], "kept": False,
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "expected"), [("polyps", (6, 60)), ("volumes", (1, 3))])
def test_a_tenth_is_run_first_and_volumes_are_few(kind: str, expected: tuple[int, int]):
    assert numbers(kind, 60) == expected


def test_ratios_are_against_the_floor_and_volumes_have_no_script():
    lines = table("volumes", FOUND)
    assert "| build | 4.00 | – | 100 |" in lines
    assert any("a load of 1.0 to 2.0" in line and "0.62 of the time by the clock" in line for line in lines)
    assert any(line.startswith("Other words: 8 times a copy of the shards, 0.50 of a build") for line in lines)


def test_the_floor_of_volumes_keeps_both_files_and_counts_what_is_marked(tmp_path: Path):
    nib = pytest.importorskip("nibabel")
    draw("volumes", tmp_path / "corpus", 2, (96, 80, 24))
    naive.volumes(tmp_path / "corpus", tmp_path)
    rows = pq.read_table(tmp_path / "floor.parquet").to_pylist()
    files = [tmp_path / "corpus" / "masks" / f"00000{i}.nii.gz" for i in range(2)]
    assert [row["mask"] for row in rows] == [path.read_bytes() for path in files]
    assert [row["voxels"] for row in rows] == [int((nib.load(path).get_fdata() > 0).sum()) for path in files]


def test_a_build_tells_its_seconds_bytes_and_candidates(tmp_path: Path):
    draw("polyps", tmp_path / "corpus", 1, (300, 260))
    found = work("polyps", "build", tmp_path / "corpus")
    assert min(found[name] for name in ("seconds", "leading", "clock", "mb", "data", "qa", "state", "questions")) > 0
    assert found["views"] == 1
    assert found["held"] > found["data"] + found["qa"]
    assert "preview" not in found["stages"]


def test_other_words_open_no_file_of_the_corpus_but_need_its_listing(tmp_path: Path):
    draw("polyps", tmp_path / "corpus", 2, (300, 260))
    bank(tmp_path / "bank.toml", families="locate.*")
    found = rephrased(tmp_path / "corpus", tmp_path / "bank.toml")
    assert (found["opened"], found["measured_again"]) == ([], False)
    assert "no Kvasir-SEG images in CORPUS" in found["moved"]
    assert (tmp_path / "corpus").is_dir()


def test_opened_files_are_noted_only_below_the_folder_and_while_it_is_looked_at(tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name in ("in/a", "in/b", "out"):
        (tmp_path / name).write_text("x")
    with Opened(tmp_path / "in") as opened:
        (tmp_path / "in" / "a").read_text()
        (tmp_path / "out").read_text()
    (tmp_path / "in" / "b").read_text()
    assert opened.files == {str(tmp_path / "in" / "a")}


def test_a_dry_run_finds_the_empty_files_that_were_made_for_it(tmp_path: Path):
    found = starting.dry_run(tmp_path / "many", 20)
    assert found["files"] == 20
    assert found["cases"] == 10
    assert found["seconds"] > 0
