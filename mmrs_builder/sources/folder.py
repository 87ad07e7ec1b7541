"""Any folder of pictures with any folder of masks: its layout is told in options, not in code.

``data_cards/folder.md`` shows the options for several well-known corpora.
"""

from __future__ import annotations

import difflib
import tomllib
from functools import partial
from typing import Annotated, Final

from mmrs_builder import resources
from mmrs_builder.io.layout import Globs, Keys, Layout, index
from mmrs_builder.io.options import fraction, identifier, one_of, phrase
from mmrs_builder.io.raster import MASK_RULE, MaskGrid
from mmrs_builder.types import Label, Source, Term
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import MODALITIES

_NO_YES: Final = ("no", "yes")
_GRIDS: Final[dict[str, MaskGrid | None]] = {"": None, "stored": "stored", "upright": "upright"}


def configure(
    *,
    images: Annotated[str, "glob of the images below the corpus folder; ** crosses folders"] = "images/*",
    masks: Annotated[str, "glob of an image's masks; {stem}: its name, {parent}: its folder"] = "masks/{stem}.*",
    stem: Annotated[str, "expression for what {stem} stands for, in the image's name"] = "",
    label: Annotated[str, "canonical label of what the masks show, or one's own with noun and plural"] = "lesion",
    noun: Annotated[str, "what a label that the vocabulary lacks is called"] = "",
    plural: Annotated[str, "the plural of noun; needed with it"] = "",
    article: Annotated[str, "the indefinite article of noun"] = "a",
    modality: Annotated[str, "ct, mri, xray, ultrasound, endoscopy or dermoscopy"] = "endoscopy",
    instances: Annotated[str, "yes: each mask file is one structure to be counted; no: they are united"] = "no",
    exhaustive: Annotated[
        str, "yes: every visible structure has a mask; else no counts, no 'every', no absence"
    ] = "no",
    unmasked: Annotated[str, "an image without mask: drop it, or take it for empty (with exhaustive=yes)"] = "drop",
    minimum_area: Annotated[
        str, "smallest kept connected component, as a fraction of the picture; an instance keeps its largest anyway"
    ] = "0.00005",
    mask_grid: Annotated[
        str, "masks of pictures with an EXIF rotation were drawn before it: stored, after it: upright; '': by size"
    ] = "",
    ids: Annotated[str, "case ids: the image's path, or its rank (c00001): take rank for private data"] = "path",
    patient: Annotated[str, "expression for the patient, who is stored as a rank: p0001"] = "",
    group: Annotated[str, "expression for what a split must keep together, stored as a rank: g0001"] = "",
    split: Annotated[str, "expression for the official split: train, val, valid, validation or test"] = "",
    license: Annotated[str, "licence of pictures and masks"] = "unknown",
    name: Annotated[str, "name of the source, the beginning of every view id"] = "folder",
) -> Source:
    """A source for one layout. Expressions are regular expressions with one group, searched in the image's path.

    Raises ``ValueError``, naming the option, for a value that cannot be meant.
    """
    one_of("modality", modality, MODALITIES)
    complete = one_of("exhaustive", exhaustive, _NO_YES) == "yes"
    if one_of("unmasked", unmasked, ("drop", "empty")) == "empty" and not complete:
        raise ValueError("unmasked='empty': only with exhaustive='yes' does a missing mask say that nothing is there")
    smallest = fraction("minimum_area", minimum_area)
    grid = _GRIDS[one_of("mask_grid", mask_grid, tuple(_GRIDS))]
    layout = Layout(
        source=identifier("name", name, hyphens=True),
        modality=modality,
        label=identifier("label", label),
        globs=Globs(images=images, masks=masks, stem=stem),
        keys=Keys(patient=patient, group=group, split=split),
        instances=one_of("instances", instances, _NO_YES) == "yes",
        unmasked=unmasked == "empty",
        ranked=one_of("ids", ids, ("path", "rank")) == "rank",
    )
    return Source(
        name=name,
        title="Pictures and masks in folders",
        version="1",
        modality=modality,
        license=phrase("license", license),
        license_class="unclear",
        url="",
        labels=(label,),
        exhaustive=complete,
        patient_ids=bool(patient),
        minimum_area=smallest,
        mask_rule=MASK_RULE,
        index=partial(index, layout=layout),
        load=partial(flat_case, minimum_area=smallest, exhaustive=complete, labels=(label,), mask_grid=grid),
        terms=_terms(label, noun, plural, article),
        steps="Give your folder with --data, and say how it is laid out with --set folder.images=... and so on.",
    )


def _terms(label: str, noun: str, plural: str, article: str) -> tuple[tuple[Label, Term], ...]:
    """The words of a label that the vocabulary lacks; none for one that it has."""
    term = Term(name=phrase("noun", noun), plural=phrase("plural", plural), article=phrase("article", article))
    if bool(noun) != bool(plural):
        raise ValueError(f"noun={noun!r}, plural={plural!r}: give both, e.g. noun=metastasis plural=metastases")
    known = _vocabulary()
    if not noun and label not in known:
        close = difflib.get_close_matches(label, known, n=1)
        hint = f"did you mean {close[0]!r}? If not, " if close else ""
        raise ValueError(f"label={label!r} is not in the vocabulary: {hint}say what it is called with noun and plural")
    return ((Label(id=label, role="lesion"), term),) if noun else ()


def _vocabulary() -> tuple[str, ...]:
    """The canonical labels."""
    with (resources.path("templates") / "labels.toml").open("rb") as stream:
        return tuple(entry["id"] for entry in tomllib.load(stream)["label"])


SOURCE: Final = configure()
