"""Volumes of DICOM series whose masks are the outlines in RTSTRUCT files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from mmrs_builder.io.dicom import read_series
from mmrs_builder.io.dicom_index import Marked, Marks
from mmrs_builder.io.rtstruct import fill, read_regions
from mmrs_builder.types import Case, CaseRef, Lattice
from mmrs_builder.volume_rules import Rules
from mmrs_builder.volumes import Mask3D, volume_case

MASK_RULE: Final = "Voxels whose centre lies inside the outlines of their slice; nothing is drawn between slices."


def outline_marks(root: Path, path: str, *, label_of: Callable[[str], str | None]) -> Marks:
    """What an RTSTRUCT holds, for ``dicom_index.annotated``. ``label_of`` gives the label of a region's name, ``None``
    where nobody has explained it. Raises ``Rejected`` as ``read_regions`` does.
    """
    found = read_regions(root, path)
    return Marks(
        structures=tuple(
            Marked(
                number=region.number,
                label=label_of(region.name),
                frame_of_reference=region.frame_of_reference,
                empty=not region.contours,
            )
            for region in found.regions
        ),
        series=found.series,
    )


def outlined_case(ref: CaseRef, *, rules_for: Callable[[Iterable[str]], Rules]) -> Case:
    """The case of a series (``ref.files``) whose masks are regions of RTSTRUCT files; ``MaskRef.pick`` is the number of
    a region. ``rules_for`` gives the rules for some labels. Raises ``Rejected`` as ``read_series``, ``read_regions``,
    ``fill`` and ``volume_case`` do.
    """
    root = Path(ref.root)
    volume = read_series(root, ref.files).volume
    # What was drawn differs from file to file: only this file's labels can be absent here, or choose the window.
    own = rules_for(sorted({mask.label for mask in ref.masks}))
    return volume_case(ref, volume, _masks(root, ref, volume.lattice), own)


def _masks(root: Path, ref: CaseRef, lattice: Lattice) -> Iterator[Mask3D]:
    for path in dict.fromkeys(mask.path for mask in ref.masks):
        regions = {str(region.number): region for region in read_regions(root, path).regions}
        for mask in ref.masks:
            if mask.path == path:
                inside = fill(regions[mask.pick], lattice)
                yield Mask3D(label=mask.label, mask=inside, lattice=lattice, what=path, instance=mask.instance)
