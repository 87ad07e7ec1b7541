"""Cases found by the names of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrs_builder.io.corpus import Files, Masks, Needs, cases
from mmrs_builder.types import CaseRef, Drop

PARTS = Files(
    layout="images/*.png and masks/*.png",
    image=r"images/(?P<split>train|test)?-?(?P<case>(?P<patient>[a-z]+)\d+)\.(?:png|jpg)",
    masks=(
        Masks(path=r"masks/(?P<case>[a-z]+\d+)(?:_(?P<part>\d+))?\.png", shows={"": "polyp"}, instance=True),
        Masks(path=r"numbers/(?P<case>[a-z]+\d+)\.png", shows={"1": "liver", "2": "spleen"}),
    ),
    aside=r"contours/.*",
    needs="any",
)


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"pixels")


def found(root: Path, files: Files = PARTS) -> tuple[dict[str, CaseRef], dict[str, str]]:
    items = list(cases(root, source="x", files=files, modality="ct"))
    refs = {item.case_id: item for item in items if isinstance(item, CaseRef)}
    return refs, {item.what: item.reason for item in items if isinstance(item, Drop)}


def test_parts_are_in_natural_order_and_a_file_of_numbers_shows_several(tmp_path: Path):
    put(tmp_path, "images/a1.png", "masks/a1_10.png", "masks/a1_2.png", "masks/a1.png", "numbers/a1.png")
    refs, drops = found(tmp_path)
    assert [(mask.path, mask.label, mask.pick, mask.instance) for mask in refs["a1"].masks] == [
        ("masks/a1.png", "polyp", "", True),
        ("masks/a1_2.png", "polyp", "", True),
        ("masks/a1_10.png", "polyp", "", True),
        ("numbers/a1.png", "liver", "1", False),
        ("numbers/a1.png", "spleen", "2", False),
    ]
    assert drops == {}


def test_patient_and_split_come_from_the_name(tmp_path: Path):
    put(tmp_path, "images/test-bob7.png", "masks/bob7.png", "images/ann3.png", "masks/ann3.png")
    refs, _ = found(tmp_path)
    assert (refs["bob7"].patient_id, refs["bob7"].split_official) == ("bob", "test")
    assert (refs["ann3"].patient_id, refs["ann3"].split_official) == ("ann", None)


def test_a_second_tree_is_read_once_and_listed(tmp_path: Path):
    put(tmp_path, "images/a1.png", "masks/a1.png", "copy/images/a1.png", "copy/masks/a1.png", "copy/images/b1.png",
        "copy/masks/b1.png")  # fmt: skip
    refs, drops = found(tmp_path)
    assert (refs["a1"].image, refs["b1"].image) == ("images/a1.png", "copy/images/b1.png")
    assert drops == {"copy/images/a1.png": "second_copy", "copy/masks/a1.png": "second_copy"}


def test_images_and_masks_may_have_been_unpacked_into_different_folders(tmp_path: Path):
    put(tmp_path, "one/images/a1.png", "two/masks/a1.png")
    refs, drops = found(tmp_path)
    assert refs["a1"].masks[0].path == "two/masks/a1.png"
    assert drops == {}


def test_an_image_with_masks_beside_it_goes_before_one_of_the_same_name_without(tmp_path: Path):
    put(tmp_path, "test_data/images/a1.png", "training_data/images/a1.png", "training_data/masks/a1.png")
    refs, drops = found(tmp_path)
    assert (refs["a1"].image, refs["a1"].masks[0].path) == ("training_data/images/a1.png", "training_data/masks/a1.png")
    assert drops == {"test_data/images/a1.png": "second_copy"}


def test_a_case_is_never_made_of_two_copies(tmp_path: Path):
    put(tmp_path, "a/images/a1.png", "a/masks/a1.png", "b/images/a1.png", "b/masks/a1.png", "b/numbers/a1.png")
    refs, drops = found(tmp_path)
    assert {mask.path for mask in refs["a1"].masks} == {"b/masks/a1.png", "b/numbers/a1.png"}
    assert drops == {"a/images/a1.png": "second_copy", "a/masks/a1.png": "second_copy"}


def test_two_files_for_one_role_refuse_the_case(tmp_path: Path):
    put(tmp_path, "images/a1.png", "images/a1.jpg", "masks/a1.png", "images/b1.png", "masks/b1.png")
    assert found(tmp_path)[1] == {"a1": "duplicate_stem"}


@pytest.mark.parametrize(("needs", "drops"), [("all", {"a1": "no_mask"}), ("any", {}), ("none", {})])
def test_what_masks_a_case_needs_can_be_told(tmp_path: Path, needs: Needs, drops: dict[str, str]):
    put(tmp_path, "images/a1.png", "masks/a1.png")
    files = Files(layout="", image=PARTS.image, masks=PARTS.masks, needs=needs)
    assert found(tmp_path, files)[1] == drops


def test_what_makes_no_case_is_listed_with_its_reason(tmp_path: Path):
    put(tmp_path, "images/a1.png", "masks/a1.png", "images/b1.png", "masks/c1.png", "contours/a1.png", "poster.png")
    (tmp_path / "images" / "d1.png").symlink_to(Path(__file__))
    put(tmp_path, "masks/d1.png", "masks/._a1.png", "images/x\ny.png")
    assert found(tmp_path)[1] == {
        "b1": "no_mask",
        "c1": "no_image",
        "d1": "outside_root",
        "contours/a1.png": "companion",
        "poster.png": "not_matched",
        "images/x\\ny.png": "bad_name",
    }


def test_a_folder_without_images_says_what_was_expected(tmp_path: Path):
    put(tmp_path, "masks/a1.png")
    with pytest.raises(ValueError, match=r"no x images in .*: expected images/\*\.png and masks/\*\.png there"):
        found(tmp_path)
