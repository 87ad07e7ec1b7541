"""The options of a recipe for each kind of source, as far as a folder tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mmrs_builder import sources
from mmrs_builder.init import words
from mmrs_builder.init.settings import (
    Setting,
    exhaustive_setting,
    ids_setting,
    label_setting,
    labels_setting,
    modality_setting,
    renaming_setting,
)
from mmrs_builder.inspect import Inspection, Layout
from mmrs_builder.io.listing import listing, pictures, volumes
from mmrs_builder.io.pairing import natural, pairs, without_suffix
from mmrs_builder.naming import named
from mmrs_builder.types import CaseRef
from mmrs_builder.vocab import Rejected

VOLUMETRIC: Final = ("ct", "mri")


def folder_options(root: Path, found: Inspection, name: str) -> tuple[Setting, ...]:
    """Options of the source ``folder``."""
    paired = _paired(root, found.layout, volumetric=False)
    images, masks = [*paired], [mask for own in paired.values() for mask in own]
    texts = words.texts_of(root, images, masks)
    kind = words.modality(root, texts, images)
    return (
        _name(name),
        *_globs(found.layout),
        *_shows(found, texts, paired),
        modality_setting(kind.value, kind.why),
        exhaustive_setting(),
        *_people(images, ids=True),
        _licence(),
    )


def nifti_options(root: Path, found: Inspection, name: str) -> tuple[Setting, ...]:
    """Options of the source ``nifti``."""
    paired = _paired(root, found.volume_layout, volumetric=True)
    images, masks = [*paired], [mask for own in paired.values() for mask in own]
    texts = words.texts_of(root, images, masks)
    return (
        _name(name),
        *_globs(found.volume_layout),
        *_numbers(found, texts),
        _scan(found, texts, len(images)),
        exhaustive_setting(),
        *_people(images, ids=True),
        _licence(),
    )


def known_options(
    root: Path, found: Inspection, source: str, there: Mapping[str, str], name: str
) -> tuple[Setting, ...]:
    """Options of a known source, out of those it takes (name: default)."""
    images = _images(root, source)
    settings: list[Setting] = []
    if "name" in there:
        settings.append(_name(name))
    if "modality" in there and source != "sam_med2d" and not _told(found, source):
        flat = [*pictures(images or listing(root).files)]
        kind = words.modality(root, words.texts_of(root, images, []), flat)
        settings.append(modality_setting(kind.value, kind.why))
    if there.get("labels") == "" and (own := _own_labels(root, source)):
        settings.append(renaming_setting(own))
    if there.get("exhaustive") == "no":
        settings.append(exhaustive_setting())
    if "ids" in there:
        settings.append(ids_setting())
    if "patient" in there and not there.get("group") and (who := words.patient(images)):
        settings.append(Setting(option="patient", value=who.value, why=who.why))
    return tuple(settings)


def dicom_options(there: Mapping[str, str], name: str) -> tuple[Setting, ...]:
    """Options of a source of DICOM series: patients are in the files."""
    settings = [_name(name)] if "name" in there else []
    if there.get("exhaustive") == "no":
        settings.append(exhaustive_setting())
    return tuple(settings)


def _images(root: Path, source: str) -> list[str]:
    """The images that a source finds in a folder, as paths below it; none if it has to be told more."""
    try:
        found = [*sources.find(source, {}, root).index(root)]
    except (ValueError, Rejected):
        return []
    refs = [item for item in found if isinstance(item, CaseRef)]
    return [
        (Path(ref.root) / ref.image).relative_to(root).as_posix()
        for ref in refs
        if Path(ref.root, ref.image).is_relative_to(root)
    ]


def _own_labels(root: Path, source: str) -> tuple[str, ...]:
    """What structures are called that the vocabulary lacks."""
    try:
        found = sources.find(source, {}, root)
    except ValueError:
        return ()
    return tuple(term.name for _, term in found.terms)


def _told(found: Inspection, source: str) -> bool:
    """Whether the corpus itself says which modality it is: it could be indexed though the option was left empty."""
    return source == "nnunet" and any(fit.source == source and fit.cases for fit in found.fits)


def _paired(root: Path, layout: Layout, *, volumetric: bool) -> Mapping[str, tuple[str, ...]]:
    files = listing(root).files
    paths = volumes(files) if volumetric else pictures(files)
    return {image: own for image, own in pairs(paths, layout.images, layout.masks, layout.stem).items() if own}


def _name(name: str) -> Setting:
    return Setting(option="name", value=name, why="the beginning of every view id", sure=True)


def _licence() -> Setting:
    return Setting(option="license", value="unknown", why="goes into the card: say what the corpus's own terms are")


def _globs(layout: Layout) -> list[Setting]:
    left = len(layout.without_mask) + len(layout.without_image) + len(layout.unmatched)
    why = f"pairs {layout.pairs} images" + (f"; {left} files are left over" if left else ", no file is left over")
    settings = [
        Setting(option="images", value=layout.images, why=why, sure=not left),
        Setting(
            option="masks", value=layout.masks, why="{stem}: the image's name, {parent}: its folder", sure=not left
        ),
    ]
    for option, value, meaning in (
        ("stem", layout.stem, "what {stem} stands for, in the image's name"),
        ("structure", layout.structure, "the structure's name, in its mask's path"),
    ):
        if value:
            settings.append(Setting(option=option, value=value, why=meaning))
    return settings


def _shows(found: Inspection, texts: Sequence[str], paired: Mapping[str, tuple[str, ...]]) -> list[Setting]:
    """What masks show: one structure, or several by number or colour; and whether each file is one of several."""
    codes = [code for code, _ in found.checked.codes if code not in ("0", "#000000")]
    if codes:
        names = _table(found, codes)
        told = [f"{code}={names.get(code, f'structure {i}')}" for i, code in enumerate(sorted(codes, key=natural), 1)]
        why = "read from a JSON file" if names else "numbers or colours in the masks: say what they mean"
        settings = [labels_setting("values", ",".join(told), why, sure=len(names) == len(codes))]
    else:
        guess = words.label(texts)
        settings = [label_setting(guess.value, guess.why)]
    several = sum(len(own) > 1 for own in paired.values())
    if several:
        distinct = _distinct(paired)
        why = f"{several} images have several masks"
        why += f", called {', '.join(distinct[:4])}: are these different structures?" if distinct else ", numbered"
        settings.append(Setting(option="instances", value="no" if distinct else "yes", why=why))
    return settings


def _distinct(paired: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What masks of one image are called besides numbers and the words for a mask, if it differs."""
    found: set[str] = set()
    for image, own in paired.items():
        base = set(words.words(without_suffix(image)))
        if len(own) > 1:
            for mask in own:
                left = [w for w in words.words(without_suffix(mask).rpartition("/")[2]) if w not in base]
                found.add(" ".join(w for w in left if not w.isdecimal() and w not in ("mask", "seg", "segmentation")))
    return sorted(found - {""}) if len(found) > 1 else []


