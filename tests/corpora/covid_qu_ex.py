"""COVID-QU-Ex as its archive has it: each tree in a folder of its own name, empty infection masks of all but COVID-19
films, films of one tree that are in the other too.
"""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus, mask, picture

LUNGS = ((8, 8, 24, 40), (40, 8, 56, 40))
INFECTION = (10, 20, 20, 30)
LUNG = 2 * 16 * 32
TWICE = "Infection Segmentation Data/Infection Segmentation Data"


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    lung = root / "Lung Segmentation Data" / "Lung Segmentation Data"
    infection = root / TWICE
    _film(lung / "Train" / "COVID-19", "covid_1")
    _film(lung / "Val" / "Normal", "Normal (100)")
    _film(infection / "Train" / "COVID-19", "covid_1", INFECTION)
    _film(infection / "Test" / "COVID-19", "covid_2")
    _film(infection / "Test" / "COVID-19", "covid_3")
    mask(infection / "Test" / "COVID-19" / "infection masks" / "covid_2.png")
    _film(infection / "Val" / "Normal", "Normal (100)")
    mask(infection / "Val" / "Normal" / "infection masks" / "Normal (100).png")
    _film(infection / "Test" / "Non-COVID", "non_COVID (7)")
    mask(infection / "Test" / "Non-COVID" / "infection masks" / "non_COVID (7).png")
    _damaged(root)
    return Corpus(
        areas={
            "Infection/Test/COVID-19/covid_3": (LUNG,),
            "Infection/Test/Non-COVID/non_COVID (7)": (LUNG,),
            "Infection/Train/COVID-19/covid_1": (LUNG, 10 * 10),
            "Infection/Val/Normal/Normal (100)": (LUNG,),
            "Lung/Train/COVID-19/covid_1": (LUNG,),
            "Lung/Val/Normal/Normal (100)": (LUNG,),
        },
        drops={
            "Lung/Test/COVID-19/covid_8": "no_mask",
            "Lung/Test/COVID-19/covid_9": "no_image",
            f"{TWICE}/Test/Non-COVID/infection masks/non_COVID (7).png": "companion",
            "Lung Segmentation Data/Lung Segmentation Data/cover.png": "not_matched",
            "copy/Lung Segmentation Data/Lung Segmentation Data/Train/COVID-19/images/covid_1.png": "second_copy",
        },
        rejected={
            "Infection/Test/COVID-19/covid_2": "mask_empty",
            "Lung/Test/Normal/Normal (5)": "mask_empty",
            "Lung/Test/Normal/Normal (6)": "size_mismatch",
        },
        groups={
            "Infection/Test/COVID-19/covid_2": "covid_2",
            "Infection/Test/COVID-19/covid_3": "covid_3",
            "Infection/Test/Non-COVID/non_COVID (7)": "non_COVID (7)",
            "Infection/Train/COVID-19/covid_1": "covid_1",
            "Infection/Val/Normal/Normal (100)": "Normal (100)",
            "Lung/Test/Normal/Normal (5)": "Normal (5)",
            "Lung/Test/Normal/Normal (6)": "Normal (6)",
            "Lung/Train/COVID-19/covid_1": "covid_1",
            "Lung/Val/Normal/Normal (100)": "Normal (100)",
        },
        splits={
            "Infection/Test/COVID-19/covid_2": "test",
            "Infection/Test/COVID-19/covid_3": "test",
            "Infection/Test/Non-COVID/non_COVID (7)": "test",
            "Infection/Train/COVID-19/covid_1": "train",
            "Infection/Val/Normal/Normal (100)": "validation",
            "Lung/Test/Normal/Normal (5)": "test",
            "Lung/Test/Normal/Normal (6)": "test",
            "Lung/Train/COVID-19/covid_1": "train",
            "Lung/Val/Normal/Normal (100)": "validation",
        },
        absent={"Infection/Val/Normal/Normal (100)": ("infection_region",)},
    )


def _film(folder: Path, name: str, *infection: tuple[int, int, int, int]) -> None:
    """The same name is the same film, wherever it lies."""
    picture(folder / "images" / f"{name}.png", sum(name.encode()))
    mask(folder / "lung masks" / f"{name}.png", *LUNGS)
    if infection:
        mask(folder / "infection masks" / f"{name}.png", *infection)


def _damaged(root: Path) -> None:
    lung = root / "Lung Segmentation Data" / "Lung Segmentation Data"
    picture(lung / "cover.png", 4)
    picture(root / "copy" / lung.relative_to(root) / "Train" / "COVID-19" / "images" / "covid_1.png", 5)
    picture(lung / "Test" / "Normal" / "images" / "Normal (5).png", 6)
    mask(lung / "Test" / "Normal" / "lung masks" / "Normal (5).png")
    picture(lung / "Test" / "Normal" / "images" / "Normal (6).png", 7)
    mask(lung / "Test" / "Normal" / "lung masks" / "Normal (6).png", *LUNGS, size=(128, 96))
    picture(lung / "Test" / "COVID-19" / "images" / "covid_8.png", 8)
    mask(lung / "Test" / "COVID-19" / "lung masks" / "covid_9.png", *LUNGS)
    picture(lung / "Test" / "COVID-19" / "images" / "._covid_8.png", 9)
