"""What goes into a build: sources of one's own, cases left out, licences allowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.build import corpus as frames
from tests.build.command import mmrs

ADAPTER = """
from dataclasses import replace
from functools import partial
from mmrs_builder.sources import find
from mmrs_builder.types import CaseRef

KVASIR = find("kvasir")

def index(root):
    for item in KVASIR.index(root):
        yield replace(item, source="ward")

OURS = {"license": "CC-BY-4.0", "license_class": "redistributable"}
SOURCE = replace(KVASIR, name="ward", title="Our ward", index=index, **OURS)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return frames.write(tmp_path / "home", 5)


def counts(out: str) -> dict[str, dict[str, int]]:
    return json.loads(out)["cases"]


def test_a_source_of_ones_own_is_a_file(home: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "ward.py"
    adapter.write_text(ADAPTER)
    words = ("build", "--adapter", adapter, "--data", home, "--out", tmp_path / "out", "--json")
    done = mmrs(*words, "--workers", 2)
    assert done.code == 0, done.err
    assert counts(done.out)["ward"]["used"] == 5
    assert mmrs("verify", tmp_path / "out").code == 0
    adapter.write_text(ADAPTER + "\n# mended\n")
    assert mmrs(*words).code == 2  # other code is another build


@pytest.mark.parametrize("text", ["def", "x = 1", "import nothing_of_this_name"])
def test_a_file_that_is_no_adapter_is_refused_with_a_hint(home: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    done = mmrs("build", "--adapter", tmp_path / "bad.py", "--data", home, "--out", tmp_path / "out")
    assert done.code == 2
    assert "SOURCE" in done.err


def test_excluded_cases_are_left_out_and_counted(home: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# seen by two readers\nframe001\nkvasir:frame003\nelsewhere:frame000\n")
    words = ("--source", "kvasir", "--data", home, "--exclude", tmp_path / "list.txt", "--out", tmp_path / "out")
    done = mmrs("build", *words, "--workers", 1, "--json")
    assert done.code == 0, done.err
    assert counts(done.out)["kvasir"] == {"found": 5, "used": 3, "rejected": 2}
    assert json.loads(done.out)["rejected"]["kvasir"] == {"excluded": 2}


@pytest.mark.parametrize(("allow", "code"), [("CC0-1.0,redistributable", 4), ("script-only", 0)])
def test_only_allowed_licences_are_built(home: Path, tmp_path: Path, allow: str, code: int) -> None:
    """Kvasir-SEG's terms are no open licence."""
    words = ("--source", "kvasir", "--data", home, "--allow", allow, "--out", tmp_path / "out", "--workers", 1)
    done = mmrs("build", *words)
    assert done.code == code
    assert (tmp_path / "out").exists() == (code == 0)