def _table(found: Inspection, codes: Sequence[str]) -> dict[str, str]:
    """Names of the numbers, from the JSON file that explains most of them."""
    wanted = set(codes)
    tables = sorted(found.tables.values(), key=lambda table: -len(wanted & set(table)))
    return {code: _plain(tables[0][code]) for code in codes if code in tables[0]} if tables else {}


def _plain(name: str) -> str:
    """A name that can stand in a mapping and in a sentence, or none."""
    plain = " ".join(words.words(name))
    try:
        named(plain)
    except ValueError:
        return "structure"
    return plain


def _numbers(found: Inspection, texts: Sequence[str]) -> list[Setting]:
    """What numbers of volumes mean; nothing where each structure has a file of its own."""
    if found.volume_layout.structure:
        return []
    numbers = [number for number, _ in found.checked_volumes.labels]
    names = _table(found, numbers)
    if numbers == ["1"] and not names:
        guess = words.label(texts)
        return [labels_setting("labels", f"1={guess.value.replace('_', ' ')}", guess.why)]
    told = ",".join(f"{number}={names.get(number, f'structure {number}')}" for number in numbers)
    why = "read from a JSON file" if names else "numbers in the masks: say what they mean"
    return [labels_setting("labels", told, why, sure=bool(numbers) and len(names) == len(numbers))]


def _scan(found: Inspection, texts: Sequence[str], images: int) -> Setting:
    """CT or MRI: air in Hounsfield units is proof."""
    if images and found.checked_volumes.hounsfield == min(images, found.checked_volumes.read):
        return Setting(
            option="modality", value="ct", why="all volumes hold values of air in Hounsfield units", sure=True
        )
    guess = words.modality(Path(), texts, [])
    value = guess.value if guess.value in VOLUMETRIC else "mri"
    mixed = found.checked_volumes.hounsfield
    why = f"{mixed} of {images} volumes are CT, others are not: build them as two sources" if mixed else guess.why
    return modality_setting(value if not mixed else "mri", why)


def _people(images: Sequence[str], *, ids: bool) -> list[Setting]:
    """Whose pictures they are, and which split they belong to."""
    settings = [ids_setting()] if ids else []
    who, official = words.patient(images), words.split(images)
    if who:
        settings.append(Setting(option="patient", value=who.value, why=who.why))
    else:
        why = "no part of the paths repeats like a patient's number: pictures of one may lie in two splits"
        settings.append(Setting(option="patient", value="", why=why))
    if official:
        settings.append(Setting(option="split", value=official.value, why=official.why))
    return settings
