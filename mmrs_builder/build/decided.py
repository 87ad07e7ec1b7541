"""Candidates on disk, one file for each measured part: what choosing reads of them, and the few that are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.board import Marks, marked
from mmrs_builder.build.stage import put
from mmrs_builder.pool import Codebook, Form, Pool, Value, Viewed, narrow
from mmrs_builder.questions import Candidate
from mmrs_builder.select import Selected, place_in_view

TEXTS: Final = (
    "view_id", "family", "kind", "labels", "program", "token", "answer", "target_program", "target", "reason",
    "counterpart",
)  # fmt: skip
SCHEMA: Final = pa.schema([*((name, pa.string()) for name in TEXTS), ("margin", pa.float64())])
"""A candidate; its labels, and the numbers of its target, joined by commas."""


def write(path: Path, candidates: Sequence[Candidate]) -> None:
    """All candidates of a part, whole."""
    columns: dict[str, list[Any]] = {name: [one[i] for one in candidates] for i, name in enumerate(Candidate._fields)}
    columns["labels"] = [",".join(labels) for labels in columns["labels"]]
    columns["target"] = [None if some is None else ",".join(map(str, some)) for some in columns["target"]]
    stream = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=SCHEMA), stream, compression="zstd", compression_level=1)
    put(path, stream.getvalue())


def pool(files: Sequence[Path], sizes: Sequence[int], views: Mapping[str, Viewed]) -> Pool:
    """The candidates of all files, which hold so many, in their order; codes do not depend on it."""
    places = {name: code for code, name in enumerate(sorted(views))}
    forms: Codebook[Form] = Codebook()
    values: Codebook[Value] = Codebook()
    targets: Codebook[tuple[int, ...] | None] = Codebook()
    view, form, value, target = (np.empty(sum(sizes), np.int32) for _ in range(4))
    for path, stop, size in zip(files, accumulate(sizes), sizes, strict=True):
        table = pq.read_table(path, columns=list(TEXTS), read_dictionary=list(TEXTS))
        here = slice(stop - size, stop)
        view[here] = _coded(table, ("view_id",), lambda name: places[name])
        form[here] = _coded(table, Form._fields, lambda *of: forms.code(Form(of[0], of[1], _split(of[2]), of[3])))
        value[here] = _coded(table, Value._fields, lambda *of: values.code(Value(*of)))
        target[here] = _coded(table, ("target",), lambda text: targets.code(_target(text)))
    ranked = sorted(forms.known)
    np.take(Codebook(dict(zip(ranked, range(len(ranked)), strict=True))).codes(forms.known), form, out=form)
    return Pool(
        views=tuple(views[name] for name in places),
        forms=tuple(ranked),
        values=tuple(values.known),
        targets=tuple(targets.known),
        view=view,
        form=narrow(form, len(ranked)),
        value=narrow(value, len(values.known)),
        target=narrow(target, len(targets.known)),
    )


def asked(
    files: Sequence[Path], sizes: Sequence[int], chosen: Mapping[int, Marks], views: Mapping[str, Viewed]
) -> Iterator[Selected]:
    """The chosen candidates with all that is known of them, by part and view."""
    numbers = np.array(sorted(chosen), np.int64)
    for path, stop, size in zip(files, accumulate(sizes), sizes, strict=True):
        here = numbers[slice(*np.searchsorted(numbers, (stop - size, stop)))]
        if not len(here):
            continue
        rows = pq.read_table(path).take(here - (stop - size)).to_pylist()
        found = (
            _selected(row, views[row["view_id"]], chosen[number])
            for row, number in zip(rows, here.tolist(), strict=True)
        )
        yield from sorted(found, key=place_in_view)


def _selected(row: dict[str, Any], view: Viewed, how: Marks) -> Selected:
    candidate = Candidate(**row | {"labels": _split(row["labels"]), "target": _target(row["target"])})
    plain = Selected(candidate=candidate, source=view.source, split=view.split, twin_of=view.twin_of, op=view.op)
    return marked(plain, how)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _target(text: str | None) -> tuple[int, ...] | None:
    return None if text is None else tuple(int(number) for number in _split(text))


def _coded(table: pa.Table, names: Sequence[str], code: Any) -> npt.NDArray[np.int32]:
    """The code of each row of these columns; ``code`` is asked once for all rows that are the same."""
    columns = [_dictionary(table[name]) for name in names]
    sizes = [len(texts) for texts, _ in columns]
    mixed = np.ravel_multi_index(tuple(indices for _, indices in columns), sizes)
    same, inverse = np.unique(mixed, return_inverse=True)
    codes = np.empty(len(same), np.int32)
    for i, parts in enumerate(np.array(np.unravel_index(same, sizes)).T.tolist()):
        codes[i] = code(*(texts[at] for (texts, _), at in zip(columns, parts, strict=True)))
    return codes[inverse]


def _dictionary(column: pa.ChunkedArray) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    """The different texts of a column, None last, and which of them each row has."""
    whole = (
        pa.concat_arrays(column.unify_dictionaries().chunks)
        if column.num_chunks
        else pa.array([], pa.string()).dictionary_encode()
    )
    texts = whole.dictionary.to_pylist()
    return [*texts, None], whole.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False).astype(np.int64)
