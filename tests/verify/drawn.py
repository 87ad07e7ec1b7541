"""Rows of views drawn with rectangles, and of questions about them: every measurement follows from four numbers."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image

from mmrs_builder import schema

Row = dict[str, Any]
Size = tuple[int, int]
Box = tuple[int, int, int, int]

LABELS = {
    "liver": ("liver", "livers", "a", "organ"),
    "spleen": ("spleen", "spleens", "a", "organ"),
    "polyp": ("polyp", "polyps", "a", "lesion"),
    "kidney": ("kidney", "kidneys", "a", "organ"),
    "clip": ("clip", "clips", "a", "instrument"),
    "left_kidney": ("left kidney", "left kidneys", "a", "organ"),
    "right_kidney": ("right kidney", "right kidneys", "a", "organ"),
    "marked_a": ("structure marked A", "structures marked A", "a", "region"),
    "marked_b": ("structure marked B", "structures marked B", "a", "region"),
}
PAIRED = {"left_kidney": ("left", "right_kidney"), "right_kidney": ("right", "left_kidney")}  # side and partner

ALSO = {  # further names
    "liver": [{"name": "hepar", "plural": "hepars", "article": "a", "register": "synonym"}],
    "polyp": [{"name": "outgrowth", "plural": "outgrowths", "article": "an", "register": "lay"}],
}
FORMS = {"a": {"the": "the {name}", "a": "a {name}"}, "an": {"the": "the {name}", "a": "an {name}"}}
IMAGES = {"any": ["image"], "ct": ["CT image"], "mri": ["MR image"]}
REFUSALS = {
    "absent": ["There is no {A.name} in the {image}.", "{A.a} is not there."],
    "no_left_right": ["The {image} does not show the patient's left and right."],
    "no_front_back": ["Front and back do not show."],
    "no_head_foot": ["Head and foot do not show."],
    "no_scale": ["Nothing tells the size of a pixel."],
}


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def sha(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def asked(view_id: str, family: str, kind: str, program: str, value: str, *texts: str, **other: Any) -> Row:
    """A question; ``texts`` are question wording, answer wording (empty where none), question, answer."""
    wording, statement, question, answer = texts
    row: Row = dict.fromkeys((name for name, _ in schema.QUESTION_FIELDS), None)
    return row | {
        "question_id": sha(f"{view_id}\n{kind}\n{program}")[:16],
        "template_id": f"{family}/{sha(f'{kind}{chr(10)}{wording}{chr(10)}{statement}')[:8]}",
        "family": family, "kind": kind, "program": program, "value": value, "question": question, "answer": answer,
        "frame": "viewer", "margin": 1.0, "min_margin": 0.1, "prior_bound": False, "balanced": True, "difficulty": 1,
        "text_source": "template", **other,
    }  # fmt: skip


def bind(**slots: tuple[str, list[int]]) -> list[Row]:
    return [{"slot": slot, "text": text, "structures": found} for slot, (text, found) in slots.items()]


def rectangle(label: str, part: str, box: Box, size: Size, parent: int | None) -> Row:
    """A structure that fills its box: its measurements follow from four numbers."""
    x0, y0, x1, y1 = box
    area = (x1 - x0) * (y1 - y0)
    side, _ = PAIRED.get(label, (None, None))
    return {
        "label": label, "role": LABELS[label][3], "side": side, "part": part, "parent": parent, "bbox": list(box),
        "centroid": [(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2], "area_px": area,
        "area_fraction": area / (size[0] * size[1]), "touches_border": False,
    }  # fmt: skip


def draw(size: Size, *boxes: Box) -> Row:
    mask = np.zeros((size[1], size[0]), dtype=np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return {"bytes": png(mask), "path": None}


def view(view_id: str, split: str, pixels: np.ndarray[Any, Any], **other: Any) -> Row:
    row: Row = dict.fromkeys((name for name, _ in schema.VIEW_FIELDS), None)
    data = png(pixels)
    head = f"{pixels.dtype.name} {pixels.shape}\n".encode()
    return row | {
        "view_id": view_id, "case_id": view_id, "group_id": view_id, "source": "drawn", "source_version": "1",
        "license": "CC0-1.0", "modality": "ct", "split": split, "width": pixels.shape[1], "height": pixels.shape[0],
        "image": {"bytes": data, "path": None}, "source_sha256": sha(data), "image_sha256": sha(data),
        "pixels_sha256": sha(head + pixels.tobytes()), "absent": [], "structures": [], "masks": [], "qa": [], **other,
    }  # fmt: skip
