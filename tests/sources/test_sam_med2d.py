"""SAM-Med2D: names of files tell the structure, the corpus, the scan and the modality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmrs_builder import sources
from mmrs_builder.types import CaseRef, Drop
from tests.corpora import mask, picture, sam_med2d


def refs(root: Path, **options: str) -> dict[str, CaseRef]:
    found = sources.find("sam_med2d", options, root).index(root)
    return {item.image.rpartition("/")[2]: item for item in found if isinstance(item, CaseRef)}


def test_the_demo_is_read_whole(samples: Path):
    root = samples / "sam-med2d-demo"
    source = sources.find("sam_med2d", {}, root)
    views = [source.load(ref).views[0] for ref in refs(root).values()]
    assert len(views) == 4
    assert sum(len(ref.masks) for ref in refs(root).values()) == 30
    assert sum(len(view.annotations) for view in views) == 28  # both hip bones are cut twice
    assert {view.grid.direction for view in views} == {None}


def test_the_demo_proves_that_its_slices_have_no_common_side(samples: Path):
    root = samples / "sam-med2d-demo"
    source = sources.find("sam_med2d", {}, root)
    views = {name: source.load(ref).views[0] for name, ref in refs(root).items()}
    across = {
        (name, item.label): float(np.nonzero(item.mask)[1].mean()) / item.mask.shape[1]
        for name, view in views.items()
        for item in view.annotations
    }
    assert across["amos_0006_90.png", "liver"] < 0.5 < across["amos_0006_90.png", "spleen"]  # left at the right
    assert across["s0114_111.png", "lung_lower_lobe_left"] < across["s0114_111.png", "lung_lower_lobe_right"]


def test_pieces_of_a_structure_are_one_annotation(tmp_path: Path):
    sam_med2d.write(tmp_path)
    ref = refs(tmp_path)["s0114_1.png"]
    assert [mask.label for mask in ref.masks] == ["autochthon_left", "hip_left", "hip_left"]
    assert not any(mask.instance for mask in ref.masks)


def test_the_longest_name_wins(tmp_path: Path):
    sam_med2d.write(tmp_path)
    assert [mask.label for mask in refs(tmp_path)["s0114_11.png"].masks] == ["vertebrae_t9"]


@pytest.mark.parametrize("name", ["data_demo/image2label_train.json", "SAMed2Dv1/SAMed2D_v1_class_mapping_id.json"])
@pytest.mark.parametrize("text", ["{", "[]", "[" * 50000])
def test_a_damaged_list_is_named(tmp_path: Path, name: str, text: str):
    sam_med2d.write(tmp_path)
    assert (tmp_path / name).is_file()
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = sources.find("sam_med2d", {}, tmp_path).index(tmp_path)
    assert [item.reason for item in found if isinstance(item, Drop) and item.what == name] == ["bad_metadata"]


def test_lists_of_the_demo_are_the_official_split(tmp_path: Path):
    sam_med2d.write(tmp_path)
    splits = {name: ref.split_official for name, ref in refs(tmp_path).items()}
    assert (splits["s0114_1.png"], splits["s0114_11.png"]) == ("train", "test")
    assert {splits[name] for name in splits if "--" in name} == {None}


def test_slices_of_a_scan_are_one_group(tmp_path: Path):
    sam_med2d.write(tmp_path)
    groups = {name: ref.group for name, ref in refs(tmp_path).items()}
    assert groups["s0114_1.png"] == groups["s0114_11.png"]
    assert len(set(groups.values())) == 4


def test_names_tell_the_modality(tmp_path: Path):
    sam_med2d.write(tmp_path)
    told = {name: (ref.modality, ref.sequence) for name, ref in refs(tmp_path, modality="ultrasound").items()}
    assert told == {
        "s0114_1.png": ("ultrasound", None),
        "s0114_11.png": ("ultrasound", None),
        "amos_0504_7.png": ("mri", None),
        "ct_00--LiTS--case_3--x_0040.png": ("ct", None),
        "mr_t1--BraTS--p_1--y_0007.png": ("mri", "T1"),
    }


@pytest.mark.parametrize("table", ["[]", "{", '{"LiTS": []}', '{"LiTS": {"liver": {}}}'])
def test_a_damaged_table_of_classes_leaves_numbers_unknown(tmp_path: Path, table: str):
    picture(tmp_path / "images" / "ct_00--LiTS--3--x_1.png", 1)
    mask(tmp_path / "masks" / "ct_00--LiTS--3--x_1--0000_000.png", (0, 0, 9, 9))
    (tmp_path / "SAMed2D_v1_class_mapping_id.json").write_text(table, encoding="utf-8")
    found = list(sources.find("sam_med2d", {}, tmp_path).index(tmp_path))
    reasons = {item.reason for item in found if isinstance(item, Drop)}
    assert reasons - {"bad_metadata"} == {"no_mask", "unknown_label"}


def test_a_folder_of_other_things_is_answered_with_what_was_looked_for(tmp_path: Path):
    picture(tmp_path / "a.png", 1)
    with pytest.raises(ValueError, match="expected images"):
        refs(tmp_path)


@pytest.mark.parametrize(
    "options", [{"modality": "pet"}, {"labels": "spleen=milt"}, {"minimum_area": "-1"}, {"name": ""}]
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, options: dict[str, str]):
    sam_med2d.write(tmp_path)
    with pytest.raises(ValueError, match=next(iter(options))):
        sources.find("sam_med2d", options, tmp_path)
