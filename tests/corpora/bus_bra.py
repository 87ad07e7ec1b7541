"""BUS-BRA in its layout: several pictures of a patient, other names for masks, a table of patients."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

TUMOUR = (16, 8, 40, 32)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "BUSBRA"
    for seed, stem in enumerate(("0001-l", "0001-r", "0002-s", "0003-l", "0004-l", "0005-r")):
        picture(home / "Images" / f"bus_{stem}.png", seed)
        mask(home / "Masks" / f"mask_{stem}.png", TUMOUR)
    mask(home / "Masks" / "mask_0003-l.png")
    (home / "Masks" / "mask_0004-l.png").unlink()
    (home / "Images" / "bus_0005-r.png").unlink()
    lines = [
        "ID,Case,Histology,Pathology,BIRADS,Device,Width,Height,Side,BBOX",
        'bus_0001-l,1,fibroadenoma,benign,2,a,64,48,left,"[16,8,24,24]"',
        'bus_0001-r,1,fibroadenoma,benign,2,a,64,48,right,"[16,8,24,24]"',
    ]
    (home / "bus_data.csv").write_text("\n".join(lines), encoding="utf-8")
    (home / "5-fold-cv.csv").write_text("ID,Pathology,kFold\nbus_0001-l,benign,1\n", encoding="utf-8")
    tumour = 24 * 24
    return Corpus(
        areas={"bus_0001-l": (tumour,), "bus_0001-r": (tumour,), "bus_0002-s": (tumour,)},
        drops={"bus_0004-l": "no_mask", "bus_0005-r": "no_image"},
        rejected={"bus_0003-l": "mask_empty"},
        groups={"bus_0001-l": "1", "bus_0001-r": "1", "bus_0002-s": "2", "bus_0003-l": "3"},
    )
