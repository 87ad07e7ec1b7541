"""Asking about one picture from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from baselines.prs_med import predict

Said = pytest.CaptureFixture[str]


def asked(ran: Path, image: Path, out: Path, *more: str) -> int:
    line = ["--model", str(ran / "best"), "--image", str(image), "--question", "Where is the lesion?"]
    return predict.main([*line, "--out", str(out), "--device", "cpu", *more])


@pytest.fixture
def picture(rows: list[dict[str, Any]], tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(rows[0]["image"]["bytes"])
    return path


def test_a_question_is_answered_with_a_sentence_and_an_overlay(ran: Path, picture: Path, tmp_path: Path, capsys: Said):
    assert asked(ran, picture, tmp_path / "overlay.png") == 0
    out, err = capsys.readouterr()
    assert out.strip()
    assert " px, " in err
    assert Image.open(tmp_path / "overlay.png").size == Image.open(picture).size


def test_the_same_question_gets_the_same_answer(ran: Path, picture: Path, tmp_path: Path, capsys: Said):
    said = [(asked(ran, picture, tmp_path / f"{i}.png"), capsys.readouterr().out) for i in (0, 1)]
    assert said[0] == said[1]
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()


def test_options_are_given_to_the_model(ran: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[Any] = []
    monkeypatch.setattr(
        predict, "answers", lambda _m, _r, samples: (seen.extend(samples), [[("so", np.zeros((96, 96), bool))]])[1]
    )
    asked(ran, picture, tmp_path / "overlay.png", "--choice", "left", "--choice", "right")
    assert seen[0].questions[0]["choices"] == ["left", "right"]


@pytest.mark.parametrize("kind", ["text", "nothing", "cut", "folder"])
def test_what_is_no_picture_is_refused(kind: str, ran: Path, picture: Path, tmp_path: Path, capsys: Said):
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind != "nothing":
        path.write_bytes(b"Just text, no picture.\n" if kind == "text" else picture.read_bytes()[:300])
    assert asked(ran, path, tmp_path / "overlay.png") == 2
    assert f"{path} cannot be read as a picture" in capsys.readouterr().err
    assert not (tmp_path / "overlay.png").exists()


def test_a_folder_that_is_no_model_is_refused(picture: Path, tmp_path: Path, capsys: Said):
    assert asked(tmp_path, picture, tmp_path / "overlay.png") == 2
    assert "is not a checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK"])
def test_a_picture_of_any_mode_is_read_in_colour(mode: str, tmp_path: Path):
    path = tmp_path / ("picture.tif" if mode == "CMYK" else "picture.png")
    Image.new("RGB", (40, 30), "white").convert(mode).save(path)
    read = predict.read(path)
    assert (read.mode, read.size) == ("RGB", (40, 30))
    assert np.asarray(read).min() > 250


def test_a_picture_is_turned_as_a_viewer_would(tmp_path: Path):
    picture = Image.new("RGB", (40, 30))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert predict.read(tmp_path / "turned.jpg").size == (30, 40)


def test_an_overlay_changes_the_mask_and_little_else():
    picture, mask = Image.new("RGB", (64, 48), (100, 100, 100)), np.zeros((48, 64), dtype=bool)
    mask[10:30, 20:40] = True
    changed = (np.asarray(predict.overlay(picture, mask)) != 100).any(2)
    assert changed[mask].all()
    assert (changed & ~mask).mean() < 0.05
    assert not (np.asarray(predict.overlay(picture, np.zeros_like(mask))) != 100).any()
