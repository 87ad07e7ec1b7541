"""A sound folder verifies; every kind of damage to files is reported under its code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmrs_builder.digests import sealed
from mmrs_builder.schema import SCALAR_VIEW_FIELDS
from mmrs_builder.verify import verify

Row = dict[str, Any]


def codes(out: Path) -> set[str]:
    return {fault.code for fault in verify(out).faults}


def test_a_sound_folder_verifies_and_everything_is_counted(folder: Path) -> None:
    report = verify(folder)
    assert report.faults == ()
    assert report.ok
    tally = report.tally
    assert (tally.views, tally.structures, tally.masks, tally.questions) == (3, 7, 7, 12)
    assert (tally.values, tally.targets, tally.question_texts, tally.answer_texts) == (12, 10, 12, 12)


def test_the_report_as_json_carries_counts_and_faults(folder: Path) -> None:
    body = json.loads(verify(folder).to_json())
    assert body["ok"] is True
    assert body["questions"] == 12
    assert body["faults"] == []


def test_progress_is_told_after_each_view(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    verify(folder, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_an_empty_folder_is_not_ok(tmp_path: Path) -> None:
    assert not verify(tmp_path).ok
    assert "manifest" in codes(tmp_path)


def test_a_flipped_byte_is_found_by_page_checksum_and_digest(folder: Path) -> None:
    path = folder / "data" / "train-00000-of-00001.parquet"
    data = bytearray(path.read_bytes())
    data[data.index(b"IHDR") + 30] ^= 1
    path.write_bytes(data)
    assert {"parquet", "file_digest"} <= codes(folder)


def test_a_truncated_shard_is_a_fault(folder: Path) -> None:
    path = folder / "qa" / "test-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    assert {"parquet", "file_digest", "logical_hash", "projection"} <= codes(folder)


def test_a_missing_shard_is_a_fault(folder: Path) -> None:
    (folder / "data" / "test-00000-of-00001.parquet").unlink()
    assert {"file_missing", "projection"} <= codes(folder)


def test_an_incomplete_set_is_a_fault(folder: Path) -> None:
    path = folder / "data" / "test-00000-of-00001.parquet"
    path.rename(path.with_name("test-00001-of-00002.parquet"))
    assert {"shard_set", "file_unlisted"} <= codes(folder)


def test_two_sets_of_one_split_are_a_fault(folder: Path) -> None:
    path = folder / "data" / "test-00000-of-00001.parquet"
    for number in range(2):
        shutil.copy(path, path.with_name(f"test-0000{number}-of-00002.parquet"))
    assert {"shard_set", "view_id"} <= codes(folder)


def test_a_stray_file_among_the_shards_is_a_fault(folder: Path) -> None:
    (folder / "data" / "notes.txt").write_text("hello")
    assert {"shard_name", "file_unlisted"} <= codes(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}', '{"format": 1, "files": [], "logical_rows_sha256": {}}'])
def test_a_broken_manifest_is_a_fault(folder: Path, text: str) -> None:
    (folder / ".mmrs" / "manifest.json").write_text(text)
    assert codes(folder) == {"manifest"}


def test_a_setting_edited_in_a_sealed_manifest_is_a_fault(folder: Path) -> None:
    path = folder / ".mmrs" / "manifest.json"
    manifest = sealed({**json.loads(path.read_text()), "settings": {"seed": 0}})
    path.write_text(json.dumps(manifest))
    assert codes(folder) == set()
    path.write_text(json.dumps({**manifest, "settings": {"seed": 1}}))
    assert codes(folder) == {"manifest"}


def test_a_manifest_that_leads_outside_is_a_fault(folder: Path) -> None:
    path = folder / ".mmrs" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../secret"] = {"sha256": "", "bytes": 0}
    path.write_text(json.dumps(manifest))
    assert codes(folder) == {"manifest"}


def test_a_logical_hash_of_other_rows_is_a_fault(folder: Path) -> None:
    path = folder / ".mmrs" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["logical_rows_sha256"]["qa"] = "0" * 64
    path.write_text(json.dumps(manifest))
    assert codes(folder) == {"logical_hash"}


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        (b"mmrs.schema_version", b"999", "schema_version"),
        (b"huggingface", b"{}", "schema"),
        (b"mmrs.language", b"{", "language"),
        (b"mmrs.language", b'{"version": 2}', "language"),
    ],
)
def test_strange_schema_metadata_is_a_fault(folder: Path, key: bytes, text: bytes, code: str) -> None:
    path = folder / "data" / "train-00000-of-00001.parquet"
    table = pq.read_table(path)
    metadata = {**table.schema.metadata, key: text}
    pq.write_table(table.replace_schema_metadata(metadata), path, write_page_checksum=True)
    assert code in codes(folder)


def test_a_missing_column_is_a_fault(folder: Path) -> None:
    path = folder / "data" / "train-00000-of-00001.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["render"]), path)
    assert "schema" in codes(folder)


def test_a_shard_without_rows_is_a_fault(folder: Path) -> None:
    path = folder / "data" / "train-00000-of-00001.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    assert "shard_empty" in codes(folder)


def test_a_group_in_two_splits_is_a_fault(rows: list[Row], publish: Callable[..., Path]) -> None:
    rows[1]["group_id"] = "organs"
    assert codes(publish(rows)) == {"group_split"}


def test_a_view_id_used_twice_is_a_fault(rows: list[Row], publish: Callable[..., Path]) -> None:
    rows[2]["view_id"] = "organs"
    assert "view_id" in codes(publish(rows))


def test_a_row_of_another_split_is_a_fault(folder: Path) -> None:
    for name in ("data", "qa"):
        path = folder / name / "test-00000-of-00001.parquet"
        path.rename(path.with_name("validation-00000-of-00001.parquet"))
    assert "split" in codes(folder)


def test_a_qa_row_that_no_view_has_is_a_fault(rows: list[Row], publish: Callable[..., Path]) -> None:
    names = [name for name, _ in SCALAR_VIEW_FIELDS]
    flat = [{**item, **{name: row[name] for name in names}} for row in rows for item in row["qa"]]
    flat[-1]["balanced"] = False
    report = verify(publish(rows, flat))
    assert {fault.code for fault in report.faults} == {"projection"}
    assert any(fault.where.startswith("clips/") for fault in report.faults)
