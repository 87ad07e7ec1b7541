"""The embedded phantom corpus: pictures and volumes drawn from a seed, with nothing to download and the truth known.

Rates, looks and limits are in ``data_cards/phantom.md``; the drawing is in ``mmrs_builder/phantoms``. A reference says
all that ``load`` needs: the case id ``ct-00012`` names modality and number, ``volume-00012`` a volume and its number,
the root ``seed=0;size=256`` the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.phantoms.bodies import REGIONS as VOLUME_REGIONS
from mmrs_builder.phantoms.bodies import VolumePlan, labels_of, volume_modality, volume_plan
from mmrs_builder.phantoms.plan import modality_of, patient_of, plan, sequence_of
from mmrs_builder.phantoms.regions import REGIONS
from mmrs_builder.phantoms.scan import scan_case
from mmrs_builder.phantoms.scene import VERSION, Plan
from mmrs_builder.phantoms.truth import PhantomTruth, truth_of
from mmrs_builder.phantoms.view import view
from mmrs_builder.phantoms.volume_truth import VolumeTruth, volume_truth_of
from mmrs_builder.types import Case, CaseRef, Source
from mmrs_builder.vocab import Rejected

LIMITS: Final = {"count": (1, 99_999), "seed": (0, 2**63 - 1), "size": (96, 1024), "volumes": (0, 99_999)}
VOLUME: Final = "volume"
"""What the case ids of volumes begin with, where those of flat views have their modality."""


def index(_root: Path, *, count: int, seed: int, size: int, volumes: int = 0) -> Iterator[CaseRef]:
    """The references of ``count`` flat views and of the volumes, sorted by case id. The folder is not looked at.

    Modalities take turns by number.
    """
    root = f"seed={seed};size={size}"
    flat = [_flat(f"{modality_of(n)}-{n:05d}", n, seed, root) for n in range(count)]
    deep = [_volume(f"{VOLUME}-{n:05d}", n, root) for n in range(volumes)]
    yield from sorted(flat + deep, key=lambda ref: ref.case_id)


def _flat(case_id: str, number: int, seed: int, root: str) -> CaseRef:
    patient = patient_of(number)
    return CaseRef(
        source="phantom",
        root=root,
        case_id=case_id,
        image="",
        modality=modality_of(number),
        sequence=sequence_of(number, seed),
        patient_id=patient,
        group=patient,
    )


def _volume(case_id: str, number: int, root: str) -> CaseRef:
    patient = f"{VOLUME}-p{number:05d}"
    return CaseRef(
        source="phantom",
        root=root,
        case_id=case_id,
        image="",
        modality=volume_modality(number),
        patient_id=patient,
        group=patient,
    )


def load(ref: CaseRef) -> Case:
    """Draw the case. Raises ``Rejected`` (``bad_metadata``) for a reference that ``index`` cannot have made."""
    if ref.case_id.startswith(f"{VOLUME}-"):
        return scan_case(ref, volume_plan_of(ref))
    return Case(ref=ref, views=(view(plan_of(ref)),))


def truth(ref: CaseRef) -> PhantomTruth:
    """What is true of a flat view, from the generator's parameters alone. Raises ``Rejected`` as ``load`` does."""
    return truth_of(plan_of(ref))


def volume_truth(ref: CaseRef) -> VolumeTruth:
    """What is true of a volume, from the generator's parameters alone. Raises ``Rejected`` as ``load`` does."""
    return volume_truth_of(volume_plan_of(ref))


def plan_of(ref: CaseRef) -> Plan:
    """The parameters of a flat view. Raises ``Rejected`` (``bad_metadata``)."""
    kind, number, seed, size = _numbers(ref)
    if modality_of(number) != kind:
        raise _strange(ref)
    return plan(ref.case_id, number, seed, size)


def volume_plan_of(ref: CaseRef) -> VolumePlan:
    """The parameters of a volume. Raises ``Rejected`` (``bad_metadata``)."""
    kind, number, seed, _ = _numbers(ref)
    if kind != VOLUME or ref.modality != volume_modality(number):
        raise _strange(ref)
    return volume_plan(ref.case_id, number, seed)


def _numbers(ref: CaseRef) -> tuple[str, int, int, int]:
    """Kind, number, seed and size."""
    root = re.fullmatch(r"seed=(\d{1,19});size=(\d{2,4})", ref.root, re.ASCII)
    name = re.fullmatch(r"([a-z]+)-(\d{5})", ref.case_id, re.ASCII)
    if root is None or name is None or int(root[2]) not in range(LIMITS["size"][0], LIMITS["size"][1] + 1):
        raise _strange(ref)
    return name[1], int(name[2]), int(root[1]), int(root[2])


def _strange(ref: CaseRef) -> Rejected:
    return Rejected("bad_metadata", ref.case_id, f"not a phantom: {ref.root!r}")


def configure(*, count: str = "600", seed: str = "0", size: str = "256", volumes: str = "0") -> Source:
    """The corpus with its options set. Raises ``ValueError`` for a value out of range.

    count: number of flat views, 1 to 99999; a longer corpus begins with the views of a shorter one
    seed: which corpus, 0 or more
    size: width of the pictures in pixels, 96 to 1024; volumes have their own
    volumes: number of CT and MRI volumes beside the flat views, 0 or more
    """
    given = {"count": count, "seed": seed, "size": size, "volumes": volumes}
    chosen = {name: _whole(name, text) for name, text in given.items()}
    return Source(
        name="phantom",
        title="Embedded phantoms",
        version=str(VERSION),
        modality="several",
        license="CC0-1.0",
        license_class="redistributable",
        url="",
        labels=_labels(volumes=chosen["volumes"] > 0),
        exhaustive=True,
        patient_ids=True,
        minimum_area=0.0,
        mask_rule="pixels whose centre lies within an outline given by formula",
        index=partial(
            index, count=chosen["count"], seed=chosen["seed"], size=chosen["size"], volumes=chosen["volumes"]
        ),
        load=load,
        access="embedded",
        size=_size(chosen["count"], chosen["volumes"]),
        steps="Nothing to obtain: the pictures are drawn while building.",
    )


def _size(count: int, volumes: int) -> str:
    return f"{count} views, generated" if not volumes else f"{count} views and {volumes} volumes, generated"


def _labels(*, volumes: bool) -> tuple[str, ...]:
    """Labels of the flat views, and of the volumes if there are any."""
    regions = [region for kinds in REGIONS.values() for region in kinds]
    organs = {organ.label for region in regions for organ in region.organs}
    in_volumes = [label for kinds in VOLUME_REGIONS.values() for region in kinds for label in labels_of(region)]
    flat = organs.union(*((*region.lesions, *region.extra) for region in regions))
    return tuple(sorted(flat.union(in_volumes if volumes else ())))


def _whole(name: str, text: str) -> int:
    low, high = LIMITS[name]
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII) or not low <= int(text) <= high:
        raise ValueError(f"option {name} of source 'phantom' must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


SOURCE: Final = configure()
