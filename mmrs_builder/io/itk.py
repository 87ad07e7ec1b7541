"""NRRD and MetaImage volumes, read by ITK after their headers have been read here.

ITK hides what a header leaves out (spacing 1, axes as they come), accepts compressed data without their end, looks for
voxels in whatever file the header names, and loads half a JPEG as a whole one. So the header's text is parsed first:
it has to be one of the two formats, name no file outside the corpus, and account for every byte of the voxels.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmrs_builder.io.extras import need
from mmrs_builder.io.paths import inside, read_bytes
from mmrs_builder.io.volume import lattice
from mmrs_builder.types import Lattice, Mask3, Volume, Voxels
from mmrs_builder.vocab import Rejected

MAX_DECODED: Final = 1 << 31
"""No volume is unpacked beyond this many bytes."""

UNIT_LENGTH: Final = 0.01
"""How far the length of a direction may be from 1."""

_MAX_HEADER: Final = 1 << 20
_LONGEST_FIELD: Final = 500
"""Bytes of a field of an NRRD header. ITK repeats one that it does not understand in a buffer of about a thousand bytes
and writes beyond its end."""
_LONGEST_TEXT: Final = 250
"""Bytes of a text in a MetaImage header. ITK copies a longer name beyond the end of a buffer of 255 bytes."""
_BLOCK: Final = 1 << 20
_KNOWN_SPACES: Final = frozenset(
    {"lps", "ras", "las", "left-posterior-superior", "right-anterior-superior", "left-anterior-superior"}
)
_MILLIMETRES: Final = frozenset({"mm", "millimeter", "millimeters", "", "???"})
_NRRD_BYTES: Final = {
    1: "signed char, int8, int8_t, uchar, unsigned char, uint8, uint8_t",
    2: "short, short int, signed short, signed short int, int16, int16_t, "
    "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    4: "int, signed int, int32, int32_t, uint, unsigned int, uint32, uint32_t, float",
    8: "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t, "
    "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t, double",
}
_META_BYTES: Final = {
    1: "MET_CHAR, MET_UCHAR",
    2: "MET_SHORT, MET_USHORT",
    4: "MET_INT, MET_UINT, MET_LONG, MET_ULONG, MET_FLOAT",
    8: "MET_LONG_LONG, MET_ULONG_LONG, MET_DOUBLE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment as 3D Slicer names it: the voxels that hold ``value`` in the ``layer``-th layer of the file."""

    number: int
    name: str
    layer: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """The segments of one file with their masks (shape of the lattice), by number; they may overlap."""

    lattice: Lattice
    segments: tuple[tuple[Segment, Mask3], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What the text of a header says. ``start`` is the first byte behind it."""

    reader: str
    fields: dict[str, str]
    notes: dict[str, str]
    start: int
    numbers: int  # stored in all, components included
    width: int  # bytes of a number
    packed: bool
    data_file: str | None
    placed: bool  # the position in the patient is stated


def read_itk(root: Path, path: str) -> Volume:
    """The volume of a ``.nrrd``, ``.nhdr``, ``.mha`` or ``.mhd`` file, in array order (x, y, z) of the file.

    There is evidence of the position where an NRRD states its space and a MetaImage its ``TransformMatrix``; else
    steps run along the array's own axes. Spacing has to be stated.

    Raises ``Rejected``: what ``read_bytes`` raises, for the file with the voxels too; ``not_an_image`` (another format,
    text voxels, voxels in several files); ``truncated`` for any other number of bytes than the header declares;
    ``too_large``; ``multi_frame``; ``unsupported_mode`` (colour, vectors); ``bad_geometry``; ``not_finite``.
    """
    header = _checked_header(root, path)
    values, grid = _read(root, path, header)
    if values.shape[3] != 1:
        raise Rejected("unsupported_mode", path, f"{values.shape[3]} numbers per voxel")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Rejected("not_finite", path, f"{int(values.size - np.isfinite(values).sum())} of {values.size} voxels")
    return Volume(values=values[..., 0], lattice=grid)


def read_segments(root: Path, path: str) -> Segmentation:
    """The segments of a ``.seg.nrrd`` file of 3D Slicer. Masks of segments that nobody painted are empty.

    Raises ``Rejected``: what ``read_itk`` raises, save that several layers are welcome; ``bad_metadata`` when the
    header names no segments, or not where they are.
    """
    header = _checked_header(root, path)
    values, grid = _read(root, path, header)
    segments = _segments(header.notes, values.shape[3], path)
    return Segmentation(
        lattice=grid,
        segments=tuple((segment, values[..., segment.layer] == segment.value) for segment in segments),
    )


def _segments(notes: dict[str, str], layers: int, what: str) -> list[Segment]:
    """Slicer before 4.11 wrote one layer of 0 and 1 per segment, and neither number."""
    numbers = sorted(int(found[1]) for key in notes if (found := re.fullmatch(r"Segment([0-9]{1,6})_Name", key)))
    if not numbers:
        raise Rejected("bad_metadata", what, "no segments")
    old = layers == len(numbers) and not any(re.fullmatch(r"Segment[0-9]+_(LabelValue|Layer)", key) for key in notes)
    segments = []
    for place, number in enumerate(numbers):
        name = notes[f"Segment{number}_Name"]
        layer, value = (notes.get(f"Segment{number}_{key}", "") for key in ("Layer", "LabelValue"))
        if old:
            layer, value = str(place), "1"
        if not (re.fullmatch("[0-9]{1,6}", layer) and re.fullmatch("[0-9]{1,9}", value)):
            raise Rejected("bad_metadata", what, f"segment {number} has no layer or no label value")
        segments.append(Segment(number=number, name=name, layer=int(layer), value=int(value)))
    if any(segment.layer >= layers or segment.value == 0 for segment in segments):
        raise Rejected("bad_metadata", what, f"a segment outside the {layers} layers or of label 0")
    if len({(segment.layer, segment.value) for segment in segments}) < len(segments):
        raise Rejected("bad_metadata", what, "two segments of one label in one layer")
    return segments


def _checked_header(root: Path, path: str) -> _Header:
    """The header of a file whose voxels are all there."""
    need("SimpleITK")
    parse = _FORMATS.get(Path(path).suffix.lower())
    if parse is None:
        raise Rejected("not_an_image", path, "neither NRRD nor MetaImage by its name")
    data = read_bytes(root, path)
    header = parse(data, path)
    size = header.numbers * header.width
    if size > MAX_DECODED:
        raise Rejected("too_large", path, f"{size} bytes of voxels, limit {MAX_DECODED}")
    body = memoryview(data)[header.start :]
    if header.data_file is not None:
        body = memoryview(_voxels_beside(root, path, header.data_file))
    packed_size = header.fields.get("CompressedDataSize") if header.packed else None
    if packed_size is not None and packed_size != str(len(body)):
        raise Rejected("truncated", path, f"{len(body)} bytes of packed voxels, header says {packed_size}")
    found = _unpacked_size(body, size, path) if header.packed else len(body)
    if found != size:
        raise Rejected("truncated", path, f"{'more than' if found > size else f'{found} of'} {size} bytes of voxels")
    return header


def _voxels_beside(root: Path, path: str, name: str) -> bytes:
    """The bytes of a separate file. Refusals name the header's file: ``name`` may be any text."""
    try:
        return read_bytes(root, _beside(root, path, name))
    except Rejected as refused:
        raise Rejected(refused.reason, path, f"the file with its voxels: {refused.detail}") from None


def _beside(root: Path, path: str, name: str) -> str:
    """Where ITK will look for a separate file: in the folder that really holds the header, behind all links."""
    if not name or name == "-" or "%" in name or name.startswith("LIST"):  # standard input, patterns, lists
        raise Rejected("not_an_image", path, "voxels in several files")
    if Path(name).is_absolute():
        raise Rejected("outside_root", path, "names a file by its absolute path")
    folder = inside(root, path).parent.relative_to(Path(root).resolve())
    return str(folder / name)


def _unpacked_size(body: memoryview, limit: int, what: str) -> int:
    """Bytes in a gzip or zlib stream, checksum included in the check; counting ends beyond ``limit``."""
    stream, found = zlib.decompressobj(wbits=47), 0
    try:
        for start in range(0, len(body), _BLOCK):
            piece: bytes | memoryview = body[start : start + _BLOCK]
            while piece and not stream.eof and found <= limit:
                found += len(stream.decompress(piece, _BLOCK))
                piece = stream.unconsumed_tail
        while not stream.eof and found <= limit and (rest := stream.decompress(b"", _BLOCK)):
            found += len(rest)
    except zlib.error as error:
        raise Rejected("truncated", what, f"{type(error).__name__}: {error}") from error
    if found <= limit and not stream.eof:
        raise Rejected("truncated", what, "packed voxels end too early")
    return found


def _nrrd(data: bytes, what: str) -> _Header:
    if not re.match(rb"NRRD000[1-5]\r?\n", data):
        raise Rejected("not_an_image", what, "not NRRD")
    gap = re.search(rb"\r?\n\r?\n", data[:_MAX_HEADER])
    text = data[: gap.start() if gap else _MAX_HEADER].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    notes: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        found = re.fullmatch(r"([^:]+):(=?)(.*)", line.rstrip("\r"))
        if line.startswith("#") or not line.strip():
            continue
        key = found[1].replace(" ", "").lower() if found and not found[2] else found[1] if found else ""
        table = notes if found and found[2] else fields
        if table is fields and len(line.encode()) > _LONGEST_FIELD:
            raise Rejected("not_an_image", what, f"a field of the header that is longer than {_LONGEST_FIELD} bytes")
        if found is None or key in table:
            raise Rejected("not_an_image", what, "a line of the header is no field, or a second one")
        table[key] = found[3].strip()
    sizes = _whole(fields.get("sizes", ""), what)
    if fields.get("dimension") != str(len(sizes)):
        raise Rejected("not_an_image", what, "dimension and sizes do not match")
    if fields.get("encoding", "") not in ("raw", "gzip", "gz") or {"lineskip", "byteskip"} & fields.keys():
        raise Rejected("not_an_image", what, "voxels neither raw nor gzip, or not at the start of their file")
    data_file = fields.get("datafile")
    if data_file is None and gap is None:
        raise Rejected("truncated", what, "the header does not end")
    return _Header(
        reader="NrrdImageIO",
        fields=fields,
        notes=notes,
        start=gap.end() if gap else len(data),
        numbers=math.prod(sizes),
        width=_width(fields.get("type", ""), _NRRD_BYTES, what),
        packed=fields["encoding"] != "raw",
        data_file=data_file,
        placed=_nrrd_placed(fields, what),
    )


def _nrrd_placed(fields: dict[str, str], what: str) -> bool:
    """Whether the space is stated; ``bad_geometry`` unless there are three spacings in millimetres."""
    units = re.findall('"([^"]*)"', fields.get("spaceunits", "") + fields.get("units", ""))
    if not _MILLIMETRES.issuperset(unit.strip().lower() for unit in units):
        raise Rejected("bad_geometry", what, "units other than mm")
    directions = re.findall(r"\([^)]*\)", fields.get("spacedirections", ""))
    spacings = [word for word in fields.get("spacings", "").split() if word.lower() != "nan"]
    if len(directions or spacings) != 3:
        raise Rejected("bad_geometry", what, "no spacing, or not of three axes")
    return bool(directions) and fields.get("space", "").lower() in _KNOWN_SPACES


def _meta(data: bytes, what: str) -> _Header:
    if not re.match(rb"\s*(ObjectType|NDims)\s*=", data):
        raise Rejected("not_an_image", what, "not MetaImage")
    fields: dict[str, str] = {}
    start = 0
    for line in re.finditer(rb"([^\n]*)(?:\n|\Z)", data[:_MAX_HEADER]):
        key, equals, value = (part.strip() for part in line[1].decode("utf-8", "replace").partition("="))
        if key and (not equals or key in fields):
            raise Rejected("not_an_image", what, "a line of the header is no field, or a second one")
        if len(value.encode()) > _LONGEST_TEXT and not re.fullmatch(r"[-+.0-9eE\s]{1,500}", value):
            raise Rejected("not_an_image", what, f"a text in the header that is longer than {_LONGEST_TEXT} bytes")
        fields[key] = value
        start = line.end()
        if key == "ElementDataFile":
            break
    if "ElementDataFile" not in fields:
        raise Rejected("truncated", what, "the header does not end")
    sizes = _whole(fields.get("DimSize", ""), what)
    channels = _whole(fields.get("ElementNumberOfChannels", "1"), what)
    if fields.get("NDims") != str(len(sizes)) or len(channels) != 1:
        raise Rejected("not_an_image", what, "NDims and DimSize do not match")
    _meta_plain(fields, what)
    data_file = fields["ElementDataFile"]
    return _Header(
        reader="MetaImageIO",
        fields=fields,
        notes={},
        start=start,
        numbers=math.prod(sizes) * channels[0],
        width=_width(fields.get("ElementType", ""), _META_BYTES, what),
        packed=fields.get("CompressedData", "False").lower() in ("true", "1"),
        data_file=None if data_file.upper() == "LOCAL" else data_file,
        placed=bool({"TransformMatrix", "Rotation", "Orientation"} & fields.keys()),
    )


def _meta_plain(fields: dict[str, str], what: str) -> None:
    """Refuse what ITK reads otherwise than the header says, or makes up."""
    if fields.get("BinaryData", "True").lower() not in ("true", "1") or fields.get("HeaderSize", "0") != "0":
        raise Rejected("not_an_image", what, "voxels written as text, or not at the start of their file")
    scaling = [fields.get(f"ElementToIntensityFunction{name}") for name in ("Slope", "Offset")]
    if scaling[0] not in (None, "1") or scaling[1] not in (None, "0"):
        raise Rejected("unsupported_mode", what, "values are scaled")
    if not {"ElementSpacing", "ElementSize"} & fields.keys():
        raise Rejected("bad_geometry", what, "no spacing")


def _whole(text: str, what: str) -> list[int]:
    """Numbers of at least 1, separated by blanks."""
    words = text.split()
    if not words or not all(re.fullmatch("[1-9][0-9]{0,17}", word) for word in words):
        raise Rejected("not_an_image", what, "sizes that are no whole numbers")
    return [int(word) for word in words]


def _width(name: str, table: dict[int, str], what: str) -> int:
    for width, names in table.items():
        if name and name in names.split(", "):
            return width
    raise Rejected("unsupported_mode", what, "unknown type of voxel")


_FORMATS: Final[dict[str, Callable[[bytes, str], _Header]]] = {
    ".nrrd": _nrrd, ".nhdr": _nrrd, ".mha": _meta, ".mhd": _meta,
}  # fmt: skip


def _read(root: Path, path: str, header: _Header) -> tuple[Voxels, Lattice]:
    """Values (x, y, z, component) and where they lie, of a file that ``_checked_header`` let pass."""
    import SimpleITK

    itk: Any = SimpleITK
    itk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = itk.ImageFileReader()
    reader.SetImageIO(header.reader)
    reader.SetFileName(str(inside(root, path)))
    try:
        reader.ReadImageInformation()
        grid = _lattice(reader, header, path)
        values = itk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:  # its text holds memory addresses and absolute paths
        raise Rejected("truncated", path, "ITK cannot read it") from error
    return values.reshape(*grid.shape[::-1], -1).transpose(2, 1, 0, 3), grid


def _lattice(reader: Any, header: _Header, what: str) -> Lattice:
    """Where the voxels lie, after a last check that ITK and ``_Header`` speak of the same array."""
    size = reader.GetSize()
    if len(size) > 3:
        raise Rejected("multi_frame", what, f"{' x '.join(map(str, size))} voxels")
    if math.prod(size) * reader.GetNumberOfComponents() != header.numbers:
        raise Rejected("not_an_image", what, "ITK understands the header otherwise")
    spacing = np.asarray(reader.GetSpacing())
    if len(size) < 3 or not (np.isfinite(spacing).all() and spacing.min() > 0):
        raise Rejected("bad_geometry", what, f"spacing {', '.join(f'{length:g}' for length in spacing)} mm")
    if not header.placed:
        return lattice(size, (0.0, 0.0, 0.0), np.diag(spacing).tolist(), None, what)
    direction = np.asarray(reader.GetDirection()).reshape(3, 3)
    if not (np.abs(np.linalg.norm(direction, axis=0) - 1) < UNIT_LENGTH).all():
        raise Rejected("bad_geometry", what, "directions are not of length 1")
    return lattice(size, reader.GetOrigin(), (direction * spacing).T.tolist(), "header", what)
