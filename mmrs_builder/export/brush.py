"""Run lengths as Label Studio's brush stores them: a stream of bits, made of runs of a mask's four channels.

The stream begins with the number of values (32 bits), their size less one (5 bits) and four sizes of lengths less one
(4 bits each). Then comes, for each run, a set bit, which size its length has (2 bits), the length less one, and the
value. The order is that of ``rle-pack`` of the library umbrella, which Label Studio uses.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mmrs_builder.types import Mask

CHANNELS: Final = 4  # red, green, blue, alpha: all the same
INSIDE: Final = 255
SIZES: Final = (3, 4, 8, 16)
LONGEST: Final = 2 ** SIZES[-1]


def encode(mask: Mask) -> list[int]:
    """The bytes, as numbers, of a mask (H, W) of at least one pixel."""
    flat = mask.ravel()
    starts = np.flatnonzero(np.concatenate(([True], flat[1:] != flat[:-1])))
    lengths = np.diff(np.append(starts, flat.size)) * CHANNELS
    head = f"{flat.size * CHANNELS:032b}{8 - 1:05b}" + "".join(f"{size - 1:04b}" for size in SIZES)
    runs = zip(lengths.tolist(), flat[starts].tolist(), strict=True)
    bits = head + "".join(_run(length, INSIDE if inside else 0) for length, inside in runs)
    bits += "0" * (-len(bits) % 8)
    return list(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def _run(length: int, value: int) -> str:
    """A run, in pieces where it is longer than the longest size can say."""
    pieces = [LONGEST] * ((length - 1) // LONGEST)
    pieces.append(length - sum(pieces))
    return "".join(f"{_piece(n)}{value:08b}" for n in pieces)


def _piece(length: int) -> str:
    number = next(i for i, size in enumerate(SIZES) if length <= 2**size)
    return f"1{number:02b}{length - 1:0{SIZES[number]}b}"
