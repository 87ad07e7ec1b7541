"""Finding sources and setting their options."""

from __future__ import annotations

from types import ModuleType

import pytest

from mmrs_builder import sources
from mmrs_builder.sources import kvasir


def test_names_are_those_of_the_files():
    assert {"folder", "kvasir", "phantom"} <= set(sources.names())


def test_a_misspelt_source_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match="did you mean 'kvasir'"):
        sources.find("kvassir")


def test_a_misspelt_option_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match="did you mean 'images'"):
        sources.find("folder", {"image": "*"})


def test_a_source_without_options_says_so():
    with pytest.raises(ValueError, match="there is none"):
        sources.find("kvasir", {"images": "*"})


def test_options_are_listed_with_default_and_help():
    masks = next(option for option in sources.options("folder") if option.name == "masks")
    assert masks.default == "masks/{stem}.*"
    assert "{parent}" in masks.help


def test_every_option_of_every_source_has_help():
    assert all(option.help for name in sources.names() for option in sources.options(name))


def test_a_module_of_several_tasks_is_asked_by_task():
    module = ModuleType("several")
    module.SOURCES = (kvasir.SOURCE, sources.find("folder"))  # type: ignore[attr-defined]
    assert sources.pick(module, "folder").name == "folder"
    with pytest.raises(ValueError, match="there is kvasir, folder"):
        sources.pick(module, "several")


def test_a_module_that_is_no_source_is_refused():
    with pytest.raises(ValueError, match="neither SOURCE nor SOURCES"):
        sources.pick(ModuleType("empty"), "empty")
