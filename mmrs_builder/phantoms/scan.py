"""A volume's plan made visible: voxels, masks, and the way that real scans take from there to views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from mmrs_builder.digests import pixels_sha256
from mmrs_builder.phantoms.blob import Floats
from mmrs_builder.phantoms.bodies import TUMOUR, VolumePlan
from mmrs_builder.phantoms.ct import HOUNSFIELD
from mmrs_builder.phantoms.scene import generator
from mmrs_builder.phantoms.solids import levels
from mmrs_builder.slices import PLANES, Plan
from mmrs_builder.types import Case, CaseRef, Mask3, Volume, Voxels
from mmrs_builder.volume_rules import Rules
from mmrs_builder.volumes import Mask3D, volume_case

CT: Final = {
    **HOUNSFIELD, "inferior_vena_cava": 140.0, TUMOUR: 62.0, "air": -1000.0, "fat": -100.0, "muscle": 50.0,
    "inner": -70.0,
}  # fmt: skip
MRI: Final = {
    "liver": 560.0, "spleen": 300.0, "kidney_left": 420.0, "kidney_right": 420.0, "stomach": 240.0, "aorta": 90.0,
    "inferior_vena_cava": 110.0, "spine": 380.0, TUMOUR: 720.0, "air": 0.0, "fat": 900.0, "muscle": 330.0,
    "inner": 640.0,
}  # fmt: skip
"""Values in Hounsfield units, and in the arbitrary ones of MRI."""

NOISE: Final = {"ct": 14.0, "mri": 22.0}
UNEVEN: Final = {"ct": 16.0, "mri": 45.0}
WINDOWS: Final = {"abdomen": "soft_tissue", "chest": "lung"}


def rules_of(plan: VolumePlan) -> Rules:
    """All three planes, each label's largest slices, two more per plane, and some without any structure."""
    return Rules(
        labels=plan.labels,
        exhaustive=True,
        minimum_area=0.0,
        window=WINDOWS[plan.region],
        plan=Plan(planes=PLANES, coverage=2, empty=0.1),
    )


def scan_case(ref: CaseRef, plan: VolumePlan) -> Case:
    """The views of a volume. Raises ``Rejected`` as ``volume_case`` does."""
    marks = [(solid.label, levels(solid, plan.lattice) <= 1.0) for solid in (*plan.organs, *plan.lesions)]
    values = voxels(plan, marks)
    return volume_case(
        ref,
        Volume(values=values, lattice=plan.lattice),
        masks(plan, marks),
        rules_of(plan),
        source_sha256=pixels_sha256(values),
    )


def masks(plan: VolumePlan, marks: list[tuple[str, Mask3]]) -> Iterator[Mask3D]:
    """A mask per unit, in the order of the plan; an organ continues below a lesion in it."""
    for label, mask in marks:
        yield Mask3D(
            label=label, mask=mask, lattice=plan.lattice, what=plan.case_id, instance=label == TUMOUR and plan.instances
        )


def voxels(plan: VolumePlan, marks: list[tuple[str, Mask3]]) -> Voxels:
    """Values (i, j, k): int16 Hounsfield units, or uint16 for MRI."""
    tissue = CT if plan.modality == "ct" else MRI
    depth = levels(plan.body, plan.lattice)
    canvas = np.full(plan.lattice.shape, tissue["air"])
    for limit, name in ((1.0, "fat"), (0.94, "muscle"), (0.86, "inner")):
        canvas[depth <= limit] = tissue[name]
    for label, mask in marks:
        canvas[mask] = tissue[label]
    rng = generator(plan.seed, plan.case_id, "noise")
    canvas += UNEVEN[plan.modality] * waves(plan, generator(plan.seed, plan.case_id, "waves")) * (depth <= 1.0)
    grain = rng.standard_normal((2, *plan.lattice.shape), dtype=np.float32) * NOISE[plan.modality]
    if plan.modality == "ct":
        return np.asarray(np.rint(canvas + grain[0]).clip(-1024, 3071), np.int16)
    return np.asarray(np.rint(np.hypot(canvas + grain[0], grain[1])), np.uint16)  # magnitudes are never negative


def waves(plan: VolumePlan, rng: np.random.Generator) -> Floats:
    """A smooth unevenness of about unit variance through the patient."""
    total = np.zeros(plan.lattice.shape)
    i, j, k = (np.arange(n, dtype=np.float64) for n in plan.lattice.shape)
    for _ in range(4):
        direction = rng.standard_normal(3)
        wave = direction / np.linalg.norm(direction) * 2 * np.pi / rng.uniform(25, 70)
        a, b, c = np.asarray(plan.lattice.steps) @ wave
        start = rng.uniform(0, 2 * np.pi)
        total += np.cos(start + a * i[:, None, None] + b * j[:, None] + c * k)
    return np.asarray(total / np.sqrt(2.0), np.float64)
