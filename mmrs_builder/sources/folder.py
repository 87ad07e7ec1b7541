"""Any folder of pictures with any folder of masks: its layout is told in options, not in code.

``data_cards/folder.md`` shows the options for several well-known corpora.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

from mmrs_builder.io.layout import Globs, Keys, Layout, fraction, index, one_of
from mmrs_builder.io.raster import MASK_RULE
from mmrs_builder.types import Label, Source, Term
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import MODALITIES

_NO_YES: Final = ("no", "yes")


def configure(
    *,
    images: Annotated[str, "glob of the images below the corpus folder; ** crosses folders"] = "images/*",
    masks: Annotated[str, "glob of an image's masks; {stem}: its name, {parent}: its folder"] = "masks/{stem}.*",
    stem: Annotated[str, "expression for what {stem} stands for, in the image's name"] = "",
    label: Annotated[str, "canonical label of what the masks show"] = "lesion",
    noun: Annotated[str, "what a label that the vocabulary lacks is called"] = "",
    plural: Annotated[str, "its plural; noun + s if not given"] = "",
    article: Annotated[str, "its indefinite article"] = "a",
    modality: Annotated[str, "ct, mri, xray, ultrasound, endoscopy or dermoscopy"] = "endoscopy",
    instances: Annotated[str, "yes: each mask file is one structure to be counted; no: they are united"] = "no",
    exhaustive: Annotated[
        str, "yes: every visible structure has a mask; else no counts, no 'every', no absence"
    ] = "no",
    unmasked: Annotated[str, "an image without mask: drop it, or take it for empty (with exhaustive=yes)"] = "drop",
    minimum_area: Annotated[str, "smallest kept connected component, as a fraction of the picture"] = "0.0002",
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
    if one_of("unmasked", unmasked, ("drop", "empty")) == "empty" and exhaustive != "yes":
        raise ValueError("unmasked='empty': only with exhaustive='yes' does a missing mask say that nothing is there")
    several, complete = (
        one_of("instances", instances, _NO_YES) == "yes",
        one_of("exhaustive", exhaustive, _NO_YES) == "yes",
    )
    smallest = fraction("minimum_area", minimum_area)
    globs = Globs(images=images, masks=masks, stem=stem)
    keys = Keys(patient=patient, group=group, split=split)
    taken = unmasked == "empty"
    layout = Layout(
        source=name, modality=modality, label=label, globs=globs, keys=keys, instances=several, unmasked=taken
    )
    term = Label(id=label, role="lesion"), Term(name=noun, plural=plural or noun + "s", article=article)
    return Source(
        name=name,
        title="Pictures and masks in folders",
        version="1",
        modality=modality,
        license=license,
        license_class="unclear",
        url="",
        labels=(label,),
        exhaustive=complete,
        patient_ids=bool(patient),
        minimum_area=smallest,
        mask_rule=MASK_RULE,
        index=partial(index, layout=layout),
        load=partial(flat_case, minimum_area=smallest, exhaustive=complete, labels=(label,)),
        terms=(term,) if noun else (),
        steps="Give your folder with --data, and say how it is laid out with --set folder.images=... and so on.",
    )


SOURCE: Final = configure()
