"""Digests and keyed choices: what changes them, what does not, and that they never change between versions."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs_builder.digests import canonical, digest, keyed, logical_hash, pixels_sha256, sha256
from mmrs_builder.likeness import picture_digests, picture_sha256

SIMPLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def test_keyed_numbers_are_the_same_in_every_version():
    assert keyed(0, "split", "g0") == 15091458973841726906
    assert keyed(0, "order", ("a", 1)) == keyed(0, "order", ["a", 1])


@given(st.lists(SIMPLE, max_size=4))
def test_a_keyed_number_has_64_bits(key: list[object]):
    assert 0 <= keyed(*key) < 2**64


def test_keyed_numbers_are_spread_evenly():
    tenths = np.bincount([10 * keyed("spread", i) >> 64 for i in range(5000)], minlength=10)
    assert np.all(np.abs(tenths - 500) < 4 * 22)


@pytest.mark.parametrize(
    ("one", "other"), [(("ab", "c"), ("a", "bc")), ((1,), ("1",)), ((), (None,)), ((0,), (False,))]
)
def test_keys_that_differ_give_numbers_that_differ(one: tuple[object, ...], other: tuple[object, ...]):
    assert keyed(*one) != keyed(*other)


@given(st.dictionaries(st.text(max_size=3), SIMPLE, max_size=4))
def test_the_order_of_a_mapping_does_not_matter(value: dict[str, object]):
    assert digest(dict(reversed(value.items()))) == digest(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": "é"}, '{"a":"é","b":1}'),
        ([1.5, None, True], "[1.5,null,true]"),
        ({"data": b""}, f'{{"data":"{sha256(b"")}"}}'),
        ([datetime.date(2020, 1, 31)], '["2020-01-31"]'),
    ],
)
def test_canonical_text(value: object, text: str):
    assert canonical(value) == text


def test_pixels_are_told_apart_by_values_shape_and_type():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    others = [pixels.T, pixels.reshape(4, 3), pixels[::-1], pixels.astype(np.uint16), pixels > 5]
    assert len({pixels_sha256(p) for p in (pixels, *others)}) == 6
    assert pixels_sha256(np.asfortranarray(pixels)) == pixels_sha256(pixels)


ROWS = st.lists(st.fixed_dictionaries({"id": st.integers(0, 5), "data": st.binary(max_size=2)}), max_size=6)


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 3)])
def test_a_picture_in_grey_and_its_copy_in_colour_have_one_digest(shape: tuple[int, ...]):
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    colour = np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels
    assert picture_digests(pixels) == (pixels_sha256(pixels), pixels_sha256(colour))
    assert picture_digests(pixels)[1] == picture_sha256(pixels) == picture_sha256(colour)


@given(ROWS, st.data())
def test_the_logical_hash_ignores_the_order_of_rows(rows: list[dict[str, object]], data: st.DataObject):
    assert logical_hash(data.draw(st.permutations(rows))) == logical_hash(rows)


def test_the_logical_hash_sees_a_changed_and_a_repeated_row():
    rows = [{"id": 1, "data": b"x"}, {"id": 2, "data": b"y"}]
    changed = [{"id": 1, "data": b"y"}, {"id": 2, "data": b"x"}]
    assert len({logical_hash(r) for r in (rows, changed, [*rows, rows[0]], rows[:1])}) == 4
