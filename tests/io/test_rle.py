from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmrs_builder.io.rle import mask_of, unpacked

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
