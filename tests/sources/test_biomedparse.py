"""BiomedParse: names of files tell the modality and the target."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mmrs_builder import sources
from mmrs_builder.types import CaseRef, View
from tests.corpora import biomedparse, mask, picture


def refs(root: Path, **options: str) -> dict[str, CaseRef]:
    found = sources.find("biomedparse", options, root).index(root)
    return {item.image.rpartition("/")[2]: item for item in found if isinstance(item, CaseRef)}


def views(root: Path) -> dict[str, View]:
    source = sources.find("biomedparse", {}, root)
    return {name: source.load(ref).views[0] for name, ref in refs(root).items()}


def test_the_demo_is_read_whole(samples: Path):
    found = views(samples / "biomedparse-demo")
    assert sum(len(view.annotations) for view in found.values()) == 44
    assert Counter(ref.modality for ref in refs(samples / "biomedparse-demo").values()) == {
        "ct": 3, "mri": 2, "xray": 1, "ultrasound": 1, "endoscopy": 1, "dermoscopy": 1,
    }  # fmt: skip
    assert {view.picture.render for view in found.values()} == {"rgb8/1"}


def test_the_demo_proves_that_its_slices_are_turned(samples: Path):
    found = views(samples / "biomedparse-demo")
    down = {
        (name, item.label): float(item.mask.nonzero()[0].mean()) / 1024
        for name, view in found.items()
        for item in view.annotations
    }
    assert down["06_CT_abdomen.png", "liver"] < 0.3 < 0.7 < down["06_CT_abdomen.png", "spleen"]
    assert down["13_MRI_abdomen.png", "spleen"] < 0.3 < 0.7 < down["13_MRI_abdomen.png", "liver"]
    assert {view.grid.direction for view in found.values()} == {None}


def test_nested_targets_overlap(tmp_path: Path):
    biomedparse.write(tmp_path)
    found = views(tmp_path)["amos_0004-75_CT_abdomen.png"]
    by_label = {item.label: item.mask for item in found.annotations}
    assert (by_label["kidney"] & by_label["kidney_left"]).sum() == by_label["kidney_left"].sum() == 64


def test_folders_are_the_official_split(tmp_path: Path):
    biomedparse.write(tmp_path)
    assert {name: ref.split_official for name, ref in refs(tmp_path).items()} == {
        "amos_0004-75_CT_abdomen.png": "train",
        "amos_0009-3_CT_abdomen.png": "test",
        "patient1-2_MRI-T2_heart.png": "train",
        "odd_CT_heart.png": "train",
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a_b_X-Ray_chest", ("xray", None)),
        ("a_Endoscopy_colon", ("endoscopy", None)),
        ("a_MRI-T1-Gd_brain", ("mri", "T1-GD")),
        ("a_CT_brain", ("ct", None)),
    ],
)
def test_words_for_modalities_are_known(tmp_path: Path, name: str, told: tuple[str, str | None]):
    picture(tmp_path / "demo" / f"{name}.png", 1)
    mask(tmp_path / "demo_mask" / f"{name}_tumor.png", (0, 0, 9, 9))
    [ref] = refs(tmp_path).values()
    assert (ref.modality, ref.sequence, ref.split_official) == (*told, None)


def test_a_folder_of_other_things_is_answered_with_what_was_looked_for(tmp_path: Path):
    picture(tmp_path / "demo" / "a_CT_b.png", 1)
    with pytest.raises(ValueError, match="X_mask"):
        refs(tmp_path)


@pytest.mark.parametrize("options", [{"labels": "spleen=milt"}, {"group": "p"}, {"minimum_area": "x"}, {"name": "a b"}])
def test_a_value_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, options: dict[str, str]):
    biomedparse.write(tmp_path)
    with pytest.raises(ValueError, match=next(iter(options))):
        sources.find("biomedparse", options, tmp_path)
