"""The command ``mmrs card``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mmrs_builder import options as opt


class Card(StrEnum):
    """What is written beside the shards."""

    readme = "readme"
    croissant = "croissant"
    datasheet = "datasheet"


def card(
    out: opt.Out,
    which: Annotated[Card, typer.Option("--show", help="Which of the three to print.")] = Card.readme,
) -> None:
    """Count the shards again, check the numbers in all three cards against them, and print one.

    Those of a review are counted again from its verdicts. Exit code 5 where a card says another number.

    Example: mmrs card shards/ --show croissant
    """
    from mmrs_builder import card_check

    opt.require_build(out)
    typer.echo(card_check.text_of(out, which), nl=False)
