"""Label numbers in a flat picture: the values of a grey file, the indices of a palette file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.decode import GREY16_MODES, decode
from mmrs_builder.io.labelmap import whole_numbers
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.vocab import Rejected

_PLAIN: Final = ("1", "L", "P")


def read_numbers(root: Path, path: str) -> npt.NDArray[np.int32]:
    """The numbers (H, W) of a label map. Raises ``Rejected``: what ``paths`` and ``decode`` raise,
    ``labels_not_whole`` for a file with compression that changes values, ``mask_coloured`` for colours,
    ``orientation_unclear`` for a file with an EXIF rotation.
    """
    decoded = decode(read_bytes(root, path), path)
    if decoded.lossy:
        raise Rejected("labels_not_whole", path, "compressed with loss: numbers have changed")
    if decoded.orientation not in (None, 1):
        raise Rejected("orientation_unclear", path)
    if decoded.image.mode not in (*_PLAIN, *GREY16_MODES):
        raise Rejected("mask_coloured", path, decoded.image.mode)
    return whole_numbers(np.asarray(decoded.image), path)
