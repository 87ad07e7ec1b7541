"""Kvasir-SEG: its real sample, and the damage that copies of it have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmrs_builder.sources.kvasir import SOURCE
from mmrs_builder.types import CaseRef, Drop
from tests.corpora import kvasir, mask, picture


def refs(root: Path) -> list[CaseRef]:
    return [item for item in SOURCE.index(root) if isinstance(item, CaseRef)]


def drops(root: Path) -> dict[str, str]:
    return {item.what: item.reason for item in SOURCE.index(root) if isinstance(item, Drop)}


def pair(home: Path, stem: str) -> None:
    picture(home / "images" / f"{stem}.jpg", 1)
    mask(home / "masks" / f"{stem}.jpg", kvasir.POLYP)


def test_all_real_frames_are_used_and_lose_four_specks_of_one_pixel(samples: Path):
    views = [SOURCE.load(ref).views[0] for ref in refs(samples / "kvasir-seg")]
    assert len(views) == 40
    assert (sum(view.specks for view in views), sum(view.speck_px for view in views)) == (4, 4)


def test_real_frames_come_with_their_published_boxes(samples: Path):
    found = {ref.case_id: ref.boxes for ref in refs(samples / "kvasir-seg")}
    assert found["cju0qkwl35piu0993l0dewei2"] == ((38, 5, 430, 338),)
    assert len(found["cju183od81ff608017ekzif89"]) == 2


def test_either_folder_may_be_given(tmp_path: Path):
    pair(tmp_path / "Kvasir-SEG", "a")
    assert refs(tmp_path) == refs(tmp_path / "Kvasir-SEG")


def test_a_folder_called_images_beside_kvasir_seg_is_somebody_elses(tmp_path: Path):
    pair(tmp_path, "another")
    pair(tmp_path / "Kvasir-SEG", "a")
    assert [ref.case_id for ref in refs(tmp_path)] == ["a"]


def test_a_folder_without_images_is_answered_with_the_layout(tmp_path: Path):
    with pytest.raises(ValueError, match=r"Kvasir-SEG/images/\*\.jpg"):
        refs(tmp_path / "nowhere")


def test_boxes_may_be_missing(tmp_path: Path):
    pair(tmp_path, "a")
    assert [ref.boxes for ref in refs(tmp_path)] == [()]


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000], ids=["cut", "list", "deep"])
def test_a_damaged_box_file_is_dropped_and_the_frames_are_used(tmp_path: Path, text: str):
    pair(tmp_path, "a")
    (tmp_path / "kavsir_bboxes.json").write_text(text, encoding="utf-8")
    assert drops(tmp_path) == {"kavsir_bboxes.json": "bad_metadata"}
    assert len(refs(tmp_path)) == 1


@pytest.mark.parametrize("entry", ["{}", "[]", "null", '{"bbox": [{"xmin": 1}]}', '{"bbox": [{"xmin": 1e999}]}'])
def test_a_damaged_box_entry_drops_its_frame_alone(tmp_path: Path, entry: str):
    pair(tmp_path, "a")
    pair(tmp_path, "b")
    (tmp_path / "kavsir_bboxes.json").write_text(f'{{"a": {entry}}}', encoding="utf-8")
    assert drops(tmp_path) == {"a": "bad_metadata"}
    assert [ref.case_id for ref in refs(tmp_path)] == ["b"]


def test_the_corpus_may_be_a_link_in_the_given_folder(tmp_path: Path):
    pair(tmp_path / "disk" / "polyps", "a")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "Kvasir-SEG").symlink_to(tmp_path / "disk" / "polyps")
    [ref] = refs(tmp_path / "data")
    assert (ref.image, ref.masks[0].path) == ("images/a.jpg", "masks/a.jpg")
    assert SOURCE.load(ref).views[0].annotations


def test_a_name_that_is_not_utf8_is_dropped_and_the_others_are_used(tmp_path: Path):
    pair(tmp_path, "a")
    (tmp_path / "images" / os.fsdecode(b"bad\xff.jpg")).write_bytes(b"x")
    assert drops(tmp_path) == {"images/bad\\xff.jpg": "bad_name"}
    assert len(refs(tmp_path)) == 1


def test_a_link_out_of_the_corpus_is_dropped(tmp_path: Path):
    home, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere.jpg"
    pair(home, "a")
    pair(home, "b")
    (home / "masks" / "a.jpg").rename(elsewhere)
    (home / "masks" / "a.jpg").symlink_to(elsewhere)
    assert drops(home) == {"a": "outside_root"}
