"""The table of contenders for people, and its picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mmrs_builder.metrics import score
from mmrs_builder.metrics.stress import CONDITIONS

Found = Mapping[str, Mapping[str, Any] | None]
"""What was scored of each contender, None of one without predictions."""

MAIN: Final = {
    "dice": "Dice", "iou": "IoU", "hd95_px": "HD95, px", "nsd_2px": "NSD, 2 px", "position_accuracy": "position",
    "choice_accuracy": "choice", "yes_no_accuracy": "yes / no", "accuracy": "all answers",
    "say_show_agreement": "say-show",
}  # fmt: skip
BESIDE: Final = {"blind_gap": "blind gap", "gain": "gain", "twins": "twins", "circular_choice_accuracy": "circular"}
PAIRED: Final = {"blind_gap": BESIDE["blind_gap"], "twins": BESIDE["twins"]}
"""Numbers of several answers, that are told of every modality and number of hops."""

CONTRASTS: Final = {
    "mirrored_lost": "lost when mirrored",
    "named_for_signs": "gained by names",
    "signs_for_canvas": "lost on the canvas",
    "from_memory": "wrong, but right of the original",
}
SHOWN: Final = ("dice", "position_accuracy", "choice_accuracy", "yes_no_accuracy", "twins", "say_show_agreement")
NOTE: Final = """\
Mean [95 % interval, bootstrap over groups (patients)]; of several seeds all runs pooled. *Blind gap*: right with the
picture less right without it. *Gain*: right less right of "{against}", question by question. *Twins*: pairs of a
picture and its mirrored, turned or cut twin, same words, opposite answers, both right. *Say-show*: the mask implies
the sentence. *Circular*: choices right wherever their options stand. A question without an answer is wrong, a mask
that is missing is empty. Every number is printed again by the command beside it in `leaderboard.json`."""


def markdown(found: Found, failed: Mapping[str, Sequence[str]], against: str | None) -> str:
    """All tables."""
    known = {name: values for name, values in found.items() if values is not None}
    parts = ["# Leaderboard", _main(known), NOTE.format(against=against or "nobody")]
    parts += [_by(known, part, MAIN | PAIRED) for part in ("modality", "hops")]
    parts += [_by(known, "family", {number: MAIN[number]}) for number in ("dice", "accuracy")]
    parts += [_stress(known), _published(known), _seeds(known)]
    parts += [f"- {name}: {'; '.join(why)}" for name, why in failed.items() if why]
    return "\n\n".join([*(part for part in parts if part), "Research only, not for clinical use."]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rows = [row for row in rows if any(row[1:])]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) if rows else ""


def _main(known: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            name,
            *(score.cell(values["rows"]["model"].get(number)) for number in MAIN),
            *(score.cell(values.get(number)) for number in BESIDE),
        ]
        for name, values in known.items()
    ]
    rows.append(["chance", *(score.cell(_chance(known).get(number)) for number in MAIN), *("" for _ in BESIDE)])
    return _table(["", *MAIN.values(), *BESIDE.values()], rows)


def _chance(known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, float]:
    """Of the questions as a whole: who answers in words is asked all of them."""
    return next((values["chance"] for values in known.values() if values["chance"]), {})


def _by(known: Mapping[str, Mapping[str, Any]], part: str, numbers: Mapping[str, str]) -> str:
    """Some numbers of every part, with what guessing would get right."""
    found = {name: values[f"by_{part}"] for name, values in known.items()}
    rows = [
        [
            f"{key}, {title}",
            *(score.cell(parts.get(key, {}).get(number)) for parts in found.values()),
            _guessed(found, key, number),
        ]
        for key in sorted({key for parts in found.values() for key in parts})
        for number, title in numbers.items()
    ]
    return _table([f"by {part}", *known, "chance"], [row for row in rows if any(row[1:-1])])


def _guessed(found: Mapping[str, Mapping[str, Any]], key: str, number: str) -> str:
    """Chance for a number of a part; for all answers together that of each kind."""
    told = (parts.get(key, {}).get("chance") for parts in found.values())
    chance: Mapping[str, float] = next(filter(None, told), {})
    if number != "accuracy":
        return score.cell(chance.get(number))
    kinds = {kind.removesuffix("_accuracy"): value for kind, value in chance.items() if kind != "position_accuracy"}
    return ", ".join(f"{kind} {value:.2f}" for kind, value in kinds.items())


def _stress(known: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [[name, *(score.cell(values["stress"].get(name)) for values in known.values())] for name in CONDITIONS]
    rows += [
        [text, *(score.cell(values["stress"][key]) for values in known.values())] for key, text in CONTRASTS.items()
    ]
    return _table(["places, by how they are asked", *known], rows)


def _published(known: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            name,
            score.cell(values["rows"]["model"].get("dice")),
            *(f"{values['published']['all'][key]:.4f}" for key in ("mean_dice", "max_dice", "mean_iou")),
        ]
        for name, values in known.items()
        if values["published"]
    ]
    return _table(["masks scored both ways", "Dice, here", "mDice, published", "maximum", "mIoU, published"], rows)


def _seeds(known: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [name, text, *_spread(values["runs"][number])]
        for name, values in known.items()
        for number, text in MAIN.items()
        if number in values.get("runs", {})
    ]
    return _table(["several seeds", "number", "each run", "standard deviation"], rows)


def _spread(found: Mapping[str, Any]) -> tuple[str, str]:
    return ", ".join(f"{value:.3f}" for value in found["means"]), f"{found['sd']:.4f}"


def _reach(interval: Mapping[str, Any], end: str) -> float:
    """How far an end of an interval is from its mean; 0 where there is none."""
    return 0.0 if interval[end] is None else abs(interval["mean"] - interval[end])


def picture(found: Found, path: Path) -> None:
    """Bars with intervals: the main numbers of every contender, and chance as a line."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    known = {name: values for name, values in found.items() if values is not None}
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    width = 0.8 / max(1, len(known))
    for place, (name, values) in enumerate(known.items()):
        numbers = {**values["rows"]["model"], "twins": values["twins"]}
        bars = [(i, numbers[number]) for i, number in enumerate(SHOWN) if numbers.get(number)]
        low, high = ([_reach(bar, end) for _, bar in bars] for end in ("low", "high"))
        heights = [bar["mean"] for _, bar in bars]
        axes.bar([i + (place + 0.5) * width for i, _ in bars], heights, width, yerr=[low, high], label=name, capsize=2)
    chance = [(i, _chance(known)[number]) for i, number in enumerate(SHOWN) if number in _chance(known)]
    if chance:
        starts, ends, levels = ([*ends] for ends in zip(*((i, i + 0.8, level) for i, level in chance), strict=True))
        axes.hlines(levels, starts, ends, colors="black", linestyles="dashed", linewidth=1, label="chance")
    axes.set_xticks([i + 0.4 for i in range(len(SHOWN))], [(MAIN | BESIDE)[number] for number in SHOWN])
    axes.set_ylim(0, 1)
    axes.set_ylabel("mean, 95 % interval over patients")
    if known:
        figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize="small")
    figure.savefig(path, dpi=120, metadata={"Software": None})
