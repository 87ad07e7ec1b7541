from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmrs_builder.io.rle import by_gaps, by_starts, mask_of, rising, runs_of, unpacked

MASKS = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(lambda shape: arrays(np.bool_, shape))


@given(MASKS)
def test_compressed_run_lengths_are_read_as_pycocotools_writes_them(mask: np.ndarray):
    coco = pytest.importorskip("pycocotools.mask")
    text = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(mask_of(unpacked(text), mask.shape[1], mask.shape[0]), mask)


def test_runs_go_down_the_columns_and_begin_with_background():
    assert mask_of([1, 2, 3], 2, 3).tolist() == [[False, False], [True, False], [True, False]]


@pytest.mark.parametrize("lengths", [[5], [7], [3, -1, 4], []])
def test_run_lengths_that_do_not_fill_the_picture_are_refused(lengths: list[int]):
    with pytest.raises(ValueError, match="do not fill"):
        mask_of(lengths, 2, 3)


@pytest.mark.parametrize("text", ["é", "~", " 1", "P", "PPPPPPPPPPPPPPPPPPPPPP1"])
def test_text_that_no_encoder_writes_is_refused(text: str):
    with pytest.raises(ValueError, match="run length"):
        unpacked(text)


def starts(mask: np.ndarray) -> list[tuple[int, int]]:
    """First pixel from 1 and length of each run along the rows."""
    edges = np.diff(np.concatenate([[0], mask.ravel().astype(int), [0]]))
    first, behind = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(a) + 1, int(b - a)) for a, b in zip(first, behind, strict=True)]


def gaps(mask: np.ndarray) -> list[tuple[int, int]]:
    """Pixels since the run before and length of each run down the columns."""
    runs = starts(mask.T)
    ends = [1, *(start + length for start, length in runs)]
    return [(start - end, length) for (start, length), end in zip(runs, ends[: len(runs)], strict=True)]


@given(MASKS)
def test_runs_told_by_their_first_pixel_are_read_along_the_rows(mask: np.ndarray):
    assert np.array_equal(by_starts(starts(mask), mask.shape[1], mask.shape[0]), mask)


@given(MASKS)
def test_runs_told_by_the_gap_before_them_are_read_down_the_columns(mask: np.ndarray):
    assert np.array_equal(by_gaps(gaps(mask), mask.shape[1], mask.shape[0]), mask)


def test_a_published_mask_of_gaps_lies_where_it_was_drawn():
    text = "387620 23 996 33 986 43 977 51 968 58 962 65 956 70 952 74 949 76 946 79"  # SIIM-ACR's own example
    mask = by_gaps(runs_of(text), 1024, 1024)
    assert mask.sum() == 23 + 33 + 43 + 51 + 58 + 65 + 70 + 74 + 76 + 79
    assert np.flatnonzero(mask.any(axis=0)).tolist() == list(range(378, 388))  # 387620 = 378 * 1024 + 548
    assert np.flatnonzero(mask[:, 378]).tolist() == list(range(548, 571))
    assert np.flatnonzero(mask[:, 379]).tolist() == list(range(543, 576))


@pytest.mark.parametrize("runs", [[(0, 7)], [(6, 1)], [(3, 2), (1, 1)], [(2, 2), (9, 1)]])
def test_gaps_that_lead_out_of_the_picture_are_refused(runs: list[tuple[int, int]]):
    with pytest.raises(ValueError, match="do not fill"):
        by_gaps(runs, 2, 3)


@pytest.mark.parametrize("runs", [[(0, 1)], [(1, 7)], [(7, 1)], [(3, 2), (4, 1)], [(4, 1), (1, 1)]])
def test_first_pixels_outside_the_picture_or_out_of_order_are_refused(runs: list[tuple[int, int]]):
    with pytest.raises(ValueError, match="do not fill"):
        by_starts(runs, 2, 3)


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "-1", "1 -2", "1.0 2", "a b", "1,2", "1 9999999999", "1 ２"])
def test_a_cell_without_pairs_of_numbers_is_refused(text: str):
    with pytest.raises(ValueError, match="pairs"):
        runs_of(text)


def test_numbers_that_rise_behind_each_run_are_first_pixels():
    blob = np.zeros((40, 60), np.bool_)
    blob[10:20, 20:30] = True
    assert rising(starts(blob))
    assert not rising(gaps(blob))
