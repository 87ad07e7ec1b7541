"""The cards of a recipe, and those of the build that was made whole from it: the same texts but for what is missing."""

from __future__ import annotations

from collections.abc import Mapping

from mmrs_builder import cards, croissant, datasheet
from mmrs_builder import statements as say
from mmrs_builder.statements import Shards

README, CROISSANT, DATASHEET = "README.md", "croissant.json", "DATASHEET.md"


def recarded(
    texts: Mapping[str, str], shards: Shards, withheld: Mapping[str, bool], *, lacking: bool
) -> dict[str, str]:
    """The three cards, by file, for the same views in the files of ``shards``.

    ``withheld`` says by source whether masks are left out with the pictures; ``lacking`` whether they are missing from
    these shards, or were put back. Going there and back gives the same texts.
    """
    note = say.withheld(withheld)
    return {
        README: cards.recarded(texts[README], shards, note if lacking else ""),
        CROISSANT: croissant.recarded(texts[CROISSANT], shards, note, lacking=lacking),
        DATASHEET: datasheet.recarded(texts[DATASHEET], note, lacking=lacking),
    }
