"""The records that cross file borders: frozen, slotted, keyword-only.

Unknown is ``None``, never a sentinel number. Arrays are ``(H, W)`` with row 0 at the top; positions are ``(x, y)``
pixels in the viewer frame, the first pixel centred at (0, 0); boxes are half-open ``(x0, y0, x1, y1)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Mask: TypeAlias = npt.NDArray[np.bool_]  # (H, W)
Pixels: TypeAlias = npt.NDArray[np.uint8]  # (H, W) grey or (H, W, 3) RGB
Voxels: TypeAlias = npt.NDArray[Any]  # (i, j, k), integer or floating
Mask3: TypeAlias = npt.NDArray[np.bool_]  # (i, j, k)
Point: TypeAlias = tuple[float, float]  # (x, y)
Vector: TypeAlias = tuple[float, float, float]  # patient LPS
Box: TypeAlias = tuple[int, int, int, int]  # half-open x0 y0 x1 y1

Part: TypeAlias = Literal["whole", "instance", "component"]
Kind: TypeAlias = Literal["open", "choice", "yes_no", "number", "segment"]
Frame: TypeAlias = Literal["viewer", "patient"]
Evidence: TypeAlias = Literal["header", "convention", "annotation"]
LicenseClass: TypeAlias = Literal["redistributable", "masks-allowed", "script-only"]
"""What may be passed on, on the corpus's own terms: pictures and masks; masks without pictures; neither of them."""

