"""Names and trees as file systems allow them: every picture is used or named with a reason, and nothing hangs."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from mmrs_builder.digests import keyed
from tests.build.command import mmrs
from tests.corpora import mask, picture
from tests.faults.fault import Fault, Untestable, Verdict

SIZE: Final = (64, 48)
POLYP: Final = (16, 8, 40, 32)

BREAKING: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})
"""Kinds of characters that end a line, move a cursor or cannot be written."""

STEMS: Final = (
    " lead", "trail ", "two  spaces", "a'b", 'a"b', "`id`", "$(id)", "a;b", "a&b", "a|b", "<b>", "a\nb",
    "a\tb", "a\x7fb", "a\u2028b", "😀", "👩‍⚕️", "\u202egnp", "תמונה", "صورة", "画像", "İı", "é", "e\u0301", "ﬁ",
    "\u200b", "ß", "-rf", "--out",
    "[x]", "[a-z]*", "a::b", "*", "?", "#", "%2e%2e", "%s", "{stem}", "{}", "a\\b", "...", "a.", "a.tmp", "CON", "nul",
    "~",
    "=1+1", "@x", "+1", "'x", "null", "NaN", "true", "0", "00", "1e5", "x" * 250, "é" * 125, "a,b", "a:b", "!x", "a=b",
    "__proto__", "con\u0661", "\ufeffx", "a\u0085b", b"\xff\xfe", b"a\xc3", "a\ud7ffb", ".png", "a..b",
)  # fmt: skip


def stem_of(seed: int) -> str:
    """A name from the list, or two of them joined."""
    rng = np.random.default_rng([keyed("names"), seed])
    if seed < len(STEMS):
        return os.fsdecode(STEMS[seed])
    one, two = (os.fsdecode(STEMS[int(rng.integers(len(STEMS)))]) for _ in range(2))
    return _fitting(f"{one}{two}")


def _fitting(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[:240])


def pair(root: Path, stem: str, seed: int, folder: str = "images") -> None:
    """A picture and its mask of the same name."""
    made = root.parent / f"made-{seed}"
    picture(made / "image.png", seed, SIZE)
    mask(made / "mask.png", POLYP, size=SIZE)
    for kind, name in ((folder, "image.png"), ("masks", "mask.png")):
        place = root / kind / f"{stem}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        (made / name).rename(place)


def accounted(root: Path, out: Path, expected: int, *options: object) -> str | None:
    """What is wrong with a build of ``root``: ``expected`` pictures lie in it beside two that are sound."""
    words = ("build", "--source", "folder", "--data", root, "--out", out, "--workers", 1, "--quarantine-max", 1)
    told = ("--set", "folder.label=polyp", "--set", "folder.images=images/**/*.png", "--json")
    done = mmrs(*words, *told, *options)
    if done.code != 0 or "Traceback" in done.err:
        return f"the build ended with {done.code}: {done.err[-200:]!r}"
    (cases,) = json.loads(done.out)["cases"].values()
    drops = [json.loads(line) for line in (out / ".mmrs" / "rejects.jsonl").read_text("utf-8").splitlines()]
    if cases["used"] + cases["rejected"] != cases["found"] or len(drops) != cases["rejected"]:
        return f"accepted + rejected is not found: {cases}, {len(drops)} named"
    if cases["found"] < expected + 2:
        return f"{expected + 2} pictures, {cases['found']} accounted for"
    if broken := [drop["what"] for drop in drops if {unicodedata.category(sign) for sign in drop["what"]} & BREAKING]:
        return f"a name that is more than a line: {broken}"
    if cases["used"] < 2:
        return f"sound pictures beside it are lost: {drops}"
    ids = [
        row
        for path in sorted(out.glob("data/*.parquet"))
        for row in pq.read_table(path, columns=["view_id"]).to_pylist()
    ]
    if len({row["view_id"] for row in ids}) != cases["used"]:
        return f"{cases['used']} used, {len(ids)} published"
    return None


def odd_name(seed: int, place: Path) -> Verdict:
    """A picture, or the folder it lies in, with an odd name, beside two sound ones."""
    stem, root = stem_of(seed), place / "corpus"
    for number, sound in enumerate(("sound1", "sound2")):
        pair(root, sound, number)
    try:
        pair(root, stem, 7)
    except (OSError, ValueError):
        return Verdict(where="not possible here")
    wrong = accounted(root, place / "out", 1 if not stem.startswith(".") else 0)
    return Verdict(lost=f"{stem!r}: {wrong}" if wrong else None, where=unicodedata.category(stem[0]))


def _twice(root: Path, one: str, two: str) -> None:
    pair(root, one, 7)
    pair(root, two, 8)


def _link_file_in(root: Path) -> None:
    (root / "images" / "z.png").symlink_to("sound1.png")
    (root / "masks" / "z.png").symlink_to("sound1.png")


def _link_file_out(root: Path) -> None:
    pair(root.parent / "elsewhere", "z", 7)
    for kind in ("images", "masks"):
        (root / kind / "z.png").symlink_to(root.parent / "elsewhere" / kind / "z.png")


def _link_to_itself(root: Path) -> None:
    for kind in ("images", "masks"):
        (root / kind / "z.png").symlink_to("z.png")


def _link_folder_up(root: Path) -> None:
    (root / "images" / "up").symlink_to(root, target_is_directory=True)


def _links_in_a_ring(root: Path) -> None:
    (root / "images" / "p").symlink_to("q")
    (root / "images" / "q").symlink_to("p")


def _hard_links(root: Path) -> None:
    for kind in ("images", "masks"):
        os.link(root / kind / "sound1.png", root / kind / "z.png")


def _pipe(root: Path) -> None:
    pair(root, "z", 7)
    (root / "images" / "z.png").unlink()
    os.mkfifo(root / "images" / "z.png")


def _socket(root: Path) -> None:
    pair(root, "z", 7)
    (root / "masks" / "z.png").unlink()
    with contextlib.chdir(root / "masks"), socket.socket(socket.AF_UNIX) as bound:  # its path has to be short
        bound.bind("z.png")


def _device(root: Path) -> None:
    pair(root, "z", 7)
    (root / "images" / "z.png").unlink()
    try:
        os.mknod(root / "images" / "z.png", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero never ends
    except PermissionError as error:
        raise Untestable("needs root, to make a device") from error


def _folder_called_picture(root: Path) -> None:
    (root / "images" / "z.png").mkdir()


def _deep(root: Path) -> None:
    pair(root, "/".join(["d" * 100] * 20) + "/z", 7)


TREES: Final[dict[str, tuple[Callable[[Path], object], int]]] = {
    "NFC and NFD of one name": (lambda root: _twice(root, "\u00e9", "e\u0301"), 2),
    "names that differ in case": (lambda root: _twice(root, "z", "Z"), 2),
    "one name, two suffixes": (lambda root: (pair(root, "z", 7), picture(root / "images" / "z.jpg", 9, SIZE)), 1),
    "one name in two folders": (
        lambda root: (pair(root, "z", 7), picture(root / "images" / "b" / "z.png", 9, SIZE)),
        1,
    ),
    "a link to a file inside": (_link_file_in, 1),
    "a link to a file outside": (_link_file_out, 1),
    "a link to itself": (_link_to_itself, 1),
    "a folder that links upwards": (_link_folder_up, 0),
    "links in a ring": (_links_in_a_ring, 0),
    "hard links": (_hard_links, 1),
    "a pipe": (_pipe, 1),
    "a socket": (_socket, 1),
    "a device without an end": (_device, 1),
    "a folder called like a picture": (_folder_called_picture, 0),
    "a path of 2000 characters": (_deep, 1),
    "a picture without a mask": (lambda root: picture(root / "images" / "z.png", 7, SIZE), 1),
    "a mask without a picture": (lambda root: mask(root / "masks" / "z.png", POLYP, size=SIZE), 0),
}


def odd_tree(seed: int, place: Path) -> Verdict:
    """A tree with something in it that is no plain file of a plain name."""
    name = list(TREES)[seed % len(TREES)]
    make, expected = TREES[name]
    root = place / "corpus"
    for number, sound in enumerate(("sound1", "sound2")):
        pair(root, sound, number)
    make(root)
    wrong = accounted(root, place / "out", expected)
    return Verdict(lost=f"{name}: {wrong}" if wrong else None, where=name)


def odd_place(seed: int, place: Path) -> Verdict:
    """The corpus and the output in folders with odd names: the build works, or is refused with advice."""
    name = stem_of(seed)
    try:
        root = place / name / "corpus"
        for number, sound in enumerate(("sound1", "sound2")):
            pair(root, sound, number)
    except (OSError, ValueError):
        return Verdict(where="not possible here")
    words = ("build", "--source", "folder", "--data", root, "--out", place / name / "out", "--workers", 1)
    done = mmrs(*words, "--set", "folder.label=polyp")
    if done.code == 0:
        return Verdict(
            where="built", lost=None if mmrs("verify", place / name / "out").code == 0 else f"{name!r}: unsound"
        )
    if done.code == 1 or "Traceback" in done.err or len(done.err.strip().splitlines()) < 2:
        return Verdict(lost=f"{name!r}: ended with {done.code}: {done.err[-300:]!r}")
    return Verdict(where="refused")


FAULTS: Final = (
    Fault(id="N1", what="odd name of a picture", survives="used, or named with a reason", trial=odd_name, trials=300),
    Fault(
        id="N1b",
        what="odd name of a folder given",
        survives="built, or refused with advice",
        trial=odd_place,
        trials=120,
    ),
    Fault(id="N2", what="odd tree", survives="used, or named with a reason", trial=odd_tree, trials=len(TREES), few=3),
)
