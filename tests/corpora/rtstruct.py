"""Planning scans with RTSTRUCT files: names as they are typed in a clinic, references that were lost, empty regions."""

from __future__ import annotations

from pathlib import Path

from tests.corpora import Corpus
from tests.corpora.dicoms import Box, Place, files, outlines, save_slices, scan
from tests.io.dicoms import CANARY

LUNG: Box = (15, 3, 1, 22, 12, 5)
TUMOUR: Box = (17, 5, 2, 20, 9, 4)


def write(root: Path) -> Corpus:
    """Write it below ``root``. Both scans of ``b`` have one frame of reference, and the file names neither."""
    planning = Place(number=1, patient="A")
    save_slices(root / "a" / "ct", files(planning, scan({1: LUNG}, 1)))
    regions = [("Lung_L", LUNG), ("gtv 1", TUMOUR), (f"GTVp {CANARY}", None), (CANARY, LUNG), ("liver", None)]
    outlines(root / "a" / "RS.dcm", planning, regions, number=2)
    scans = {"ct": Place(number=10, patient="B", study=2, frame=2)}
    scans["mr"] = Place(number=11, patient="B", study=2, frame=2, modality="MR")
    for name, place in scans.items():
        save_slices(root / "b" / name / "image", files(place, scan({1: TUMOUR}, place.number)))
    lost = Place(number=19, patient="B", study=2, frame=2)
    outlines(root / "b" / "mr" / "drawn" / "RS.dcm", lost, [("GTV", TUMOUR)], number=12)
    outlines(root / "b" / "RS.dcm", lost, [("GTV", TUMOUR)], number=13)
    beyond = Place(number=20, patient="C", study=3, frame=3)
    save_slices(root / "c" / "ct", files(beyond, scan({}, 20)))
    outlines(root / "c" / "RS.dcm", beyond, [("Liver", (4, 4, 4, 9, 9, 9))], number=21)
    return Corpus(
        options={"coverage": "0", "labels": "GTV*=tumour"},
        areas={"c00001": (63, 63, 12), "c00002": (12,)},
        drops={
            "a/RS.dcm": "unknown_label",
            "b/ct/image": "no_mask",
            "b/RS.dcm": "no_image",
        },
        rejected={"c00003": "grid_mismatch"},
    )
