"""BraTS: gliomas before treatment on four MRI sequences, releases 2018 to 2021 and 2023, parts of the tumour labelled.

Facts, defects and terms are in ``data_cards/brats.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.options import one_of
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import Case, CaseRef, Drop, Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Rules, rules

SEQUENCES: Final = {
    "flair": ("FLAIR", "flair|t2f"), "t1": ("T1", "t1|t1n"), "t1ce": ("T1ce", "t1ce|t1c"), "t2": ("T2", "t2|t2w"),
}  # fmt: skip
"""What a sequence is called here, and at the end of its files up to 2021 and from 2023 on."""

OLD: Final = r"Brats(?:18|19|20)_\w+"
OF_2021: Final = r"BraTS2021_\d+"
OF_2023: Final = r"BraTS-GLI-\d+-0\d\d"  # from 100 on the number after the patient's stands for scans after treatment
NII: Final = r"\.nii(?:\.gz)?"


def configure(
    *,
    sequence: Annotated[str, "which sequence is shown: flair, t1, t1ce (with contrast) or t2"] = "flair",
    tumour: Annotated[
        str, "what is called tumour: core, its oedema being a structure beside it, or whole, oedema included"
    ] = "core",
    planes: Planes = "axial",
    coverage: Coverage = "5",
    empty: Empty = "0.1",
) -> Source:
    """The source with its options set. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    shown, names = SEQUENCES[one_of("sequence", sequence, tuple(SEQUENCES))]
    whole = one_of("tumour", tumour, ("core", "whole")) == "whole"
    files = _files(names, whole)
    labels = tuple(sorted({label for masks in files.masks for label in masks.shows.values()}))
    own = rules(
        labels, window="auto", planes=planes, coverage=coverage, empty=empty, exhaustive="yes", minimum_area="0.0001",
        sides="header",
    )  # fmt: skip
    return Source(
        name="brats",
        title="BraTS, adult glioma before treatment",
        version="2018 to 2021 and 2023",
        modality="mri",
        license="terms of use of the challenge, after registration; cite the papers",
        license_class="script-only",
        url="https://www.synapse.org/brats",
        labels=own.labels,
        exhaustive=own.exhaustive,
        patient_ids=True,
        minimum_area=own.minimum_area,
        mask_rule="the voxels of a part's number, or of one of the tumour's numbers",
        index=partial(_index, files=files, sequence=shown),
        load=partial(_load, rules=own),
        access="credentialed",
        size="285 to 1251 scans, by release",
        steps="Register, download the training data of ONE release, unpack it, and give its folder with --data.",
    )


def _files(names: str, whole: bool) -> Files:
    others = "|".join(other for _, other in SEQUENCES.values() if other != names)
    return Files(
        layout="<case>/<case>_{flair,t1,t1ce,t2,seg}.nii.gz, or <case>-{t2f,t1n,t1c,t2w,seg}.nii.gz since 2023",
        image=rf"(?P<case>(?P<patient>{OLD}|{OF_2021}|BraTS-GLI-\d+(?=-0))(?:-0\d\d)?)/(?P=case)[_-](?:{names}){NII}",
        masks=(
            # Patient 355 of 2020 has its segmentation under the name of another file.
            Masks(
                path=rf"(?P<case>{OLD})/(?:(?P=case)_seg|W39_1998\.09\.19_Segm){NII}",
                shows=_shows("non_enhancing_tumour", "4", whole),
            ),
            Masks(path=rf"(?P<case>{OF_2021})/(?P=case)_seg{NII}", shows=_shows("necrotic_tumour_core", "4", whole)),
            Masks(path=rf"(?P<case>{OF_2023})/(?P=case)-seg{NII}", shows=_shows("necrotic_tumour_core", "3", whole)),
        ),
        aside=rf"(?:{OLD}_|{OF_2021}_|{OF_2023}-)(?:{others}){NII}|BraTS-(?:GLI-\d+-[1-9]|(?!GLI-)\w).*{NII}",
        needs="any",
        kind="volumes",
    )


def _shows(first: str, enhancing: str, whole: bool) -> dict[str, str]:
    """What the numbers mean in a release; 2 is oedema in each. The tumour contains its parts."""
    around = {f"1+2+{enhancing}": "tumour"} if whole else {f"1+{enhancing}": "tumour", "2": "tumour_oedema"}
    return {**around, "1": first, enhancing: "enhancing_tumour"}


def _index(root: Path, *, files: Files, sequence: str) -> Iterator[CaseRef | Drop]:
    yield from cases(root, source="brats", files=files, modality="mri", sequence=sequence)


def _load(ref: CaseRef, *, rules: Rules) -> Case:
    """Read one scan. Oedema is of a tumour: a slice that shows it alone does not lack one. Raises ``Rejected`` as
    ``labelled_case`` does.
    """
    case = labelled_case(ref, rules=rules)
    views = (
        replace(view, absent=tuple(label for label in view.absent if label != "tumour"))
        if "tumour_oedema" in {*rules.labels} - {*view.absent}
        else view
        for view in case.views
    )
    return replace(case, views=tuple(views))


SOURCE: Final = configure()
