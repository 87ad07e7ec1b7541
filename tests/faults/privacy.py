"""A patient's name planted wherever a file can hold one: it is found in nothing that a build writes or says.

Names of files are the user's own: a build keeps them in what it publishes unless ``ids=rank`` is asked for, and in its
list of refused files, which stays in the folder ``.mmrs`` and is not sent anywhere.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, PngImagePlugin

from mmrs_builder.digests import keyed
from mmrs_builder.io.dicom import HEADER_TAGS
from tests.build.command import mmrs
from tests.corpora import mask
from tests.faults.fault import Fault, Verdict

SIZE: Final = (64, 48)
POLYP: Final = (16, 8, 40, 32)
TEXT_VRS: Final = {"LO": 64, "SH": 16, "PN": 64, "ST": 900, "LT": 900, "UT": 5000, "CS": 16, "AE": 16, "UC": 900}
"""Kinds of DICOM elements that hold text, and how much of it."""

STRUCTURAL: Final = frozenset(
    {
        *HEADER_TAGS, "TransferSyntaxUID", "SOPClassUID", "SOPInstanceUID", "SpecificCharacterSet", "PixelData",
        "SegmentSequence", "SegmentationType", "SegmentNumber", "SegmentLabel", "FrameOfReferenceUID", "PatientID",
        "ReferencedSeriesSequence", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence",
        "PhotometricInterpretation", "ImageType", "Modality",
    }
)  # fmt: skip
"""Elements that the build has to read: other tests plant names in those that may hold one."""


def canary(seed: int) -> str:
    """A name that nothing else holds."""
    return f"ZEBEDEE{keyed('canary', seed) % 10**8:08d}"


def dicom(seed: int, place: Path) -> Verdict:
    """Fifty elements per file, public, private and nested, and the preamble."""
    from tests.corpora import dicom_seg

    name, rng = canary(seed), np.random.default_rng([keyed("dicom"), seed])
    root = place / "corpus"
    dicom_seg.kidneys(root)
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        path.write_bytes(_planted(path.read_bytes(), name, rng))
    return _searched(place, root, "dicom_seg", name, ("--set", "dicom_seg.coverage=0"))


def _planted(data: bytes, name: str, rng: np.random.Generator) -> bytes:
    import pydicom
    from pydicom.dataset import Dataset

    found = pydicom.dcmread(io.BytesIO(data))
    for _ in range(20):
        _plant(found, name, rng)
    for holder in ("RequestAttributesSequence", "OtherPatientIDsSequence", "ReferencedPatientSequence"):
        inner, innermost = Dataset(), Dataset()
        for _ in range(5):
            _plant(inner, name, rng)
            _plant(innermost, name, rng)
        inner.ReferencedStudySequence = [innermost]
        setattr(found, holder, [inner])
    for group in (0x0029, 0x0071, 0x7FE1):
        block = found.private_block(group, name, create=True)
        block.add_new(int(rng.integers(1, 200)), "LO", name)
        block.add_new(int(rng.integers(201, 250)), "OB", name.encode())
    found.PatientName, found.PatientComments, found.ImageComments = name, name, name
    stream = io.BytesIO()
    found.preamble = name.encode().ljust(128, b"\0")
    found.save_as(stream)
    return stream.getvalue()


def _plant(holder: Any, name: str, rng: np.random.Generator) -> None:
    """The name in some public element."""
    from pydicom.datadict import DicomDictionary

    tags = sorted(DicomDictionary)
    while True:
        tag = tags[int(rng.integers(len(tags)))]
        vr, many, _, _, keyword = DicomDictionary[tag]
        if tag >> 16 > 0x0007 and vr in TEXT_VRS and keyword and keyword not in STRUCTURAL and tag not in holder:
            text = name[: TEXT_VRS[vr]]
            holder.add_new(tag, vr, [text, text] if many not in ("1", "1-1") and "-" in many else text)
            return


def pictures(seed: int, place: Path) -> Verdict:
    """PNG and TIFF texts, EXIF with a place on earth, comments of JPEG, XMP, profiles; trailing bytes."""
    name, root = canary(seed), place / "corpus"
    for number, suffix in enumerate(("png", "jpg", "tif", "webp", "gif")):
        path = root / "images" / f"frame{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_with_texts(suffix, number, name) + (name.encode() if suffix in ("png", "jpg") else b""))
        mask(root / "masks" / f"frame{number}.png", POLYP, size=SIZE)
    return _searched(place, root, "folder", name, ("--set", "folder.label=polyp"))


def _with_texts(suffix: str, number: int, name: str) -> bytes:
    pixels = np.random.default_rng(number).integers(40, 200, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x8298] = name
    exif.get_ifd(0x8825).update({1: "N", 29: name})
    xmp = f"<x:xmpmeta><dc:creator>{name}</dc:creator></x:xmpmeta>".encode()
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Patient", name)
    texts.add_text("Packed", name, zip=True)
    texts.add_itxt("Namn", name, "sv", name)
    texts.add(b"prVt", name.encode())
    icc = name.encode().ljust(200, b"\0")
    options: dict[str, dict[str, Any]] = {
        "png": {"pnginfo": texts, "exif": exif, "icc_profile": icc},
        "jpg": {"comment": name.encode(), "exif": exif, "xmp": xmp, "icc_profile": icc},
        "tif": {"exif": exif, "tiffinfo": {270: name, 315: name, 700: xmp, 65000: name}, "icc_profile": icc},
        "webp": {"exif": exif, "xmp": xmp, "icc_profile": icc, "lossless": True},
        "gif": {"comment": name.encode()},
    }
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()), **options[suffix])
    return stream.getvalue()


def nifti(seed: int, place: Path) -> Verdict:
    """Every text of the header, an extension with a comment and one with DICOM."""
    import nibabel

    from tests.corpora.volumes import AFFINE, numbers, scan

    name, root = canary(seed), place / "corpus"
    for number in range(3):
        for path, values in (
            ("ct.nii.gz", scan(number)),
            ("organs/kidney_right.nii.gz", numbers({1: (14, 4, 2, 20, 10, 4)})),
        ):
            made = nibabel.Nifti1Image(values, AFFINE)
            for field, length in (
                ("descrip", 79),
                ("aux_file", 23),
                ("intent_name", 15),
                ("db_name", 17),
                ("data_type", 9),
            ):
                made.header[field] = name.encode()[:length]
            for code in (2, 4, 6, 44):  # DICOM, AFNI, comment, JSON
                made.header.extensions.append(nibabel.nifti1.Nifti1Extension(code, name.encode() * 3))
            (root / f"s{number}" / path).parent.mkdir(parents=True, exist_ok=True)
            nibabel.save(made, root / f"s{number}" / path)
    options = {"images": "*/ct.*", "masks": "{parent}/organs/*.*", "structure": "([^/]+)$", "coverage": "0"}
    words = [word for key, value in options.items() for word in ("--set", f"nifti.{key}={value}")]
    return _searched(place, root, "nifti", name, words)


def names(seed: int, place: Path) -> Verdict:
    """Names of files and folders, with ``ids=rank``: nothing that is published holds one."""
    name, root = canary(seed), place / "corpus"
    for number in range(4):
        pixels = np.random.default_rng(number).integers(40, 200, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        path = root / f"{name}_{number // 2}" / f"{name} {number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        mask(path.with_name(f"{path.stem}_mask.png"), POLYP, size=SIZE)
    (root / f"{name}_0" / f"{name} 9.png").write_bytes(b"no picture of a patient")
    mask(root / f"{name}_0" / f"{name} 9_mask.png", POLYP, size=SIZE)
    options = {"label": "polyp", "ids": "rank", "images": "*/*.png", "masks": "{parent}/{stem}_mask.png",
               "patient": "^([^/]+)/"}  # fmt: skip
    words = [word for key, value in options.items() for word in ("--set", f"folder.{key}={value}")]
    return _searched(place, root, "folder", name, words, published=True)


def _searched(place: Path, root: Path, source: str, name: str, options: object, *, published: bool = False) -> Verdict:
    """Build, verify, count, show; then look for the name. ``published``: but in what stays in ``.mmrs``."""
    out, page, sheet = place / "out", place / "page.html", place / "sheet.png"
    words = ("build", "--source", source, "--data", root, "--out", out, "--workers", 1, "--quarantine-max", 1)
    done = [
        mmrs(*words, *options),  # type: ignore[misc]
        mmrs("verify", out),
        mmrs("stats", out),
        mmrs("card", out),
        mmrs("view", out, "--out", page, "--contact", sheet),
    ]
    if any(result.code for result in done):
        return Verdict(lost="; ".join(result.err[-200:] for result in done if result.code))
    files = [path for path in (*sorted(out.rglob("*")), page, sheet) if path.is_file()]
    kept = [path for path in files if not published or ".mmrs" not in path.relative_to(place).parts]
    hits = [str(path.relative_to(place)) for path in kept if _holds(path, name)]
    hits += ["what is printed" for result in done if name.casefold() in (result.out + result.err).casefold()]
    if not any(_pictures(path) for path in kept if path.suffix == ".parquet"):
        return Verdict(lost="nothing was published that could be searched")
    return Verdict(lost=f"{name} is in {', '.join(hits)}" if hits else None, where=f"{len(kept)} files")


def _holds(path: Path, name: str) -> bool:
    """Whether a file says it, in its name, its bytes, its columns, or what its pictures hold packed."""
    if name.casefold() in path.name.casefold() or _in(path.read_bytes(), name):
        return True
    if path.suffix == ".png":
        return _in_picture(path.read_bytes(), name)
    if path.suffix != ".parquet":
        return False
    read = pq.read_table(path)
    said = f"{read.schema.metadata} {read.to_pylist()}"
    return name.casefold() in said.casefold() or any(_in_picture(data, name) for data in _pictures(path))


def _in(data: bytes, name: str) -> bool:
    lower = data.lower()
    return any(name.lower().encode(code) in lower for code in ("utf-8", "utf-16-le", "utf-16-be"))


def _in_picture(data: bytes, name: str) -> bool:
    """Behind the compression of a PNG, too."""
    packed = re.finditer(rb"(?:zTXt|iTXt|iCCP|eXIf|tEXt)", data)
    for found in packed:
        length = int.from_bytes(data[found.start() - 4 : found.start()], "big")
        body = data[found.end() : found.end() + length]
        for start in range(min(len(body), 100)):
            try:
                if _in(zlib.decompress(body[start:]), name):
                    return True
            except zlib.error:
                continue
    return _in(data, name)


def _pictures(path: Path) -> list[bytes]:
    """All binary values of a table, however deep."""
    found: list[bytes] = []

    def walk(value: Any) -> None:
        if isinstance(value, bytes):
            found.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(pq.read_table(path).to_pylist())
    return found


Trial = Callable[[int, Path], Verdict]

FAULTS: Final = (
    Fault(id="X3a", what="name in 50 DICOM elements a file", survives="0 hits anywhere", trial=dicom, trials=60),
    Fault(
        id="X3b", what="name in EXIF, PNG text, XMP, comments", survives="0 hits anywhere", trial=pictures, trials=10
    ),
    Fault(id="X3c", what="name in NIfTI texts and extensions", survives="0 hits anywhere", trial=nifti, trials=10),
    Fault(
        id="X3d", what="name in names of files, ids=rank", survives="0 hits in what is published", trial=names, trials=5
    ),
)
