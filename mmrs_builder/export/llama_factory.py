"""LLaMA-Factory: conversations as in ms-swift, a JSON array for each split, and ``dataset_info.json`` that names them.

The folder is given to it as ``dataset_dir``; paths of pictures are below it.
"""

from __future__ import annotations

from typing import Final

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.ms_swift import record
from mmrs_builder.export.read import Shards
from mmrs_builder.export.turns import written

DESCRIBED: Final = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages", "images": "images"},
    "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
}


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write ``train.json`` and the like, which are the data sets ``mmrs_train`` and the like."""
    for split in shards.splits:
        with draft.array(f"{split}.json") as add:
            for view in shards.views(split):
                for conversation in written(view, draft, multi_turn=multi_turn):
                    add(record(conversation))
    entries = {f"mmrs_{split}": {"file_name": f"{split}.json", **DESCRIBED} for split in shards.splits}
    draft.put_json("dataset_info.json", entries)
