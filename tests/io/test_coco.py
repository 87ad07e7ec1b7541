from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.io.coco import Outline, drawn, entries, pick, used_names
from mmrs_builder.vocab import REASONS, Rejected
from tests.corpora.coco import CATEGORIES, annotation, document, outline, runs

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats(-9, 300) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def refusals(*annotations: dict[str, object]) -> tuple[str, str] | None:
    found, _ = entries(text(document({"a.png": list(annotations)})), "x.json")
    return found[0].refusal


def mask_pixels(*outlines: Outline, size: tuple[int, int] = (64, 48)) -> int:
    return int(drawn(pick(size, outlines), "a.png").sum())


def square(x0: float, y0: float, x1: float, y1: float, **more: Any) -> Outline:
    return Outline(category="Tumor", crowd=False, polygons=(tuple(outline(x0, y0, x1, y1)),), **more)


def test_only_categories_that_annotations_use_have_names():
    told = document({"a.png": [annotation([outline(0, 0, 9, 9)], 2), annotation([outline(0, 0, 9, 9)], 0)]})
    assert used_names(text(told)) == ("Left Lung", "Tumor")
    assert used_names(json.dumps(told, indent=1).encode()) == ("Left Lung", "Tumor")


def test_a_quoted_caption_is_not_taken_for_an_annotation():
    told = document({"a.png": [annotation([outline(0, 0, 9, 9)], 2, caption='"category_id": 3')]})
    assert used_names(text(told)) == ("Left Lung",)


@pytest.mark.parametrize(
    "shape", [{"counts": [1, 2]}, {"size": [1e9, 1e9], "counts": [1]}, "abc", [[1, 2, 3]], [["a"]], [[1e999]]]
)
def test_a_shape_that_cannot_be_costs_its_picture(shape: object):
    assert refusals(annotation(shape)) == ("bad_metadata", "annotation 0 of the list")


def outcome(told: dict[str, Any]) -> str:
    """How far a document gets: the reason of its refusal, of its first picture's, of its outlines', or '' if drawn."""
    try:
        found, _ = entries(text(told), "x.json")
        if found and found[0].refusal:
            return found[0].refusal[0]
        for entry in found[:1]:
            drawn(pick(entry.size, entry.outlines), "a.png")
    except Rejected as refused:
        return refused.reason
    return ""


@given(JSON)
def test_no_shape_leads_to_another_error_than_a_refusal(shape: object):
    assert outcome(document({"a.png": [annotation(shape)]})) in {"", *REASONS}


@given(JSON, st.sampled_from(["images", "annotations", "categories"]), st.booleans())
def test_no_document_leads_to_another_error_than_a_refusal(value: object, place: str, inside: bool):
    told = document({"a.png": [annotation([outline(0, 0, 9, 9)])]})
    assert outcome({**told, place: [value] if inside else value}) in {"", *REASONS}


@given(JSON, st.sampled_from(["image_id", "category_id", "segmentation", "bbox", "iscrowd", "id"]))
def test_no_field_of_an_annotation_leads_to_another_error_than_a_refusal(value: object, name: str):
    assert outcome(document({"a.png": [annotation([outline(0, 0, 9, 9)]) | {name: value}]})) in {"", *REASONS}


def test_two_pictures_of_one_id_are_both_refused():
    told: dict[str, Any] = document({"a.png": [], "b.png": []})
    told["images"][1]["id"] = 0
    assert [entry.refusal for entry in entries(text(told), "x")[0]] == [("bad_metadata", "two images with one id")] * 2


def test_a_category_that_is_not_defined_is_unknown():
    assert len(CATEGORIES) == 5
    assert refusals(annotation([outline(0, 0, 9, 9)], 77)) == ("unknown_label", "annotation 0 of the list")


def test_corners_are_those_of_pixels_not_their_centres():
    assert mask_pixels(square(4, 4, 14, 14)) == 100
    assert mask_pixels(square(3.6, 3.6, 14.4, 14.4)) == 100


def test_parts_of_an_outline_are_united():
    both = Outline(category="", crowd=False, polygons=(tuple(outline(0, 0, 8, 8)), tuple(outline(4, 4, 12, 12))))
    assert mask_pixels(both) == 64 + 64 - 16


def test_run_lengths_and_polygons_of_one_rectangle_are_one_mask():
    lengths = Outline(category="", crowd=False, lengths=tuple(runs(10, 8, 30, 20)), size=(64, 48))
    assert mask_pixels(lengths) == mask_pixels(lengths, square(10, 8, 30, 20)) == 240


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (square(64, 0, 70, 9), "bad_outline"),
        (square(4, 4, 4, 9), "bad_outline"),
        (square(4.6, 4.6, 5.4, 5.4), "mask_empty"),
        (square(-9, -9, 99, 99), "mask_full"),
        (square(4, 4, 14, 14, box=(30.0, 30.0, 10.0, 10.0)), "boxes_disagree"),
        (Outline(category="", crowd=False, lengths=(48 * 64,), size=(48, 64)), "size_mismatch"),
        (Outline(category="", crowd=False, lengths=(48 * 64,), size=(64, 48)), "mask_empty"),
        (Outline(category="", crowd=False, lengths="~~", size=(64, 48)), "bad_outline"),
    ],
)
def test_an_outline_that_cannot_be_used_is_refused_with_its_reason(shape: Outline, reason: str):
    with pytest.raises(Rejected) as caught:
        mask_pixels(shape)
    assert caught.value.reason == reason


def test_a_box_may_be_rounded_and_cut_at_the_border():
    assert mask_pixels(square(4, 4, 7, 7, box=(3.0, 3.0, 5.0, 5.0))) == 9
    assert mask_pixels(square(-20, 4, 4, 44, box=(0.0, 4.0, 4.0, 40.0))) == 160
