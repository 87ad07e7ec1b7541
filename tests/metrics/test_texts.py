"""Text scores, by hand and against the definition of a common subsequence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.metrics import exact_match, rouge_l, token_f1

SENTENCES = st.lists(st.sampled_from(["the", "left", "lung", "lies", "above", "it"]), max_size=7).map(" ".join)


def common(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence, trying all."""
    if not a or not b:
        return 0
    return common(a[1:], b[1:]) + 1 if a[0] == b[0] else max(common(a[1:], b), common(a, b[1:]))


@pytest.mark.parametrize(
    "said", ["The polyp lies upper left", " the  POLYP lies upper-left. ", "The polyp lies upper_left."]
)
def test_case_space_hyphens_and_the_full_stop_do_not_count(said: str):
    assert exact_match(said, "The polyp lies upper left.")


@pytest.mark.parametrize("said", ["The polyp lies left.", "The polyp, lies upper left.", "", "Polyp lies upper left."])
def test_other_words_and_signs_do_count(said: str):
    assert not exact_match(said, "The polyp lies upper left.")


@pytest.mark.parametrize(
    ("said", "reference", "f1", "rouge"),
    [
        ("the liver lies left", "the liver lies left", 1, 1),
        ("left lies the liver", "the liver lies left.", 1, 2 / 4),
        ("the liver", "the liver lies left", 2 * 2 / 6, 2 * 2 / 6),
        ("the the the", "the liver", 2 * 1 / 5, 2 * 1 / 5),
        ("7.7 %", "7.7%", 1, 1),
        ("7.7", "7", 0, 0),
        ("", "?!", 1, 1),
        ("", "the liver", 0, 0),
    ],
)
def test_scores_by_hand(said: str, reference: str, f1: float, rouge: float):
    assert (token_f1(said, reference), rouge_l(said, reference)) == pytest.approx((f1, rouge))


@given(SENTENCES, SENTENCES)
def test_rouge_l_is_the_longest_common_subsequence(a: str, b: str):
    n = len(a.split()) + len(b.split())
    assert rouge_l(a, b) == (2 * common(a.split(), b.split()) / n if n else 1)


@pytest.mark.parametrize("score", [token_f1, rouge_l])
@given(a=SENTENCES, b=SENTENCES)
def test_scores_are_symmetric_and_order_only_costs(score: Callable[[str, str], float], a: str, b: str):
    assert score(a, b) == score(b, a) <= token_f1(a, b)
    assert score(a, a) == 1
