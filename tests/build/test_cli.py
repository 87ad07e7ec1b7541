"""The command line as a newcomer and as a script meets it: exit codes, messages, JSON, and what is left untouched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import mmrs_builder
from mmrs_builder.sources import find
from tests.build import corpus as frames
from tests.build.command import MMRS, ROOT, mmrs, spawned, tree

COMMANDS = (
    "build",
    "download",
    "sources",
    "families",
    "inspect",
    "verify",
    "stats",
    "view",
    "card",
    "export",
    "push",
    "rehydrate",
)
FULL = Path("/dev/full")
HEAVY = {"cv2", "datasets", "httpx2", "numpy", "pandas", "PIL", "pyarrow", "scipy", "skimage"}


def kvasir(corpus: Path, out: Path, *options: object) -> tuple[object, ...]:
    return ("build", "--source", "kvasir", "--data", corpus, "--out", out, "--workers", 1, *options)


def test_help_lists_every_command_and_its_limits_of_use():
    done = spawned("--help")
    assert done.code == 0
    assert [name for name in COMMANDS if name not in done.out] == []
    assert "not for clinical use" in " ".join(done.out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str):
    done = mmrs(command, "--help")
    assert done.code == 0
    assert "Usage: mmrs" in done.out


def test_help_and_import_load_no_heavy_library():
    code = "import sys\ntry:\n    from mmrs_builder.cli import main; main()\nfinally:\n    print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert HEAVY & {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()} == set()


def test_the_version_is_that_of_the_package():
    assert mmrs("--version").out.strip() == mmrs_builder.__version__


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (("build", "--source", "kvassir", "--out", "o"), "did you mean 'kvasir'"),
        (("build", "--source", "folder", "--set", "folder.image=x", "--out", "o"), "did you mean 'images'"),
        (("build", "--source", "phantom", "--set", "phantom.count=many", "--out", "o"), "whole number"),
        (("build", "--source", "phantom", "--set", "count=3", "--out", "o"), "--set NAME.key=value"),
        (("build", "--source", "phantom", "--splits", "random", "--out", "o"), "leak-safe or official"),
        (
            ("build", "--source", "phantom", "--language", "xx", "--out", "o"),
            "--language xx: there is none of that name",
        ),
        (("families", "--language", "xx"), "no language 'xx'"),
        (("families", "--language", "xx", "--check"), "There is en, es"),
        (("families", "--language", "xx", "--page", "x.html"), "no language 'xx'"),
        (("build", "--source", "kvasir", "--data", "nowhere", "--out", "o"), "nowhere is not a folder"),
        (("build", "--out", "o"), "--source NAME"),
        (("build", "--source", "phantom", "--source", "phantom", "--out", "o"), "two sources have one name"),
        (("build", "--source", "phantom", "--source", "kvasir", "--data", "x", "--out", "o"), "--data NAME=x"),
        (("build", "--source", "phantom", "--limit", "0", "--out", "o"), "--limit"),
        (("build", "--sauce", "phantom", "--out", "o"), "--source"),
        (("build", "--source", "phantom"), "--out"),
        (("sources", "kvasr"), "did you mean 'kvasir'"),
        (("families", "locate.quadran"), "did you mean 'locate.quadrant'"),
        (("families", "nothing"), "mmrs families"),
        (("inspect", "nowhere"), "nowhere is not a folder"),
        (("verify", "nowhere"), "mmrs build"),
        (("stats", "nowhere"), "mmrs build"),
        (("view", "nowhere", "--contact", "x.png"), "mmrs build"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_ends_with_2_and_says_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], suggestion: str
):
    monkeypatch.chdir(tmp_path)
    done = mmrs(*arguments)
    assert done.code == 2
    assert suggestion in " ".join(done.err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_that_is_not_there_ends_with_4_and_the_steps_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MMRS_CACHE", str(tmp_path / "cache"))
    done = mmrs("build", "--source", "nnunet", "--source", "mat", "--out", tmp_path / "out")
    assert done.code == 4
    for word in (find("nnunet").steps, find("mat").steps, "Licence", "--data", str(tmp_path / "cache" / "mat")):
        assert word in done.err
    assert not (tmp_path / "out").exists()


def test_a_corpus_in_the_cache_needs_no_data_option(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMRS_CACHE", str(tmp_path))
    shutil.copytree(corpus, tmp_path / "kvasir")
    assert mmrs("build", "--source", "kvasir", "--out", tmp_path / "out", "--limit", 3, "--workers", 1).code == 0


def test_a_folder_of_another_layout_is_refused_with_the_expected_one(tmp_path: Path):
    (tmp_path / "data" / "pictures").mkdir(parents=True)
    done = mmrs(*kvasir(tmp_path / "data", tmp_path / "out"))
    assert done.code == 2
    assert "Kvasir-SEG/images" in done.err
    assert "mmrs inspect" in done.err


def test_a_label_that_the_vocabulary_lacks_is_refused_before_any_work(corpus: Path, tmp_path: Path):
    done = mmrs("build", "--source", "folder", "--data", corpus, "--set", "folder.label=wart", "--out", tmp_path / "o")
    assert done.code == 2
    assert "wart" in done.err
    assert "noun" in done.err
    assert not (tmp_path / "o").exists()


def place_inside(corpus: Path) -> Path:
    return corpus / "shards"


def place_of_a_file(corpus: Path) -> Path:
    (corpus.parent / "notes.txt").write_text("mine")
    return corpus.parent / "notes.txt"


def place_below_a_file(corpus: Path) -> Path:
    return place_of_a_file(corpus) / "shards"


def foreign_folder(corpus: Path) -> Path:
    (corpus.parent / "other" / "data").mkdir(parents=True)
    (corpus.parent / "other" / "data" / "train-00000-of-00001.parquet").write_text("mine")
    return corpus.parent / "other"


def brackets(corpus: Path) -> Path:
    return corpus.parent / "shards[1]"


def place_by_a_link(corpus: Path) -> Path:
    (corpus.parent / "link").symlink_to(corpus)
    return corpus.parent / "link" / "shards"


@pytest.mark.parametrize(
    "place",
    [place_inside, place_by_a_link, place_of_a_file, foreign_folder, brackets, lambda corpus: corpus,
     lambda corpus: corpus.parent],
    ids=["inside", "inside by a link", "a file", "foreign", "bracket", "the source", "around the source"],
)  # fmt: skip
@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)], ids=["", "overwrite"])
def test_an_output_that_is_not_ours_is_refused_and_nothing_is_touched(
    tmp_path: Path, place: object, overwrite: tuple[str, ...]
):
    root = frames.write(tmp_path / "corpus", 2)
    assert callable(place)
    out = place(root)
    before = tree(tmp_path), sorted(tmp_path.rglob("*"))
    done = mmrs(*kvasir(root, out, *overwrite))
    assert done.code == 2
    assert str(out) in done.err
    assert (tree(tmp_path), sorted(tmp_path.rglob("*"))) == before


def test_a_bracket_above_the_output_is_refused_too(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a[b]").mkdir()
    monkeypatch.chdir(tmp_path / "a[b]")
    assert mmrs(*kvasir(corpus, Path("shards"))).code == 2
    assert list((tmp_path / "a[b]").iterdir()) == []


def test_an_output_that_cannot_be_made_ends_with_8(corpus: Path, tmp_path: Path):
    done = mmrs(*kvasir(corpus, place_below_a_file(tmp_path / "corpus")))
    assert done.code == 8
    assert "cannot write" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user who may be refused; root may not")
def test_an_unreadable_folder_of_the_corpus_ends_with_8(tmp_path: Path):
    root = frames.write(tmp_path / "corpus", 2)
    (root / "masks").chmod(0)
    done = mmrs(*kvasir(root, tmp_path / "out"))
    (root / "masks").chmod(0o755)
    assert done.code == 8
    assert "masks" in done.err


def test_an_empty_folder_and_odd_names_are_fine(corpus: Path, tmp_path: Path):
    out = tmp_path / "my shards, v1 (é) #2"
    out.mkdir()
    assert mmrs(*kvasir(corpus, out, "--limit", 2)).code == 0
    assert (out / "data").is_dir()


def test_a_dry_run_lists_what_would_be_read_and_writes_nothing(tmp_path: Path):
    root = frames.write(tmp_path / "corpus", 3)
    (root / "masks" / "frame001.jpg").unlink()
    before = tree(tmp_path)
    plain, coded = (mmrs(*kvasir(root, tmp_path / "out", "--dry-run", *more)) for more in ((), ("--json",)))
    assert (plain.code, coded.code, tree(tmp_path)) == (0, 0, before)
    assert "kvasir: 2 cases, 2 masks, 1 files rejected" in plain.out
    assert "no_mask: frame001" in plain.out
    (row,) = json.loads(coded.out)
    assert (row["source"], row["cases"], row["rejected"][0]["reason"]) == ("kvasir", 2, "no_mask")
    assert not (tmp_path / "out").exists()


def test_a_limit_takes_the_first_cases_of_each_source(corpus: Path, tmp_path: Path):
    words = ("--source", "phantom", "--source", "kvasir", "--data", f"kvasir={corpus}", "--limit", 3)
    done = mmrs("build", *words, "--out", tmp_path / "out", "--workers", 1, "--json")
    assert done.code == 0, done.err
    assert {name: entry["used"] for name, entry in json.loads(done.out)["cases"].items()} == {"kvasir": 3, "phantom": 3}


def test_questions_are_capped_per_view_and_in_all(corpus: Path, tmp_path: Path):
    def asked(out: str, *options: object) -> int:
        done = mmrs(*kvasir(corpus, tmp_path / out, "--json", *options))
        found: int = json.loads(done.out)["candidates"]["asked"]
        return found

    assert asked("per view", "--questions-per-view", 2) <= 2 * len(list((corpus / "images").iterdir()))
    assert asked("in all", "--max-rows", 17) == 17


def test_the_closing_report_adds_up(corpus: Path, tmp_path: Path):
    done = mmrs(*kvasir(corpus, tmp_path / "out", "--json"))
    counts = json.loads(done.out)
    assert done.out.lstrip().startswith("{")
    for entry in counts["cases"].values():
        assert entry["found"] == entry["used"] + entry["rejected"]
    views, candidates = counts["views"], counts["candidates"]
    assert views["measured"] == views["published"] + views["leaks_into_test"]
    possible = candidates["decided"] + candidates["unanswerable"]
    assert candidates["evaluated"] == possible + sum(counts["refused"].values())
    assert possible == candidates["asked"] + sum(counts["dropped"].values())


def test_families_as_json_have_what_scripts_read():
    rows = json.loads(mmrs("families", "--json").out)
    assert rows
    for row in rows:
        assert {"id": str, "wordings": int, "hops": int, "kinds": list, "frame": str}.items() <= {
            key: type(value) for key, value in row.items()
        }.items()
    assert "locate.quadrant" in {row["id"] for row in rows}
    assert json.loads(mmrs("families", "locate.quadrant", "--json").out)["id"] == "locate.quadrant"


def test_the_templates_of_this_version_are_in_order():
    assert mmrs("families", "--check").code == 0


def test_sources_as_json_and_as_a_sheet():
    rows = json.loads(mmrs("sources", "--json").out)
    assert {"folder", "kvasir", "phantom"} <= {row["name"] for row in rows}
    assert {"name", "modality", "license_class", "size", "patient_ids"} <= rows[0].keys()
    sheet = mmrs("sources", "folder")
    assert "--set folder.masks=" in sheet.out
    assert json.loads(mmrs("sources", "phantom", "--json").out)["options"][0]["name"] == "count"


def test_inspect_and_stats_and_verify_as_json(corpus: Path, built: Path):
    assert json.loads(mmrs("inspect", corpus, "--json").out)["layout"]["pairs"] == 30
    assert json.loads(mmrs("stats", built, "--json").out)["totals"]["views"] == 30
    assert json.loads(mmrs("verify", built, "--json").out)["ok"] is True


def test_tables_are_printed_where_no_json_is_asked_for(corpus: Path, built: Path):
    assert "kvasir" in mmrs("inspect", corpus).out
    assert "locate.quadrant" in mmrs("stats", built).out
    assert "everything agrees" in mmrs("verify", built).out
    assert "locate.quadrant" in mmrs("families").out
    assert "phantom" in mmrs("sources").out


@pytest.mark.parametrize("folder", ["built", "phantoms"])
def test_what_is_built_verifies(request: pytest.FixtureRequest, folder: str):
    done = mmrs("verify", request.getfixturevalue(folder))
    assert done.code == 0, done.out


def test_a_damaged_folder_ends_with_5(built: Path, tmp_path: Path):
    out = shutil.copytree(built, tmp_path / "out")
    shard = next((out / "data").iterdir())
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    done = mmrs("verify", out)
    assert done.code == 5
    assert shard.name in done.out.replace("\n", "")


def test_a_view_that_cannot_be_drawn_is_named(phantoms: Path, tmp_path: Path):
    (shard,) = (phantoms / "data").glob("train-*.parquet")
    table = pq.read_table(shard)
    rows = table.to_pylist()
    rows[0]["qa"][0] = None
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), tmp_path / "data" / shard.name)
    done = mmrs("view", tmp_path, "--contact", tmp_path / "sheet.png", "--view", rows[0]["view_id"])
    assert done.code == 5
    assert f"view {rows[0]['view_id']} cannot be drawn" in done.err


def test_a_contact_sheet_is_drawn(phantoms: Path, tmp_path: Path):
    done = mmrs("view", phantoms, "--contact", tmp_path / "sheet.png")
    assert done.code == 0, done.err
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert min(sheet.size) > 384


def test_chosen_views_are_drawn_and_unknown_ones_refused(built: Path, tmp_path: Path):
    one = mmrs("view", built, "--contact", tmp_path / "one.png", "--view", "kvasir:frame004")
    none = mmrs("view", built, "--contact", tmp_path / "none.png", "--view", "kvasir:nowhere")
    assert (one.code, none.code) == (0, 2)
    assert "kvasir:nowhere" in none.err
    assert not (tmp_path / "none.png").exists()


def test_views_without_a_question_can_be_counted_drawn_and_verified(tmp_path: Path):
    root, out = frames.write(tmp_path / "corpus", 3), tmp_path / "out"
    for path in (root / "masks").iterdir():
        frames.mask(path, size=frames.SIZE)
    words = ("--source", "folder", "--data", root, "--set", "folder.label=polyp", "--out", out)
    done = mmrs("build", *words, "--workers", 1, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["views"]["without_questions"] == 3
    assert not (out / "qa").exists()
    assert json.loads(mmrs("stats", out, "--json").out)["totals"]["questions"] == 0
    assert mmrs("stats", out).code == mmrs("verify", out).code == 0
    assert mmrs("view", out, "--contact", tmp_path / "all.png").code == 0
    assert mmrs("view", out, "--contact", tmp_path / "one.png", "--view", "folder:images/frame000").code == 0


def test_progress_and_messages_leave_stdout_to_data(corpus: Path, tmp_path: Path):
    done = mmrs(*kvasir(corpus, tmp_path / "out", "--limit", 2, "--json"))
    assert json.loads(done.out)
    assert "measure" in done.err


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_where_nothing_can_be_said_any_more_the_exit_code_still_tells(tmp_path: Path) -> None:
    """As where stderr goes to a log on the disk that is full."""
    words = (*MMRS, "build", "--source", "kvasir", "--data", tmp_path / "nowhere", "--out", tmp_path / "out")
    with FULL.open("w") as full:
        done = subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=full, check=False)
    assert done.returncode == 2
