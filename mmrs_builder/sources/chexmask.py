"""CheXmask: lungs and heart on the films of five public collections, as a model draws them and rates its drawing.

Facts, defects and terms are in ``data_cards/chexmask.md``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from mmrs_builder.io.decode import MAX_PIXELS
from mmrs_builder.io.listing import listing, pictures
from mmrs_builder.io.longtable import read_row, read_rows
from mmrs_builder.io.pairing import natural
from mmrs_builder.io.raster import MaskReading, fitted, read_opened
from mmrs_builder.io.rle import by_starts, runs_of
from mmrs_builder.types import Case, CaseRef, Drop, Mask, MaskRef, Source
from mmrs_builder.views import case_of
from mmrs_builder.vocab import Rejected

ORGANS: Final = {"Heart": "heart", "Left Lung": "lung_left", "Right Lung": "lung_right"}
LABELS: Final = tuple(ORGANS.values())
RATING: Final = "Dice RCA (Mean)"
GOOD: Final = 0.7  # the rating from which the authors advise to use a mask
MINIMUM_AREA: Final = 0.0005  # each organ is drawn in one piece

TABLES: Final = re.compile(r"(?:.*/)?(?:ChestX-Ray8|CheXpert|MIMIC-CXR-JPG|Padchest|VinDr-CXR)\.csv", re.IGNORECASE)
PATIENTS: Final = {
    "Image Index": r"(\d{8})_\d+\.\w+$", "Path": r"(patient\d+)/", "dicom_id": r"(?:^|/)(p\d{8})/",
    "ImageID": r"(?!)", "image_id": r"(?!)",
}  # fmt: skip
"""What each table calls its films, and where the path of a film names its patient."""


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """A case or a drop for each film. Raises ``ValueError`` when there is no film or no table."""
    listed = listing(root)
    found = pictures(listed.files)
    tables = [path for path in listed.files if TABLES.fullmatch(path)]
    if not found or not tables:
        raise ValueError(f"no chexmask images in {root}: expected films and OriginalResolution/<collection>.csv there")
    films: dict[str, list[str]] = defaultdict(list)
    for path in found:
        for name in {_name(path), _name(PurePosixPath(path).name)}:
            films[name].append(path)
    told: dict[str, CaseRef | Drop] = {}  # by film: what the first row says of it
    drops = [Drop(source="chexmask", what=path, reason="outside_root") for path in listed.outside]
    drops += [Drop(source="chexmask", what=path, reason="bad_name") for path in listed.misnamed]
    for table in tables:
        for item in _rows(root, table, films):
            film = item.what if isinstance(item, Drop) else item.image
            if told.setdefault(film, item) is not item:
                drops.append(Drop(source="chexmask", what=f"{table}: {film}", reason="second_copy"))
    drops += [item for item in told.values() if isinstance(item, Drop)]
    drops += [Drop(source="chexmask", what=path, reason="no_mask") for path in found if path not in told]
    cases = (item for item in told.values() if isinstance(item, CaseRef))
    yield from sorted(cases, key=lambda case: case.case_id)
    yield from sorted(drops, key=lambda drop: natural(drop.what))


def _name(film: str) -> str:
    """A film without its ending, and with its last three folders: CheXpert's films are told apart by nothing else."""
    return "/".join(re.sub(r"\.[A-Za-z]\w*$", "", film).split("/")[-4:])


def _rows(root: Path, table: str, films: Mapping[str, Sequence[str]]) -> Iterator[CaseRef | Drop]:
    elsewhere = 0
    try:
        for place, row in read_rows(root, table):
            here = films.get(_name(row[_column(row, table)]), ())
            elsewhere += not here
            for film in here:
                if len(here) > 1:
                    yield Drop(source="chexmask", what=film, reason="duplicate_stem")
                else:
                    yield _case(root, table, place, row, film)
    except Rejected as refused:
        yield Drop(source="chexmask", what=table, reason=refused.reason, detail=refused.detail)
    if elsewhere:
        detail = f"{elsewhere} films that are not here"
        yield Drop(source="chexmask", what=f"{table}: other rows", reason="no_image", detail=detail)


def _column(row: Mapping[str, str], table: str) -> str:
    """The column that names the film."""
    named = next((column for column in PATIENTS if column in row), None)
    if named is None or not {*ORGANS, RATING, "Height", "Width"} <= row.keys():
        raise Rejected("bad_metadata", table, "not the columns of CheXmask")
    return named


def _case(root: Path, table: str, place: int, row: Mapping[str, str], film: str) -> CaseRef | Drop:
    column = _column(row, table)
    try:
        rating = float(row[RATING])
    except ValueError:
        return Drop(source="chexmask", what=film, reason="bad_metadata", detail="no rating")
    if not rating >= GOOD:
        return Drop(source="chexmask", what=film, reason="poor_mask", detail=f"rated {rating:.2f}, below {GOOD}")
    patient = re.search(PATIENTS[column], film)
    return CaseRef(
        source="chexmask",
        root=str(root),
        case_id=_name(row[column]),
        image=film,
        masks=tuple(MaskRef(path=table, label=label, pick=f"{place} {organ}") for organ, label in ORGANS.items()),
        modality="xray",
        patient_id=patient[1] if patient else None,
    )


def load(ref: CaseRef) -> Case:
    """Read a film and its row of the table. Raises ``Rejected``: ``changed`` for another row than the index saw,
    ``bad_outline`` for run lengths that do not end inside the picture, ``mask_empty`` for an organ without any.
    """
    table, place = ref.masks[0].path, int(ref.masks[0].pick.partition(" ")[0])
    row = read_row(Path(ref.root), table, place)
    if _name(row[_column(row, table)]) != ref.case_id:
        raise Rejected("changed", table, "another film's row")
    opened = read_opened(Path(ref.root), ref.image)
    masks = [_mask(row, mask.pick.partition(" ")[2], ref.case_id) for mask in ref.masks]
    readings = [MaskReading(mask=fitted(mask, opened, ref.case_id), doubtful_px=0) for mask in masks]
    # Every film shows all three: what the model did not find is not absent.
    return case_of(
        ref, opened.picture, readings, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS, promised=LABELS
    )


def _mask(row: Mapping[str, str], organ: str, what: str) -> Mask:
    try:
        width, height = int(row["Width"]), int(row["Height"])
    except ValueError:
        raise Rejected("bad_metadata", what, "no width and height") from None
    if not 0 < width * height <= MAX_PIXELS:
        raise Rejected("too_large", what, f"{width} x {height}, limit {MAX_PIXELS} pixels")
    if not row[organ]:
        raise Rejected("mask_empty", what, organ)
    try:
        return by_starts(runs_of(row[organ]), width, height)
    except ValueError as error:
        raise Rejected("bad_outline", what, f"{organ}: {error}") from None


SOURCE: Final = Source(
    name="chexmask",
    title="CheXmask",
    version="1.0.0",
    modality="xray",
    license="CC-BY-4.0 for the masks; films under the terms of their collections",
    license_class="masks-allowed",
    url="https://physionet.org/content/chexmask-cxr-segmentation-data/1.0.0/",
    labels=LABELS,
    exhaustive=True,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule="Run lengths along the rows, first pixels counted from 1",
    index=index,
    load=load,
    access="manual",
    size="657566 films, tables of 1 to 13 GB",
    steps="Download a table of OriginalResolution/ and that collection's films; give the folder that holds both.",
)
