"""MONAI: a datalist for ``monai.data.load_decathlon_datalist``, with ``training``, ``validation`` and ``test``.

``label`` is a label map: see ``paint`` for overlaps. ``masks`` are the masks of all structures as they are, whose
labels are in ``structures``.
"""

from __future__ import annotations

from typing import Final

from mmrs_builder.export.folder import Draft
from mmrs_builder.export.paint import numbers, paint
from mmrs_builder.export.read import Shards, Viewed
from mmrs_builder.io.png import encode_pixels
from mmrs_builder.shards import question_item

KEYS: Final = {"train": "training", "validation": "validation", "test": "test"}


def write(shards: Shards, draft: Draft, *, multi_turn: bool) -> None:
    """Write ``datalist.json``, pictures, label maps, masks and ``questions.jsonl``."""
    codes = numbers(shards.labels)
    found: dict[str, list[dict[str, object]]] = {KEYS[split]: [] for split in shards.splits}
    with draft.lines("questions.jsonl") as add:
        for view in shards.views():
            masks = [draft.put(f"masks/{view.name}-{region.index}.png", region.png) for region in view.regions]
            painted = paint(view, codes)
            found[KEYS[view.split]].append(
                {
                    "image": draft.put(f"images/{view.name}.{view.suffix}", view.image),
                    "label": draft.put(f"labels/{view.name}.png", encode_pixels(painted.codes)),
                    "masks": masks,
                    "structures": _structures(view),
                    **{name: view.facts[name] for name in ("view_id", "patient_id", "group_id", "source", "modality")},
                }
            )
            for question in view.questions:
                add({"view_id": view.view_id, **question_item(question)})
            draft.count(view.split, views=1, questions=len(view.questions), masks=len(masks))
            draft.count(view.split, hidden_px=painted.hidden_px)
    facts = {"name": "MMRS", "labels": {"0": "background", **{str(n): label for label, n in codes.items()}}}
    sizes = {"numTraining": len(found.get("training", ())), "numTest": len(found.get("test", ()))}
    draft.put_json("datalist.json", {**facts, **sizes, **found})


def _structures(view: Viewed) -> list[str]:
    return [f"{region.label}:{region.part}" for region in view.regions]
