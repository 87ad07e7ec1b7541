"""CT and MRI series in DICOM with DICOM segmentations (SEG), wherever they lie below one folder.

``data_cards/dicom_seg.md`` says which segments are used, and how a file finds its series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from mmrs_builder.io.binarise import DOUBTFUL_LIMIT, SMALLER_FLOOR
from mmrs_builder.io.dicom import read_series
from mmrs_builder.io.dicom_index import BurnedIn, Ids, Marked, Marks, Patient, Repeated, annotated, told
from mmrs_builder.io.dicom_seg import (
    Code,
    Segment,
    Segmentation,
    doubtful,
    mask,
    read_contents,
    read_segmentation,
)
from mmrs_builder.io.options import phrase
from mmrs_builder.naming import chosen, explained, known, mapping, vocabulary
from mmrs_builder.types import Case, CaseRef, Label, Lattice, Mask3, Source
from mmrs_builder.vocab import Rejected
from mmrs_builder.volume_rules import Coverage, Empty, Exhaustive, MinimumArea, Planes, Rules, Sides, Window, rules
from mmrs_builder.volumes import Mask3D, volume_case

MASK_RULE: Final = "BINARY: 1. LABELMAP: the segment's number. FRACTIONAL: at least half of the greatest value."

ABNORMAL: Final = frozenset({("SCT", "49755003"), ("SRT", "M-01000"), ("99SDM", "M-01000"), ("SNM3", "M-01000")})
"""Codes of the category "morphologically abnormal structure"."""


def configure(
    *,
    labels: Annotated[
        str,
        "what labels, types or codes of segments mean, in any case, with * and ?: Seg*=tumour,SCT:10200004=liver",
    ] = "",
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
    license: Annotated[str, "licence of series and segmentations"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "dicom_seg",
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
        title="DICOM series with DICOM segmentations",
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
        index=partial(annotated, told=shared, kind="SEG", read=partial(_marks, names=names)),
        load=partial(_load, rules_for=rules_for),
        terms=terms,
        steps="Give the folder with your series and SEG files with --data.",
    )


def _marks(root: Path, path: str, *, names: dict[str, str]) -> Marks:
    found = read_contents(root, path)
    return Marks(
        structures=tuple(
            Marked(
                number=segment.number,
                label=label_of(segment, names),
                frame_of_reference=found.frame_of_reference,
            )
            for segment in found.segments
        ),
        series=found.series,
    )


def label_of(segment: Segment, names: dict[str, str]) -> str | None:
    """The canonical label of a segment: what ``names`` says, else what its label and the code of its type agree on.

    ``None`` where nobody knows, where they disagree, where the coded side contradicts the label's, and where an
    abnormal structure has an organ's name: a tumour of the liver is not the liver.
    """
    code = segment.type or Code(value="", scheme="", meaning="")
    texts = (segment.label, code.meaning, f"{code.scheme}:{code.value}")
    if label := next((label for text in texts if (label := explained(text, names))), None):
        return _sided(label, segment)
    named = (known(segment.label), known(code.meaning), _coded(texts[-1]))
    found = {label.id: label for label in named if label}
    exact = [label for label in found.values() if not any(_kind_of(other, label) for other in found.values())]
    if len(exact) != 1 or (_abnormal(segment) and exact[0].role != "lesion"):
        return None
    return _sided(exact[0], segment)


def _kind_of(label: Label, general: Label) -> bool:
    """Whether a label says more than another: one side of it, or one organ's (``liver_tumour`` and ``tumour``)."""
    whole = label.id.removesuffix(f"_{label.side}")
    return label != general and (whole == general.id or (general.role == "lesion" and whole.endswith(f"_{general.id}")))


def _coded(code: str) -> Label | None:
    return next((label for label in vocabulary().values() if code in label.codes), None)


def _abnormal(segment: Segment) -> bool:
    return segment.category is not None and (segment.category.scheme, segment.category.value) in ABNORMAL


def _sided(label: Label, segment: Segment) -> str | None:
    """The label of the side that the segment states, where the vocabulary has one; ``None`` for a contradiction."""
    if segment.laterality is None or label.side == segment.laterality:
        return label.id
    if label.side is not None:
        return None
    found = known(f"{segment.laterality} {label.id}")
    return found.id if found and found.id == f"{label.id}_{segment.laterality}" else label.id


def _load(ref: CaseRef, *, rules_for: Callable[[Iterable[str]], Rules]) -> Case:
    root = Path(ref.root)
    volume = read_series(root, ref.files).volume
    # What was drawn differs from file to file: only this file's labels can be absent here, or choose the window.
    own = rules_for(sorted({mask.label for mask in ref.masks}))
    return volume_case(ref, volume, _masks(root, ref, volume.lattice), own)


def _masks(root: Path, ref: CaseRef, lattice: Lattice) -> Iterator[Mask3D]:
    for path in dict.fromkeys(item.path for item in ref.masks):
        segmentation = read_segmentation(root, path)
        for item in ref.masks:
            if item.path == path:
                inside = _decided(segmentation, int(item.pick), lattice)
                yield Mask3D(label=item.label, mask=inside, lattice=lattice, what=path, instance=item.instance)


def _decided(segmentation: Segmentation, number: int, lattice: Lattice) -> Mask3:
    """The voxels of a segment. Raises ``Rejected`` (``mask_not_binary``) when the threshold decides too much."""
    inside = mask(segmentation, number, lattice)
    between = doubtful(segmentation, number)
    if between > DOUBTFUL_LIMIT * max(int(inside.sum()), SMALLER_FLOOR):
        raise Rejected("mask_not_binary", segmentation.what, f"segment {number}: {between} doubtful voxels")
    return inside


SOURCE: Final = configure()
