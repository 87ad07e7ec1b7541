"""The baseline's README: its commands are run as they stand there, with ``tiny`` made minute."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest
import yaml
from PIL import Image

from baselines.prs_med import config
from baselines.prs_med import train as trainer
from tests.baselines.prs_med import minute

FOLDER = Path(config.__file__).parent
TEXT = (FOLDER / "README.md").read_text("utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


def test_the_commands_of_the_readme_end_well(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(trainer.PRESETS, "tiny", lambda: minute.preset(steps=2))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shards").symlink_to(shards)
    Image.new("RGB", (40, 30), "pink").save(tmp_path / "polyp.jpg")
    commands = [line for line in LINES if line.startswith("python -m baselines.prs_med.")]
    assert len(commands) == 3
    for command in commands:
        _, _, module, *arguments = shlex.split(command, comments=True)
        assert importlib.import_module(module).main(arguments) == 0, command
    assert {path.name for path in (tmp_path / "runs" / "mine").iterdir()} >= {"best", "checkpoints", "results.md"}
    assert Image.open(tmp_path / "overlay.png").size == (40, 30)


@pytest.mark.parametrize("path", sorted((FOLDER / "accelerate").glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_accepts_the_configurations_shipped(path: Path):
    launch = pytest.importorskip("accelerate.commands.config.config_args")
    loaded = launch.load_config_from_file(str(path))
    assert loaded.num_processes == 2
    assert str(loaded.distributed_type).split(".")[-1] == yaml.safe_load(path.read_text("utf-8"))["distributed_type"]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", TEXT))
def test_links_lead_somewhere(link: str):
    assert (FOLDER / link).exists()
