"""The one frozen schema of a shard, and the rows it holds.

The Arrow schema carries the Hugging Face feature description in its metadata, so that ``load_dataset`` decodes images
and masks with nothing of this project installed, and the language in ``mmrs.language``, so that every question and
answer can be re-rendered from the shard alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

SCHEMA_VERSION: Final = 1
"""Raised when a field changes meaning, name or type; readers refuse versions they do not know. Fields that were null
may be filled without a new version. A release that raises it must also read every older version."""

RECIPE: Final = "mmrs.recipe"
"""Metadata key of a shard of config ``default`` that lacks what licences do not let pass on; see ``withholding``."""

IMAGE: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

BINDING: Final = pa.struct([("slot", pa.string()), ("text", pa.string()), ("structures", pa.list_(pa.int32()))])

QUESTION_FIELDS: Final[tuple[tuple[str, pa.DataType], ...]] = (
    ("question_id", pa.string()),
    ("question", pa.string()),
    ("answer", pa.string()),
    ("kind", pa.string()),
    ("choices", pa.list_(pa.string())),
    ("answer_index", pa.int32()),
    ("value", pa.string()),
    ("unit", pa.string()),
    ("tolerance", pa.float64()),
    ("family", pa.string()),
    ("template_id", pa.string()),
    ("program", pa.string()),
    ("target_program", pa.string()),
    ("target", pa.list_(pa.int32())),
    ("bindings", pa.list_(BINDING)),
    ("frame", pa.string()),
    ("margin", pa.float64()),
    ("min_margin", pa.float64()),
    ("pair_id", pa.string()),
    ("pair_kind", pa.string()),
    ("prior_bound", pa.bool_()),
    ("balanced", pa.bool_()),
    ("difficulty", pa.int32()),
    ("text_source", pa.string()),
)

STRUCTURE: Final = pa.struct(
    [
        ("label", pa.string()),
        ("role", pa.string()),
        ("side", pa.string()),
        ("part", pa.string()),
        ("parent", pa.int32()),
        ("bbox", pa.list_(pa.int32())),
        ("centroid", pa.list_(pa.float64())),
        ("area_px", pa.int64()),
        ("area_fraction", pa.float64()),
        ("touches_border", pa.bool_()),
    ]
)

TRANSFORM: Final = pa.struct(
    [("op", pa.string()), ("params", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64())])))]
)
MARKER: Final = pa.struct([("glyph", pa.string()), ("x", pa.float64()), ("y", pa.float64()), ("structure", pa.int32())])

SCALAR_VIEW_FIELDS: Final[tuple[tuple[str, pa.DataType], ...]] = (
    ("view_id", pa.string()),
    ("case_id", pa.string()),
    ("patient_id", pa.string()),
    ("group_id", pa.string()),
    ("source", pa.string()),
    ("source_version", pa.string()),
    ("license", pa.string()),
    ("modality", pa.string()),
    ("sequence", pa.string()),
    ("split", pa.string()),
    ("split_official", pa.string()),
    ("width", pa.int32()),
    ("height", pa.int32()),
    ("source_sha256", pa.string()),
    ("image_sha256", pa.string()),
    ("pixels_sha256", pa.string()),
    ("plane", pa.string()),
    ("slice_index", pa.int32()),
    ("laterality_evidence", pa.string()),
    ("render", pa.string()),
    ("twin_of", pa.string()),
)

VIEW_FIELDS: Final[tuple[tuple[str, pa.DataType], ...]] = (
    *SCALAR_VIEW_FIELDS[:11],
    ("image", IMAGE),
    *SCALAR_VIEW_FIELDS[11:18],
    ("origin_mm", pa.list_(pa.float64())),
    ("spacing_mm", pa.list_(pa.float64())),
    ("direction", pa.list_(pa.list_(pa.float64()))),
    *SCALAR_VIEW_FIELDS[18:],
    ("transform", TRANSFORM),
    ("markers", pa.list_(MARKER)),
    ("absent", pa.list_(pa.string())),
    ("structures", pa.list_(STRUCTURE)),
    ("masks", pa.list_(IMAGE)),
    ("qa", pa.list_(pa.struct(list(QUESTION_FIELDS)))),
)

QA_FIELDS: Final = (*QUESTION_FIELDS, *SCALAR_VIEW_FIELDS)

SHOWN_QUESTION_FIELDS: Final = tuple(
    (name, kind)
    for name, kind in QUESTION_FIELDS
    if name in ("question_id", "question", "choices", "answer", "kind", "family", "program", "margin")
)

PREVIEW_FIELDS: Final[tuple[tuple[str, pa.DataType], ...]] = (
    *((name, pa.string()) for name in ("view_id", "source", "license", "modality", "split")),
    ("overlay", IMAGE),
    ("legend", pa.list_(pa.struct([("label", pa.string()), ("colour", pa.string())]))),
    ("qa", pa.list_(pa.struct(list(SHOWN_QUESTION_FIELDS)))),
)
"""A view to look at. ``overlay`` is its picture with every structure but components drawn in the colour of its label
(``#rrggbb`` in ``legend``), as ``mmrs_builder/preview.py`` defines; ``qa`` are its questions."""

MOST_PREVIEWS: Final = 500
"""Rows of config ``preview``."""


def feature(kind: pa.DataType) -> object:
    """Hugging Face feature description of an Arrow type (``datasets`` 4 and later: ``List`` for lists)."""
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return {"feature": feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {field.name: feature(field.type) for field in kind}
    names = {
        pa.string(): "string",
        pa.int32(): "int32",
        pa.int64(): "int64",
        pa.float64(): "float64",
        pa.bool_(): "bool",
    }
    return {"dtype": names[kind], "_type": "Value"}


def arrow_schema(
    config: str, language: Mapping[str, object], rows: Mapping[str, Sequence[str]] | None = None
) -> pa.Schema:
    """Schema of config ``default`` (a row per view), ``qa`` (per question) or ``preview``, metadata included.

    ``rows`` are wordings made for single rows of this shard: of question and answer, by ``template_id``.
    """
    fields = {"default": VIEW_FIELDS, "qa": QA_FIELDS, "preview": PREVIEW_FIELDS}[config]
    features = {name: feature(kind) for name, kind in fields}
    metadata = {
        "huggingface": json.dumps({"info": {"features": features}}),
        "mmrs.schema_version": str(SCHEMA_VERSION),
        "mmrs.language": json.dumps(language, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
    }
    if rows:
        metadata["mmrs.rows"] = json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return pa.schema(list(fields), metadata=metadata)
