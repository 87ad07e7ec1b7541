"""Corpora that are not on this machine: downloaded after their terms were said, or the steps to get them by hand."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build.command import mmrs, tree
from tests.corpora import kvasir
from tests.site import Site, serving

PATH = "/downloads/kvasir-seg.zip"

ADAPTER = """
from dataclasses import replace
from mmrs_builder.sources import find
from mmrs_builder.types import Download

KVASIR = find("kvasir")
DUA = replace(KVASIR, name="dua", title="Signed", access="credentialed", downloads=(), steps="Sign the form.")
WARD = replace(KVASIR, name="ward", title="Ward", access="manual", downloads=(), steps="Ask the ward for ward.zip.")
BARE = replace(KVASIR, name="bare", title="Bare", downloads=())
NEWS = replace(KVASIR, name="news", title="News", downloads=(Download(url="https://example.org/downloads/kvasir-seg.zip"),))
"""


def adapter(folder: Path, *names: str) -> Path:
    path = folder / "own.py"
    path.write_text(f"{ADAPTER}\nSOURCES = ({', '.join(names)},)\n")
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMRS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def site(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A mirror that has a small Kvasir-SEG, whose digest is another than that of the real one."""
    kvasir.write(tmp_path / "real")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted((tmp_path / "real").rglob("*")):
            if path.is_file() and "\n" not in path.name:
                archive.write(path, path.relative_to(tmp_path / "real"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Site(files={PATH: stream.getvalue()})) as site:
        monkeypatch.setenv("MMRS_MIRROR", site.url)
        yield site


def trust(site: Site) -> tuple[str, str]:
    return "--sha256", f"kvasir={hashlib.sha256(site.files[PATH]).hexdigest()}"


def test_a_build_downloads_what_it_lacks_after_the_terms_were_said(site: Site, cache: Path, tmp_path: Path):
    words = ("build", "--source", "kvasir", "--workers", 1, "--json")
    done = mmrs(*words, "--out", tmp_path / "one", *trust(site))
    assert done.code == 0, done.err
    said = " ".join(done.err.split())
    for word in (
        "Kvasir-SEG",
        "46 MB",
        "research and education",
        "script-only",
        "https://datasets.simula.no/kvasir-seg",
    ):
        assert word in said
    assert str(cache / "kvasir") in done.err
    assert json.loads(done.out)["cases"]["kvasir"]["used"] == 4
    assert mmrs("verify", tmp_path / "one").code == 0
    assert mmrs(*words, "--out", tmp_path / "two").code == 0
    assert len(site.asked) == 1


def test_a_downloaded_corpus_builds_the_same_as_the_unpacked_archive(site: Site, tmp_path: Path):
    mmrs("build", "--source", "kvasir", "--workers", 1, "--out", tmp_path / "one", *trust(site))
    with zipfile.ZipFile(io.BytesIO(site.files[PATH])) as archive:
        archive.extractall(tmp_path / "by hand")
    words = ("build", "--source", "kvasir", "--data", tmp_path / "by hand", "--workers", 1)
    assert mmrs(*words, "--out", tmp_path / "two").code == 0
    one, two = (tree(tmp_path / name / "data") for name in ("one", "two"))
    assert one
    assert one == two


def test_an_archive_with_another_digest_than_the_known_one_ends_with_5(site: Site, cache: Path, tmp_path: Path):
    done = mmrs("build", "--source", "kvasir", "--out", tmp_path / "out")
    assert done.code == 5
    assert "03b30e21d584e04facf49397a2576738fd626815771afbbf788f74a7153478f7" in done.err
    assert "--sha256 kvasir=" in done.err
    assert not (cache / "kvasir").exists()
    assert not (tmp_path / "out").exists()


def test_a_dry_run_downloads_nothing_and_says_what_it_would(site: Site, cache: Path, tmp_path: Path):
    words = (
        "build",
        "--source",
        "kvasir",
        "--source",
        "phantom",
        "--set",
        "phantom.count=2",
        "--out",
        tmp_path / "out",
    )
    plain, coded = mmrs(*words, "--dry-run"), mmrs(*words, "--dry-run", "--json")
    assert (plain.code, coded.code) == (0, 0)
    assert f"kvasir: would be downloaded from {site.url}{PATH}" in plain.out
    assert "phantom: 2 cases" in plain.out
    phantom, absent = json.loads(coded.out)
    assert (absent["source"], absent["cases"], absent["download"]) == ("kvasir", None, [f"{site.url}{PATH}"])
    assert phantom["cases"] == 2
    assert site.asked == []
    assert not cache.exists()


def test_a_licence_that_is_not_allowed_is_not_downloaded(site: Site, cache: Path, tmp_path: Path):
    done = mmrs("build", "--source", "kvasir", "--allow", "CC0-1.0", "--out", tmp_path / "out", *trust(site))
    assert done.code == 4
    assert site.asked == []
    assert not cache.exists()


def test_all_that_must_be_obtained_by_hand_is_said_at_once_before_any_download(site: Site, cache: Path, tmp_path: Path):
    words = ("--source", "kvasir", "--adapter", adapter(tmp_path, "DUA", "WARD"), *trust(site))
    done = mmrs("build", *words, "--out", tmp_path / "out")
    assert done.code == 4
    for word in ("Sign the form.", "signed agreement", "Ask the ward", "Licence", "--data", "your doing: Kvasir-SEG"):
        assert word in done.err
    assert str(cache / "ward") in done.err
    assert site.asked == []


def test_a_recipe_says_at_once_what_is_missing(site: Site, tmp_path: Path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[[source]]\nname = "mat"\n[[source]]\nname = "nnunet"\n[[source]]\nname = "kvasir"\n')
    done = mmrs("build", "--recipe", recipe, "--out", tmp_path / "out")
    assert done.code == 4
    assert done.err.count("Then put it into") == 2
    assert site.asked == []


def test_download_prints_the_folder_and_says_the_rest_on_stderr(site: Site, cache: Path):
    done = mmrs("download", "kvasir", *trust(site))
    assert done.code == 0, done.err
    assert done.out == f"{cache / 'kvasir'}\n"
    assert "research and education" in done.err
    again = mmrs("download", "kvasir", "--json")
    (row,) = json.loads(again.out)
    assert (row["name"], row["folder"]) == ("kvasir", str(cache / "kvasir"))
    assert row["made_from"]["archives"][0]["url"] == "https://datasets.simula.no/downloads/kvasir-seg.zip"
    assert len(site.asked) == 1


def test_an_archive_that_nobody_pinned_is_used_and_its_digest_said(site: Site, cache: Path, tmp_path: Path):
    done = mmrs("download", "--adapter", adapter(tmp_path, "NEWS"))
    assert done.code == 0, done.err
    assert hashlib.sha256(site.files[PATH]).hexdigest() in done.err
    assert (cache / "news" / "Kvasir-SEG" / "images").is_dir()


@pytest.mark.parametrize("own", ["DUA", "WARD", "BARE"])
def test_a_corpus_that_may_not_be_downloaded_ends_with_4_and_the_steps(
    site: Site, cache: Path, tmp_path: Path, own: str
):
    words = ("download", "--adapter", adapter(tmp_path, own))
    done = mmrs(*words)
    assert done.code == 4
    for word in ("https://datasets.simula.no/kvasir-seg", "Licence: research", str(cache / own.lower()), "--data"):
        assert word in done.err
    kvasir.write(cache / own.lower())
    assert mmrs(*words).out == f"{cache / own.lower()}\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("phantom",), "mmrs build --source phantom"),
        (("folder",), "--data FOLDER"),
        (("kvasir", "phantom"), "nothing to download"),
        (("kvassir",), "did you mean 'kvasir'"),
        ((), "mmrs download NAME"),
        (("kvasir", "--sha256", "kvasir=12"), "64 digits"),
        (("kvasir", "--sha256", "ward=12"), "NAME of kvasir"),
        (("kvasir", "--sha256", f"kvasir={'a' * 64}", "--sha256", f"kvasir={'b' * 64}"), "kvasir-seg.zip"),
    ],
)
def test_a_slip_ends_with_2_before_any_download(site: Site, cache: Path, words: tuple[str, ...], hint: str):
    done = mmrs("download", *words)
    assert done.code == 2
    assert hint in done.err
    assert site.asked == []
    assert not cache.exists()


def test_a_digest_of_files_that_are_not_downloaded_is_refused(site: Site, tmp_path: Path):
    words = ("build", "--source", "kvasir", "--data", tmp_path / "real", "--out", tmp_path / "out")
    assert mmrs(*words, *trust(site)).code == 2


def test_a_corpus_in_the_cache_from_other_archives_is_not_taken_for_the_trusted_one(site: Site, cache: Path):
    assert mmrs("download", "kvasir", *trust(site)).code == 0
    assert mmrs("download", "kvasir", *trust(site)).code == 0
    done = mmrs("download", "kvasir", "--sha256", f"kvasir={'a' * 64}")
    assert done.code == 5
    assert str(cache / "kvasir") in done.err
