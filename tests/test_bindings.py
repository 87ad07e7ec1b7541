"""Which structures the slots of a family stand for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from mmrs_builder.bindings import bindings, looked_at, most_bindings, picture
from tests.scenes import LABELS
from tests.test_questions import PAIR, QUADRANT


def test_slots_are_bound_to_different_labels_in_both_orders():
    assert len(list(bindings(PAIR, picture(["clip", "liver", "polyp"], ["kidney"], LABELS)))) == 6


def test_what_is_missing_is_bound_only_where_all_of_a_kind_or_its_presence_is_meant():
    counted = replace(QUADRANT, program="count(all(A))", kinds=("number",))
    assert [*bindings(counted, picture(["liver"], ["kidney"], LABELS))] == [("kidney",), ("liver",)]
    assert [*bindings(QUADRANT, picture(["liver"], ["kidney"], LABELS))] == [("liver",)]


def test_of_very_many_structures_a_part_of_the_combinations_is_looked_at():
    found = [(f"a{i}", f"b{j}") for i in range(20) for j in range(20)]
    some, left_out = looked_at(found, "view", "family", 128)
    assert (len({*some}), left_out) == (128, 272)
    assert [found.index(bound) for bound in some] == sorted(found.index(bound) for bound in some)
    assert looked_at(found, "view", "family", 128)[0] == some != looked_at(found, "other view", "family", 128)[0]


def test_every_combination_is_looked_at_in_as_many_pictures_as_any_other():
    found = [(f"a{i}", f"b{j}") for i in range(10) for j in range(9)]
    seen = Counter(names for view in range(9000) for names in looked_at(found, str(view), "family", 4)[0])
    assert len(seen) == len(found)
    assert (min(seen.values()), max(seen.values())) == (pytest.approx(400, rel=0.2),) * 2


def test_of_many_pictures_a_few_combinations_each_are_looked_at():
    assert [most_bindings(views) for views in (0, 1, 256, 257, 1000, 8192, 10**6)] == [128, 128, 128, 127, 32, 4, 4]


def test_a_family_binds_only_labels_of_the_role_it_asks_for():
    family = replace(PAIR, where=(("A", "lesion"), ("B", "organ")))
    found = bindings(family, picture(["clip", "liver", "polyp", "spleen"], [], LABELS))
    assert list(found) == [("polyp", "liver"), ("polyp", "spleen")]


def test_joined_relations_may_speak_of_what_is_missing_and_bind_single_structures_to_what_is_there():
    family = replace(QUADRANT, program="both(exists(A), larger(the(B), the(C)))", kinds=("yes_no",))
    found = bindings(family, picture(["clip", "liver"], ["kidney"], LABELS))
    assert list(found) == [("kidney", "clip", "liver"), ("kidney", "liver", "clip")]
