"""Label Studio: ``tasks.json`` to import, with masks as brush annotations, and ``config.xml``, the labelling interface.

Pictures are files that Label Studio serves from the folder: ``LOCAL_FILES_DOCUMENT_ROOT`` is set to it and its folder
``images`` is added as local storage. Components of a mask are left out, since the whole mask is there.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import quoteattr

from mmrs_builder.export.brush import encode
from mmrs_builder.export.folder import Draft
from mmrs_builder.export.read import Region, Shards, Viewed
from mmrs_builder.export.turns import turn
from mmrs_builder.vocab import COLOURS

CONTROL: Final = "masks"
PICTURE: Final = "image"


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write the tasks, the interface and the pictures."""
    draft.put("config.xml", _config(shards.labels).encode())
    with draft.array("tasks.json") as add:
        for view in shards.views():
            add(_task(view, draft.put(f"images/{view.name}.{view.suffix}", view.image)))
            found, left = len(view.wholes), len(view.regions) - len(view.wholes)
            draft.count(view.split, views=1, questions=len(view.questions), masks=found, components_left_out=left)


def _task(view: Viewed, path: str) -> dict[str, object]:
    questions = [
        {
            **{name: getattr(question, name) for name in ("question_id", "question", "answer", "kind", "choices")},
            "target": question.target,
        }
        for question in view.questions
    ]
    turns = map(turn, view.questions)
    data = {
        "image": f"/data/local-files/?d={path}",
        "view_id": view.view_id,
        "split": view.split,
        "source": view.facts["source"],
        "text": "\n\n".join(f"{said.user}\n→ {said.assistant}" for said in turns),
        "questions": questions,
    }
    result = [_result(region, view) for region in view.wholes]
    return {"data": data, "annotations": [{"result": result, "ground_truth": False}]}


def _result(region: Region, view: Viewed) -> dict[str, object]:
    """``id`` names the structure by its place in the view."""
    return {
        "id": f"structure{region.index}",
        "type": "brushlabels",
        "from_name": CONTROL,
        "to_name": PICTURE,
        "original_width": view.width,
        "original_height": view.height,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": encode(region.mask()), "brushlabels": [region.label]},
    }


def _config(labels: tuple[str, ...]) -> str:
    colours = [bytes(COLOURS[number % len(COLOURS)]).hex() for number in range(len(labels))]
    lines = "".join(
        f'    <Label value={quoteattr(label)} background="#{colour}"/>\n'
        for label, colour in zip(labels, colours, strict=True)
    )
    return (
        f'<View>\n  <Image name="{PICTURE}" value="$image" zoom="true"/>\n'
        f'  <BrushLabels name="{CONTROL}" toName="{PICTURE}">\n{lines}  </BrushLabels>\n'
        '  <Text name="questions" value="$text"/>\n</View>\n'
    )
