"""Archives, well made and hostile: what is unpacked, and what is refused without a byte outside of the folder."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mmrs_builder.errors import ENVIRONMENT, INTEGRITY, MmrsError
from mmrs_builder.unpack import Limits, Target, unpack

FILES = {"Corpus/images/one.png": b"picture " * 100, "Corpus/masks/one.png": b"mask", "Corpus/note.txt": b""}
NOISE = bytes(range(256)) * 40

Maker = Callable[[Path], None]


def zipped(members: dict[str, bytes], path: Path, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def tarred(members: dict[str, bytes], path: Path, mode: str = "w:gz", form: int = tarfile.PAX_FORMAT) -> None:
    with tarfile.open(path, mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def special(kind: bytes, link: str = "") -> Maker:
    """A tar with one member that is no file."""

    def make(path: Path) -> None:
        with tarfile.open(path, "w:gz") as archive:
            info = tarfile.TarInfo("Corpus/odd")
            info.type, info.linkname = kind, link
            archive.addfile(info)

    return make


def zip_of_mode(mode: int) -> Maker:
    """A zip with one member of a Unix mode."""

    def make(path: Path) -> None:
        info = zipfile.ZipInfo("Corpus/odd")
        info.create_system, info.external_attr = 3, mode << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info, "/etc/passwd")

    return make


def unpacked(path: Path, into: Path, limits: Limits | None = None, folder: str = "") -> Target:
    into.mkdir(exist_ok=True)
    target = Target(into, limits)
    unpack(path, path.name, target, folder)
    return target


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(path: Path, into: Path, limits: Limits | None = None) -> str:
    """Why; nothing was written beside the folder."""
    before = {entry.name for entry in path.parent.iterdir()}
    with pytest.raises(MmrsError) as caught:
        unpacked(path, into, limits)
    assert caught.value.code == INTEGRITY
    assert path.name in str(caught.value)
    assert {entry.name for entry in path.parent.iterdir()} - before <= {into.name}
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("c.zip", zipped),
        ("C.ZIP", zipped),
        ("stored.zip", lambda members, path: zipped(members, path, zipfile.ZIP_STORED)),
        ("bzip2.zip", lambda members, path: zipped(members, path, zipfile.ZIP_BZIP2)),
        ("c.tar", lambda members, path: tarred(members, path, "w")),
        ("c.tar.gz", tarred),
        ("c.tgz", lambda members, path: tarred(members, path, "w:gz", tarfile.GNU_FORMAT)),
        ("c.tar.bz2", lambda members, path: tarred(members, path, "w:bz2")),
        ("download", zipped),
        ("content", tarred),
    ],
)
def test_an_archive_becomes_its_files(tmp_path: Path, name: str, make: Callable[[dict[str, bytes], Path], None]):
    make(FILES, tmp_path / name)
    target = unpacked(tmp_path / name, tmp_path / "to")
    assert tree(tmp_path / "to") == FILES
    assert (target.files, target.junk) == (3, 0)


def test_long_and_foreign_names_keep_their_spelling(tmp_path: Path):
    members = {f"Körper/{'Bild' * 40}/脳.png": b"x", "./dot/a.png": b"y"}
    for name, make in (("c.zip", zipped), ("c.tgz", tarred)):
        make(members, tmp_path / name)
        unpacked(tmp_path / name, tmp_path / f"to {name}")
        assert tree(tmp_path / f"to {name}") == {str(Path(member)): data for member, data in members.items()}


def test_a_single_file_is_copied_and_a_gzip_file_opened(tmp_path: Path):
    """A NIfTI file is read as it is."""
    packed = gzip.compress(b"voxels")
    (tmp_path / "scan.nii.gz").write_bytes(packed)
    (tmp_path / "table.csv.gz").write_bytes(packed)
    (tmp_path / "list.csv").write_bytes(b"a,b")
    target = Target(tmp_path / "to")
    for name in ("scan.nii.gz", "table.csv.gz", "list.csv"):
        (tmp_path / "to").mkdir(exist_ok=True)
        unpack(tmp_path / name, name, target)
    assert tree(tmp_path / "to") == {"scan.nii.gz": packed, "table.csv": b"voxels", "list.csv": b"a,b"}


@pytest.mark.parametrize("name", ["c.7z", "c.rar", "c.tar.xz", "c.tar.zst", "c.bz2"])
def test_an_archive_that_is_not_read_is_not_taken_for_a_file(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(NOISE)
    assert "not unpacked" in refused(tmp_path / name, tmp_path / "to")


def test_archives_of_one_corpus_share_its_folders(tmp_path: Path):
    zipped({"Corpus/images/a.png": b"1"}, tmp_path / "images.zip")
    tarred({"Corpus/masks/a.png": b"2"}, tmp_path / "masks.tgz")
    (tmp_path / "to").mkdir()
    target = Target(tmp_path / "to")
    unpack(tmp_path / "images.zip", "images.zip", target)
    unpack(tmp_path / "masks.tgz", "masks.tgz", target)
    unpack(tmp_path / "images.zip", "images.zip", target, folder="test")
    assert set(tree(tmp_path / "to")) == {"Corpus/images/a.png", "Corpus/masks/a.png", "test/Corpus/images/a.png"}
    with pytest.raises(MmrsError, match="collides"):
        unpack(tmp_path / "images.zip", "images.zip", target)


def test_what_macos_left_is_skipped_and_counted(tmp_path: Path):
    junk = {"__MACOSX/Corpus/._a.png": b"x", "Corpus/.DS_Store": b"x", "Corpus/._a.png": b"x"}
    for name, make in (("c.zip", zipped), ("c.tgz", tarred)):
        make({**junk, "Corpus/a.png": b"1"}, tmp_path / name)
        target = unpacked(tmp_path / name, tmp_path / f"to {name}")
        assert tree(tmp_path / f"to {name}") == {"Corpus/a.png": b"1"}
        assert (target.files, target.junk) == (1, 3)


def test_modes_and_owners_of_an_archive_are_not_taken_over(tmp_path: Path):
    with tarfile.open(tmp_path / "c.tar", "w") as archive:
        for name, kind in (("d", tarfile.DIRTYPE), ("d/a", tarfile.REGTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid, info.gid = kind, 0o6000, 12345, 12345
            archive.addfile(info)
    unpacked(tmp_path / "c.tar", tmp_path / "to")
    (tmp_path / "mine").write_text("")
    mine, unpacked_file = (tmp_path / "mine").stat(), (tmp_path / "to" / "d" / "a").stat()
    assert (unpacked_file.st_mode, unpacked_file.st_uid) == (mine.st_mode, os.geteuid())
    assert (tmp_path / "to" / "d").stat().st_mode == (tmp_path / "to").stat().st_mode


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "a/../../evil", "a/..", "/etc/evil", "C:/evil", "c:evil", "..\\evil", "a\\b", "a\nb", "a\x7fb",
        "a\u0085b", "x" * 256, "y/" * 2000 + "z",
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_name_that_is_no_plain_path_is_refused(tmp_path: Path, name: str, make: Callable[..., None]):
    path = tmp_path / ("c.zip" if make is zipped else "c.tgz")
    make({"Corpus/a.png": b"1", name: b"evil"}, path)
    assert "member" in refused(path, tmp_path / "to")
    assert not (tmp_path.parent / "evil").exists()


def test_a_folder_that_leads_out_is_refused(tmp_path: Path):
    zipped({"../out/": b""}, tmp_path / "c.zip")
    refused(tmp_path / "c.zip", tmp_path / "to")
    assert not (tmp_path / "out").exists()


def test_a_name_with_a_hidden_ending_is_refused(tmp_path: Path):
    """Some programs read a name up to its NUL, others whole."""
    zipped({"a.pngXevil": b"1"}, tmp_path / "c.zip")
    data = (tmp_path / "c.zip").read_bytes()
    (tmp_path / "c.zip").write_bytes(data.replace(b"a.pngXevil", b"a.png\0evil"))
    assert "control characters" in refused(tmp_path / "c.zip", tmp_path / "to")


@pytest.mark.parametrize("name", [b"", b"\0evil"])
def test_a_member_without_a_name_is_refused(tmp_path: Path, name: bytes):
    zipped({"X" * max(1, len(name)): b"1"}, tmp_path / "c.zip")
    data = (tmp_path / "c.zip").read_bytes()
    if name:
        data = data.replace(b"X" * len(name), name)
    else:  # its length in the table of contents, and the name itself
        at = data.index(b"PK\x01\x02")
        data = data[: at + 28] + b"\0\0" + data[at + 30 : at + 46] + data[at + 47 :]
        end = data.index(b"PK\x05\x06") + 12
        data = data[:end] + struct.pack("<I", 46) + data[end + 4 :]
    (tmp_path / "c.zip").write_bytes(data)
    assert "c.zip: " in refused(tmp_path / "c.zip", tmp_path / "to")


@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path, make: Callable[..., None]):
    path = tmp_path / ("c.zip" if make is zipped else "c.tar")
    make({"a_b.png": b"1"}, path, *(["w", tarfile.GNU_FORMAT] if make is tarred else []))
    data = path.read_bytes().replace(b"a_b.png", b"a\xffb.png")
    if make is tarred:  # the header's checksum
        header = data[:148] + b" " * 8 + data[156:512]
        data = data[:148] + f"{sum(header):06o}\0 ".encode() + data[156:]
    path.write_bytes(data)
    assert "a name that is not UTF-8" in refused(path, tmp_path / "to")


@pytest.mark.parametrize(
    "names",
    [
        ("a.png", "a.png"), ("a.png", "A.PNG"), ("Images/a.png", "images/b.png"), ("a", "a/b"), ("a/b", "a"),
        ("a/b", "A"), ("e\u0301.png", "\u00e9.png"), ("a/x.png", "a/./x.png"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_collide_somewhere_are_refused(tmp_path: Path, names: tuple[str, str], kind: str):
    path = tmp_path / f"c.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"1")
    else:
        with tarfile.open(path, "w") as tar:
            for name in names:
                tar.addfile(tarfile.TarInfo(name))
    assert "collides" in refused(path, tmp_path / "to")


@pytest.mark.parametrize(
    "make",
    [
        special(tarfile.SYMTYPE, "/etc/passwd"), special(tarfile.SYMTYPE, "one.png"), special(tarfile.LNKTYPE, "x"),
        special(tarfile.CHRTYPE), special(tarfile.BLKTYPE), special(tarfile.FIFOTYPE), special(b"Z"),
    ],
    ids=["link out", "link in", "hard link", "character device", "block device", "pipe", "unknown"],
)  # fmt: skip
def test_a_member_of_a_tar_that_is_no_file_is_refused(tmp_path: Path, make: Maker):
    make(tmp_path / "c.tgz")
    assert "link, or no regular file" in refused(tmp_path / "c.tgz", tmp_path / "to")
    assert list((tmp_path / "to").rglob("*")) == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR])
def test_a_member_of_a_zip_that_is_no_file_is_refused(tmp_path: Path, kind: int):
    zip_of_mode(kind | 0o777)(tmp_path / "c.zip")
    assert "link, or no regular file" in refused(tmp_path / "c.zip", tmp_path / "to")
    assert list((tmp_path / "to").rglob("*")) == []


@pytest.mark.parametrize("start", [0x7FFFFFFF, 200])
def test_a_zip_whose_members_lie_before_its_beginning_is_refused(tmp_path: Path, start: int):
    zipped({"a.png": b"1"}, tmp_path / "c.zip")
    data = (tmp_path / "c.zip").read_bytes()
    at = data.index(b"PK\x05\x06") + 16
    (tmp_path / "c.zip").write_bytes(data[:at] + struct.pack("<I", start) + data[at + 4 :])
    assert "damaged" in refused(tmp_path / "c.zip", tmp_path / "to")


def test_an_encrypted_zip_is_refused(tmp_path: Path):
    zipped({"a.png": b"1"}, tmp_path / "c.zip")
    data = bytearray((tmp_path / "c.zip").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    (tmp_path / "c.zip").write_bytes(data)
    assert "encrypted" in refused(tmp_path / "c.zip", tmp_path / "to")


@pytest.mark.parametrize("name", ["c.zip", "c.tar.gz", "c.tar.bz2", "c.nii.gz", "c.csv.gz"])
def test_a_bomb_is_refused_while_it_is_read(tmp_path: Path, name: str):
    size = 1 << 24
    data = bytes(size)
    if name == "c.zip":
        zipped({"a": data}, tmp_path / name)
    elif ".tar." in name:
        tarred({"a": data}, tmp_path / name, f"w:{name.rpartition('.')[2]}")
    else:
        (tmp_path / name).write_bytes(gzip.compress(data))
    by_ratio = refused(tmp_path / name, tmp_path / "one", Limits(ratio=50, ratio_from=1 << 20))
    assert "50 times its size" in by_ratio
    assert "3000000 bytes" in refused(tmp_path / name, tmp_path / "two", Limits(size=3_000_000))
    written = sum(path.stat().st_size for path in tmp_path.glob("two/*"))
    assert written <= 3_000_000


def test_a_zip_that_understates_its_size_is_refused(tmp_path: Path):
    zipped({"a": bytes(1 << 20)}, tmp_path / "c.zip")
    data = (tmp_path / "c.zip").read_bytes()
    (tmp_path / "c.zip").write_bytes(data.replace(struct.pack("<I", 1 << 20), struct.pack("<I", 100)))
    refused(tmp_path / "c.zip", tmp_path / "to")
    assert sum(path.stat().st_size for path in (tmp_path / "to").iterdir()) <= 1 << 20


@pytest.mark.parametrize("make", [zipped, tarred])
def test_too_many_members_are_refused(tmp_path: Path, make: Callable[..., None]):
    path = tmp_path / ("c.zip" if make is zipped else "c.tgz")
    make({f"{nr}.png": b"" for nr in range(30)}, path)
    assert "more than 20 members" in refused(path, tmp_path / "to", Limits(members=20))
    assert len(list((tmp_path / "to").iterdir())) <= 20


def test_a_tar_header_that_would_fill_the_memory_is_refused(tmp_path: Path):
    tarred({"a": b"1"}, tmp_path / "c.tgz")
    with tarfile.open(tmp_path / "c.tgz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"comment": "x" * (4 << 20)}
        archive.addfile(info)
    assert "a header of" in refused(tmp_path / "c.tgz", tmp_path / "to")


def test_a_zip_that_needs_more_room_than_there_is_ends_with_8(tmp_path: Path):
    zipped({"a": b"1234"}, tmp_path / "c.zip")
    data = (tmp_path / "c.zip").read_bytes()
    at = data.index(b"PK\x01\x02") + 24
    many = data[:at] + struct.pack("<I", 0xFFFFFFF0) + data[at + 4 :]
    entry = many[at - 24 : many.index(b"PK\x05\x06")]
    copies = 4000  # 16 TiB by its own account
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, copies, copies, len(entry) * copies, at - 24, 0)
    (tmp_path / "c.zip").write_bytes(data[: at - 24] + entry * copies + end)
    with pytest.raises(MmrsError, match="bytes free") as caught:
        unpacked(tmp_path / "c.zip", tmp_path / "to", Limits(size=1 << 60))
    assert caught.value.code == ENVIRONMENT


@pytest.mark.parametrize("name", ["c.zip", "c.tar", "c.tar.gz", "c.tar.bz2", "c.nii.gz", "c.csv.gz"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.9])
def test_a_cut_archive_is_refused(tmp_path: Path, name: str, part: float):
    whole(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(part * len(data))])
    assert "damaged" in refused(tmp_path / name, tmp_path / "to")


@pytest.mark.parametrize("name", ["c.tar", "c.tar.gz", "c.tar.bz2"])
def test_a_tar_cut_between_two_members_is_refused(tmp_path: Path, name: str):
    """Its members are whole, but some are missing: nothing but the missing end tells."""
    tarred(dict.fromkeys("abcd", b"1"), tmp_path / "whole.tar", "w", tarfile.USTAR_FORMAT)
    half = (tmp_path / "whole.tar").read_bytes()[: 4 * 512]
    packed = {"c.tar": half, "c.tar.gz": gzip.compress(half), "c.tar.bz2": bz2.compress(half)}
    (tmp_path / name).write_bytes(packed[name])
    assert "damaged" in refused(tmp_path / name, tmp_path / "to")


def test_a_tar_with_a_damaged_header_is_refused(tmp_path: Path):
    tarred(dict.fromkeys("abcd", b"1"), tmp_path / "c.tar", "w", tarfile.USTAR_FORMAT)
    data = bytearray((tmp_path / "c.tar").read_bytes())
    data[4 * 512 + 150] ^= 1
    (tmp_path / "c.tar").write_bytes(data)
    assert "damaged" in refused(tmp_path / "c.tar", tmp_path / "to")


def test_a_tar_followed_by_something_else_is_refused(tmp_path: Path):
    tarred({"a": b"1"}, tmp_path / "c.tar", "w")
    (tmp_path / "c.tar").write_bytes((tmp_path / "c.tar").read_bytes() + bytes(20480) + b"more")
    assert "follows the end" in refused(tmp_path / "c.tar", tmp_path / "to")


@pytest.mark.parametrize("name", ["c.zip", "c.tar.gz", "c.tar.bz2", "c.nii.gz", "c.csv.gz"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, name: str):
    whole(tmp_path / name)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 4
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name, tmp_path / "to")


@pytest.mark.parametrize("name", ["c.zip", "c.tar", "c.tar.gz", "c.tar.bz2", "c.csv.gz"])
def test_a_web_page_under_an_archives_name_is_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_text("<!DOCTYPE html><title>Please log in</title>" * 50)
    assert "damaged, or not what its name says" in refused(tmp_path / name, tmp_path / "to")


def whole(path: Path) -> None:
    """An archive of some size in the form of its name."""
    members = {f"{nr}.png": NOISE[nr:] for nr in range(9)}
    if path.suffix == ".zip":
        zipped(members, path, zipfile.ZIP_STORED)
    elif ".tar" in path.name:
        tarred(members, path, "w" if path.suffix == ".tar" else f"w:{path.suffix[1:]}")
    else:
        path.write_bytes(gzip.compress(NOISE))
