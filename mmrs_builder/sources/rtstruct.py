"""CT and MRI series in DICOM with the outlines of an RTSTRUCT, as radiotherapy planning leaves them.

``data_cards/rtstruct.md`` says which structures are used, and how a file finds its series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from mmrs_builder.io.dicom import read_series
from mmrs_builder.io.dicom_index import BurnedIn, Ids, Marked, Marks, Patient, Repeated, annotated, told
from mmrs_builder.io.options import phrase
from mmrs_builder.io.rtstruct import fill, read_regions
from mmrs_builder.naming import chosen, explained, known, mapping, vocabulary
from mmrs_builder.types import Case, CaseRef, Lattice, Source
from mmrs_builder.volume_rules import Coverage, Empty, Exhaustive, MinimumArea, Planes, Rules, Sides, Window, rules
from mmrs_builder.volumes import Mask3D, volume_case

MASK_RULE: Final = "Voxels whose centre lies inside the outlines of their slice; nothing is drawn between slices."


def configure(
    *,
    labels: Annotated[
        str, "what names of regions mean, in any case, with * and ?: GTV*=tumour,Niere li=left kidney"
    ] = (""),
    repeated: Repeated = "refuse",
    ids: Ids = "rank",
    patient: Patient = "",
    burned_in: BurnedIn = "drop",
    window: Window = "auto",
    planes: Planes = "axial",
    coverage: Coverage = "5",
    empty: Empty = "0.1",
    exhaustive: Exhaustive = "no",
    minimum_area: MinimumArea = "0.00005",
    sides: Sides = "header",
    license: Annotated[str, "licence of series and outlines"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "rtstruct",
) -> Source:
    """A source for a folder of such files. Raises ``ValueError``, naming the option, for a value of no sense."""
    names = mapping("labels", labels)
    own, terms = chosen(names.values())
    rules_for = partial(
        rules,
        window=window,
        planes=planes,
        coverage=coverage,
        empty=empty,
        exhaustive=exhaustive,
        minimum_area=minimum_area,
        sides=sides,
    )
    checked = rules_for(())
    shared = told(source=name, ids=ids, patient=patient, burned_in=burned_in, repeated=repeated)
    return Source(
        name=name,
        title="DICOM series with RTSTRUCT outlines",
        version="1",
        modality="ct and mri",
        license=phrase("license", license),
        license_class="script-only",
        url="",
        labels=tuple(sorted({*own, *(label.id for label in vocabulary().values())})),
        exhaustive=checked.exhaustive,
        patient_ids=True,
        minimum_area=checked.minimum_area,
        mask_rule=MASK_RULE,
        index=partial(annotated, told=shared, kind="RTSTRUCT", read=partial(_marks, names=names)),
        load=partial(_load, rules_for=rules_for),
        terms=terms,
        steps="Give the folder with your series and RTSTRUCT files with --data.",
    )


def _marks(root: Path, path: str, *, names: dict[str, str]) -> Marks:
    found = read_regions(root, path)
    labels = [explained(region.name, names) or known(region.name) for region in found.regions]
    return Marks(
        structures=tuple(
            Marked(
                number=region.number,
                label=label.id if label else None,
                frame_of_reference=region.frame_of_reference,
                empty=not region.contours,
            )
            for region, label in zip(found.regions, labels, strict=True)
        ),
        series=found.series,
    )


def _load(ref: CaseRef, *, rules_for: Callable[[Iterable[str]], Rules]) -> Case:
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


SOURCE: Final = configure()
