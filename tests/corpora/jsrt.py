"""JSRT films, raw and inverted, with the SCR masks of half their size in two folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.corpora import Corpus, mask, picture

SIDE = 64
AT_THE_LEFT = {"lung": (2, 6, 12, 26), "clavicle": (2, 2, 12, 5)}
AT_THE_RIGHT = {"lung": (20, 6, 28, 26), "clavicle": (20, 2, 28, 5)}
HEART = (12, 18, 20, 26)
AREAS = (640, 800, 256, 96, 120)


def write(root: Path) -> Corpus:
    """Write it below ``root``. The left structures of JPCNN002 lie at the left of the film."""
    films, scr = root / "All247images", root / "scr" / "scratch"
    for name in ("JPCLN001", "JPCNN002", "JPCLN003", "JPCNN007", "JPCNN008"):
        film(films / f"{name}.IMG", name)
    (films / "JPCLN005.IMG").write_bytes((films / "JPCLN001.IMG").read_bytes()[:-2])
    film(films / "JPCNN006.IMG", "JPCNN006", kind="<u2")
    picture(films / "JPCLN001.png", 1)
    for name in ("JPCLN001", "JPCLN003", "JPCLN005", "JPCNN007"):
        masks(scr / "fold1" / "masks", name)
    for name in ("JPCNN004", "JPCNN006", "JPCNN008"):
        masks(scr / "fold2" / "masks", name)
    masks(scr / "fold2" / "masks", "JPCNN002", left=AT_THE_LEFT, right=AT_THE_RIGHT)
    (scr / "fold1" / "masks" / "heart" / "JPCLN003.gif").unlink()
    mask(scr / "fold1" / "masks" / "heart" / "JPCNN007.gif", HEART, size=(SIDE, SIDE))
    mask(scr / "fold2" / "masks" / "left clavicle" / "JPCNN008.gif", size=(SIDE // 2, SIDE // 2))
    mask(scr / "fold2" / "masks" / "heart" / "JPCLN001.gif", HEART, size=(SIDE // 2, SIDE // 2))
    (scr / "fold1" / "landmarks").mkdir()
    (scr / "fold1" / "landmarks" / "JPCLN001.pfs").write_text("points", encoding="utf-8")
    return Corpus(
        areas={"JPCLN001": AREAS},
        drops={
            "JPCLN003": "no_mask",
            "JPCNN004": "no_image",
            "All247images/JPCLN001.png": "not_matched",
            "scr/scratch/fold2/masks/heart/JPCLN001.gif": "second_copy",
        },
        rejected={
            "JPCNN002": "sides_contradict",
            "JPCLN005": "truncated",
            "JPCNN006": "not_an_image",
            "JPCNN007": "size_mismatch",
            "JPCNN008": "mask_empty",
        },
    )


def film(path: Path, name: str, kind: str = ">u2") -> None:
    """12-bit numbers, darkest in the upper left quarter: there the stored numbers are the largest."""
    numbers = np.random.default_rng(sum(name.encode())).integers(500, 1500, (SIDE, SIDE))
    numbers[: SIDE // 2, : SIDE // 2] += 2500
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(numbers.astype(kind).tobytes())


def masks(
    folder: Path,
    name: str,
    left: dict[str, tuple[int, int, int, int]] = AT_THE_RIGHT,
    right: dict[str, tuple[int, int, int, int]] = AT_THE_LEFT,
) -> None:
    """All five of a film; the patient's left is at the right of the film unless told otherwise."""
    half = (SIDE // 2, SIDE // 2)
    for part in ("lung", "clavicle"):
        mask(folder / f"left {part}" / f"{name}.gif", left[part], size=half)
        mask(folder / f"right {part}" / f"{name}.gif", right[part], size=half)
    mask(folder / "heart" / f"{name}.gif", HEART, size=half)
