"""CT and MRI series in DICOM whose masks are DICOM series too: slices of label numbers, or of one structure.

``data_cards/dicom_masks.md`` says how a mask finds its series; names and order of files mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.dicom import MODALITIES, Stack, read_series
from mmrs_builder.io.dicom_index import (
    BurnedIn,
    Ids,
    Image,
    Patient,
    Repeated,
    Structure,
    Told,
    cases,
    nearest,
    ordered,
    scan,
    told,
)
from mmrs_builder.io.labelmap import check_named, whole_numbers
from mmrs_builder.io.options import phrase
from mmrs_builder.io.pairing import natural
from mmrs_builder.io.volume import SAME_PLACE
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.types import Case, CaseRef, Drop, MaskRef, Source
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Coverage, Empty, Exhaustive, MinimumArea, Planes, Rules, Sides, Window, rules
from mmrs_builder.volumes import Mask3D, volume_case

MASK_RULE: Final = "Numbers: the voxels of that number. One structure: not 0."

PARALLEL: Final = 0.999
"""Cosine between the normals of two series from which their slices are parallel."""

ALONE: Final = 1.0
"""mm by which two series of one slice may lie apart to be looked at as image and mask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """Which series are masks, which images, and the label of each number; ``""`` stands for whatever is not 0."""

    masks: re.Pattern[str]
    images: re.Pattern[str]
    labels: tuple[tuple[str, str], ...]


