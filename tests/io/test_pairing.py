"""Globs that pair masks with images."""

from __future__ import annotations

import pytest

from mmrs_builder.io.pairing import matching, natural, pairs


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.png", "a.png", True),
        ("*.png", "b/a.png", False),
        ("**/*.png", "a.png", True),
        ("**/*.png", "c/b/a.png", True),
        ("*.png", "a.PNG", True),
        ("A.png", "a.png", False),
        ("?.png", "ab.png", False),
        ("[!0-9].png", "a.png", True),
        ("[!0-9].png", "7.png", False),
        ("a[[]1].png", "a[1].png", True),
        ("a(1)+.png", "a(1)+.png", True),
    ],
)
def test_globs(glob: str, path: str, matches: bool):
    assert (matching([path], glob) == [path]) is matches


@pytest.mark.parametrize(
    ("image", "masks", "mask"),
    [
        ("i/a[1]*.png", "m/{stem}.*", "m/a[1]*.png"),
        ("x/i/a.png", "{parent}/../m/{stem}.png", "x/m/a.png"),
        ("i/a.png", "{parent}/../m/{stem}.png", "m/a.png"),
        ("a.png", "{parent}/{stem}_mask.png", "a_mask.png"),
        ("i/p/a.png", "m/*/{stem}.png", "m/p/a.png"),
    ],
)
def test_the_mask_is_found(image: str, masks: str, mask: str):
    assert pairs(sorted([image, mask, "m/b.png"]), image.replace("[", "[[]"), masks) == {image: (mask,)}


def test_a_shared_part_of_the_name_can_be_cut_out():
    paths = ["im/bus_7-l.png", "mk/mask_7-l.png"]
    assert pairs(paths, "im/*", "mk/mask_{stem}.png", "bus_(.*)") == {paths[0]: (paths[1],)}


def test_a_mask_that_both_globs_match_is_a_mask():
    assert pairs(["a.png", "a_mask.png"], "*.png", "{stem}_mask.png") == {"a.png": ("a_mask.png",)}


def test_an_image_with_masks_is_nobodys_mask():
    paths = ["1.png", "10.png", "10_m.png"]
    assert pairs(paths, "*[0-9].png", "{stem}*.png")["1.png"] == ("10_m.png",)


def test_numbers_are_counted_not_spelled():
    assert sorted(["m_10", "m", "m_2", "m_02"], key=natural) == ["m", "m_02", "m_2", "m_10"]
