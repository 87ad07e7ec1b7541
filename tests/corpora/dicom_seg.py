"""Examinations of a clinic with SEG files beside them: some whole, some damaged, one that nobody can tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.corpora import Corpus, picture
from tests.corpora.dicoms import KIDNEY, LEFT, LIVER, MASS, RIGHT, Box, Place, files, save_slices, scan, segmentation
from tests.io.dicoms import CANARY

LEFT_KIDNEY: Box = (16, 4, 1, 21, 9, 3)
RIGHT_KIDNEY: Box = (3, 4, 2, 6, 9, 4)
WHOLE: Box = (4, 6, 1, 14, 12, 4)


def kidneys(root: Path) -> None:
    """Two kidneys, one named by code and side, one by its label too, and a segment that nobody has explained."""
    slices = files(Place(number=1, patient="A"), scan({1: LEFT_KIDNEY, 2: RIGHT_KIDNEY}, 1))
    save_slices(root / "a" / "ct", slices)
    segments = [
        (CANARY, KIDNEY, LEFT, LEFT_KIDNEY),
        ("Kidney", KIDNEY, RIGHT, RIGHT_KIDNEY),
        (CANARY, MASS, None, WHOLE),
    ]
    segmentation(root / "a" / "seg" / "1", slices, segments, number=2)


def liver(folder: Path, place: Place, count: int = 1, **tags: Any) -> list[Path]:
    """A series with a liver, drawn ``count`` times."""
    slices = files(place, scan({1: WHOLE}, place.number))
    for n in range(1, count + 1):
        segmentation(folder / f"seg{n}.dcm", slices, [("Liver", LIVER, None, WHOLE)], number=place.number + n, **tags)
    return save_slices(folder / "series", slices)


def write(root: Path) -> Corpus:
    """Write it below ``root``. The SEG of ``b`` has lost its reference, so that only its folder tells the series."""
    kidneys(root)
    bare = scan({}, 10)
    save_slices(root / "b" / "phase1" / "series", files(Place(number=10, patient="B", study=2, frame=2), bare))
    second = Place(number=12, patient="B", study=2, frame=2, modality="MR")
    liver(root / "b" / "phase2", second, ReferencedSeriesSequence=[])
    pet = Place(number=20, patient="C", study=3, frame=3, modality="PT")
    save_slices(root / "c" / "pet", files(pet, bare))
    damaged = liver(root / "d", Place(number=30, patient="D", study=4, frame=4))[2]
    damaged.write_bytes(damaged.read_bytes()[:600])
    liver(root / "e", Place(number=40, patient="E", study=5, frame=5), count=2)
    liver(root / "f", Place(number=50, patient="F", study=6, frame=6, tags={"BurnedInAnnotation": "YES"}))
    liver(root / "g", Place(number=60, patient="", study=7, frame=7))
    lost = files(Place(number=70, patient="H", study=8, frame=8), bare)
    segmentation(root / "h" / "seg.dcm", lost, [("Liver", LIVER, None, WHOLE)], number=71)
    (root / "notes.dcm").write_bytes(b"no DICOM file" * 20)
    (root / "README").write_text("nor this", encoding="utf-8")
    (root / "DICOMDIR").write_bytes(damaged.read_bytes())
    picture(root / "a" / "preview.png", 1)
    return Corpus(
        options={"coverage": "0"},
        areas={"c00001": (15, 25, 15), "c00002": (60,)},
        drops={
            "a/preview.png": "not_matched",
            "a/seg/1": "unknown_label",
            "b/phase1/series": "no_mask",
            "c/pet": "unsupported_modality",
            damaged.relative_to(root).as_posix(): "truncated",
            "e/series": "duplicate_instance",
            "f/series": "burned_in",
            "g/series": "bad_metadata",
            "h/seg.dcm": "no_image",
            "notes.dcm": "not_an_image",
        },
        rejected={"c00003": "missing_slices"},
    )
