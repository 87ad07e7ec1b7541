"""nnU-Net v2, raw: ``imagesTr``, ``labelsTr``, ``dataset.json``, read with its ``NaturalImage2DIO`` (2-D PNG).

Training and validation views are the training cases and ``splits_final.json`` tells them apart; the test views lie in
``imagesTs`` and ``labelsTs``. A label map holds one label per pixel: see ``paint``. Pictures must be PNG of one number
of channels, so a JPEG is decoded, and grey pictures get three equal channels where others are in colour.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.paint import numbers, paint
from mmrs_builder.export.read import Shards, Viewed
from mmrs_builder.io.png import encode_pixels

ENDING: Final = ".png"
COLOUR: Final = {"0": "R", "1": "G", "2": "B"}
GREY: Final = {"0": "grey"}


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write the data set. Raises ``MmrsError`` for more labels than a label map holds."""
    codes = numbers(shards.labels)
    mode = "L" if all(_mode(view) == "L" for view in shards.views()) else "RGB"
    names: dict[str, list[str]] = {split: [] for split in shards.splits}
    with draft.lines("cases.jsonl") as add:
        for view in shards.views():
            end = "Ts" if view.split == "test" else "Tr"
            picture, kept = _png(view, mode)
            draft.put(f"images{end}/{view.name}_0000{ENDING}", picture)
            painted = paint(view, codes)
            draft.put(f"labels{end}/{view.name}{ENDING}", encode_pixels(painted.codes))
            names[view.split].append(view.name)
            add({"case": view.name, **view.facts, "hidden_px": painted.hidden_px})
            labels = len({region.label for region in view.wholes})
            draft.count(view.split, views=1, labels=labels, hidden_px=painted.hidden_px)
            draft.count(view.split, pictures_coded_anew=int(not kept), questions_left_out=len(view.questions))
    training = [*names.get("train", ()), *names.get("validation", ())]
    if names.get("train") and names.get("validation"):
        draft.put_json("splits_final.json", [{"train": names["train"], "val": names["validation"]}])
    draft.put_json(
        "dataset.json",
        {
            "channel_names": GREY if mode == "L" else COLOUR,
            "labels": {"background": 0, **codes},
            "numTraining": len(training),
            "file_ending": ENDING,
            "overwrite_image_reader_writer": "NaturalImage2DIO",
            "name": "MMRS",
        },
    )


def _mode(view: Viewed) -> str:
    """``L`` or ``RGB``: what a stored picture holds."""
    with Image.open(io.BytesIO(view.image)) as image:
        return "L" if image.mode in ("L", "1") else "RGB"


def _png(view: Viewed, mode: str) -> tuple[bytes, bool]:
    """The picture as PNG of a mode, and whether these are the stored bytes."""
    with Image.open(io.BytesIO(view.image)) as image:
        if view.suffix == "png" and image.mode == mode:
            return view.image, True
        return encode_pixels(np.asarray(image.convert(mode))), False
