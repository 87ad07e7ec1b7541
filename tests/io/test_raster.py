from __future__ import annotations

from collections import Counter
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from mmrs_builder.digests import sha256
from mmrs_builder.io.raster import encode_mask, read_pair, read_picture, stored_bytes
from mmrs_builder.types import Mask, Picture
from mmrs_builder.vocab import Rejected
from tests.io.drawing import coloured, decoded, encoded, exif, grey, square

RGB = Image.fromarray(coloured())
KINDS = {
    "jpeg": (encoded(RGB, "JPEG", comment="x"), None),
    "jpeg grey": (encoded(RGB.convert("L"), "JPEG"), None),
    "png": (encoded(RGB), None),
    "png grey": (encoded(RGB.convert("L")), None),
    "jpeg turned": (encoded(RGB, "JPEG", exif=exif(6)), "orient:6/1"),
    "png turned": (encoded(RGB, exif=exif(3)), "orient:3/1"),
    "tiff turned": (encoded(RGB, "TIFF", exif=exif(8)), "orient:8+rgb8/1"),
    "png opaque": (encoded(RGB.convert("RGBA")), "rgb8/1"),
    "png grey opaque": (encoded(RGB.convert("LA")), "grey8/1"),
    "png palette": (encoded(RGB.quantize(8)), "rgb8/1"),
    "png 1-bit": (encoded(square()), "grey8/1"),
    "png 16-bit": (encoded(coloured()[..., 0].astype(np.uint16) * 100), "grey16:p0.5-99.5/1"),
    "jpeg cmyk": (encoded(RGB.convert("CMYK"), "JPEG"), "rgb8:cmyk/1"),
    "tiff": (encoded(RGB.convert("L"), "TIFF"), "grey8/1"),
    "bmp": (encoded(RGB, "BMP"), "rgb8/1"),
    "webp": (encoded(RGB, "WEBP", lossless=True), "rgb8/1"),
    "gif": (encoded(RGB.quantize(8), "GIF"), "rgb8/1"),
    "ppm": (encoded(RGB, "PPM"), "rgb8/1"),
}


def picture(root: Path, data: bytes) -> Picture:
    (root / "a").write_bytes(data)
    return read_picture(root, "a")


