"""CHAOS as unpacked: names of slices in three manners, masks of one bit, of eight and of greys, in either order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.corpora import Corpus, save
from tests.corpora.dicoms import SHAPE, Box, Place, files, scan
from tests.corpora.volumes import numbers
from tests.io.dicoms import encoded

LIVER: Box = (2, 4, 0, 12, 14, 3)
SPLEEN: Box = (17, 8, 3, 22, 14, 5)
RIGHT, LEFT = (4, 15, 1, 8, 19, 3), (16, 15, 1, 20, 20, 3)  # columns grow to the patient's left
ORGANS = {63: LIVER, 126: RIGHT, 189: LEFT, 252: SPLEEN}
HEAD_FIRST = tuple(range(SHAPE[2]))[::-1]


def ct(
    home: Path,
    number: int,
    name: str,
    values: npt.NDArray[np.int16],
    masks: Sequence[npt.NDArray[np.uint8]],
    first: int = 0,
) -> None:
    """A CT scan whose slices are named from head to feet, and its masks, in the order of their names."""
    folder = home / str(number)
    (folder / "DICOM_anon").mkdir(parents=True)
    slices = files(Place(number=number, patient=f"C{number}", study=number, frame=number), values)
    for place, item in enumerate(slices[::-1], start=first):
        (folder / "DICOM_anon" / name.format(place)).write_bytes(encoded(item))
    for place, mask in enumerate(masks):
        save(folder / "Ground" / f"liver_GT_{place:03d}.png", mask)


def livers(high: bool | int) -> list[npt.NDArray[np.uint8]]:
    """Masks of the liver, from head to feet, whose foreground is ``high``."""
    drawn = numbers({1: LIVER}, SHAPE)
    planes = [np.ascontiguousarray(drawn[:, :, k].T) for k in HEAD_FIRST]
    return [plane.astype(bool) if high is True else (plane * high).astype(np.uint8) for plane in planes]


def mri(home: Path, person: int, kind: str, *, greys: Mapping[int, Box], phases: Sequence[str] = ("",)) -> None:
    """A sequence of one or more phases, whose slices are numbered in turn, and masks named after the last phase's."""
    folder = home / str(person) / kind
    for turn, phase in enumerate(phases):
        place = Place(number=1000 + 10 * person + turn + len(kind), patient=f"M{person}", modality="MR")
        slices = files(place, scan(greys, person))
        names = {k: f"IMG-0004-{len(phases) * rank + turn + 1:05d}" for rank, k in enumerate(HEAD_FIRST)}
        series = folder / "DICOM_anon" / phase
        series.mkdir(parents=True)
        for k, item in enumerate(slices):
            (series / f"{names[k]}.dcm").write_bytes(encoded(item))
    drawn = numbers(greys, SHAPE)
    for k in HEAD_FIRST:
        save(folder / "Ground" / f"{names[k]}.png", np.ascontiguousarray(drawn[:, :, k].T))


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    train = root / "CHAOS_Train_Sets" / "Train_Sets"
    bright = scan({1: LIVER}, 1)
    ct(train / "CT", 1, "i{:04d},0000b.dcm", bright, livers(True))
    ct(train / "CT", 2, "IMG-0002-{:05d}.dcm", bright + 1, livers(255)[::-1], first=1)
    ct(train / "CT", 5, "i{:04d},0000b.dcm", scan({}, 5), livers(255))
    ct(train / "CT", 6, "i{:04d},0000b.dcm", bright + 6, livers(255)[1:])
    ct(train / "CT", 8, "i{:04d},0000b.dcm", bright + 8, livers(128))
    ct(root / "Test_Sets" / "CT", 3, "i{:04d},0000b.dcm", bright + 3, ())
    ct(root / "copies" / "of" / "Train_Sets" / "CT", 1, "i{:04d},0000b.dcm", bright, livers(True))
    mri(
        train / "MR", 1, "T1DUAL", greys={grey - 5: box for grey, box in ORGANS.items()}, phases=("OutPhase", "InPhase")
    )
    mri(train / "MR", 1, "T2SPIR", greys=ORGANS)
    mri(train / "MR", 2, "T2SPIR", greys={100: LIVER})
    mri(train / "MR", 3, "T2SPIR", greys={126: LEFT, 189: RIGHT})
    save(train / "MR" / "10" / "T2SPIR" / "Ground" / "IMG-0001-00001.png", numbers({63: LIVER}, SHAPE)[:, :, 0].T)
    save(train / "MR" / "overview.png", np.zeros((8, 8), np.uint8))
    liver, right, left, spleen = 10 * 10, 4 * 4, 4 * 5, 5 * 6
    series = ("MR-1-T1DUAL-InPhase", "MR-1-T1DUAL-OutPhase", "MR-1-T2SPIR")
    ids = ("CT-1", "CT-2", "CT-5", "CT-8", *series, "MR-2-T2SPIR", "MR-3-T2SPIR")
    place = "CHAOS_Train_Sets/Train_Sets"
    return Corpus(
        options={"coverage": "0", "empty": "0"},
        areas={"CT-1": (liver,), "CT-2": (liver,), **dict.fromkeys(series, (spleen, left, right, liver))},
        drops={
            f"{place}/CT/6/DICOM_anon": "missing_slices",
            "Test_Sets/CT/3/DICOM_anon": "no_mask",
            "copies/of/Train_Sets/CT/1/DICOM_anon": "second_copy",
            f"{place}/MR/10/T2SPIR/Ground": "no_image",
            f"{place}/MR/overview.png": "not_matched",
        },
        rejected={
            "CT-5": "grid_mismatch",
            "CT-8": "unknown_label",
            "MR-2-T2SPIR": "unknown_label",
            "MR-3-T2SPIR": "sides_contradict",
        },
        groups={case: "-".join(case.split("-")[:2]) for case in ids},
        absent=dict.fromkeys(series, ("kidney_left", "kidney_right", "liver")),
    )
