from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mmrs_builder.io.labelmap import MAX_LABEL, check_named, present, whole_numbers
from mmrs_builder.vocab import Rejected

TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", ">i2", ">f4", "?"]


def refusal(values: np.ndarray) -> Rejected:
    with pytest.raises(Rejected) as caught:
        whole_numbers(values, "mask")
    assert caught.value.what == "mask"
    return caught.value


@pytest.mark.parametrize("dtype", TYPES)
def test_whole_numbers_of_every_type_pass(dtype: str):
    found = whole_numbers(np.array([[0, 1], [1, 0]], dtype), "mask")
    assert found.dtype == (np.dtype(dtype) if np.dtype(dtype).kind in "iu" else np.int32)
    assert found.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("dtype", ["i8", "u8", "f8"])
def test_labels_above_255_pass_up_to_the_limit(dtype: str):
    assert whole_numbers(np.array([256, 70_000, MAX_LABEL], dtype), "mask").tolist() == [256, 70_000, MAX_LABEL]


@pytest.mark.parametrize("value", [MAX_LABEL + 1, np.iinfo(np.uint64).max, 1e30])
def test_labels_above_the_limit_are_refused(value: float):
    assert refusal(np.array([0, value])).reason == "labels_not_whole"


@given(arrays.arrays(np.int32, (3, 4), elements=st.integers(0, MAX_LABEL)), st.floats(-9e-4, 9e-4))
def test_nearly_whole_numbers_are_rounded(labels: np.ndarray, off: float):
    assert np.array_equal(whole_numbers(labels + off, "mask"), labels)


@given(st.integers(0, 1000), st.floats(0.0011, 0.9989))
def test_one_fraction_among_whole_numbers_is_refused_and_counted(label: int, fraction: float):
    caught = refusal(np.array([0.0, label, label + fraction]))
    assert (caught.reason, caught.detail) == ("labels_not_whole", "1 of 3 values")


@pytest.mark.parametrize("dtype", ["i1", "i8", "f4"])
def test_negative_labels_are_refused(dtype: str):
    assert refusal(np.array([0, -1], dtype)).reason == "labels_not_whole"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_and_counted(value: float):
    caught = refusal(np.array([1.0, value, value]))
    assert (caught.reason, caught.detail) == ("not_finite", "2 of 3 values")


def test_what_is_no_plain_number_is_refused():
    assert refusal(np.array([1 + 0j])).reason == "unsupported_mode"
    assert refusal(np.array(["1"])).reason == "unsupported_mode"


def test_an_array_without_values_passes():
    assert whole_numbers(np.zeros((0, 3), np.float32), "mask").shape == (0, 3)


def test_numbers_of_a_large_array_are_all_found_whatever_its_order():
    values = np.zeros((2, 600, 1000), np.uint16)
    values[1, 599, 999], values[0, 0, 0] = 700, 3
    assert present(values) == present(np.asfortranarray(values)) == present(values[::-1]) == [0, 3, 700]


def test_a_number_without_a_name_is_refused():
    with pytest.raises(Rejected) as refusal:
        check_named(np.array([0, 1, 4, 5], np.uint8), [1, 5], "mask")
    assert (refusal.value.reason, refusal.value.detail) == ("unknown_label", "no name for 4")
    check_named(np.array([0, 1], np.uint8), [1, 300], "mask")
