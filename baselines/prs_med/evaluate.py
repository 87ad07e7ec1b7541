"""Evaluate a trained PRS-Med on a split: masks, answers, and whether they agree, beside three rows that need no model.

    python -m baselines.prs_med.evaluate --model runs/mine/best --data shards --split test --out runs/mine

Every question is put as in training; answers are generated greedily and parsed by rule; masks are cut at a probability
of one half and compared at the picture's own size. Writes ``results.json``, ``results.md``, ``results.png``, and
``predictions.jsonl`` with ``masks/``, which ``mmrs score`` reads (``docs/benchmark.md``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tqdm import tqdm

from baselines.prs_med import checkpoint, data
from baselines.prs_med.config import Preset, Refused
from baselines.prs_med.data import Reader, Sample
from baselines.prs_med.model import PRSMed, load
from baselines.prs_med.report import markdown, picture
from baselines.prs_med.train import reader_of
from baselines.prs_med.trivial import Frequent, anything, chosen, same_question
from mmrs_builder import metrics
from mmrs_builder.metrics import compare, score
from mmrs_builder.metrics.published import CUT, Levels

Said = tuple[str, Levels]
"""A sentence, and the grey levels (H, W) of a mask: 256 times its probability."""

Keep = Callable[[str, Levels], None]
"""Is told a question and its mask."""

GREY = 128
"""Of the picture that stands in for each one where a model is asked without it."""


BLANK = "without the picture"


def opened(folder: Path, device: str = "cpu") -> tuple[PRSMed, Preset, Reader]:
    """A checkpoint ready to answer. Raises ``Refused`` if it is damaged or foreign."""
    checkpoint.check(folder)
    model, preset, processor, _ = load(folder)
    reader = reader_of(processor, preset)
    model.end = reader.end
    return model.to(device).eval(), preset, reader


def answers(model: PRSMed, reader: Reader, samples: Sequence[Sample], limit: int = 48) -> list[list[Said]]:
    """Sentence and mask of every question of every sample."""
    device = next(model.parameters()).device
    logits, ids = model.answer(reader.batch(samples, answers=False).to(device), limit)
    found: list[list[Said]] = []
    for i, item in enumerate(samples):
        shape = (item.image.height, item.image.width)
        full = torch.nn.functional.interpolate(logits[i : i + 1].float(), shape, mode="bilinear")[0].sigmoid()
        masks = (256 * full).clamp(max=255).to(torch.uint8).cpu().numpy()
        found.append([(reader.said(ids[i][k]), masks[k]) for k in range(len(item.questions))])
    return found


def picked(row: Mapping[str, Any], limit: int) -> list[int]:
    """Every quadrant question of a view, then others by key up to ``limit`` (0: all)."""
    ranked = sorted(
        range(len(row["qa"])),
        key=lambda i: (
            not ("quadrant" in row["qa"][i]["program"] and row["qa"][i]["kind"] in ("open", "choice")),
            hashlib.sha256(row["qa"][i]["question_id"].encode()).hexdigest(),
        ),
    )
    return sorted(ranked[:limit] if limit else ranked)


def swapped(item: Sample) -> Sample:
    """Every question replaced by another of the same view, with another target where there is one."""
    questions = item.questions
    order = []
    for i, question in enumerate(questions):
        others = [j % len(questions) for j in range(i + 1, i + len(questions))]
        order.append(next((j for j in others if questions[j]["target"] != question["target"]), (others or [i])[0]))
    return Sample(row=item.row, image=item.image, questions=tuple(questions[j] for j in order), masks=item.masks)


def blanked(item: Sample) -> Sample:
    """The same questions about a grey picture."""
    return replace(item, image=Image.new("RGB", item.image.size, (GREY,) * 3))


def scored(
    samples: Sequence[Sample], answer: Callable[[list[Sample]], list[list[Said]]], words: metrics.Words, views: int,
    name: str, keep: Keep = lambda *_: None,
) -> Iterator[tuple[score.Record, metrics.Agreement | None]]:  # fmt: skip
    """Records of a model's answers, ``views`` at a time; the progress bar says ``name``, ``keep`` gets masks."""
    with tqdm(total=len(samples), unit="view", desc=name, file=sys.stderr) as bar:
        for start in range(0, len(samples), views):
            part = list(samples[start : start + views])
            for one, said in zip(part, answer(part), strict=True):
                yield from _judged(one, said, words, keep)
            bar.update(len(part))


def _judged(
    item: Sample, said: Sequence[Said], words: metrics.Words, keep: Keep
) -> Iterator[tuple[score.Record, metrics.Agreement | None]]:
    structures = item.row["structures"]
    reference = metrics.Reference(
        labels=tuple(s["label"] for s in structures),
        parts=tuple(s["part"] for s in structures),
        masks=tuple(data.mask_of(mask) for mask in item.row["masks"]),
        spacing=_tuples(item.row.get("spacing_mm")),
        direction=_tuples(item.row.get("direction")),
        partners=words.partners,
    )
    for question, truth, (text, levels) in zip(item.questions, item.masks, said, strict=True):
        mask = levels >= CUT
        if truth is not None:
            keep(question["question_id"], levels)
        start = score.record(item.row, question, truth)
        found = score.told(score.drawn(start, mask, truth, surfaces=True), text, question, words)
        yield score.agreeing(found, question, reference, mask, words)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def trivial(samples: Iterable[Sample], frequent: Frequent, words: metrics.Words) -> list[score.Record]:
    """Records of the most frequent answers and the mean masks."""
    found = []
    for item in samples:
        shape = (item.image.height, item.image.width)
        for question, truth in zip(item.questions, item.masks, strict=True):
            start = score.drawn(
                score.record(item.row, question, truth), frequent.mask(question, shape, item.row), truth, surfaces=False
            )
            if not metrics.is_closed(start.kind, start.value_type):
                found.append(start)
                continue
            said = chosen(frequent, question, words, item.row)
            found.append(score.answered(start, said, question))
    return found


