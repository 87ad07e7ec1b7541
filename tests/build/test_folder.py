"""What lies in a published folder, byte by byte."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from mmrs_builder.schema import QA_FIELDS, VIEW_FIELDS
from tests.build.command import PUBLISHED, sha256

SHARD = re.compile(r"(train|validation|test)-\d{5}-of-\d{5}\.parquet")


@pytest.fixture(params=["built", "phantoms"])
def out(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


def rows(out: Path, folder: str, columns: list[str]) -> list[dict[str, object]]:
    shards = sorted((out / folder).glob("*.parquet"))
    return [row for shard in shards for row in pq.read_table(shard, columns=columns).to_pylist()]


def test_nothing_but_shards_lies_beside_the_shards(out: Path):
    assert {entry.name for entry in out.iterdir()} == {*PUBLISHED, ".mmrs"}
    names = [path.name for folder in ("data", "qa", "preview") for path in (out / folder).iterdir()]
    assert names
    assert [name for name in names if not SHARD.fullmatch(name)] == []


def test_shards_of_a_split_are_numbered_without_gaps(built: Path):
    numbers = sorted(path.stem.split("-")[1:] for path in (built / "data").glob("train-*"))
    total = f"{len(numbers):05d}"
    assert [(first, last) for first, _, last in numbers] == [(f"{n:05d}", total) for n in range(len(numbers))]
    assert len(numbers) > 1


def test_every_shard_has_rows_and_the_frozen_columns(out: Path):
    for folder, fields in (("data", VIEW_FIELDS), ("qa", QA_FIELDS)):
        for shard in (out / folder).iterdir():
            file = pq.ParquetFile(shard)
            assert file.metadata.num_rows > 0
            assert [(field.name, field.type) for field in file.schema_arrow] == list(fields)


def test_every_shard_describes_its_features_and_its_language(out: Path):
    for shard in (*(out / "data").iterdir(), *(out / "qa").iterdir()):
        metadata = pq.read_schema(shard).metadata
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        assert set(features) == set(pq.read_schema(shard).names)
        assert json.loads(metadata[b"mmrs.language"])["families"]


def test_text_is_compressed_and_pictures_are_not(out: Path):
    group = pq.ParquetFile(next((out / "data").iterdir())).metadata.row_group(0)
    codecs = {group.column(i).path_in_schema: group.column(i).compression for i in range(group.num_columns)}
    assert codecs["image.bytes"] == codecs["masks.list.element.bytes"] == "UNCOMPRESSED"
    assert codecs["view_id"] == codecs["qa.list.element.question"] == "ZSTD"


def test_a_flipped_byte_inside_a_page_is_noticed_by_its_checksum(out: Path, tmp_path: Path):
    for shard in (next((out / "data").iterdir()), next((out / "qa").iterdir())):
        data = bytearray(shard.read_bytes())
        column = pq.ParquetFile(shard).metadata.row_group(0).column(0)
        data[column.data_page_offset + column.total_compressed_size // 2] ^= 1
        damaged = tmp_path / shard.name
        damaged.write_bytes(data)
        with pytest.raises(OSError, match="CRC"):
            pq.read_table(damaged, page_checksum_verification=True)


def test_every_mask_is_a_one_bit_png_of_the_pictures_size(out: Path):
    for row in rows(out, "data", ["width", "height", "masks", "structures"]):
        assert len(row["masks"]) == len(row["structures"])
        for mask in row["masks"]:
            with Image.open(io.BytesIO(mask["bytes"])) as image:
                assert (image.format, image.mode, image.size) == ("PNG", "1", (row["width"], row["height"]))


def test_pictures_and_masks_have_no_path(out: Path):
    for row in rows(out, "data", ["image", "masks"]):
        assert {item["path"] for item in (row["image"], *row["masks"])} == {None}


def test_view_ids_and_question_ids_are_unique(out: Path):
    for folder, field in (("data", "view_id"), ("qa", "question_id")):
        found = [row[field] for row in rows(out, folder, [field])]
        assert len(set(found)) == len(found)


def test_the_question_table_holds_the_nested_questions_in_their_order(out: Path):
    nested = [item["question_id"] for row in rows(out, "data", ["qa"]) for item in row["qa"]]
    assert [row["question_id"] for row in rows(out, "qa", ["question_id"])] == nested


def test_the_manifest_lists_every_published_file_with_its_digest(out: Path):
    manifest = json.loads((out / ".mmrs" / "manifest.json").read_text())
    files = [path for path in out.rglob("*") if path.is_file() and ".mmrs" not in path.parts]
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == {
        str(path.relative_to(out)): sha256(path) for path in files
    }
    assert all((out / name).stat().st_size == entry["bytes"] for name, entry in manifest["files"].items())


def test_no_path_of_the_machine_is_published(built: Path, corpus: Path):
    texts = [(built / ".mmrs" / "manifest.json"), (built / "README.md"), *(built / "qa").iterdir()]
    assert [path for path in texts if str(corpus.parent).encode() in path.read_bytes()] == []
