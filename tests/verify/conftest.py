"""Two tiny views drawn with rectangles, and questions about them whose answers were worked out on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmrs_builder import digests, schema
from tests.verify.drawn import (
    ALSO,
    FORMS,
    IMAGES,
    LABELS,
    PAIRED,
    REFUSALS,
    Row,
    asked,
    bind,
    draw,
    rectangle,
    sha,
    view,
)
from tests.verify.gallery import gallery
from tests.verify.torso import PATIENT_FAMILIES, torso
from tests.verify.tray import TRAY_FAMILIES, TRAY_PHRASES, TRAY_VALUES, other_tray, tray
from tests.verify.ward import WARD_FAMILIES, ward

FAMILIES: list[Row] = [
    {
        "id": "locate.quadrant", "program": "quadrant(the(A))", "target": "the(A)",
        "kinds": ["open", "choice", "yes_no"],
        "question": ["Which quadrant of the image holds {A}?", "Where in the image is {A}?"],
        "claim": ["Does {A} lie in the {value} quadrant?"],
        "statement": ["{A} lies in the {value} quadrant."],
    },
    {
        "id": "locate.side", "program": "side(the(A))", "target": "the(A)", "kinds": ["choice"],
        "question": ["Which half of the image holds {A}?"],
    },
    {
        "id": "relate.horizontal", "program": "horizontal(the(A), the(B))", "target": "the(A)",
        "kinds": ["open", "yes_no"],
        "question": ["On which side of {B} is {A}?"],
        "claim": ["Is {A} {value} {B}?"],
        "statement": ["{A} is {value} {B}."],
    },
    {
        "id": "count.all", "program": "count(all(A))", "target": "all(A)", "kinds": ["number"],
        "question": ["How many {A.plural} are there?"],
    },
    {
        "id": "count.left", "program": 'count(within(all(A), "left"))', "target": 'within(all(A), "left")',
        "kinds": ["number"], "question": ["How many {A.plural} lie in the left half?"],
    },
    {
        "id": "exists", "program": "exists(A)", "target": "all(A)", "kinds": ["yes_no"],
        "question": ["Is there {A.a} in the image?"],
    },
    {
        "id": "size.share", "program": "share(the(A))", "kinds": ["number"], "unit": "percent", "tolerance": 0.1,
        "question": ["How much of the image does {A} cover?"], "where": {"A": "organ"},
    },
    {
        "id": "refer.largest", "program": "largest(all(A))", "kinds": ["segment"],
        "question": ["Outline the largest {A.name}."], "statement": ["Here is the largest {A.name}."],
    },
    {
        "id": "compare.largest", "program": "largest(among(A, B))", "kinds": ["choice"], "symmetric": True,
        "question": ["Which of {A} and {B} is the largest?"],
    },
]  # fmt: skip

LANGUAGE: Row = {
    "version": 2,
    "language": "en",
    "families": [
        {"frame": "viewer", "target": None, "claim": [], "statement": [], "min_margin": 0.1, "choices": None,
         "unit": None, "tolerance": None, "where": {}, "symmetric": False, "other_frame": [], **family}
        for family in (*FAMILIES, *PATIENT_FAMILIES, *TRAY_FAMILIES, *WARD_FAMILIES)
    ],
    "labels": {
        key: {
            "name": name, "plural": plural, "article": article, "role": role,
            **dict(zip(("side", "partner"), PAIRED.get(key, (None, None)), strict=True)), "also": ALSO.get(key, []),
        }
        for key, (name, plural, article, role) in LABELS.items()
    },
    "forms": FORMS,
    "images": IMAGES,
    "refusals": REFUSALS,
    "values": {
        "Quadrant": {
            "upper_left": "upper left", "upper_right": "upper right",
            "lower_left": "lower left", "lower_right": "lower right",
        },
        "Side": {"left": "left", "right": "right"},
        "Horizontal": {"left": "left", "right": "right"},
        "Vertical": {"above": "above", "below": "below"},
        "Lateral": {"left": "left", "right": "right"},
        "Depth": {"anterior": "anterior", "posterior": "posterior"},
        "Laterality": {"ipsilateral": "ipsilateral", "contralateral": "contralateral"},
        **TRAY_VALUES,
    },
    "phrases": {"Horizontal": {"left": "to the left of", "right": "to the right of"}, **TRAY_PHRASES},
    "units": {"percent": "%", "mm": "mm"},
    "words": {"yes": "Yes", "no": "No"},
}  # fmt: skip


def organs() -> Row:
    """40 x 20: a liver upper left, a spleen upper right, a polyp in two pieces; no kidney."""
    size, name = (40, 20), "organs"
    liver, spleen, one, two = (2, 2, 10, 8), (30, 4, 34, 10), (14, 14, 18, 18), (22, 12, 24, 16)
    whole = rectangle("polyp", "whole", (14, 12, 24, 18), size, None) | {
        "centroid": [(16 * 15.5 + 8 * 22.5) / 24, (16 * 15.5 + 8 * 13.5) / 24], "area_px": 24, "area_fraction": 0.03,
    }  # fmt: skip
    a_liver = bind(A=("the liver", [0]))
    a_liver_b_spleen = bind(A=("the liver", [0]), B=("the spleen", [1]))
    quadrants = ["upper left", "upper right", "lower left", "lower right"]
    on_liver = {"bindings": a_liver, "target_program": 'the("liver")', "target": [0]}
    beside = {"bindings": a_liver_b_spleen, "target_program": 'the("liver")', "target": [0]}
    which, where = "Which quadrant of the image holds {A}?", "Where in the image is {A}?"
    qa = [
        # u = 6/40, v = 5/20: the margin is |2v - 1| = 0.5
        asked(name, "locate.quadrant", "open", 'quadrant(the("liver"))', "upper_left", which,
            "{A} lies in the {value} quadrant.", "Which quadrant of the image holds the liver?",
            "The liver lies in the upper left quadrant.", margin=0.5, **on_liver),
        asked(name, "locate.quadrant", "choice", 'quadrant(the("liver"))', "upper_left", where, "",
            "Where in the image is the liver?", "upper left", margin=0.5, choices=quadrants, answer_index=0,
            **on_liver),
        asked(name, "locate.quadrant", "yes_no", 'quadrant(the("liver")) == "lower_left"', "false",
            "Does {A} lie in the {value} quadrant?", "", "Does the liver lie in the lower left quadrant?", "No",
            margin=0.5, **on_liver),
        # |2u - 1| = 0.7
        asked(name, "locate.side", "choice", 'side(the("liver"))', "left", "Which half of the image holds {A}?", "",
            "Which half of the image holds the liver?", "left", margin=0.7, choices=["right", "left"], answer_index=1,
            **on_liver),
        # 26 px between the centroids, mean box width 6: far beyond overlap
        asked(name, "relate.horizontal", "open", 'horizontal(the("liver"), the("spleen"))', "left",
            "On which side of {B} is {A}?", "{A} is {value} {B}.", "On which side of the spleen is the liver?",
            "The liver is to the left of the spleen.", **beside),
        asked(name, "relate.horizontal", "yes_no", 'horizontal(the("liver"), the("spleen")) == "left"', "true",
            "Is {A} {value} {B}?", "", "Is the liver to the left of the spleen?", "Yes", **beside),
        # the pieces are 5 px apart and 16 and 8 px large
        asked(name, "count.all", "number", 'count(all("polyp"))', "2", "How many {A.plural} are there?", "",
            "How many polyps are there?", "2", bindings=bind(A=("the polyp", [3, 4])), target_program='all("polyp")',
            target=[3, 4]),
        asked(name, "exists", "yes_no", 'exists("kidney")', "false", "Is there {A.a} in the image?", "",
            "Is there a kidney in the image?", "No", bindings=bind(A=("the kidney", [])),
            target_program='all("kidney")', target=[]),
        # 48 of 800 px
        asked(name, "size.share", "number", 'share(the("liver"))', "6.0", "How much of the image does {A} cover?", "",
            "How much of the image does the liver cover?", "6.0 %", unit="percent", tolerance=0.6, bindings=a_liver),
        asked(name, "refer.largest", "segment", 'largest(all("polyp"))', "3", "Outline the largest {A.name}.",
            "Here is the largest {A.name}.", "Outline the largest polyp.", "Here is the largest polyp.", margin=0.5,
            bindings=bind(A=("the polyp", [3, 4])), target_program='largest(all("polyp"))', target=[3]),
        # the areas are 48 and 24 px
        asked(name, "compare.largest", "choice", 'largest(among("liver", "spleen"))', "0",
            "Which of {A} and {B} is the largest?", "", "Which of the liver and the spleen is the largest?",
            "the liver", margin=0.5, choices=["the spleen", "the liver"], answer_index=1, bindings=a_liver_b_spleen),
    ]  # fmt: skip
    structures = [
        rectangle("liver", "whole", liver, size, None),
        rectangle("spleen", "whole", spleen, size, None),
        whole,
        rectangle("polyp", "component", one, size, 2),
        rectangle("polyp", "component", two, size, 2),
    ]
    masks = [draw(size, *boxes) for boxes in ((liver,), (spleen,), (one, two), (one,), (two,))]
    grey = np.arange(800, dtype=np.uint32).reshape(20, 40).astype(np.uint8)
    return view(name, "train", grey, structures=structures, masks=masks, qa=qa, absent=["kidney"])


def clips() -> Row:
    """30 x 30 in colour: two clips annotated one by one; 3.5/30 and 22.5/30 across."""
    size, name = (30, 30), "clips"
    boxes = ((2, 2, 5, 5), (20, 20, 25, 25))
    question = asked(
        name, "count.left", "number", 'count(within(all("clip"), "left"))', "1",
        "How many {A.plural} lie in the left half?", "", "How many clips lie in the left half?", "1", margin=0.5,
        bindings=bind(A=("the clip", [0, 1])), target_program='within(all("clip"), "left")', target=[0], difficulty=2,
    )  # fmt: skip
    colour = np.arange(2700, dtype=np.uint32).reshape(30, 30, 3).astype(np.uint8)
    structures = [rectangle("clip", "instance", box, size, None) for box in boxes]
    return view(
        name, "test", colour, structures=structures, masks=[draw(size, box) for box in boxes], qa=[question],
        spacing_mm=[0.5, 0.5], origin_mm=[0.0, 1.0, 2.0], direction=[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
        laterality_evidence="header",
    )  # fmt: skip


def write_folder(out: Path, rows: list[Row], qa: list[Row] | None = None) -> Path:
    """Publish view rows as a folder with its projection and manifest, a shard per split."""
    scalars = [name for name, _ in schema.SCALAR_VIEW_FIELDS]
    flat = [{**item, **{name: row[name] for name in scalars}} for row in rows for item in row["qa"]]
    configs = {"default": ("data", rows), "qa": ("qa", flat if qa is None else qa)}
    files: dict[str, Row] = {}
    for config, (folder, items) in configs.items():
        for split in sorted({item["split"] for item in items}):
            path = out / folder / f"{split}-00000-of-00001.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            mine = [item for item in items if item["split"] == split]
            table = pa.Table.from_pylist(mine, schema=schema.arrow_schema(config, LANGUAGE))
            pq.write_table(table, path, write_page_checksum=True)
            files[f"{folder}/{path.name}"] = {"rows": len(mine)}
    for name, entry in files.items():
        data = (out / name).read_bytes()
        entry.update(sha256=sha(data), bytes=len(data))
    hashes = {config: digests.logical_hash(items) for config, (_, items) in configs.items()}
    manifest = {"format": 1, "files": files, "logical_rows_sha256": hashes, "settings": {}, "versions": {}}
    (out / ".mmrs").mkdir(parents=True, exist_ok=True)
    (out / ".mmrs" / "manifest.json").write_text(json.dumps(manifest))
    return out


@pytest.fixture
def rows() -> list[Row]:
    """Sound view rows; a third one has neither structures nor questions."""
    empty = view("empty", "train", np.zeros((8, 12), dtype=np.uint8), group_id="organs")
    return [organs(), clips(), empty]


@pytest.fixture
def patient() -> Row:
    """A sound view with questions of the patient's frame."""
    return torso()


@pytest.fixture
def joined() -> Row:
    """A sound view with questions that join, order and filter what it shows."""
    return tray()


@pytest.fixture
def other_half() -> Row:
    """A sound view with the other half of the pair that a question of ``joined`` is of."""
    return other_tray()


@pytest.fixture
def refused() -> list[Row]:
    """A sound view that can answer, and one that is asked the same and cannot."""
    return ward()


@pytest.fixture
def twinned() -> list[Row]:
    """A sound view, its mirror image, its picture with signs for names, and the signs on white."""
    return gallery()


@pytest.fixture
def publish(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows (and, if given, other ``qa`` rows) as a sealed folder."""
    return lambda rows, qa=None: write_folder(tmp_path / "shards", rows, qa)


@pytest.fixture
def ask() -> Callable[..., Row]:
    """Makes a question with its ids."""
    return asked


@pytest.fixture
def language_json() -> Row:
    """The language of the drawn shards, free to be changed."""
    copied: Row = json.loads(json.dumps(LANGUAGE))
    return copied


@pytest.fixture
def folder(rows: list[Row], publish: Callable[..., Path]) -> Path:
    """A sound folder."""
    return publish(rows)
