"""A family shown on a generated picture: its program step by step, and pages of such examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrs_builder import resources
from mmrs_builder.draw import overlay
from mmrs_builder.examples import example, steps
from mmrs_builder.family_page import page_of
from mmrs_builder.language import Language
from mmrs_builder.templates import load
from tests.build.command import mmrs
from tests.scenes import board, rectangles


@pytest.fixture(scope="module")
def language() -> Language:
    return load(resources.path("templates"))


def few(language: Language, *ids: str) -> Language:
    return replace(language, families=tuple(family for family in language.families if family.id in ids))


def test_a_program_is_worked_out_from_the_inside():
    on = board(clip=[rectangles((60, 60), (2, 2, 20, 20)), rectangles((60, 60), (40, 40, 50, 50))])
    found = [(step.program, step.value, step.structures) for step in steps('quadrant(largest(all("clip")))', on)]
    assert found == [
        ('all("clip")', "structure 1, 2", (0, 1)),
        ('largest(all("clip"))', "structure 1", (0,)),
        ('quadrant(largest(all("clip")))', "upper_left (margin 0.63)", ()),
    ]


@pytest.mark.parametrize("name", ["locate.quadrant", "pick.nearest", "relate.between", "presence.lesion"])
def test_an_example_shows_the_question_and_what_answers_it(language: Language, name: str):
    (family,) = few(language, name).families
    found = example(family, language)
    assert found is not None
    assert found.question.family == name
    assert found.steps[-1].program == found.question.program.removesuffix(f' == "{found.question.value}"')
    assert found.shown == (found.question.target or ())
    assert all(mask.shape == found.pixels.shape[:2] for mask in found.masks)


def test_a_page_needs_nothing_from_elsewhere(language: Language):
    text = page_of(few(language, "locate.quadrant", "segment.one"), lambda _: None)
    assert text.count('src="data:image/webp;base64,') == 2
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text


def test_a_family_is_drawn_from_the_command_line(tmp_path: Path):
    done = mmrs("families", "relate.between", "--draw", tmp_path / "between.png")
    assert (done.code, done.out.strip()) == (0, str(tmp_path / "between.png"))
    assert Image.open(tmp_path / "between.png").size[0] > 200
    assert mmrs("families", "relate.betwixt", "--draw", tmp_path / "x.png").code == 2
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 3)])
def test_masks_are_drawn_on_pictures_of_any_layout_in_memory(shape: tuple[int, ...]):
    pixels = np.asfortranarray(np.full(shape, 90, np.uint8))
    drawn = overlay(pixels, [(rectangles((60, 40), (5, 5, 20, 20)), (255, 0, 0))])
    assert drawn.shape == (40, 60, 3)
    assert tuple(drawn[5, 5]) == (255, 0, 0)
