"""What names and pixels of a corpus suggest: modality, structure, patients, splits. Every answer says why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from mmrs_builder.io.official import official_split
from mmrs_builder.io.raster import read_picture
from mmrs_builder.naming import vocabulary
from mmrs_builder.types import Pixels
from mmrs_builder.vocab import MODALITIES, Rejected

MODALITY_WORDS: Final = {
    "ct": ("ct", "cts", "hu", "lits", "kits", "amos", "flare", "luna"),
    "mri": ("mri", "mr", "t1", "t2", "t1w", "t2w", "flair", "brats", "lgg", "acdc", "glioma", "dwi", "brain"),
    "xray": ("xray", "cxr", "radiograph", "radiographs", "jsrt", "montgomery", "shenzhen", "mammogram", "covid", "qu"),
    "ultrasound": ("ultrasound", "us", "busi", "bus", "sonography", "echo", "camus", "ddti", "tn3k"),
    "endoscopy": (
        "endoscopy", "colonoscopy", "kvasir", "cvc", "clinicdb", "colondb", "etis", "polyp", "polyps", "polypgen",
    ),
    "dermoscopy": ("dermoscopy", "derm", "isic", "ph2", "ham10000", "melanoma", "skin", "nevus"),
}  # fmt: skip
"""Words of paths, and what they speak for; names of well-known corpora among them."""

LABEL_WORDS: Final = {
    "polyp": ("polyp", "polyps", "kvasir", "cvc", "clinicdb", "colondb", "etis", "polypgen"),
    "skin_lesion": ("skin", "isic", "melanoma", "nevus", "ph2", "ham10000"),
    "breast_mass": ("busi", "bus", "breast"),
    "infection_region": ("infection", "infections", "covid", "consolidation"),
    "lung": ("lung", "lungs"),
    "tumour": ("tumor", "tumors", "tumour", "tumours", "lgg", "brats", "glioma", "cancer"),
    "thyroid_nodule": ("tn3k", "ddti", "thyroid"),
    "nodule": ("nodule", "nodules"),
}  # fmt: skip
"""Words of paths, and the structure that masks of such a corpus show."""

PATIENT_RULES: Final = (
    r"(TCGA[-_][^-_/]+[-_][^-_/]+)",
    r"(?i)((?:patient|subject|sub|case|pat|pid|id)[-_]?\d+)",
    r"([^/]+)/[^/]+$",
    r"([^/]+)/[^/]+/[^/]+$",
    r"([^/]+)_[^_/]+$",
    r"([^/]+)-[^-/]+$",
)
"""Where a patient may be named in a path: well-known forms, folders, what stands before the last sign of a name."""

SPLIT_RULE: Final = r"(?i)(?:^|[/_ -])(train|validation|valid|val|test)(?:ing)?[/_ -]"

COLOURED: Final = 0.5
"""Part of the pixels of a picture that are no greys, from which it was taken in colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunch:
    """A value and what speaks for it. ``sure``: nobody needs to look."""

    value: str
    why: str
    sure: bool = False


def modality(root: Path, texts: Sequence[str], images: Sequence[str]) -> Hunch:
    """The modality of pictures, by words of ``texts`` (most telling first), held against some of the pictures."""
    by_words = _by_word(MODALITY_WORDS, texts)
    colour = _colour(root, images)
    if by_words is None:
        return _by_pixels(colour)
    contradicted = colour is not None and (colour.part >= COLOURED) != (by_words.value in ("endoscopy", "dermoscopy"))
    if contradicted and by_words.value != "mri":  # channels of MRI are shown as colours
        shown = "in colour" if colour and colour.part >= COLOURED else "grey"
        return Hunch(value=by_words.value, why=f"{by_words.why}, but pictures are {shown}")
    return by_words


def label(texts: Sequence[str]) -> Hunch:
    """The structure that masks of one kind show, by words of ``texts``, those on the masks first."""
    plain = {alias: (alias,) for alias in vocabulary() if "_" not in alias and alias not in LABEL_WORDS}
    found = _by_word({**LABEL_WORDS, **plain}, texts)
    if found is None:
        return Hunch(value="lesion", why="no word of the folder names a structure")
    return Hunch(value=vocabulary()[found.value].id, why=found.why)


