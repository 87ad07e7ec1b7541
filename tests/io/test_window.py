"""How scans become grey."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from mmrs_builder.io.window import WINDOWS, Greys, greys, window_for
from mmrs_builder.vocab import Rejected


def shown(values: npt.ArrayLike, modality: str = "ct", window: str = "soft_tissue") -> tuple[str, list[int]]:
    """The step, and the greys of all voxels."""
    array = np.asarray(values)
    found = greys(array.reshape(1, 1, -1), modality, window, "scan")
    return found.step, found.apply(array.reshape(1, -1)).ravel().tolist()


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_maps_its_bounds_to_black_and_white_and_its_level_to_the_middle(name: str):
    level, width = WINDOWS[name]
    low, high = level - width // 2, level + width // 2
    step, found = shown(np.array([-2000, low - 1, low, level, high, high + 1, 4000], np.int16), window=name)
    assert step == f"window:{name}({level},{width})"
    assert found[3] in (127, 128)
    assert [*found[:3], *found[4:]] == [0, 0, 0, 255, 255, 255]


def test_a_window_is_linear():
    assert shown([-1000, -150, -50, 50, 150, 250])[1] == [0, 0, 64, 127, 191, 255]


def test_extreme_integers_do_not_wrap_around():
    assert shown(np.array([-32768, 32767], np.int16))[1] == [0, 255]
    assert shown(np.array([-(2**31), 2**31 - 1], np.int32))[1] == [0, 255]
    assert shown(np.array([-5, 255], np.int16))[1] == [92, 255]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, ">i2"])
def test_whole_numbers_from_0_to_255_are_shown_as_they_are(kind: npt.DTypeLike):
    assert shown(np.array([0, 3, 255], kind)) == ("asis", [0, 3, 255])
    assert shown(np.array([0, 3, 255], kind), "mri") == ("asis", [0, 3, 255])


@pytest.mark.parametrize("values", [[-1, 3, 255], [0, 3, 256], [0.0, 3.5, 255.0]])
def test_other_ct_is_in_hounsfield_units(values: list[float]):
    assert shown(values)[0] == "window:soft_tissue(50,400)"


def test_dark_mri_has_a_range_of_its_own_but_dark_ct_was_windowed():
    assert shown([0, 10, 60, 199], "mri")[0] == "percentile:0.5-99.5"
    assert shown([0, 10, 60, 200], "mri")[0] == "asis"
    assert shown([0, 10, 60, 199]) == ("asis", [0, 10, 60, 199])


def test_percentiles_leave_out_the_background():
    inside = np.arange(1000.0, 2001.0)
    step, found = shown(np.concatenate([np.zeros(10_000), inside]), "mri")
    low, high = np.percentile(inside, (0.5, 99.5))
    assert step == "percentile:0.5-99.5"
    assert set(found[:10_000]) == {0}
    assert found[10_000:] == np.rint((inside - low).clip(0, high - low) * 255 / (high - low)).astype(int).tolist()


def test_one_bright_voxel_does_not_darken_a_scan():
    found = shown(np.concatenate([np.linspace(0.0, 500.0, 10_000), [1e6]]), "mri")[1]
    assert 120 < found[5_000] < 135
    assert found[-1] == 255


def test_a_scan_of_background_and_one_value_shows_both():
    assert shown([0, 0, 300, 300], "mri")[1] == [0, 0, 255, 255]
    assert shown([-1.5, -1.5, -1.5, 2.0], "mri")[1] == [0, 0, 0, 255]


@pytest.mark.parametrize("modality", ["ct", "mri"])
@pytest.mark.parametrize("value", [0, 7.5, -3, 1000])
def test_a_constant_volume_is_one_grey(modality: str, value: float):
    assert len(set(shown([value] * 8, modality)[1])) == 1


@pytest.mark.parametrize("modality", ["ct", "mri"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(modality: str, value: float):
    with pytest.raises(Rejected) as refusal:
        shown([0.0, value, 3.0], modality)
    assert (refusal.value.reason, refusal.value.what) == ("not_finite", "scan")


def test_a_slice_is_shown_as_its_volume_is():
    values = np.random.default_rng(0).normal(500, 100, (6, 7, 8)).astype(np.float32)
    found: Greys = greys(values, "mri", "soft_tissue", "scan")
    assert np.array_equal(found.apply(values[2]), found.apply(values)[2])
    assert found.apply(values[2]).dtype == np.uint8


def test_the_window_is_that_of_the_labels_if_they_agree():
    assert window_for(("lung_left", "lung_right")) == "lung"
    assert window_for(("lung_upper_lobe_left", "lung_tumour")) == "lung"
    assert window_for(("spine",)) == window_for(("vertebrae_l1", "rib_1_left", "hip_left")) == "bone"
    assert window_for(("lung_left", "liver")) == window_for(("tumour",)) == window_for(()) == "soft_tissue"
    assert window_for(("brain", "ventricle")) == "brain"
