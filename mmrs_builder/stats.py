"""Numbers of a published folder, counted from its shards alone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mmrs_builder import diversity
from mmrs_builder.readable import readable
from mmrs_builder.vocab import REFUSALS

QUESTION_COLUMNS = [
    "split",
    "source",
    "family",
    "kind",
    "answer",
    "value",
    "margin",
    "prior_bound",
    "difficulty",
    "pair_kind",
]


def count(out: Path) -> dict[str, Any]:
    """Views, structures, questions and answers by split, source, family and kind; linked and refused ones by why.

    ``leading_answer`` is the part of a family's closed questions that its most frequent answer would get right;
    ``wordings`` says how differently questions are put (``diversity.Diversity``).
    """
    views, questions = _views(out), _questions(out)
    return {
        "views": _grouped(views, ["source", "modality", "split"], {"views": "size"}),
        "labels": _labels(out),
        "kinds": _grouped(questions, ["kind"], {"questions": "size"}),
        "pairs": _grouped(questions, ["pair_kind"], {"questions": "size"}),
        "refusals": _grouped(
            questions[questions["value"].isin(REFUSALS)].rename(columns={"value": "reason"}),
            ["reason"],
            {"questions": "size"},
        ),
        "families": _families(questions),
        "wordings": [asdict(figures) for figures in diversity.measure(out / "qa")],
        "totals": {
            "views": len(views),
            "without_questions": int((views["questions"] == 0).sum()),
            "groups": int(views["group_id"].nunique()),
            "questions": len(questions),
            "prior_bound": int(questions["prior_bound"].sum()) if len(questions) else 0,
        },
    }


def print_counts(counts: dict[str, Any]) -> None:
    """The same as tables."""
    console = Console()
    for title in ("views", "labels", "kinds", "pairs", "refusals", "families", "wordings"):
        if counts[title]:
            console.print(_table(title, counts[title]))
    console.print(_table("totals", [counts["totals"]]))


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        text = isinstance(rows[0][name], str)
        table.add_column(
            name, justify="left" if text else "right", no_wrap=text, min_width=40 if name == "family" else 1
        )
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else escape(str(value))


def _read(folder: Path, columns: list[str]) -> pd.DataFrame:
    tables = []
    for path in sorted(folder.glob("*.parquet")):
        with readable(path):
            tables.append(pq.read_table(path, columns=columns).to_pandas())
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _views(out: Path) -> pd.DataFrame:
    views = _read(out / "data", ["split", "source", "modality", "view_id", "group_id", "qa"])
    return views.assign(questions=views["qa"].map(len)).drop(columns="qa")


def _questions(out: Path) -> pd.DataFrame:
    return _read(out / "qa", QUESTION_COLUMNS)


def _grouped(frame: pd.DataFrame, by: list[str], counted: dict[str, str]) -> list[dict[str, Any]]:
    (name,) = counted
    sizes = frame.groupby(by, sort=True).size().reset_index(name=name)
    return [{str(key): _plain(value) for key, value in row.items()} for row in sizes.to_dict("records")]


def _families(questions: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for family, group in questions.groupby("family", sort=True):
        closed = group[group["kind"].isin(["choice", "yes_no", "number"])]
        leading = float(closed["answer"].value_counts(normalize=True).iloc[0]) if len(closed) else None
        rows.append(
            {
                "family": str(family),
                "questions": len(group),
                "answers": int(group["answer"].nunique()),
                "leading_answer": leading,
                "margin_median": float(group["margin"].median()),
            }
        )
    return rows


def _labels(out: Path) -> list[dict[str, Any]]:
    structures = _read(out / "data", ["structures"])["structures"].explode().dropna()
    frame = pd.DataFrame(list(structures), columns=["label", "part", "area_fraction"])
    return [
        {"label": label, "part": part, "structures": len(group), "median_percent": 100 * float(group.median())}
        for (label, part), group in frame.groupby(["label", "part"], sort=True)["area_fraction"]
    ]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
