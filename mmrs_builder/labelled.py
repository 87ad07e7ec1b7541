"""The masks of a volume from its files in NIfTI, NRRD or MetaImage: one file per structure, or numbers in one file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmrs_builder.io.itk import Segment, Segmentation, read_segments
from mmrs_builder.io.labelmap import check_named, whole_numbers
from mmrs_builder.io.volumefile import read_volume
from mmrs_builder.types import Case, CaseRef, Mask3, MaskRef
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Rules
from mmrs_builder.volumes import Mask3D, volume_case


def by_slicer(path: str) -> bool:
    """Whether a file is a segmentation of 3D Slicer: its numbers mean what its own header says."""
    return path.casefold().endswith(".seg.nrrd")


def labelled_case(
    ref: CaseRef,
    *,
    rules: Rules,
    channel: int | None = None,
    ignored: Collection[int] = (),
    placed: bool = True,
) -> Case:
    """The case of a volume whose masks are the files of ``ref.masks``; ``MaskRef.pick`` is a number or a segment.

    ``1+2`` are two numbers of one structure, such as a liver and the tumour in it. A mask without ``pick`` is a file
    of one structure: what is not 0. ``channel`` is the volume of 4-D files to show;
    ``ignored`` are numbers that stand for nothing a question may be about, and hide nothing; ``placed`` is explained at
    ``read_volume``. A label counts as looked for, and hence may be absent, only where it has a file. Raises
    ``Rejected`` as ``read_volume``, ``read_segments``, ``check_named`` and ``volume_case`` do.
    """
    root = Path(ref.root)
    paths = dict.fromkeys(mask.path for mask in ref.masks)
    slicer = {path: read_segments(root, path) for path in paths if by_slicer(path)}
    held = {mask.label for mask in ref.masks if mask.path not in slicer or mask.pick in _by_name(slicer[mask.path])}
    # A structure without a file was not looked for: it is not absent here.
    sought = replace(rules, labels=tuple(label for label in rules.labels if label in held))
    volume = read_volume(root, ref.image, channel=channel, placed=placed)
    return volume_case(ref, volume, _masks(root, ref, slicer, ignored, placed), sought)


def _masks(
    root: Path, ref: CaseRef, slicer: Mapping[str, Segmentation], ignored: Collection[int], placed: bool
) -> Iterator[Mask3D]:
    """Each mask file is read once; of a file of numbers, every number that means something is a mask."""
    for path in dict.fromkeys(mask.path for mask in ref.masks):
        wanted = [mask for mask in ref.masks if mask.path == path]
        if path in slicer:
            yield from _of_slicer(slicer[path], path, wanted)
        else:
            yield from _of_file(root, path, wanted, ignored, placed)


def _of_file(
    root: Path, path: str, wanted: Sequence[MaskRef], ignored: Collection[int], placed: bool
) -> Iterator[Mask3D]:
    """The masks of one file; a function of its own, so that a file's voxels are gone before the next is read."""
    volume = read_volume(root, path, placed=placed)
    numbers = whole_numbers(volume.values, path)
    if wanted[0].pick:
        check_named(numbers, {*ignored}.union(*(_numbers(mask.pick) for mask in wanted)), path)
    for mask in wanted:
        yield Mask3D(label=mask.label, mask=_inside(numbers, mask.pick), lattice=volume.lattice, what=path)


def _inside(numbers: npt.NDArray[np.integer[Any]], pick: str) -> Mask3:
    """Where the numbers of a pick are, or any but 0. One comparison each: ``np.isin`` copies the volume every time."""
    if not pick:
        return np.asarray(numbers != 0)
    first, *more = _numbers(pick)
    inside = np.asarray(numbers == first)
    for number in more:
        inside |= numbers == number
    return inside


def _numbers(pick: str) -> list[int]:
    return [int(number) for number in pick.split("+")]


def _of_slicer(found: Segmentation, path: str, wanted: Sequence[MaskRef]) -> Iterator[Mask3D]:
    """The segments that somebody has explained; one that nobody has rejects the case, its name untold."""
    labels = {mask.pick: mask.label for mask in wanted}
    for name, parts in _by_name(found).items():
        for segment, inside in parts:
            if name in labels:
                yield Mask3D(label=labels[name], mask=inside, lattice=found.lattice, what=path)
            elif inside.any():
                raise Rejected("unknown_label", path, f"no name for segment {segment.number}")


def _by_name(found: Segmentation) -> dict[str, list[tuple[Segment, Mask3]]]:
    """Segments by their names, which are compared in any case; two may have one name."""
    groups: dict[str, list[tuple[Segment, Mask3]]] = {}
    for segment, inside in found.segments:
        groups.setdefault(segment.name.casefold(), []).append((segment, inside))
    return groups
