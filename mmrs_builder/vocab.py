"""Closed sets of words that several modules and the baselines agree on."""

from __future__ import annotations

from typing import Final

MODALITIES: Final = ("ct", "mri", "xray", "ultrasound", "endoscopy", "dermoscopy")
SPLITS: Final = ("train", "validation", "test")
KINDS: Final = ("open", "choice", "yes_no", "number", "segment")
ROLES: Final = ("organ", "lesion", "instrument", "region")
REGISTERS: Final = ("lay", "clinical", "synonym")
REFUSALS: Final = ("absent", "no_left_right", "no_front_back", "no_head_foot", "no_scale")
"""Why a question that is asked is not answered by a value (``docs/language.md`` section 7a)."""

GEOMETRIC: Final = ("mirror", "turn", "crop")
MARKED: Final = ("mark", "canvas")
TWINS: Final = (*GEOMETRIC, *MARKED)
"""What is done to a view to make a twin of it (``docs/twins.md``)."""

GLYPHS: Final[dict[str, tuple[str, ...]]] = {
    "letter": ("A", "B", "C"),
    "number": ("1", "2", "3"),
    "dot": ("red dot", "green dot", "blue dot"),
}
"""The signs that are drawn on structures, by style; a picture has signs of one style."""

VALUES: Final[dict[str, tuple[str, ...]]] = {
    "Quadrant": ("upper_left", "upper_right", "lower_left", "lower_right"),
    "Zone": (
        "upper_left", "upper_middle", "upper_right",
        "middle_left", "centre", "middle_right",
        "lower_left", "lower_middle", "lower_right",
    ),
    "Side": ("left", "right"),
    "Level": ("upper", "lower"),
    "Clock": ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"),
    "Aspect": ("wider", "taller"),
    "Extent": ("under_5", "5_to_15", "15_to_40", "over_40"),
    "Direction": (
        "right", "upper_right", "above", "upper_left", "left", "lower_left", "below", "lower_right",
    ),
    "Fourway": ("left", "right", "above", "below"),
    "Alignment": ("row", "column", "neither"),
    "Horizontal": ("left", "right"),
    "Vertical": ("above", "below"),
    "Topology": ("inside", "contains", "overlaps", "touches", "apart"),
    "Lateral": ("left", "right"),
    "Depth": ("anterior", "posterior"),
    "Height": ("superior", "inferior"),
    "Laterality": ("ipsilateral", "contralateral"),
    "Bool": ("true", "false"),
}  # fmt: skip
"""Closed answer sets; the order is the order of the definition in ``docs/language.md``."""

REASONS: Final[dict[str, str]] = {
    "no_mask": "image without a mask",
    "no_image": "mask without an image",
    "duplicate_stem": "two files claim the same case",
    "outside_root": "link that leads out of the corpus folder",
    "bad_name": "a file or folder name that is not UTF-8 or holds control characters",
    "not_matched": "a picture file that is neither an image nor a mask of the layout",
    "companion": "a file that belongs to the corpus and is neither image nor mask here",
    "second_copy": "the same case is there twice, and this copy lies deeper",
    "not_regular": "not a regular file (folder, pipe, device)",
    "unreadable": "the file cannot be opened (permission or disk error)",
    "empty_file": "the file has no bytes",
    "not_an_image": "the bytes are not a picture of a supported format",
    "truncated": "the picture data end too early or are damaged",
    "too_large": "more pixels than the limit",
    "too_small": "a side is shorter than the limit",
    "multi_frame": "several frames or pages in one file",
    "transparent": "the picture has real transparency",
    "unsupported_mode": "a pixel type that has no stated conversion",
    "size_mismatch": "mask and image differ in size",
    "orientation_unclear": (
        "the picture has an EXIF rotation and nothing tells whether its mask was drawn before or after it"
    ),
    "mask_not_binary": "too many mask pixels are neither background nor foreground",
    "mask_coloured": "the mask uses colours; no rule says what they mean",
    "poor_mask": "the corpus itself rates the mask as too poor to use",
    "mask_full": "the mask covers the whole picture",
    "mask_empty": "the mask is empty though the corpus promises a structure",
    "duplicate_instance": "two masks show one and the same structure",
    "boxes_disagree": "the mask contradicts the box published beside it",
    "too_many_structures": "more separate structures than can be told apart in words",
    "bad_geometry": "the header's spacing or axes cannot be: zero, negative, not finite or not at right angles",
    "affine_conflict": "the header states two positions that contradict each other",
    "grid_mismatch": "image and mask do not lie on the same grid",
    "oblique": "the volume is tilted against the body axes by more than the limit",
    "not_finite": "voxels that are not numbers",
    "labels_not_whole": "label values that are not whole numbers",
    "sides_contradict": "structures named left and right lie on the other sides",
    "no_slice": "no slice of the volume fulfils the rule for choosing slices",
    "missing_slices": "slices of the series are missing, doubled or unevenly spaced",
    "unsupported_modality": "a modality that is not covered",
    "burned_in": "the header says that text is burnt into the pixels",
    "unknown_label": "a structure whose name or number nobody has explained",
    "bad_outline": "an outline that is no closed polygon of the picture",
    "excluded": "named in the exclusion list",
    "changed": "the file changed while the build was running",
    "crashed": "the reader crashed on this file",
    "timed_out": "the reader took longer than the limit",
    "out_of_memory": "the reader needed more memory than the limit",
    "bad_metadata": "the metadata of the case cannot be understood",
    "no_original": "no file of the folder holds what the recipe was made from",
    "altered": "not the picture that the recipe was made from",
    "masks_altered": "the masks are not those that the recipe was made from",
}
"""Why a file or case was not used."""

COLOURS: Final = (
    (255, 200, 40),
    (60, 200, 255),
    (255, 90, 160),
    (120, 230, 110),
    (200, 140, 255),
    (255, 140, 60),
    (250, 250, 250),
    (150, 160, 255),
)
"""What labels are drawn in, one each, bright on dark and on skin."""

ENVIRONMENTAL: Final = frozenset(
    {
        "unreadable", "empty_file", "not_an_image", "truncated", "crashed", "changed", "timed_out", "out_of_memory",
    }
)  # fmt: skip
"""Reasons that count against ``--quarantine-max``: unreadable, crashing or hanging files, not pairs refused by rule."""


class Rejected(Exception):
    """A file or case that cannot be used, with a code of ``REASONS`` and the file or id it concerns."""

    def __init__(self, reason: str, what: str, detail: str = "") -> None:
        if reason not in REASONS:
            raise ValueError(f"unknown reason code {reason!r}")
        super().__init__(reason, what, detail)
        self.reason, self.what, self.detail = reason, what, detail

    def __str__(self) -> str:
        return f"{self.what}: {REASONS[self.reason]}" + (f" ({self.detail})" if self.detail else "")
