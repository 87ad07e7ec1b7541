"""Ultrasound corpora: real pictures of BUSI, and what their files are like beyond the usual."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK
from PIL import Image

from mmrs_builder.sources import bus_bra, bus_uclm, busi, camus, ddti, tn3k
from mmrs_builder.types import Case, CaseRef, Drop, Source
from mmrs_builder.vocab import Rejected
from tests.build.command import mmrs
from tests.corpora import bus_bra as patients
from tests.corpora import bus_uclm as painted
from tests.corpora import camus as hearts
from tests.corpora import ddti as outlined
from tests.corpora import mask, picture


def refs(source: Source, root: Path) -> dict[str, CaseRef]:
    return {item.case_id: item for item in source.index(root) if isinstance(item, CaseRef)}


def drops(source: Source, root: Path) -> dict[str, str]:
    return {item.what: item.reason for item in source.index(root) if isinstance(item, Drop)}


def cases(source: Source, root: Path) -> dict[str, Case]:
    return {case_id: source.load(ref) for case_id, ref in refs(source, root).items()}


def areas(case: Case) -> list[int]:
    return [int(annotation.mask.sum()) for annotation in case.views[0].annotations]


def test_all_real_pictures_of_busi_are_used_with_a_structure_for_every_mass(samples: Path):
    found = cases(busi.SOURCE, samples / "busi")
    several = {name: len(areas(case)) for name, case in found.items() if len(areas(case)) != 1}
    assert len(found) == 20
    assert several == {
        "benign (100)": 2, "benign (195)": 3, "benign (25)": 2, "benign (4)": 2, "malignant (53)": 2,
        "normal (1)": 0, "normal (50)": 0, "normal (97)": 0,
    }  # fmt: skip
    assert not drops(busi.SOURCE, samples / "busi")


def test_a_real_mask_with_an_alpha_channel_is_no_full_picture(samples: Path):
    [_, second] = areas(busi.SOURCE.load(refs(busi.SOURCE, samples / "busi")["benign (4)"]))
    assert second == pytest.approx(0.0024 * 555 * 465, rel=0.02)


def test_a_real_picture_filed_as_benign_and_malignant_stays_in_one_split(samples: Path, tmp_path: Path):
    out = tmp_path / "out"
    done = mmrs("build", "--source", "busi", "--data", samples / "busi", "--out", out, "--workers", 1)
    assert done.code == 0, done.err
    columns = ["case_id", "group_id", "split"]
    views = pd.concat(pd.read_parquet(path, columns=columns) for path in (out / "data").iterdir())
    twins = views[views["case_id"].isin(["benign (433)", "malignant (145)"])]
    assert len(views) == 20
    assert len(twins) == 2
    assert twins["group_id"].nunique() == twins["split"].nunique() == 1
    assert views["group_id"].nunique() == 19


def test_masses_that_are_benign_and_malignant_in_one_picture_are_all_masses(tmp_path: Path):
    painted.write(tmp_path)
    [annotation] = bus_uclm.SOURCE.load(refs(bus_uclm.SOURCE, tmp_path)["COPE_000"]).views[0].annotations
    assert annotation.label == "breast_mass"
    assert annotation.mask[10, 10]
    assert annotation.mask[18, 50]


def test_patients_that_the_authors_test_on_are_known_in_small_letters_too(tmp_path: Path):
    painted.write(tmp_path)
    for path in sorted((tmp_path / "BUS-UCLM").glob("*/*.png")):
        path.rename(path.with_name(path.name.lower()))
    splits = {name: ref.split_official for name, ref in refs(bus_uclm.SOURCE, tmp_path).items()}
    assert (splits["alwi_000"], splits["cope_000"]) == ("train", "test")


def test_a_normal_picture_in_a_folder_in_capitals_may_have_an_empty_mask(tmp_path: Path):
    picture(tmp_path / "NORMAL" / "NORMAL (1).png", 1)
    mask(tmp_path / "NORMAL" / "NORMAL (1)_mask.png")
    assert cases(busi.SOURCE, tmp_path)["NORMAL (1)"].views[0].absent == ("breast_mass",)


def test_the_table_of_patients_has_the_word_over_file_names(tmp_path: Path):
    patients.write(tmp_path)
    (tmp_path / "BUSBRA" / "bus_data.csv").write_text("ID,Case\nbus_0001-l,7\nbus_0002-s,7\n", encoding="utf-8")
    people = {name: ref.patient_id for name, ref in refs(bus_bra.SOURCE, tmp_path).items()}
    assert people == {"bus_0001-l": "7", "bus_0001-r": "1", "bus_0002-s": "7", "bus_0003-l": "3"}


def test_without_a_readable_table_patients_are_known_by_file_names(tmp_path: Path):
    patients.write(tmp_path)
    (tmp_path / "BUSBRA" / "bus_data.csv").write_bytes(b"ID;Case\n")
    assert drops(bus_bra.SOURCE, tmp_path)["BUSBRA/bus_data.csv"] == "bad_metadata"
    assert refs(bus_bra.SOURCE, tmp_path)["bus_0001-r"].patient_id == "1"


def test_the_fringes_of_a_strongly_compressed_mask_are_doubtful_and_no_nodule(tmp_path: Path):
    path = tmp_path / "test-mask" / "0000.jpg"
    picture(tmp_path / "test-image" / "0000.jpg", 1)
    mask(path, (13, 9, 41, 33))
    with Image.open(path) as stored:
        sharp = stored.copy()
    sharp.save(path, quality=60)
    [view] = cases(tn3k.SOURCE, tmp_path)["test-0000"].views
    assert np.count_nonzero(np.asarray(Image.open(path))) > 1.2 * 28 * 24
    assert view.doubtful_px > 0
    assert areas(cases(tn3k.SOURCE, tmp_path)["test-0000"]) == [28 * 24]


def test_masks_that_others_made_of_outlines_are_read_where_there_are_no_outlines(tmp_path: Path):
    home = tmp_path / "DDTI dataset" / "DDTI"
    picture(home / "1_or_data" / "image" / "12.PNG", 1)
    mask(home / "1_or_data" / "mask" / "12.PNG", outlined.NODULE)
    picture(home / "2_preprocessed_data" / "stage1" / "p_image" / "12.PNG", 2)
    assert areas(cases(ddti.SOURCE, tmp_path)["12"]) == [24 * 24]
    assert set(drops(ddti.SOURCE, tmp_path).values()) == {"companion"}


def test_an_outline_may_leave_the_picture_and_a_slip_of_the_pen_encloses_nothing(tmp_path: Path):
    picture(tmp_path / "1_1.jpg", 1)
    slip = '{"points": [{"x": 1, "y": 1}, {"x": 9, "y": 9}]}, {"points": []}'
    outlined.case(tmp_path / "1.xml", {1: f"[{slip}, {outlined.outlined([(50, 40, 90, 60)])[1:]}"})
    assert areas(cases(ddti.SOURCE, tmp_path)["1_1"]) == [14 * 8]


def test_all_marks_of_a_picture_are_one_mask(tmp_path: Path):
    picture(tmp_path / "1_1.jpg", 1)
    one, two = (outlined.outlined([box]) for box in (outlined.NODULE, outlined.OTHER))
    marks = "".join(f"<mark><image>1</image><svg>{text}</svg></mark>" for text in (one, two))
    (tmp_path / "1.xml").write_text(f"<case>{marks}</case>", encoding="utf-8")
    assert areas(cases(ddti.SOURCE, tmp_path)["1_1"]) == [24 * 24 + 8 * 8]


def test_outlines_are_preferred_to_masks_whatever_the_case_of_their_files(tmp_path: Path):
    outlined.write(tmp_path)
    for path in sorted((tmp_path / "DDTI").glob("*.xml")):
        path.rename(path.with_suffix(".XML"))
    assert {"1_1", "1_2", "10_1"} < refs(ddti.SOURCE, tmp_path).keys()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "bad_metadata"),
        ("5", "bad_metadata"),
        ('[{"points": [{"x": 1}]}]', "bad_metadata"),
        ("[" * 100_000, "bad_metadata"),
        ('[{"points": [{"x": 1e999, "y": 1}]}]', "bad_outline"),
    ],
    ids=["number", "no list", "half a place", "deep", "endless"],
)
def test_damaged_outlines_refuse_their_picture_alone(tmp_path: Path, text: str, reason: str):
    for number in (1, 2):
        picture(tmp_path / f"1_{number}.jpg", number)
    outlined.case(tmp_path / "1.xml", {1: text, 2: outlined.outlined([outlined.NODULE])})
    found = refs(ddti.SOURCE, tmp_path)
    with pytest.raises(Rejected) as refused:
        ddti.SOURCE.load(found["1_1"])
    assert refused.value.reason == reason
    assert areas(ddti.SOURCE.load(found["1_2"])) == [24 * 24]


def heart(root: Path, **names: SimpleITK.Image) -> CaseRef:
    """A patient with one frame and its label map."""
    home = root / "database_nifti" / "patient0009"
    home.mkdir(parents=True)
    for suffix, image in names.items():
        SimpleITK.WriteImage(image, str(home / f"patient0009_4CH_ED{suffix.removeprefix('image')}.nii.gz"))
    return refs(camus.SOURCE, root)["patient0009_4CH_ED"]


def test_an_echocardiogram_is_shown_as_it_was_taken_whatever_its_header_says_of_the_body(tmp_path: Path):
    pixels = hearts.frame(1)
    image = SimpleITK.GetImageFromArray(pixels)
    labels = SimpleITK.GetImageFromArray(hearts.labels({1: hearts.VENTRICLE, 3: hearts.ATRIUM}))
    for item in (image, labels):
        item.SetSpacing(hearts.SPACING)
        item.SetDirection((-1.0, 0.0, 0.0, -1.0))
    [view] = camus.SOURCE.load(heart(tmp_path, image=image, _gt=labels)).views
    assert np.array_equal(view.picture.pixels, pixels.repeat(2, axis=1))
    assert (view.grid.direction, view.grid.evidence) == (None, None)
    assert view.grid.spacing == pytest.approx((0.15, 0.15))
    rows = {item.label: np.nonzero(item.mask)[0].mean() for item in view.annotations}
    assert rows["heart_ventricle_left"] < rows["heart_atrium_left"]


def test_pixels_that_are_nearly_square_are_not_repeated(tmp_path: Path):
    image = SimpleITK.GetImageFromArray(hearts.frame(1))
    labels = SimpleITK.GetImageFromArray(hearts.labels({1: hearts.VENTRICLE}))
    for item in (image, labels):
        item.SetSpacing((0.3, 0.25))
    [view] = camus.SOURCE.load(heart(tmp_path, image=image, _gt=labels)).views
    assert (view.grid.width, view.grid.height) == (hearts.WIDTH, hearts.HEIGHT)
    assert view.grid.spacing == pytest.approx((0.25, 0.3))


def test_a_label_map_of_another_size_or_of_several_frames_is_refused(tmp_path: Path):
    image = SimpleITK.GetImageFromArray(hearts.frame(1))
    short = SimpleITK.GetImageFromArray(hearts.labels({1: hearts.VENTRICLE})[:-1])
    several = SimpleITK.GetImageFromArray(np.stack([hearts.labels({1: hearts.VENTRICLE})] * 2))
    for name, labels, reason in (("a", short, "grid_mismatch"), ("b", several, "multi_frame")):
        with pytest.raises(Rejected) as refused:
            camus.SOURCE.load(heart(tmp_path / name, image=image, _gt=labels))
        assert refused.value.reason == reason
