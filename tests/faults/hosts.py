"""Small corpora with one file that is about to be damaged, one for each format and way of coding that is read."""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from tests.corpora import mask, picture
from tests.corpora.volumes import AFFINE, SHAPE, numbers, save, scan

SIZE: Final = (64, 48)
POLYP: Final = (16, 8, 40, 32)


@dataclass(frozen=True, kw_only=True)
class Host:
    """``victim`` is the file below the corpus that is damaged. ``alone``: it belongs to one case, and whatever becomes
    of it, the other cases are what they were.
    """

    name: str
    form: str  # of the victim
    source: str
    victim: str
    write: Callable[[Path], Any]
    options: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False


def _pictures(name: str, form: str, data: bytes, *, masks: bool = False) -> Host:
    """Two pictures with masks; ``data`` is the victim in place of the second picture, or of its mask."""
    suffix = form.lower()
    victim = f"{'masks' if masks else 'images'}/b.{suffix}"

    def write(root: Path) -> None:
        for seed, stem in enumerate("ab"):
            picture(root / "images" / f"{stem}.png", seed, SIZE)
            mask(root / "masks" / f"{stem}.png", POLYP, size=SIZE)
        (root / ("masks" if masks else "images") / "b.png").unlink()
        (root / victim).write_bytes(data)

    options = {"images": "images/*.*", "masks": "masks/{stem}.*", "label": "polyp"}
    return Host(name=name, form=form, source="folder", victim=victim, write=write, options=options, alone=True)