def evaluate(
    model: PRSMed,
    reader: Reader,
    folder: Path,
    splits: Sequence[str],
    *,
    train: Path,
    limit: int,
    views: int,
    batch: int,
    blank: bool = False,
    keep: Keep = lambda *_: None,
) -> tuple[dict[str, Any], dict[str, list[score.Record]]]:
    """Results and records of the model and of the rows beside it; ``blank``: also of itself without the picture."""
    words = metrics.Words.of(data.language_of(folder))
    rows = [row for split in splits for row in data.views(folder, split) if row["qa"]]
    rows = sorted(rows, key=lambda row: hashlib.sha256(row["view_id"].encode()).hexdigest())[: views or None]
    samples = [data.sample(row, picked(row, limit)) for row in rows]
    if not samples:
        raise Refused(f"{folder} has no view with questions in {', '.join(splits)}")

    def answer(part: list[Sample]) -> list[list[Said]]:
        return answers(model, reader, part)

    def answer_others(part: list[Sample]) -> list[list[Said]]:
        return answer([swapped(item) for item in part])

    judged = list(scored(samples, answer, words, batch, "model", keep))
    others = scored(samples, answer_others, words, batch, "questions shuffled")
    records = {"model": [item for item, _ in judged], "questions shuffled": [item for item, _ in others]}
    if blank:
        unseen = scored([blanked(item) for item in samples], answer, words, batch, BLANK)
        records[BLANK] = [replace(item, blank=True) for item, _ in unseen]
    learn = data.views(train, "train")
    for name, key in (("majority answer, mean mask", anything), ("question only", same_question)):
        frequent = Frequent(key).learn(tqdm(learn, unit="view", desc=name, file=sys.stderr))
        records[name] = trivial(samples, frequent, words)
    return results(records, [verdict for _, verdict in judged if verdict is not None], splits), records


def results(
    records: Mapping[str, list[score.Record]], verdicts: Sequence[metrics.Agreement], splits: Sequence[str]
) -> dict[str, Any]:
    """What ``results.json`` holds: the main numbers on top, then every row, then the model in parts."""
    rows = {name: score.summary(items) for name, items in records.items()}
    model, blank = records["model"], records.get(BLANK, [])
    found = {name: rows["model"].get(name) for name in ("dice", "quadrant_accuracy")}
    found["question_only_quadrant_accuracy"] = rows["question only"].get("quadrant_accuracy")
    return {
        **{name: interval and interval["mean"] for name, interval in found.items()},
        "splits": list(splits),
        "rows": rows,
        "say_show": asdict(metrics.Cells.of(verdicts)),
        **{f"by_{name}": compare.by(model, blank, name) for name in ("source", "modality", "family", "kind")},
        "note": "Research only, not for clinical use.",
    }


def place(question_id: str) -> str:
    """The path of a question's mask beside ``predictions.jsonl``."""
    return f"masks/{question_id}.png"


def kept(out: Path) -> Keep:
    """Masks go into a folder as grey PNG files."""

    def save(question_id: str, levels: Levels) -> None:
        path = out / place(question_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(levels).save(path)

    return save


def write(out: Path, found: dict[str, Any], records: Mapping[str, list[score.Record]]) -> None:
    """``results.json``, ``results.md``, ``results.png``, ``predictions.jsonl``."""
    (out / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (out / "results.md").write_text(markdown(found), "utf-8")
    picture(found, out / "results.png")
    with (out / "predictions.jsonl").open("w", encoding="utf-8") as lines:
        for item in records["model"]:
            mask = {} if item.dice is None else {"mask": place(item.question_id)}
            lines.write(json.dumps(asdict(item) | mask) + "\n")
        for item in records.get(BLANK, ()):
            lines.write(json.dumps(asdict(item)) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m baselines.prs_med.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint, such as runs/mine/best")
    parser.add_argument("--data", type=Path, required=True, help="shards to be tested on")
    parser.add_argument("--split", action="append", help="repeats; default: test")
    parser.add_argument("--train", type=Path, help="shards whose train split the rows without a model know (--data)")
    parser.add_argument("--out", type=Path, required=True, help="folder for results.json and the like")
    parser.add_argument("--questions", type=int, default=0, help="at most N per view, quadrants first (0: all)")
    parser.add_argument("--views", type=int, default=0, help="at most N views, by key (0: all)")
    parser.add_argument("--batch", type=int, default=8, help="views at a time")
    parser.add_argument("--blank", action="store_true", help="ask everything again with a grey picture")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    try:
        model, _, reader = opened(args.model, args.device)
        found, records = evaluate(
            model, reader, args.data, args.split or ["test"], train=args.train or args.data, limit=args.questions,
            views=args.views, batch=args.batch, blank=args.blank, keep=kept(args.out),
        )  # fmt: skip
    except Refused as refusal:
        print(f"{refusal}", file=sys.stderr)
        return 2
    write(args.out, found, records)
    print(markdown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
