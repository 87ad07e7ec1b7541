from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter

from mmrs_builder.io.coded import coded, codes
from mmrs_builder.io.decode import decode
from mmrs_builder.types import Mask
from mmrs_builder.vocab import Rejected
from tests.io.drawing import encoded

RED, GREEN = "#ff0000", "#00ff00"
COLOURS = {1: (255, 0, 0), 2: (0, 255, 0)}


def numbers() -> npt.NDArray[np.uint8]:
    """Label numbers (60, 80): 1 left, 2 right of it, 0 around."""
    drawn = np.zeros((60, 80), np.uint8)
    drawn[10:40, 10:30] = 1
    drawn[10:40, 40:70] = 2
    return drawn


def painted() -> Image.Image:
    """The same in red and green on black."""
    drawn = np.zeros((60, 80, 3), np.uint8)
    for number, colour in COLOURS.items():
        drawn[numbers() == number] = colour
    return Image.fromarray(drawn)


def palette() -> Image.Image:
    image = Image.fromarray(numbers()).convert("P")
    image.putdata(list(numbers().ravel()))
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    return image


def read(data: bytes, *known: str) -> tuple[dict[str, Mask], int]:
    return coded(decode(data, "mask"), known, "mask")


def reason(data: bytes, *known: str) -> str:
    with pytest.raises(Rejected) as caught:
        read(data, *known)
    return caught.value.reason


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(numbers()),
        Image.fromarray(numbers().astype(np.uint16)),
        Image.fromarray(np.stack([numbers()] * 3, axis=-1)),
        Image.fromarray(numbers()).convert("LA"),
        palette(),
    ],
    ids=["grey", "16 bit", "equal channels", "grey with alpha", "palette"],
)
def test_numbers_are_found_in_every_kind_of_lossless_file(picture: Image.Image):
    masks, doubtful = read(encoded(picture), "1", "2")
    assert doubtful == 0
    assert all(np.array_equal(masks[str(number)], numbers() == number) for number in COLOURS)


@pytest.mark.parametrize("picture", [painted(), palette(), painted().convert("RGBA")], ids=["RGB", "palette", "RGBA"])
def test_colours_are_found_whether_painted_or_from_a_palette(picture: Image.Image):
    masks, _ = read(encoded(picture), RED, GREEN)
    assert np.array_equal(masks[RED], numbers() == 1)
    assert np.array_equal(masks[GREEN], numbers() == 2)


def test_a_smeared_file_is_read_by_the_nearest_colour_and_its_rims_are_counted():
    masks, doubtful = read(encoded(painted(), "JPEG", quality=90), RED, GREEN)
    assert 0 < doubtful < 370
    assert abs(int(masks[RED].sum()) - 600) < 60
    assert not (masks[RED] & masks[GREEN]).any()


def test_smoothed_edges_of_a_lossless_file_are_doubtful_too():
    disc = Image.new("RGB", (200, 200))
    ImageDraw.Draw(disc).ellipse((31.5, 40.2, 160.1, 150.7), fill=COLOURS[1])
    masks, doubtful = read(encoded(disc.filter(ImageFilter.GaussianBlur(0.7))), RED, GREEN)
    assert 300 < doubtful < 2000
    assert masks[GREEN].sum() == 0


def test_black_is_an_ordinary_colour_when_it_is_named():
    masks, _ = read(encoded(painted()), "#000000", RED, GREEN)
    assert int(masks["#000000"].sum()) == 60 * 80 - 600 - 900


def test_what_nobody_has_named_refuses_the_file():
    assert reason(encoded(Image.fromarray(numbers())), "1") == "unknown_label"
    assert reason(encoded(painted()), RED) == "unknown_label"


def test_label_numbers_do_not_survive_compression_with_loss():
    assert reason(encoded(Image.fromarray(numbers()), "JPEG"), "1", "2") == "labels_not_whole"


def test_colours_are_no_numbers():
    assert reason(encoded(painted()), "1", "2") == "mask_coloured"


def test_a_smeared_file_cannot_hold_a_colour_between_two_others():
    assert reason(encoded(painted(), "JPEG"), RED, "#800000", GREEN) == "mask_not_binary"
    assert read(encoded(painted()), RED, "#800000", GREEN)[0]["#800000"].sum() == 0


def test_a_file_of_noise_has_too_many_doubtful_pixels():
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    assert reason(encoded(noise, "JPEG"), RED, GREEN) == "mask_not_binary"


def test_one_code_all_over_the_picture_is_no_mask():
    assert reason(encoded(np.ones((20, 20), np.uint8)), "1") == "mask_full"


def test_codes_have_one_spelling():
    assert codes("values", {"01": "liver"}) == {"1": "liver"}
    assert codes("values", {"#FF0000": "tumour"}) == {RED: "tumour"}


@pytest.mark.parametrize(
    "told", [{"1": "a", RED: "b"}, {"red": "a"}, {"1": "a", "01": "b"}, {"-1": "a"}, {"#f00": "a"}]
)
def test_codes_that_cannot_be_meant_are_refused_by_name(told: dict[str, str]):
    with pytest.raises(ValueError, match="values"):
        codes("values", told)
