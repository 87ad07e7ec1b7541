"""LCTSC as the archive's retriever writes it, with the misspelt lung of an early release and lines nobody explains."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.dicoms import Box, Place, files, outlines, save_slices, scan

LEFT: Box = (15, 3, 1, 22, 12, 5)
RIGHT: Box = (2, 3, 1, 9, 12, 5)
HEART: Box = (10, 2, 1, 14, 8, 4)
CORD: Box = (11, 14, 0, 13, 16, 6)
GULLET: Box = (11, 10, 0, 13, 12, 6)


def patient(root: Path, name: str, number: int, regions: list[tuple[str, Box | None]]) -> Path:
    """A study of one CT and, unless there are no regions, one RTSTRUCT; returns its folder."""
    study = root / "LCTSC" / name / "03-07-2004-NA-NA-50667"
    place = Place(number=number, patient=name, study=number, frame=number)
    save_slices(study / f"0.000000-NA-{number}", files(place, scan({1: HEART}, number)))
    if regions:
        outlines(study / "1.000000-.simplified-62948" / "1-1.dcm", place, regions, number=number + 1)
    return study


def write(root: Path) -> Corpus:
    """Write it below ``root``. The outlines of S2-003 swap the lungs."""
    every = [("Esophagus", GULLET), ("Heart", HEART), ("Lung_L", LEFT), ("Lung_R", RIGHT), ("SpinalCord", CORD)]
    patient(root, "LCTSC-Train-S1-001", 10, every)
    patient(root, "LCTSC-Test-S3-204", 20, [("Lung L", LEFT), ("Lung_R", RIGHT), ("GTV", HEART), ("Heart", None)])
    patient(root, "LCTSC-Train-S2-003", 30, [("Lung_L", RIGHT), ("Lung_R", LEFT)])
    patient(root, "LCTSC-Train-S1-002", 40, [])
    twice = patient(root, "LCTSC-Train-S1-005", 50, [("Heart", HEART)])
    again = Place(number=60, patient="LCTSC-Train-S1-005", study=50, frame=60)
    save_slices(twice / "0.000000-NA-60", files(again, scan({}, 60)))
    outlines(twice / "2.000000-NA-61" / "1-1.dcm", again, [("Heart", HEART)], number=61)
    elsewhere = Place(number=70, patient="A", study=70, frame=70)
    save_slices(root / "other" / "ct", files(elsewhere, scan({}, 70)))
    outlines(root / "other" / "RS.dcm", elsewhere, [("Heart", HEART)], number=71)
    (root / "LCTSC" / "metadata.csv").write_text("Series UID\n", encoding="utf-8")
    lung, heart, small = 7 * 9, 4 * 6, 2 * 2
    uppermost = (small, small)  # the slices with most of each label begin above the lungs, and with the lungs' top
    apex, chest = (lung, lung, small, small), (heart, lung, lung, small, small)
    study = "03-07-2004-NA-NA-50667"
    return Corpus(
        options={"coverage": "0"},
        areas={"LCTSC-Train-S1-001": (*uppermost, *apex, *chest), "LCTSC-Test-S3-204": (lung, lung)},
        drops={
            "LCTSC/LCTSC-Test-S3-204/" + study + "/1.000000-.simplified-62948/1-1.dcm": "mask_empty",
            "LCTSC/LCTSC-Train-S1-002/" + study + "/0.000000-NA-40": "no_mask",
            "LCTSC-Train-S1-005": "duplicate_stem",
            "other/ct": "bad_metadata",
        },
        rejected={"LCTSC-Train-S2-003": "sides_contradict"},
        groups={name: name for name in ("LCTSC-Train-S1-001", "LCTSC-Test-S3-204", "LCTSC-Train-S2-003")},
        splits={
            "LCTSC-Train-S1-001": "train",
            "LCTSC-Test-S3-204": "test",
            "LCTSC-Train-S2-003": "train",
        },
    )