def configure(
    *,
    masks: Annotated[str, "expression that is found in the path of a file of a mask series, and of no other"] = (
        "(?i)mask"
    ),
    images: Annotated[str, "expression that is found in the path of a file of an image series; '': of any"] = "",
    label: Annotated[str, "what the masks show, where every voxel that is not 0 is one structure"] = "",
    labels: Annotated[str, "what numbers in the masks mean, instead of label: 1=liver,2=left kidney"] = "",
    repeated: Repeated = "refuse",
    ids: Ids = "rank",
    patient: Patient = "",
    burned_in: BurnedIn = "drop",
    window: Window = "auto",
    planes: Planes = "axial",
    coverage: Coverage = "5",
    empty: Empty = "0.1",
    exhaustive: Exhaustive = "no",
    minimum_area: MinimumArea = "0.00005",
    sides: Sides = "header",
    license: Annotated[str, "licence of series and masks"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "dicom_masks",
) -> Source:
    """A source for a folder of such files. Raises ``ValueError``, naming the option, for a value of no sense."""
    names = _names(label, labels)
    found, terms = chosen(names.values())
    own = rules(
        found,
        window=window,
        planes=planes,
        coverage=coverage,
        empty=empty,
        exhaustive=exhaustive,
        minimum_area=minimum_area,
        sides=sides,
    )
    sorting = Sorting(
        masks=_expression("masks", masks),
        images=_expression("images", images),
        labels=tuple((number, named(text)[0].id) for number, text in names.items()),
    )
    shared = told(source=name, ids=ids, patient=patient, burned_in=burned_in, repeated=repeated)
    return Source(
        name=name,
        title="DICOM series with masks as DICOM series",
        version="1",
        modality="ct and mri",
        license=phrase("license", license),
        license_class="script-only",
        url="",
        labels=found,
        exhaustive=own.exhaustive,
        patient_ids=True,
        minimum_area=own.minimum_area,
        mask_rule=MASK_RULE,
        index=partial(_index, told=shared, sorting=sorting),
        load=partial(_load, own=own),
        terms=terms,
        steps="Give your folder with --data, and say what masks are with --set dicom_masks.masks=... and label=...",
    )


def _names(label: str, labels: str) -> dict[str, str]:
    told = mapping("labels", labels)
    if strange := [number for number in told if not number.isdecimal() or int(number) == 0]:
        raise ValueError(f"labels={labels!r}: {strange[0]!r} is no number from 1")
    if label and told:
        raise ValueError("label and labels: say one of them")
    return {"": phrase("label", label)} if label else {str(int(number)): text for number, text in told.items()}


def _expression(option: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"{option}={text!r}: {error}") from error


def _index(root: Path, *, told: Told, sorting: Sorting) -> Iterator[CaseRef | Drop]:
    """A case or drop per image series, and a drop per mask series or other file that cannot be used.

    Raises ``ValueError`` when nobody has said what masks show.
    """
    if not sorting.labels:
        raise ValueError(
            "label: say what the masks show (label=tumour), or what numbers mean (labels=1=liver,2=spleen)"
        )
    found = scan(root, told.source)
    drawn, shown, others = _sorted(found.images, sorting)
    strange = [*(image.place for image in others), *(header.file for header in found.drawn)]
    drops = [*found.drops, *(Drop(source=told.source, what=what, reason="not_matched") for what in strange)]
    masks: dict[str, list[Structure]] = {}
    for mask in drawn:
        try:
            image = _lies_on(mask, shown)
        except Rejected as refused:
            drops.append(Drop(source=told.source, what=mask.place, reason=refused.reason, detail=refused.detail))
        else:
            structures = masks.setdefault(image.stack.series, [])
            structures += _structures(mask.stack, len(structures), sorting)
    yield from ordered([*drops, *cases(root, shown, masks, told)])


def _sorted(images: Sequence[Image], sorting: Sorting) -> tuple[list[Image], list[Image], list[Image]]:
    """Mask series, image series and others, by the path of their first file."""
    drawn: list[Image] = []
    shown: list[Image] = []
    others: list[Image] = []
    for image in images:
        path = min((header.file for header in image.stack.headers), key=natural)
        role = drawn if sorting.masks.search(path) else shown if sorting.images.search(path) else others
        role.append(image)
    return drawn, shown, others


def _structures(stack: Stack, number: int, sorting: Sorting) -> list[Structure]:
    """What a mask series shows; ``pick`` is the number of the series among those of its case, and that of the label."""
    return [
        tuple(MaskRef(path=header.file, label=label, pick=f"{number}/{value}") for header in stack.headers)
        for value, label in sorting.labels
    ]


def _lies_on(mask: Image, images: Sequence[Image]) -> Image:
    """The series with the slices of the mask. Raises ``Rejected``: ``no_image`` when none or several could be meant."""
    fitting = [image for image in images if _usable(image.stack) and _fit(mask.stack, image.stack)]
    if not fitting:
        raise Rejected("no_image", mask.place, "no series of its study has the same slices")
    near = nearest(mask.folder, fitting)
    if near is None:
        raise Rejected("no_image", mask.place, f"{len(fitting)} series have the same slices: say images=...")
    return near


def _usable(stack: Stack) -> bool:
    return not stack.localiser and MODALITIES.get(stack.headers[0].modality) in ("ct", "mri")


def _fit(mask: Stack, image: Stack) -> bool:
    """Whether two series are of one patient and study and their slices lie at the same places, in whatever order."""
    a, b = mask.headers[0], image.headers[0]
    facts = ((a.patient, b.patient), (a.study, b.study), (a.frame_of_reference, b.frame_of_reference))
    if any(x and y and x != y for x, y in facts) or len(mask.headers) != len(image.headers) or a.frames != b.frames:
        return False
    places, expected = _places(mask, image), _places(image, image)
    if places is None or expected is None:
        return places is expected  # files of several frames do not tell their places before they are opened
    gap = float(np.linalg.norm(np.diff(expected, axis=0), axis=1).min()) if len(expected) > 1 else ALONE / SAME_PLACE
    return bool(np.linalg.norm(places - expected, axis=1).max() <= SAME_PLACE * gap)


def _places(stack: Stack, image: Stack) -> npt.NDArray[np.float64] | None:
    """Positions (n, 3) of the slices, LPS mm, in the order of the image's normal; ``None`` where they are not stated
    or the slices are not parallel to the image's.
    """
    normal = image.headers[0].normal
    found = [(header.position, header.normal) for header in stack.headers]
    if normal is None or any(p is None or n is None or abs(np.dot(n, normal)) < PARALLEL for p, n in found):
        return None
    points = np.array([position for position, _ in found], np.float64)
    return points[np.argsort(points @ np.array(normal), kind="stable")]


def _load(ref: CaseRef, *, own: Rules) -> Case:
    root = Path(ref.root)
    return volume_case(ref, read_series(root, ref.files).volume, _masks(root, ref), own)


def _masks(root: Path, ref: CaseRef) -> Iterator[Mask3D]:
    """Each mask series is read once; of a series of numbers, every number that means something is a mask."""
    by_series: dict[str, dict[str, list[MaskRef]]] = {}
    for mask in ref.masks:
        series, _, number = mask.pick.partition("/")
        by_series.setdefault(series, {}).setdefault(number, []).append(mask)
    for numbers in by_series.values():
        yield from _of_series(root, numbers)


def _of_series(root: Path, numbers: Mapping[str, Sequence[MaskRef]]) -> Iterator[Mask3D]:
    files = [mask.path for mask in next(iter(numbers.values()))]
    volume = read_series(root, files).volume
    values = whole_numbers(volume.values, files[0])
    if "" not in numbers:
        check_named(values, map(int, numbers), files[0])
    for number, refs in numbers.items():
        inside = values == int(number) if number else values != 0
        yield Mask3D(label=refs[0].label, mask=inside, lattice=volume.lattice, what=files[0], instance=refs[0].instance)


SOURCE: Final = configure()
