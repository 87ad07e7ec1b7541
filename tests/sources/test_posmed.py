"""PosMed: modalities that its folders misname, its splits, and the rule behind its published positions."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import published_rule
from mmrs_builder.relations.published import published_near, published_zone
from mmrs_builder.sources import find
from mmrs_builder.types import CaseRef
from tests.corpora import posmed
from tests.scenes import board, rectangles

SIZE = (40, 30)  # its centre is pixel (20, 15)


def refs(root: Path, **options: str) -> dict[str, CaseRef]:
    found = find("posmed", options).index(root)
    return {ref.case_id: ref for ref in found if isinstance(ref, CaseRef)}


def test_pictures_have_the_modality_they_show_and_not_the_one_their_folder_names(tmp_path: Path):
    posmed.write(tmp_path)
    found = refs(tmp_path)
    assert found["brain_tumors_ct_scan/train/24"].modality == "mri"
    assert found["breast_tumors_ct_scan/train/benign (4)"].modality == "ultrasound"
    assert found["lung_CT/val/ID0001_7"].masks[0].label == "lung"


def test_names_of_sets_may_be_in_small_letters(tmp_path: Path):
    posmed.write(tmp_path)
    (tmp_path / "lung_CT").rename(tmp_path / "lung_ct")
    found = refs(tmp_path)["lung_ct/val/ID0001_7"]
    assert (found.modality, found.masks[0].label, found.group) == ("ct", "lung", "ID0001")


def test_published_splits_are_taken_only_when_asked_for(tmp_path: Path):
    posmed.write(tmp_path)
    assert {ref.split_official for ref in refs(tmp_path).values()} == {None}
    assert {ref.split_official for ref in refs(tmp_path, official="yes").values()} == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("boxes", "zone", "near"),
    [
        ([(2, 2, 6, 6)], "upper_left", False),
        ([(34, 24, 38, 28)], "lower_right", False),
        # the last pixel of the box is the centre
        ([(10, 5, 21, 16)], "centre", True),
        # one column less, and the middle of the box, (14, 10), is 7.8 px away: less than 0.2 of 40
        ([(10, 5, 20, 16)], "upper_left", True),
        # a middle on the vertical line counts as right, one on the horizontal line as lower
        ([(18, 2, 23, 5)], "upper_right", False),
        ([(2, 13, 5, 18)], "lower_left", False),
        # two lesions far from the centre, in one box
        ([(2, 2, 6, 6), (34, 24, 38, 28)], "centre", True),
    ],
)
def test_the_published_rule_looks_at_one_box_around_everything(
    boxes: list[tuple[int, int, int, int]], zone: str, near: bool
):
    scene = board(clip=[rectangles(SIZE, *boxes)]).scene
    assert published_zone(scene.structures, scene.grid).value == zone
    assert published_near(scene.structures, scene.grid).value == near


def test_the_margin_of_the_published_zone_is_the_way_to_its_boundary():
    scene = board(clip=[rectangles(SIZE, (10, 5, 21, 16))]).scene
    assert published_zone(scene.structures, scene.grid).margin == 0
    # to span the centre, the box would have to reach 17 of 40 px farther to the right and 12 of 30 px farther down
    scene = board(clip=[rectangles(SIZE, (0, 0, 4, 4))]).scene
    assert published_zone(scene.structures, scene.grid).margin == pytest.approx(2 * 17 / 40)


def test_the_rule_gives_the_published_position_of_every_row_of_the_sample(samples: Path):
    rows = list(published_rule.rows(samples / "posmed-subset"))
    assert len(rows) == 94
    wrong = [
        row.case_id
        for row in rows
        if published_zone(row.wholes, row.scene.grid).value != row.said
        or published_near(row.wholes, row.scene.grid).value != row.near
    ]
    assert wrong == []


def test_every_kind_of_difference_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    published_rule.main(str(tmp_path / "out.png"))
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"
    assert "centre without a pixel there" in capsys.readouterr().out
