"""Messages: JSON lines in the conversational format for pictures of TRL, as chat templates of transformers take it."""

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
                    add(_record(conversation))


def _record(conversation: Conversation) -> dict[str, object]:
    said: list[dict[str, object]] = []
    for number, turn in enumerate(conversation.turns):
        picture = [] if number else [{"type": "image"}]
        said.append({"role": "user", "content": [*picture, {"type": "text", "text": turn.user}]})
        said.append({"role": "assistant", "content": [{"type": "text", "text": turn.assistant}]})
    return {"messages": said, "images": [conversation.image], **conversation.facts}
