"""Asking a language model over HTTP: bounded in time, money and trust. Nothing here knows what is asked, or why."""

from mmrs_builder.errors import BUDGET, USAGE, MmrsError
from mmrs_builder.llm.ask import Answer, Asked, Check, answers
from mmrs_builder.llm.batch import fetch
from mmrs_builder.llm.endpoint import Endpoint, endpoint
from mmrs_builder.llm.limits import Caps, Limits, Price
from mmrs_builder.llm.request import Request
from mmrs_builder.llm.rounds import Rounds
from mmrs_builder.llm.store import Spent, Store, state_file

__all__ = [
    "BUDGET",
    "USAGE",
    "Answer",
    "Asked",
    "Caps",
    "Check",
    "Endpoint",
    "Limits",
    "MmrsError",
    "Price",
    "Request",
    "Rounds",
    "Spent",
    "Store",
    "answers",
    "endpoint",
    "fetch",
    "state_file",
]
