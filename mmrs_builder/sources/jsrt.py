"""JSRT chest films with the SCR masks of lungs, heart and clavicles.

A film is stored raw: big-endian 12-bit numbers, bright where the film is dark. Its picture is ``invert:4095`` (4095
minus the number) and then a step of ``io.window``. Facts, defects and terms are in ``data_cards/jsrt.md``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import isqrt
from pathlib import Path
from typing import Final

import numpy as np

from mmrs_builder.digests import sha256
from mmrs_builder.io.binarise import binarise
from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.decode import decode
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MASK_RULE, MaskReading
from mmrs_builder.io.window import drawn
from mmrs_builder.types import Case, CaseRef, Picture, Source
from mmrs_builder.views import case_of
from mmrs_builder.vocab import Rejected

LABELS: Final = ("lung_left", "lung_right", "heart", "clavicle_left", "clavicle_right")
MINIMUM_AREA: Final = 0.0002  # of a film of 2048 x 2048: 839 px
LARGEST: Final = 4095  # of 12 bits

FILM: Final = r"(?P<case>JPC[LN]N\d{3})"
FOLDERS: Final = ("left[ _]lung", "right[ _]lung", "heart", "left[ _]clavicle", "right[ _]clavicle")
FILES: Final = Files(
    layout="All247images/JPCLN###.IMG, JPCNN###.IMG and fold1/masks/heart/*.gif, fold2/masks/heart/*.gif …",
    image=rf"{FILM}\.IMG",
    masks=tuple(
        Masks(path=rf"{folder}/{FILM}\.gif", shows={"": label}) for folder, label in zip(FOLDERS, LABELS, strict=True)
    ),
    kind="any",
)


def load(ref: CaseRef) -> Case:
    """Read one film and its masks, which have half its width and height.

    Raises ``Rejected``: ``truncated`` and ``not_an_image`` for a damaged film; ``size_mismatch``; ``mask_empty``, since
    every film shows all five structures; for masks what ``decode`` and ``binarise`` raise.
    """
    root = Path(ref.root)
    picture = _film(root, ref.image)
    readings = [_doubled(root, mask.path, picture.pixels.shape[0]) for mask in ref.masks]
    return case_of(
        ref,
        picture,
        readings,
        minimum_area=MINIMUM_AREA,
        exhaustive=True,
        labels=LABELS,
        promised=LABELS,
        shown="by_sides",
    )


def _film(root: Path, path: str) -> Picture:
    data = read_bytes(root, path)
    side = isqrt(len(data) // 2)
    if len(data) != 2 * side * side:
        raise Rejected("truncated", path, f"{len(data)} bytes are no square of 16-bit numbers")
    darkness = np.frombuffer(data, ">u2").reshape(side, side)
    if darkness.max() > LARGEST:
        raise Rejected("not_an_image", path, f"numbers up to {darkness.max()}: not 12 bits, or not big-endian")
    picture = drawn(LARGEST - darkness.astype(np.int32), "xray", "soft_tissue", path, sha256(data))
    return replace(picture, render=f"invert:{LARGEST}+{picture.render}")


def _doubled(root: Path, path: str, side: int) -> MaskReading:
    """A mask, two by two pixels for each of its own."""
    mask, doubtful = binarise(decode(read_bytes(root, path), path), path)
    if mask.shape != (side / 2, side / 2):
        raise Rejected("size_mismatch", path, f"{mask.shape[1]} x {mask.shape[0]}, film {side} x {side}")
    return MaskReading(mask=mask.repeat(2, axis=0).repeat(2, axis=1), doubtful_px=4 * doubtful)


SOURCE: Final = Source(
    name="jsrt",
    title="JSRT with SCR masks",
    version="2000, masks 2006",
    modality="xray",
    license="films by registration; masks for research and education, no redistribution, no commercial use; cite both",
    license_class="script-only",
    url="http://db.jsrt.or.jp/eng.php",
    labels=LABELS,
    exhaustive=True,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=f"{MASK_RULE} Then doubled from 1024 x 1024 to 2048 x 2048.",
    index=partial(cases, source="jsrt", files=FILES, modality="xray"),
    load=load,
    access="credentialed",
    size="247 films with five structures",
    steps="Register for All247images.zip on the page and for scr.zip at www.isi.uu.nl/Research/Databases/SCR, unpack "
    "both into one folder, and give that.",
)
