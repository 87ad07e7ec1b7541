"""Twins (``docs/twins.md``): what a twin says of itself, and what its original says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from mmrs_builder import digests
from mmrs_builder.types import Mask, Pixels
from mmrs_builder.verify import pictures
from mmrs_builder.verify.anatomy import Finding
from mmrs_builder.verify.language import Language
from mmrs_builder.verify.measure import Shape
from mmrs_builder.verify.pictures import BadPicture
from mmrs_builder.verify.report import Fault
from mmrs_builder.verify.rows import Malformed, Row, StoredView, read_view
from mmrs_builder.verify.shards import UNREADABLE, Shard
from mmrs_builder.verify.signs import check_markers, plate, redrawn
from mmrs_builder.vocab import GEOMETRIC, MARKED, TWINS

PARAMS: Final[Mapping[str, tuple[str, ...]]] = {"turn": ("quarters",), "crop": ("x", "y", "width", "height")}
INHERITED: Final = (
    "case_id", "patient_id", "group_id", "source", "source_version", "license", "modality", "sequence", "split",
    "split_official", "source_sha256", "plane", "slice_index",
)  # fmt: skip
"""Fields that a twin has from its original."""

BESIDE: Final = {"mirror": "opposite", "turn": "opposite", "crop": "opposite", "canvas": "same"}
"""Kind of pair that every question of a twin is a half of."""


def check_twin(view: StoredView, shapes: Sequence[Shape], language: Language) -> Iterator[Finding]:
    """What the row of a view says of how it was made, as far as itself can tell."""
    rendered = (view.render or "").split("+")[-1].split("/")[0].split(":")[0]
    if view.transform is None:
        if view.twin_of is not None or view.markers or rendered in TWINS:
            yield "twin", f"a view that is no twin: twin_of {view.twin_of}, {len(view.markers)} signs, {view.render}"
        return
    if view.twin_of is None or view.transform not in TWINS or rendered != view.transform:
        yield "twin", f"{view.transform} of {view.twin_of}, rendered by {view.render}"
        return
    if view.view_id != f"{view.twin_of}~{view.transform}":
        yield "twin", f"not called {view.twin_of}~{view.transform}"
    if (view.direction, view.evidence, view.origin) != (None, None, None):
        yield "twin", "a twin has a place in the patient"
    yield from _check_params(view)
    wanted = BESIDE.get(view.transform)
    for question in view.questions:
        if wanted is not None and question.pair_kind != wanted:
            yield "twin", f"{question.question_id} is asked of the twin without its {wanted} half"
    if view.transform in MARKED:
        if view.absent:
            yield "twin", "a view with signs for names calls a label absent"
        yield from check_markers(view, shapes, language)
    elif view.markers:
        yield "twin", f"signs on a view made by {view.transform}"
    elif view.transform == "mirror":
        sided = {structure.label for structure in view.structures if structure.side is not None}
        for question in view.questions:
            if told := sorted(label for label in sided if f'"{label}"' in question.program):
                yield "twin", f"{question.question_id} names {told} on a mirrored picture"


def _check_params(view: StoredView) -> Iterator[Finding]:
    names = tuple(name for name, _ in view.params)
    if names != PARAMS.get(str(view.transform), ()):
        yield "twin", f"{view.transform} with parameters {', '.join(names)}"
    elif not all(value.is_integer() and value >= 0 for _, value in view.params):
        yield "twin", f"{view.transform} with {dict(view.params)}"
    elif view.transform == "turn" and dict(view.params)["quarters"] not in (1, 2, 3):
        yield "twin", f"a turn by {dict(view.params)['quarters']} quarters"


class Originals:
    """The originals of a folder's twins, kept until their last twin was met; and twins met before theirs."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self._left = Counter(wanted)
        self._rows: dict[str, Row] = {}
        self._waiting: list[Row] = []

    def add(self, row: Row) -> Iterator[Fault]:
        """Take in a view row, and compare it with its original if it is a twin."""
        if self._left[row["view_id"]]:
            self._rows[row["view_id"]] = row
        of = row["twin_of"]
        if of is None:
            return
        if of not in self._rows:
            self._waiting.append(row)
            return
        yield from compared(row, self._rows[of])
        self._left[of] -= 1
        if not self._left[of]:
            del self._rows[of]

    def faults(self) -> Iterator[Fault]:
        """Of twins that came before their original, or have none."""
        for row in self._waiting:
            if row["twin_of"] in self._rows:
                yield from compared(row, self._rows[row["twin_of"]])
            else:
                detail = f"its original {row['twin_of']} is not in the folder"
                yield Fault(code="twin", where=str(row["view_id"]), detail=detail)


