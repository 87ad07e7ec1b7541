"""PolypGen: 8037 colonoscopy frames of six centres, single and in sequences, with and without polyps.

Facts, defects and terms are in ``data_cards/polypgen.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mmrs_builder.io.corpus import Files, Masks, cases
from mmrs_builder.io.pairing import natural
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Case, CaseRef, Drop, Source
from mmrs_builder.views import flat_case

LABELS: Final = ("polyp",)
MINIMUM_AREA: Final = 0.0001  # 207 px of 1920 x 1080, 11 px of 384 x 288; the authors' own boxes leave out up to 100 px

PLACE: Final = r"(?:data_|sequenceData/positive/)(?P<group>C[1-6]|seq\d+)"
NAME: Final = r"(?P<name>[^/]+?)[_\]]?"  # one image of centre C3 has a stray "_" or "]" at the end, its mask has none
FILES: Final = Files(
    layout=(
        "data_C<n>/{images,masks}_C<n>, sequenceData/positive/seq<n>/{images,masks}_seq<n> or "
        "sequenceData/negativeOnly/seq<n>_neg"
    ),
    image=(
        r"(?:data_|sequenceData/(?:positive|negativeOnly)/)(?P<group>C[1-6]|seq\d+(?:_neg)?)/"
        rf"(?:images_(?P=group)/|(?<=_neg/)){NAME}\.jpe?g"
    ),
    masks=(Masks(path=rf"{PLACE}/masks_(?P=group)/{NAME}(?:_mask)?\.jpe?g", shows={"": "polyp"}),),
    case="{group}_{name}",
    aside=r"(?:bbox_images?_(?:C|seq)\d+|imagesAll_positive)/[^/]+",
    needs="none",  # of the negative sequences; ``index`` sees to the others
)


def index(root: Path) -> Iterator[CaseRef | Drop]:
    """The frames; only those of negative sequences need no mask. Raises ``ValueError`` when there are none."""
    drops: list[Drop] = []
    for item in cases(root, source="polypgen", files=FILES, modality="endoscopy"):
        if isinstance(item, Drop):
            drops.append(item)
        elif item.masks or _kind(item) == "negative":
            yield item
        else:
            drops.append(Drop(source="polypgen", what=item.case_id, reason="no_mask", detail=item.image))
    yield from sorted(drops, key=lambda drop: natural(drop.what))


def load(ref: CaseRef) -> Case:
    """A frame. In a positive sequence an empty mask is no absence: polyps far away were not annotated there."""
    complete = _kind(ref) != "positive"
    promised = () if complete else LABELS
    return flat_case(ref, minimum_area=MINIMUM_AREA, exhaustive=complete, labels=LABELS, promised=promised)


def _kind(ref: CaseRef) -> str:
    """Whether a frame is ``single`` or of a ``positive`` or ``negative`` sequence."""
    group = (ref.group or "").lower()
    if not group.startswith("seq"):
        return "single"
    return "negative" if group.endswith("_neg") else "positive"


SOURCE: Final = Source(
    name="polypgen",
    title="PolypGen",
    version="3",
    modality="endoscopy",
    license="CC-BY-4.0",
    license_class="redistributable",
    url="https://www.synapse.org/Synapse:syn26376615",
    labels=LABELS,
    exhaustive=False,
    patient_ids=False,
    minimum_area=MINIMUM_AREA,
    mask_rule=MASK_RULE,
    index=index,
    load=load,
    access="credentialed",
    size="8037 frames",
    steps=(
        "Register with Synapse, download PolypGen2021_MultiCenterData_v3.zip from the page (files are in syn45200214), "
        "unpack it, give its folder."
    ),
)
