"""A local folder of the ``datasets`` library whose rows hold a picture and its masks.

``data_cards/hf.md`` says which forms are known. Nothing is downloaded and nothing is put into a cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from mmrs_builder.io.coded import RULE, codes
from mmrs_builder.io.layout import ranks
from mmrs_builder.io.listing import leftovers, listing
from mmrs_builder.io.options import fraction, identifier, one_of, phrase
from mmrs_builder.io.raster import MASK_RULE, MaskGrid, read_coded, read_pair
from mmrs_builder.io.rows import Row, found_rows, tables
from mmrs_builder.io.table import items
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.shown import SHOWN, Shown, ShownOption
from mmrs_builder.types import Case, CaseRef, Drop, Label, MaskRef, Source, Term
from mmrs_builder.views import case_of
from mmrs_builder.vocab import MODALITIES, Rejected

OUT: Final = "-"

_NO_YES: Final = ("no", "yes")
_GRIDS: Final[dict[str, MaskGrid | None]] = {"": None, "stored": "stored", "upright": "upright"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the options say. ``shows`` are the labels of each mask column: by code, or under '' for a binary one."""

    source: str
    modality: str
    image: str
    shows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    known: tuple[str, ...]  # all codes
    labels: tuple[str, ...]
    instances: bool
    exhaustive: bool
    minimum_area: float
    mask_grid: MaskGrid | None
    shown: Shown
    patient: str
    group: str


