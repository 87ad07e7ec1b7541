"""From shards to the table of questions that blind solvers see."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd
import pyarrow.parquet as pq

from mmrs_builder import programs
from mmrs_builder.blind.table import COLUMNS, NUMBER
from mmrs_builder.readable import readable
from mmrs_builder.vocab import VALUES

Row: TypeAlias = Mapping[Hashable, Any]

REFUSAL: Final = "refusal"
"""Kind and space of the task to tell questions without an answer from those with one."""

COUNT: Final = "Count"

_READ: Final = (
    "question_id", "view_id", "group_id", "patient_id", "split", "source", "modality", "sequence", "plane", "width",
    "height", "twin_of", "family", "kind", "program", "question", "bindings", "choices", "answer_index", "value",
    "tolerance", "pair_id", "pair_kind", "prior_bound", "balanced", "image_sha256", "pixels_sha256",
)  # fmt: skip

_TYPES: Final = {
    **dict.fromkeys(("chance", "tolerance"), float),
    **dict.fromkeys(("prior_bound", "refusal", "negative"), bool),
}


def read(out: Path) -> pd.DataFrame:
    """The rows of config ``qa``, by question id within views; without questions a table without rows."""
    rows: list[dict[str, Any]] = []
    for path in sorted((out / "qa").glob("*.parquet")):
        with readable(path):
            rows += pq.read_table(path, columns=list(_READ)).to_pylist()
    frame = pd.DataFrame(rows, columns=list(_READ), dtype=object)
    return frame.sort_values(["view_id", "question_id"], ignore_index=True)


def language(out: Path) -> dict[str, Any]:
    """What the shards store under ``mmrs.language``. There is at least one shard."""
    first = min((out / "data").glob("*.parquet"))
    with readable(first):
        return dict(json.loads(pq.read_schema(first).metadata[b"mmrs.language"]))


def questions(rows: pd.DataFrame, spoken: Mapping[str, Any]) -> pd.DataFrame:
    """The table of ``blind.table.COLUMNS``.

    A question out of a pair with and without an answer is in it twice: once for its answer, if it has one, and once for
    the task to tell which of the two it is.
    """
    tokens = {kind: {text: token for token, text in table.items()} for kind, table in spoken["values"].items()}
    records = [_record(row, tokens) for row in rows.to_dict("records")]
    frame = pd.DataFrame(records, columns=list(COLUMNS), dtype=object).astype(_TYPES)  # null stays None elsewhere
    counted = frame["space"] == COUNT
    # The values that a family is ever asked with are its closed set of answers; one value would be no question.
    asked = frame[counted].groupby("family")["answer"].nunique().clip(lower=2)
    frame.loc[counted, "chance"] = 1 / frame.loc[counted, "family"].map(asked).astype(float)
    told = frame[frame["negative"]].assign(kind=REFUSAL, space=REFUSAL, chance=0.5, options=None, prior_bound=False)
    told = told.assign(answer=told["refusal"].map({True: "refused", False: "answered"}))
    return pd.concat([frame[~frame["refusal"]], told], ignore_index=True)


def _record(row: Row, tokens: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    value_type = programs.value_type(row["program"])
    refusal = is_refusal(row["kind"], value_type, row["value"])
    options = _options(row, tokens.get(value_type, {}))
    space = _space(row["kind"], value_type)
    return {
        "question_id": row["question_id"],
        "view": row["view_id"],
        "group": row["group_id"],
        "split": row["split"],
        "source": row["source"],
        **{name: row[name] or "" for name in ("modality", "sequence", "plane")},
        "width": row["width"],
        "height": row["height"],
        "twin_of": row["twin_of"],
        "family": row["family"],
        "theme": row["family"].partition(".")[0],
        "kind": row["kind"],
        "space": "" if refusal else space,
        "program": row["program"],
        "labels": " ".join(programs.labels(row["program"])),
        "text": row["question"],
        "template": _wording(row["question"], row["bindings"]),
        "options": options,
        "answer": options[row["answer_index"]] if options else row["value"],
        "tolerance": math.nan if row["tolerance"] is None else row["tolerance"],
        "chance": _chance(space, options),
        "pair": row["pair_id"],
        "prior_bound": not row["balanced"],  # those of one possible answer, and uneven ones that were kept
        "refusal": refusal,
        "negative": row["pair_kind"] == "negative",
    }


def _wording(question: str, bindings: Iterable[Mapping[str, Any]]) -> str:
    """A question, its names replaced where they stand as they do in the bindings.

    ``template_id`` would tell more than the question's words do: it is of the answer's too.
    """
    wording = question.casefold()
    for name in sorted(bindings, key=lambda binding: -len(binding["text"])):
        wording = wording.replace(name["text"].casefold(), "{" + name["slot"] + "}")
    return wording


def is_refusal(kind: str, value_type: str, value: str) -> bool:
    """Whether a value is none of its type's, but the reason why there is none (``docs/language.md`` section 7a)."""
    if kind not in ("open", "number", "segment"):
        return False
    if value_type in VALUES:
        return value not in VALUES[value_type]
    return not all(part.replace(".", "", 1).isdecimal() for part in value.split(",") if part)


def _options(row: Row, tokens: Mapping[str, str]) -> tuple[str, ...] | None:
    """What a choice offers, as tokens; names of structures stay as they are."""
    return tuple(tokens.get(text, text) for text in row["choices"]) if row["kind"] == "choice" else None


def _space(kind: str, value_type: str) -> str:
    if kind == "segment" or (kind == "open" and value_type not in VALUES):
        return ""
    if kind == "yes_no":
        return "yes_no"
    return {"Number": NUMBER}.get(value_type, value_type)


def _chance(space: str, options: tuple[str, ...] | None) -> float:
    """1/k; NaN where it is known later or where nothing is answered in words."""
    if options:
        return 1 / len(options)
    size = 2 if space == "yes_no" else len(VALUES.get(space, ()))
    return 1 / size if size else math.nan
