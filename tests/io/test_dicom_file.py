from __future__ import annotations

import logging
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrs_builder.io.dicom import Header, headers, read_flat
from mmrs_builder.vocab import Rejected
from tests.io.dicoms import CANARY, COLUMNS, ROWS, SLICES, encoded, image, slices, written

GREY = np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS)


def reason_of(call: Any, *arguments: Any) -> str:
    with pytest.raises(Rejected) as caught:
        call(*arguments)
    assert CANARY not in str(caught.value)
    return caught.value.reason


def test_a_strange_value_is_neither_printed_nor_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = encoded(image(GREY)).replace(b"19500101", CANARY[:8].encode())
    data = data.replace(b"MONOCHROME2 ", CANARY[:12].encode())
    (tmp_path / "a.dcm").write_bytes(data)
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.DEBUG):
        assert reason_of(read_flat, tmp_path, "a.dcm") == "unsupported_mode"
    assert not [str(item.message) for item in caught]
    assert "CANARY" not in caplog.text


def test_a_coding_that_cannot_be_decoded_is_refused(tmp_path: Path):
    from pydicom.encaps import encapsulate

    for number, syntax in enumerate(("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.201")):
        found = image(GREY)
        found.file_meta.TransferSyntaxUID = syntax
        found.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
        found["PixelData"].is_undefined_length = True
        names = written(tmp_path, [found], [f"{number}.dcm"])
        assert reason_of(read_flat, tmp_path, *names) == "unsupported_mode"


def test_a_deflated_file_is_refused_unopened(tmp_path: Path):
    found = image(GREY)
    found.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    assert reason_of(read_flat, tmp_path, *written(tmp_path, [found])) == "unsupported_mode"


def coded(syntax: str) -> bytes:
    found = image(GREY)
    if syntax == "RLE":
        from pydicom.uid import RLELossless

        found.compress(RLELossless, generate_instance_uid=False)
    return encoded(found)


@pytest.mark.parametrize("syntax", ["native", "RLE"])
def test_a_cut_file_is_never_a_picture(tmp_path: Path, syntax: str):
    data = coded(syntax)
    whole = tmp_path / "whole.dcm"
    whole.write_bytes(data)
    assert np.array_equal(read_flat(tmp_path, "whole.dcm").values, GREY)
    end = data.index(struct.pack("<HH", 0x7FE0, 0x0010))
    reasons = set()
    for length in [*range(1, len(data), len(data) // 80), len(data) - 1, len(data) - 9, end, end + 4]:
        (tmp_path / "cut.dcm").write_bytes(data[:length])
        reasons.add(reason_of(read_flat, tmp_path, "cut.dcm"))
    assert reasons == {"not_an_image", "truncated"}


def test_a_file_cut_before_its_pixels_is_no_picture_of_an_index(tmp_path: Path):
    data = encoded(image(GREY))
    end = data.index(struct.pack("<HH", 0x7FE0, 0x0010))
    for length in range(1, end + 1, 13):
        (tmp_path / f"{length}.dcm").write_bytes(data[:length])
    (tmp_path / "whole.dcm").write_bytes(data)
    found = headers(tmp_path, [path.name for path in sorted(tmp_path.iterdir())])
    assert [item.file for item in found if isinstance(item, Header) and item.frames] == ["whole.dcm"]
    refusals = [item for item in found if isinstance(item, Rejected)]
    assert {item.reason for item in refusals} <= {"not_an_image", "truncated", "bad_metadata"}


def test_random_damage_ends_in_a_picture_or_a_reason(tmp_path: Path):
    data, generator = encoded(image(GREY)), np.random.default_rng(3)
    outcomes = {"picture": 0, "refused": 0}
    for _ in range(400):
        damaged = bytearray(data)
        for place in generator.integers(132, len(data) - GREY.nbytes, 4):
            damaged[place] = generator.integers(0, 256)
        (tmp_path / "a.dcm").write_bytes(bytes(damaged))
        try:
            read_flat(tmp_path, "a.dcm")
            outcomes["picture"] += 1
        except Rejected:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 20


def nested(depth: int, tag: tuple[int, int]) -> bytes:
    """Sequences of undefined length within each other."""
    start = struct.pack("<HH2sHL", *tag, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    end = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return start * depth + end * depth


@pytest.mark.parametrize("tag", [(0x0008, 0x1032), (0x5200, 0x9230)])
def test_sequences_nested_too_deep_are_refused(tmp_path: Path, tag: tuple[int, int]):
    data = encoded(image(GREY))
    at = data.index(struct.pack("<HH", 0x7FE0, 0x0010))
    for depth, reason in ((5, None), (5000, "bad_metadata")):
        (tmp_path / "a.dcm").write_bytes(data[:at] + nested(depth, tag) + data[at:])
        (found,) = headers(tmp_path, ["a.dcm"])
        assert (found.reason if isinstance(found, Rejected) else None) == reason


def test_what_is_no_dicom_file_has_a_reason_and_does_not_stop_the_others(tmp_path: Path):
    names = written(tmp_path, slices())
    (tmp_path / "text.dcm").write_bytes(b"no picture" * 40)
    (tmp_path / "empty.dcm").write_bytes(b"")
    found = headers(tmp_path, ["text.dcm", *names, "empty.dcm", "none.dcm", "../a.dcm"])
    reasons = [item.reason for item in found if isinstance(item, Rejected)]
    assert reasons == ["not_an_image", "empty_file", "unreadable", "outside_root"]
    assert sum(isinstance(item, Header) for item in found) == SLICES


def test_more_pixels_than_the_limit_are_refused_before_they_are_decoded(tmp_path: Path):
    found = image(GREY)
    found.Rows = found.Columns = 65535
    assert reason_of(read_flat, tmp_path, *written(tmp_path, [found])) == "too_large"
