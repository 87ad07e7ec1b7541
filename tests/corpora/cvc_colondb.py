"""CVC-ColonDB in small: pictures, polyps, contours and non-informative regions in one folder, as released."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

POLYP = (16, 8, 40, 32)
SECOND = (48, 32, 56, 40)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "CVC-ColonDB"
    for number in (1, 2, 25, 26, 299, 300):
        picture(home / f"{number}.bmp", number)
        mask(home / f"c{number}.bmp", (16, 8, 40, 9))  # its outline
        mask(home / f"s{number}.bmp", (0, 0, 64, 4))
    mask(home / "p1.bmp", POLYP)
    mask(home / "p2.bmp", POLYP, SECOND)
    mask(home / "p25.bmp", POLYP)
    mask(home / "p26.bmp", POLYP, size=(48, 64))
    mask(home / "p299.bmp")
    mask(home / "p30.bmp", POLYP)
    picture(root / "copy" / "CVC-ColonDB" / "1.bmp", 1)
    mask(root / "copy" / "CVC-ColonDB" / "p1.bmp", POLYP)
    picture(home / "overview.png", 9)
    for junk in ("._1.bmp", "Thumbs.db"):
        (home / junk).write_bytes(b"junk")
    polyp, second = 24 * 24, 8 * 8
    companions = {f"CVC-ColonDB/{kind}{number}.bmp" for number in (1, 2, 25, 26, 299, 300) for kind in "cs"}
    return Corpus(
        areas={"1": (polyp,), "2": (polyp + second,), "25": (polyp,)},
        drops={
            **dict.fromkeys(companions, "companion"),
            "30": "no_image",
            "300": "no_mask",
            "CVC-ColonDB/overview.png": "not_matched",
            "copy/CVC-ColonDB/1.bmp": "second_copy",
            "copy/CVC-ColonDB/p1.bmp": "second_copy",
        },
        rejected={"26": "size_mismatch", "299": "mask_empty"},
        groups={
            "1": "frames from 1",
            "2": "frames from 1",
            "25": "frames from 1",
            "26": "frames from 26",
            "299": "frames from 276",
        },
    )
