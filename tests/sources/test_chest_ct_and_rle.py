"""Chest CT corpora and films with run lengths: what their files would do in silence if they were read carelessly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmrs_builder import sources
from mmrs_builder.types import CaseRef, Drop, Mask, View
from mmrs_builder.vocab import Rejected
from tests.corpora import chest_ct_seg, chexmask, covid19_ct, finding_lungs, lctsc, picture, siim_pneumothorax
from tests.io.dicoms import encoded

FILMS = {f"film {number}": siim_pneumothorax.name(number) for number in (1, 2, 3, 4)}


def refs(name: str, root: Path, **options: str) -> dict[str, CaseRef]:
    found = sources.find(name, options, root).index(root)
    return {item.case_id: item for item in found if isinstance(item, CaseRef)}


def drops(name: str, root: Path) -> dict[str, str]:
    return {item.what: item.reason for item in sources.find(name, {}, root).index(root) if isinstance(item, Drop)}


def views(name: str, root: Path, case: str, **options: str) -> tuple[View, ...]:
    return sources.find(name, options, root).load(refs(name, root)[case]).views


def shown(view: View, label: str) -> Mask:
    return np.logical_or.reduce([item.mask for item in view.annotations if item.label == label])


def box(mask: Mask) -> tuple[int, int, int, int]:
    """Half-open x0 y0 x1 y1."""
    rows, columns = np.nonzero(mask)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def greys(units: np.ndarray) -> np.ndarray:
    """Hounsfield units as the lung window shows them, before they are rounded."""
    return (units + 1350.0).clip(0, 1500) * 255 / 1500


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("siim")
    siim_pneumothorax.write(root)
    return root


def test_a_relative_mask_lies_where_it_was_drawn(films: Path):
    (view,) = views("siim_pneumothorax", films, FILMS["film 1"])
    assert box(shown(view, "pneumothorax")) == siim_pneumothorax.APEX
    assert view.picture.render == "asis/1"


def test_a_film_is_placed_in_the_patient_only_by_its_own_header(films: Path):
    grids = {film: views("siim_pneumothorax", films, name)[0].grid for film, name in FILMS.items()}
    assert {film for film, grid in grids.items() if grid.evidence} == {"film 3"}
    assert grids["film 3"].direction == ((0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
    assert (grids["film 3"].plane, grids["film 3"].evidence) == ("frontal", "header")
    assert {grid.spacing for grid in grids.values()} == {None}  # it holds at the detector, not in the patient


def test_a_film_that_shows_black_as_high_is_turned(films: Path):
    (view,) = views("siim_pneumothorax", films, FILMS["film 4"])
    stored = np.random.default_rng(4).integers(20, 256, (48, 64), dtype=np.uint8)
    assert np.array_equal(view.picture.pixels, 255 - stored)


def test_no_id_of_a_patient_is_stored(tmp_path: Path):
    siim_pneumothorax.save(tmp_path, 1, siim_pneumothorax.film(1, "ZEBEDEE"))
    (tmp_path / "train-rle.csv").write_text(f"ImageId, EncodedPixels\n{FILMS['film 1']}, -1\n", encoding="utf-8")
    (ref,) = refs("siim_pneumothorax", tmp_path).values()
    assert ref.patient_id == "p0001"
    assert "ZEBEDEE" not in repr(ref)


@pytest.mark.parametrize(
    "text",
    [
        f"ImageId,EncodedPixels\n{FILMS['film 1']},{siim_pneumothorax.starts(siim_pneumothorax.APEX)}\n",
        f"ImageId\n{FILMS['film 1']}\n",
        f"ImageId,EncodedPixels\n{FILMS['film 1']}\n",
    ],
    ids=["absolute", "column", "cut"],
)
def test_a_table_of_another_kind_is_dropped_with_all_films(tmp_path: Path, text: str):
    siim_pneumothorax.save(tmp_path, 1, siim_pneumothorax.film(1, "a"))
    (tmp_path / "stage_2_train.csv").write_text(text, encoding="utf-8")
    assert drops("siim_pneumothorax", tmp_path) == {"stage_2_train.csv": "bad_metadata", FILMS["film 1"]: "no_mask"}


@pytest.mark.parametrize("name", ["", "a\x1b[2J"])
def test_a_row_that_names_no_film_is_named_by_its_table(tmp_path: Path, name: str):
    siim_pneumothorax.save(tmp_path, 1, siim_pneumothorax.film(1, "A"))
    rows = f"{siim_pneumothorax.name(1)},-1\n{name},-1\n"
    (tmp_path / "train-rle.csv").write_text(f"ImageId,EncodedPixels\n{rows}", encoding="utf-8")
    assert drops("siim_pneumothorax", tmp_path) == {"train-rle.csv": "no_image"}


def test_a_single_run_says_nothing_of_its_kind_and_is_taken_as_the_corpus_writes_it(tmp_path: Path):
    siim_pneumothorax.save(tmp_path, 1, siim_pneumothorax.film(1, "a"))
    (tmp_path / "train-rle.csv").write_text(f"ImageId, EncodedPixels\n{FILMS['film 1']}, 480 9\n", encoding="utf-8")
    (view,) = views("siim_pneumothorax", tmp_path, FILMS["film 1"])
    assert box(shown(view, "pneumothorax")) == (10, 0, 11, 9)


def test_a_folder_without_films_is_answered_with_the_layout(tmp_path: Path):
    with pytest.raises(ValueError, match=r"train-rle\.csv"):
        refs("siim_pneumothorax", tmp_path)


def test_colour_films_are_refused(tmp_path: Path):
    found = siim_pneumothorax.image(np.zeros((48, 64, 3), np.uint8), modality="CR", PatientID="a")
    path = tmp_path / f"{FILMS['film 1']}.dcm"
    path.write_bytes(encoded(found))
    (tmp_path / "train-rle.csv").write_text(f"ImageId, EncodedPixels\n{FILMS['film 1']}, -1\n", encoding="utf-8")
    with pytest.raises(Rejected) as refused:
        views("siim_pneumothorax", tmp_path, FILMS["film 1"])
    assert refused.value.reason == "unsupported_mode"


def test_organs_lie_where_the_table_says_along_the_rows(tmp_path: Path):
    chexmask.write(tmp_path)
    (view,) = views("chexmask", tmp_path, "00000001_001")
    boxes = {item.label: box(item.mask) for item in view.annotations}
    assert boxes == {"lung_left": chexmask.LEFT, "lung_right": chexmask.RIGHT, "heart": chexmask.HEART}
    assert view.grid.evidence is None


def test_a_table_that_has_changed_since_it_was_indexed_is_noticed(tmp_path: Path):
    films = ("00000001_000.png", "00000002_000.png")
    for number, film in enumerate(films):
        picture(tmp_path / film, number, chexmask.SIZE)
    table = tmp_path / "ChestX-Ray8.csv"
    chexmask.table(table, "Image Index", *map(chexmask.row, films))
    found = refs("chexmask", tmp_path)
    chexmask.table(table, "Image Index", *map(chexmask.row, reversed(films)))
    for ref in found.values():
        with pytest.raises(Rejected) as refused:
            sources.find("chexmask", {}, tmp_path).load(ref)
        assert refused.value.reason == "changed"


@pytest.mark.parametrize("rating", ["", "nan", "high", "0.6999"])
def test_a_film_without_a_good_rating_is_not_used(tmp_path: Path, rating: str):
    picture(tmp_path / "00000001_000.png", 1, chexmask.SIZE)
    line = chexmask.row("00000001_000.png").replace(",0.9,", f",{rating},", 1)
    chexmask.table(tmp_path / "ChestX-Ray8.csv", "Image Index", line)
    assert not refs("chexmask", tmp_path)
    assert set(drops("chexmask", tmp_path)) == {"00000001_000.png"}


def test_a_film_is_counted_once_however_many_tables_name_it(tmp_path: Path):
    picture(tmp_path / "00000001_000.png", 1, chexmask.SIZE)
    for folder, rating in (("OriginalResolution", 0.1), ("Preprocessed", 0.9)):
        table = tmp_path / folder / "ChestX-Ray8.csv"
        chexmask.table(table, "Image Index", chexmask.row("00000001_000.png", rating))
    found = [(item.what, item.reason) for item in sources.find("chexmask").index(tmp_path) if isinstance(item, Drop)]
    assert found == [
        ("00000001_000.png", "poor_mask"),
        ("Preprocessed/ChestX-Ray8.csv: 00000001_000.png", "second_copy"),
    ]
    assert not refs("chexmask", tmp_path)


def test_an_organ_that_the_model_did_not_find_is_not_called_absent(tmp_path: Path):
    picture(tmp_path / "00000001_000.png", 1, chexmask.SIZE)
    chexmask.table(tmp_path / "ChestX-Ray8.csv", "Image Index", chexmask.row("00000001_000.png", heart="1 0"))
    with pytest.raises(Rejected) as refused:
        views("chexmask", tmp_path, "00000001_000")
    assert refused.value.reason == "mask_empty"


@pytest.mark.parametrize(("width", "height"), [("64.5", "48"), ("0", "48"), ("-64", "-48"), ("99999", "99999")])
def test_a_size_that_cannot_be_is_refused(tmp_path: Path, width: str, height: str):
    picture(tmp_path / "00000001_000.png", 1, chexmask.SIZE)
    line = chexmask.row("00000001_000.png").replace(",48,64", f",{height},{width}")
    chexmask.table(tmp_path / "ChestX-Ray8.csv", "Image Index", line)
    with pytest.raises(Rejected) as refused:
        views("chexmask", tmp_path, "00000001_000")
    assert refused.value.reason in {"bad_metadata", "too_large", "bad_outline"}


def test_blue_is_lung_green_is_heart_and_red_is_trachea(tmp_path: Path):
    chest_ct_seg.write(tmp_path)
    (view,) = views("chest_ct_seg", tmp_path, "ID00007637202177411956430_0")
    assert box(shown(view, "trachea")) == chest_ct_seg.TRACHEA
    assert box(shown(view, "heart")) == chest_ct_seg.HEART
    assert box(shown(view, "lung")) == (8, 16, 120, 80)
    assert view.doubtful_px > 0  # the rims, blurred by JPEG


def test_all_real_slices_are_used(samples: Path):
    found = refs("finding_lungs", samples / "finding-lungs-ct")
    pictures = [views("finding_lungs", samples / "finding-lungs-ct", name)[0] for name in found]
    assert len(pictures) == 10
    assert {view.picture.render for view in pictures} == {"rgb8/1"}
    assert sum(view.specks + view.doubtful_px for view in pictures) == 0
    assert all(0.1 < shown(view, "lung").mean() < 0.5 for view in pictures)


def test_signed_values_look_the_same_whether_the_file_says_that_they_have_a_sign(tmp_path: Path):
    units = finding_lungs.units(1)
    for name, sign in (("ID_0001_Z_0001", True), ("ID_0001_Z_0002", False)):
        finding_lungs.tiff(tmp_path / "2d_images" / f"{name}.tif", units, sign=sign)
        finding_lungs.mask(tmp_path / "2d_masks" / f"{name}.tif", finding_lungs.LEFT)
    said, unsaid = (views("finding_lungs", tmp_path, f"ID_0001_Z_000{n}")[0].picture for n in (1, 2))
    assert said.render == unsaid.render == "window:lung(-600,1500)/1"
    assert np.allclose(said.pixels, greys(units), atol=0.51)
    assert np.array_equal(unsaid.pixels, said.pixels)


def test_a_scan_is_cut_into_its_slices_and_claims_no_sides_and_no_millimetres(tmp_path: Path):
    finding_lungs.write(tmp_path)
    (view,) = views("finding_lungs", tmp_path, "0002", coverage="0", empty="0")
    values = np.random.default_rng(10).integers(-1000, 400, (10, 24, 24), dtype=np.int16)
    assert box(shown(view, "lung")) == (6, 4, 20, 14)
    assert np.allclose(view.picture.pixels, greys(values[3]), atol=0.51)
    assert (view.grid.spacing, view.grid.evidence, view.grid.slice_index) == (None, None, 3)


def test_windowed_scans_are_shown_as_they_are_and_others_by_the_lung_window(tmp_path: Path):
    covid19_ct.write(tmp_path)
    steps = {
        name: {view.picture.render for view in views("covid19_ct", tmp_path, name)}
        for name in ("coronacases_001", "radiopaedia_10_85902_1")
    }
    assert steps == {"coronacases_001": {"window:lung(-600,1500)/1"}, "radiopaedia_10_85902_1": {"asis/1"}}


def test_an_infection_lies_within_its_whole_lung_on_the_patients_left(tmp_path: Path):
    covid19_ct.write(tmp_path)
    found = views("covid19_ct", tmp_path, "coronacases_001", coverage="0", empty="0")
    view = next(view for view in found if not view.absent)
    infection, left, right = (shown(view, label) for label in ("infection_region", "lung_left", "lung_right"))
    assert infection.any()
    assert (infection & left).sum() == infection.sum()
    assert box(left)[0] >= box(right)[2]  # the patient's left is at the viewer's right


def test_lungs_of_an_early_release_are_known_by_their_letters(tmp_path: Path):
    lctsc.write(tmp_path)
    found = refs("lctsc", tmp_path)["LCTSC-Test-S3-204"]
    assert [mask.label for mask in found.masks] == ["lung_left", "lung_right"]
    (view,) = views("lctsc", tmp_path, "LCTSC-Test-S3-204", coverage="0")
    assert box(shown(view, "lung_left"))[0] >= box(shown(view, "lung_right"))[2]
    assert (view.grid.evidence, view.grid.spacing, view.absent) == ("header", (2.0, 2.0), ())