def reason_for(root: Path, data: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        picture(root, data)
    return caught.value.reason


@pytest.mark.parametrize(("data", "steps"), KINDS.values(), ids=KINDS)
def test_stored_bytes_show_every_reader_the_same_pixels(tmp_path: Path, data: bytes, steps: str | None):
    stored = picture(tmp_path, data)
    shown = datasets.Image().decode_example({"bytes": stored.data, "path": None})
    assert stored.render == steps
    assert np.array_equal(np.asarray(shown), stored.pixels)
    assert stored.pixels.dtype == np.uint8
    assert stored.source_sha256 == sha256(data)


@pytest.mark.parametrize("name", ["jpeg", "jpeg grey", "png", "png grey"])
def test_an_ordinary_original_can_be_read_again_for_writing(tmp_path: Path, name: str):
    stored = picture(tmp_path, KINDS[name][0])
    assert stored_bytes(tmp_path, "a", stored.source_sha256) == stored.data
    assert np.array_equal(stored.pixels, decoded(KINDS[name][0]))


def test_an_original_that_changed_in_the_meantime_is_refused(tmp_path: Path):
    stored = picture(tmp_path, KINDS["png"][0])
    (tmp_path / "a").write_bytes(KINDS["jpeg"][0])
    with pytest.raises(Rejected, match="changed"):
        stored_bytes(tmp_path, "a", stored.source_sha256)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_real_transparency_is_refused(tmp_path: Path, mode: str):
    image = RGB.convert("RGBA")
    image.putpixel((3, 5), (10, 10, 10, 0))
    assert reason_for(tmp_path, encoded(image.convert(mode))) == "transparent"


def test_a_colour_key_counts_only_when_some_pixel_has_it(tmp_path: Path):
    assert reason_for(tmp_path, encoded(RGB, transparency=RGB.getpixel((0, 0)))) == "transparent"
    assert np.array_equal(picture(tmp_path, encoded(RGB, transparency=(1, 2, 3))).pixels, coloured())


@pytest.mark.parametrize(("inks", "colour"), [((0, 255, 255, 0), (255, 0, 0)), ((255, 0, 0, 0), (0, 255, 255))])
@pytest.mark.parametrize("adobe", [True, False])
def test_printing_inks_become_the_colour_they_print(
    tmp_path: Path, inks: tuple[int, ...], colour: tuple[int, ...], adobe: bool
):
    stored = inks if adobe else tuple(255 - ink for ink in inks)  # Pillow writes inverted inks, as Adobe does
    data = encoded(Image.new("CMYK", (16, 16), stored), "JPEG", quality=100)
    at = data.index(b"\xff\xee")
    data = data if adobe else data[:at] + data[at + 16 :]
    assert np.abs(picture(tmp_path, data).pixels.astype(int) - colour).max() <= 2


def test_deep_grey_is_stretched_between_its_percentiles(tmp_path: Path):
    values = np.linspace(1000, 3000, 10_000).reshape(100, 100).astype(np.uint16)
    values[0, 0] = 65535
    pixels = picture(tmp_path, encoded(values)).pixels
    assert (pixels[0, 0], pixels[0, 1], pixels[-1, -1]) == (255, 0, 255)
    assert abs(int(np.median(pixels)) - 127) <= 1


def test_a_flat_deep_picture_with_a_small_spot_keeps_the_spot(tmp_path: Path):
    values = np.full((50, 50), 700, np.uint16)
    values[3, 4] = 900
    assert np.array_equal(picture(tmp_path, encoded(values)).pixels, np.where(values == 900, 255, 0))


def test_a_constant_deep_picture_becomes_black(tmp_path: Path):
    assert not picture(tmp_path, encoded(np.full((9, 9), 700, np.uint16))).pixels.any()


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_pixel_types_without_a_stated_conversion_are_refused(tmp_path: Path, kind: type[np.generic]):
    assert reason_for(tmp_path, encoded(np.full((9, 9), -70000, kind), "TIFF")) == "unsupported_mode"


def test_a_pair_is_read_with_its_masks_in_order(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(KINDS["jpeg"][0])
    (tmp_path / "m1.png").write_bytes(encoded(grey(square())))
    (tmp_path / "m2.png").write_bytes(encode_mask(~square()))
    stored, (first, second) = read_pair(tmp_path, "a.jpg", ["m1.png", "m2.png"])
    assert np.array_equal(first.mask, square())
    assert np.array_equal(second.mask, ~square())
    assert stored.pixels.shape == (*first.mask.shape, 3)


def test_a_refusal_names_the_mask_and_not_the_image(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(KINDS["jpeg"][0])
    (tmp_path / "m.png").write_bytes(b"nothing")
    with pytest.raises(Rejected) as caught:
        read_pair(tmp_path, "a.jpg", ["m.png"])
    assert (caught.value.reason, caught.value.what) == ("not_an_image", "m.png")


def scaled(root: Path, size: tuple[int, int], mask: Mask, **options: object) -> Mask:
    """A mask read for a picture of a size (width, height) that is larger or smaller."""
    (root / "a.jpg").write_bytes(encoded(Image.new("L", size, 90), "JPEG", **options))
    (root / "m.png").write_bytes(encoded(grey(mask)))
    [reading] = read_pair(root, "a.jpg", ["m.png"], scaled=True)[1]
    return reading.mask


def test_a_mask_of_half_the_size_is_doubled_pixel_by_pixel(tmp_path: Path):
    assert np.array_equal(scaled(tmp_path, (80, 56), square()), square().repeat(2, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize("size", [(30, 21), (50, 35), (70, 49), (400, 280)])
def test_a_scaled_mask_lies_where_it_lay_to_half_a_pixel_of_the_picture(tmp_path: Path, size: tuple[int, int]):
    rows, columns = np.nonzero(scaled(tmp_path, size, square()))
    factor = size[0] / 40
    edges = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    assert np.abs(np.array(edges) - factor * np.array([3, 13, 4, 12])).max() <= 0.5


@pytest.mark.parametrize("size", [(56, 80), (81, 56), (80, 57)])
def test_a_mask_of_another_shape_is_never_stretched(tmp_path: Path, size: tuple[int, int]):
    with pytest.raises(Rejected, match="differ in size"):
        scaled(tmp_path, size, square())


def test_a_mask_is_not_scaled_for_a_turned_picture(tmp_path: Path):
    with pytest.raises(Rejected, match="differ in size"):
        scaled(tmp_path, (80, 56), square(), exif=exif(3))


def test_a_mask_of_another_size_is_refused_unless_the_source_has_it_scaled(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(encoded(Image.new("L", (80, 56)), "JPEG"))
    (tmp_path / "m.png").write_bytes(encoded(grey(square())))
    with pytest.raises(Rejected, match="differ in size"):
        read_pair(tmp_path, "a.jpg", ["m.png"])


def test_palettes_and_single_bits_may_be_transparent_too(tmp_path: Path):
    assert reason_for(tmp_path, encoded(RGB.quantize(8), transparency=0)) == "transparent"
    assert reason_for(tmp_path, encoded(RGB.quantize(8), "GIF", transparency=0)) == "transparent"
    assert reason_for(tmp_path, encoded(square(), transparency=0)) == "transparent"


def real_pairs(samples: Path) -> list[tuple[str, Path, list[Path]]]:
    """Corpus, image and masks of the 2D samples, by each corpus's own naming rule."""
    kvasir, cvc = samples / "kvasir-seg" / "Kvasir-SEG", samples / "cvc-clinicdb" / "CVC-ClinicDB"
    isic, busi, lgg = samples / "isic2017", samples / "busi", samples / "lgg-mri"
    truth = isic / "ISIC-2017_Training_Part1_GroundTruth"
    pairs = [("kvasir", p, [kvasir / "masks" / p.name]) for p in (kvasir / "images").glob("*.jpg")]
    pairs += [("cvc", p, [cvc / "masks" / p.name]) for p in (cvc / "images").glob("*.png")]
    pairs += [("isic", p, [truth / f"{p.stem}_segmentation.png"]) for p in isic.rglob("ISIC_*.jpg")]
    for image in busi.rglob("*).png"):
        pairs.append(("busi", image, sorted(image.parent.glob(f"{image.stem}_mask*.png"))))
    masks = lgg.rglob("*_mask.tif")
    return pairs + [("lgg", mask.with_name(mask.name.replace("_mask", "")), [mask]) for mask in masks]


def test_every_real_pair_is_read(samples: Path):
    read: Counter[str] = Counter()
    for corpus, image, masks in real_pairs(samples):
        relative = [str(path.relative_to(samples)) for path in (image, *masks)]
        stored, readings = read_pair(samples, relative[0], relative[1:])
        assert all(reading.mask.shape == stored.pixels.shape[:2] for reading in readings)
        read[corpus] += 1
    assert read == {"kvasir": 40, "cvc": 35, "isic": 24, "busi": 20, "lgg": 28}
