"""BTCV: 30 labelled abdominal CT scans with 13 organs, of the challenge "Beyond the Cranial Vault".

Facts, defects and terms are in ``data_cards/btcv.md``.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.labelled import labelled_case
from mmrs_builder.types import Source
from mmrs_builder.volume_rules import Coverage, Empty, Planes, Window, rules

NUMBERS: Final = {
    "1": "spleen", "2": "kidney_right", "3": "kidney_left", "4": "gallbladder", "5": "oesophagus", "6": "liver",
    "7": "stomach", "8": "aorta", "9": "inferior_vena_cava", "10": "portal_and_splenic_vein", "11": "pancreas",
    "12": "adrenal_right", "13": "adrenal_left",
}  # fmt: skip

FILES: Final = Files(
    layout="RawData/Training/img/img####.nii.gz and RawData/Training/label/label####.nii.gz",
    image=r"img/img(?P<case>\d{4})\.nii(?:\.gz)?",
    masks=(Masks(path=r"label/label(?P<case>\d{4})\.nii(?:\.gz)?", shows=NUMBERS),),
    aside=r"Testing/img/img\d{4}\.nii(?:\.gz)?",
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
        name="btcv",
        title="BTCV abdomen",
        version="2015",
        modality="ct",
        license="registration and terms of use; no redistribution",
        license_class="script-only",
        url="https://www.synapse.org/Synapse:syn3193805/wiki/217789",
        labels=own.labels,
        exhaustive=True,
        patient_ids=False,
        minimum_area=own.minimum_area,
        mask_rule="The voxels of an organ's number.",
        index=partial(cases, source="btcv", files=FILES, modality="ct"),
        load=partial(labelled_case, rules=own),
        access="credentialed",
        size="30 labelled CT scans",
        steps="Join the challenge at the page, download Abdomen/RawData.zip, unpack it, give the folder RawData.",
    )


SOURCE: Final = configure()
