"""BiomedParseData: square pictures of many corpora, one mask file per target.

Facts, defects and terms are in ``data_cards/biomedparse.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from mmrs_builder.io.layout import Keys, answers, ranks
from mmrs_builder.io.listing import leftovers, listing, pictures
from mmrs_builder.io.official import official_split
from mmrs_builder.io.options import fraction, identifier
from mmrs_builder.io.pairing import natural, without_suffix
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.types import CaseRef, Drop, MaskRef, Source
from mmrs_builder.views import flat_case

OUT: Final = "-"
MASKS: Final = "_mask"
ABSENT: Final = "absent.png"
"""A file of the release that stands for targets which are not there: no mask of any picture."""

_KINDS: Final = {
    "ct": "ct", "mr": "mri", "mri": "mri", "x-ray": "xray", "xray": "xray", "ultrasound": "ultrasound",
    "endoscope": "endoscopy", "endoscopy": "endoscopy", "dermoscopy": "dermoscopy",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the index needs to know."""

    source: str
    labels: Mapping[str, str]
    keys: Keys


def configure(
    *,
    root: Path | None = None,
    labels: Annotated[str, "other names for targets: postcava=inferior vena cava,vessel=-; - leaves it out"] = "",
    minimum_area: Annotated[str, "smallest kept connected component, as a fraction of the picture"] = "0.00005",
    patient: Annotated[str, "expression for the patient in the picture's path, stored as a rank: p0001"] = "",
    group: Annotated[str, "expression for what a split must keep together, stored as a rank: g0001"] = "",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "biomedparse",
) -> Source:
    """A source for a folder that holds pictures in ``X`` and masks in ``X_mask``, at any depth.

    Raises ``ValueError``, naming the option, for a value that cannot be meant.
    """
    told = mapping("labels", labels)
    masks = () if root is None else [mask for own in _pairs(pictures(listing(root).files)).values() for mask in own]
    targets = sorted({_target(mask) for mask in masks})
    if targets and (strange := sorted(told.keys() - {*targets})):
        raise ValueError(f"labels: no mask shows {strange[0]!r}")
    names = {target: told.get(target, target) for target in targets}
    canonical, terms = chosen(own for own in names.values() if own != OUT)
    smallest = fraction("minimum_area", minimum_area)
    return Source(
        name=identifier("name", name, hyphens=True),
        title="BiomedParseData",
        version="1",
        modality="several",
        license="each corpus in it has its own",
        license_class="script-only",
        url="https://huggingface.co/datasets/microsoft/BiomedParseData",
        labels=canonical,
        exhaustive=False,
        patient_ids=bool(patient),
        minimum_area=smallest,
        mask_rule=MASK_RULE,
        index=partial(_index, told=Told(source=name, labels=names, keys=Keys(patient=patient, group=group))),
        load=partial(flat_case, minimum_area=smallest, exhaustive=False, labels=canonical),
        terms=terms,
        size="demo: 9 pictures, 44 masks",
        steps="Unpack the sets you want and give the folder that holds them with --data.",
    )


def _pairs(paths: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The masks of each picture that lies in a folder ``X`` beside a folder ``X_mask``, in natural order."""
    folders = {str(PurePosixPath(path).parent) for path in paths}
    images = {path for path in paths if str(PurePosixPath(path).parent) + MASKS in folders}
    stems = {without_suffix(image): image for image in images}
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder, _, file = path.rpartition("/")
        if folder.endswith(MASKS):
            image = stems.get(f"{folder.removesuffix(MASKS)}/{without_suffix(file).rpartition('_')[0]}")
            if image:
                found[image].append(path)
    return {image: tuple(sorted(found[image], key=natural)) for image in sorted(images)}


def _target(mask: str) -> str:
    """``left kidney``, of ``06_CT_abdomen_left+kidney.png``."""
    return PurePosixPath(mask).stem.rpartition("_")[2].replace("+", " ").strip()


def _index(root: Path, *, told: Told) -> Iterator[CaseRef | Drop]:
    """A case or a drop per picture, sorted; then a drop for each mask without a picture and each other picture file."""
    files = listing(root)
    paths = pictures(files.files)
    paired = _pairs(paths)
    if not paired:
        raise ValueError(f"no BiomedParse pictures in {root}: expected a folder X with pictures and X_mask beside it")
    patients, groups = (
        ranks(letter, answers(paired, expression))
        for letter, expression in (("p", told.keys.patient), ("g", told.keys.group))
    )
    drops = [Drop(source=told.source, what=path, reason="outside_root") for path in files.outside]
    drops += [Drop(source=told.source, what=path, reason="bad_name") for path in files.misnamed]
    cases: list[CaseRef] = []
    asked = ((told.keys.patient, patients), (told.keys.group, groups))
    for image, masks in paired.items():
        unknown = [expression for expression, keys in asked if expression and image not in keys]
        if unknown:
            drops.append(Drop(source=told.source, what=image, reason="bad_metadata", detail=f"no answer: {unknown[0]}"))
            continue
        item = _case(root, image, masks, told, patients.get(image), groups.get(image))
        (cases if isinstance(item, CaseRef) else drops).append(item)  # type: ignore[arg-type]
    taken = {path for image, masks in paired.items() for path in (image, *masks)}
    strays = [path for path in paths if path not in taken and str(PurePosixPath(path).parent).endswith(MASKS)]
    drops += [Drop(source=told.source, what=p, reason="no_image") for p in strays if PurePosixPath(p).name != ABSENT]
    drops += leftovers(told.source, files.files, {*taken, *strays})
    yield from sorted(cases, key=lambda case: case.case_id)
    yield from sorted(drops, key=lambda drop: drop.what)


def _case(
    root: Path, image: str, masks: tuple[str, ...], told: Told, patient: str | None, group: str | None
) -> CaseRef | Drop:
    modality, sequence = _modality(PurePosixPath(image).stem)
    if not modality:
        return Drop(source=told.source, what=image, reason="unsupported_modality")
    called = [(mask, told.labels.get(_target(mask), OUT)) for mask in masks]
    refs = [MaskRef(path=mask, label=named(own)[0].id) for mask, own in called if own != OUT]
    if not refs:
        return Drop(source=told.source, what=image, reason="no_mask")
    return CaseRef(
        source=told.source,
        root=str(root),
        case_id=without_suffix(image),
        image=image,
        masks=tuple(refs),
        modality=modality,
        sequence=sequence,
        patient_id=patient,
        group=group,
        split_official=official_split([PurePosixPath(image).parent.name]),
    )


def _modality(stem: str) -> tuple[str, str | None]:
    """The modality that ``<name>_<modality>_<site>`` tells, '' for one that is not covered, and the MRI sequence."""
    parts = stem.split("_")
    word = parts[-2].casefold() if len(parts) > 2 else ""
    kind, _, sequence = word.partition("-")
    if word in _KINDS:
        return _KINDS[word], None
    return (
        ("mri", sequence.upper()) if _KINDS.get(kind) == "mri" and sequence.replace("-", "").isalnum() else ("", None)
    )


SOURCE: Final = configure()
