"""The numbers of ``mmrs score`` for people, as markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mmrs_builder.metrics import score
from mmrs_builder.metrics.stress import CONDITIONS

DRAWN: Final = {"dice": "Dice", "iou": "IoU", "hd95_px": "HD95, px", "nsd_2px": "NSD at 2 px"}
SAID: Final = {
    "accuracy": "all",
    "position_accuracy": "position",
    "choice_accuracy": "choice",
    "yes_no_accuracy": "yes / no",
    "open_accuracy": "open",
    "number_accuracy": "number",
}
NAMED: Final = {
    "blind_gap": "more right with the picture than without (blind gap)",
    "gain": "more right than the other predictions (gain)",
    "circular_choice_accuracy": "choices right wherever the options stand",
    "opposite_pairs": "pairs with opposite answers, both right",
    "twins": "the same of an original and its twin",
}
DECLINED: Final = {
    "right_reason": "no answer: declined for the right reason",
    "declined": "no answer: declined",
    "declined_wrongly": "has an answer: declined",
}
CONTRASTS: Final = {
    "mirrored_lost": "lost when mirrored, pair by pair",
    "named_for_signs": "gained by names beside the signs",
    "signs_for_canvas": "lost on the white canvas, pair by pair",
    "from_memory": "of twins' wrong answers: right of the original",
}


def markdown(found: Mapping[str, Any], title: str) -> str:
    """All tables that apply."""
    parts = [f"# {title}", _rows(found), _named(found), _agreed(found), _parts(found), _stress(found)]
    return "\n\n".join([*(part for part in [*parts, _published(found), _counts(found)] if part), found["note"]]) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) if rows else ""


def _rows(found: Mapping[str, Any]) -> str:
    rows = found["rows"] | {"chance": found["chance"]}
    columns = {
        name: text for name, text in (DRAWN | SAID).items() if any(name in row for row in found["rows"].values())
    }
    cells = [[name, *(score.cell(row.get(column)) for column in columns)] for name, row in rows.items() if row]
    return _table(["", *columns.values()], cells)


def _named(found: Mapping[str, Any]) -> str:
    values = {text: found[name] for name, text in NAMED.items()}
    values |= {text: found["refusals"][name] for name, text in DECLINED.items()}
    rows = [[text, score.cell(value), str(value["n"])] for text, value in values.items() if value]
    return _table(["", "mean [95 % interval over groups]", "n"], rows)


def _agreed(found: Mapping[str, Any]) -> str:
    cells = found["say_show"]
    if not any(cells[name] for name in ("both", "said", "shown", "neither")):
        return ""
    rows = [
        ["said right", str(cells["both"]), str(cells["said"])],
        ["said wrong", str(cells["shown"]), str(cells["neither"])],
    ]
    return _table(["say-show: the mask in the place of the target implies …", "shown right", "shown wrong"], rows)


def _parts(found: Mapping[str, Any]) -> str:
    tables = []
    for part in ("modality", "kind", "hops", "family"):
        rows = [
            [key, str(group["questions"]), score.cell(group.get("dice")), score.cell(group.get("accuracy"))]
            for key, group in found[f"by_{part}"].items()
        ]
        tables.append(_table([part, "questions", "Dice", "accuracy"], rows))
    return "\n\n".join(tables)


def _stress(found: Mapping[str, Any]) -> str:
    values = {name: found["stress"].get(name) for name in CONDITIONS}
    values |= {text: found["stress"][name] for name, text in CONTRASTS.items()}
    rows = [[text, score.cell(value), str(value["n"])] for text, value in values.items() if value]
    return _table(["places, by how they are asked", "right", "n"], rows)


def _published(found: Mapping[str, Any]) -> str:
    if not found["published"]:
        return ""
    rows = [
        [name, *(f"{part[key]:.4f}" for key in ("mean_dice", "max_dice", "mean_iou", "max_iou")), str(part["n"])]
        for name, part in found["published"].items()
    ]
    return _table(["scored as PRS-Med was published", "mDice", "maximum", "mIoU", "maximum", "n"], rows)


def _counts(found: Mapping[str, Any]) -> str:
    why = ", ".join(f"{n} {fault}" for fault, n in found["unanswered"].items())
    text = f"{found['questions']} questions, {found['missing']} without a line. Without an answer: {why or 'none'}."
    return text + (f" Masks that are no PNG: {found['unread_masks']}." if found["unread_masks"] else "")
