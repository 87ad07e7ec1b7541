"""Hostile archives: nothing is written outside of the target, and the archive is refused with its name and a reason.

The catalogue holds each trick by itself; further seeds damage the bytes of an archive, where it may also be accepted.
"""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from mmrs_builder.digests import keyed
from mmrs_builder.errors import ENVIRONMENT, INTEGRITY, MmrsError
from mmrs_builder.unpack import Limits, Target, unpack
from tests.faults.fault import Fault, Verdict
from tests.faults.mutations import mutated

FEW_BYTES: Final = 1 << 22
LIMITS: Final = Limits(size=FEW_BYTES, members=500, ratio=50, ratio_from=1 << 18)
"""Small ones, so that a bomb need not be large to be one."""

NAMES: Final = (
    "../evil", "../../evil", "a/../../evil", "a/b/../../../evil", "/evil", "//evil", "/etc/evil", "./../evil", "..",
    "a/..", "C:/evil", "C:evil", "..\\evil", "a\\..\\..\\evil", "\\\\host\\evil", "a\nb", "a\x1bb", "a\x7fb", "x" * 300,
    "y/" * 1500 + "z", "~/../../evil", "evil/", "a/\x01/b", "é" * 200,
)  # fmt: skip
COLLISIONS: Final = (
    ("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "a"), ("I/x", "i/y"), ("é", "e\u0301"), ("a/x", "a/./x"), ("ß", "ss"),
)  # fmt: skip
LINKS: Final = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z")
MODES: Final = (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK)

Made = tuple[str, bytes]  # its name and its bytes


def zipped(*members: tuple[str, bytes], mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", method) as archive:
        warnings.simplefilter("ignore")  # names that come twice
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr, info.compress_type = 3, mode << 16, method
            archive.writestr(info, data)
    return stream.getvalue()


def tarred(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, link: str = "", mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(data) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _link_then_file(link: str) -> bytes:
    """A link, and a file that would go through it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = tarfile.TarInfo("door")
        info.type, info.linkname = tarfile.SYMTYPE, link
        archive.addfile(info)
        info = tarfile.TarInfo("door/evil")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    return stream.getvalue()


def _overlapping() -> bytes:
    """Many members that are all the same bytes."""
    data = zipped(("a", bytes(1 << 16)))
    at = data.index(b"PK\x01\x02")
    entry = data[at : data.index(b"PK\x05\x06")]
    name = entry.index(b"a", 46)
    entries = [entry[:name] + f"{number:01x}".encode() + entry[name + 1 :] for number in range(16)]
    body = b"".join(entries)
    return data[:at] + body + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 16, 16, len(body), at, 0)


def _patched(data: bytes, mark: bytes, place: int, new: bytes) -> bytes:
    at = data.index(mark) + place
    return data[:at] + new + data[at + len(new) :]


def _nul() -> bytes:
    return zipped(("a.pngXevil", b"1")).replace(b"a.pngXevil", b"a.png\0evil")


def _tricks() -> dict[str, Made]:
    sound = zipped(("Corpus/a.png", b"picture " * 50), ("Corpus/b.png", b"mask"))
    noise = np.random.default_rng(3).bytes(5000)
    large = {"zip": zipped(("a", bytes(1 << 23))), "tgz": tarred(("a", bytes(1 << 23)))}
    many = [(f"{number}", b"") for number in range(600)]
    return {
        "encrypted": ("c.zip", _patched(_patched(sound, b"PK\x03\x04", 6, b"\1"), b"PK\x01\x02", 8, b"\1")),
        "wrong checksum": (
            "c.zip",
            _patched(zipped(("a", noise), method=zipfile.ZIP_STORED), b"PK\x03\x04", 60, b"evil"),
        ),
        "size understated": (
            "c.zip",
            zipped(("a", bytes(1 << 20))).replace(struct.pack("<I", 1 << 20), struct.pack("<I", 9)),
        ),
        "unknown compression": (
            "c.zip",
            _patched(_patched(sound, b"PK\x03\x04", 8, b"\x63"), b"PK\x01\x02", 10, b"\x63"),
        ),
        "directory elsewhere": ("c.zip", _patched(sound, b"PK\x05\x06", 16, b"\xff\xff\xff\x7f")),
        "zip64 without its record": (
            "c.zip",
            _patched(sound, b"PK\x05\x06", 8, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        ),
        "overlapping members": ("c.zip", _overlapping()),
        "name with a hidden ending": ("c.zip", _nul()),
        "name that is not UTF-8": ("c.zip", zipped(("a_b.png", b"1")).replace(b"a_b", b"a\xffb")),
        "bomb, zip": ("c.zip", large["zip"]),
        "bomb, tgz": ("c.tgz", large["tgz"]),
        "bomb, gz": ("c.csv.gz", gzip.compress(bytes(1 << 23))),
        "bomb, nii.gz": ("c.nii.gz", gzip.compress(bytes(1 << 23))),
        "bomb, bz2": ("c.tar.bz2", tarred(("a", bytes(1 << 23)), mode="w:bz2")),
        "too many members, zip": ("c.zip", zipped(*many)),
        "too many members, tgz": ("c.tgz", tarred(*many)),
        "too many folders": ("c.zip", zipped(*((f"{number}/", b"") for number in range(600)))),
        "a file through a link up": ("c.tgz", _link_then_file("../..")),
        "a file through a link in": ("c.tgz", _link_then_file(".")),
        "a file through a link to /tmp": ("c.tgz", _link_then_file("/tmp")),
        "something after the end": ("c.tar", tarred(("a", b"1"), mode="w") + bytes(20480) + b"more"),
        "cut tar": ("c.tar", tarred(("a", noise), ("b", noise), mode="w")[:7000]),
        "cut tgz": ("c.tgz", tarred(("a", noise))[:-9]),
        "cut zip": ("c.zip", sound[:-9]),
        "nothing": ("c.zip", b""),
        "a web page, zip": ("c.zip", b"<!DOCTYPE html><title>Please log in</title>"),
        "a web page, tgz": ("c.tgz", b"<!DOCTYPE html><title>Please log in</title>"),
        "rar": ("c.rar", b"Rar!\x1a\x07\x00" + noise),
        "7z": ("c.7z", b"7z\xbc\xaf\x27\x1c" + noise),
        "xz": ("c.tar.xz", b"\xfd7zXZ\0" + noise),
        "huge header": ("c.tgz", _huge_header()),
    }


def _huge_header() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"comment": "x" * (2 << 20)}
        archive.addfile(info)
    return stream.getvalue()


def _catalogue() -> dict[str, Made]:
    found: dict[str, Made] = {}
    for name in NAMES:
        found[f"zip of {name[:20]!r}"] = ("c.zip", zipped(("Corpus/a", b"1"), (name, b"evil")))
        found[f"tgz of {name[:20]!r}"] = ("c.tgz", tarred(("Corpus/a", b"1"), (name, b"evil")))
    del found["zip of 'evil/'"], found["tgz of 'evil/'"]  # a folder of a sound name
    for one, two in COLLISIONS:
        found[f"zip of {one!r} and {two!r}"] = ("c.zip", zipped((one, b"1"), (two, b"2")))
        found[f"tgz of {one!r} and {two!r}"] = ("c.tgz", tarred((one, b"1"), (two, b"2")))
    for kind in LINKS:
        for link in ("/etc/passwd", "../outside/secret", "a"):
            found[f"tgz with {kind!r} to {link}"] = ("c.tgz", tarred(("a", b""), ("odd", b""), kind=kind, link=link))
    for mode in MODES:
        found[f"zip of mode {mode:o}"] = ("c.zip", zipped(("odd", b"/etc/passwd"), mode=mode | 0o777))
    return found | _tricks()


CATALOGUE: Final[Mapping[str, Made]] = _catalogue()


def hostile(seed: int, place: Path) -> Verdict:
    """An archive of the catalogue, which must be refused."""
    trick = list(CATALOGUE)[seed % len(CATALOGUE)]
    name, data = CATALOGUE[trick]
    return _unpacked(place, trick, name, data, may_be_used=False)


def damaged(seed: int, place: Path) -> Verdict:
    """A sound archive or a hostile one, damaged; it may be used."""
    rng = np.random.default_rng([keyed("archives"), seed])
    sound = {"c.zip": zipped(("Corpus/a.png", b"x" * 900), ("b", b"1")), "c.tgz": tarred(("Corpus/a.png", b"x" * 900))}
    made = list(sound.items()) + list(CATALOGUE.values())
    name, data = made[int(rng.integers(2)) if rng.random() < 0.5 else int(rng.integers(len(made)))]
    return _unpacked(place, "damaged", name, mutated(data, rng), may_be_used=True)


def _unpacked(place: Path, trick: str, name: str, data: bytes, *, may_be_used: bool) -> Verdict:
    """Unpack into a folder three deep, between files that must stay what they are."""
    target = place / "cache" / "deep" / "to"
    target.mkdir(parents=True)
    (place / "outside").mkdir()
    (place / "outside" / "secret").write_bytes(b"secret")
    (place / name).write_bytes(data)
    before = _seen(place, target)
    said: MmrsError | None = None
    wrong = None
    try:
        unpack(place / name, name, Target(target, LIMITS))
    except MmrsError as error:
        said = error
    except Exception as error:  # noqa: BLE001  # what comes out of the code under test is the finding
        wrong = f"{type(error).__name__}: {error}"
    if _seen(place, target) != before:
        wrong = "something outside of the target has changed"
    elif any(path.is_symlink() or not (path.is_file() or path.is_dir()) for path in target.rglob("*")):
        wrong = "a link or a device was made"
    elif _size(target) > FEW_BYTES * 1.01:
        wrong = f"{_size(target)} bytes were written, the limit is {FEW_BYTES}"
    elif said is None and not may_be_used:
        wrong = "it was used"
    elif said is not None and (said.code not in (INTEGRITY, ENVIRONMENT) or name not in str(said) or not said.hint):
        wrong = f"no advice: {said}"
    return Verdict(lost=f"{trick}: {wrong}" if wrong else None, where="used" if said is None else "refused")


def _seen(place: Path, target: Path) -> dict[str, object]:
    """All that lies around a target, and above it as far as an archive might reach."""
    inside = {
        str(path): path.read_bytes() if path.is_file() else None
        for path in place.rglob("*")
        if not path.is_relative_to(target)
    }
    reach = (place.parent, place.parent.parent, Path("/"), Path("/etc"), Path.home(), Path.cwd())
    return {**inside, **{str(path): (path / "evil").exists() for path in reach}}


def _size(target: Path) -> int:
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


Trial = Callable[[int, Path], Verdict]

FAULTS: Final = (
    Fault(
        id="A1", what="archive that plays a trick", survives="refused with a reason, 0 bytes outside",
        trial=hostile, trials=len(CATALOGUE), few=12,
    ),
    Fault(
        id="A1b", what="archive with damaged bytes", survives="used or refused, 0 bytes outside",
        trial=damaged, trials=2000, few=20,
    ),
)  # fmt: skip
