"""Volumes with their masks, in NIfTI, NRRD or MetaImage files: one file per structure, or numbers in one file.

``data_cards/nifti.md`` shows the options for several well-known corpora.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from mmrs_builder.io.coded import codes
from mmrs_builder.io.extras import need
from mmrs_builder.io.layout import Globs, Keys, Layout, index
from mmrs_builder.io.listing import listing, volumes
from mmrs_builder.io.options import expression, identifier, one_of, phrase
from mmrs_builder.io.pairing import matching, without_suffix
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.labelled import by_slicer, labelled_case
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.types import CaseRef, Drop, Label, MaskRef, Source, Term
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Coverage, Empty, Exhaustive, MinimumArea, Planes, Rules, Sides, Window, rules

MASK_RULE: Final = "One file per structure: not 0. Numbers in one file: the voxels of that number."


def configure(
    *,
    root: Path | None = None,
    images: Annotated[str, "glob of the volumes below the corpus folder; ** crosses folders"] = "images/*",
    masks: Annotated[str, "glob of a volume's masks; {stem}: its name, {parent}: its folder"] = "labels/{stem}.*",
    stem: Annotated[str, "expression for what {stem} stands for, in the volume's name"] = "",
    labels: Annotated[
        str, "what numbers or mask files mean: 1=liver,2=left kidney, or a JSON file of the corpus; '': by file name"
    ] = "",
    structure: Annotated[str, "expression for a structure's name in its mask's path; '': numbers in one file"] = "",
    modality: Annotated[str, "ct or mri"] = "ct",
    sequence: Annotated[str, "MRI sequence: T1, FLAIR …"] = "",
    channel: Annotated[str, "which volume of 4-D files to show, counted from 0"] = "",
    window: Window = "auto",
    planes: Planes = "axial",
    coverage: Coverage = "5",
    empty: Empty = "0.1",
    exhaustive: Exhaustive = "no",
    minimum_area: MinimumArea = "0.00005",
    sides: Sides = "header",
    ids: Annotated[str, "case ids: the volume's path, or its rank (c00001): take rank for private data"] = "path",
    patient: Annotated[str, "expression for the patient, who is stored as a rank: p0001"] = "",
    group: Annotated[str, "expression for what a split must keep together, stored as a rank: g0001"] = "",
    split: Annotated[str, "expression for the official split: train, val, valid, validation or test"] = "",
    license: Annotated[str, "licence of volumes and masks"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "nifti",
) -> Source:
    """A source for one layout. Expressions are regular expressions with one group, searched in the volume's path.

    Raises ``ValueError``, naming the option, for a value that cannot be meant.
    """
    globs = Globs(images=images, masks=masks, stem=stem)
    names = _names(_told(labels, root), expression("structure", structure), globs, root)
    found, terms = chosen(names.values())
    own = rules(
        found, window=window, planes=planes, coverage=coverage, empty=empty, exhaustive=exhaustive,
        minimum_area=minimum_area, sides=sides,
    )  # fmt: skip
    layout = Layout(
        source=identifier("name", name, hyphens=True),
        modality=one_of("modality", modality, ("ct", "mri")),
        globs=globs,
        keys=Keys(patient=patient, group=group, split=split),
        refs=partial(_refs, names=names, structure=structure),
        kind="volumes",
        ranked=one_of("ids", ids, ("path", "rank")) == "rank",
    )
    return _source(layout, own, terms, phrase("license", license), phrase("sequence", sequence), channel)


def _source(
    layout: Layout, own: Rules, terms: tuple[tuple[Label, Term], ...], license: str, sequence: str, channel: str
) -> Source:
    if channel and not channel.isdecimal():
        raise ValueError(f"channel={channel!r}: must be a whole number from 0")
    return Source(
        name=layout.source,
        title="Volumes and masks in NIfTI, NRRD or MetaImage",
        version="1",
        modality=layout.modality,
        license=license,
        license_class="script-only",
        url="",
        labels=own.labels,
        exhaustive=own.exhaustive,
        patient_ids=bool(layout.keys.patient),
        minimum_area=own.minimum_area,
        mask_rule=MASK_RULE,
        index=partial(_index, layout=layout, sequence=sequence or None),
        load=partial(labelled_case, rules=own, channel=int(channel) if channel else None),
        terms=terms,
        steps="Give your folder with --data, and say how it is laid out with --set nifti.images=... and so on.",
    )


def _told(labels: str, root: Path | None) -> dict[str, str]:
    """What numbers or file names mean, as far as the user says it; a JSON file may hold the table one level down."""
    if not labels.casefold().endswith(".json"):
        return mapping("labels", labels)
    if root is None:
        return {}
    try:
        table = json.loads(read_bytes(root, labels))
    except (ValueError, RecursionError, Rejected) as error:
        raise ValueError(f"labels={labels!r}: {error}") from None
    inner = [value for value in table.values() if isinstance(value, dict)] if isinstance(table, dict) else []
    table = inner[0] if len(inner) == 1 else table
    if isinstance(table, dict) and isinstance(table.get("0"), str):
        del table["0"]  # the background's name
    if not isinstance(table, dict) or not table or not all(isinstance(value, str) for value in table.values()):
        raise ValueError(f'labels={labels!r}: must hold a table like {{"1": "liver", "2": "spleen"}}')
    return {str(key): phrase("labels", value) for key, value in table.items()}


def _names(told: Mapping[str, str], structure: str, globs: Globs, root: Path | None) -> dict[str, str]:
    """The structures' names, by number, by a segment's own name, or by what ``structure`` finds in the masks' paths."""
    if by_slicer(globs.masks):
        if root is not None and not told:
            raise ValueError("labels: say what the segments show (Segment_1=liver,Tumor=tumour)")
        return {key.casefold(): name for key, name in told.items()}
    if not structure:
        if strange := [key for key in told if not key.isdecimal() or int(key) == 0]:
            raise ValueError(f"labels: {strange[0]!r} is no number from 1; for names of files, say structure=…")
        if root is not None and not told:
            raise ValueError("labels: say what the numbers in the masks mean (1=liver,2=spleen), or say structure=…")
        return codes("labels", told)
    if root is None:
        return {}
    paths = matching(volumes(listing(root).files), globs.masks)
    found = sorted({name for path in paths if (name := _structure(path, structure))})
    if not found:
        raise ValueError(f"structure={structure!r} finds no name in the {len(paths)} matches of masks={globs.masks!r}")
    if strange := sorted(told.keys() - {*found}):
        raise ValueError(f"labels: no mask shows {strange[0]!r}; structure={structure!r} finds {', '.join(found[:5])}")
    return {key: told.get(key, key) for key in found}


def _structure(mask: str, structure: str) -> str:
    """What ``structure`` finds in a mask's path; '' for nothing."""
    match = re.search(structure, without_suffix(mask))
    return (match.group(1) or "") if match else ""


def _refs(mask: str, *, names: Mapping[str, str], structure: str) -> tuple[MaskRef, ...]:
    if not structure or by_slicer(mask):
        return tuple(MaskRef(path=mask, label=named(name)[0].id, pick=number) for number, name in names.items())
    name = _structure(mask, structure)
    return (MaskRef(path=mask, label=named(names[name])[0].id),) if name else ()


def _index(root: Path, *, layout: Layout, sequence: str | None) -> Iterator[CaseRef | Drop]:
    need("nibabel", "SimpleITK")
    for item in index(root, layout=layout):
        yield replace(item, sequence=sequence) if isinstance(item, CaseRef) else item


SOURCE: Final = configure()