def configure(
    *,
    image: Annotated[str, "column of the picture"] = "image",
    mask: Annotated[str, "column of the mask, or several joined by +; a column of lists holds several masks"] = "mask",
    label: Annotated[str, "what a mask shows: one name, or one for each column joined by +"] = "lesion",
    values: Annotated[str, "what numbers or colours mean, instead of label: 1=liver,2=spleen or #ff0000=tumour"] = "",
    modality: Annotated[str, "ct, mri, xray, ultrasound, endoscopy or dermoscopy"] = "endoscopy",
    instances: Annotated[str, "yes: each mask is one structure to be counted; no: they are united"] = "no",
    exhaustive: Annotated[str, "yes: every visible structure has a mask"] = "no",
    minimum_area: Annotated[str, "smallest kept connected component, as a fraction of the picture"] = "0.00005",
    mask_grid: Annotated[str, "masks of pictures with an EXIF rotation: stored (drawn before it), upright; ''"] = "",
    shown: ShownOption = "",
    patient: Annotated[str, "column of the patient, stored as a rank: p0001"] = "",
    group: Annotated[str, "column of what a split must keep together, stored as a rank: g0001"] = "",
    license: Annotated[str, "licence of pictures and masks"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "hf",
) -> Source:
    """A source for one folder: what ``save_to_disk`` wrote, Parquet files, or pictures with a metadata file.

    Raises ``ValueError``, naming the option, for a value that cannot be meant.
    """
    shows, known, (found, terms) = _shows(mask, label, codes("values", mapping("values", values)))
    told = Told(
        source=identifier("name", name, hyphens=True),
        modality=one_of("modality", modality, MODALITIES),
        image=image,
        shows=shows,
        known=known,
        labels=found,
        instances=one_of("instances", instances, _NO_YES) == "yes",
        exhaustive=one_of("exhaustive", exhaustive, _NO_YES) == "yes",
        minimum_area=fraction("minimum_area", minimum_area),
        mask_grid=_GRIDS[one_of("mask_grid", mask_grid, tuple(_GRIDS))],
        shown=SHOWN[one_of("shown", shown, tuple(SHOWN))],
        patient=patient,
        group=group,
    )
    return _source(told, phrase("license", license), terms)


def _source(told: Told, licence: str, terms: tuple[tuple[Label, Term], ...]) -> Source:
    return Source(
        name=told.source,
        title="Rows of a datasets folder",
        version="1",
        modality=told.modality,
        license=licence,
        license_class="script-only",
        url="https://huggingface.co/docs/datasets",
        labels=told.labels,
        exhaustive=told.exhaustive,
        patient_ids=bool(told.patient),
        minimum_area=told.minimum_area,
        mask_rule=RULE if told.known else MASK_RULE,
        index=partial(_index, told=told),
        load=partial(_load, told=told),
        terms=terms,
        steps="Give the folder that save_to_disk, a download of Parquet files or a metadata file made, with --data.",
    )


_Shows = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def _shows(
    mask: str, label: str, values: dict[str, str]
) -> tuple[_Shows, tuple[str, ...], tuple[tuple[str, ...], tuple[tuple[Label, Term], ...]]]:
    """What each mask column shows, all codes, and the labels with the words of new ones."""
    columns, names = mask.split("+"), label.split("+")
    if not all(columns) or len(set(columns)) < len(columns):
        raise ValueError(f"mask={mask!r}: names of columns joined by +, each once")
    if len(names) not in (1, len(columns)):
        raise ValueError(f"label={label!r}: one name, or one for each of the {len(columns)} columns")
    if values:
        kept = {code: name for code, name in values.items() if name != OUT}
        if not kept:
            raise ValueError("values: leaves everything out")
        by_code = tuple((code, named(name)[0].id) for code, name in kept.items())
        return tuple((column, by_code) for column in columns), tuple(values), chosen(kept.values())
    each = names if len(names) > 1 else names * len(columns)
    by_column = tuple((column, (("", named(name)[0].id),)) for column, name in zip(columns, each, strict=True))
    return by_column, (), chosen(phrase("label", name) for name in names)


def _index(root: Path, *, told: Told) -> Iterator[CaseRef | Drop]:
    """A case per row, called by its split and number, sorted; then a drop for each table that cannot be read, row that
    lacks something, and picture file that no row names.
    """
    files = listing(root)
    paths = tables(files.files)
    pictures = (told.image, *(column for column, _ in told.shows))
    keys = tuple(key for key in (told.patient, told.group) if key)
    drops = [Drop(source=told.source, what=path, reason="outside_root") for path in files.outside]
    drops += [Drop(source=told.source, what=path, reason="bad_name") for path in files.misnamed]
    rows: list[Row] = []
    for item in found_rows(root, paths, pictures, keys):
        if isinstance(item, Row):
            rows.append(item)
        else:
            drops.append(Drop(source=told.source, what=item.what, reason=item.reason, detail=item.detail))
    if not rows:
        why = f": {drops[0].what}: {drops[0].detail}" if drops else ""
        raise ValueError(f"no rows in {root}: expected Parquet or Arrow files or metadata.jsonl{why}")
    ids = {f"{row.split}/{row.number:06d}": row for row in rows}
    patients, groups = (
        ranks(letter, {i: known for i, row in ids.items() if (known := row.keys.get(key))})
        for letter, key in (("p", told.patient), ("g", told.group))
    )
    cases: list[CaseRef] = []
    for case_id, row in ids.items():
        case = _case(root, case_id, row, told, patients.get(case_id), groups.get(case_id))
        (cases if isinstance(case, CaseRef) else drops).append(case)  # type: ignore[arg-type]
    drops += leftovers(told.source, files.files, {path for row in rows for own in row.cells.values() for path in own})
    yield from sorted(cases, key=lambda ref: ref.case_id)
    yield from sorted(drops, key=lambda drop: drop.what)


def _case(root: Path, case_id: str, row: Row, told: Told, patient: str | None, group: str | None) -> CaseRef | Drop:
    if not all(path.isprintable() for own in row.cells.values() for path in own):
        return Drop(source=told.source, what=case_id, reason="bad_name", detail=row.table)
    if not row.cells[told.image]:
        return Drop(source=told.source, what=case_id, reason="no_image", detail=row.table)
    lacking = [column for column, _ in told.shows if not row.cells[column]]
    if len(lacking) == len(told.shows) or (lacking and told.exhaustive):
        return Drop(source=told.source, what=case_id, reason="no_mask", detail=row.table)
    if unknown := [key for key, known in ((told.patient, patient), (told.group, group)) if key and known is None]:
        return Drop(source=told.source, what=case_id, reason="bad_metadata", detail=f"no {unknown[0]}")
    return CaseRef(
        source=told.source,
        root=str(root),
        case_id=case_id,
        image=row.cells[told.image][0],
        masks=tuple(
            MaskRef(path=path, label=label, instance=told.instances, pick=code)
            for column, labels in told.shows
            for path in row.cells[column]
            for code, label in labels
        ),
        modality=told.modality,
        patient_id=patient,
        group=group,
        split_official=row.official,
        files=(row.table,),  # cells are no files: a build has to see when their table changes
    )


def _load(ref: CaseRef, *, told: Told) -> Case:
    root = Path(ref.root)
    held = [(mask, items(root, mask.path)) for mask in ref.masks]
    empty = [paths is None for _, paths in held]
    if all(empty) or (any(empty) and told.exhaustive):
        raise Rejected("no_mask", ref.case_id)
    masks = tuple(replace(mask, path=path) for mask, paths in held for path in paths or ())
    if told.known:
        picture, readings = read_coded(root, ref.image, masks, told.known, mask_grid=told.mask_grid)
    else:
        picture, readings = read_pair(root, ref.image, [mask.path for mask in masks], mask_grid=told.mask_grid)
    return case_of(
        replace(ref, masks=masks),
        picture,
        readings,
        minimum_area=told.minimum_area,
        exhaustive=told.exhaustive,
        labels=told.labels,
        shown=told.shown,
    )


SOURCE: Final = configure()
