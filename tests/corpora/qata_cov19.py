"""QaTa-COV19 as its archive has it: the second edition beside the first, and several films of one patient."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

REGIONS = ((8, 8, 24, 24), (40, 8, 56, 16))
FIRST = "sub-S09340_ses-E17059_run-1_bp-chest_vp-pa_dx"
SECOND = "sub-S09340_ses-E25400_run-1_bp-chest_vp-ap_cr"


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    home = root / "QaTa-COV19" / "QaTa-COV19-v2"
    train, test = home / "Train Set", home / "Test Set"
    _film(train, FIRST)
    _film(test, SECOND)
    _film(train, "covid_1")
    _film(train, "covid_2")
    _film(test, "covid_2")
    _film(test, "covid_3")
    mask(test / "Ground-truths" / "mask_covid_3.png")
    _film(test, "covid_4")
    mask(test / "Ground-truths" / "mask_covid_4.png", REGIONS[0], size=(32, 24))
    picture(test / "Images" / "covid_5.png", 5)
    mask(test / "Ground-truths" / "mask_covid_6.png", REGIONS[0])
    mask(test / "Ground-truths" / "covid_1.png", REGIONS[0])
    _film(root / "QaTa-COV19" / "QaTa-COV19-v1", "covid_1")
    area = 16 * 16 + 16 * 8
    return Corpus(
        areas={"covid_1": (area,), FIRST: (area,), SECOND: (area,)},
        drops={
            "covid_2": "duplicate_stem",
            "covid_5": "no_mask",
            "covid_6": "no_image",
            "QaTa-COV19/QaTa-COV19-v1/Ground-truths/mask_covid_1.png": "companion",
            "QaTa-COV19/QaTa-COV19-v1/Images/covid_1.png": "companion",
            "QaTa-COV19/QaTa-COV19-v2/Test Set/Ground-truths/covid_1.png": "not_matched",
        },
        rejected={"covid_3": "mask_empty", "covid_4": "size_mismatch"},
        groups={FIRST: "sub-S09340", SECOND: "sub-S09340"},
        splits={FIRST: "train", SECOND: "test", "covid_1": "train", "covid_3": "test", "covid_4": "test"},
    )


def _film(folder: Path, name: str) -> None:
    picture(folder / "Images" / f"{name}.png", sum(name.encode()))
    mask(folder / "Ground-truths" / f"mask_{name}.png", *REGIONS)
