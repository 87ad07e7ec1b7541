"""LLaVA: a JSON array for each split, and the folder ``images``. Trainers take them as data path and image folder."""

from __future__ import annotations

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Shards
from mmrs_builder.export.turns import Conversation, written


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write ``train.json`` and the like."""
    for split in shards.splits:
        with draft.array(f"{split}.json") as add:
            for view in shards.views(split):
                for conversation in written(view, draft, multi_turn=multi_turn):
                    add(_record(conversation))


def _record(conversation: Conversation) -> dict[str, object]:
    said = []
    for number, turn in enumerate(conversation.turns):
        said.append({"from": "human", "value": turn.user if number else f"<image>\n{turn.user}"})
        said.append({"from": "gpt", "value": turn.assistant})
    facts = conversation.facts
    return {"id": facts["id"], "image": conversation.image, "conversations": said, **facts}
