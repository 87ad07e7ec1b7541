"""Medical Segmentation Decathlon: ten tasks in one layout, CT and MRI volumes with label maps.

Facts, defects and terms are in ``data_cards/msd_<task>.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.options import one_of
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import Case, CaseRef, Download, Drop, Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Rules, Window, rules

ARCHIVES: Final = "https://msd-for-monai.s3-us-west-2.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is special about a task. ``sequences`` are those of a file's channels, in order, as far as known."""

    folder: str
    stem: str  # how files are called, before the number
    title: str
    numbers: Mapping[str, str]
    size: str
    sha256: str
    modality: str = "ct"
    sequences: tuple[str, ...] = ()
    exhaustive: bool = True
    window: str = "soft_tissue"


TASKS: Final = {
    "msd_brain_tumour": Task(
        folder="Task01_BrainTumour", stem="BRATS", title="brain tumour",
        modality="mri", sequences=("FLAIR", "T1", "T1ce", "T2"),
        numbers={"2+3": "tumour", "1": "tumour_oedema", "2": "non_enhancing_tumour", "3": "enhancing_tumour"},
        size="484 scans, 7.6 GB",
        sha256="d423911308d2ae5396d9c6bf4fad2b68cfde2dd09044269da9c0d639c22753c4",
    ),
    "msd_heart": Task(
        folder="Task02_Heart", stem="la", title="left atrium",
        modality="mri",
        numbers={"1": "heart_atrium_left"},
        size="20 scans, 0.4 GB",
        sha256="4277dc6dfe100142aa8060e895f6ff0f81c5b733703ea250bd294df8f820bcba",
    ),
    "msd_liver": Task(
        folder="Task03_Liver", stem="liver", title="liver and its tumours", window="liver",
        numbers={"1+2": "liver", "2": "liver_tumour"},
        size="131 scans, 27 GB",
        sha256="4007d9db1acda850d57a6ceb2b3998b7a0d43f8ad5a3f740dc38bc0cb8b7a2c5",
    ),
    "msd_hippocampus": Task(
        folder="Task04_Hippocampus", stem="hippocampus", title="hippocampus",
        modality="mri", sequences=("T1",),
        numbers={"1": "hippocampus_anterior", "2": "hippocampus_posterior"},
        size="260 scans, 27 MB",
        sha256="282d808a3e84e5a52f090d9dd4c0b0057b94a6bd51ad41569aef5ff303287771",
    ),
    "msd_prostate": Task(
        folder="Task05_Prostate", stem="prostate", title="zones of the prostate",
        modality="mri", sequences=("T2", "ADC"),
        numbers={"1": "prostate_peripheral_zone", "2": "prostate_transition_zone"}, exhaustive=False,
        size="32 scans, 0.2 GB",
        sha256="8cbbd7147691109b880ff8774eb6ab26704b1be0935482e7996a36a4ed31ec79",
    ),
    "msd_lung": Task(
        folder="Task06_Lung", stem="lung", title="lung tumour", window="lung",
        numbers={"1": "lung_tumour"}, exhaustive=False,
        size="63 scans, 8.5 GB",
        sha256="f782cd09da9cf7a3128475d4a53650d371db10f0427aa76e166fccfcb2654161",
    ),
    "msd_pancreas": Task(
        folder="Task07_Pancreas", stem="pancreas", title="pancreas and its tumours",
        numbers={"1+2": "pancreas", "2": "pancreas_tumour"},
        size="281 scans, 11.5 GB",
        sha256="e40181a0229ca85c2588d6ebb90fa6674f84eb1e66f0f968cda088d011769732",
    ),
    "msd_hepatic_vessel": Task(
        folder="Task08_HepaticVessel", stem="hepaticvessel", title="hepatic vessels and liver tumours", window="liver",
        numbers={"1": "hepatic_vessel", "2": "liver_tumour"}, exhaustive=False,
        size="303 scans, 8.7 GB",
        sha256="ee880799f12e3b6e1ef2f8645f6626c5b39de77a4f1eae6f496c25fbf306ba04",
    ),
    "msd_spleen": Task(
        folder="Task09_Spleen", stem="spleen", title="spleen",
        numbers={"1": "spleen"},
        size="41 scans, 1.5 GB",
        sha256="dfeba347daae4fb08c38f4d243ab606b28b91b206ffc445ec55c35489fa65e60",
    ),
    "msd_colon": Task(
        folder="Task10_Colon", stem="colon", title="colon cancer",
        numbers={"1": "colon_tumour"},
        size="126 scans, 5.9 GB",
        sha256="a26bfd23faf2de703f5a51a262cd4e2b9774c47e7fb86f0e0a854f8446ec2325",
    ),
}  # fmt: skip


