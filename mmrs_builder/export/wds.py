"""WebDataset: tar files of views, ``<split>-000000.tar`` and so on.

A sample is ``<name>.<png or jpg …>`` with the stored picture, ``<name>.mask<NN>.png`` for each structure in order, and
``<name>.json`` with the view, its structures and its questions. No member has a time or an owner.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import Final

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Region, Shards, Viewed
from mmrs_builder.shards import question_item

FULL: Final = 256 * 2**20
"""Bytes after which the next tar is begun."""


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write the tar files of each split."""
    for split in shards.splits:
        with ExitStack() as open_files:
            number, size, tar = 0, FULL, None
            for view in shards.views(split):
                if tar is None or size >= FULL:
                    open_files.close()
                    stream = open_files.enter_context(draft.open(f"{split}-{number:06d}.tar"))
                    tar = open_files.enter_context(tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT))
                    number, size = number + 1, 0
                for name, data in _members(view):
                    size += len(data)
                    member = tarfile.TarInfo(name)
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
                draft.count(split, views=1, questions=len(view.questions), masks=len(view.regions))


def _members(view: Viewed) -> Iterator[tuple[str, bytes]]:
    told = {
        **view.facts,
        "structures": [_structure(region) for region in view.regions],
        "qa": [question_item(question) for question in view.questions],
    }
    yield f"{view.name}.{view.suffix}", view.image
    yield f"{view.name}.json", json.dumps(told, ensure_ascii=False).encode()
    for region in view.regions:
        yield f"{view.name}.mask{region.index:02d}.png", region.png


def _structure(region: Region) -> dict[str, object]:
    kept = asdict(region)
    del kept["png"]
    return kept
