"""A finished build in the formats of other trainers and tools: a file for each, one reader of shards for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from mmrs_builder import __version__
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.export import (
    coco,
    fiftyone,
    label_studio,
    llama_factory,
    llava,
    messages,
    monai,
    ms_swift,
    nnunet,
    recipe,
    wds,
)
from mmrs_builder.export.folder import Draft, counts, drafting
from mmrs_builder.export.read import Shards, shards
from mmrs_builder.withholding import require_whole


class Write(Protocol):
    """How a format is written."""

    def __call__(self, shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
        """Write the shards into a draft. ``multi_turn`` is for conversations only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a format is written, and whether it is made of conversations, which may hold several questions.

    A ``build`` is laid out as one: it is made of all splits, may lack pictures, and has cards of its own.
    """

    write: Write
    conversations: bool = False
    build: bool = False


CARD: Final = "DATA_CARD.md"
"""The build's card in an export; no README, which ``load_dataset`` would take for a description of the files."""

FORMATS: Final[Mapping[str, Format]] = {
    "llava": Format(write=llava.write, conversations=True),
    "messages": Format(write=messages.write, conversations=True),
    "ms-swift": Format(write=ms_swift.write, conversations=True),
    "llama-factory": Format(write=llama_factory.write, conversations=True),
    "coco": Format(write=coco.write),
    "nnunet": Format(write=nnunet.write),
    "monai": Format(write=monai.write),
    "webdataset": Format(write=wds.write),
    "label-studio": Format(write=label_studio.write),
    "fiftyone": Format(write=fiftyone.write),
    "recipe": Format(write=recipe.write, build=True),
}


def export(
    out: Path, to: str, folder: Path, *, split: str | None = None, multi_turn: bool = False
) -> dict[str, dict[str, int]]:
    """Write the build ``out`` as ``folder``; what was written, split by split.

    Raises ``MmrsError`` for an unknown format, a build that is damaged, and a folder that is not ours (``folder``).
    """
    if to not in FORMATS:
        raise MmrsError(f"--to {to}: no such format", code=USAGE, hint=f"There are {', '.join(FORMATS)}.")
    if multi_turn and not FORMATS[to].conversations:
        talking = ", ".join(name for name, entry in FORMATS.items() if entry.conversations)
        raise MmrsError(f"--multi-turn: {to} holds no conversations", code=USAGE, hint=f"It is for {talking}.")
    if FORMATS[to].build and split is not None:
        raise MmrsError("--split: a recipe is that of a whole build", code=USAGE, hint="Leave --split out.")
    found = shards(out, split)
    require_whole(out, f"--to {to}")
    made = {"to": to, "split": split, "multi_turn": multi_turn, "shards": found.content, "mmrs-builder": __version__}
    with drafting(folder, out, made) as draft:
        FORMATS[to].write(found, draft, multi_turn=multi_turn)
        card = out / "README.md"  # whose pictures they are, under which terms, and what for
        if card.is_file() and not FORMATS[to].build:
            draft.put(CARD, card.read_bytes())
    return counts(draft)
