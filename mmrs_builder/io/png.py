"""PNG encoders for what the project makes itself. The same pixels give the same bytes, and nothing but pixels."""

from __future__ import annotations

import io

from PIL import Image

from mmrs_builder.types import Mask, Pixels


def encode_pixels(pixels: Pixels) -> bytes:
    """8-bit PNG of a grey (H, W) or RGB (H, W, 3) array."""
    return _encode(Image.fromarray(pixels))


def encode_mask(mask: Mask) -> bytes:
    """1-bit greyscale PNG of a mask (H, W): foreground decodes as 255."""
    return _encode(Image.fromarray(mask))


def _encode(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=6)
    return stream.getvalue()
