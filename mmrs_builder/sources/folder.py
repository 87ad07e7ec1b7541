"""Any folder of pictures with any folder of masks: its layout is told in options, not in code.

``data_cards/folder.md`` shows the options for several well-known corpora.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from mmrs_builder.io.coded import RULE, codes
from mmrs_builder.io.layout import Globs, Keys, Layout, index
from mmrs_builder.io.options import fraction, identifier, one_of, phrase
from mmrs_builder.io.raster import MASK_RULE, MaskGrid
from mmrs_builder.naming import chosen, mapping, named, vocabulary
from mmrs_builder.shown import SHOWN, Shown, ShownOption
from mmrs_builder.types import Case, CaseRef, Label, MaskRef, Source, Term
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import MODALITIES

OUT: Final = "-"
"""The name in ``values`` for what is left out on purpose."""

_LABEL: Final = "lesion"
_NO_YES: Final = ("no", "yes")
_GRIDS: Final[dict[str, MaskGrid | None]] = {"": None, "stored": "stored", "upright": "upright"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What masks show and how a case is read. ``shows`` are labels by code, or one under '' for masks of one kind."""

    shows: tuple[tuple[str, str], ...]
    known: tuple[str, ...]  # all codes
    labels: tuple[str, ...]
    instances: bool
    exhaustive: bool
    minimum_area: float
    mask_grid: MaskGrid | None
    shown: Shown


def configure(
    *,
    images: Annotated[str, "glob of the images below the corpus folder; ** crosses folders"] = "images/*",
    masks: Annotated[str, "glob of an image's masks; {stem}: its name, {parent}: its folder"] = "masks/{stem}.*",
    stem: Annotated[str, "expression for what {stem} stands for, in the image's name"] = "",
    label: Annotated[str, "canonical label of what the masks show, or one's own with noun and plural"] = _LABEL,
    noun: Annotated[str, "what a label that the vocabulary lacks is called"] = "",
    plural: Annotated[str, "the plural of noun; needed with it"] = "",
    article: Annotated[str, "the indefinite article of noun"] = "a",
    values: Annotated[
        str, "what numbers or colours in a mask mean, instead of label: 1=liver,2=spleen or #ff0000=tumour"
    ] = "",
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
    shown: ShownOption = "",
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
    complete = one_of("exhaustive", exhaustive, _NO_YES) == "yes"
    if one_of("unmasked", unmasked, ("drop", "empty")) == "empty" and not complete:
        raise ValueError("unmasked='empty': only with exhaustive='yes' does a missing mask say that nothing is there")
    by_code, terms = _by_code(values, label, noun) if values else ({}, _terms(label, noun, plural, article))
    kept = {code: named(known)[0].id for code, known in by_code.items() if known != OUT}
    reading = Reading(
        shows=tuple(kept.items()) or (("", identifier("label", label)),),
        known=tuple(by_code),
        labels=tuple(sorted({*kept.values()})) or (label,),
        instances=one_of("instances", instances, _NO_YES) == "yes",
        exhaustive=complete,
        minimum_area=fraction("minimum_area", minimum_area),
        mask_grid=_GRIDS[one_of("mask_grid", mask_grid, tuple(_GRIDS))],
        shown=SHOWN[one_of("shown", shown, tuple(SHOWN))],
    )
    layout = Layout(
        source=identifier("name", name, hyphens=True),
        modality=one_of("modality", modality, MODALITIES),
        globs=Globs(images=images, masks=masks, stem=stem),
        keys=Keys(patient=patient, group=group, split=split),
        refs=partial(_refs, reading=reading),
        unmasked=unmasked == "empty",
        ranked=one_of("ids", ids, ("path", "rank")) == "rank",
    )
    return _source(layout, reading, phrase("license", license), terms)


def _source(layout: Layout, reading: Reading, licence: str, terms: tuple[tuple[Label, Term], ...]) -> Source:
    return Source(
        name=layout.source,
        title="Pictures and masks in folders",
        version="1",
        modality=layout.modality,
        license=licence,
        license_class="script-only",
        url="",
        labels=reading.labels,
        exhaustive=reading.exhaustive,
        patient_ids=bool(layout.keys.patient),
        minimum_area=reading.minimum_area,
        mask_rule=RULE if reading.known else MASK_RULE,
        index=partial(index, layout=layout),
        load=partial(_load, reading=reading),
        terms=terms,
        steps="Give your folder with --data, and say how it is laid out with --set folder.images=... and so on.",
    )


def _by_code(values: str, label: str, noun: str) -> tuple[dict[str, str], tuple[tuple[Label, Term], ...]]:
    """What each code means, and the words of labels that the vocabulary lacks."""
    if label != _LABEL or noun:
        raise ValueError(f"values={values!r}: names what masks show, so leave label and noun out")
    by_code = codes("values", mapping("values", values))
    found, terms = chosen(name for name in by_code.values() if name != OUT)
    if not found:
        raise ValueError(f"values={values!r}: leaves everything out")
    return by_code, terms


def _refs(mask: str, *, reading: Reading) -> tuple[MaskRef, ...]:
    return tuple(
        MaskRef(path=mask, label=label, instance=reading.instances, pick=code) for code, label in reading.shows
    )


def _load(ref: CaseRef, *, reading: Reading) -> Case:
    return flat_case(
        ref,
        minimum_area=reading.minimum_area,
        exhaustive=reading.exhaustive,
        labels=reading.labels,
        known=reading.known,
        mask_grid=reading.mask_grid,
        shown=reading.shown,
    )


def _terms(label: str, noun: str, plural: str, article: str) -> tuple[tuple[Label, Term], ...]:
    """The words of a label that the vocabulary lacks; none for one that it has."""
    term = Term(name=phrase("noun", noun), plural=phrase("plural", plural), article=phrase("article", article))
    if bool(noun) != bool(plural):
        raise ValueError(f"noun={noun!r}, plural={plural!r}: give both, e.g. noun=metastasis plural=metastases")
    known = vocabulary()
    if not noun and label not in known:
        close = difflib.get_close_matches(label, known, n=1)
        hint = f"did you mean {close[0]!r}? If not, " if close else ""
        raise ValueError(f"label={label!r} is not in the vocabulary: {hint}say what it is called with noun and plural")
    return ((Label(id=label, role="lesion"), term),) if noun else ()


SOURCE: Final = configure()
