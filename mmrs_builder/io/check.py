"""What the pixels of image and mask pairs say, before anything is built from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mmrs_builder.digests import pixels_sha256
from mmrs_builder.io.decode import decode
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import read_pair
from mmrs_builder.vocab import Rejected

Counts: TypeAlias = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the pixels of the pairs that were read say. Counts are sorted, most frequent first."""

    read: int = 0
    sizes: Counts = ()  # width x height of the images
    values: Counts = ()  # grey values of the masks and their pixels
    lossy: tuple[str, ...] = ()  # masks stored with JPEG compression
    doubtful: Counts = ()  # masks with pixels that the threshold had to decide
    empty: tuple[str, ...] = ()  # masks
    refused: tuple[tuple[str, str], ...] = ()  # file and reason code
    duplicates: tuple[tuple[str, ...], ...] = ()  # images with identical pixels


def check(root: Path, paired: Mapping[str, tuple[str, ...]]) -> Checked:
    """Read pairs (image: masks) of a folder; what cannot be used is in ``refused``."""
    sizes, values, doubtful = Counter[str](), Counter[str](), Counter[str]()
    lossy, empty, refused = list[str](), list[str](), list[tuple[str, str]]()
    twins: dict[str, list[str]] = {}
    for image, masks in paired.items():
        for mask in masks:
            with suppress(Rejected):  # the pair is refused below, with its reason
                decoded = decode(read_bytes(root, mask), mask)
                grey = np.asarray(decoded.image.convert("L"))
                values.update({str(v): int(n) for v, n in zip(*np.unique(grey, return_counts=True), strict=True)})
                lossy += [mask] * decoded.lossy
        try:
            picture, readings = read_pair(root, image, masks)
        except Rejected as refusal:
            refused.append((refusal.what, refusal.reason))
            continue
        height, width = picture.pixels.shape[:2]
        sizes[f"{width} x {height}"] += 1
        twins.setdefault(pixels_sha256(picture.pixels), []).append(image)
        doubtful.update({m: r.doubtful_px for m, r in zip(masks, readings, strict=True) if r.doubtful_px})
        empty += [m for m, r in zip(masks, readings, strict=True) if not r.mask.any()]
    return Checked(
        read=len(paired),
        sizes=counted(sizes),
        values=counted(values),
        lossy=tuple(lossy),
        doubtful=counted(doubtful),
        empty=tuple(empty),
        refused=tuple(refused),
        duplicates=tuple(tuple(same) for same in twins.values() if len(same) > 1),
    )


def counted(counter: Counter[str]) -> Counts:
    """Most frequent first, then by name."""
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
