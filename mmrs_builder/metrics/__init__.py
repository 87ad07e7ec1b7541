"""Exact, deterministic evaluation of answers and masks: arrays and strings in, numbers out.

No file format and no neural network is known here, and nothing is drawn without a seed.
"""

from __future__ import annotations

from mmrs_builder.metrics.agreement import (
    LEFT_OUT,
    NOT_SHOWN,
    Agreement,
    Cells,
    Reference,
    Shown,
    left_out,
    say_show,
    shown_value,
)
from mmrs_builder.metrics.answers import Words, correct, is_closed, parse, same, value_said
from mmrs_builder.metrics.interval import Interval, bootstrap
from mmrs_builder.metrics.overlap import dice, hausdorff95, iou, surface_dice
from mmrs_builder.metrics.partners import partners_of
from mmrs_builder.metrics.texts import exact_match, rouge_l, token_f1

__all__ = [
    "LEFT_OUT",
    "NOT_SHOWN",
    "Agreement",
    "Cells",
    "Interval",
    "Reference",
    "Shown",
    "Words",
    "bootstrap",
    "correct",
    "dice",
    "exact_match",
    "hausdorff95",
    "iou",
    "is_closed",
    "left_out",
    "parse",
    "partners_of",
    "rouge_l",
    "same",
    "say_show",
    "shown_value",
    "surface_dice",
    "token_f1",
    "value_said",
]
