"""The leak report: patients on both sides of published splits, copies across them, and the groups that layouts give."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.duplicates import Copy
from mmrs_builder.leaks import report, summary
from mmrs_builder.sources import find
from mmrs_builder.splits import Member, Placement, place
from mmrs_builder.types import CaseRef


def member(name: str, official: str | None, patient: str | None = None, source: str = "s") -> Member:
    return Member(
        view_id=f"{source}:{name}", source=source, case_id=name, patient_id=patient, group=None,
        split_official=official, picture=f"{source}:{name}",
    )  # fmt: skip


def reported(members: Sequence[Member], *copies: Copy) -> tuple[dict[str, Any], tuple[Placement, ...]]:
    linked = [(copy.view_id, copy.other) for copy in copies]
    places = place(members, seed=0, policy="leak-safe", copies=linked)
    return report(members, copies, places, plain=0), places


def test_patients_planted_on_both_sides_of_a_published_split_are_named_and_kept_apart():
    clean = [member(f"c{i}", ("train", "validation", "test")[i % 3], f"clean {i}") for i in range(30)]
    torn = [member(f"t{i}{split}", split, f"torn {i}") for i in range(4) for split in ("train", "test")]
    found, places = reported([*clean, *torn])
    patients = found["patients_in_several_official_splits"]
    assert patients["count"] == 4
    assert patients["splits"] == [{"splits": ["train", "test"], "count": 4}]
    assert patients["examples"][0] == {"source": "s", "id": "torn 0", "views": {"test": 1, "train": 1}}
    assert found["dropped"] == {"leaks_into_test": 4, "kept_out": 0}
    assert {p.view_id for p in places if p.split is None} == {f"s:t{i}train" for i in range(4)}


def test_a_copy_across_published_splits_is_counted_by_kind_sources_and_splits():
    members = [member("a", "train"), member("b", "test", source="t"), member("c", "train"), member("d", None)]
    copies = [
        Copy(view_id="s:a", other="t:b", kind="cropped", agreement=0.91234),
        Copy(view_id="s:c", other="s:d", kind="mirrored", agreement=0.99),
        Copy(view_id="s:a", other="s:c", kind="resized", agreement=0.98),
    ]
    found, _ = reported(members, *copies)
    assert {kind: n for kind, n in found["pairs"].items() if n} == {"cropped": 1, "mirrored": 1, "resized": 1}
    assert {tuple(entry["sources"]): entry["pairs"] for entry in found["across_sources"]} == {
        ("s", "s"): 2, ("s", "t"): 1,
    }  # fmt: skip
    assert found["across_official_splits"] == [{"splits": ["train", "test"], "pairs": 1}]
    assert found["clusters"]["count"] == 1
    assert found["clusters"]["largest"] == 4
    assert found["examples"]["cropped"] == [{"views": ["s:a", "t:b"], "agreement": 0.912}]
    assert summary(found)["clusters"] == {"count": 1, "largest": 4}


def indexed(name: str, root: Path) -> list[Member]:
    """A view of each case that a source's index finds in its corpus in small."""
    importlib.import_module(f"tests.corpora.{name}").write(root)
    return [
        Member(
            view_id=f"{name}:{ref.case_id}", source=name, case_id=ref.case_id, patient_id=ref.patient_id,
            group=ref.group, split_official=ref.split_official, picture=f"{name}:{ref.case_id}",
        )
        for ref in find(name, {}, root).index(root)
        if isinstance(ref, CaseRef)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "together", "apart"),
    [("cvc_clinicdb", ("1", "2"), "612"), ("brain_cheng", ("1", "2"), "10")],
    ids=["frames of a sequence", "slices of a patient"],
)
def test_a_layouts_own_rule_keeps_its_pictures_together(
    tmp_path: Path, name: str, together: tuple[str, str], apart: str
):
    found = {p.view_id.split(":")[1]: p for p in place(indexed(name, tmp_path), seed=0, policy="leak-safe")}
    assert len({(found[case].group_id, found[case].split) for case in together}) == 1
    assert found[apart].group_id != found[together[0]].group_id


def test_the_published_splits_of_isic_are_kept_and_a_copy_of_its_test_set_is_dropped(tmp_path: Path):
    members = indexed("isic2017", tmp_path)
    tested = next(m for m in members if m.split_official == "test")
    other = member("copy", None, source="elsewhere")
    places = place([*members, other], seed=0, policy="leak-safe", copies=[(tested.view_id, other.view_id)])
    found = {p.view_id: p.split for p in places}
    assert found == {**{m.view_id: m.split_official for m in members}, other.view_id: None}
