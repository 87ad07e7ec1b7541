"""A recipe file that a person can edit: every option with its reason."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path

from mmrs_builder.init import Proposal
from mmrs_builder.init.settings import Setting

HEAD = """Written by `mmrs init`. Every option says why it has its value; look at those marked CHECK, then run

    mmrs build --recipe {recipe} --out shards/
    mmrs verify shards/
"""


def recipe_text(proposal: Proposal, path: Path) -> str:
    """The text of a recipe that is to lie at ``path``; the corpus is named relative to it."""
    data = os.path.relpath(proposal.root.resolve(), path.resolve().parent)
    head = [f"# {line}".rstrip() for line in HEAD.format(recipe=path.name).splitlines()]
    source = [
        "[[source]]",
        f"name = {_quoted(proposal.source)}  # {' '.join(proposal.why.split())}",
        f"data = {_quoted(data)}",
    ]
    options = [line for setting in proposal.settings for line in _lines(setting)]
    if proposal.notes:
        head += ["#", "# What was noticed:", *(line for note in proposal.notes for line in _item(note))]
    return "\n".join([*head, "", *source, *(["", "[source.options]", *options] if options else []), ""])


def _item(note: str) -> list[str]:
    plain = " ".join(note.split())
    return textwrap.wrap(plain, 116, initial_indent="# - ", subsequent_indent="#   ", break_long_words=False)


def _lines(setting: Setting) -> list[str]:
    mark = "" if setting.sure else "CHECK: "
    why = textwrap.wrap(f"{mark}{setting.why}", 116) or [""]
    return [*(f"# {line}" for line in why), f"{setting.option} = {_quoted(setting.value)}"]


def _quoted(text: str) -> str:
    """A TOML string; the rules for quoting are those of JSON, save for one control character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
