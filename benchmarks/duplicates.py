"""How many planted copies of real pictures are found, how many pictures are joined wrongly, and what it costs.

    MMRS_SAMPLES=FOLDER python -m benchmarks.duplicates           pictures of the sample corpora
    python -m benchmarks.duplicates --size 100000                 time of the search, on varied pictures

Pictures of one patient, or of one published group, count as one: neither is held against the search.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from mmrs_builder import reading
from mmrs_builder.duplicates import HELD, candidates
from mmrs_builder.likeness import SIDE, descriptors, familiar, outlooks
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import Rejected
from tests.planted import PLANTED, Pixels, found_among, looked, searched

CORPORA = {
    "kvasir": "kvasir-seg", "cvc_clinicdb": "cvc-clinicdb", "isic2017": "isic2017", "busi": "busi",
    "tcga_lgg": "lgg-mri", "brain_cheng": "figshare-brain-tumor-mat-derived", "covid_qu_ex": "covid-qu-ex",
    "finding_lungs": "finding-lungs-ct", "totalsegmentator": "totalsegmentator-ct",
    "msd_hippocampus": "msd-hippocampus", "sam_med2d": "sam-med2d-demo", "biomedparse": "biomedparse-demo",
    "dicom_seg": "dicom-seg-dcmqi",
}  # fmt: skip
"""Sources and their folders among the samples; COCO exports are read beside them."""

COCO = ("covid-cxr-structures", "coco-brain-tumor")


def pictures(samples: Path) -> Iterator[tuple[str, Pixels]]:
    """Every picture, named by its patient or group, a space, and its view."""
    for source, folder in [*CORPORA.items(), *(("coco", folder) for folder in COCO)]:
        root = samples / folder
        chosen = reading.chosen(source, (), None, root)
        for ref in chosen.index(root):
            if isinstance(ref, CaseRef):
                try:
                    views = chosen.load(ref).views
                except Rejected:
                    continue
                whose = f"{folder}:{ref.patient_id or ref.group or ref.case_id}".replace(" ", "_")
                yield from ((f"{whose} {view.view_id}", view.picture.pixels) for view in views)


def planted(samples: Path) -> None:
    """Print a row per kind of copy."""
    found, known = distinct(dict(pictures(samples)))
    print(f"{len(found)} pictures; left out as copies of others before anything was planted (look at them):")
    print("".join(f"  {copy}\n" for copy in known), end="")
    print("| planted copy | planted | found | pictures joined wrongly | largest cluster | seconds |")
    print("|---|---|---|---|---|---|")
    for name, (change, _) in PLANTED.items():
        start = time.process_time()
        told = searched(found, change)
        cells = (name, told.planted, f"{100 * told.found / told.planted:.1f} %", len(told.wrong), told.largest)
        print("|", " | ".join(map(str, (*cells, f"{time.process_time() - start:.0f}"))), "|")
        print("".join(f"  {name}\n" for name in sorted(told.wrong)), end="", flush=True)


def distinct(found: Mapping[str, Pixels]) -> tuple[dict[str, Pixels], list[str]]:
    """The pictures without those that the search itself calls copies, and these with what they are copies of."""
    copies = found_among([looked(name, pixels) for name, pixels in found.items()])
    out = {copy.other: f"{copy.other}: {copy.kind} copy of {copy.view_id}, {copy.agreement:.3f}" for copy in copies}
    return {name: pixels for name, pixels in found.items() if name not in out}, sorted(out.values())


def varied(samples: Path, count: int) -> np.ndarray:
    """Thumbnails (count, 64, 64) cut, turned and scaled at random out of the samples: alike in kind, all different."""
    draw = np.random.default_rng(0)
    large = [cv2.resize(pixels if pixels.ndim == 2 else pixels[..., 1], (192, 192)) for _, pixels in pictures(samples)]
    made = np.empty((count, SIDE, SIDE), np.uint8)
    for i in range(count):
        spin = cv2.getRotationMatrix2D((96, 96), draw.uniform(-180, 180), 1 / draw.uniform(0.45, 0.9))
        spin[:, 2] += draw.uniform(-25, 25, 2)
        cut = cv2.warpAffine(large[draw.integers(len(large))], spin, (192, 192), borderMode=cv2.BORDER_REFLECT)
        made[i] = cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return made


def timed(samples: Path, count: int) -> None:
    """Print the time of descriptors, of the search for candidates, and of a first look at them."""
    made = varied(samples, count)
    start = time.process_time()
    places = np.concatenate([descriptors(made[i : i + 1000]) for i in range(0, count, 1000)])
    described = time.process_time()
    pairs = candidates(places, [str(i) for i in range(count)])
    searched = time.process_time()
    coarse = np.concatenate([outlooks(made[i : i + 1000]) for i in range(0, count, 1000)])
    chunks = [pairs[i : i + HELD] for i in range(0, len(pairs), HELD)]
    kept = sum(int(familiar(coarse[chunk[:, 0]], coarse[chunk[:, 1]]).sum()) for chunk in chunks)
    print(f"{count} pictures: descriptors {described - start:.0f} s, candidates {searched - described:.0f} s")
    print(f"{len(pairs)} candidates, {len(pairs) / count:.2f} for each picture")
    print(f"{kept} of them after a first look of {time.process_time() - searched:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int)
    size, folder = parser.parse_args().size, Path(os.environ["MMRS_SAMPLES"])
    timed(folder, size) if size else planted(folder)