def originals_of(shards: Sequence[Shard]) -> Iterator[str]:
    """The view that each twin of some shards was made from; a shard that cannot be read is reported elsewhere."""
    for shard in shards:
        try:
            found = pq.read_table(shard.path, columns=["twin_of"])["twin_of"].to_pylist()
        except UNREADABLE:
            continue
        yield from (name for name in found if name is not None)


def compared(row: Row, original: Row) -> Iterator[Fault]:
    """Everything that a twin has from its original: fields, pixels, masks."""
    try:
        details = list(_different(row, original))
    except (Malformed, BadPicture, KeyError, ValueError, IndexError) as error:
        details = [f"it cannot be compared with its original: {error}"]
    for detail in details:
        yield Fault(code="twin", where=str(row["view_id"]), detail=detail)


def _different(row: Row, original: Row) -> Iterator[str]:
    for name in INHERITED:
        if row[name] != original[name]:
            yield f"{name} is {row[name]!r}, of its original {original[name]!r}"
    twin, view = read_view(row), read_view(original)
    if view.twin_of is not None:
        yield "its original is a twin"
    spacing = view.spacing
    if twin.transform == "turn" and dict(twin.params)["quarters"] % 2 and spacing is not None:
        spacing = (spacing[1], spacing[0])
    if twin.spacing != spacing:
        yield f"spacing {twin.spacing}, by its original {spacing}"
    if (twin.image is None, twin.masks is None) != (view.image is None, view.masks is None):
        yield "it lacks something that its original has, or the reverse"
        return
    if twin.image is not None and view.image is not None:
        expected = _picture(twin, pictures.read_pixels(view.image))
        if not np.array_equal(pictures.read_pixels(twin.image), expected):
            yield "its picture is not what was done to that of its original"
    if twin.masks is not None and view.masks is not None:
        yield from _different_masks(twin, view, twin.masks, view.masks)


def _picture(twin: StoredView, pixels: Pixels) -> Pixels:
    if twin.transform in GEOMETRIC:
        return _done(pixels, twin)
    if any(_outside(plate(marker, twin.width, twin.height), twin) for marker in twin.markers):
        raise ValueError("a plate beyond the picture")
    return redrawn(np.full_like(pixels, 255) if twin.transform == "canvas" else pixels, twin.markers)


def _outside(box: tuple[int, int, int, int], view: StoredView) -> bool:
    return box[0] < 0 or box[1] < 0 or box[2] > view.width or box[3] > view.height


def _done(array: npt.NDArray[Any], twin: StoredView) -> npt.NDArray[Any]:
    """An array (H, W) or (H, W, 3) as a twin's transform changes it, index by index."""
    known = {name: int(value) for name, value in twin.params}
    if twin.transform == "mirror":
        return np.flip(array, axis=1)
    if twin.transform == "crop":
        if (known["width"], known["height"]) != (twin.width, twin.height) or min(known.values()) < 0:
            raise ValueError("the window has another size than its picture")
        rows = np.arange(known["y"], known["y"] + known["height"])
        columns = np.arange(known["x"], known["x"] + known["width"])
        return array[np.ix_(rows, columns)]
    for _ in range(known["quarters"] % 4):  # what stood at the right stands on top
        array = np.flip(np.swapaxes(array, 0, 1), axis=0)
    return array


def _different_masks(
    twin: StoredView, view: StoredView, stored: Sequence[bytes], originals: Sequence[bytes]
) -> Iterator[str]:
    if twin.transform == "canvas":
        return
    masks = [pictures.read_mask(data, twin.width, twin.height) for data in stored]
    before = [pictures.read_mask(data, view.width, view.height) for data in originals]
    if twin.transform == "mark":
        known = {digests.pixels_sha256(mask) for mask in before}
        if strange := [n for n, mask in enumerate(masks) if digests.pixels_sha256(mask) not in known]:
            yield f"structures {strange} are none of its original"
        return
    if twin.absent != view.absent:
        yield f"absent are {twin.absent}, of its original {view.absent}"
    # components follow from their whole
    found = _annotated(twin, masks)
    expected = _annotated(view, [np.ascontiguousarray(_done(mask, twin)) for mask in before])
    if found != expected:
        labels = sorted({key[0] for key in ((found - expected) | (expected - found))})
        yield f"the masks of {', '.join(labels)} are not what was done to those of its original"


def _annotated(view: StoredView, masks: Sequence[Mask]) -> Counter[tuple[str, str, str]]:
    return Counter(
        (stored.label, stored.part, digests.pixels_sha256(mask))
        for stored, mask in zip(view.structures, masks, strict=True)
        if stored.part != "component" and mask.any()
    )
