"""One row per question with its picture and masks, made when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict

    Views = TypeVar("Views", Dataset, DatasetDict, IterableDataset, IterableDatasetDict)

NESTED = "qa"

Batch = Mapping[str, list[Any]]


def flatten(views: Views) -> Views:
    """Rows of questions out of rows of views, as ``load_dataset`` gives them (config ``default``).

    A row has every field of a question and every field of its view but ``qa``; of a view that is asked ten things the
    picture is held once, and it is decoded when a row is read. A ``Dataset`` has a length and can be shuffled; its rows
    must be read before columns are chosen. A streamed set stays a stream. Splits stay splits.
    Raises ``ValueError`` for rows without ``qa``.
    """
    from datasets import DatasetDict, IterableDataset, IterableDatasetDict

    if isinstance(views, DatasetDict | IterableDatasetDict):
        return type(views)({split: flatten(rows) for split, rows in views.items()})
    if NESTED not in (views.column_names or [NESTED]):  # a stream may not know its columns
        raise ValueError(f"no column {NESTED!r}: flatten takes the rows of views, config 'default'")
    if isinstance(views, IterableDataset):
        return views.map(_spread, batched=True, batch_size=1, remove_columns=[NESTED])
    return _indexed(views)


def _indexed(views: Dataset) -> Dataset:
    import pyarrow.compute as pc
    from datasets import Dataset

    nested = views.select_columns(NESTED).with_format("arrow")[:][NESTED]
    asked = pc.list_value_length(nested).to_pylist()
    places = {
        "view_row": [row for row, n in enumerate(asked) for _ in range(n)],
        "question_number": [number for n in asked for number in range(n)],
    }

    def read(batch: Batch) -> dict[str, list[Any]]:
        rows = {row: views[row] for row in dict.fromkeys(batch["view_row"])}
        found = [
            _joined(rows[row], number) for row, number in zip(batch["view_row"], batch["question_number"], strict=True)
        ]
        return {name: [item[name] for item in found] for name in found[0]} if found else {}

    return Dataset.from_dict(places).with_transform(read)


def _spread(batch: Batch) -> dict[str, list[Any]]:
    """The questions of one view."""
    row = {name: values[0] for name, values in batch.items()}
    found = [_joined(row, number) for number in range(len(row[NESTED]))]
    names = _joined({**row, NESTED: [{}]}, 0) if not found else found[0]
    return {name: [item[name] for item in found] for name in names}


def _joined(view: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {**{name: value for name, value in view.items() if name != NESTED}, **view[NESTED][number]}
