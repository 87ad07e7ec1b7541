"""CT and MRI series in DICOM with the outlines of an RTSTRUCT, as radiotherapy planning leaves them.

``data_cards/rtstruct.md`` says which structures are used, and how a file finds its series.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

from mmrs_builder.io.dicom_index import BurnedIn, Ids, Patient, Repeated, annotated, told
from mmrs_builder.io.options import phrase
from mmrs_builder.naming import chosen, explained, known, mapping, vocabulary
from mmrs_builder.outlined import MASK_RULE, outline_marks, outlined_case
from mmrs_builder.types import Source
from mmrs_builder.volume_rules import Coverage, Empty, Exhaustive, MinimumArea, Planes, Sides, Window, rules


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
        index=partial(
            annotated,
            told=shared,
            kind="RTSTRUCT",
            read=partial(outline_marks, label_of=partial(_label, names=names)),
        ),
        load=partial(outlined_case, rules_for=rules_for),
        terms=terms,
        steps="Give the folder with your series and RTSTRUCT files with --data.",
    )


def _label(name: str, *, names: dict[str, str]) -> str | None:
    label = explained(name, names) or known(name)
    return label.id if label else None


SOURCE: Final = configure()
