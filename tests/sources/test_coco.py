"""Pictures with COCO files, from several annotation programs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from mmrs_builder import sources
from mmrs_builder.types import Case, CaseRef, Drop
from mmrs_builder.vocab import Rejected
from tests.corpora import coco, picture
from tests.corpora.coco import annotation, document, outline
from tests.io.drawing import exif

SQUARE = [annotation([outline(0, 0, 8, 8)])]


def put(root: Path, told: object, name: str = "a.json", images: tuple[str, ...] = ("a.png",)) -> None:
    for seed, image in enumerate(images):
        picture(root / image, seed)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(json.dumps(told), encoding="utf-8")


def items(root: Path, **options: str) -> list[CaseRef | Drop]:
    return list(sources.find("coco", options, root).index(root))


def refs(root: Path, **options: str) -> list[CaseRef]:
    return [item for item in items(root, **options) if isinstance(item, CaseRef)]


def drops(root: Path, **options: str) -> dict[str, str]:
    return {item.what: item.reason for item in items(root, **options) if isinstance(item, Drop)}


def loaded(root: Path, **options: str) -> list[Case]:
    source = sources.find("coco", options, root)
    return [source.load(ref) for ref in refs(root, **options)]


def test_a_roboflow_export_is_read_whole(samples: Path):
    root = samples / "coco-brain-tumor"
    found = refs(root, labels="object=tumour", modality="mri")
    assert Counter(ref.split_official for ref in found) == {"train": 154, "validation": 20, "test": 4}
    assert len({ref.group for ref in found}) == 110
    cases = loaded(root, labels="object=tumour", modality="mri")
    assert sum(len(case.views[0].annotations) for case in cases) == 233


def test_lungs_named_left_and_right_prove_the_side_of_most_films(samples: Path):
    cases = loaded(samples / "covid-cxr-structures", shown="by_sides")
    assert Counter(case.views[0].grid.evidence for case in cases) == {"annotation": 21, None: 1}
    assert sum(len(case.views[0].annotations) for case in cases) == 140


def test_augmented_copies_of_a_picture_are_one_group(tmp_path: Path):
    coco.write(tmp_path)
    groups = {ref.image: ref.group for ref in refs(tmp_path, **coco.OPTIONS)}
    assert groups["train/a b_jpg.rf.1f2e.jpg"] == groups["train/a b_jpg.rf.9a0b.jpg"]
    assert groups["train/clipped_png.rf.77.jpg"] not in (groups["train/a b_jpg.rf.1f2e.jpg"], None)
    assert groups["images/plain.png"] is None


def test_splits_are_told_by_folders_and_by_the_files_name(tmp_path: Path):
    coco.write(tmp_path)
    splits = {ref.image.split("/")[0]: ref.split_official for ref in refs(tmp_path, **coco.OPTIONS)}
    assert splits == {"train": "train", "images": "validation"}


@pytest.mark.parametrize(
    ("file", "image"),
    [
        ("a.json", "a.png"),
        ("a.json", "images/a.png"),
        ("annotations/a.json", "a.png"),
        ("annotations/a.json", "images/a.png"),
        ("annotations/instances_val2017.json", "val2017/a.png"),
        ("annotations/instances_val2017.json", "images/val2017/a.png"),
    ],
)
def test_pictures_are_found_where_programs_put_them(tmp_path: Path, file: str, image: str):
    put(tmp_path, document({"a.png": SQUARE}), file, (image,))
    assert [ref.image for ref in refs(tmp_path)] == [image]


def test_the_option_says_where_else_they_lie(tmp_path: Path):
    put(tmp_path, document({"sub\\a.png": SQUARE}), "a.json", ("far/away/sub/a.png",))
    assert [ref.image for ref in refs(tmp_path, images="far/away/")] == ["far/away/sub/a.png"]


@pytest.mark.parametrize("name", ["../secret.png", "/etc/secret.png", "sub/../../secret.png"])
def test_no_picture_outside_the_folder_is_taken(tmp_path: Path, name: str):
    picture(tmp_path / "secret.png", 1)
    put(tmp_path / "mine", document({name: SQUARE, "a.png": SQUARE}))
    assert [ref.image for ref in refs(tmp_path / "mine")] == ["a.png"]
    assert drops(tmp_path / "mine") == {name: "no_image"}


def test_a_label_that_only_a_damaged_file_may_use_is_answered_with_that_file(tmp_path: Path):
    put(tmp_path, document({"a.png": SQUARE}))
    (tmp_path / "b.json").write_text('{"images":', encoding="utf-8")
    with pytest.raises(ValueError, match=r"no annotation is of 'Note'.*none is found in b\.json"):
        sources.find("coco", {"labels": "Note=-"}, tmp_path)


def test_a_parent_category_that_nothing_uses_is_no_label(tmp_path: Path):
    put(tmp_path, document({"a.png": [annotation([outline(0, 0, 8, 8)], 1)]}))
    assert sources.find("coco", {}, tmp_path).labels == ("tumour",)


def test_a_picture_without_annotations_is_a_negative_only_where_all_is_annotated(tmp_path: Path):
    put(tmp_path, document({"a.png": SQUARE, "b.png": []}), images=("a.png", "b.png"))
    assert drops(tmp_path) == {"b.png": "no_mask"}
    assert [case.views[0].absent for case in loaded(tmp_path, exhaustive="yes")] == [(), ("tumour",)]


def test_what_is_left_out_is_neither_shown_nor_absent(tmp_path: Path):
    put(tmp_path, document({"a.png": [*SQUARE, annotation([outline(9, 9, 20, 20)], 2)]}))
    source = sources.find("coco", {"labels": "Left Lung=-", "exhaustive": "yes"}, tmp_path)
    assert source.labels == ("tumour",)
    assert [len(case.views[0].annotations) for case in loaded(tmp_path, labels="Left Lung=-")] == [1]


def test_a_crowd_makes_its_category_one_uncounted_whole(tmp_path: Path):
    crowd = annotation([outline(20, 20, 30, 30)], iscrowd=1)
    put(tmp_path, document({"a.png": [*SQUARE, crowd, annotation([outline(40, 0, 50, 9)], 2)]}))
    [case] = loaded(tmp_path)
    found = [(item.label, item.instance, int(item.mask.sum())) for item in case.views[0].annotations]
    assert found == [("lung_left", True, 90), ("tumour", False, 164)]
    assert drops(tmp_path, exhaustive="yes") == {"a.png": "too_many_structures"}


def test_annotations_of_a_category_can_be_united(tmp_path: Path):
    put(tmp_path, document({"a.png": [*SQUARE, annotation([outline(20, 20, 30, 30)])]}))
    [case] = loaded(tmp_path, instances="no")
    assert [(item.instance, int(item.mask.sum())) for item in case.views[0].annotations] == [(False, 164)]


def test_an_outline_drawn_twice_is_no_two_structures(tmp_path: Path):
    put(tmp_path, document({"a.png": SQUARE * 2}))
    with pytest.raises(Rejected, match="one and the same"):
        loaded(tmp_path)


def test_more_structures_than_can_be_told_apart_are_not_drawn(tmp_path: Path):
    put(tmp_path, document({"a.png": [annotation([outline(i, 0, i + 0.9, 9)]) for i in range(65)], "b.png": SQUARE}))
    picture(tmp_path / "b.png", 1)
    assert drops(tmp_path) == {"a.png": "too_many_structures"}


def test_a_picture_that_two_files_annotate_is_dropped(tmp_path: Path):
    put(tmp_path, document({"a.png": SQUARE, "b.png": SQUARE}), images=("a.png", "b.png"))
    put(tmp_path, document({"a.png": SQUARE}), "again.json")
    assert [item.what for item in items(tmp_path) if isinstance(item, Drop)] == ["a.png", "a.png"]
    assert [ref.case_id for ref in refs(tmp_path)] == ["b"]


@pytest.mark.parametrize(("stored", "corner"), [((64, 48), (0, 47)), ((48, 64), (0, 0))])
def test_outlines_follow_a_picture_that_is_turned_upright(
    tmp_path: Path, stored: tuple[int, int], corner: tuple[int, int]
):
    put(tmp_path, document({"a_.png": SQUARE}, a=stored), images=("a_.png",))
    image = Image.open(tmp_path / "a_.png")
    image.save(tmp_path / "a_.png", exif=exif(6))
    [case] = loaded(tmp_path)
    [found] = case.views[0].annotations
    assert found.mask.shape == (64, 48)
    assert found.mask[corner]


def test_a_half_turn_leaves_it_open_how_outlines_were_drawn(tmp_path: Path):
    put(tmp_path, document({"a.png": SQUARE}))
    Image.open(tmp_path / "a.png").save(tmp_path / "a.png", exif=exif(3))
    with pytest.raises(Rejected, match="EXIF"):
        loaded(tmp_path)
    [case] = loaded(tmp_path, mask_grid="stored")
    assert case.views[0].annotations[0].mask[47, 63]


def test_boxes_in_another_spelling_can_be_ignored(tmp_path: Path):
    corners = annotation([outline(20, 20, 40, 30)], 1, [20, 20, 40, 30])
    put(tmp_path, document({"a.png": [corners]}))
    with pytest.raises(Rejected, match="box"):
        loaded(tmp_path)
    assert len(loaded(tmp_path, boxes="ignore")) == 1


def test_reading_a_picture_does_not_open_the_file_again(tmp_path: Path):
    put(tmp_path, document({"a.png": SQUARE}))
    [ref] = refs(tmp_path)
    source = sources.find("coco", {}, tmp_path)
    (tmp_path / "a.json").unlink()
    assert source.load(ref).views[0].annotations[0].mask.sum() == 64


def test_ranks_as_ids_and_patients_keep_names_out_of_what_is_stored(tmp_path: Path):
    put(tmp_path, document({"smith_1.png": SQUARE}), images=("smith_1.png",))
    [ref] = refs(tmp_path, ids="rank", patient="([a-z]+)_")
    assert (ref.case_id, ref.patient_id) == ("c0001", "p0001")
    assert drops(tmp_path, patient="(x+)_") == {"smith_1.png": "bad_metadata"}


def test_a_folder_without_coco_files_is_answered_with_what_was_looked_for(tmp_path: Path):
    picture(tmp_path / "a.png", 1)
    with pytest.raises(ValueError, match=r"annotations='\*\*/\*\.json'"):
        items(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {"labels": "Tumour=x"},
        {"labels": "Tumor"},
        {"modality": "eeg"},
        {"instances": "true"},
        {"exhaustive": "maybe"},
        {"minimum_area": "1"},
        {"boxes": "off"},
        {"mask_grid": "raw"},
        {"shown": "upside"},
        {"ids": "number"},
        {"patient": "p"},
        {"license": "a|b"},
        {"name": "A"},
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, options: dict[str, str]):
    put(tmp_path, document({"a.png": SQUARE}))
    with pytest.raises(ValueError, match=next(iter(options))):
        sources.find("coco", options, tmp_path)
