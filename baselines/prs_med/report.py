"""Results for people: a markdown table and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mmrs_builder.metrics import score

COLUMNS: Final = {
    "dice": "Dice",
    "dice_one_candidate": "Dice, one candidate",
    "dice_several_candidates": "Dice, several candidates",
    "iou": "IoU",
    "quadrant_accuracy": "quadrant (chance .25)",
    "quadrant_accuracy_all": "quadrant, all",
    "position_accuracy": "position",
    "choice_accuracy": "choice",
    "yes_no_accuracy": "yes / no",
}

NOTE: Final = """\
{views} views, {questions} questions, {empty_targets} with an empty mask (Dice 1 if nothing is drawn, else 0).
Mean [95 % interval over patients]. Quadrant: {n} questions in which the four answers to the same question are equally
frequent; *all*: before that selection. The row *question only* gives the most frequent answer and the mean mask of the
same question in training; *questions shuffled* puts the model another question about the same picture."""


def markdown(found: Mapping[str, Any]) -> str:
    """A table with a row per contender, and the model per modality and kind of question."""
    lines = ["| row | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, row in found["rows"].items():
        lines.append(f"| {name} | " + " | ".join(score.cell(row.get(column)) for column in COLUMNS) + " |")
    model = found["rows"]["model"]
    flat = model.get("quadrant_accuracy")
    n = flat["n"] if flat else 0
    lines += ["", NOTE.format(n=n, **{name: model[name] for name in ("views", "questions", "empty_targets")})]
    for part in ("modality", "kind"):
        lines += ["", f"| {part} | questions | Dice | accuracy |", "|---|---|---|---|"]
        for key, group in found[f"by_{part}"].items():
            numbers = (score.cell(group.get(number)) for number in ("dice", "accuracy"))
            lines.append(f"| {key} | {group['questions']} | {' | '.join(numbers)} |")
    cells = found["say_show"]
    lines += [
        "",
        "| say-show: the mask, put in the place of the target, implies … | shown right | shown wrong |",
        "|---|---|---|",
        f"| said right | {cells['both']} | {cells['said']} |",
        f"| said wrong | {cells['shown']} | {cells['neither']} |",
        "",
        "Research only, not for clinical use.",
    ]
    return "\n".join(lines) + "\n"


def picture(found: Mapping[str, Any], path: Path) -> None:
    """Bars with intervals: every row's Dice and accuracies."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = ("dice", "dice_several_candidates", "quadrant_accuracy", "position_accuracy")
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    width = 0.8 / len(found["rows"])
    for i, (row, numbers) in enumerate(found["rows"].items()):
        shown = [(j, numbers[name]) for j, name in enumerate(names) if name in numbers]
        heights = [value["mean"] for _, value in shown]
        low = [value["mean"] - (value["mean"] if value["low"] is None else value["low"]) for _, value in shown]
        high = [(value["mean"] if value["high"] is None else value["high"]) - value["mean"] for _, value in shown]
        axes.bar([j + i * width for j, _ in shown], heights, width, yerr=[low, high], label=row, capsize=2)
    axes.set_xticks([j + 0.4 - width / 2 for j in range(len(names))], [COLUMNS[name] for name in names])
    axes.set_ylim(0, 1)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120, metadata={"Software": None})
