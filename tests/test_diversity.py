"""Figures of how differently questions are put."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmrs_builder.diversity import measure, self_bleu


def write(folder: Path, rows: list[tuple[str, str, str, str]], files: int = 1) -> Path:
    """Shards of (question, family, template id, text source)."""
    folder.mkdir()
    names = ("question", "family", "template_id", "text_source")
    table = [{"question_id": f"{n:04d}", **dict(zip(names, row, strict=True))} for n, row in enumerate(rows)]
    for number in range(files):
        pq.write_table(pa.Table.from_pylist(table[number::files]), folder / f"train-{number}.parquet")
    return folder


def test_questions_all_alike_are_told_from_questions_all_different(tmp_path: Path):
    (alike,) = measure(write(tmp_path / "a", [("where is it", "f", "f/1", "template")] * 4))
    assert (alike.distinct_1, alike.distinct_2, alike.leading, alike.wordings) == (3 / 12, 2 / 8, 1.0, 1)
    assert alike.self_bleu == pytest.approx(1)
    words = ["a b c d e", "f g h i j", "k l m n o"]
    (different,) = measure(write(tmp_path / "b", [(it, "f", f"f/{it}", "template") for it in words]))
    assert (different.distinct_1, different.distinct_2, different.leading) == (1.0, 1.0, pytest.approx(1 / 3))
    assert different.self_bleu < 0.05


def test_words_of_templates_and_of_a_bank_are_counted_apart(tmp_path: Path):
    rows = [("where is it", "f", "f/1", "template"), ("where does it lie", "f", "f/2", "bank")] * 3
    found = {it.text_source: (it.questions, it.wordings) for it in measure(write(tmp_path / "a", rows))}
    assert found == {"all": (6, 2), "bank": (3, 1), "template": (3, 1)}


def test_the_figures_do_not_depend_on_the_files(tmp_path: Path):
    rows = [(f"where is the {n % 17} of {n % 5}", "f", f"f/{n % 7}", "template") for n in range(1500)]
    assert measure(write(tmp_path / "a", rows)) == measure(write(tmp_path / "b", rows, files=7))


def test_bleu_of_a_known_pair():
    """Precisions 3/4, 2/3, 1/2 and 0.1 of 1, both ways, without a penalty."""
    assert self_bleu(["a b c d", "a b c e"]) == pytest.approx((3 / 4 * 2 / 3 * 1 / 2 * 0.1) ** 0.25)
