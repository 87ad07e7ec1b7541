"""Lossless removal of everything in a JPEG or PNG file that is not needed to decode its pixels.

JPEG (ITU-T T.81, annex B): all APPn and COM segments, junk between segments and bytes after the end marker go. Two
segments decide how libjpeg converts colours and stay, reduced to that decision: JFIF (APP0: without density and
thumbnail) and Adobe (APP14: the transform flag). PNG (ISO/IEC 15948): only IHDR, PLTE of palette pictures, tRNS, IDAT
and IEND stay. Colour profiles and gamma go as well: no reader used with this data applies them, so pixel values do not
change, and a viewer that would have applied one now shows the values as sRGB.

Both walks need the end marker, and PNG chunks their checksums, so a file cut short anywhere is noticed here: libjpeg
itself fills what is missing with grey.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final

from mmrs_builder.vocab import Rejected

JPEG: Final = b"\xff\xd8\xff"
PNG: Final = b"\x89PNG\r\n\x1a\n"

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # not a stuffed byte, fill byte or restart marker
_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_ADOBE: Final = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"  # followed by the transform flag

_NEEDED: Final = frozenset({b"IHDR", b"tRNS", b"IDAT", b"IEND"})
_PALETTE_TYPE: Final = 3


def cleaned(data: bytes, what: str) -> bytes:
    """A JPEG or PNG file without metadata; files of other formats as they are.

    ``what`` names the file in errors. Raises ``Rejected``: ``truncated`` when the structure ends early or is damaged.
    """
    if data.startswith(JPEG):
        return clean_jpeg(data, what)
    return clean_png(data, what) if data.startswith(PNG) else data


def clean_jpeg(data: bytes, what: str) -> bytes:
    """JPEG bytes up to the end marker, coded data and tables untouched. Raises ``Rejected``: ``truncated``."""
    kept, at, scans, coded = [data[:2]], 2, 0, False
    while (found := _MARKER.search(data, at)) is not None:
        if coded:
            kept.append(data[at : found.start()])
        code, at = data[found.end() - 1], found.end()
        if code == _EOI and scans:
            return b"".join([*kept, found.group()])
        length = int.from_bytes(data[at : at + 2], "big")
        if code < 0xC0 or code in (_SOI, _EOI) or length < 2 or at + length > len(data):
            break
        kept.append(_segment(code, data[at + 2 : at + length], data[at - 2 : at + length], scans))
        at, coded = at + length, code == _SOS
        scans += coded
    raise Rejected("truncated", what, "JPEG structure ends early or is damaged")


def _segment(code: int, payload: bytes, whole: bytes, scans: int) -> bytes:
    """What stays of one JPEG segment. After the first scan no application segment has an effect."""
    if code != _COM and not 0xE0 <= code <= 0xEF:
        return whole
    if code == 0xE0 and not scans and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return _JFIF
    if code == 0xEE and not scans and payload.startswith(b"Adobe") and len(payload) >= 12:
        return _ADOBE + payload[11:12]
    return b""


def clean_png(data: bytes, what: str) -> bytes:
    """PNG bytes up to the end chunk, image data untouched. Raises ``Rejected``: ``truncated``."""
    palette = data[25:26] == bytes([_PALETTE_TYPE])
    kept = [whole for kind, whole in _chunks(data, what) if kind in _NEEDED or (palette and kind == b"PLTE")]
    return PNG + b"".join(kept)


def _chunks(data: bytes, what: str) -> Iterator[tuple[bytes, bytes]]:
    """Type and whole bytes of each chunk up to and including IEND, checksums verified."""
    at = len(PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, crc = data[at + 4 : at + 8], int.from_bytes(data[end - 4 : end], "big")
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != crc:
            break
        yield kind, data[at:end]
        if kind == b"IEND":
            return
        at = end
    raise Rejected("truncated", what, "PNG structure ends early or a checksum is wrong")
