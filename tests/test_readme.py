"""The README's commands are run as they stand there, on tiny corpora in the places that it names."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mmrs_builder import sources
from tests.build.command import mmrs as typed
from tests.corpora import kvasir

README = Path(__file__).parent.parent / "README.md"


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("mmrs ")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("desk")
    kvasir.write(place / "corpora" / "kvasir-seg")
    kvasir.write(place)
    (place / "Kvasir-SEG").rename(place / "corpora" / "mine")
    return place


def mmrs(desk: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mmrs_builder", *words], cwd=desk, capture_output=True, text=True, check=False
    )


def test_every_command_of_the_readme_ends_well(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newcomer types them from top to bottom."""
    monkeypatch.chdir(desk)
    assert len(commands()) >= 6
    for command in commands():
        done = typed(*shlex.split(command)[1:])
        assert done.code == 0, f"{command}\n{done.out}\n{done.err}"


def test_the_python_of_the_readme_opens_the_shards(desk: Path, tmp_path: Path) -> None:
    """The snippet runs on what the commands above it built."""
    if not (desk / "shards" / "data").is_dir():
        mmrs(desk, "build", "--source", "kvasir", "--data", "corpora/kvasir-seg", "--out", "shards/")
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    code = f"{snippet}\nprint(len(view['masks']), questions['train'].num_rows)"
    env = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=desk, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr


def test_the_table_of_corpora_is_true() -> None:
    text = README.read_text(encoding="utf-8")
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")
    ]
    told = {row[0]: (row[1], row[2], row[4], row[5], row[6]) for row in rows if len(row) == 9}
    known = {
        s.name: (s.title, s.modality, s.license_class, s.access, "yes" if s.patient_ids else "no")
        for s in sources.catalogue()
        if s.access not in ("own", "embedded")
    }
    assert told == known
    assert f"{len(known)} corpora" in text


def test_the_numbers_of_families_and_wordings_are_true(desk: Path) -> None:
    """The README says how many there are."""
    found = json.loads(mmrs(desk, "families", "--json").stdout)
    stated = re.search(r"(\d+) families and (\d+) wordings", README.read_text(encoding="utf-8"))
    assert stated is not None
    assert [int(n) for n in stated.groups()] == [len(found), sum(family["wordings"] for family in found)]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")))
def test_links_of_the_readme_lead_somewhere(link: str) -> None:
    """Every relative link names a file that is there."""
    assert (README.parent / link).exists()
