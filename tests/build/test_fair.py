"""``mmrs build --audit`` leaves out what can be answered without the picture, and says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mmrs_builder import strata
from mmrs_builder.audit.read import language, questions, read
from mmrs_builder.audit.run import judged
from mmrs_builder.blind import statistics
from mmrs_builder.build import fair, stages, work
from mmrs_builder.digests import keyed
from mmrs_builder.errors import INTEGRITY, MmrsError
from mmrs_builder.even import evened
from mmrs_builder.io import extras
from mmrs_builder.select import Selected
from mmrs_builder.selected import Unit
from mmrs_builder.templates import DEFAULT, Family, shipped
from tests.blind.questions import fair as fair_answers
from tests.blind.questions import leaning as leaning_answers
from tests.blind.questions import table
from tests.build.command import Result, mmrs, published, tree

pytestmark = pytest.mark.long

FAMILIES = {"locate.quadrant", "locate.side", "count.lesions"}
FEW = [word for family in sorted(FAMILIES) for word in ("--families", family)]
SIZE = ("--set", "phantom.count=80", "--set", "phantom.size=96")


def evened_but_for_sides(
    items: Sequence[Selected], family: Family, seed: int, **how: Any
) -> tuple[list[Unit], list[Selected], tuple[str, ...]]:
    """Questions for a side are asked nearly always where the answer is the same, and nothing of them is paired."""
    if family.id != "locate.side":
        return evened(items, family, seed, **how)
    first = min(item.candidate.answer for item in items)
    kept = [
        (item,)
        for item in items
        if item.candidate.kind == "open" and (item.candidate.answer == first or keyed(item.candidate.view_id) % 10 == 0)
    ]
    return kept, [], ()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def leaning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tuple[object, ...], Path, Result]]:
    """A build whose questions for sides are guessed, with the audit asked for: command, folder, and what it printed."""
    whole = shipped(DEFAULT)
    few = fair.leaving_out(whole, {family.id for family in whole.families} - FAMILIES)
    out = tmp_path_factory.mktemp("leaning") / "out"
    command = ("build", "--source", "phantom", *SIZE, "--workers", 1, "--out", out, "--audit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "shipped", lambda _: few)
        patch.setattr(strata, "evened", evened_but_for_sides)
        yield command, out, mmrs(*command)


def test_a_family_that_is_guessed_is_left_out_and_named(leaning: tuple[object, Path, Result]):
    _, out, done = leaning
    assert done.code == 0, done.err
    asked = {name for path in (out / "qa").glob("*") for name in pq.read_table(path)["family"].to_pylist()}
    assert asked == FAMILIES - {"locate.side"}
    assert "Left out, answered without the picture too often: locate.side" in done.out
    assert "without the pictures too often: `locate.side`" in (out / "README.md").read_text("utf-8")
    assert mmrs("verify", out).code == 0


def test_the_same_command_again_changes_nothing(leaning: tuple[tuple[object, ...], Path, Result]):
    command, out, _ = leaning
    before = tree(out)
    assert "Unchanged" in mmrs(*command).out
    assert tree(out) == before


def test_a_kill_between_audit_and_publication_costs_nothing(
    leaning: tuple[tuple[object, ...], Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    command, out, _ = leaning
    other = tmp_path / "out"
    again = [other if word == out else word for word in command]
    shutil.copytree(out / ".mmrs", other / ".mmrs")  # what was measured is kept, what was asked and judged is not
    shutil.rmtree(other / ".mmrs" / "ask")
    (other / ".mmrs" / "manifest.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(stages, "publish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            mmrs(*again)
    assert not (other / "data").exists()
    assert mmrs(*again).code == 0
    assert published(other) == published(out)


def judged_as(*tables: pd.DataFrame) -> fair.Judged:
    return fair.sentence(*judged(pd.concat(tables, ignore_index=True)))


def test_without_anything_guessed_nothing_is_left_out():
    found = judged_as(table(600, fair_answers))
    assert found == fair.Judged(guessed=(), unmended=(), beyond=(), pools={"PASS": 1})


def test_of_a_theme_only_what_is_guessed_is_left_out():
    found = judged_as(
        table(400, fair_answers, family="locate.fair"),
        table(400, leaning_answers(0.75), family="locate.leaning", seed=1),
    )
    assert (found.guessed, found.unmended) == (("locate.leaning",), ())


def test_a_refusal_that_is_told_from_its_partner_is_named_and_not_mended(tmp_path: Path):
    told = table(400, leaning_answers(0.75), family="locate.side", seed=1, kind="refusal", space="refusal")
    found = judged_as(told)
    assert (found.guessed, found.unmended) == ((), ("locate refusal", "locate.side refusal"))
    with pytest.raises(MmrsError, match=r"the audit fails for locate refusal, locate\.side refusal") as error:
        fair.check_held(tmp_path, found)
    assert error.value.code == INTEGRITY


def pool(name: str, questions: int, needed: int | None) -> SimpleNamespace:
    return SimpleNamespace(name=name, questions=questions, needed=needed, verdict="UNDECIDED" if needed else "PASS")


def test_of_undecided_pools_those_stay_that_the_questions_are_enough_for():
    near, far, farther = pool("locate open", 500, 600), pool("size open", 400, 9000), pool("body open", 3, 2000)
    passed = pool("count number", 2000, None)
    assert fair.beyond([near, far, farther, passed]) == [farther, far]
    assert fair.beyond([near, passed]) == [near]  # it has had its chance
    assert fair.beyond([passed]) == []


def test_with_a_gate_only_what_passes_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statistics, "MARGIN", 0.12)  # so that eighty views decide some pools
    out = tmp_path / "out"
    command = ("build", "--source", "phantom", *SIZE, *FEW, "--workers", 1, "--out", out)
    assert mmrs(*command).code == 0
    assert mmrs("audit", out, "--gate").code == INTEGRITY
    before = asked_pools(out)
    done = mmrs(*command, "--gate", "--overwrite")
    assert done.code == 0, done.err
    left_out = before - asked_pools(out)
    assert left_out
    assert asked_pools(out)
    printed = " ".join(done.out.split()).partition("prove that they cannot be: ")[2]
    told = (out / "README.md").read_text("utf-8").partition("that pictures are needed to answer them: ")[2]
    assert [name for name in left_out if name not in printed or name not in told.partition(".")[0]] == []
    assert mmrs("audit", out, "--gate").code == 0
    assert mmrs("verify", out).code == 0
    assert "Unchanged" in mmrs(*command, "--gate").out


def asked_pools(out: Path) -> set[str]:
    """Names of the pools of a build in which something is asked, but for refusals, which need questions beside them."""
    rows = questions(read(out), language(out))
    judged_rows = rows[(rows["space"] != "") & (rows["kind"] != "refusal")]
    return set(judged_rows["theme"] + " " + judged_rows["kind"])


def test_a_gate_that_nothing_passes_ends_before_anything_is_published(tmp_path: Path):
    done = mmrs(
        "build", "--source", "phantom", *SIZE, *FEW, "--limit", 24, "--gate", "--workers", 1, "--out", tmp_path / "out"
    )
    assert done.code == INTEGRITY
    assert "nothing can be proven to need the pictures" in done.err
    assert "Add views, or build without --gate" in done.err
    assert not (tmp_path / "out" / "data").exists()


def test_the_library_of_the_audit_is_asked_for_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    done = mmrs("build", "--source", "phantom", "--audit", "--out", tmp_path / "out")
    assert (done.code, (tmp_path / "out").exists()) == (2, False)
    assert "pip install 'mmrs-builder[audit]'" in done.err
