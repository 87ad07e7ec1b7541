"""The embedded phantom corpus: pictures drawn from a seed, with nothing to download and the truth known.

Rates, looks and limits are in ``data_cards/phantom.md``; the drawing is in ``mmrs_builder/phantoms``. A reference says
all that ``load`` needs: the case id ``ct-00012`` names modality and number, the root ``seed=0;size=256`` the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mmrs_builder.phantoms.plan import modality_of, patient_of, plan, sequence_of
from mmrs_builder.phantoms.regions import REGIONS
from mmrs_builder.phantoms.scene import VERSION, Plan
from mmrs_builder.phantoms.truth import PhantomTruth, truth_of
from mmrs_builder.phantoms.view import view
from mmrs_builder.types import Case, CaseRef, Source
from mmrs_builder.vocab import Rejected

LIMITS: Final = {"count": (1, 99_999), "seed": (0, 2**63 - 1), "size": (96, 1024)}


def index(_root: Path, *, count: int, seed: int, size: int) -> Iterator[CaseRef]:
    """``count`` references sorted by case id; modalities take turns by number. The folder is not looked at."""
    for case_id, number in sorted((f"{modality_of(n)}-{n:05d}", n) for n in range(count)):
        patient = patient_of(number)
        yield CaseRef(
            source="phantom",
            root=f"seed={seed};size={size}",
            case_id=case_id,
            image="",
            modality=modality_of(number),
            sequence=sequence_of(number, seed),
            patient_id=patient,
            group=patient,
        )


def load(ref: CaseRef) -> Case:
    """Draw the case. Raises ``Rejected`` (``bad_metadata``) for a reference that ``index`` cannot have made."""
    return Case(ref=ref, views=(view(plan_of(ref)),))


def truth(ref: CaseRef) -> PhantomTruth:
    """What is true of the case, from the generator's parameters alone. Raises ``Rejected`` as ``load`` does."""
    return truth_of(plan_of(ref))


def plan_of(ref: CaseRef) -> Plan:
    """The parameters of the case. Raises ``Rejected`` (``bad_metadata``)."""
    root = re.fullmatch(r"seed=(\d{1,19});size=(\d{2,4})", ref.root, re.ASCII)
    name = re.fullmatch(r"([a-z]+)-(\d{5})", ref.case_id, re.ASCII)
    known = root is not None and int(root[2]) in range(LIMITS["size"][0], LIMITS["size"][1] + 1)
    if root is None or not known or name is None or modality_of(int(name[2])) != name[1]:
        raise Rejected("bad_metadata", ref.case_id, f"not a phantom: {ref.root!r}")
    return plan(ref.case_id, int(name[2]), int(root[1]), int(root[2]))


def configure(*, count: str = "600", seed: str = "0", size: str = "256") -> Source:
    """The corpus with its options set. Raises ``ValueError`` for a value out of range.

    count: number of views, 1 to 99999; a longer corpus begins with the views of a shorter one
    seed: which corpus, 0 or more
    size: width of the pictures in pixels, 96 to 1024
    """
    given = {"count": count, "seed": seed, "size": size}
    chosen = {name: _whole(name, text) for name, text in given.items()}
    return Source(
        name="phantom",
        title="Embedded phantoms",
        version=str(VERSION),
        modality="several",
        license="CC0-1.0",
        license_class="open",
        url="",
        labels=_labels(),
        exhaustive=True,
        patient_ids=True,
        minimum_area=0.0,
        mask_rule="pixels whose centre lies within an outline given by formula",
        index=partial(index, count=chosen["count"], seed=chosen["seed"], size=chosen["size"]),
        load=load,
        embedded=True,
        size=f"{chosen['count']} views, generated",
        steps="Nothing to obtain: the pictures are drawn while building.",
    )


def _labels() -> tuple[str, ...]:
    regions = [region for kinds in REGIONS.values() for region in kinds]
    organs = {organ.label for region in regions for organ in region.organs}
    return tuple(sorted(organs.union(*((*region.lesions, *region.extra) for region in regions))))


def _whole(name: str, text: str) -> int:
    low, high = LIMITS[name]
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII) or not low <= int(text) <= high:
        raise ValueError(f"option {name} of source 'phantom' must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


SOURCE: Final = configure()
