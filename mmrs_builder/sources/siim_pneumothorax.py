"""SIIM-ACR Pneumothorax: chest films in DICOM, with masks of pneumothorax as run lengths in a table.

Facts, defects and terms are in ``data_cards/siim_pneumothorax.md``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from mmrs_builder.digests import sha256
from mmrs_builder.io.corpus import Files, cases
from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.io.dicom import Flat, Header, headers, read_flat
from mmrs_builder.io.extras import need
from mmrs_builder.io.layout import ranks
from mmrs_builder.io.listing import listing
from mmrs_builder.io.pairing import natural
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import MaskReading
from mmrs_builder.io.rle import Runs, by_gaps, rising, runs_of
from mmrs_builder.io.window import drawn
from mmrs_builder.types import Case, CaseRef, Drop, Grid, Mask, MaskRef, Source
from mmrs_builder.views import case_of
from mmrs_builder.vocab import Rejected

LABELS: Final = ("pneumothorax",)
MINIMUM_AREA: Final = 0.00005  # of 1024 x 1024: 52 px
NONE: Final = "-1"
"""The cell of a film without pneumothorax."""

FILES: Final = Files(
    layout="dicom-images-train/<study>/<series>/<image>.dcm and train-rle.csv",
    image=r"(?P<case>\d+(?:\.\d+){5,})\.dcm",
    masks=(),
    needs="none",
    kind="any",
)
TABLES: Final = re.compile(r"(?:.*/)?(?:train-rle|stage_2_train)\.csv", re.IGNORECASE)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """A case per film of the table, with or without pneumothorax. Raises ``ValueError`` when there is no film."""
    need("pydicom")
    found = list(cases(root, source="siim_pneumothorax", files=FILES, modality="xray"))
    films = [item for item in found if isinstance(item, CaseRef)]
    drops = [item for item in found if isinstance(item, Drop)]
    told: dict[str, dict[str, str]] = defaultdict(dict)  # by film: its cells, and the table of each
    for table in filter(TABLES.fullmatch, listing(root).files):
        try:
            for film, cell in _cells(root, table):
                told[film][cell] = table
        except Rejected as refused:
            drops.append(_drop(table, refused.reason, refused.detail))
    known = {ref.case_id for ref in films}
    drops += [
        _drop(_called(film, row), "no_image", "a row of the table") for film, row in told.items() if film not in known
    ]
    read = headers(root, [ref.image for ref in films])
    whose = {h.file: h.patient for h in read if isinstance(h, Header) and h.patient}
    patients = ranks("p", whose)
    for ref, header in zip(films, read, strict=True):
        item = _case(ref, header, told.get(ref.case_id, {}))
        if isinstance(item, CaseRef):
            yield replace(item, patient_id=patients.get(ref.image))
        else:
            drops.append(item)
    yield from sorted(drops, key=lambda drop: natural(drop.what))


def _cells(root: Path, table: str) -> list[tuple[str, str]]:
    """Films and what the table says of them. Raises ``Rejected`` for a table of another kind of run lengths."""
    cells = [(row["ImageId"], row["EncodedPixels"]) for row in read_csv(root, table, ("ImageId", "EncodedPixels"))]
    several: list[Runs] = []
    for _, cell in cells:
        with suppress(ValueError):  # reading the film says what is wrong with it
            several += [runs for runs in [runs_of(cell)] if len(runs) > 1]
    if several and all(map(rising, several)):
        raise Rejected("bad_metadata", table, "runs are told by their first pixels, not by the gaps between them")
    return cells


def _called(film: str, cells: Mapping[str, str]) -> str:
    """What a row's film is called; where that is no name, the table that says it."""
    return film if film and film.isprintable() else next(iter(cells.values()))


def _case(ref: CaseRef, header: Header | Rejected, cells: Mapping[str, str]) -> CaseRef | Drop:
    if isinstance(header, Rejected):
        return _drop(ref.case_id, header.reason, header.detail)
    if header.burned_in:
        return _drop(ref.case_id, "burned_in")
    if not cells:
        return _drop(ref.case_id, "no_mask", "in no table")
    if NONE in cells and len(cells) > 1:
        return _drop(ref.case_id, "bad_metadata", "said to show pneumothorax and to show none")
    shown = {cell: table for cell, table in cells.items() if cell != NONE}
    masks = tuple(MaskRef(path=table, label=LABELS[0], pick=cell) for cell, table in sorted(shown.items()))
    return replace(ref, masks=masks)


def _drop(what: str, reason: str, detail: str = "") -> Drop:
    return Drop(source="siim_pneumothorax", what=what, reason=reason, detail=detail)


def load(ref: CaseRef) -> Case:
    """Read a film, and unite its masks. Raises ``Rejected``: what ``read_flat`` raises, ``unsupported_mode`` for
    colours, ``bad_outline`` for run lengths that do not end inside the picture.
    """
    root = Path(ref.root)
    flat = read_flat(root, ref.image)
    if flat.values.ndim != 2:
        raise Rejected("unsupported_mode", ref.image, "in colour")
    height, width = flat.values.shape
    masks = [_mask(mask.pick, width, height, ref.case_id) for mask in ref.masks]
    picture = drawn(flat.values, ref.modality, "", ref.image, sha256(read_bytes(root, ref.image)))
    readings = [MaskReading(mask=mask, doubtful_px=0) for mask in masks]
    case = case_of(
        ref, picture, readings, minimum_area=MINIMUM_AREA, exhaustive=True, labels=LABELS, spacing=flat.spacing
    )
    return replace(case, views=tuple(replace(view, grid=_placed(view.grid, flat)) for view in case.views))


def _mask(cell: str, width: int, height: int, what: str) -> Mask:
    try:
        return by_gaps(runs_of(cell), width, height)
    except ValueError as error:
        raise Rejected("bad_outline", what, str(error)) from None


def _placed(grid: Grid, flat: Flat) -> Grid:
    """The grid with the patient's sides, where the header states them for a film from the front or the back."""
    if flat.right is None or flat.down is None or abs(flat.right[0]) != 1 or abs(flat.down[2]) != 1:
        return grid
    return replace(grid, direction=(flat.down, flat.right), plane="frontal", evidence="header")


SOURCE: Final = Source(
    name="siim_pneumothorax",
    title="SIIM-ACR Pneumothorax Segmentation",
    version="2019",
    modality="xray",
    license="competition rules",
    license_class="script-only",
    url="https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation",
    labels=LABELS,
    exhaustive=True,
    patient_ids=True,
    minimum_area=MINIMUM_AREA,
    mask_rule="Run lengths down the columns, each told by the pixels since the run before",
    index=index,
    load=load,
    access="credentialed",
    size="12047 films, of which 2669 show pneumothorax",
    steps="Join the competition, download films and train-rle.csv, and give the folder that holds both.",
)
