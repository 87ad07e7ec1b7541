"""One's own folders, and well-known corpora read without code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrs_builder import sources
from mmrs_builder.types import Case, CaseRef, Drop, Source
from mmrs_builder.vocab import Rejected
from tests.corpora import folder, mask, picture, save
from tests.io.drawing import exif

CVC = {"images": "*/images/*.png", "masks": "{parent}/../masks/{stem}.png", "label": "polyp"}
ISIC = {
    "images": "ISIC-2017_Training_Data/*.jpg",
    "masks": "ISIC-2017_Training_Part1_GroundTruth/{stem}_segmentation.png",
    "label": "skin_lesion",
    "modality": "dermoscopy",
}
BUSI = {
    "images": "*/*/*).png",
    "masks": "{parent}/{stem}_mask*.png",
    "instances": "yes",
    "exhaustive": "yes",
    "label": "breast_mass",
    "modality": "ultrasound",
}
LGG = {
    "images": "kaggle_3m/*/*[0-9].tif",
    "masks": "{parent}/{stem}_mask.tif",
    "exhaustive": "yes",
    "patient": "(TCGA_[^_]+_[^_]+)",
    "label": "tumour",
    "modality": "mri",
}


def items(root: Path, **options: str) -> list[CaseRef | Drop]:
    return list(sources.find("folder", options).index(root))


def refs(root: Path, **options: str) -> list[CaseRef]:
    return [item for item in items(root, **options) if isinstance(item, CaseRef)]


def drops(root: Path, **options: str) -> dict[str, str]:
    return {item.what: item.reason for item in items(root, **options) if isinstance(item, Drop)}


def loaded(root: Path, options: Mapping[str, str]) -> dict[str, Case]:
    source: Source = sources.find("folder", options)
    return {ref.case_id: source.load(ref) for ref in refs(root, **options)}


@pytest.mark.parametrize(
    ("corpus", "options", "cases", "others"),
    [("cvc-clinicdb", CVC, 35, 0), ("isic2017", ISIC, 24, 24), ("busi", BUSI, 20, 0), ("lgg-mri", LGG, 28, 0)],
)
def test_real_corpora_are_read_without_code(
    samples: Path, corpus: str, options: dict[str, str], cases: int, others: int
):
    assert len(loaded(samples / corpus, options)) == cases
    assert list(drops(samples / corpus, **options).values()) == ["not_matched"] * others


def test_lesions_annotated_one_by_one_stay_apart(samples: Path):
    view = loaded(samples / "busi", BUSI)["Dataset_BUSI_with_GT/benign/benign (195)"].views[0]
    assert [annotation.instance for annotation in view.annotations] == [True, True, True]


def test_empty_masks_of_an_exhaustive_corpus_are_absences(samples: Path):
    cases = loaded(samples / "lgg-mri", LGG).values()
    assert sum(case.views[0].absent == ("tumour",) for case in cases) == 17


def test_patients_are_ranks_in_natural_order(tmp_path: Path):
    folder.write(tmp_path)
    patients = {ref.case_id: ref.patient_id for ref in refs(tmp_path, **folder.OPTIONS)}
    assert patients == {"train/pat2 [x]/a (1)": "p0001", "val/pat7/c": "p0002", "train/pat10/b": "p0003"}


def test_official_splits_have_one_spelling(tmp_path: Path):
    folder.write(tmp_path)
    assert {ref.split_official for ref in refs(tmp_path, **folder.OPTIONS)} == {"train", "validation"}


def test_masks_are_in_counting_order(tmp_path: Path):
    folder.write(tmp_path)
    first = refs(tmp_path, **folder.OPTIONS)[1]
    assert [mask.path[len(first.case_id) :] for mask in first.masks] == ["_mask.png", "_mask_2.png", "_mask_10.png"]


def test_united_masks_are_one_annotation(tmp_path: Path):
    picture(tmp_path / "a.png", 1)
    mask(tmp_path / "a_mask.png", (0, 0, 10, 10))
    mask(tmp_path / "a_mask_1.png", (5, 0, 15, 10))
    [case] = loaded(tmp_path, {"images": "*.png", "masks": "{stem}_mask*.png"}).values()
    assert [int(annotation.mask.sum()) for annotation in case.views[0].annotations] == [150]


def test_a_label_of_ones_own_brings_its_words():
    [(label, term)] = sources.find("folder", {"label": "wart", "noun": "wart", "plural": "warts"}).terms
    assert (label.id, label.role, term.plural, term.article) == ("wart", "lesion", "warts", "a")


def test_an_image_without_mask_can_stand_for_nothing_there(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    assert drops(tmp_path) == {"images/a.png": "no_mask"}
    [case] = loaded(tmp_path, {"exhaustive": "yes", "unmasked": "empty"}).values()
    assert case.views[0].absent == ("lesion",)


def test_nothing_is_absent_without_the_promise_of_completeness(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    mask(tmp_path / "masks" / "a.png")
    [case] = loaded(tmp_path, {}).values()
    assert (case.views[0].annotations, case.views[0].absent) == ((), ())


def test_images_that_share_a_mask_are_dropped_both(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    picture(tmp_path / "images" / "a.jpg", 2)
    mask(tmp_path / "masks" / "a.png")
    assert drops(tmp_path) == {"images/a.jpg": "duplicate_stem", "images/a.png": "duplicate_stem"}


def test_links_out_of_the_folder_are_dropped(tmp_path: Path):
    picture(tmp_path / "secret.png", 1)
    picture(tmp_path / "mine" / "images" / "a.png", 1)
    (tmp_path / "mine" / "masks").mkdir()
    (tmp_path / "mine" / "masks" / "a.png").symlink_to(tmp_path / "secret.png")
    assert drops(tmp_path / "mine") == {"images/a.png": "no_mask", "masks/a.png": "outside_root"}


def test_a_glob_without_match_is_answered_with_what_there_is(tmp_path: Path):
    picture(tmp_path / "pictures" / "a.png", 1)
    with pytest.raises(ValueError, match=r"images='images/\*'.*there is pictures/a\.png"):
        items(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {"modality": "eeg"},
        {"instances": "true"},
        {"minimum_area": "1"},
        {"minimum_area": "nan"},
        {"patient": "(p"},
        {"split": "train|test"},
        {"unmasked": "empty"},
        {"images": ""},
        {"images": "[z-a]/*"},
        {"masks": "masks/{name}.png"},
        {"mask_grid": "raw"},
        {"ids": "number"},
        {"label": "a b", "noun": "wart", "plural": "warts"},
        {"label": "Wart", "noun": "wart", "plural": "warts"},
        {"name": "x[/b]"},
        {"name": "a::b"},
        {"name": ""},
        {"noun": "{value} thing", "plural": "things"},
        {"plural": "a|b", "noun": "wart"},
        {"article": "<b>"},
        {"license": "free\n# Terms"},
        {"license": "x" * 81},
        {"noun": "metastasis"},
        {"plural": "warts"},
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(options: dict[str, str]):
    with pytest.raises(ValueError, match=next(iter(options))):
        sources.find("folder", options)


def test_a_licence_may_be_said_in_ordinary_words():
    text = "CC BY-NC 4.0 (© the clinic; see https://example.org/terms)"
    assert sources.find("folder", {"license": text, "name": "my-clinic_2"}).license == text


def test_a_misspelt_label_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match=r"did you mean 'skin_lesion'.*noun and plural"):
        sources.find("folder", {"label": "skin_lesions"})


def test_pictures_that_no_pattern_matches_are_dropped_not_ignored(tmp_path: Path):
    for name in ("images/a.png", "images/b.jpg", "extra/c.TIF"):
        picture(tmp_path / name, 1)
    mask(tmp_path / "masks" / "a.png", (0, 0, 9, 9))
    (tmp_path / "images" / "scan.DCM").write_bytes(b"dicom")
    (tmp_path / "images" / "list.csv").write_text("a,b", encoding="utf-8")
    assert drops(tmp_path, images="images/*.png") == {
        "images/b.jpg": "not_matched",
        "extra/c.TIF": "not_matched",
        "images/scan.DCM": "not_matched",
    }


def test_a_name_that_is_not_utf8_is_dropped_and_the_others_are_used(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    mask(tmp_path / "masks" / "a.png", (0, 0, 9, 9))
    (tmp_path / "images" / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    assert drops(tmp_path) == {"images/bad\\xff.png": "bad_name"}
    assert [ref.case_id for ref in refs(tmp_path)] == ["images/a"]


def test_ranks_as_ids_keep_file_names_out_of_what_is_stored(tmp_path: Path):
    folder.write(tmp_path)
    ranked = refs(tmp_path, **folder.OPTIONS, ids="rank")
    named = refs(tmp_path, **folder.OPTIONS)
    assert [ref.case_id for ref in ranked] == ["c00002", "c00003", "c00004"]
    assert [(ref.image, ref.masks) for ref in ranked] == [(ref.image, ref.masks) for ref in named]
    view = sources.find("folder", {**folder.OPTIONS, "ids": "rank"}).load(ranked[0]).views[0]
    assert view.view_id == "folder:c00002"


@pytest.mark.parametrize("grid", ["stored", "upright"])
def test_the_option_says_whether_masks_were_drawn_before_the_exif_rotation(tmp_path: Path, grid: str):
    picture(tmp_path / "images" / "a.png", 1)
    Image.open(tmp_path / "images" / "a.png").save(tmp_path / "images" / "a.png", exif=exif(2))
    mask(tmp_path / "masks" / "a.png", (0, 0, 8, 8))
    with pytest.raises(Rejected, match="EXIF"):
        loaded(tmp_path, {})
    [case] = loaded(tmp_path, {"mask_grid": grid}).values()
    assert case.views[0].annotations[0].mask[0, 0] == (grid == "upright")


def test_the_corpus_may_be_given_by_a_link(tmp_path: Path):
    folder.write(tmp_path / "disk")
    (tmp_path / "alias").symlink_to(tmp_path / "disk")
    paths = [(ref.case_id, ref.image, ref.masks) for ref in refs(tmp_path / "disk", **folder.OPTIONS)]
    assert [(ref.case_id, ref.image, ref.masks) for ref in refs(tmp_path / "alias", **folder.OPTIONS)] == paths
    assert loaded(tmp_path / "alias", {"images": "train/*/b.*", "masks": "{parent}/{stem}_mask.png"})


def painted(root: Path, suffix: str = "png") -> None:
    """A picture and a mask with two structures, red and green."""
    picture(root / "images" / "a.png", 1)
    drawn = np.zeros((48, 64, 3), np.uint8)
    drawn[:16, :16], drawn[24:40, 32:64] = (255, 0, 0), (0, 255, 0)
    save(root / "masks" / f"a.{suffix}", drawn)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_several_structures_may_be_painted_into_one_file(tmp_path: Path, suffix: str):
    painted(tmp_path, suffix)
    options = {"values": "#FF0000=left kidney,#00ff00=dark spot"}
    source = sources.find("folder", options)
    assert source.labels == ("dark_spot", "kidney_left")
    assert [term.name for _, term in source.terms] == ["dark spot"]
    [case] = loaded(tmp_path, options).values()
    found = {item.label: int(item.mask.sum()) for item in case.views[0].annotations}
    assert found == pytest.approx({"dark_spot": 512, "kidney_left": 256}, rel=0.1)


def test_numbers_of_a_label_map_may_be_structures_or_instances(tmp_path: Path):
    picture(tmp_path / "images" / "a.png", 1)
    drawn = np.zeros((48, 64), np.uint8)
    drawn[:8, :8], drawn[20:30, 20:30] = 1, 2
    save(tmp_path / "masks" / "a.png", drawn)
    [case] = loaded(tmp_path, {"values": "1=polyp,2=polyp", "instances": "yes", "exhaustive": "yes"}).values()
    assert [(item.instance, int(item.mask.sum())) for item in case.views[0].annotations] == [(True, 64), (True, 100)]
    [case] = loaded(tmp_path, {"values": "1=polyp,2=-"}).values()
    assert [int(item.mask.sum()) for item in case.views[0].annotations] == [64]


def test_a_colour_that_nobody_has_named_refuses_the_picture(tmp_path: Path):
    painted(tmp_path)
    with pytest.raises(Rejected, match="00ff00"):
        loaded(tmp_path, {"values": "#ff0000=tumour"})


def test_a_structure_of_an_exhaustive_corpus_that_no_pixel_shows_is_absent(tmp_path: Path):
    painted(tmp_path)
    options = {"values": "#ff0000=liver,#00ff00=spleen,#0000ff=colon", "exhaustive": "yes"}
    [case] = loaded(tmp_path, options).values()
    assert case.views[0].absent == ("colon",)


@pytest.mark.parametrize(
    "options",
    [
        {"values": "1=liver", "label": "liver"},
        {"values": "red=liver"},
        {"values": "1=liver,#ff0000=spleen"},
        {"values": "1=-"},
    ],
)
def test_values_that_cannot_be_meant_are_refused_by_name(options: dict[str, str]):
    with pytest.raises(ValueError, match="values"):
        sources.find("folder", options)