def patient(images: Sequence[str]) -> Hunch | None:
    """An expression for patients: its answers hold a digit, are found in every path, and repeat."""
    for rule in PATIENT_RULES:
        answers = [match.group(1) for image in images if (match := re.search(rule, image))]
        keys = set(answers)
        if len(answers) < len(images) or not all(any(c.isdigit() for c in key) for key in keys):
            continue
        if 2 <= len(keys) <= len(images) / 1.5:
            example = Counter(answers).most_common(1)[0]
            return Hunch(value=rule, why=f"{len(keys)} different answers, {example[0]!r} in {example[1]} images")
    return None


def split(images: Sequence[str]) -> Hunch | None:
    """An expression for official splits: every image answers, and at least two splits are named."""
    answers = [match.group(1) for image in images if (match := re.search(SPLIT_RULE, image))]
    named = Counter(official_split([answer]) for answer in answers)
    if len(answers) < len(images) or len(named) < 2:
        return None
    return Hunch(value=SPLIT_RULE, why=", ".join(f"{n} {name}" for name, n in sorted(named.items(), key=str)))


def words(text: str) -> list[str]:
    """The words of a path in small letters: ``ISIC-2017_Training_Data`` is isic, 2017, training, data."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return [word.casefold() for word in re.findall(r"[^\W_]+", spaced)]


def spoken(text: str) -> list[str]:
    """The words of a path in every way they may be meant: ``ISIC2018`` is also isic, ``BraTS`` is also brats."""
    whole = [word.casefold() for word in re.findall(r"[^\W_]+", text)]
    there = [*words(text), *whole, *(word.rstrip("0123456789") for word in whole)]
    return [*there, "xray"] if {"x", "ray"} <= {*there} else there


def texts_of(root: Path, images: Iterable[str], masks: Iterable[str]) -> list[str]:
    """Texts that may tell something: what masks are called, folders, names, the corpus's own folder."""
    folders = dict.fromkeys(PurePosixPath(mask).parent.name for mask in masks)
    above = dict.fromkeys(str(PurePosixPath(image).parent) for image in images)
    names = dict.fromkeys(PurePosixPath(image).name for image in [*images][:3])
    return [*folders, *above, *names, root.resolve().name]


def _by_word(table: Mapping[str, tuple[str, ...]], texts: Sequence[str]) -> Hunch | None:
    for text in texts:
        there = spoken(text)
        for value, known in table.items():
            if word := next((word for word in there if word in known), None):
                return Hunch(value=value, why=f"the word {word!r} in {text!r}")
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Colour:
    part: float  # of the pixels that are no greys, median over pictures
    red: float  # red over green, median
    black: float  # part of the pixels that are black, median
    rough: float  # difference between neighbours over brightness, median


def _colour(root: Path, images: Sequence[str], most: int = 8) -> _Colour | None:
    seen: list[tuple[float, float, float, float]] = []
    for image in images[:: max(1, len(images) // most)][:most]:
        try:
            seen.append(_measured(read_picture(root, image).pixels))
        except Rejected:
            continue
    if not seen:
        return None
    part, red, black, rough = (float(value) for value in np.median(np.asarray(seen), axis=0))
    return _Colour(part=part, red=red, black=black, rough=rough)


def _measured(pixels: Pixels) -> tuple[float, float, float, float]:
    planes = np.stack([pixels] * 3) if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
    small = planes[:, :: max(1, planes.shape[1] // 256), :: max(1, planes.shape[2] // 256)].astype(np.float64)
    bright = small.max(axis=0)
    lit = bright > 20
    if not lit.any():
        return 0.0, 1.0, 1.0, 0.0
    coloured = float(((bright - small.min(axis=0)) > 12)[lit].mean())
    red = float(small[0][lit].mean() / max(1.0, small[1][lit].mean()))
    steps = np.abs(np.diff(bright, axis=0))
    return coloured, red, float(1 - lit.mean()), float(steps.mean() / max(1.0, bright[lit].mean()))


def _by_pixels(colour: _Colour | None) -> Hunch:
    if colour is None:
        return Hunch(value=MODALITIES[0], why="no picture could be opened")
    if colour.part >= COLOURED:
        value = "endoscopy" if colour.red >= 1.5 or colour.black >= 0.1 else "dermoscopy"
        return Hunch(value=value, why="pictures are in colour" + (", red on black" if value == "endoscopy" else ""))
    if colour.black >= 0.25:
        return Hunch(value="mri", why="grey pictures on black: MRI or CT")
    value = "ultrasound" if colour.rough >= 0.04 else "xray"
    return Hunch(value=value, why="grey pictures without a black background")
