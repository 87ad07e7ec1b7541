"""Rows of a local folder of the ``datasets`` library, in its three forms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, DatasetDict, Features, Image, Value, load_dataset

from mmrs_builder import sources
from mmrs_builder.types import Case, CaseRef, Drop
from mmrs_builder.vocab import Rejected
from tests.corpora import hf, mask, picture, save
from tests.corpora.hf import box, dataset, shot

LISTS = {"mask": "masks", "label": "polyp"}


def items(root: Path, **options: str) -> list[CaseRef | Drop]:
    return list(sources.find("hf", options, root).index(root))


def refs(root: Path, **options: str) -> list[CaseRef]:
    return [item for item in items(root, **options) if isinstance(item, CaseRef)]


def drops(root: Path, **options: str) -> dict[str, str]:
    return {item.what: item.reason for item in items(root, **options) if isinstance(item, Drop)}


def loaded(root: Path, **options: str) -> dict[str, Case]:
    source = sources.find("hf", options, root)
    return {ref.case_id: source.load(ref) for ref in refs(root, **options)}


def areas(root: Path, **options: str) -> dict[str, list[tuple[str, int]]]:
    return {
        case_id: [(item.label, int(item.mask.sum())) for item in case.views[0].annotations]
        for case_id, case in loaded(root, **options).items()
    }


def pair(root: Path, name: str = "a") -> None:
    picture(root / f"{name}.png", 1)
    mask(root / f"{name}_mask.png", (0, 0, 8, 8))


def test_what_save_to_disk_writes_is_read(tmp_path: Path):
    parts = {"train": dataset([[box(0, 0, 8, 8)]] * 3, ["a"] * 3), "valid": dataset([[box(0, 0, 4, 8)]], ["b"])}
    DatasetDict(parts).save_to_disk(tmp_path, num_shards={"train": 2, "valid": 1})
    assert areas(tmp_path, **LISTS) == {
        **{f"train/{row:06d}": [("polyp", 64)] for row in range(3)},
        "valid/000000": [("polyp", 32)],
    }
    assert [ref.split_official for ref in refs(tmp_path, **LISTS)] == ["train"] * 3 + ["validation"]


def test_a_single_dataset_has_no_split(tmp_path: Path):
    dataset([[box(0, 0, 8, 8)]], ["a"]).save_to_disk(tmp_path / "mine")
    [ref] = refs(tmp_path / "mine", **LISTS)
    assert (ref.case_id, ref.split_official) == ("all/000000", None)


def test_pictures_with_a_metadata_file_are_read_as_the_library_reads_them(tmp_path: Path):
    for name in ("a", "b"):
        pair(tmp_path / "train", name)
    lines = [{"file_name": f"{name}.png", "mask_file_name": f"{name}_mask.png", "who": name} for name in ("a", "b")]
    text = "\n".join(map(json.dumps, lines))
    (tmp_path / "train" / "metadata.jsonl").write_text(text, encoding="utf-8")
    theirs = load_dataset("imagefolder", data_dir=str(tmp_path), cache_dir=str(tmp_path / ".cache"))["train"]
    assert set(theirs.column_names) >= {"image", "mask"}
    found = loaded(tmp_path, label="polyp", patient="who")
    assert sorted(found) == ["train/000000", "train/000001"]
    assert np.array_equal(np.asarray(theirs[0]["image"]), found["train/000000"].views[0].picture.pixels)
    assert found["train/000001"].ref.patient_id == "p0002"


def test_a_metadata_file_may_be_a_csv_and_its_gaps_are_dropped(tmp_path: Path):
    pair(tmp_path / "test")
    (tmp_path / "test" / "metadata.csv").write_text(
        "file_name,mask_file_name\na.png,a_mask.png\na.png,\n,a_mask.png\n", encoding="utf-8"
    )
    assert areas(tmp_path, label="polyp") == {"test/000000": [("polyp", 64)]}
    assert drops(tmp_path, label="polyp") == {"test/000001": "no_mask", "test/000002": "no_image"}


@pytest.mark.parametrize("text", ["{", "[1]\n", "\ufeffnull\n"])
def test_a_damaged_metadata_file_is_dropped(tmp_path: Path, text: str):
    pair(tmp_path / "train")
    (tmp_path / "train" / "metadata.csv").write_text("file_name,mask_file_name\na.png,a_mask.png\n", encoding="utf-8")
    (tmp_path / "metadata.jsonl").write_text(text, encoding="utf-8")
    assert drops(tmp_path) == {"metadata.jsonl": "bad_metadata"}


@pytest.mark.parametrize("name", ["a\0.png", "a\n.png", "\\ud800.png"])
def test_a_row_that_names_a_file_which_cannot_be_is_dropped(tmp_path: Path, name: str):
    pair(tmp_path)
    rows = [{"file_name": "a.png", "mask_file_name": "a_mask.png"}, {"file_name": name, "mask_file_name": "a_mask.png"}]
    text = "".join(json.dumps(row).replace("\\\\", "\\") + "\n" for row in rows)
    (tmp_path / "metadata.jsonl").write_text(text, encoding="utf-8")
    assert drops(tmp_path) == {"all/000001": "bad_name"}


def test_a_name_in_a_metadata_file_does_not_lead_out(tmp_path: Path):
    pair(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "metadata.csv").write_text(
        "file_name,mask_file_name\n../a.png,../a_mask.png\n", encoding="utf-8"
    )
    with pytest.raises(Rejected, match="out of the corpus"):
        loaded(tmp_path / "mine")


def test_several_columns_are_several_structures(tmp_path: Path):
    columns = {"image": [shot(1)], "lung": [box(0, 0, 8, 8)], "heart": [box(20, 20, 30, 30)]}
    features = Features({name: Image() for name in columns})
    Dataset.from_dict(columns, features=features).to_parquet(tmp_path / "train.parquet")
    found = areas(tmp_path, mask="lung+heart", label="lung+heart")
    assert found == {"train/000000": [("lung", 64), ("heart", 100)]}


def test_an_empty_cell_of_several_is_a_gap_only_where_all_is_annotated(tmp_path: Path):
    columns = {"image": [shot(1)], "lung": [box(0, 0, 8, 8)], "heart": [None]}
    features = Features({name: Image() for name in columns})
    Dataset.from_dict(columns, features=features).to_parquet(tmp_path / "train.parquet")
    both = {"mask": "lung+heart", "label": "lung+heart"}
    assert areas(tmp_path, **both) == {"train/000000": [("lung", 64)]}
    with pytest.raises(Rejected, match="without a mask"):
        loaded(tmp_path, **both, exhaustive="yes")


def test_label_numbers_have_names(tmp_path: Path):
    drawn = np.zeros((48, 64), np.uint8)
    drawn[:8, :8], drawn[20:30, 20:30] = 1, 3
    save(tmp_path / "m.png", drawn)
    told = [{"bytes": (tmp_path / "m.png").read_bytes(), "path": None}]
    (tmp_path / "m.png").unlink()
    features = Features({"image": Image(), "mask": Image(), "number": Value("int64")})
    Dataset.from_dict({"image": [shot(1)], "mask": told, "number": [7]}, features=features).to_parquet(
        tmp_path / "test.parquet"
    )
    assert areas(tmp_path, values="1=liver,3=spleen", group="number") == {
        "test/000000": [("liver", 64), ("spleen", 100)]
    }
    assert areas(tmp_path, values="1=liver,3=-") == {"test/000000": [("liver", 64)]}
    with pytest.raises(Rejected, match="no name for 3"):
        loaded(tmp_path, values="1=liver")


def test_masks_of_a_list_are_counted_one_by_one_or_united(tmp_path: Path):
    dataset([[box(0, 0, 8, 8), box(20, 20, 30, 30)]], ["a"]).to_parquet(tmp_path / "train.parquet")
    assert areas(tmp_path, **LISTS) == {"train/000000": [("polyp", 164)]}
    [case] = loaded(tmp_path, **LISTS, instances="yes").values()
    assert [item.instance for item in case.views[0].annotations] == [True, True]


def test_patients_are_ranks_in_natural_order(tmp_path: Path):
    hf.write(tmp_path)
    assert {ref.case_id: ref.patient_id for ref in refs(tmp_path, **hf.OPTIONS)} == {
        "test/000000": "p0002",
        "train/000000": "p0003",
        "train/000001": "p0001",
        "train/000002": "p0001",
        "train/000003": "p0003",
        "train/000005": "p0003",
    }


def test_a_missing_column_is_answered_with_those_that_are_there(tmp_path: Path):
    dataset([[box(0, 0, 8, 8)]], ["a"]).to_parquet(tmp_path / "train.parquet")
    with pytest.raises(ValueError, match="no column 'mask'; there are image, masks, who"):
        items(tmp_path)


def test_an_empty_folder_is_answered_with_what_was_looked_for(tmp_path: Path):
    with pytest.raises(ValueError, match="expected Parquet"):
        items(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {"mask": "a++b"},
        {"mask": "a+a"},
        {"label": "a+b"},
        {"values": "1=a,#ff0000=b"},
        {"values": "1=-"},
        {"modality": "eeg"},
        {"instances": "true"},
        {"exhaustive": "all"},
        {"minimum_area": "1"},
        {"mask_grid": "raw"},
        {"shown": "up"},
        {"license": "<b>"},
        {"name": ""},
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(options: dict[str, str]):
    with pytest.raises(ValueError, match=next(iter(options))):
        sources.find("hf", options)
