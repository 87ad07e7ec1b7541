"""Made-up tables of questions in which one knows what gives the answers away."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mmrs_builder.blind.table import COLUMNS

ORGANS = ("liver", "spleen", "stomach", "aorta", "bladder")
Row = Mapping[str, Any]


def table(
    views: int,
    answer: Callable[[Row, np.random.Generator], str],
    *,
    family: str = "locate.side",
    each: int = 2,
    seed: int = 0,
    space: str = "Side",
    **columns: object,
) -> pd.DataFrame:
    """``each`` questions of every view, two views a group; ``answer`` is told a question and gives its answer."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for view in range(views):
        source, split = f"s{view // 2 % 2}", ("train", "validation", "test")[view // 2 % 3]
        for number, organ in enumerate(rng.choice(ORGANS, size=each, replace=False)):
            row: dict[str, object] = {
                "question_id": f"{family}{view}.{number}",
                "view": f"v{view}",
                "group": f"g{view // 2}",
                "split": split,
                "source": source,
                "modality": "ct",
                "sequence": "",
                "plane": "",
                "width": 64,
                "height": 64,
                "twin_of": None,
                "family": family,
                "theme": family.partition(".")[0],
                "kind": "open",
                "space": space,
                "program": f'side(the("{organ}"))',
                "labels": organ,
                "text": f"On which side of the image is the {organ} {('seen', 'found')[view % 2]}?",
                "template": f"{family}/{view % 2}",
                "options": None,
                "tolerance": math.nan,
                "chance": 0.5,
                "pair": None,
                "prior_bound": False,
                "refusal": False,
                "negative": False,
                **columns,
            }
            rows.append({**row, "answer": answer(row, rng)})
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    numbers = dict.fromkeys(("chance", "tolerance"), float)
    return frame.astype({**numbers, **dict.fromkeys(("prior_bound", "refusal", "negative"), bool)})


def fair(_row: Row, rng: np.random.Generator) -> str:
    """Left or right, whatever is asked."""
    return str(rng.choice(["left", "right"]))


def leaning(part: float) -> Callable[[Row, np.random.Generator], str]:
    """The liver lies on the right in that part of its views, the others on the left; half is fair."""

    def answer(row: Row, rng: np.random.Generator) -> str:
        sides = ["right", "left"] if row["labels"] == "liver" else ["left", "right"]
        return sides[int(rng.random() > part)]

    return answer
