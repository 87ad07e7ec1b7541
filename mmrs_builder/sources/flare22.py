"""FLARE22: 50 labelled abdominal CT scans with 13 organs, beside 2000 without labels.

Facts, defects and terms are in ``data_cards/flare22.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Window, rules

NUMBERS: Final = {
    "1": "liver", "2": "kidney_right", "3": "spleen", "4": "pancreas", "5": "aorta", "6": "inferior_vena_cava",
    "7": "adrenal_right", "8": "adrenal_left", "9": "gallbladder", "10": "oesophagus", "11": "stomach",
    "12": "duodenum", "13": "kidney_left",
}  # fmt: skip

FILES: Final = Files(
    layout="FLARE22_LabeledCase50/images/FLARE22_Tr_####_0000.nii.gz and labels/FLARE22_Tr_####.nii.gz",
    image=r"images(?:Tr)?/(?P<case>FLARE22_Tr_\d{4})_0000\.nii\.gz",
    masks=(Masks(path=r"labels(?:Tr)?/(?P<case>FLARE22_Tr_\d{4})\.nii\.gz", shows=NUMBERS),),
    aside=r"(?:[^/]*Unlabell?ed[^/]*/.*|(?:[^/]*/)?FLARE(?:22_)?Ts_\d{4}_0000)\.nii\.gz",
    kind="volumes",
)


def configure(
    *, window: Window = "auto", planes: Planes = "axial", coverage: Coverage = "5", empty: Empty = "0.1"
) -> Source:
    """The source. Raises ``ValueError``, naming the option, for a value that cannot be meant."""
    own = rules(
        sorted(NUMBERS.values()), window=window, planes=planes, coverage=coverage, empty=empty, exhaustive="yes",
        minimum_area="0.00005", sides="header",
    )  # fmt: skip
    return Source(
        name="flare22",
        title="FLARE22",
        version="2022",
        modality="ct",
        license="registration at the challenge; no redistribution",
        license_class="script-only",
        url="https://flare22.grand-challenge.org/Dataset/",
        labels=own.labels,
        exhaustive=True,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="The voxels of an organ's number.",
        index=partial(cases, source="flare22", files=FILES, modality="ct"),
        load=partial(labelled_case, rules=own),
        access="credentialed",
        size="50 labelled CT scans",
        steps="Join the challenge at the page, download FLARE22_LabeledCase50, unpack it, give its folder.",
    )


SOURCE: Final = configure()