def configure(
    *,
    task: str,
    channel: Annotated[str, "which sequence of 4-D files is shown, counted from 0 (brain_tumour, prostate)"] = "0",
    window: Window = "auto",
    planes: Planes = "axial",
    coverage: Coverage = "5",
    empty: Empty = "0.1",
) -> Source:
    """The source ``task`` with its options set. Raises ``ValueError``, naming the option, for a value that cannot be
    meant.
    """
    facts = TASKS[task]
    shown = int(one_of("channel", channel, [str(number) for number in range(max(1, len(facts.sequences)))]))
    own = rules(
        facts.numbers.values(), window=facts.window if window == "auto" else window, planes=planes, coverage=coverage,
        empty=empty, exhaustive="yes" if facts.exhaustive else "no", minimum_area="0.00005", sides="unknown",
    )  # fmt: skip
    return Source(
        name=task,
        title=f"Medical Segmentation Decathlon, {facts.title}",
        version="2018",
        modality=facts.modality,
        license="CC-BY-SA-4.0",
        license_class="redistributable",
        url="http://medicaldecathlon.com/",
        labels=own.labels,
        exhaustive=own.exhaustive,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="the voxels of a structure's number, or of one of its numbers",
        index=partial(_index, source=task, facts=facts, shown=shown),
        load=partial(_load, rules=own, channel=shown),
        access="auto",
        downloads=(Download(url=f"{ARCHIVES}/{facts.folder}.tar", sha256=facts.sha256),),
        size=facts.size,
        steps=f"Download {facts.folder}.tar from the page, unpack it, and give the folder that holds it with --data.",
    )


def _index(root: Path, *, source: str, facts: Task, shown: int) -> Iterator[CaseRef | Drop]:
    """The scans with a label map. A folder that holds several tasks is searched in the task's own only."""
    home = root / facts.folder if (root / facts.folder).is_dir() else root
    name = rf"(?P<case>{facts.stem}_\d+)\.nii(?:\.gz)?"
    files = Files(
        layout=f"{facts.folder}/imagesTr/{facts.stem}_<n>.nii.gz and {facts.folder}/labelsTr/{facts.stem}_<n>.nii.gz",
        image=f"imagesTr/{name}",
        masks=(Masks(path=f"labelsTr/{name}", shows=facts.numbers),),
        aside=r"imagesTs/.*",
        kind="volumes",
    )
    sequence = facts.sequences[shown] if facts.sequences else None
    yield from cases(home, source=source, files=files, modality=facts.modality, sequence=sequence)


def _load(ref: CaseRef, *, rules: Rules, channel: int) -> Case:
    """Read one scan. Oedema is of a tumour: a slice that shows it alone does not lack one. Raises ``Rejected`` as
    ``labelled_case`` does.
    """
    case = labelled_case(ref, rules=rules, channel=channel)
    views = (
        replace(view, absent=tuple(label for label in view.absent if label != "tumour"))
        if "tumour_oedema" in {*rules.labels} - {*view.absent}
        else view
        for view in case.views
    )
    return replace(case, views=tuple(views))


SOURCES: Final = tuple(configure(task=task) for task in TASKS)
