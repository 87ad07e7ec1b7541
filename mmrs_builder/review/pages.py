"""A page for each reader: the same items in an order of its own, and nothing that tells which were planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.gallery.page import Files, text_of
from mmrs_builder.gallery.sample import plain, seen, sound
from mmrs_builder.review import key as keys
from mmrs_builder.review.decisions import FORMAT, LONGEST_NOTE, MEANINGS, READERS, REASONS
from mmrs_builder.review.sample import Item, in_order, sampled, views_of
from mmrs_builder.verify.language import Language

PAGE: Final = Files(
    page="review/page.html",
    styles=("gallery/page.css", "review/page.css"),
    scripts=("gallery/masks.js", "review/page.js"),
)

OF_VIEW: Final = ("source", "license", "modality", "sequence", "plane", "width", "height")
OF_STRUCTURE: Final = ("part", "colour")
ENDS: Final = (("right", "left"), ("front", "back"), ("feet", "head"))  # of the patient's axes L, P, S

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view as a reader is shown it, and its stored questions by id."""

    shown: Row
    pictures: Row
    questions: Mapping[str, Row]


def page_of(folder: Path, reader: str) -> Path:
    """The page of a reader."""
    return folder / f"reader-{reader}.html"


def write(
    out: Path, folder: Path, *, number: int, seed: int, overwrite: bool, started: Callable[[int], Callable[[int], None]]
) -> list[Path]:
    """Draw a sample of a published folder and write a page for each reader and the key; return what was written.

    ``started`` is told the number of views and returns what advances the progress bar. Raises ``MmrsError`` where
    ``folder`` holds a key already and ``overwrite`` is not set, where it cannot be written, and as ``sampled`` does.
    """
    if (folder / keys.NAME).exists() and not overwrite:
        hint = "Decisions of its readers need that key: name another --to, or add --overwrite to draw anew."
        raise MmrsError(f"{folder} holds a review already", code=USAGE, hint=hint)
    items = sampled(out, number, seed)
    advance = started(len({item.view_id for item in items}))
    views: dict[str, View] = {}
    for shard, language, row in views_of(sound(out), (item.view_id for item in items)):
        view, _, pictures = seen(row, shard)
        told = {question["question_id"]: question for question in row["qa"]}
        views[row["view_id"]] = View(shown=_view(row, plain(row, view), language), pictures=pictures, questions=told)
        advance(1)
    key = keys.drawn(out, folder, seed, (_entry(item, views[item.view_id]) for item in items))
    texts = {
        page_of(folder, reader): page(in_order(items, seed, reader), views, key.sample, reader) for reader in READERS
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        keys.write(key, folder / keys.NAME)
    except OSError as error:
        raise MmrsError(
            f"cannot write {folder}: {error.strerror}", code=ENVIRONMENT, hint="Name another --to."
        ) from None
    return [*texts, folder / keys.NAME]


def page(items: Sequence[Item], views: Mapping[str, View], sample: str, reader: str) -> str:
    """The text of a reader's page, its items in the given order."""
    order = list(dict.fromkeys(item.view_id for item in items))
    place = {view_id: n for n, view_id in enumerate(order)}
    records = {
        "format": FORMAT,
        "sample": sample,
        "reader": reader,
        "items": [{**_shown(item, views[item.view_id]), "view": place[item.view_id]} for item in items],
        "views": [views[view_id].shown for view_id in order],
        "reasons": [{"code": code, "text": text, "meaning": MEANINGS[code]} for code, text in REASONS.items()],
        "longest": LONGEST_NOTE,
    }
    return text_of(PAGE, records, [views[view_id].pictures for view_id in order])


def _asked(item: Item, view: View) -> Row:
    """The question as it is shown: the stored one, or the lie in its place."""
    return item.lie.item if item.lie else dict(view.questions[item.question_id])


def _shown(item: Item, view: View) -> Row:
    """All that a reader is told of an item. ``fill`` are the structures of its mask, ``named`` those it speaks of."""
    asked = _asked(item, view)
    return {
        "id": item.id,
        **{name: asked[name] for name in ("kind", "frame", "question", "choices", "answer_index", "answer")},
        "fill": asked["target"],
        "named": sorted({index for binding in asked["bindings"] for index in binding["structures"]}),
    }


def _view(row: Row, shown: Row, language: Language) -> Row:
    return {
        **{name: shown[name] for name in OF_VIEW},
        "lies": [_end(way) for way in row["direction"] or ()],  # where down and right of the picture lie in the patient
        "structures": [
            {"name": _name(item["label"], language), **{name: item[name] for name in OF_STRUCTURE}}
            for item in shown["structures"]
        ],
    }


def _name(label: str, language: Language) -> str:
    """What a label is called in the language of the questions."""
    known = language.labels.get(label)
    return known.names[0].name if known else label


def _end(way: Sequence[float]) -> str:
    """The end of the patient's body that a direction in LPS points to most."""
    axis = max(range(3), key=lambda a: abs(way[a]))
    return ENDS[axis][way[axis] > 0]


def _entry(item: Item, view: View) -> keys.Entry:
    asked = _asked(item, view)
    source, _, kind, family = item.stratum
    return keys.Entry(
        id=item.id, view_id=item.view_id, question_id=item.question_id, source=source, kind=kind, family=family,
        question=asked["question"], answer=asked["answer"], planted=item.lie.kind if item.lie else None,
    )  # fmt: skip
