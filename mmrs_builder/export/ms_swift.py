"""ms-swift: JSON lines with ``messages`` and ``images``, whose paths are below ``ROOT_IMAGE_DIR``: the folder.

ms-swift drops fields that it does not know; names that mean something to it (``questions``, ``label``) are avoided.
"""

from __future__ import annotations

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Shards
from mmrs_builder.export.turns import Conversation, written


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write ``train.jsonl`` and the like."""
    for split in shards.splits:
        with draft.lines(f"{split}.jsonl") as add:
            for view in shards.views(split):
                for conversation in written(view, draft, multi_turn=multi_turn):
                    add(record(conversation))


def record(conversation: Conversation) -> dict[str, object]:
    """A conversation whose first turn holds the mark of the picture."""
    said = []
    for number, turn in enumerate(conversation.turns):
        said.append({"role": "user", "content": turn.user if number else f"<image>{turn.user}"})
        said.append({"role": "assistant", "content": turn.assistant})
    return {"messages": said, "images": [conversation.image], **conversation.facts}