def coded(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    """A picture of ``SIZE`` in a format and mode of Pillow."""
    pixels = np.random.default_rng(7).integers(40, 200, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    pixels[::4] = 90  # something to compress
    picture = Image.fromarray(pixels)
    if mode == "I;16":
        picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    elif mode == "P":
        picture = picture.quantize(32)
    else:
        picture = picture.convert(mode)
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def drawn(kind: str, mode: str = "L", **options: Any) -> bytes:
    """A mask of ``SIZE`` in a format and mode of Pillow."""
    pixels = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    pixels[8:32, 16:40] = 255
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    return exif.tobytes()


def _picture_hosts() -> list[Host]:
    return [
        _pictures("png-rgb", "PNG", coded("PNG")),
        _pictures("png-grey16", "PNG", coded("PNG", "I;16")),
        _pictures("png-palette", "PNG", coded("PNG", "P")),
        _pictures("png-rgba", "PNG", coded("PNG", "RGBA")),
        _pictures("png-exif", "PNG", coded("PNG", exif=_exif())),
        _pictures("jpeg", "JPEG", coded("JPEG")),
        _pictures("jpeg-progressive", "JPEG", coded("JPEG", progressive=True, restart_marker_rows=1)),
        _pictures("jpeg-grey-exif", "JPEG", coded("JPEG", "L", exif=_exif())),
        _pictures("jpeg-cmyk", "JPEG", coded("JPEG", "CMYK")),
        _pictures("tiff-raw", "TIFF", coded("TIFF")),
        _pictures("tiff-lzw", "TIFF", coded("TIFF", compression="tiff_lzw")),
        _pictures("tiff-deflate", "TIFF", coded("TIFF", "L", compression="tiff_adobe_deflate")),
        _pictures("tiff-jpeg", "TIFF", coded("TIFF", compression="jpeg")),
        _pictures("tiff-grey16", "TIFF", coded("TIFF", "I;16")),
        _pictures("tiff-packbits", "TIFF", coded("TIFF", compression="packbits")),
        _pictures("bmp", "BMP", coded("BMP")),
        _pictures("bmp-palette", "BMP", coded("BMP", "P")),
        _pictures("gif", "GIF", coded("GIF", "P")),
        _pictures("webp", "WEBP", coded("WEBP")),
        _pictures("webp-lossless", "WEBP", coded("WEBP", lossless=True)),
        _pictures("ppm", "PPM", coded("PPM")),
        _pictures("pgm", "PGM", coded("PPM", "L")),
        _pictures("mask-png", "PNG", drawn("PNG"), masks=True),
        _pictures("mask-png-bits", "PNG", drawn("PNG", "1"), masks=True),
        _pictures("mask-jpeg", "JPEG", drawn("JPEG"), masks=True),
        _pictures("mask-tiff", "TIFF", drawn("TIFF", compression="tiff_lzw"), masks=True),
        _pictures("mask-bmp", "BMP", drawn("BMP"), masks=True),
        _pictures("mask-gif", "GIF", drawn("GIF"), masks=True),
        _unread("npy", _npy()),
        _unread("npz", b"PK\x03\x04" + _npy()),
    ]


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(600, dtype=np.int16).reshape(20, 30))
    return stream.getvalue()


def _unread(suffix: str, data: bytes) -> Host:
    """A file of a kind that is not read, beside two cases."""
    host = _pictures(suffix, suffix.upper(), data)
    return Host(
        name=suffix, form="NPY", source="folder", victim=f"images/c.{suffix}",
        write=lambda root: (_two(root), (root / f"images/c.{suffix}").write_bytes(data)),
        options=host.options, alone=True,
    )  # fmt: skip


def _two(root: Path) -> None:
    for seed, stem in enumerate("ab"):
        picture(root / "images" / f"{stem}.png", seed, SIZE)
        mask(root / "masks" / f"{stem}.png", POLYP, size=SIZE)


VOLUMES: Final = {"masks": "{parent}/organs/*.*", "structure": "([^/]+)$", "coverage": "0", "patient": "^([^/]+)/"}
KIDNEY: Final = (14, 4, 2, 20, 10, 4)


def _volumes(name: str, form: str, suffix: str, victim: str, convert: Callable[[Path, Path], None]) -> Host:
    """Two scans with a kidney each; the second patient's ``victim``, a scan or a mask, is of another kind."""

    def write(root: Path) -> None:
        for seed, patient in enumerate(("s1", "s2")):
            save(root / patient / "ct.nii.gz", scan(seed))
            save(root / patient / "organs" / "kidney_right.nii.gz", numbers({1: KIDNEY}))
        old = root / "s2" / f"{victim}.nii.gz"
        convert(old, root / "s2" / f"{victim}{suffix}")
        if suffix != ".nii.gz":
            old.unlink()

    options = {"images": "*/ct.*", **VOLUMES}
    return Host(
        name=name, form=form, source="nifti", victim=f"s2/{victim}{suffix}", write=write, options=options, alone=True
    )


def _itk(compress: bool = False) -> Callable[[Path, Path], None]:
    def convert(old: Path, new: Path) -> None:
        import SimpleITK

        SimpleITK.WriteImage(SimpleITK.ReadImage(str(old)), str(new), compress)

    return convert


def _nibabel(version: int = 1) -> Callable[[Path, Path], None]:
    def convert(old: Path, new: Path) -> None:
        import nibabel

        found = nibabel.load(old)
        values = np.asarray(found.dataobj)
        nibabel.save((nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image)(values, AFFINE), new)

    return convert


def _volume_hosts() -> list[Host]:
    kidney = "organs/kidney_right"
    return [
        _volumes("nifti", "NIfTI", ".nii", "ct", _nibabel()),
        _volumes("nifti-gz", "NIfTI", ".nii.gz", "ct", _nibabel()),
        _volumes("nifti2", "NIfTI", ".nii", "ct", _nibabel(2)),
        _volumes("mask-nifti-gz", "NIfTI", ".nii.gz", kidney, _nibabel()),
        _volumes("mha", "MHA", ".mha", "ct", _itk()),
        _volumes("mha-packed", "MHA", ".mha", "ct", _itk(compress=True)),
        _volumes("mask-mha", "MHA", ".mha", kidney, _itk()),
        _volumes("nrrd", "NRRD", ".nrrd", "ct", _itk()),
        _volumes("nrrd-gzip", "NRRD", ".nrrd", "ct", _itk(compress=True)),
        _volumes("mask-nrrd", "NRRD", ".nrrd", kidney, _itk(compress=True)),
    ]


def _corpus(name: str, form: str, source: str, victim: str, *, alone: bool = False, keep: str = "") -> Host:
    """The tiny corpus of a source's own tests, or the part of it in the folder ``keep``; a file of it is the victim."""

    def write(root: Path) -> Mapping[str, str]:
        root.mkdir(exist_ok=True)
        written: Mapping[str, str] = importlib.import_module(f"tests.corpora.{source}").write(root).options
        for entry in root.iterdir() if keep else ():
            if entry.name != keep and entry.is_dir():
                shutil.rmtree(entry)
        return written

    return Host(name=name, form=form, source=source, victim=victim, write=write, alone=alone)


SIIM: Final = "1.2.276.0.7230010.3.1.4.8323329"


def _corpus_hosts() -> list[Host]:
    film = f"dicom-images-train/{SIIM}.1.1/{SIIM}.2.1/{SIIM}.1.1517875160.1.dcm"
    mask_series = "PGBM-001/11-19-1991-NA-FH-HEADBrain-1/100.000000-MaskTumor-53"
    return [
        _corpus("dicom-slice", "DICOM", "dicom_seg", "a/ct/1-03.dcm", keep="a"),
        _corpus("dicom-seg", "DICOM", "dicom_seg", "a/seg/1", keep="a"),
        _corpus("dicom-rtstruct", "DICOM", "rtstruct", "a/RS.dcm", keep="a"),
        _corpus("dicom-jpeg", "DICOM", "siim_pneumothorax", film),
        _corpus("dicom-mask", "DICOM", "dicom_masks", f"{mask_series}/1-02.dcm", keep="PGBM-001"),
        _corpus("mat", "MAT", "mat", "1.mat"),
        _corpus("mhd-header", "MHA", "promise12", "training_data/Case01.mhd", alone=True),
        _corpus("mhd-voxels", "MHA", "promise12", "training_data/Case01.raw", alone=True),
        _corpus("raw-film", "RAW", "jsrt", "All247images/JPCLN001.IMG", alone=True),
        _corpus("tiff-signed", "TIFF", "finding_lungs", "2d_images/ID_0000_Z_0142.tif", alone=True),
        _corpus("json-boxes", "JSON", "kvasir", "Kvasir-SEG/kavsir_bboxes.json"),
        _corpus("json-coco", "JSON", "coco", "train/_annotations.coco.json"),
        _corpus("json-coco-rle", "RLE", "coco", "annotations/instances_val2017.json"),
        _corpus("json-nnunet", "JSON", "nnunet", "Dataset007_Toy/dataset.json"),
        _corpus("json-sam", "JSON", "sam_med2d", "data_demo/image2label_train.json"),
        _corpus("xml", "XML", "ddti", "DDTI/1.xml"),
        _corpus("csv-ham", "CSV", "ham10000", "HAM10000_metadata"),
        _corpus("csv-posmed", "CSV", "posmed", "annotations/lung_CT.csv"),
        _corpus("csv-patients", "CSV", "posmed", "brain_patients.csv"),
        _corpus("csv-rle", "RLE", "siim_pneumothorax", "train-rle.csv"),
        _corpus("csv-chexmask", "RLE", "chexmask", "chexmask/OriginalResolution/ChestX-Ray8.csv"),
        _corpus("parquet", "Parquet", "hf", "data/train-00000-of-00002.parquet"),
        _metadata("jsonl", _jsonl()),
        _metadata("csv", b"file_name,mask,who\na.png,masks/a.png,7\nb.png,masks/b.png,12\n"),
        _arrow(),
    ]


def _jsonl() -> bytes:
    rows = [
        {"file_name": f"{stem}.png", "mask": f"masks/{stem}.png", "who": who} for stem, who in (("a", "7"), ("b", "12"))
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _metadata(suffix: str, data: bytes) -> Host:
    """A folder of pictures as ``datasets`` reads it, whose metadata file is the victim."""

    def write(root: Path) -> None:
        for seed, stem in enumerate("ab"):
            picture(root / "train" / f"{stem}.png", seed, SIZE)
            mask(root / "train" / "masks" / f"{stem}.png", POLYP, size=SIZE)
        (root / "train" / f"metadata.{suffix}").write_bytes(data)

    options = {"mask": "mask", "label": "polyp", "patient": "who"}
    form = "JSON" if suffix == "jsonl" else "CSV"
    return Host(
        name=f"metadata-{suffix}",
        form=form,
        source="hf",
        victim=f"train/metadata.{suffix}",
        write=write,
        options=options,
    )


def _arrow() -> Host:
    """A folder as ``save_to_disk`` writes it."""

    def write(root: Path) -> None:
        from datasets import disable_progress_bars

        from tests.corpora.hf import box, dataset

        disable_progress_bars()
        dataset([[box(0, 0, 8, 8)], [box(4, 4, 20, 20)]], ["1", "2"]).save_to_disk(root)

    options = {"mask": "masks", "label": "polyp", "patient": "who"}
    victim = "data-00000-of-00001.arrow"
    return Host(name="arrow", form="Arrow", source="hf", victim=victim, write=write, options=options)


def _real(
    name: str, form: str, source: str, folder: str, files: Mapping[str, str], victim: str, **options: str
) -> Host:
    """Some files of a real sample corpus."""

    def write(root: Path) -> None:
        for path, to in files.items():
            (root / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(os.environ["MMRS_SAMPLES"]) / folder / path, root / to)

    return Host(name=name, form=form, source=source, victim=victim, write=write, options=options, alone=True)


def _real_hosts() -> list[Host]:
    """Victims from scanners and cameras; none without the samples."""
    samples = os.environ.get("MMRS_SAMPLES")
    if not samples or not Path(samples).is_dir():
        return []
    home = Path(samples)

    def pair(name: str, form: str, folder: str, image: str, drawn: str) -> Host:
        files = {image: f"images/a{Path(image).suffix}", drawn: f"masks/a{Path(drawn).suffix}"}
        options = {"images": "images/*.*", "masks": "masks/{stem}.*", "label": "polyp"}
        return _real(name, form, "folder", folder, files, files[image], **options)

    kvasir = min((home / "kvasir-seg/Kvasir-SEG/images").glob("*.jpg")).name
    slices = min((home / "lgg-mri/kaggle_3m/TCGA_CS_6667_20011105").glob("*_mask.tif")).name
    scans = min((home / "msd-hippocampus/Task04_Hippocampus/labelsTr").glob("hip*.nii.gz")).name
    lgg = "kaggle_3m/TCGA_CS_6667_20011105/"
    return [
        pair("real-jpeg", "JPEG", "kvasir-seg", f"Kvasir-SEG/images/{kvasir}", f"Kvasir-SEG/masks/{kvasir}"),
        pair("real-tiff", "TIFF", "lgg-mri", lgg + slices.replace("_mask", ""), lgg + slices),
        _real(
            "real-nifti", "NIfTI", "nifti", "msd-hippocampus/Task04_Hippocampus",
            {f"imagesTr/{scans}": "s1/ct.nii.gz", f"labelsTr/{scans}": "s1/organs/hippocampus_left.nii.gz"},
            "s1/ct.nii.gz", images="*/ct.*", **VOLUMES, modality="mri",
        ),
    ]  # fmt: skip


HOSTS: Final[Mapping[str, Host]] = {
    host.name: host for host in (*_picture_hosts(), *_volume_hosts(), *_corpus_hosts(), *_real_hosts())
}
"""By name."""

__all__ = ["HOSTS", "SHAPE", "Host"]