Access: TypeAlias = Literal["embedded", "own", "auto", "manual", "credentialed"]
"""How a corpus is obtained: drawn by the project itself; the user's own files; downloaded by the project; downloaded by
hand from an open page; only with an account or a signed agreement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where a picture lies in space. Lists are ordered [down, right].

    ``spacing`` is in mm; ``direction`` holds unit vectors in patient LPS and is non-null exactly when ``evidence``
    is; ``origin`` is the patient position of the first pixel's centre in mm.
    """

    width: int
    height: int
    spacing: tuple[float, float] | None = None
    direction: tuple[Vector, Vector] | None = None
    origin: Vector | None = None
    plane: str | None = None
    slice_index: int | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Where the voxels of a volume lie: (i, j, k) is centred at ``origin + i·steps[0] + j·steps[1] + k·steps[2]``.

    Millimetres in patient LPS. ``evidence`` is ``None`` where nothing says how the axes lie in the patient; steps are
    then along the array's own axes and mean distances only.
    """

    shape: tuple[int, int, int]
    origin: Vector
    steps: tuple[Vector, Vector, Vector]
    evidence: Evidence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Scalar values (shape of the lattice) of any integer or floating type, and where they lie."""

    values: Voxels
    lattice: Lattice


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRef:
    """One annotation file of a case and the canonical label it shows."""

    path: str  # relative to the corpus root
    label: str
    instance: bool = False  # annotated one by one: several files of one label are several instances
    pick: str = ""  # what of the file is meant, in the source's own spelling: label numbers, a segment, an outline


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRef:
    """A case found by a source's index, before any pixel is opened. Paths are relative to ``root``."""

    source: str
    root: str
    case_id: str
    image: str
    masks: tuple[MaskRef, ...] = ()
    modality: str = ""
    sequence: str | None = None
    patient_id: str | None = None
    group: str | None = None  # lesion, sequence, study: what a split must keep together
    split_official: str | None = None
    boxes: tuple[Box, ...] = ()  # boxes published beside the masks, used as a cross-check
    files: tuple[str, ...] = ()  # where ``image`` names no file: those of a series' folder, or the table of a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Something found and not used. ``reason`` is a code of ``vocab.REASONS``; ``what`` is a path or an id."""

    source: str
    what: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as it will be stored.

    ``data`` are the bytes that go into the shard; ``pixels`` is what every reader must decode from them.
    ``render`` is ``None`` when the coded pixel data of the file passes through untouched.
    """

    data: bytes
    pixels: Pixels
    source_sha256: str
    render: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A binary mask (H, W) of one canonical label, specks already removed."""

    label: str
    mask: Mask
    instance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A sign of ``vocab.GLYPHS`` drawn on a picture: the pixel on which it is centred, and the structure it names."""

    glyph: str
    x: int
    y: int
    structure: int  # its index among the view's structures


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """How a view was made from the view ``of``: an operation of ``vocab.TWINS``, its parameters, the markers drawn."""

    of: str
    op: str
    params: tuple[tuple[str, float], ...] = ()
    markers: tuple[Marker, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture with its masks: a 2D case, or one slice of a volume."""

    view_id: str
    case_id: str
    picture: Picture
    grid: Grid
    annotations: tuple[Annotation, ...]
    absent: tuple[str, ...] = ()
    doubtful_px: int = 0  # mask pixels between background and foreground that the threshold had to decide
    specks: int = 0  # connected components below the source's minimum area
    speck_px: int = 0
    twin: Twin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A loaded case: its reference and the views it offers."""

    ref: CaseRef
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A measured mask: what a shard stores, plus the exact integers that relations compare.

    ``ninths`` and ``quarters`` are areas in units of 1/9 and 1/4 pixel, row by row from the upper left.
    ``centre_inside`` says whether the pixels at the picture's centre are all (True), none (False) or partly (None)
    in the mask; ``centre_distance`` is the distance in px to the nearest pixel of the other kind.
    """

    label: str
    role: str
    side: str | None
    part: Part
    parent: int | None
    box: Box
    centroid: Point
    area_px: int
    quarters: tuple[int, int, int, int]
    ninths: tuple[int, int, int, int, int, int, int, int, int]
    border_px: int
    centre_inside: bool | None
    centre_distance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What only the pixels of two structures can tell. ``a < b`` are indices into a scene's structures.

    ``shared_px`` common pixels; ``gap_px`` smallest distance between pixel centres; ``contact_px`` pixels of the
    smaller structure that have an 8-neighbour in the other one (of equal areas: the smaller number); ``gap_mm`` the
    smallest distance in mm, which need not be between the same two pixels, None where the grid has no spacing.
    """

    a: int
    b: int
    shared_px: int
    gap_px: float
    contact_px: int
    gap_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """A scene's structures and pairs, in its order, measured again with every mask changed as ``jitter`` says."""

    way: str
    structures: tuple[Structure, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that questions may be asked about: no pixels, no language, no randomness."""

    view_id: str
    case_id: str
    source: str
    modality: str
    grid: Grid
    structures: tuple[Structure, ...]
    pairs: tuple[Pair, ...]
    absent: tuple[str, ...]
    incomplete: tuple[str, ...] = ()  # labels of which some visible structures may have no mask
    jitter: tuple[Jitter, ...] = ()  # as other hands might have annotated it
    twin: Twin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A slot of a family, the text that stands for it and the structures it refers to."""

    slot: str
    text: str
    structures: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question with its proof; the fields are those of a shard's ``qa`` items."""

    question_id: str
    question: str
    answer: str
    kind: Kind
    choices: tuple[str, ...] | None
    answer_index: int | None
    value: str
    unit: str | None
    tolerance: float | None
    family: str
    template_id: str
    program: str
    target_program: str | None
    target: tuple[int, ...] | None
    bindings: tuple[Binding, ...]
    frame: Frame
    margin: float
    min_margin: float
    pair_id: str | None = None
    pair_kind: str | None = None
    prior_bound: bool = False
    balanced: bool = True
    difficulty: int = 1
    text_source: Literal["template", "bank", "row"] = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name of a structure. ``article`` names the forms that it takes in sentences."""

    name: str
    plural: str
    article: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Synonym(Name):
    """Another name for exactly the same thing, and whose word it is (``vocab.REGISTERS``)."""

    register: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(Name):
    """What a canonical label is called: its main name, and others."""

    also: tuple[Synonym, ...] = ()

    @property
    def names(self) -> tuple[Name, ...]:
        """All its names, the main one first."""
        return (self, *self.also)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A canonical label: one vocabulary across sources."""

    id: str
    role: str
    side: str | None = None
    partner: str | None = None
    aliases: tuple[str, ...] = ()  # other names that corpora give it, in the spelling of an id
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """An archive of a corpus. ``sha256`` is ``None`` where nobody has pinned it; then it is recorded, not checked."""

    url: str
    sha256: str | None = None
    folder: str = ""  # below the corpus folder: where it is unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A corpus: what is known of it, and two functions.

    ``index(root)`` yields a ``CaseRef`` per case and a ``Drop`` per file it cannot use, sorted, opening no pixels.
    ``load(ref)`` returns the case or raises ``vocab.Rejected`` with a reason code.
    """

    name: str
    title: str
    version: str
    modality: str
    license: str
    license_class: LicenseClass
    url: str
    labels: tuple[str, ...]
    exhaustive: bool  # every structure of ``labels`` is annotated wherever it is visible
    patient_ids: bool
    minimum_area: float  # smallest kept component, as a fraction of the picture
    mask_rule: str  # how a mask becomes binary, in words
    index: Callable[[Path], Iterator[CaseRef | Drop]]
    load: Callable[[CaseRef], Case]
    terms: tuple[tuple[Label, Term], ...] = ()  # labels of one's own data that the vocabulary lacks
    access: Access = "own"
    downloads: tuple[Download, ...] = ()  # of ``auto`` sources, in the order in which they are unpacked
    size: str = ""
    steps: str = ""  # how to obtain it by hand

    @property
    def embedded(self) -> bool:
        """Whether the project draws it itself: such a source needs no folder."""
        return self.access == "embedded"
