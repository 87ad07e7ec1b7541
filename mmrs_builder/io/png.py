"""PNG encoders for what the project makes itself. The same pixels give the same bytes, and nothing but pixels.

Both are made for speed: ``make bench`` shows what pictures and masks cost in a build. A mask is written row by row as
it is, eight pixels to a byte, which deflates about as well as with the filters of the format, several times as fast.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Final

import cv2
import numpy as np
from PIL import Image

from mmrs_builder.types import Mask, Pixels

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
LONGEST: Final = 1_000_000
"""px of a side, which OpenCV writes at most; longer pictures are left to Pillow, which takes its time."""


def encode_pixels(pixels: Pixels) -> bytes:
    """8-bit PNG of a grey (H, W) or RGB (H, W, 3) array, as OpenCV writes it unless told otherwise: fast."""
    if pixels.dtype != np.uint8 or not pixels.size or pixels.shape[2:] not in ((), (3,)):
        raise ValueError(f"{pixels.dtype} {pixels.shape} is no 8-bit picture")
    if max(pixels.shape[:2]) > LONGEST:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, format="PNG")
        return stream.getvalue()
    _, data = cv2.imencode(".png", pixels[:, :, ::-1] if pixels.ndim == 3 else pixels)
    return data.tobytes()


def encode_mask(mask: Mask) -> bytes:
    """1-bit greyscale PNG of a mask (H, W), foreground 1 (W3C, PNG, third edition, sections 5, 7 and 11)."""
    height, width = mask.shape
    if not mask.size:
        raise ValueError(f"a mask of {mask.shape} has no pixels")
    rows = np.zeros((height, 1 + -(-width // 8)), np.uint8)  # each row begins with its filter, 0 for none
    rows[:, 1:] = np.packbits(mask, axis=1)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, level=1)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
