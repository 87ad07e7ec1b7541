"""DICOM end to end: real series are used or their refusal explained, all verifies, and nothing private comes out."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Mapping
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

PRIVATE = ("canary", "zebedee", ROOT, "19500101")
"""Parts of names, descriptions and identifiers, and a date of birth, as the files of tiny corpora hold them."""

FOLDERS = {"dicom_masks": "pgbm", "dicom_seg": "phase2", "rtstruct": "b/mr"}
"""Parts of paths, which only the working files may hold."""


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
    out = tmp_path / "out"
    arguments = ("--source", name, "--data", tmp_path / "data", *options, "--out", out, "--workers", 1)
    done = [
        mmrs("build", *arguments, "--quarantine-max", 1),
        mmrs("verify", out),
        mmrs("stats", out),
        mmrs("inspect", tmp_path / "data"),
    ]
    assert [result.code for result in done] == [0, 0, 0, 0]
    printed = "".join(result.out + result.err for result in done).casefold()
    kept = {path: text for path in out.rglob("*") if path.is_file() for text in [contents(path)]}
    published = "".join(text for path, text in kept.items() if path.relative_to(out).parts[0] != ".mmrs")
    assert f"{name}:c00001:axial" in published
    assert [word for word in PRIVATE if word in printed + "".join(kept.values())] == []
    assert FOLDERS[name] in "".join(kept.values())
    assert FOLDERS[name] not in published


def written(folder: Path) -> bool:
    """Whether everything private is really in the files."""
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()
    return all(word.encode() in held for word in PRIVATE)


def contents(path: Path) -> str:
    """All that a file says, in small letters: its bytes, and the decoded columns and facts of a table."""
    said = path.name + path.read_bytes().decode("latin-1")
    if path.suffix == ".parquet":
        read = pq.read_table(path)
        said += f"{read.schema.metadata} {read.to_pylist()}"
    return said.casefold()


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
