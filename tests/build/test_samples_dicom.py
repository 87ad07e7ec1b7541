"""DICOM end to end: real series are used or their refusal explained, all verifies, and nothing private comes out."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.build.command import mmrs

pytest.importorskip("highdicom", reason="needs the optional extra dicom")

from tests.corpora import dicoms
from tests.io.dicoms import ROOT

SAMPLES = {
    "sts-rtstruct": ("rtstruct", ["labels=GTV_Mass*=tumour"], 2, {"not_matched": 6, "unsupported_modality": 1}, 12),
    "dicom-seg-dcmqi": ("dicom_seg", [], 1, {"not_matched": 4}, 3),
}
"""Source, options, cases used, reasons for what is not, and views."""

PRIVATE = ("canary", "zebedee", ROOT, "19500101", "pgbm")
"""Words of names, numbers and descriptions, identifiers, a date of birth, and a folder named after a patient."""


def words(source: str, options: list[str]) -> list[str]:
    return [word for option in options for word in ("--set", f"{source}.{option}")]


def reasons(out: Path) -> Mapping[str, int]:
    lines = (out / ".mmrs" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return Counter(json.loads(line)["reason"] for line in lines)


def table(out: Path, *columns: str) -> pd.DataFrame:
    return pd.concat(pd.read_parquet(path, columns=list(columns)) for path in sorted((out / "data").iterdir()))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_real_series_is_used_or_explained(samples: Path, tmp_path: Path, name: str):
    source, options, used, refused, views = SAMPLES[name]
    out = tmp_path / "out"
    arguments = ("--source", source, "--data", samples / name, *words(source, options), "--out", out)
    done = mmrs("build", *arguments, "--workers", 1, "--json")
    assert done.code == 0, done.err
    checked = mmrs("verify", out)
    assert checked.code == 0, checked.out
    rejected = sum(refused.values())
    assert json.loads(done.out)["cases"][source] == {"found": used + rejected, "used": used, "rejected": rejected}
    assert reasons(out) == refused
    found = table(out, "patient_id", "laterality_evidence", "plane", "structures", "qa")
    assert len(found) == views
    assert set(found["patient_id"]) == {"p0001"}
    assert set(found["laterality_evidence"]) == {"header"}
    assert sum(map(len, found["qa"])) > 3 * views


def test_structures_whose_names_are_not_explained_make_no_case(samples: Path, tmp_path: Path):
    done = mmrs("build", "--source", "rtstruct", "--data", samples / "sts-rtstruct", "--out", tmp_path / "out")
    assert done.code == 4
    assert "GTV" not in done.out + done.err


@pytest.mark.parametrize("name", ["dicom_masks", "dicom_seg", "rtstruct"])
def test_nothing_that_a_clinic_writes_into_files_comes_out(name: str, tmp_path: Path):
    corpus = importlib.import_module(f"tests.corpora.{name}").write(tmp_path / "data")
    assert written(tmp_path / "data")
    options = words(name, [f"{key}={value}" for key, value in corpus.options.items()])
    arguments = ("--source", name, "--data", tmp_path / "data", *options, "--out", tmp_path / "out", "--workers", 1)
    done = mmrs("build", *arguments, "--quarantine-max", 1)
    assert done.code == 0, done.err
    checked = mmrs("verify", tmp_path / "out")
    assert checked.code == 0, checked.out
    others = [mmrs("inspect", tmp_path / "data"), mmrs("stats", tmp_path / "out")]
    printed = "".join(result.out + result.err for result in (done, checked, *others)).casefold()
    kept = " ".join(contents(tmp_path / "out"))
    assert f"{name}:c00001:axial" in kept
    assert [word for word in PRIVATE if word in printed.replace(name, "") and word != "pgbm"] == []
    assert [word for word in PRIVATE if word in kept] == []


def written(folder: Path) -> bool:
    """Whether all of ``PRIVATE`` but the folder's name is really in the files."""
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()
    return all(word.encode() in held for word in PRIVATE[:-1])


def contents(out: Path) -> Iterator[str]:
    """All that a folder says, in small letters: bytes and names of files, and the decoded columns of tables."""
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        told = path.name in ("rejects.jsonl",)
        yield path.relative_to(out).as_posix().casefold()
        if not told:
            yield path.read_bytes().decode("latin-1").casefold()
        if path.suffix == ".parquet":
            read = pq.read_table(path)
            yield repr(read.schema.metadata).casefold()
            yield repr(read.to_pylist()).casefold()


def test_a_changed_slice_is_measured_again(tmp_path: Path):
    folder = tmp_path / "data"
    place = dicoms.Place(number=1, patient="A")
    files = dicoms.save_slices(folder / "ct", dicoms.files(place, dicoms.scan({1: (4, 6, 1, 14, 12, 4)}, 1)))
    dicoms.outlines(folder / "RS.dcm", place, [("liver", (4, 6, 1, 14, 12, 4))], number=2)
    build = ("build", "--source", "rtstruct", "--data", folder, "--out", tmp_path / "out", "--workers", 1)
    assert mmrs(*build).code == 0
    before = set(table(tmp_path / "out", "source_sha256")["source_sha256"])
    data = bytearray(files[0].read_bytes())
    data[-1] ^= 1
    files[0].write_bytes(data)
    assert mmrs(*build).code == 0
    assert before.isdisjoint(table(tmp_path / "out", "source_sha256")["source_sha256"])
