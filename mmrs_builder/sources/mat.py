"""MATLAB 7.3 files in the layout of the brain tumour corpus: one slice, one mask, one label and one patient per file.

``data_cards/mat.md`` says what is known of that corpus.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from mmrs_builder.io.extras import need
from mmrs_builder.io.layout import ranks
from mmrs_builder.io.listing import leftovers, listing
from mmrs_builder.io.mat import read_mat_facts, read_mat_pair
from mmrs_builder.io.options import fraction, identifier, one_of, phrase
from mmrs_builder.io.pairing import natural, without_suffix
from mmrs_builder.naming import chosen, mapping, named
from mmrs_builder.types import Case, CaseRef, Drop, MaskRef, Source
from mmrs_builder.views import case_of
from mmrs_builder.vocab import MODALITIES, Rejected


def configure(
    *,
    labels: Annotated[str, "what the number cjdata/label means for the mask"] = (
        "1=meningioma,2=glioma,3=pituitary tumour"
    ),
    modality: Annotated[str, "ct, mri, xray, ultrasound, endoscopy or dermoscopy"] = "mri",
    sequence: Annotated[str, "MRI sequence"] = "T1",
    exhaustive: Annotated[
        str, "yes: every visible structure has a mask; else no counts, no 'every', no absence"
    ] = "no",
    minimum_area: Annotated[str, "smallest kept connected component, as a fraction of the picture"] = "0.00005",
    license: Annotated[str, "licence of pictures and masks"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "mat",
) -> Source:
    """A source for a folder of such files. Raises ``ValueError``, naming the option, for a value of no sense."""
    told = mapping("labels", labels)
    if strange := [number for number in told if not number.isdecimal()]:
        raise ValueError(f"labels={labels!r}: {strange[0]!r} is no number")
    found, terms = chosen(told.values())
    complete = one_of("exhaustive", exhaustive, ("no", "yes")) == "yes"
    smallest = fraction("minimum_area", minimum_area)
    masks = {number: named(text)[0].id for number, text in told.items()}
    return Source(
        name=identifier("name", name, hyphens=True),
        title="MATLAB 7.3 files with cjdata",
        version="1",
        modality=one_of("modality", modality, MODALITIES),
        license=phrase("license", license),
        license_class="script-only",
        url="",
        labels=found,
        exhaustive=complete,
        patient_ids=True,
        minimum_area=smallest,
        mask_rule="0 and 1 as stored",
        index=partial(
            _index, source=name, masks=masks, modality=modality, sequence=phrase("sequence", sequence) or None
        ),
        load=partial(_load, labels=found, exhaustive=complete, minimum_area=smallest),
        terms=terms,
        steps="Unpack the zip files of figshare 1512427 into one folder and give it with --data.",
    )


def _index(
    root: Path, *, source: str, masks: dict[str, str], modality: str, sequence: str | None
) -> Iterator[CaseRef | Drop]:
    """A case per ``.mat`` file with a known label and a patient, sorted; patients appear as their rank."""
    need("h5py")
    found = listing(root)
    files = [path for path in found.files if path.casefold().endswith(".mat")]
    if not files:
        raise ValueError(f"no .mat file in {root}")
    drops = [Drop(source=source, what=path, reason="outside_root") for path in found.outside]
    drops += [Drop(source=source, what=path, reason="bad_name") for path in found.misnamed]
    labels: dict[str, str] = {}
    people: dict[str, str] = {}
    for path in files:
        try:
            number, patient = read_mat_facts(root, path)
            if str(number) not in masks:
                raise Rejected("unknown_label", path, f"label {number}")
            if patient is None:
                raise Rejected("bad_metadata", path, "no patient: it could belong to anybody")
        except Rejected as refused:
            drops.append(Drop(source=source, what=path, reason=refused.reason, detail=refused.detail))
        else:
            labels[path], people[path] = masks[str(number)], patient
    patients = ranks("p", people)
    yield from (
        CaseRef(
            source=source,
            root=str(root),
            case_id=without_suffix(path),
            image=path,
            masks=(MaskRef(path=path, label=label, pick="tumorMask"),),
            modality=modality,
            sequence=sequence,
            patient_id=patients[path],
        )
        for path, label in sorted(labels.items(), key=lambda item: without_suffix(item[0]))
    )
    drops += leftovers(source, found.files, labels)
    yield from sorted(drops, key=lambda drop: natural(drop.what))


def _load(ref: CaseRef, *, labels: tuple[str, ...], exhaustive: bool, minimum_area: float) -> Case:
    picture, reading = read_mat_pair(Path(ref.root), ref.image, ref.modality)
    return case_of(ref, picture, [reading], minimum_area=minimum_area, exhaustive=exhaustive, labels=labels)


SOURCE: Final = configure()
