"""Lies that have been sealed again are noticed, every kind of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrs_builder.verify import verify
from mmrs_builder.verify.language import Language, read_language
from mmrs_builder.verify.mutants import KINDS, is_equivalent, mutate, mutate_row, run_mutants
from mmrs_builder.verify.reseal import encode_mask, replace_view
from mmrs_builder.verify.views import check_view

Row = dict[str, Any]


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def test_every_mutant_is_caught_unless_it_changes_nothing(
    rows: list[Row], patient: Row, joined: Row, other_half: Row, refused: list[Row], twinned: list[Row],
    publish: Callable[..., Path],
) -> None:  # fmt: skip
    every = [*rows, patient, joined, other_half, *refused, *twinned]
    tallies = run_mutants(publish(every), per_kind=2, seed=3)
    assert [tally.kind for tally in tallies] == list(KINDS)
    assert all(tally.made >= 1 for tally in tallies)
    assert {tally.kind: tally.missed for tally in tallies if tally.missed} == {}
    # the third view is black all over: its mirror image is the same picture
    assert {tally.kind for tally in tallies if tally.caught != tally.made} <= {"swap_images"}


@pytest.mark.parametrize(
    "kind",
    ["swap_sides", "flip_mask", "change_target", "edit_wording", "drop_not", "between_middle", "foreign_question"],
)
def test_a_resealed_folder_betrays_itself_by_its_content_alone(
    kind: str, rows: list[Row], joined: Row, other_half: Row, publish: Callable[..., Path], tmp_path: Path
) -> None:
    result = mutate(publish([*rows, joined, other_half]), tmp_path / "mutant", kind, seed=1)
    assert result is not None
    assert result.caught
    assert not result.equivalent
    files = {"file_digest", "logical_hash", "projection", "parquet", "image_sha256", "bbox", "centroid", "area"}
    assert not files & set(result.codes)


def test_a_mutant_that_changes_nothing_is_called_equivalent_and_not_missed(
    rows: list[Row], publish: Callable[..., Path]
) -> None:
    # black all over: its mirror image is the same picture
    tallies = {tally.kind: tally for tally in run_mutants(publish([rows[2]]), per_kind=2, seed=0)}
    mirrored = tallies["swap_images"]
    assert (mirrored.made, mirrored.caught, mirrored.equivalent, mirrored.missed) == (1, 0, 1, ())


def test_putting_a_view_back_unchanged_leaves_a_sound_folder(folder: Path, rows: list[Row]) -> None:
    replace_view(folder, rows[0])
    assert verify(folder).ok


def test_swapped_sides_change_nothing_but_the_meaning(rows: list[Row], language: Language) -> None:
    for seed in range(12):
        changed = mutate_row(rows[0], language, "swap_sides", np.random.default_rng(seed))
        assert changed is not None
        assert {fault.code for fault in check_view(changed, language).faults} <= {"value", "answer", "choices"}


def test_swapped_labels_ask_the_opposite(rows: list[Row], language: Language) -> None:
    changed = mutate_row(rows[0], language, "swap_subject_object", np.random.default_rng(0))
    assert changed is not None
    asked = [item for item, old in zip(changed["qa"], rows[0]["qa"], strict=True) if item != old]
    assert len(asked) == 1
    assert asked[0]["question"] in (
        "On which side of the liver is the spleen?", "Is the spleen to the left of the liver?",
    )  # fmt: skip
    assert {fault.code for fault in check_view(changed, language).faults} <= {"value", "answer"}


def test_the_same_mask_in_other_bytes_is_equivalent(rows: list[Row], draw_mask: Callable[[], Any]) -> None:
    again = {**rows[0], "masks": [dict(item) for item in rows[0]["masks"]]}
    again["masks"][0]["bytes"] = encode_mask(draw_mask())
    assert is_equivalent(rows[0], again)
    again["masks"][0]["bytes"] = encode_mask(draw_mask()[:, ::-1].copy())
    assert not is_equivalent(rows[0], again)


@pytest.fixture
def draw_mask() -> Callable[[], Any]:
    """The liver of the first view."""

    def draw() -> Any:
        mask = np.zeros((20, 40), dtype=np.bool_)
        mask[2:8, 2:10] = True
        return mask

    return draw


def test_a_view_without_questions_offers_no_question_to_change(rows: list[Row], language: Language) -> None:
    assert mutate_row(rows[2], language, "change_value", np.random.default_rng(0)) is None


def test_mutants_of_a_folder_without_shards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no readable shard"):
        run_mutants(tmp_path, per_kind=1, seed=0)


OF_HEADER = ("negate_axis", "exchange_axes", "change_spacing", "drop_evidence")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("negate_axis", {"value", "answer"}),
        ("exchange_axes", {"value", "answer"}),
        ("change_spacing", {"value", "answer"}),
        ("drop_evidence", {"frame", "value"}),
        ("turn_patient_side", {"value", "answer", "choices"}),
    ],
)
def test_a_lie_about_the_patient_shows_in_what_hangs_on_it(
    kind: str, expected: set[str], patient: Row, language: Language
) -> None:
    for seed in range(12):
        changed = mutate_row(patient, language, kind, np.random.default_rng(seed))
        assert changed is not None
        found = {fault.code for fault in check_view(changed, language).faults}
        assert found
        assert found <= expected | {"margin"}


@pytest.mark.parametrize(
    ("kept", "kinds"),
    [
        ([0], {"negate_axis", "exchange_axes", "drop_evidence"}),  # the spleen lies to the left and in front
        ([2], {"negate_axis", "drop_evidence"}),  # the kidney lies to the left and behind: so it does after an exchange
        ([3], {"negate_axis", "drop_evidence"}),  # the kidneys lie side by side
        ([5], {"change_spacing"}),
        ([6], {"change_spacing"}),
        ([], set()),
    ],
)
def test_a_header_is_changed_only_where_a_question_hangs_on_it(
    kept: list[int], kinds: set[str], patient: Row, language: Language
) -> None:
    row = {**patient, "qa": [patient["qa"][index] for index in kept]}
    made = {kind for kind in OF_HEADER if mutate_row(row, language, kind, np.random.default_rng(0)) is not None}
    assert made == kinds


def test_a_header_that_no_question_hangs_on_is_left_alone(rows: list[Row], language: Language) -> None:
    for row in rows:
        for kind in (*OF_HEADER, "turn_patient_side"):
            assert mutate_row(row, language, kind, np.random.default_rng(0)) is None
