"""Polyps and skin lesions: their other layouts, bundles of several corpora, and the real sample of ISIC 2017."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mmrs_builder import sources
from mmrs_builder.splits import Member, place
from mmrs_builder.types import CaseRef, Drop
from tests.corpora import cvc_clinicdb, ham10000, isic2016, isic2017, isic2018, mask, picture, polyp_bench

SHAPE = (16, 8, 40, 32)


def refs(name: str, root: Path) -> list[CaseRef]:
    return [item for item in sources.find(name).index(root) if isinstance(item, CaseRef)]


def drops(name: str, root: Path) -> dict[str, str]:
    return {item.what: item.reason for item in sources.find(name).index(root) if isinstance(item, Drop)}


def test_all_real_isic_pictures_are_used_and_their_superpixels_are_not(samples: Path):
    found = refs("isic2017", samples / "isic2017")
    views = [sources.find("isic2017").load(ref).views[0] for ref in found]
    assert len(found) == 24
    assert Counter(drops("isic2017", samples / "isic2017").values()) == {"companion": 24}
    assert {ref.split_official for ref in found} == {"train"}
    assert {(len(view.annotations), view.specks, view.doubtful_px) for view in views} == {(1, 0, 0)}


def test_real_names_of_kvasir_frames_are_known_to_the_benchmark(samples: Path, tmp_path: Path):
    frames = [path.stem for path in (samples / "kvasir-seg" / "Kvasir-SEG" / "images").iterdir()]
    for seed, frame in enumerate(frames):
        picture(tmp_path / "TrainDataset" / "image" / f"{frame}.png", seed)
        mask(tmp_path / "TrainDataset" / "mask" / f"{frame}.png", SHAPE)
    assert {ref.case_id for ref in refs("polyp_bench", tmp_path)} == {f"TrainDataset/{frame}" for frame in frames}
    assert drops("polyp_bench", tmp_path) == {}


@pytest.mark.parametrize("name", ["cvc_colondb", "etis"])
def test_the_png_export_is_read_too(tmp_path: Path, name: str):
    for number in (1, 196):
        picture(tmp_path / "images" / f"{number}.png", number)
        mask(tmp_path / "masks" / f"{number}.png", SHAPE)
    assert [(ref.image, ref.masks[0].path) for ref in refs(name, tmp_path)] == [
        ("images/1.png", "masks/1.png"),
        ("images/196.png", "masks/196.png"),
    ]
    assert drops(name, tmp_path) == {}


def test_of_endoscene_the_polyps_of_cvc_300_are_read_alone(tmp_path: Path):
    for part in ("CVC-300", "CVC-612"):
        picture(tmp_path / part / "bbdd" / "1.bmp", 1)
        mask(tmp_path / part / "gtpolyp" / f"1.{'bmp' if part == 'CVC-300' else 'tif'}", SHAPE)
        mask(tmp_path / part / "gtlumen" / "1.bmp", (0, 0, 10, 10))
    [ref] = refs("cvc_300", tmp_path)
    assert (ref.image, [item.path for item in ref.masks]) == ("CVC-300/bbdd/1.bmp", ["CVC-300/gtpolyp/1.bmp"])
    assert drops("cvc_300", tmp_path) == {
        "CVC-300/gtlumen/1.bmp": "companion",
        **{f"CVC-612/{path}": "companion" for path in ("bbdd/1.bmp", "gtpolyp/1.tif", "gtlumen/1.bmp")},
    }


def test_endoscene_may_lie_in_the_folder_of_its_own_name(tmp_path: Path):
    home = tmp_path / "CVC-EndoSceneStill"
    for part in ("CVC-300", "CVC-612"):
        picture(home / part / "bbdd" / "1.bmp", len(part))
        mask(home / part / "gtpolyp" / "1.bmp", SHAPE)
    assert [ref.image for ref in refs("cvc_300", tmp_path)] == ["CVC-EndoSceneStill/CVC-300/bbdd/1.bmp"]


def test_a_mask_of_another_corpus_is_no_frame_of_colondb(tmp_path: Path):
    picture(tmp_path / "1.bmp", 1)
    for path in ("p1.bmp", "p30.bmp", "PNG/Ground Truth/30.png"):
        mask(tmp_path / path, SHAPE)
    assert [ref.image for ref in refs("cvc_colondb", tmp_path)] == ["1.bmp"]
    assert drops("cvc_colondb", tmp_path) == {"30": "no_image", "PNG/Ground Truth/30.png": "not_matched"}


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("cvc_clinicdb", "CVC-ClinicDB"),
        ("cvc_colondb", "CVC-ColonDB"),
        ("etis", "ETIS-LaribPolypDB"),
        ("cvc_300", "CVC-300"),
    ],
)
def test_of_a_bundle_each_source_reads_its_own_frames(tmp_path: Path, name: str, folder: str):
    polyp_bench.write(tmp_path)
    [ref] = refs(name, tmp_path)
    assert ref.image == f"TestDataset/TestDataset/{folder}/images/2.png"
    assert ref.masks[0].path == f"TestDataset/TestDataset/{folder}/masks/2.png"


def test_the_benchmarks_training_frames_that_neighbour_test_frames_are_left_out_by_default(tmp_path: Path):
    polyp_bench.write(tmp_path)
    members = [
        Member(
            view_id=ref.case_id,
            source=ref.source,
            case_id=ref.case_id,
            patient_id=ref.patient_id,
            group=ref.group,
            split_official=ref.split_official,
            picture=ref.case_id,
        )
        for ref in refs("polyp_bench", tmp_path)
    ]
    splits = {item.view_id: item.split for item in place(members, seed=0, policy="leak-safe")}
    assert (splits["TrainDataset/1"], splits["TrainDataset/612"]) == (None, "train")
    assert splits["TestDataset/CVC-ClinicDB/2"] == "test"
    assert {splits[f"TrainDataset/{frame}"] for frame in polyp_bench.KVASIR[:2]} == {"train"}


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("suffix", [".csv", ".tab"])
def test_lesions_are_found_whatever_their_table_is_called(tmp_path: Path, suffix: str, separator: str):
    ham10000.write(tmp_path)
    table = tmp_path / "HAM10000_metadata"
    text = table.read_text(encoding="utf-8").replace(",", separator)
    table.unlink()
    table.with_suffix(suffix).write_text(text, encoding="utf-8")
    assert {ref.case_id: ref.group for ref in refs("ham10000", tmp_path) if ref.group} == ham10000.ROWS


@pytest.mark.parametrize("text", ["image_id\nISIC_0024306\n", "lesion_id,image_id\nHAM_0000118\n", '"'])
def test_without_a_readable_table_pictures_are_used_one_by_one(tmp_path: Path, text: str):
    ham10000.write(tmp_path)
    (tmp_path / "HAM10000_metadata").write_text(text, encoding="utf-8")
    assert drops("ham10000", tmp_path)["HAM10000_metadata"] == "bad_metadata"
    assert {ref.group for ref in refs("ham10000", tmp_path)} == {None}


def test_a_table_of_another_corpus_does_not_hide_that_of_the_sequences(tmp_path: Path):
    cvc_clinicdb.write(tmp_path / "CVC-ClinicDB")
    (tmp_path / "Another").mkdir()
    (tmp_path / "Another" / "metadata.csv").write_text("file,patient\n1.png,7\n", encoding="utf-8")
    assert {ref.case_id: ref.group for ref in refs("cvc_clinicdb", tmp_path)}["1"] == "sequence 1"
    assert drops("cvc_clinicdb", tmp_path)["Another/metadata.csv"] == "bad_metadata"


def test_pictures_of_other_years_of_isic_are_not_taken_for_ham10000(tmp_path: Path):
    for corpus in (isic2016, isic2017, isic2018):
        corpus.write(tmp_path / "isic")
    picture(tmp_path / "others" / "ISIC_0000004.jpg", 1)
    mask(tmp_path / "others" / "ISIC_0000004_segmentation.png", SHAPE)
    own = ham10000.write(tmp_path / "ham")
    assert {ref.case_id for ref in refs("ham10000", tmp_path)} == {*own.areas, *own.rejected}


@pytest.mark.parametrize(
    "name", ["cvc_300", "cvc_colondb", "etis", "ham10000", "isic2016", "isic2017", "isic2018", "ph2", "polyp_bench"]
)
def test_a_folder_of_something_else_is_answered_with_the_layout(tmp_path: Path, name: str):
    picture(tmp_path / "holiday.jpg", 1)
    with pytest.raises(ValueError, match=r"no \w+ images in .*: expected .*[<*]"):
        refs(name, tmp_path)
