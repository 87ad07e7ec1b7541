"""The schema of a shard: Hugging Face reads from it what to decode, whatever the first rows hold."""

from __future__ import annotations

import io
import json
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features, Image, List, Value
from PIL import Image as PillowImage

from mmrs_builder.schema import (
    QA_FIELDS,
    QUESTION_FIELDS,
    SCALAR_VIEW_FIELDS,
    SCHEMA_VERSION,
    VIEW_FIELDS,
    arrow_schema,
)
from mmrs_builder.shards import write_shard

TEXT, INT, FLOAT = Value("string"), Value("int32"), Value("float64")
QUESTION = {
    "question_id": TEXT, "question": TEXT, "answer": TEXT, "kind": TEXT, "choices": List(TEXT), "answer_index": INT,
    "value": TEXT, "unit": TEXT, "tolerance": FLOAT, "family": TEXT, "template_id": TEXT, "program": TEXT,
    "target_program": TEXT, "target": List(INT),
    "bindings": List({"slot": TEXT, "text": TEXT, "structures": List(INT)}),
    "frame": TEXT, "margin": FLOAT, "min_margin": FLOAT, "pair_id": TEXT, "pair_kind": TEXT,
    "prior_bound": Value("bool"), "balanced": Value("bool"), "difficulty": INT, "text_source": TEXT,
}  # fmt: skip
STRUCTURE = {
    "label": TEXT, "role": TEXT, "side": TEXT, "part": TEXT, "parent": INT, "bbox": List(INT), "centroid": List(FLOAT),
    "area_px": Value("int64"), "area_fraction": FLOAT, "touches_border": Value("bool"),
}  # fmt: skip
HEAD = (
    "view_id", "case_id", "patient_id", "group_id", "source", "source_version", "license", "modality", "sequence",
    "split", "split_official",
)  # fmt: skip
VIEW = {
    **dict.fromkeys(HEAD, TEXT),
    "image": Image(),
    "width": INT, "height": INT, "source_sha256": TEXT, "image_sha256": TEXT, "pixels_sha256": TEXT, "plane": TEXT,
    "slice_index": INT,
    "origin_mm": List(FLOAT), "spacing_mm": List(FLOAT), "direction": List(List(FLOAT)),
    "laterality_evidence": TEXT, "render": TEXT, "twin_of": TEXT,
    "transform": {"op": TEXT, "params": List({"name": TEXT, "value": FLOAT})},
    "markers": List({"glyph": TEXT, "x": FLOAT, "y": FLOAT, "structure": INT}),
    "absent": List(TEXT), "structures": List(STRUCTURE), "masks": List(Image()), "qa": List(QUESTION),
}  # fmt: skip
NESTED = (
    "image",
    "origin_mm",
    "spacing_mm",
    "direction",
    "transform",
    "markers",
    "absent",
    "structures",
    "masks",
    "qa",
)
FLAT = {**QUESTION, **{name: kind for name, kind in VIEW.items() if name not in NESTED}}


@pytest.mark.parametrize(("config", "features"), [("default", VIEW), ("qa", FLAT)])
def test_the_schema_is_what_hugging_face_would_write_for_these_features(config: str, features: dict[str, object]):
    expected = Features(features).arrow_schema
    schema = arrow_schema(config, {})
    assert schema.remove_metadata() == expected.remove_metadata()
    assert json.loads(schema.metadata[b"huggingface"]) == json.loads(expected.metadata[b"huggingface"])


def test_the_metadata_hold_version_and_language_and_nothing_else():
    metadata = arrow_schema("qa", {"words": {"yes": "Größe"}}).metadata
    assert sorted(metadata) == [b"huggingface", b"mmrs.language", b"mmrs.schema_version"]
    assert metadata[b"mmrs.schema_version"] == str(SCHEMA_VERSION).encode()
    assert json.loads(metadata[b"mmrs.language"]) == {"words": {"yes": "Größe"}}


def test_the_question_rows_hold_every_question_field_and_every_plain_view_field_once():
    names = [name for name, _ in QA_FIELDS]
    assert names == [*(name for name, _ in QUESTION_FIELDS), *(name for name, _ in SCALAR_VIEW_FIELDS)]
    assert len(set(names)) == len(names)
    plain = {name for name, kind in VIEW_FIELDS if not pa.types.is_nested(kind)}
    assert {name for name, _ in SCALAR_VIEW_FIELDS} == plain


def test_an_unknown_config_has_no_schema():
    with pytest.raises(KeyError):
        arrow_schema("preview of nothing", {})


def png(pixels: np.ndarray) -> bytes:
    coded = io.BytesIO()
    PillowImage.fromarray(pixels).save(coded, "PNG")
    return coded.getvalue()


def row(number: int, masks: list[np.ndarray], questions: list[dict[str, object]]) -> dict[str, object]:
    empty = {name: [] if pa.types.is_list(kind) else None for name, kind in VIEW_FIELDS}
    return {
        **empty,
        "view_id": f"v{number}",
        "image": {"bytes": png(np.full((4, 6), number, dtype=np.uint8)), "path": None},
        "masks": [{"bytes": png(mask), "path": None} for mask in masks],
        "qa": questions,
    }


def test_a_shard_whose_first_rows_have_empty_lists_is_decoded(tmp_path: Path):
    mask = np.eye(4, 6, dtype=np.bool_)
    question = {**dict.fromkeys(QUESTION), "question": "Where?", "target": [0], "bindings": []}
    path = tmp_path / "train-00000-of-00001.parquet"
    write_shard(path, [row(1, [], []), row(2, [], []), row(3, [mask], [question])], arrow_schema("default", {}))
    loaded = datasets.load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.features == Features(VIEW)
    assert (loaded[0]["masks"], loaded[0]["qa"]) == ([], [])
    assert np.array_equal(np.asarray(loaded[2]["masks"][0]), mask)
    assert loaded[2]["image"].getpixel((0, 0)) == 3
    assert (loaded[2]["qa"][0]["question"], loaded[2]["qa"][0]["target"]) == ("Where?", [0])


def test_pictures_are_stored_as_they_are_and_text_compressed(tmp_path: Path):
    path = tmp_path / "shard.parquet"
    write_shard(path, [row(1, [np.eye(4, dtype=np.bool_)], [])], arrow_schema("default", {}))
    group = pq.ParquetFile(path).metadata.row_group(0)
    codecs = {group.column(i).path_in_schema: group.column(i).compression for i in range(group.num_columns)}
    coded = {name for name, codec in codecs.items() if codec == "UNCOMPRESSED"}
    assert {name.split(".")[0] for name in coded} == {"image", "masks"}
    assert set(codecs.values()) == {"UNCOMPRESSED", "ZSTD"}


def test_a_value_of_the_wrong_type_is_not_written(tmp_path: Path):
    wrong = {**row(1, [], []), "width": "six"}
    with pytest.raises(pa.ArrowInvalid):
        write_shard(tmp_path / "shard.parquet", [wrong], arrow_schema("default", {}))
